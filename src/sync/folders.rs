//! Asset folders by path: found by name, or created, once each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::{StreamExt, TryStreamExt, stream};
use progenitor_client::{ClientInfo, Error};

use super::{Listener, SyncError, SyncEvent};
use crate::{
    api::retry::{self, Attempt},
    generated::{
        Client,
        types::{ApiError, AssetFolder, FolderId, NewAssetFolder},
    },
};

/// The folders of a site, by parent and name.
type Known = HashMap<(Option<String>, String), Vec<String>>;

/// Finds or creates folders on a site.
pub(super) struct Folders<'a> {
    pub(super) client: &'a Client,
    pub(super) site: &'a str,
    pub(super) concurrency: usize,
    pub(super) listener: &'a Listener,
}

/// The ids of folders by their paths from the top of the site, and how many of them are new.
pub(super) type Ids = (HashMap<String, String>, usize);

/// A path, its name, and the id of its parent.
struct Wanted {
    path: String,
    name: String,
    parent: Option<String>,
}

impl Folders<'_> {
    /// The ids of these folders; each one's parents must be among them.
    pub(super) async fn ids(&self, paths: &BTreeSet<String>) -> Result<Ids, SyncError> {
        let mut ids = HashMap::new();
        let mut created = 0;
        if paths.is_empty() {
            return Ok((ids, created));
        }
        let known = self.list().await?;
        // Level by level, as a folder is created in its parent.
        let mut levels: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for path in paths {
            levels
                .entry(path.split('/').count())
                .or_default()
                .push(path);
        }
        for level in levels.into_values() {
            let mut missing = Vec::new();
            for path in level {
                let (parent, name) = super::plan::split(path);
                let parent = ids.get(parent).cloned();
                match find(&known, path, parent.as_ref(), name)? {
                    Some(id) => drop(ids.insert(path.to_owned(), id)),
                    None => missing.push(Wanted {
                        path: path.to_owned(),
                        name: name.to_owned(),
                        parent,
                    }),
                }
            }
            let mut made = stream::iter(missing)
                .map(|wanted| async move {
                    let id = self.create(&wanted).await?;
                    Ok::<_, SyncError>((wanted.path, id))
                })
                .buffer_unordered(self.concurrency);
            while let Some((path, id)) = made.try_next().await? {
                self.listener.tell(SyncEvent::FolderCreated {
                    path: &path,
                    id: &id,
                });
                created += 1;
                ids.insert(path, id);
            }
        }
        Ok((ids, created))
    }

    async fn list(&self) -> Result<Known, SyncError> {
        let failed = |error| SyncError::List {
            what: "folders",
            source: Box::new(error),
        };
        let mut folders = self.client.list_all_folders(self.site).stream();
        let mut known = Known::new();
        while let Some(folder) = folders.try_next().await.map_err(failed)? {
            if let (Some(id), Some(name)) = (folder.id, folder.display_name) {
                let parent = folder.parent_folder.filter(|parent| !parent.is_empty());
                known.entry((parent, name)).or_default().push(id);
            }
        }
        Ok(known)
    }

    /// Creates a folder. After a call that may have arrived, the list says whether it did.
    async fn create(&self, wanted: &Wanted) -> Result<String, SyncError> {
        let mut retries = self.client.inner().settings().retry.start();
        retries
            .run(false, |listed, _| async move {
                // Whether the call before this one arrived.
                if listed {
                    let found = match self.list().await {
                        Ok(known) => {
                            find(&known, &wanted.path, wanted.parent.as_ref(), &wanted.name)
                        }
                        Err(error) => Err(error),
                    };
                    return match found {
                        Ok(Some(id)) => Attempt::Done(Ok(id)),
                        Ok(None) => self.create_once(wanted).await,
                        Err(error) => Attempt::Done(Err(error)),
                    };
                }
                self.create_once(wanted).await
            })
            .await
    }

    async fn create_once(&self, wanted: &Wanted) -> Attempt<bool, Result<String, SyncError>> {
        let error = match self.post(wanted).await {
            Ok(AssetFolder { id: Some(id), .. }) => return Attempt::Done(Ok(id)),
            Ok(_) => Error::Custom("the answer has no id".to_owned()),
            Err(error) => error,
        };
        let repeatable = retry::may_have_arrived(&error);
        let failed = Err(SyncError::Folder {
            path: wanted.path.clone(),
            source: Box::new(error),
        });
        if !repeatable {
            return Attempt::Done(failed);
        }
        Attempt::Again {
            state: true,
            retry_after: None,
            otherwise: failed,
        }
    }

    async fn post(&self, wanted: &Wanted) -> Result<AssetFolder, Error<ApiError>> {
        let parent = match &wanted.parent {
            None => None,
            Some(id) => Some(
                FolderId::try_from(id.as_str())
                    .map_err(|error| Error::Custom(format!("its parent's id: {error}")))?,
            ),
        };
        let body = NewAssetFolder {
            display_name: wanted.name.clone(),
            parent_folder: parent,
        };
        let request = self.client.create_asset_folder().site_id(self.site);
        Ok(request.body(body).send().await?.into_inner())
    }
}

/// The id of a folder, if there is exactly one of that name in the parent.
fn find(
    known: &Known,
    path: &str,
    parent: Option<&String>,
    name: &str,
) -> Result<Option<String>, SyncError> {
    match known
        .get(&(parent.cloned(), name.to_owned()))
        .map(Vec::as_slice)
    {
        None | Some([]) => Ok(None),
        Some([id]) => Ok(Some(id.clone())),
        Some(ids) => Err(SyncError::AmbiguousFolder {
            path: path.to_owned(),
            ids: ids.to_vec(),
        }),
    }
}
