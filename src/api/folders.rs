//! Asset folders by path.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use futures_util::TryStreamExt;
use progenitor_client::Error;

use super::pages::ListAllFolders;
use crate::generated::types::{ApiError, AssetFolder, FolderId};

/// The asset folders of a site, by id and by path.
///
/// A path has the names of the folders from the top of the site, with `/` between them. Webflow
/// allows two folders of one name in the same place: a path leads to the oldest of them.
///
/// ```
/// use webflow_assets::{FolderId, FolderTree, types::AssetFolder};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let brand: FolderId = "6436b1ce5281cace05b65aea".parse()?;
/// let year: FolderId = "6436b1ce5281cace05b65aeb".parse()?;
/// let folder = AssetFolder::builder().id(brand.to_string()).display_name("brand".to_owned());
/// let inner = AssetFolder::builder().id(year.to_string()).display_name("2026".to_owned());
/// let inner = inner.parent_folder(brand.to_string());
/// let tree = FolderTree::new([folder.try_into()?, inner.try_into()?]);
///
/// assert_eq!(tree.find("brand/2026"), Some(year));
/// assert_eq!(tree.path(year).as_deref(), Some("brand/2026"));
/// assert_eq!(tree.find("brand/2027"), None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct FolderTree {
    folders: HashMap<FolderId, Place>,
    /// The oldest first.
    children: HashMap<(Option<FolderId>, String), Vec<FolderId>>,
}

#[derive(Clone, Debug)]
struct Place {
    parent: Option<FolderId>,
    name: String,
}

impl FolderTree {
    /// Sorts folders into a tree. Those without a valid id or a name are left out, and a folder
    /// whose parent is not among them is at the top.
    #[must_use]
    pub fn new(folders: impl IntoIterator<Item = AssetFolder>) -> Self {
        let id = |text: Option<&str>| text.and_then(|text| FolderId::try_from(text).ok());
        let mut folders: Vec<AssetFolder> = folders.into_iter().collect();
        // Dates of one format sort as texts do. Those of one date stay in the order of the list.
        folders.sort_by(|a, b| a.created_on.cmp(&b.created_on));
        let known: HashSet<FolderId> = folders.iter().filter_map(|f| id(f.id.as_deref())).collect();
        let mut tree = Self::default();
        for folder in folders {
            let (Some(id), parent) = (
                id(folder.id.as_deref()),
                id(folder.parent_folder.as_deref()),
            ) else {
                continue;
            };
            let Some(name) = folder.display_name else {
                continue;
            };
            let parent = parent.filter(|parent| known.contains(parent));
            tree.insert(id, parent, name);
        }
        tree
    }

    /// Adds a folder that was created since. It is younger than those that are there.
    pub fn insert(&mut self, id: FolderId, parent: Option<FolderId>, name: impl Into<String>) {
        // A list that changes while it is read can have a folder twice.
        if let Entry::Vacant(entry) = self.folders.entry(id) {
            let name = name.into();
            let named = self.children.entry((parent, name.clone()));
            named.or_default().push(id);
            entry.insert(Place { parent, name });
        }
    }

    /// The id of the folder at a path.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<FolderId> {
        let mut names = path.split('/');
        names
            .try_fold(None, |parent, name| self.child(parent, name).map(Some))
            .flatten()
    }

    /// The id of the folder with this name in a folder, or at the top.
    #[must_use]
    pub fn child(&self, parent: Option<FolderId>, name: &str) -> Option<FolderId> {
        self.named(parent, name).first().copied()
    }

    /// The ids of all folders with this name in a folder, or at the top: the oldest first.
    pub(crate) fn named(&self, parent: Option<FolderId>, name: &str) -> &[FolderId] {
        let named = self.children.get(&(parent, name.to_owned()));
        named.map_or(&[], Vec::as_slice)
    }

    #[cfg(feature = "sync")]
    pub(crate) fn contains(&self, id: FolderId) -> bool {
        self.folders.contains_key(&id)
    }

    /// The path of a folder.
    #[must_use]
    pub fn path(&self, id: FolderId) -> Option<String> {
        Some(self.names(id)?.join("/"))
    }

    /// The names that lead from the top of the site to a folder, its own last.
    #[must_use]
    pub fn names(&self, id: FolderId) -> Option<Vec<&str>> {
        let mut place = self.folders.get(&id)?;
        let mut names = vec![place.name.as_str()];
        // Folders in a circle end where all have been seen.
        while let Some(parent) = place.parent.and_then(|parent| self.folders.get(&parent))
            && names.len() < self.folders.len()
        {
            names.push(&parent.name);
            place = parent;
        }
        names.reverse();
        Some(names)
    }
}

impl ListAllFolders {
    /// Requests all folders and sorts them into a tree.
    ///
    /// # Errors
    ///
    /// A request failed.
    pub async fn tree(self) -> Result<FolderTree, Error<ApiError>> {
        let folders: Vec<AssetFolder> = self.stream().try_collect().await?;
        Ok(FolderTree::new(folders))
    }
}
