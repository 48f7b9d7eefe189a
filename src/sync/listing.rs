//! The assets that the lock file names and the site has.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;

use super::error::SyncError;
use crate::{
    api::folders::FolderTree,
    generated::Client,
    id::{AssetId, FolderId, SiteId},
};

/// Assets of a site, by id.
#[derive(Debug, Default)]
pub(super) struct Listing {
    assets: HashMap<AssetId, Listed>,
    /// Listed for deletions only.
    folders: FolderTree,
}

#[derive(Debug)]
struct Listed {
    name: Option<String>,
    size: Option<u64>,
    folder: Option<FolderId>,
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
                    folder: asset.folder_id.and_then(|id| FolderId::try_from(id).ok()),
                };
                listing.assets.insert(id, listed);
            }
        }
        Ok(listing)
    }

    /// Lists the folders too, which [`is`](Self::is) needs to know for a directory with a folder.
    pub(super) async fn with_folders(
        mut self,
        client: &Client,
        site: SiteId,
    ) -> Result<Self, SyncError> {
        let failed = |error| SyncError::list("folders", error);
        if self.assets.values().any(|listed| listed.folder.is_some()) {
            self.folders = client.list_all_folders(site).tree().await.map_err(failed)?;
        }
        Ok(self)
    }

    pub(super) fn has(&self, asset: AssetId) -> bool {
        self.assets.contains_key(&asset)
    }

    /// Whether the site has the asset, and does not state another size for it.
    pub(super) fn serves(&self, asset: AssetId, size: u64) -> bool {
        let listed = self.assets.get(&asset);
        listed.is_some_and(|listed| listed.size.is_none_or(|stated| stated == size))
    }

    /// Whether the asset is provably the one that was recorded, in the folder `root` or below it.
    pub(super) fn is(&self, asset: AssetId, name: &str, size: u64, root: &str) -> bool {
        let listed = self.assets.get(&asset);
        listed.is_some_and(|it| it.name.as_deref() == Some(name) && it.size == Some(size))
            && self.is_in(asset, root)
    }

    /// Whether the site lists the asset in the folder `root` or below it.
    pub(super) fn is_in(&self, asset: AssetId, root: &str) -> bool {
        let Some(listed) = self.assets.get(&asset) else {
            return false;
        };
        let path = || self.folders.path(listed.folder?);
        root.is_empty()
            || path().is_some_and(|path| {
                let below = path.strip_prefix(root);
                below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    }
}
