//! The contents that a batch has put on a site.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
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
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    assets: HashMap<Key, Arc<Filled>>,
    order: VecDeque<Key>,
}

type Key = (SiteId, Md5);

/// An asset that has its file.
pub(super) struct Filled {
    pub(super) id: AssetId,
    pub(super) asset: AssetUpload,
    /// Whether the batch registered it.
    pub(super) is_new: bool,
}

impl Contents {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            known: Mutex::default(),
        }
    }

    pub(super) fn get(&self, site: SiteId, md5: Md5) -> Option<Arc<Filled>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.assets.get(&(site, md5)).cloned()
    }

    pub(super) fn insert(&self, site: SiteId, md5: Md5, filled: Filled) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (site, md5);
        if known.assets.insert(key, Arc::new(filled)).is_some() {
            return;
        }
        if known.order.len() >= self.limit
            && let Some(oldest) = known.order.pop_front()
        {
            known.assets.remove(&oldest);
        }
        known.order.push_back(key);
    }

    /// Adds an asset that is on a site already. One without a usable id is not added.
    #[cfg(feature = "sync")]
    pub(crate) fn know(&self, site: SiteId, md5: Md5, asset: AssetUpload) {
        let id = asset.id.as_deref().and_then(|id| id.parse().ok());
        if let Some(id) = id {
            let is_new = false;
            self.insert(site, md5, Filled { id, asset, is_new });
        }
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents").finish_non_exhaustive()
    }
}
