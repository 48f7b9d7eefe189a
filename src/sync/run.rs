//! A plan carried out.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    mem,
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, stream};
use http::StatusCode;
use progenitor_client::{ClientInfo, Error};

use super::{
    Action, Failure, Locked, Plan, Report, SyncError, SyncEvent,
    delete::{self, Held},
    events::Emitter,
    folders::Folders,
    journal::Entry,
    listing::Listing,
    plan::{ToUpload, split},
    walk::is_absent,
};
use crate::{
    api::retry::{self, Attempt},
    generated::types::AssetUpload,
    id::{AssetId, FolderId, Md5},
    source::{Source, Stamp},
    upload::{
        Contents,
        batch::{Batch, CONCURRENCY, Event},
        error::{UploadError, UploadErrorKind},
        result::{Outcome, Uploaded},
    },
};

/// How many contents are remembered. An older one that comes again costs a create call, which
/// Webflow answers with the asset that it has.
const CONTENTS: usize = 10_000;

/// If so many files are refused and none is accepted, the others would be refused too.
const REFUSALS: usize = 10;

/// The ids of folders by their paths from the top of the site.
type FolderIds = Arc<HashMap<String, FolderId>>;

pub(super) async fn run(plan: Plan, events: Emitter) -> Result<Report, SyncError> {
    let mut execution = Execution::new(plan, events);
    execution.all().await?;
    execution.report.bytes_written = execution.plan.ledger.written();
    Ok(mem::take(&mut execution.report))
}

struct Execution {
    plan: Plan,
    events: Emitter,
    report: Report,
    /// The assets that were created from here, now or earlier.
    created: HashSet<AssetId>,
    /// Files that Webflow refused.
    refusals: usize,
}

impl Execution {
    fn new(mut plan: Plan, events: Emitter) -> Self {
        let unchanged = |planned: &&super::Planned| planned.action == Action::Unchanged;
        let report = Report {
            unchanged: plan.planned.iter().filter(unchanged).count(),
            problems: mem::take(&mut plan.problems),
            held: plan.decision.held.clone(),
            ..Report::default()
        };
        plan.planned = Vec::new();
        Self {
            report,
            created: plan.ledger.lock.created(),
            refusals: 0,
            events,
            plan,
        }
    }

    async fn all(&mut self) -> Result<(), SyncError> {
        let uploads = mem::take(&mut self.plan.uploads);
        let idle = uploads.is_empty() && self.plan.decision.is_empty();
        if idle && !self.plan.ledger.changed && !self.plan.stamps.changed {
            return Ok(());
        }
        // Where nothing can be written, that is known before anything is sent.
        self.plan.ledger.begin().await?;
        if !idle {
            let uploaded = self.upload_all(uploads).await;
            // Whatever happened, what is on the site is known from here on.
            self.plan.ledger.save().await?;
            uploaded?;
            self.delete().await?;
        }
        let stamps = mem::take(&mut self.plan.stamps);
        self.plan.ledger.end(stamps).await
    }

