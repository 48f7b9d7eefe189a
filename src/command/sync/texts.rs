//! The texts of the files of a directory.

use std::collections::HashMap;

use crate::command::{
    args::SyncArgs,
    lock::{self, LookUpError},
    texts::{Entry, Texts},
};

/// The entries of a file of texts that are about the files of a directory, by path.
pub(super) fn within(
    texts: &Texts,
    args: &SyncArgs,
) -> Result<HashMap<String, Entry>, LookUpError> {
    let dir = lock::full(&args.dir)?;
    let mut within = HashMap::new();
    for entry in &texts.entries {
        if let Some(path) = lock::key(&lock::full(&texts.path(entry))?, &dir) {
            within.insert(path, entry.clone());
        }
    }
    Ok(within)
}
