//! Uploads the files of a plan, and retries those that fail.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    mem,
    sync::Arc,
    time::Duration,
};

use futures_util::StreamExt;
use http::StatusCode;
use progenitor_client::{ClientInfo, Error};

use super::{
    DirSync,
    action::{Action, Planned},
    error::SyncError,
    events::{Failure, SyncEvent},
    folders::Folders,
    journal::Entry,
    locked::Locked,
    names::split,
    run::Execution,
};
use crate::{
    api::retry::{self, Attempt},
    generated::types::{ApiError, AssetUpload},
    id::{FolderId, SiteId},
    source::{Source, Stamp},
    upload::{
        Contents, Upload,
        batch::{Batch, Event},
        error::{UploadError, UploadErrorKind},
        result::{Outcome, Uploaded},
    },
};

/// How many contents are remembered. A forgotten one that is uploaded again costs a create call,
/// which Webflow answers with the existing asset.
const CONTENTS: usize = 10_000;

/// If this many files are refused and none is accepted, the others would be refused too.
const REFUSALS: usize = 10;

/// The ids of folders by their paths from the top of the site.
type FolderIds = Arc<HashMap<String, FolderId>>;

/// Files to be uploaded, each once.
struct Round {
    files: Arc<[Planned]>,
    /// The places of this round's files.
    turns: Arc<[usize]>,
    folders: FolderIds,
    contents: Arc<Contents>,
    may_repeat: bool,
}

impl Round {
    /// A file of this round, and its place among all.
    fn file(&self, index: usize) -> Option<(usize, &Planned)> {
        let place = *self.turns.get(index)?;
        Some((place, self.files.get(place)?))
    }

    fn uploads(&self, sync: DirSync, site: SiteId) -> impl Iterator<Item = Upload> + Send + use<> {
        let (files, turns) = (Arc::clone(&self.files), Arc::clone(&self.turns));
        let folders = Arc::clone(&self.folders);
        (0..turns.len()).filter_map(move |index| {
            let file = files.get(*turns.get(index)?)?;
            let source = Source::path(sync.dir.join(&file.path));
            // The next attempt or run fills an asset without a file. It is not deleted, as another
            // file, process or directory may have been given the same asset.
            let mut upload = sync.client.upload(site, source).keep_on_failure();
            if let Some(name) = &file.name {
                upload = upload.file_name(&**name);
            }
            if let Some(texts) = sync.texts.get(&file.path) {
                if let Some(text) = &texts.alt_text {
                    upload = upload.alt_text(text);
                }
                if let Some(name) = &texts.display_name {
                    upload = upload.display_name(name);
                }
            }
            Some(match folders.get(&folder_path(&sync.folder, &file.path)) {
                Some(id) => upload.parent_folder(*id),
                None => upload,
            })
        })
    }
}

impl Execution {
    pub(super) async fn upload_all(&mut self, uploads: Vec<Planned>) -> Result<(), SyncError> {
        let folders = self.folders(&uploads).await?;
        let contents = Arc::new(Contents::new(CONTENTS));
        self.remember(&contents, &uploads);
        let all: Vec<usize> = (0..uploads.len()).collect();
        let uploads: Arc<[Planned]> = uploads.into();
        // A round may take any length of time: only the number of attempts is limited.
        let policy = self.plan.sync.client.inner().settings().retry;
        let mut retries = policy.max_elapsed(Duration::MAX).start();
        retries
            .run((self, all), |(run, round), may_repeat| {
                let round = Round {
                    files: Arc::clone(&uploads),
                    turns: round.into(),
                    folders: Arc::clone(&folders),
                    contents: Arc::clone(&contents),
                    may_repeat,
                };
                async move {
                    match run.round(round).await {
                        Ok(again) => {
                            let is_over = !may_repeat || again.is_empty();
                            let again = (!is_over).then_some((run, again));
                            Attempt::of(Ok(()), again, None)
                        }
                        Err(error) => Attempt::Done(Err(error)),
                    }
                }
            })
            .await
    }