    async fn upload_all(&mut self, uploads: Vec<ToUpload>) -> Result<(), SyncError> {
        let folders = self.folders(&uploads).await?;
        let contents = Arc::new(Contents::new(CONTENTS));
        self.remember(&contents, &uploads);
        let uploads = uploads.into_iter().map(Arc::new).collect();
        // However long one round takes.
        let policy = self.plan.sync.client.inner().settings().retry;
        let mut retries = policy.max_elapsed(Duration::MAX).start();
        retries
            .run((self, uploads), |(run, uploads), may_repeat| {
                let (contents, folders) = (Arc::clone(&contents), Arc::clone(&folders));
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

    /// The folder of each directory that something is uploaded from.
    async fn folders(&mut self, uploads: &[ToUpload]) -> Result<FolderIds, SyncError> {
        let mut paths = BTreeSet::new();
        for upload in uploads {
            let mut path = folder_path(&self.plan.sync.folder, &upload.path);
            while !path.is_empty() {
                let parent = split(&path).0.to_owned();
                if !paths.insert(mem::replace(&mut path, parent)) {
                    break;
                }
            }
        }
        let folders = Folders {
            client: &self.plan.sync.client,
            site: self.plan.site,
            concurrency: self.concurrency(),
            events: &self.events,
            remembered: &self.plan.ledger.lock.folders,
        };
        let found = folders.find_or_create(&paths).await?;
        self.report.folders = found.values().filter(|folder| folder.created).count();
        let known = &self.plan.ledger.lock.folders;
        let new = found
            .iter()
            .filter(|(path, folder)| known.get(*path) != Some(&folder.id));
        let entries = new.map(|(path, folder)| Entry::Folder(path.clone(), folder.id));
        self.plan.ledger.record(entries.collect()).await?;
        let ids = found.into_iter().map(|(path, folder)| (path, folder.id));
        Ok(Arc::new(ids.collect()))
    }

    fn concurrency(&self) -> usize {
        self.plan.sync.concurrency.unwrap_or(CONCURRENCY)
    }

    /// Contents that are on the site already: a file that moved needs no request. Where the site
    /// was listed, it must have the asset.
    fn remember(&self, contents: &Contents, uploads: &[ToUpload]) {
        let sizes: HashSet<u64> = uploads.iter().map(|upload| upload.stamp.size).collect();
        for (path, locked) in self.plan.ledger.lock.files() {
            let listing = self.plan.listing.as_ref();
            let serves = listing.is_none_or(|it| it.serves(locked.asset, locked.size));
            if sizes.contains(&locked.size) && serves {
                let mut asset = AssetUpload::default();
                asset.id = Some(locked.asset.to_string());
                asset.hosted_url.clone_from(&locked.url);
                asset.original_file_name = Some(locked.name(path).to_owned());
                contents.know(self.plan.site, locked.md5, asset);
            }
        }
    }

    /// Uploads each file once. Returns those that are to be tried again.
    async fn round(
        &mut self,
        files: Vec<Arc<ToUpload>>,
        folders: FolderIds,
        contents: Arc<Contents>,
        may_repeat: bool,
    ) -> Result<Vec<Arc<ToUpload>>, SyncError> {
        let sync = self.plan.sync.clone();
        let site = self.plan.site;
        let uploads = files.clone().into_iter().map(move |file| {
            let source = Source::path(sync.dir.join(&file.path));
            // What a failure leaves is filled by the next attempt or run: nothing tells whether
            // another file, process or directory was handed the same asset.
            let mut upload = sync.client.upload(site, source).keep_on_failure();
            if let Some(name) = &file.name {
                upload = upload.file_name(name);
            }
            if let Some(texts) = sync.texts.get(&file.path) {
                if let Some(text) = &texts.alt_text {
                    upload = upload.alt_text(text);
                }
                if let Some(name) = &texts.display_name {
                    upload = upload.display_name(name);
                }
            }
            match folders.get(&folder_path(&sync.folder, &file.path)) {
                Some(id) => upload.parent_folder(*id),
                None => upload,
            }
        });
        let mut events = Batch::new(uploads)
            .concurrency(self.concurrency())
            .with_contents(contents)
            .stream();
        let path = |index: usize| {
            let file = files.get(index);
            file.map(|file| file.path.clone()).unwrap_or_default()
        };
        let mut again = Vec::new();
        while let Some(event) = events.next().await {
            match event {
                Event::Started { index, .. } => {
                    let path = path(index);
                    self.events.emit(SyncEvent::Started { path }).await;
                }
                Event::Progress { index, progress } => {
                    let path = path(index);
                    let event = SyncEvent::Progress { path, progress };
                    self.events.emit(event).await;
                }
                Event::Finished { index, result } => {
                    let Some(file) = files.get(index) else {
                        continue;
                    };
                    match result {
                        Ok(uploaded) => self.done(file, uploaded).await?,
                        Err(error) => {
                            if self.failed(file, error, may_repeat).await? {
                                again.push(Arc::clone(file));
                            }
                        }
                    }
                }
                // The failure that stops the batch ends the run.
                Event::Stopped { .. } => {}
            }
        }
        Ok(again)
    }

    /// A file is on the site.
    async fn done(&mut self, file: &ToUpload, uploaded: Uploaded) -> Result<(), SyncError> {
        let asset = uploaded.id();
        match uploaded.outcome {
            Outcome::AlreadyThere => self.report.already_there += 1,
            Outcome::Uploaded => self.report.uploaded += 1,
        }
        if uploaded.is_new() {
            self.created.insert(asset);
        }
        let name = uploaded.asset.original_file_name.as_ref();
        let locked = Locked {
            md5: uploaded.md5,
            size: uploaded.len,
            asset,
            name: name.filter(|name| *name != split(&file.path).1).cloned(),
            url: uploaded.asset.hosted_url.clone(),
            existing: !self.created.contains(&asset),
        };
        let mut entries = vec![Entry::File(file.path.clone(), locked)];
        if let Some(before) = self.plan.ledger.lock.get(&file.path)
            && before.asset != asset
            && file.action != Action::Missing
            && !before.existing
        {
            entries.push(Entry::Replaced(before.asset, before.replaced(&file.path)));
        }
        self.plan.ledger.record(entries).await?;
        self.stamp(file, uploaded.md5).await;
        let path = file.path.clone();
        self.events
            .emit(SyncEvent::Uploaded { path, uploaded })
            .await;
        Ok(())
    }

    /// Remembers the content of a file that is as it was when it was planned.
    async fn stamp(&mut self, file: &ToUpload, md5: Md5) {
        let now = tokio::fs::metadata(self.plan.sync.dir.join(&file.path)).await;
        if now.is_ok_and(|now| Stamp::of(&now) == file.stamp) {
            self.plan.stamps.insert(&file.path, file.stamp, md5);
        }
    }

    /// Reports a file that failed, and returns whether it is tried again.
    async fn failed(
        &mut self,
        file: &ToUpload,
        error: UploadError,
        may_repeat: bool,
    ) -> Result<bool, SyncError> {
        let again = may_repeat && may_pass(&error);
        if !again && self.ends(&error) {
            return Err(SyncError::Refused(error));
        }
        let error = Arc::new(error);
        let event = SyncEvent::Failed {
            path: file.path.clone(),
            error: Arc::clone(&error),
            again,
        };
        self.events.emit(event).await;
        if !again {
            self.report.failures.push(Failure {
                path: file.path.clone(),
                error,
            });
        }
        Ok(again)
    }

    /// Whether every other file would be refused too: the token is not valid, or nothing was
    /// accepted so far.
    fn ends(&mut self, error: &UploadError) -> bool {
        let status = match error.kind() {
            UploadErrorKind::Create(error) => error.status(),
            _ => None,
        };
        match status {
            Some(StatusCode::UNAUTHORIZED) => true,
            Some(StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) => {
                self.refusals += 1;
                self.refusals >= REFUSALS && self.report.uploaded + self.report.already_there == 0
            }
            _ => false,
        }
    }

    /// Deletes what was planned, last of all and only if nothing failed.
    async fn delete(&mut self) -> Result<(), SyncError> {
        let decision = mem::take(&mut self.plan.decision);
        if decision.is_empty() {
            return Ok(());
        }
        if !self.report.failures.is_empty() {
            self.report.held = Some(Held::Failures).filter(|_| !decision.assets.is_empty());
            return Ok(());
        }
        let dir = &self.plan.sync.dir;
        let absent = |path: &str| is_absent(&dir.join(path));
        let assets = delete::confirm(&decision.assets, &self.plan.ledger.lock, absent);
        let forgotten = decision.forgotten.into_iter().filter(|path| absent(path));
        let mut entries: Vec<Entry> = forgotten.map(Entry::Forgotten).collect();
        if assets.is_empty() {
            return self.plan.ledger.record(entries).await;
        }
        let wanted = assets.keys().copied().collect();
        let client = self.plan.sync.client.clone();
        let listing = Listing::of(&client, self.plan.site, &wanted).await?;
        let (there, gone): (Vec<_>, Vec<_>) =
            assets.into_iter().partition(|(id, _)| listing.has(*id));
        entries.extend(gone.into_iter().map(|(id, _)| Entry::Deleted(id)));
        self.plan.ledger.record(entries).await?;

        let same = there
            .into_iter()
            .filter(|(id, asset)| listing.is(*id, &asset.name, asset.size));
        let mut answers = stream::iter(same)
            .map(|(id, asset)| {
                let request = client.delete_asset().asset_id(id);
                async move { (id, asset.path, request.send().await) }
            })
            .buffer_unordered(self.concurrency());
        while let Some((asset, path, answer)) = answers.next().await {
            match answer {
                Err(error) if error.status() != Some(StatusCode::NOT_FOUND) => {
                    self.report.not_deleted.insert(path, error);
                }
                // It is gone, by this call or by somebody else's.
                _ => {
                    self.plan.ledger.record(vec![Entry::Deleted(asset)]).await?;
                    self.report.deleted += 1;
                    self.events.emit(SyncEvent::Deleted { path, asset }).await;
                }
            }
        }
        Ok(())
    }
}

/// The folder that a file belongs in, from the top of the site.
fn folder_path(folder: &str, path: &str) -> String {
    match (folder, split(path).0) {
        ("", dir) => dir.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, dir) => format!("{folder}/{dir}"),
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
                || is_of_proxy(error)
        }
        UploadErrorKind::Mismatch { .. } => true,
        _ => error.is_retryable(),
    }
}

/// Whether a proxy or firewall refused in Webflow's place: its refusals have a code.
fn is_of_proxy(error: &Error<crate::generated::types::ApiError>) -> bool {
    matches!(error, Error::ErrorResponse(response)
        if response.status() == StatusCode::FORBIDDEN && response.code.is_none())
}
