//! A plan carried out.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    mem,
    sync::Arc,
    time::Duration,
};

use futures_util::StreamExt;
use http::StatusCode;
use progenitor_client::{ClientInfo, Error};
use tokio::time::Instant;

use super::{
    Action, Failure, Locked, Plan, Report, SyncError, SyncEvent,
    folders::Folders,
    plan::{ToUpload, blocking, split},
    walk::Stamp,
};
use crate::{
    api::retry::{self, Attempt},
    generated::types::{AssetUpload, SiteId},
    source::Source,
    upload::{
        Contents, Outcome, Uploaded,
        batch::{Batch, CONCURRENCY, Event},
        error::{UploadError, UploadErrorKind},
    },
};

/// The lock file is not written more often than this.
const PACE: Duration = Duration::from_secs(1);

pub(super) async fn run(plan: Plan) -> Result<Report, SyncError> {
    let mut run = Run::new(plan);
    run.all().await?;
    Ok(mem::take(&mut run.report))
}

pub(super) struct Run {
    pub(super) plan: Plan,
    pub(super) report: Report,
    /// The ids of assets that were created from here, now or earlier.
    created: HashSet<String>,
    /// When the lock file was last written.
    written: Option<Instant>,
    /// Something in it has changed since.
    pub(super) changed: bool,
}

/// What is stopped is not lost: the next run need not ask Webflow for it.
impl Drop for Run {
    fn drop(&mut self) {
        if self.changed {
            self.settle();
            // There is nobody left to tell, and what is lost is found again.
            let _ = self.plan.state.save_lock(self.plan.lock.to_json());
        }
    }
}

impl Run {
    fn new(mut plan: Plan) -> Self {
        let unchanged = |planned: &&super::Planned| planned.action == Action::Unchanged;
        let report = Report {
            unchanged: plan.planned.iter().filter(unchanged).count(),
            problems: mem::take(&mut plan.problems),
            ..Report::default()
        };
        let ours = plan.lock.files.values().filter(|file| !file.existing);
        let created = ours
            .map(|file| &file.asset)
            .chain(plan.lock.replaced.keys())
            .cloned()
            .collect();
        Self {
            plan,
            report,
            created,
            written: None,
            changed: false,
        }
    }

    async fn all(&mut self) -> Result<(), SyncError> {
        let uploads = mem::take(&mut self.plan.uploads);
        if uploads.is_empty() && !self.has_deletes() {
            return Ok(());
        }
        // Where it cannot be written, that is known before anything is sent.
        self.save().await?;
        let folders = self.folders(&uploads).await?;
        let uploaded = self.upload(uploads, &folders).await;
        // Whatever happened, what is on the site is known from here on.
        self.settle();
        self.save().await?;
        uploaded?;
        if self.has_deletes() {
            self.delete().await;
            self.save().await?;
        }
        let state = Arc::clone(&self.plan.state);
        let stamps = mem::take(&mut self.plan.stamps);
        blocking(move || {
            state.save_stamps(&stamps);
            Ok(())
        })
        .await
    }

    /// The folder of each directory that something is uploaded from.
    async fn folders(
        &mut self,
        uploads: &[ToUpload],
    ) -> Result<HashMap<String, String>, SyncError> {
        let mut paths = BTreeSet::new();
        for upload in uploads {
            let mut path = self.folder_path(&upload.path);
            while !path.is_empty() {
                let parent = split(&path).0.to_owned();
                if !paths.insert(mem::replace(&mut path, parent)) {
                    break;
                }
            }
        }
        let folders = Folders {
            client: &self.plan.sync.client,
            site: &self.plan.sync.site,
            concurrency: self.concurrency(),
            listener: &self.plan.listener,
        };
        let (ids, created) = folders.ids(&paths).await?;
        self.report.folders = created;
        Ok(ids)
    }

    /// The folder that a file belongs in, from the top of the site.
    fn folder_path(&self, path: &str) -> String {
        let dir = split(path).0;
        match (self.plan.sync.folder.as_str(), dir) {
            ("", dir) => dir.to_owned(),
            (folder, "") => folder.to_owned(),
            (folder, dir) => format!("{folder}/{dir}"),
        }
    }

    pub(super) fn concurrency(&self) -> usize {
        self.plan.sync.concurrency.unwrap_or(CONCURRENCY)
    }

    /// Uploads, and tries again what failed for a reason that may pass.
    async fn upload(
        &mut self,
        uploads: Vec<ToUpload>,
        folders: &HashMap<String, String>,
    ) -> Result<(), SyncError> {
        let contents = Arc::new(Contents::new(usize::MAX));
        self.remember(&contents);
        // However long one round takes.
        let policy = self.plan.sync.client.inner().settings().retry;
        let mut retries = policy.max_elapsed(Duration::MAX).start();
        retries
            .run((self, uploads), |(run, uploads), may_repeat| {
                let contents = &contents;
                async move {
                    match run.round(uploads, folders, contents, may_repeat).await {
                        Ok(again) if may_repeat && !again.is_empty() => Attempt::Again {
                            state: (run, again),
                            retry_after: None,
                            otherwise: Ok(()),
                        },
                        Ok(_) => Attempt::Done(Ok(())),
                        Err(error) => Attempt::Done(Err(error)),
                    }
                }
            })
            .await
    }

    /// What the site has by the lock file needs no request, wherever the file is now.
    fn remember(&self, contents: &Contents) {
        let Ok(site) = SiteId::try_from(&self.plan.sync.site) else {
            return;
        };
        let missing = self
            .plan
            .planned
            .iter()
            .filter(|planned| planned.action == Action::Missing)
            .map(|planned| planned.path.as_str())
            .collect::<BTreeSet<_>>();
        for (path, locked) in &self.plan.lock.files {
            if missing.contains(path.as_str()) {
                continue;
            }
            let mut asset = AssetUpload::default();
            asset.id = Some(locked.asset.clone());
            asset.hosted_url.clone_from(&locked.url);
            contents.know(site, locked.md5, asset);
        }
    }

