//! The steps of a pull: list, fetch, and put in place.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    Pull, PullEvent, PullReport,
    error::PullError,
    fetch::{Fetcher, size},
    place::{self, Placed, There},
    record::{Done, Job, Record, other_name},
};
use crate::{
    generated::types::Asset,
    source::blocking,
    sync::{
        error::SyncError,
        events::{Emitter, Work},
        folders,
        locked::Locked,
        state_dir::StateDir,
    },
    time::Timestamp,
};

impl Pull {
    /// Fetches the assets, as a stream of events. The last item is
    /// [`PullEvent::Finished`] or an error.
    ///
    /// The work continues only while the stream is polled. Dropping the stream stops it, and writes
    /// the lock file.
    #[must_use = "a stream does nothing until it is polled"]
    pub fn stream(self) -> BoxStream<'static, Result<PullEvent, SyncError>> {
        Work::new(|events| run(self, events)).boxed()
    }

    /// Fetches the assets and returns the results.
    ///
    /// # Errors
    ///
    /// An error that stops the whole pull. An asset that fails is in the report.
    pub async fn send(self) -> Result<PullReport, SyncError> {
        let mut events = self.stream();
        let mut report = PullReport::default();
        while let Some(event) = events.try_next().await? {
            if let PullEvent::Finished { report: last } = event {
                report = last;
            }
        }
        Ok(report)
    }
}

async fn run(pull: Pull, events: Emitter<PullEvent>) -> Result<PullEvent, SyncError> {
    let above = pull.dir.ancestors();
    let made: Vec<PathBuf> = above
        .take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists())
        .map(Path::to_owned)
        .collect();
    let prepared = prepare(&pull).await;
    if prepared.is_err() {
        // Only directories that are empty can be removed.
        let _ = made.iter().try_for_each(fs::remove_dir);
    }
    let (mut record, jobs) = prepared?;
    let fetcher = Fetcher::of(&pull.client).map_err(SyncError::Fetch)?;
    let files = jobs.iter();
    let files = files.map(|job| (job.path.clone(), size(&job.asset)));
    let files = files.collect();
    events.emit(PullEvent::Planned { files }).await;

    let (dir, state) = (pull.dir, Arc::clone(&record.ledger.state));
    let overwrite = pull.overwrite;
    let mut done = stream::iter(jobs)
        .map(move |job| {
            let (fetcher, dir, state) = (fetcher.clone(), dir.clone(), Arc::clone(&state));
            async move {
                let done = fetch(&fetcher, &state, &dir, &job, overwrite).await;
                (job, done.unwrap_or_else(Done::Failed))
            }
        })
        .buffer_unordered(pull.concurrency);
    // Each file is recorded before it is reported.
    while let Some((job, done)) = done.next().await {
        let event = record.take(&job, done).await?;
        events.emit(event).await;
    }
    let report = record.finish().await?;
    Ok(PullEvent::Finished { report })
}

/// Opens the directory, lists the site and decides what to fetch.
async fn prepare(pull: &Pull) -> Result<(Record, Vec<Job>), SyncError> {
    let site = pull
        .site
        .clone()
        .map_err(|error| SyncError::SiteId(error.text().to_owned()))?;
    let folder = pull.folder.clone();
    folders::check_path(&folder)?;
    let (dir, lock_file) = (pull.dir.clone(), pull.lock_file.clone());
    let open = move || Record::open(&dir, lock_file.as_deref(), site, folder);
    let mut record = blocking(open).await?;

    let failed = |what| move |error| SyncError::list(what, error);
    let folders = pull.client.list_all_folders(site).tree().await;
    let folders = folders.map_err(failed("folders"))?;
    let mut list = pull.client.list_all_assets(site);
    let mut top = 0;
    if !pull.folder.is_empty() {
        let id = folders.find(&pull.folder);
        let id = id.ok_or_else(|| SyncError::NoFolder(pull.folder.clone()))?;
        top = pull.folder.split('/').count();
        list = list.folder(id);
    }
    let assets: Vec<Asset> = list
        .stream()
        .try_collect()
        .await
        .map_err(failed("assets"))?;
    let jobs = record.assign(&folders, top, assets)?;
    let dir = pull.dir.clone();
    let (mut record, jobs) = blocking(move || {
        let jobs = record.missing(&dir, jobs);
        (record, jobs)
    })
    .await;
    record.begin(&jobs).await?;
    Ok((record, jobs))
}

async fn fetch(
    fetcher: &Fetcher,
    state: &Arc<StateDir>,
    dir: &Path,
    job: &Job,
    overwrite: bool,
) -> Result<Done, PullError> {
    let asset = &job.asset;
    let create = || state.create();
    if !overwrite {
        // A file of another length has different content: it need not be fetched to know that.
        match There::at(&dir.join(&job.path)) {
            There::Other => return Err(PullError::NoFile),
            There::File(len) if size(asset).is_some_and(|size| size != len) => {
                return Ok(Done::Kept);
            }
            There::File(_) | There::Nothing => {}
        }
    }
    let content = fetcher
        .fetch(asset.hosted_url.as_deref(), size(asset), create)
        .await?;
    let (md5, len) = (content.md5, content.len);
    let modified = asset.last_updated.as_deref();
    let modified = modified.and_then(Timestamp::rfc3339);
    let (root, path) = (dir.to_owned(), job.path.clone());
    let placed = blocking(move || place::place(&root, &path, content, modified, overwrite)).await?;
    Ok(match placed {
        Placed::Kept => Done::Kept,
        Placed::At(stamp) => Done::Pulled {
            entry: Locked {
                md5,
                size: len,
                asset: job.id,
                name: other_name(&job.path, asset),
                url: asset.hosted_url.clone(),
                // The site had it before.
                existing: true,
            },
            stamp,
        },
    })
}
