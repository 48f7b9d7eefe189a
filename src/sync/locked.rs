//! The lock file's records of a file and of its asset.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::names::split;
use crate::{
    generated::types::Asset,
    id::{AssetId, Md5},
};

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

/// The texts of an asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AssetTexts {
    /// The alternative text of an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt_text: Option<String>,
    /// The name that Webflow shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

impl AssetTexts {
    pub(crate) fn is_empty(&self) -> bool {
        self.alt_text.is_none() && self.display_name.is_none()
    }

    /// Adds other texts; returns `false`, and adds none, if they are not the same where both are set.
    fn add(&mut self, other: &Self) -> bool {
        let texts = [
            (&mut self.alt_text, &other.alt_text),
            (&mut self.display_name, &other.display_name),
        ];
        let differ = |(mine, other): &(&mut Option<String>, &Option<String>)| {
            mine.is_some() && other.is_some() && *mine != *other
        };
        if texts.iter().any(differ) {
            return false;
        }
        for (mine, other) in texts {
            if mine.is_none() {
                mine.clone_from(other);
            }
        }
        true
    }

    /// The texts that an asset has on the site. A display name that was never set is the name of
    /// its file, and a blank text is none.
    pub(crate) fn of(asset: &Asset) -> Self {
        let name = asset.display_name.as_deref();
        let name = name.map(|name| without_id(asset, name));
        let name = name.filter(|name| asset.original_file_name.as_deref() != Some(name));
        let set = |text: Option<&str>| {
            let text = text.filter(|text| !text.trim().is_empty());
            text.map(str::to_owned)
        };
        Self {
            alt_text: set(asset.alt_text.as_deref()),
            display_name: set(name),
        }
    }
}

/// The texts that assets are to get, and the first file of each: files with equal content have one
/// asset.
#[derive(Debug, Default)]
pub(crate) struct Claims(pub(super) HashMap<AssetId, (String, AssetTexts)>);

impl Claims {
    /// Adds the texts for a file of this asset, unless the file that is returned has others.
    pub(crate) fn conflict(
        &mut self,
        asset: AssetId,
        file: &str,
        texts: &AssetTexts,
    ) -> Option<&str> {
        let first = self.0.entry(asset);
        let (first, all) = first.or_insert_with(|| (file.to_owned(), AssetTexts::default()));
        (!all.add(texts)).then_some(first)
    }
}

/// A name of an asset without the id that Webflow puts before a display name that was not set.
pub(crate) fn without_id<'a>(asset: &Asset, name: &'a str) -> &'a str {
    let id = asset.id.as_deref().unwrap_or_default();
    name.strip_prefix(id)
        .and_then(|name| name.strip_prefix('_'))
        .unwrap_or(name)
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
