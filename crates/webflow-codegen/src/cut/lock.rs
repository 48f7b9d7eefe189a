//! Stable names: an operation or a type keeps the name that it was first given, whatever the
//! description calls it now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cut::{diff::Difference, facts::Kind};

/// The names of a fragment, which are committed beside it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// The names of operations, by method and path without the names of its parameters.
    pub operations: BTreeMap<String, String>,
    /// The path templates, by the path without the names of its parameters.
    #[serde(default)]
    pub paths: BTreeMap<String, String>,
    /// The names of types by their places: `list_assets.response`, `Asset.variants`.
    pub types: BTreeMap<String, String>,
    /// What the description says where the recipe says something else: no fragment shows when
    /// that changes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub overridden: BTreeMap<String, String>,
}

impl Lock {
    /// These names, and those that were given now.
    #[must_use]
    pub fn with(mut self, given: Self) -> Self {
        self.operations.extend(given.operations);
        self.paths.extend(given.paths);
        self.types.extend(given.types);
        self.overridden = given.overridden;
        self
    }

    /// What the description says otherwise now where the recipe overrides it.
    #[must_use]
    pub fn overridden(&self, new: &Self) -> Vec<Difference> {
        let changed = self.overridden.iter().filter_map(|(place, old)| {
            let new = new.overridden.get(place).filter(|new| *new != old)?;
            Some(Difference {
                kind: Kind::Description,
                place: place.clone(),
                change: format!("where the recipe overrides it: `{old}` → `{new}`"),
                breaking: false,
            })
        });
        changed.collect()
    }

    /// The names that differ in `new`, as lines of the report.
    #[must_use]
    pub fn renamed(&self, new: &Self) -> Vec<String> {
        let pairs = [
            (&self.operations, &new.operations),
            (&self.types, &new.types),
        ];
        let mut renamed = Vec::new();
        for (old, new) in pairs {
            for (place, name) in old {
                if let Some(other) = new.get(place).filter(|other| *other != name) {
                    renamed.push(format!("`{name}` is renamed `{other}` (at `{place}`)"));
                }
            }
        }
        renamed
    }
}
