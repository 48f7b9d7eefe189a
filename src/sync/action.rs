//! The action that a plan has for one path.

use super::names::split;
use crate::source::Stamp;

/// A path and the action for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Planned {
    /// The path, relative to the directory and with `/` between its parts.
    pub path: String,
    /// The action.
    pub action: Action,
    /// The length of the file in bytes; for one that is gone, its recorded length.
    pub size: u64,
    /// `None` for a file that is gone.
    pub(super) stamp: Option<Stamp>,
    /// The name of the asset, if it differs from the file's.
    pub(super) name: Option<Box<str>>,
}

impl Planned {
    pub(super) fn new(path: String, action: Action, stamp: Stamp) -> Self {
        Self {
            path,
            action,
            size: stamp.size,
            stamp: Some(stamp),
            name: None,
        }
    }

    /// The name of the file.
    pub(super) fn file_name(&self) -> &str {
        split(&self.path).1
    }
}

/// The plan for a path. `files` are sorted by path.
pub(super) fn find<'a>(files: &'a [Planned], path: &str) -> Option<&'a Planned> {
    let index = files.binary_search_by(|file| file.path.as_str().cmp(path));
    files.get(index.ok()?)
}

/// The action for a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Action {
    /// The file is not in the lock file, and is uploaded.
    New,
    /// The content differs from the lock file, and is uploaded as another asset than the earlier
    /// content.
    Changed,
    /// The site lacks the recorded asset, and the file is uploaded again.
    Missing,
    /// The file is on the site.
    Unchanged,
    /// The file is in the lock file but not in the directory. Its asset is left on the site.
    Gone,
    /// The file is in the lock file but not in the directory. Its asset is deleted.
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
