//! The contents that a batch has uploaded to a site.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Mutex, PoisonError},
};

use crate::{
    generated::types::AssetUpload,
    id::{AssetId, SiteId},
    source::Md5,
};

/// The assets that a batch has filled, by site and content.
pub(crate) struct Contents {
    /// How many are remembered; the oldest is forgotten first.
    limit: usize,
    filled: Mutex<Assets>,
}

#[derive(Default)]
struct Assets {
    assets: HashMap<Key, Known>,
    order: VecDeque<Key>,
}

type Key = (SiteId, Md5);

/// An asset as it is remembered. A `sync` remembers every file, and JSON takes half of the memory.
struct Known {
    id: AssetId,
    json: Box<[u8]>,
    is_new: bool,
    is_certain: bool,
}

/// An asset that has its file.
pub(super) struct Filled {
    pub(super) id: AssetId,
    pub(super) asset: AssetUpload,
    /// Whether the batch registered it.
    pub(super) is_new: bool,
    /// Whether the site has it for certain. What a lock file says may be out of date.
    pub(super) is_certain: bool,
}

impl Contents {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            filled: Mutex::default(),
        }
    }

    pub(super) fn get(&self, site: SiteId, md5: Md5) -> Option<Filled> {
        let filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        let known = filled.assets.get(&(site, md5))?;
        Some(Filled {
            id: known.id,
            asset: serde_json::from_slice(&known.json).ok()?,
            is_new: known.is_new,
            is_certain: known.is_certain,
        })
    }

    pub(super) fn insert(&self, site: SiteId, md5: Md5, filled: &Filled) {
        // Without it, the next file of this content is registered again.
        let Ok(json) = serde_json::to_vec(&filled.asset) else {
            return;
        };
        let known = Known {
            id: filled.id,
            json: json.into(),
            is_new: filled.is_new,
            is_certain: filled.is_certain,
        };
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (site, md5);
        if filled.assets.insert(key, known).is_some() {
            return;
        }
        if filled.order.len() >= self.limit
            && let Some(oldest) = filled.order.pop_front()
        {
            filled.assets.remove(&oldest);
        }
        filled.order.push_back(key);
    }

    /// Adds an asset that is on a site already; unless that `is_certain`, it is looked up before a
    /// file is given it. One without a usable id is not added.
    #[cfg(feature = "sync")]
    pub(crate) fn know(&self, site: SiteId, md5: Md5, asset: AssetUpload, is_certain: bool) {
        let id = asset.id.as_deref().and_then(|id| id.parse().ok());
        if let Some(id) = id {
            let filled = Filled {
                id,
                asset,
                is_new: false,
                is_certain,
            };
            self.insert(site, md5, &filled);
        }
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents").finish_non_exhaustive()
    }
}
