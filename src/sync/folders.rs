//! Asset folders by path: remembered, found by name, or created.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use progenitor_client::{ClientInfo, Error};

use super::{
    error::SyncError,
    events::{Emitter, SyncEvent},
    names::split,
};
use crate::{
    api::{
        folders::FolderTree,
        retry::{self, Attempt},
    },
    generated::{
        Client,
        types::{ApiError, NewAssetFolder},
    },
    id::{FolderId, SiteId},
};

/// Finds or creates folders on a site.
pub(super) struct Folders<'a> {
    pub(super) client: &'a Client,
    pub(super) site: SiteId,
    pub(super) concurrency: usize,
    pub(super) events: &'a Emitter<SyncEvent>,
    /// The folders that the lock file remembers.
    pub(super) remembered: &'a BTreeMap<String, FolderId>,
}

/// A folder's id, and whether it was created.
pub(super) struct Folder {
    pub(super) id: FolderId,
    pub(super) created: bool,
}

/// A path, its name, and the id of its parent.
struct Wanted {
    path: String,
    name: String,
    parent: Option<FolderId>,
}

/// Fails if a path of folders, from the top of the site, has an empty name in it.
pub(super) fn check_path(path: &str) -> Result<(), SyncError> {
    if !path.is_empty() && path.split('/').any(str::is_empty) {
        return Err(SyncError::FolderPath(path.to_owned()));
    }
    Ok(())
}

impl Folders<'_> {
    /// The folders at these paths; each one's parents must be among them.
    pub(super) async fn find_or_create(
        &self,
        paths: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Folder>, SyncError> {
        let mut found: BTreeMap<String, Folder> = BTreeMap::new();
        if paths.is_empty() {
            return Ok(found);
        }
        let known = self.list().await?;
        // Level by level, as a folder is created in its parent.
        let mut levels: BTreeMap<usize, Vec<&String>> = BTreeMap::new();
        for path in paths {
            let depth = path.split('/').count();
            levels.entry(depth).or_default().push(path);
        }
        for level in levels.into_values() {
            let mut missing = Vec::new();
            for path in level {
                let (parent, name) = split(path);
                let wanted = Wanted {
                    path: path.clone(),
                    name: name.to_owned(),
                    parent: found.get(parent).map(|folder| folder.id),
                };
                match self.find(&known, &wanted).await {
                    Some(id) => drop(found.insert(wanted.path, Folder { id, created: false })),
                    None => missing.push(wanted),
                }
            }
            let mut made = stream::iter(missing)
                .map(|wanted| async move { (self.create(&wanted).await, wanted.path) })
                .buffer_unordered(self.concurrency);
            while let Some((created, path)) = made.next().await {
                let id = created?;
                found.insert(path.clone(), Folder { id, created: true });
                self.events
                    .emit(SyncEvent::FolderCreated { path, id })
                    .await;
            }
        }
        Ok(found)
    }

    /// The folder that the lock file remembers, if the site still has it, or the oldest with the
    /// name. Concurrent calls, or one that arrives late, can create two folders with one name: then
    /// the oldest is the one that all settle on.
    async fn find(&self, known: &FolderTree, wanted: &Wanted) -> Option<FolderId> {
        let named = known.named(wanted.parent, &wanted.name);
        let remembered = self.remembered.get(&wanted.path);
        if let Some(id) = remembered.filter(|id| known.contains(**id))
            && !named.iter().skip(1).any(|younger| younger == id)
        {
            return Some(*id);
        }
        let (id, others) = named.split_first()?;
        if !others.is_empty() {
            self.events
                .emit(SyncEvent::DuplicateFolder {
                    path: wanted.path.clone(),
                    id: *id,
                    others: others.to_vec(),
                })
                .await;
        }
        Some(*id)
    }

    async fn list(&self) -> Result<FolderTree, SyncError> {
        let listed = self.client.list_all_folders(self.site).tree().await;
        listed.map_err(|error| SyncError::list("folders", error))
    }

    /// Creates a folder. If a failed call may have arrived, lists the folders to find out.
    async fn create(&self, wanted: &Wanted) -> Result<FolderId, SyncError> {
        let mut retries = self.client.inner().settings().retry.start();
        retries
            .run(false, |may_have_arrived, _| async move {
                if may_have_arrived {
                    let known = match self.list().await {
                        Ok(known) => known,
                        Err(error) => return Attempt::Done(Err(error)),
                    };
                    if let Some(id) = known.child(wanted.parent, &wanted.name) {
                        return Attempt::Done(Ok(id));
                    }
                }
                self.create_once(wanted).await
            })
            .await
    }

    async fn create_once(&self, wanted: &Wanted) -> Attempt<bool, Result<FolderId, SyncError>> {
        let error = match self.post(wanted).await {
            Ok(id) => return Attempt::Done(Ok(id)),
            Err(error) => error,
        };
        let again = retry::may_have_arrived(&error).then_some(true);
        let failed = SyncError::folder(wanted.path.clone(), error);
        Attempt::of(Err(failed), again, None)
    }

    async fn post(&self, wanted: &Wanted) -> Result<FolderId, Error<ApiError>> {
        let body = NewAssetFolder {
            display_name: wanted.name.clone(),
            parent_folder: wanted.parent,
        };
        let request = self.client.create_asset_folder().site_id(self.site);
        let folder = request.body(body).send().await?.into_inner();
        let id = folder.id.and_then(|id| FolderId::try_from(id).ok());
        id.ok_or_else(|| Error::Custom("the answer has no valid id".to_owned()))
    }
}
