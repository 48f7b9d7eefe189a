//! The steps of a pull: list, give each asset a path, fetch, record.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
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
    layout::{Layout, name, safe},
    place::{self, Placed, There},
};
use crate::{
    api::folders::FolderTree,
    generated::types::Asset,
    id::{AssetId, FolderId, SiteId},
    source::{Stamp, blocking},
    sync::{
        error::SyncError,
        folders,
        journal::Entry,
        ledger::{self, Ledger},
        locked::Locked,
        names::split,
        stamps::Stamps,
        state_dir::StateDir,
    },
    time::Timestamp,
};

/// An asset and the file that it belongs in.
#[derive(Debug)]
struct Job {
    path: String,
    id: AssetId,
    asset: Arc<Asset>,
    /// The path on the site, if the file has another one.
    renamed: Option<String>,
}

/// How a job ended.
enum Done {
    Pulled { entry: Locked, stamp: Stamp },
    Kept,
    Failed(PullError),
}

impl Pull {
    /// Fetches the assets, as a stream of events. The last item is
    /// [`PullEvent::Finished`] or an error.
    ///
    /// The work continues only while the stream is polled. Dropping the stream stops it, and writes
    /// the lock file.
    #[must_use = "a stream does nothing until it is polled"]
    pub fn stream(self) -> BoxStream<'static, Result<PullEvent, SyncError>> {
        begin(self)
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

fn begin(pull: Pull) -> BoxStream<'static, Result<PullEvent, SyncError>> {
    let begun = async move {
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
        let (record, jobs) = prepared?;
        let planned = PullEvent::Planned {
            files: jobs
                .iter()
                .map(|job| (job.path.clone(), size(&job.asset)))
                .collect(),
        };
        let first = stream::iter([Ok(planned)]);
        Ok::<_, SyncError>(first.chain(work(&pull, record, jobs)?))
    };
    stream::once(begun).try_flatten().boxed()
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
    let jobs = record.assign(&folders, top, assets);
    let dir = pull.dir.clone();
    let (mut record, jobs) = blocking(move || {
        let jobs = record.missing(&dir, jobs);
        (record, jobs)
    })
    .await;
    record.begin(&jobs).await?;
    Ok((record, jobs))
}

/// Fetches, several at a time, and records each file before it is reported.
fn work(
    pull: &Pull,
    record: Record,
    jobs: Vec<Job>,
) -> Result<BoxStream<'static, Result<PullEvent, SyncError>>, SyncError> {
    let fetcher = Fetcher::of(&pull.client).map_err(SyncError::Fetch)?;
    let (dir, state) = (pull.dir.clone(), Arc::clone(&record.ledger.state));
    let overwrite = pull.overwrite;
    let done = stream::iter(jobs)
        .map(move |job| {
            let (fetcher, dir, state) = (fetcher.clone(), dir.clone(), Arc::clone(&state));
            async move {
                let done = fetch(&fetcher, &state, &dir, &job, overwrite).await;
                (job, done.unwrap_or_else(Done::Failed))
            }
        })
        .buffer_unordered(pull.concurrency)
        .boxed();
    let steps = stream::try_unfold(Some((record, done)), |state| async {
        let Some((mut record, mut done)) = state else {
            return Ok(None);
        };
        let Some((job, result)) = done.next().await else {
            let report = record.finish().await?;
            return Ok(Some((PullEvent::Finished { report }, None)));
        };
        let event = record.take(&job, result).await?;
        Ok(Some((event, Some((record, done)))))
    });
    Ok(steps.boxed())
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

/// The name of the asset, where its file has another one.
fn other_name(path: &str, asset: &Asset) -> Option<String> {
    let name = name(asset);
    (name != split(path).1).then(|| name.to_owned())
}

/// What is recorded of a pull.
struct Record {
    ledger: Ledger,
    stamps: Stamps,
    report: PullReport,
    /// Whether anything is written.
    writes: bool,
}

impl Record {
    /// Creates the directory and acquires the right to write to it.
    fn open(
        dir: &Path,
        lock_file: Option<&Path>,
        site: SiteId,
        folder: String,
    ) -> Result<Self, SyncError> {
        fs::create_dir_all(dir).map_err(|source| SyncError::State {
            path: dir.to_owned(),
            source,
        })?;
        let state = StateDir::open(dir, lock_file)?;
        let loaded = ledger::load(&state)?;
        ledger::check_bound(&loaded.0, &state, site, &folder)?;
        Ok(Self {
            stamps: state.stamps(),
            ledger: Ledger::new(state, loaded, site, folder),
            report: PullReport::default(),
            writes: false,
        })
    }

