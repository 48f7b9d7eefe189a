//! Why an asset was not pulled.

use std::{io, time::Duration};

use http::StatusCode;

use crate::source::Md5;

/// Why an asset was not pulled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// Webflow states no address for the asset, or none that can be fetched.
    #[error("Webflow gives no address to fetch it from")]
    NoUrl,
    /// The address is not `https`: the content could be replaced on the way.
    #[error(
        "its address is not `https`, and its content could be replaced on the way; use `https`, or expressly allow `http`"
    )]
    PlainHttp,
    /// The server refused the request.
    #[error("the server answered {0}")]
    Status(StatusCode),
    /// The request failed.
    #[error("it cannot be fetched")]
    Http(#[source] reqwest::Error),
    /// The server paused for too long.
    #[error("nothing arrived for {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// Less than 1 KiB a second arrived.
    #[error("it arrived at less than 1 KiB a second and was given up; pull it again")]
    Slow,
    /// The content does not have the length that Webflow states.
    #[error("{len} bytes arrived, and Webflow states {expected}")]
    Size {
        /// The length that Webflow states.
        expected: u64,
        /// The length of the content that arrived.
        len: u64,
    },
    /// The content does not have the MD5 that its entity tag states.
    #[error("it arrived damaged: its MD5 should be {expected}; pull it again")]
    Damaged {
        /// The MD5 in the entity tag.
        expected: Md5,
    },
    /// A directory above the file is a symbolic link or a file, and would lead elsewhere.
    #[error("`{0}` is no directory, and is not followed; move it away")]
    NoDirectory(String),
    /// Something other than a file, such as a directory or a symbolic link, has its name.
    #[error("a directory, link or device has its name, and is not replaced; move it away")]
    NoFile,
    /// The file cannot be written.
    #[error("the file cannot be written")]
    Write(#[from] io::Error),
}

impl From<reqwest::Error> for PullError {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error.without_url())
    }
}