    /// Uploads each file once. Returns those that are to be tried again.
    async fn round(
        &mut self,
        files: Vec<ToUpload>,
        folders: &HashMap<String, String>,
        contents: &Arc<Contents>,
        may_repeat: bool,
    ) -> Result<Vec<ToUpload>, SyncError> {
        let client = self.plan.sync.client.clone();
        let site = self.plan.sync.site.clone();
        let jobs: Vec<_> = files
            .iter()
            .map(|file| {
                let folder = folders.get(&self.folder_path(&file.path)).cloned();
                (Source::path(&file.file.path), file.name.clone(), folder)
            })
            .collect();
        let uploads = jobs.into_iter().map(move |(source, name, folder)| {
            let upload = client.upload(site.as_str(), source).file_name(name);
            match folder {
                Some(id) => upload.parent_folder(id),
                None => upload,
            }
        });
        let mut events = Batch::new(uploads)
            .concurrency(self.concurrency())
            .with_contents(Arc::clone(contents))
            .stream();
        let mut files: Vec<Option<ToUpload>> = files.into_iter().map(Some).collect();
        let mut again = Vec::new();
        while let Some(event) = events.next().await {
            let path = |index: usize| {
                let file = files.get(index).and_then(Option::as_ref);
                file.map_or("", |file: &ToUpload| file.path.as_str())
            };
            match event {
                Event::Started { index, .. } => {
                    let path = path(index);
                    self.plan.listener.tell(SyncEvent::Started { path });
                }
                Event::Progress { index, progress } => {
                    let path = path(index);
                    self.plan
                        .listener
                        .tell(SyncEvent::Progress { path, progress });
                }
                Event::Finished { index, result } => {
                    let Some(file) = files.get_mut(index).and_then(Option::take) else {
                        continue;
                    };
                    match result {
                        Ok(uploaded) => self.done(&file, &uploaded).await,
                        Err(error) => {
                            let repeat = may_repeat && may_pass(&error);
                            self.plan.listener.tell(SyncEvent::Failed {
                                path: &file.path,
                                error: &error,
                                again: repeat,
                            });
                            if repeat {
                                again.push(file);
                            } else if is_refusal(&error) {
                                return Err(SyncError::Refused(error));
                            } else {
                                self.report.failures.push(Failure {
                                    path: file.path,
                                    error,
                                });
                            }
                        }
                    }
                    self.save_in_time().await?;
                }
            }
        }
        Ok(again)
    }

    /// A file is on the site.
    async fn done(&mut self, file: &ToUpload, uploaded: &Uploaded) {
        self.plan.listener.tell(SyncEvent::Uploaded {
            path: &file.path,
            uploaded,
        });
        let asset = uploaded.asset.id.clone().unwrap_or_default();
        match uploaded.outcome {
            Outcome::AlreadyThere => self.report.already_there += 1,
            Outcome::Uploaded => self.report.uploaded += 1,
        }
        if uploaded.is_new() {
            self.created.insert(asset.clone());
        }
        let lock = &mut self.plan.lock;
        let locked = Locked {
            md5: uploaded.md5,
            size: uploaded.len,
            asset: asset.clone(),
            url: uploaded.asset.hosted_url.clone(),
            existing: !self.created.contains(&asset),
        };
        lock.replaced.remove(&asset);
        if let Some(before) = lock.files.insert(file.path.clone(), locked)
            && before.asset != asset
            && file.action != Action::Missing
            && !before.existing
        {
            lock.replaced.insert(before.asset, file.path.clone());
        }
        self.changed = true;
        let now = tokio::fs::metadata(&file.file.path).await;
        let now = now.map(|now| Stamp::of(&now)).ok();
        if now == Some(file.file.stamp) && file.file.stamp.is_settled() {
            let stamps = &mut self.plan.stamps;
            stamps.insert(&file.path, file.file.stamp, uploaded.md5);
        }
    }

    /// Of two files with one content, the second may be done before the first is known to have
    /// created their asset.
    fn settle(&mut self) {
        for file in self.plan.lock.files.values_mut() {
            file.existing &= !self.created.contains(&file.asset);
        }
    }

    async fn save_in_time(&mut self) -> Result<(), SyncError> {
        match self.written {
            Some(last) if last.elapsed() < PACE => Ok(()),
            _ if self.changed => self.save().await,
            _ => Ok(()),
        }
    }

    async fn save(&mut self) -> Result<(), SyncError> {
        if self.written.is_some() && !self.changed {
            return Ok(());
        }
        let state = Arc::clone(&self.plan.state);
        let text = self.plan.lock.to_json();
        blocking(move || state.save_lock(text)).await?;
        self.written = Some(Instant::now());
        self.changed = false;
        Ok(())
    }
}

/// Whether the same upload may succeed later. A create call that may have arrived is repeated
/// too: Webflow finds the asset by its content.
fn may_pass(error: &UploadError) -> bool {
    match error.kind() {
        UploadErrorKind::Create(error) => {
            retry::may_have_arrived(error)
                || matches!(error, Error::CommunicationError(_))
                || error.status() == Some(StatusCode::TOO_MANY_REQUESTS)
        }
        UploadErrorKind::Mismatch { .. } => true,
        _ => error.is_retryable(),
    }
}

/// Whether every other file would be refused too.
fn is_refusal(error: &UploadError) -> bool {
    matches!(error.kind(), UploadErrorKind::Create(error) if matches!(
        error.status(),
        Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND)
    ))
}
