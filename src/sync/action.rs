//! What there is to do about one path.

use crate::source::Stamp;

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
