//! The assets that the lock file names and the site has.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;

use super::error::SyncError;
use crate::{
    generated::Client,
    id::{AssetId, SiteId},
};

/// Assets of a site, by id.
#[derive(Debug, Default)]
pub(super) struct Listing(HashMap<AssetId, Listed>);

#[derive(Debug)]
struct Listed {
    name: Option<String>,
    size: Option<u64>,
}

impl Listing {
    /// Lists the site, a request for each hundred assets, and keeps those of `wanted`.
    pub(super) async fn of(
        client: &Client,
        site: SiteId,
        wanted: &HashSet<AssetId>,
    ) -> Result<Self, SyncError> {
        let failed = |error| SyncError::list("assets", error);
        let mut assets = client.list_all_assets(site).stream();
        let mut listing = Self::default();
        while let Some(asset) = assets.try_next().await.map_err(failed)? {
            let id = asset.id.and_then(|id| AssetId::try_from(id).ok());
            if let Some(id) = id.filter(|id| wanted.contains(id)) {
                let listed = Listed {
                    name: asset.original_file_name,
                    size: asset.size.and_then(|size| u64::try_from(size).ok()),
                };
                listing.0.insert(id, listed);
            }
        }
        Ok(listing)
    }

    pub(super) fn has(&self, asset: AssetId) -> bool {
        self.0.contains_key(&asset)
    }

    /// Whether the site has the asset, and does not state another size for it.
    pub(super) fn serves(&self, asset: AssetId, size: u64) -> bool {
        let listed = self.0.get(&asset);
        listed.is_some_and(|listed| listed.size.is_none_or(|stated| stated == size))
    }

    /// Whether the asset is provably the one that was recorded.
    pub(super) fn is(&self, asset: AssetId, name: &str, size: u64) -> bool {
        let listed = self.0.get(&asset);
        listed.is_some_and(|it| it.name.as_deref() == Some(name) && it.size == Some(size))
    }
}
