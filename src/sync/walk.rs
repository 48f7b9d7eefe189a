//! The files of a directory tree.

use std::{
    io,
    path::{Path, PathBuf},
};

use ignore::{
    DirEntry, WalkBuilder,
    overrides::{Override, OverrideBuilder},
};

use super::{
    error::{Problem, ProblemKind, SyncError},
    lock::LockFile,
    state,
};
pub(super) use crate::source::Stamp;

/// Which files of a tree are meant.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) hidden: bool,
    pub(super) follow: bool,
}

/// A file that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
}

/// What was found in a tree.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// By the path relative to the root, with `/` between its parts; sorted.
    pub(super) files: std::collections::BTreeMap<String, Found>,
    pub(super) problems: Vec<Problem>,
    /// Some directory could not be read: what is missing may be there all the same.
    pub(super) incomplete: bool,
}

impl Filter {
    /// Hidden files, and what an `.ignore` file names, are left out; links are not followed
    /// unless that is asked for, and then not in circles.
    pub(super) fn walk(&self, root: &Path) -> Result<Tree, SyncError> {
        let unreadable = |source| SyncError::Directory {
            dir: root.to_owned(),
            source,
        };
        let metadata = root.metadata().map_err(unreadable)?;
        if !metadata.is_dir() {
            return Err(unreadable(io::ErrorKind::NotADirectory.into()));
        }
        // The walk itself would let what is included in, hidden or ignored as it may be.
        let include = overrides(root, self.include.iter().cloned())?;
        let hidden = self.hidden;
        let filter = move |entry: &DirEntry| {
            let name = entry.file_name();
            let is_hidden = name.as_encoded_bytes().starts_with(b".");
            name != state::NAME && (hidden || entry.depth() == 0 || !is_hidden)
        };
        let walk = WalkBuilder::new(root)
            .standard_filters(false)
            .ignore(true)
            .follow_links(self.follow)
            .overrides(overrides(
                root,
                self.exclude.iter().map(|glob| format!("!{glob}")),
            )?)
            .filter_entry(filter)
            .build();
        let mut tree = Tree::default();
        for entry in walk {
            let result = entry.and_then(|entry| {
                if !include.is_empty() && !include.matched(entry.path(), false).is_whitelist() {
                    return Ok(());
                }
                tree.add(root, &entry)
            });
            if let Err(error) = result {
                tree.incomplete = true;
                tree.problems.push(Problem::walk(root, error));
            }
        }
        Ok(tree)
    }
}

fn overrides(root: &Path, globs: impl Iterator<Item = String>) -> Result<Override, SyncError> {
    let refuse = |error: ignore::Error| SyncError::Glob(error.to_string());
    let mut builder = OverrideBuilder::new(root);
    for glob in globs {
        builder.add(&glob).map_err(refuse)?;
    }
    builder.build().map_err(refuse)
}

impl Tree {
    fn add(&mut self, root: &Path, entry: &DirEntry) -> Result<(), ignore::Error> {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return Ok(());
        }
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
        let Some(parts) = parts else {
            self.problems.push(Problem {
                path: relative.display().to_string(),
                kind: ProblemKind::NotUtf8,
            });
            return Ok(());
        };
        let relative = parts.join("/");
        if relative == LockFile::NAME {
            return Ok(());
        }
        let found = Found {
            path: entry.path().to_owned(),
            stamp: Stamp::of(&entry.metadata()?),
        };
        self.files.insert(relative, found);
        Ok(())
    }
}
