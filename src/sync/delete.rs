//! Decides which assets are deleted on the site.
//!
//! Webflow cannot tell who made an asset or whether a page refers to it. An asset is deleted only
//! if the lock file records that it was created from this directory, no file needs it, and the
//! site lists it with the id, the name and the size that were recorded; and not at all if
//! anything is wrong with a file, or if more would be deleted than is allowed.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    str::FromStr,
};

use super::{
    action::{Action, Planned, find},
    listing::Listing,
    lock_file::LockFile,
    locked::{Locked, Replaced},
};
use crate::id::{AssetId, Md5};

/// How many assets `sync` may delete.
///
/// The default is half of what the directory would otherwise have on the site: never everything.
///
/// ```
/// use webflow_assets::sync::MaxDelete;
///
/// assert_eq!("25%".parse(), Ok(MaxDelete::Percent(25)));
/// assert_eq!("100".parse(), Ok(MaxDelete::Count(100)));
/// assert_eq!(MaxDelete::default(), MaxDelete::Percent(50));
/// assert!("200%".parse::<MaxDelete>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaxDelete {
    /// This many.
    Count(usize),
    /// This share, in percent, of the directory's assets: those that are deleted and those that
    /// stay.
    Percent(u8),
}

impl Default for MaxDelete {
    fn default() -> Self {
        Self::Percent(50)
    }
}

impl MaxDelete {
    fn allows(self, deleted: usize, all: usize) -> bool {
        match self {
            Self::Count(limit) => deleted <= limit,
            Self::Percent(percent) => deleted * 100 <= all * usize::from(percent),
        }
    }
}

impl fmt::Display for MaxDelete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(limit) => limit.fmt(f),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl FromStr for MaxDelete {
    type Err = MaxDeleteError;

    fn from_str(text: &str) -> Result<Self, MaxDeleteError> {
        match text.strip_suffix('%') {
            None => text.parse().map(Self::Count).map_err(|_| MaxDeleteError),
            Some(percent) => match percent.parse() {
                Ok(percent @ 0..=100) => Ok(Self::Percent(percent)),
                _ => Err(MaxDeleteError),
            },
        }
    }
}

/// The text cannot be parsed as a [`MaxDelete`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number, or a share from 0% to 100%")]
#[non_exhaustive]
pub struct MaxDeleteError;

/// Why deletions are held back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Held {
    /// A file was left out, so it is not known which files are gone.
    #[error("nothing is deleted, as a file was left out")]
    Problems,
    /// A file could not be uploaded.
    #[error("nothing is deleted, as a file is not on the site")]
    Failures,
    /// More assets would be deleted than is allowed.
    #[error("nothing is deleted: {count} of {all} assets would be, and {limit} are allowed")]
    TooMany {
        /// How many would be deleted.
        count: usize,
        /// How many there are: those to delete and those that stay.
        all: usize,
        /// How many are allowed.
        limit: MaxDelete,
    },
}

/// Why the asset of a file that is gone is not deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stays {
    /// Nothing proves that it was created from this directory.
    #[error("the site had it before, or may have had")]
    Existing,
    /// Another file of the directory has the same content.
    #[error("another file has its content")]
    Needed,
    /// It is in another folder than the one that is synchronised.
    #[error("it is in another folder")]
    Elsewhere,
    /// Its name or size on the site is not the one that the lock file records.
    #[error("its name or size is not the one that was recorded")]
    Differs,
}

/// Assets that may be deleted.
pub(super) type Candidates = BTreeMap<AssetId, Replaced>;

/// The assets to delete, or the reason why none is deleted.
#[derive(Debug, Default)]
pub(super) struct Decision {
    /// The assets to delete.
    pub(super) assets: Candidates,
    /// The paths of files that are gone and whose assets are left on the site.
    pub(super) forgotten: Vec<String>,
    /// The paths of files that are gone and whose assets the site has and keeps.
    pub(super) stays: Vec<(String, Stays)>,
    /// Why nothing is deleted.
    pub(super) held: Option<Held>,
}

