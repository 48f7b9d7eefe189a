//! A plan: what there is to do to put a directory on a site.

use futures_util::TryStreamExt;

use super::{
    DirSync, Problem, Report, SyncError, SyncEvent, SyncEvents,
    delete::{Decision, Held},
    ledger::Ledger,
    listing::Listing,
    stamps::Stamps,
};
use crate::{
    id::{AssetId, SiteId},
    source::Stamp,
};

/// What there is to do to put a directory on a site. It holds the directory: no other
/// synchronisation of it can begin while this one lives.
#[derive(Debug)]
#[must_use = "a plan does nothing until it is sent"]
pub struct Plan {
    pub(super) sync: DirSync,
    pub(super) site: SiteId,
    pub(super) ledger: Ledger,
    pub(super) stamps: Stamps,
    pub(super) planned: Vec<Planned>,
    pub(super) uploads: Vec<ToUpload>,
    pub(super) decision: Decision,
    /// What the site has, if it was listed.
    pub(super) listing: Option<Listing>,
    pub(super) problems: Vec<Problem>,
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
    /// The lock file has it, and the directory does not. Its asset is left on the site.
    Gone,
    /// The lock file has it, and the directory does not. Its asset is deleted.
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
    pub(super) stamp: Stamp,
    /// The name of the asset, where it is not that of the file.
    pub(super) name: Option<String>,
}

impl Plan {
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

    /// The assets that are deleted, each with the path of the file that it was for: those of files
    /// that are gone, and those of earlier content. Nothing else is deleted, and less only if
    /// something fails or changes before the end.
    pub fn deletions(&self) -> impl Iterator<Item = (&str, AssetId)> {
        let assets = self.decision.assets.iter();
        assets.map(|(id, asset)| (asset.path.as_str(), *id))
    }

    /// Those of the [`deletions`](Self::deletions) that have earlier content of files which are
    /// still there, or were deleted for an earlier run.
    pub fn replaced(&self) -> impl Iterator<Item = (&str, AssetId)> {
        self.deletions().filter(|(path, id)| {
            let planned = self
                .planned
                .binary_search_by(|it| it.path.as_str().cmp(path));
            let planned = planned.ok().and_then(|index| self.planned.get(index));
            let of_gone = self
                .ledger
                .lock
                .get(path)
                .is_some_and(|file| file.asset == *id);
            !of_gone || planned.is_none_or(|planned| planned.action != Action::Delete)
        })
    }

    /// Why nothing is deleted, although there is something to delete and that was asked for.
    #[must_use]
    pub fn held(&self) -> Option<&Held> {
        self.decision.held.as_ref()
    }

    /// The directory of the plan's lock file.
    #[must_use]
    pub fn dir(&self) -> &std::path::Path {
        &self.sync.dir
    }

    /// Does what was planned, as a stream of what happens. Its last item is
    /// [`SyncEvent::Finished`] or an error.
    ///
    /// It goes on as far as the stream is polled. Dropping the stream stops it, and writes the
    /// lock file.
    ///
    /// What fails for a reason that may pass is tried again after the others, as often as the
    /// client's [`RetryPolicy`](crate::RetryPolicy) has attempts: a create call that may have
    /// arrived as well, as Webflow finds the asset by its content.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use futures_util::TryStreamExt;
    /// use webflow_assets::{Client, Token, sandbox::Sandbox, sync::SyncEvent};
    ///
    /// let sandbox = Sandbox::start().await?;
    /// let token = Token::new(sandbox.token())?;
    /// let client = Client::builder().token(token).base_url(sandbox.base_url()).build()?;
    /// let dir = tempfile::tempdir()?;
    /// std::fs::write(dir.path().join("a.txt"), "a")?;
    ///
    /// let plan = client.sync(sandbox.site_id(), dir.path()).plan().await?;
    /// let mut uploaded = Vec::new();
    /// let mut events = plan.stream();
    /// while let Some(event) = events.try_next().await? {
    ///     if let SyncEvent::Uploaded { path, .. } = event {
    ///         uploaded.push(path);
    ///     }
    /// }
    /// assert_eq!(uploaded, ["a.txt"]);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sandbox"))]
    /// # fn main() {}
    /// ```
    pub fn stream(self) -> SyncEvents {
        SyncEvents::of(self)
    }

    /// Does what was planned, and returns what it came to.
    ///
    /// # Errors
    ///
    /// What stops all of it. A file that fails is in the report.
    pub async fn send(self) -> Result<Report, SyncError> {
        let mut events = self.stream();
        let mut report = Report::default();
        while let Some(event) = events.try_next().await? {
            if let SyncEvent::Finished { report: last } = event {
                report = last;
            }
        }
        Ok(report)
    }
}

/// The directory and the name of a path.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}
