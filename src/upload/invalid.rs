//! What keeps an upload from being sent.

use crate::source::FileWarning;

/// Why an upload cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// The site id is not 24 hexadecimal digits.
    #[error("the site id `{0}` is not 24 hexadecimal digits")]
    SiteId(String),
    /// The folder id is not 24 hexadecimal digits.
    #[error("the folder id `{0}` is not 24 hexadecimal digits")]
    FolderId(String),
    /// The path gives no file name: its last part is not UTF-8, or is not a name.
    #[error("the path gives no file name; set one")]
    NoFileName,
    /// The file name is empty or has 100 characters or more.
    #[error("the file name {}", match len {
        0 => "is empty; set one".to_owned(),
        len => format!("has {len} characters and Webflow takes at most 99; set a shorter one"),
    })]
    FileName {
        /// The file name.
        name: String,
        /// Its length in characters.
        len: usize,
    },
    /// The file name has a control character, such as a line break.
    #[error("{CONTROL}")]
    ControlCharacter,
    /// The file is larger than [`Upload::max_len`](crate::Upload::max_len).
    #[error("the file has {len} bytes and Webflow takes at most {limit}; make it smaller")]
    TooLarge {
        /// Its length in bytes.
        len: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file is a Git LFS pointer, which stands in for a file that was not fetched.
    #[error("{POINTER}")]
    LfsPointer,
    /// The file has warnings, which [`Upload::strict`](crate::Upload::strict) refuses.
    #[error("{}", .0.iter().map(FileWarning::to_string).collect::<Vec<_>>().join("; "))]
    Warnings(Vec<FileWarning>),
}

/// Why a name with a control character is refused.
pub(crate) const CONTROL: &str =
    "its name has a control character, which Webflow does not take; rename it";

/// Why a Git LFS pointer is refused.
pub(crate) const POINTER: &str =
    "it is a Git LFS pointer and not the file itself; fetch it with `git lfs pull`";
