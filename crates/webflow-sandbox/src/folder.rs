//! Asset folders.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::asset::rfc3339;
use crate::encoding::random_hex;

/// A folder of assets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Folder {
    /// 24 hex digits.
    pub id: String,
    /// The name that it is shown under.
    pub display_name: String,
    /// The id of the folder that holds it; `None` at the top of the site.
    pub parent_folder: Option<String>,
    /// When it was created, in RFC 3339 with milliseconds.
    pub created_on: String,
}

impl Folder {
    pub(crate) fn new(display_name: String, parent_folder: Option<String>) -> Self {
        Self {
            id: random_hex(24),
            display_name,
            parent_folder,
            created_on: rfc3339(Timestamp::now()),
        }
    }
}

/// The folders of a site, oldest first. None is ever moved or deleted: the API has no operation for either.
#[derive(Default)]
pub(crate) struct Folders {
    all: Vec<Folder>,
    by_id: HashMap<String, usize>,
}

impl Folders {
    pub(crate) fn add(&mut self, folder: Folder) {
        self.by_id.insert(folder.id.clone(), self.all.len());
        self.all.push(folder);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Folder> {
        self.all.get(*self.by_id.get(id)?)
    }

    pub(crate) fn all(&self) -> &[Folder] {
        &self.all
    }

    /// The ids of the folder `id` and of all those below it.
    pub(crate) fn below<'a>(&'a self, id: &'a str) -> HashSet<&'a str> {
        let mut ids = HashSet::from([id]);
        // A folder is younger than its parent.
        for folder in &self.all {
            let parent = folder.parent_folder.as_deref();
            if parent.is_some_and(|parent| ids.contains(parent)) {
                ids.insert(&folder.id);
            }
        }
        ids
    }
}
