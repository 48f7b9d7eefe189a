//! What there is to do: the tree on one side, the lock file on the other.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::{
    DirSync, Listener, Problem, Report, SyncError, SyncEvent, draft,
    lock::LockFile,
    run,
    state::{Stamps, State},
    walk::Found,
};

/// What there is to do to put a directory on a site. It holds the directory: no other
/// synchronisation of it can begin while this one lives.
#[derive(Debug)]
#[must_use = "a plan does nothing until it is sent"]
pub struct Plan {
    pub(super) sync: DirSync,
    pub(super) state: Arc<State>,
    pub(super) stamps: Stamps,
    pub(super) lock: LockFile,
    pub(super) planned: Vec<Planned>,
    pub(super) uploads: Vec<ToUpload>,
    pub(super) problems: Vec<Problem>,
    /// Not all of the tree could be read.
    pub(super) incomplete: bool,
    pub(super) listener: Listener,
}

/// A path, and what is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Planned {
    /// The path, relative to the directory and with `/` between its parts.
    pub path: String,
    /// What is to be done.
    pub action: Action,
    /// The length of the file in bytes; for one that is gone, of what it was.
    pub size: u64,
}

/// What is to be done about a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Action {
    /// It is not in the lock file, and is uploaded.
    New,
    /// Its content is not what the lock file says, and is uploaded. The asset of its earlier
    /// content is another one.
    Changed,
    /// The site lacks what the lock file says, and it is uploaded again.
    Missing,
    /// It is on the site.
    Unchanged,
    /// The lock file has it, and the directory does not. It is left on the site.
    Gone,
    /// The same, and its asset is deleted.
    Delete,
}

impl Action {
    /// Whether the file is uploaded.
    #[must_use]
    pub const fn is_upload(self) -> bool {
        matches!(self, Self::New | Self::Changed | Self::Missing)
    }

    /// `new`, `changed`, `missing`, `unchanged`, `gone` or `delete`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Unchanged => "unchanged",
            Self::Gone => "gone",
            Self::Delete => "delete",
        }
    }
}

/// A file to upload.
#[derive(Debug)]
pub(super) struct ToUpload {
    pub(super) path: String,
    pub(super) action: Action,
    pub(super) file: Found,
    /// The name of the asset.
    pub(super) name: String,
}

impl Plan {
    pub(super) async fn make(sync: DirSync) -> Result<Self, SyncError> {
        sync.check()?;
        draft::make(sync).await
    }

    /// Every path, sorted.
    #[must_use]
    pub fn files(&self) -> &[Planned] {
        &self.planned
    }

    /// What is left out, and why.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Assets of earlier content that will be deleted: `(path, asset id)`. Those that this plan
    /// replaces are deleted too.
    pub fn replaced(&self) -> impl Iterator<Item = (&str, &str)> {
        let deletes = self.deletes();
        let replaced = self.lock.replaced.iter().filter(move |_| deletes);
        replaced.map(|(asset, path)| (path.as_str(), asset.as_str()))
    }

    /// Whether anything may be deleted: where a part of the tree cannot be read, what is gone is
    /// not known.
    pub(super) fn deletes(&self) -> bool {
        self.sync.delete && !self.incomplete
    }

    /// The directory of the plan's lock file.
    #[must_use]
    pub fn dir(&self) -> &std::path::Path {
        &self.sync.dir
    }

    /// Calls `on_event` for everything that happens.
    pub fn on_event(mut self, on_event: impl Fn(SyncEvent<'_>) + Send + Sync + 'static) -> Self {
        self.listener = Listener(Some(Arc::new(on_event)));
        self
    }

    /// Does what was planned. Dropping the future stops it, and writes the lock file.
    ///
    /// What fails for a reason that may pass is tried again after the others, as often as the
    /// client's [`RetryPolicy`](crate::RetryPolicy) has attempts: a create call that may have
    /// arrived as well, as Webflow finds the asset by its content.
    ///
    /// # Errors
    ///
    /// What stops all of it. A file that fails is in the report.
    pub async fn send(self) -> Result<Report, SyncError> {
        run::run(self).await
    }
}

/// The directory and the name of a path.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Runs work on files off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SyncError> + Send + 'static,
) -> Result<T, SyncError> {
    match spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
