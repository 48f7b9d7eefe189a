//! The assets of a site: in the order of creation, and found by id, hash and key without a search.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::asset::Asset;

/// An asset's place in the order; never given away twice.
type Place = u64;

#[derive(Default)]
pub(crate) struct Assets {
    all: BTreeMap<Place, Asset>,
    by_id: HashMap<String, Place>,
    by_key: HashMap<String, Place>,
    /// Several assets may have one hash: those that [`Sandbox::add_asset`](crate::Sandbox::add_asset) added.
    by_hash: BTreeSet<(String, Place)>,
    next: Place,
}

impl Assets {
    pub(crate) fn add(&mut self, asset: Asset) {
        let place = self.next;
        self.next += 1;
        self.by_id.insert(asset.id.clone(), place);
        self.by_key.insert(asset.key.clone(), place);
        self.by_hash.insert((asset.file_hash.clone(), place));
        self.all.insert(place, asset);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Asset> {
        let place = self.by_id.remove(id)?;
        let asset = self.all.remove(&place)?;
        self.by_key.remove(&asset.key);
        self.by_hash.remove(&(asset.file_hash.clone(), place));
        Some(asset)
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Asset> {
        self.all.get(self.by_id.get(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Asset> {
        self.all.get_mut(self.by_id.get(id)?)
    }

    /// The oldest asset with this hash.
    pub(crate) fn with_hash(&self, hash: &str) -> Option<&Asset> {
        let (known, place) = self.by_hash.range((hash.to_owned(), 0)..).next()?;
        (known == hash).then(|| self.all.get(place)).flatten()
    }

    /// Notes that an object of `size` bytes was stored under `key`, whether or not it belongs to an asset.
    pub(crate) fn filled(&mut self, key: &str, size: u64, now: Timestamp) {
        let place = self.by_key.get(key);
        if let Some(asset) = place.and_then(|place| self.all.get_mut(place)) {
            asset.size = Some(size);
            asset.changed_on = now;
        }
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Asset> {
        self.all.values()
    }
}