impl Decision {
    pub(super) fn deletes(&self, asset: AssetId) -> bool {
        self.assets.contains_key(&asset)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.assets.is_empty() && self.forgotten.is_empty()
    }
}

/// The facts that the decision about candidates depends on.
pub(super) struct Situation<'a> {
    pub(super) lock: &'a LockFile,
    pub(super) files: &'a [Planned],
    /// The contents of those files to upload that may have the content of a candidate.
    pub(super) contents: &'a HashSet<Md5>,
    pub(super) listing: &'a Listing,
    pub(super) has_problems: bool,
    pub(super) max_delete: MaxDelete,
}

/// The assets that were created from this directory, whose file is gone or changes, and that the
/// site lists as they were recorded.
pub(super) fn candidates(lock: &LockFile, files: &[Planned], listing: &Listing) -> Candidates {
    let mut candidates = lock.replaced.clone();
    for (path, file) in lock.files() {
        if leaves(files, path) && !file.existing {
            candidates.insert(file.asset, file.replaced(path));
        }
    }
    candidates.retain(|id, asset| listing.is(*id, &asset.name, asset.size, &lock.folder));
    candidates
}

/// Whether the file at a path no longer needs the asset that it has in the lock file.
fn leaves(files: &[Planned], path: &str) -> bool {
    let planned = find(files, path);
    planned.is_some_and(|file| matches!(file.action, Action::Gone | Action::Changed))
}

/// Decides which candidates are deleted.
pub(super) fn decide(mut candidates: Candidates, situation: &Situation<'_>) -> Decision {
    let Situation { lock, files, .. } = situation;
    for (path, file) in lock.files() {
        if !leaves(files, path) {
            candidates.remove(&file.asset);
        }
    }
    candidates.retain(|_, asset| !situation.contents.contains(&asset.md5));

    let stay = files.iter().filter(|file| file.action != Action::Gone);
    let locked = lock.files.keys();
    let left_out = locked.filter(|path| find(files, path).is_none());
    let (count, all) = (
        candidates.len(),
        candidates.len() + stay.count() + left_out.count(),
    );
    let limit = situation.max_delete;
    let held = match count {
        _ if situation.has_problems => Some(Held::Problems).filter(|_| count > 0),
        count if !limit.allows(count, all) => Some(Held::TooMany { count, all, limit }),
        _ => None,
    };
    if held.is_some() || situation.has_problems {
        return Decision {
            held,
            ..Decision::default()
        };
    }
    let mut decision = Decision::default();
    for (path, file) in lock.files() {
        let is_gone = find(files, path).is_some_and(|file| file.action == Action::Gone);
        if !is_gone || candidates.contains_key(&file.asset) {
            continue;
        }
        let stays = situation.stays(path, file);
        // An asset of this folder that differs from its record stays in the lock file.
        if stays != Some(Stays::Differs) {
            decision.forgotten.push(path.to_owned());
        }
        decision
            .stays
            .extend(stays.map(|stays| (path.to_owned(), stays)));
    }
    decision.assets = candidates;
    decision
}

impl Situation<'_> {
    /// Why the asset of a file that is gone is no candidate; `None` if the site does not have it.
    fn stays(&self, path: &str, file: &Locked) -> Option<Stays> {
        let (listing, root) = (self.listing, &self.lock.folder);
        Some(match file {
            file if !listing.has(file.asset) => return None,
            file if file.existing => Stays::Existing,
            file if !listing.is_in(file.asset, root) => Stays::Elsewhere,
            file if !listing.is(file.asset, file.name(path), file.size, root) => Stays::Differs,
            _ => Stays::Needed,
        })
    }
}

/// The assets of a decision that may still be deleted at the end of a run. `lock` is the lock file
/// at that time, and `is_absent` returns whether nothing is at a path.
pub(super) fn confirm(
    assets: &Candidates,
    lock: &LockFile,
    is_absent: impl Fn(&str) -> bool,
) -> Candidates {
    let mut confirmed = assets.clone();
    for (path, file) in lock.files() {
        if confirmed.contains_key(&file.asset) && !is_absent(path) {
            confirmed.remove(&file.asset);
        }
    }
    confirmed
}
