//! The lock file's records of a file and of its asset.

use serde::{Deserialize, Serialize};

use super::names::split;
use crate::id::{AssetId, Md5};

/// A file in a [`LockFile`](super::LockFile).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Locked {
    /// The MD5 of its content.
    pub md5: Md5,
    /// Its length in bytes.
    pub size: u64,
    /// The id of its asset.
    pub asset: AssetId,
    /// The name of the asset, if it differs from the file's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The asset's address on Webflow's content delivery network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Nothing proves that the asset was created from this directory: the site may have had it
    /// before. `sync` never deletes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub existing: bool,
}

/// An asset that was created from this directory and that no file needs any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replaced {
    /// The path of the file that it was for.
    pub(super) path: String,
    pub(super) md5: Md5,
    pub(super) size: u64,
    /// The asset's name.
    pub(super) name: String,
}

impl Locked {
    /// The name of the asset of the file at `path`.
    pub(super) fn name<'a>(&'a self, path: &'a str) -> &'a str {
        self.name.as_deref().unwrap_or(split(path).1)
    }

    /// What is recorded of the asset once the file at `path` no longer needs it.
    pub(super) fn replaced(&self, path: &str) -> Replaced {
        Replaced {
            path: path.to_owned(),
            md5: self.md5,
            size: self.size,
            name: self.name(path).to_owned(),
        }
    }
}
