//! Errors of a synchronisation.

use std::{
    io,
    path::{Path, PathBuf},
};

use http::StatusCode;
use progenitor_client::Error as ApiCallError;

use super::{lock_file::LockFileError, pull::error::PullError};
use crate::{
    api::explain::{Explained, into_cause},
    generated::types::ApiError,
    source::MAX_LEN,
    upload::{
        error::UploadError,
        invalid::{CONTROL, POINTER},
    },
};

/// The scopes for listing and creating folders.
const SCOPES: &str = "scopes assets:read and assets:write";

/// Why a directory was not synchronised. Problems with single files are reported in
/// [`Plan::problems`](super::Plan::problems) and [`Report::failures`](super::Report::failures).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The directory cannot be read. Nothing was sent.
    #[error("{}: the directory cannot be read", dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another run is synchronising the same directory. Nothing was sent.
    #[error("{}: this directory is being synchronised already; wait until that is done", dir.display())]
    Busy {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory that is pulled to, or the one for the state between runs, cannot be written.
    /// Nothing was sent.
    #[error("{}: this directory cannot be written", path.display())]
    State {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The lock file cannot be used. Nothing was sent.
    #[error(transparent)]
    Lock(#[from] LockFileError),
    /// The lock file belongs to another site, folder or directory. Nothing was sent.
    #[error(
        "the lock file is of {locked}, not of {given}; use that one, or delete the lock file to begin anew"
    )]
    Elsewhere {
        /// The site, folder or directory in the lock file.
        locked: String,
        /// The site, folder or directory that was requested.
        given: String,
    },
    /// The lock file changed after the plan was made. Nothing was sent.
    #[error("{}: the lock file changed after the plan was made; plan again", path.display())]
    Changed {
        /// Its path.
        path: PathBuf,
    },
    /// The lock file or the journal cannot be written. Files that were uploaded since it was last
    /// written are found again by their content.
    #[error("{}: this file cannot be written; nothing further was sent", path.display())]
    LockFile {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or directory that `sync` would write is a symbolic link. Nothing was sent.
    #[error("{}: this is a symbolic link, which sync does not follow; remove it", path.display())]
    Link {
        /// Its path.
        path: PathBuf,
    },
    /// A pattern of file names is wrong. Nothing was sent.
    #[error("{0}")]
    Glob(String),
    /// An ignore file cannot be read or parsed, so the files that it excludes would be published.
    /// Nothing was sent.
    #[error("{}: this ignore file cannot be used: {reason}", path.display())]
    IgnoreFile {
        /// Its path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The site id is not 24 hexadecimal digits. Nothing was sent.
    #[error("the site id `{0}` is not 24 hexadecimal digits")]
    SiteId(String),
    /// The site lists an asset without an id of 24 hexadecimal digits.
    #[error("the asset `{0}` has no valid id in Webflow's list; nothing was pulled")]
    NoId(String),
    /// A folder path has an empty part. Nothing was sent.
    #[error("the folder path `{0}` has an empty part")]
    FolderPath(String),
    /// The site has no folder at this path. Nothing was fetched.
    #[error("the site has no folder `{0}`")]
    NoFolder(String),
    /// The HTTP client for fetching assets could not be created. Nothing was fetched.
    #[error("assets cannot be fetched")]
    Fetch(#[source] PullError),
    /// A folder could not be created. No file was sent.
    #[error("the folder `{path}` could not be created{why}")]
    Folder {
        /// The path of the folder, from the top of the site.
        path: String,
        /// Webflow's response; empty if there was none.
        why: String,
        /// The status of the response.
        status: Option<StatusCode>,
        /// Why there was no response.
        source: Option<reqwest::Error>,
    },
    /// The folders or assets of the site could not be listed. No file was sent.
    #[error("the {what} of the site could not be listed{why}")]
    List {
        /// `folders` or `assets`.
        what: &'static str,
        /// Webflow's response; empty if there was none.
        why: String,
        /// The status of the response.
        status: Option<StatusCode>,
        /// Why there was no response.
        source: Option<reqwest::Error>,
    },
    /// Webflow refuses the token, or every file so far. Files that were uploaded before are in the
    /// lock file.
    #[error(transparent)]
    Refused(UploadError),
}

impl SyncError {
    pub(super) fn folder(path: String, error: ApiCallError<ApiError>) -> Self {
        let (why, status) = (Explained(&error, SCOPES).to_string(), error.status());
        let source = into_cause(error);
        Self::Folder {
            path,
            why,
            status,
            source,
        }
    }

    pub(super) fn list(what: &'static str, error: ApiCallError<ApiError>) -> Self {
        let (why, status) = (Explained(&error, SCOPES).to_string(), error.status());
        let source = into_cause(error);
        Self::List {
            what,
            why,
            status,
            source,
        }
    }

    /// The status of the response that ended the run, from Webflow or S3.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Folder { status, .. } | Self::List { status, .. } => *status,
            Self::Refused(error) => error.status(),
            _ => None,
        }
    }
}

/// A file that is left out, and why.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {kind}")]
#[non_exhaustive]
pub struct Problem {
    /// The path, relative to the directory.
    pub path: String,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// Why a file is left out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file or directory cannot be read, or is a link that leads nowhere or in a circle.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// The name is not UTF-8.
    #[error("its name is not UTF-8; rename it")]
    NotUtf8,
    /// The name has a control character, such as a line break.
    #[error("{CONTROL}")]
    ControlCharacter,
    /// The file is larger than Webflow takes.
    #[error("the file has {len} bytes and Webflow takes at most {MAX_LEN}; make it smaller")]
    TooLarge {
        /// Its length in bytes.
        len: u64,
    },
    /// The file is a Git LFS pointer, which stands in for a file that was not fetched.
    #[error("{POINTER}")]
    LfsPointer,
    /// The name has 100 characters or more.
    #[error(
        "its name has {len} characters and Webflow takes at most 99; rename it, or let names be shortened"
    )]
    LongName {
        /// The name's length in characters.
        len: usize,
    },
}

impl Problem {
    pub(super) fn walk(root: &Path, error: ignore::Error) -> Self {
        let (path, reason) = unwrap(error);
        let path = path.unwrap_or_else(|| root.to_owned());
        let path = path.strip_prefix(root).unwrap_or(&path);
        Self {
            path: path.display().to_string(),
            kind: ProblemKind::Unreadable(reason),
        }
    }
}

/// Extracts the path and the reason from a nested error.
fn unwrap(error: ignore::Error) -> (Option<PathBuf>, String) {
    match error {
        ignore::Error::WithPath { path, err } => (Some(path), unwrap(*err).1),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            unwrap(*err)
        }
        ignore::Error::Loop { ancestor, child } => {
            let reason = format!("it is a link in a circle, back to {}", ancestor.display());
            (Some(child), reason)
        }
        ignore::Error::Io(error) => {
            // The error of the walk repeats the path; that of the operating system is its source.
            let walk = error.get_ref().and_then(|walk| walk.source());
            let reason = walk.map_or_else(|| error.to_string(), ToString::to_string);
            (None, reason)
        }
        error => (None, error.to_string()),
    }
}