    /// Gives each asset a path: that of the lock file, or one by its folder and name. The oldest
    /// of equal names comes first.
    fn assign(&mut self, folders: &FolderTree, top: usize, mut assets: Vec<Asset>) -> Vec<Job> {
        assets.sort_by(|a, b| (&a.created_on, &a.id).cmp(&(&b.created_on, &b.id)));
        let mut locked: HashMap<AssetId, Vec<String>> = HashMap::new();
        let mut layout = Layout::default();
        if let Some(lock_file) = self.ledger.state.lock_in_root() {
            layout.take(lock_file);
        }
        for (path, file) in self.ledger.lock.files() {
            locked.entry(file.asset).or_default().push(path.to_owned());
            layout.take(path);
        }
        let mut seen = HashSet::new();
        let mut new = Vec::new();
        let mut jobs = Vec::new();
        let mut dirs = BTreeSet::new();
        for asset in assets {
            let id = asset.id.as_ref().and_then(|id| AssetId::try_from(id).ok());
            // A list that changes while it is read can have an asset twice.
            let Some(id) = id.filter(|id| seen.insert(*id)) else {
                continue;
            };
            let asset = Arc::new(asset);
            if let Some(paths) = locked.remove(&id) {
                jobs.extend(paths.into_iter().map(|path| Job {
                    renamed: other_name(&path, &asset),
                    path,
                    id,
                    asset: Arc::clone(&asset),
                }));
                continue;
            }
            let folder = asset.folder_id.as_ref();
            let folder = folder.and_then(|folder| FolderId::try_from(folder).ok());
            let names = folder.and_then(|folder| folders.names(folder));
            let names = names.unwrap_or_default();
            let names: Vec<&str> = names.into_iter().skip(top).collect();
            let safe: Vec<String> = names.iter().copied().map(safe).collect();
            for depth in 1..=safe.len() {
                dirs.insert(safe[..depth].join("/"));
            }
            let folder = (names != safe).then(|| names.join("/"));
            new.push((safe.join("/"), folder, id, asset));
        }
        for dir in &dirs {
            layout.take(dir);
        }
        jobs.extend(new.into_iter().map(|(dir, folder, id, asset)| {
            let path = layout.file(&dir, name(&asset), id);
            let renamed = match folder {
                Some(folder) => Some(format!("{folder}/{}", name(&asset))),
                None => other_name(&path, &asset),
            };
            Job {
                path,
                id,
                asset,
                renamed,
            }
        }));
        jobs.sort_by(|a, b| a.path.cmp(&b.path));
        jobs
    }

    /// The jobs whose file is not there as the lock file has it.
    fn missing(&mut self, dir: &Path, mut jobs: Vec<Job>) -> Vec<Job> {
        let all = jobs.len();
        jobs.retain(|job| !self.is_unchanged(dir, job));
        self.report.unchanged = all - jobs.len();
        jobs
    }

    /// Whether the file has the content in the lock file. It is read if its stamp is not known.
    fn is_unchanged(&mut self, dir: &Path, job: &Job) -> bool {
        let locked = self.ledger.lock.get(&job.path);
        let Some(locked) = locked.filter(|locked| locked.asset == job.id) else {
            return false;
        };
        let file = dir.join(&job.path);
        let stamp = match file.symlink_metadata() {
            Ok(found) if found.is_file() => Stamp::of(&found),
            _ => return false,
        };
        if stamp.size != locked.size {
            return false;
        }
        let md5 = self.stamps.md5(&job.path, stamp).or_else(|| {
            let md5 = place::md5(&file).ok()?;
            self.stamps.insert(&job.path, stamp, md5);
            Some(md5)
        });
        md5 == Some(locked.md5)
    }

    /// Records how a job ended.
    async fn take(&mut self, job: &Job, done: Done) -> Result<PullEvent, SyncError> {
        let (path, asset) = (job.path.clone(), job.id);
        match done {
            Done::Failed(error) => {
                self.report.failed += 1;
                Ok(PullEvent::Failed { path, asset, error })
            }
            Done::Kept => {
                self.report.kept += 1;
                Ok(PullEvent::Kept { path, asset })
            }
            Done::Pulled { entry, stamp } => {
                let (size, name) = (entry.size, job.renamed.clone());
                self.report.pulled += 1;
                self.report.renamed += usize::from(name.is_some());
                self.stamps.insert(&path, stamp, entry.md5);
                let entry = Entry::File(path.clone(), entry);
                self.ledger.record(vec![entry]).await?;
                Ok(PullEvent::Pulled {
                    path,
                    asset,
                    size,
                    name,
                })
            }
        }
    }

    /// Begins to write, if there is anything to write.
    async fn begin(&mut self, jobs: &[Job]) -> Result<(), SyncError> {
        self.writes = self.ledger.changed || self.stamps.changed || !jobs.is_empty();
        if self.writes {
            self.ledger.begin().await?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<PullReport, SyncError> {
        if self.writes {
            self.ledger.end(self.stamps).await?;
        }
        Ok(self.report)
    }
}