    /// The folder of each directory that something is uploaded from.
    async fn folders(&mut self, uploads: &[Planned]) -> Result<FolderIds, SyncError> {
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

    /// Contents that are on the site already: a file that moved keeps its asset, which is looked up
    /// once. Where the site was listed, it must have the asset.
    fn remember(&self, contents: &Contents, uploads: &[Planned]) {
        let sizes: HashSet<u64> = uploads.iter().map(|upload| upload.size).collect();
        for (path, locked) in self.plan.ledger.lock.files() {
            let listing = self.plan.listing.as_ref();
            let serves = listing.is_none_or(|it| it.serves(locked.asset, locked.size));
            if sizes.contains(&locked.size) && serves {
                let mut asset = AssetUpload::default();
                asset.id = Some(locked.asset.to_string());
                asset.hosted_url.clone_from(&locked.url);
                asset.original_file_name = Some(locked.name(path).to_owned());
                contents.know(self.plan.site, locked.md5, asset, listing.is_some());
            }
        }
    }

    /// Uploads each file once. Returns the places of those that are to be tried again.
    async fn round(&mut self, round: Round) -> Result<Vec<usize>, SyncError> {
        let mut events = Batch::new(round.uploads(self.plan.sync.clone(), self.plan.site))
            .concurrency(self.concurrency())
            .with_contents(Arc::clone(&round.contents))
            .stream();
        let path = |index: usize| {
            let file = round.file(index);
            file.map(|(_, file)| file.path.clone()).unwrap_or_default()
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
                    let Some((place, file)) = round.file(index) else {
                        continue;
                    };
                    match result {
                        Ok(uploaded) => self.done(file, uploaded).await?,
                        Err(error) => {
                            if self.failed(file, error, round.may_repeat).await? {
                                again.push(place);
                            }
                        }
                    }
                }
                Event::Waiting { index, wait } => {
                    let path = path(index);
                    self.events.emit(SyncEvent::Waiting { path, wait }).await;
                }
                // The plan has the warnings, and the failure that stops the batch ends the run.
                Event::Checked { .. } | Event::Stopped { .. } => {}
            }
        }
        Ok(again)
    }

    /// A file is on the site.
    async fn done(&mut self, file: &Planned, uploaded: Uploaded) -> Result<(), SyncError> {
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
            name: name.filter(|name| *name != file.file_name()).cloned(),
            url: uploaded.asset.hosted_url.clone(),
            existing: !self.created.contains(&asset),
        };
        let mut entries = vec![Entry::File(file.path.clone(), locked)];
        if let Some(texts) = self.plan.sync.texts.get(&*file.path) {
            // Another text that the asset had is compared at the end.
            if !uploaded.alt_text_kept() {
                entries.push(Entry::Texts(asset, texts.clone()));
                self.described.insert(file.path.clone());
            }
        }
        if let Some(before) = self.plan.ledger.lock.get(&file.path)
            && before.asset != asset
            && file.action != Action::Missing
            && !before.existing
        {
            entries.push(Entry::Replaced(before.asset, before.replaced(&file.path)));
        }
        // A file that has changed since the plan was made has another stamp.
        let on_disk = self.plan.sync.dir.join(&file.path);
        let planned = file.stamp;
        let same = move || {
            let now = on_disk.metadata().ok().map(|now| Stamp::of(&now));
            planned.filter(|planned| now.as_ref() == Some(planned))
        };
        if let Some(stamp) = self.plan.ledger.record_with(entries, same).await?.flatten() {
            self.plan.stamps.insert(&file.path, stamp, uploaded.md5);
        }
        let path = file.path.clone();
        self.events
            .emit(SyncEvent::Uploaded { path, uploaded })
            .await;
        Ok(())
    }

    /// Reports a file that failed, and returns whether it is tried again.
    async fn failed(
        &mut self,
        file: &Planned,
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
        UploadErrorKind::Mismatch { .. } | UploadErrorKind::OtherContent(_) => true,
        _ => error.is_retryable(),
    }
}

/// Whether a proxy or firewall refused in Webflow's place: Webflow's refusals have a code.
fn is_of_proxy(error: &Error<ApiError>) -> bool {
    matches!(error, Error::ErrorResponse(response)
        if response.status() == StatusCode::FORBIDDEN && response.code.is_none())
}
