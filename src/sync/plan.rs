//! A plan: the actions that put a directory on a site.

use super::{
    DirSync,
    action::{Action, Planned, find},
    delete::{Decision, Held, Stays},
    error::Problem,
    ledger::Ledger,
    listing::Listing,
    stamps::Stamps,
};
use crate::id::{AssetId, SiteId};

/// The actions that put a directory on a site. A plan locks the directory: no other
/// synchronisation of it can begin until the plan is dropped or carried out.
#[derive(Debug)]
#[must_use = "a plan does nothing until it is sent"]
pub struct Plan {
    pub(super) sync: DirSync,
    pub(super) site: SiteId,
    pub(super) ledger: Ledger,
    pub(super) stamps: Stamps,
    /// Sorted by path.
    pub(super) files: Vec<Planned>,
    pub(super) decision: Decision,
    /// What the site has, if it was listed.
    pub(super) listing: Option<Listing>,
    pub(super) problems: Vec<Problem>,
}

impl Plan {
    /// Every path, sorted.
    #[must_use]
    pub fn files(&self) -> &[Planned] {
        &self.files
    }

    /// The files that are left out, and why.
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
            let planned = find(&self.files, path);
            let of_gone = self
                .ledger
                .lock
                .get(path)
                .is_some_and(|file| file.asset == *id);
            !of_gone || planned.is_none_or(|planned| planned.action != Action::Delete)
        })
    }

    /// Why nothing is deleted, if deletions are requested and needed but held back.
    #[must_use]
    pub fn held(&self) -> Option<&Held> {
        self.decision.held.as_ref()
    }

    /// The paths of files that are gone and whose assets stay on the site although deletions are
    /// requested, and why.
    pub fn stays(&self) -> impl Iterator<Item = (&str, Stays)> {
        let stays = self.decision.stays.iter();
        stays.map(|(path, stays)| (path.as_str(), *stays))
    }

    /// The directory of the plan's lock file.
    #[must_use]
    pub fn dir(&self) -> &std::path::Path {
        &self.sync.dir
    }
}
