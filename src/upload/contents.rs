//! Equal content within a batch, created once.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use crate::{
    generated::types::{AssetUpload, SiteId},
    source::Md5,
};

/// The assets that a batch has made, by site and content.
pub(crate) struct Contents {
    /// How many are remembered; the oldest is forgotten first.
    limit: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    places: HashMap<Key, Place>,
    order: VecDeque<Key>,
}

type Key = (SiteId, Md5);

/// The asset of one content: nothing until it is on the site.
type Place = Arc<Turn<Option<Box<AssetUpload>>>>;

impl Contents {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            known: Mutex::default(),
        }
    }

    /// Waits for whoever uploads this content now. Then it is there, or it is the caller's turn:
    /// what the caller leaves in the place is what the next one finds.
    pub(super) async fn enter(
        &self,
        site: SiteId,
        md5: Md5,
    ) -> OwnedMutexGuard<Option<Box<AssetUpload>>> {
        self.place((site, md5)).lock_owned().await
    }

    /// Takes in an asset that is on a site already.
    #[cfg(feature = "sync")]
    pub(crate) fn know(&self, site: SiteId, md5: Md5, asset: AssetUpload) {
        // Nobody is in a place before the batch begins.
        if let Ok(mut place) = self.place((site, md5)).try_lock() {
            *place = Some(Box::new(asset));
        }
    }

    fn place(&self, key: Key) -> Place {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = known.places.get(&key) {
            return Arc::clone(place);
        }
        if known.order.len() >= self.limit
            && let Some(oldest) = known.order.pop_front()
        {
            known.places.remove(&oldest);
        }
        known.order.push_back(key);
        Arc::clone(known.places.entry(key).or_default())
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents").finish_non_exhaustive()
    }
}
