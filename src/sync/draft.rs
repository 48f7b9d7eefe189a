//! A plan in the making: what tells whether a file changed, from the cheapest to the dearest.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    Action, DirSync, Listener, LongNames, Plan, Planned, Problem, ProblemKind, SyncError,
    lock::{LockFile, Locked},
    names,
    plan::{ToUpload, blocking, split},
    state::{Stamps, State},
    walk::{Found, Tree},
};
use crate::source::{Md5, Source};

/// Files that are read at a time to find out whether they changed.
const READERS: usize = 4;

pub(super) async fn make(sync: DirSync) -> Result<Plan, SyncError> {
    let (mut draft, unsure) = blocking(move || Draft::of(sync)).await?;
    draft.decide(unsure).await;
    if draft.sync.verify {
        draft.verify().await?;
    }
    blocking(move || Ok(draft.finish())).await
}

/// A plan in the making.
struct Draft {
    sync: DirSync,
    state: State,
    stamps: Stamps,
    lock: LockFile,
    tree: Tree,
    actions: BTreeMap<String, Action>,
}

/// A file whose size is that of the lock file: its content tells whether it changed.
struct Unsure {
    path: String,
    file: Found,
    locked: Md5,
}

impl Draft {
    fn of(sync: DirSync) -> Result<(Self, Vec<Unsure>), SyncError> {
        // Before anything is written: a pattern or a directory that is wrong leaves no trace.
        let tree = sync.filter.walk(&sync.dir)?;
        let state = State::open(&sync.dir)?;
        let lock = LockFile::read(sync.dir.join(LockFile::NAME))?;
        let lock = lock.unwrap_or_else(|| LockFile {
            site: sync.site.clone(),
            folder: sync.folder.clone(),
            ..LockFile::default()
        });
        for (what, locked, given) in [
            ("the site", &lock.site, &sync.site),
            ("the folder", &lock.folder, &sync.folder),
        ] {
            if locked != given {
                return Err(SyncError::Elsewhere {
                    what,
                    locked: locked.clone(),
                    given: given.clone(),
                });
            }
        }
        let mut draft = Self {
            stamps: state.stamps(),
            state,
            lock,
            actions: BTreeMap::new(),
            tree: Tree::default(),
            sync,
        };
        let mut unsure = Vec::new();
        for (path, file) in &tree.files {
            let action = match draft.lock.get(path) {
                None => Action::New,
                Some(locked) if locked.size != file.stamp.size => Action::Changed,
                Some(locked) => match draft.stamps.md5(path, file.stamp) {
                    Some(md5) if md5 == locked.md5 => Action::Unchanged,
                    Some(_) => Action::Changed,
                    None => {
                        unsure.push(Unsure {
                            path: path.clone(),
                            file: file.clone(),
                            locked: locked.md5,
                        });
                        continue;
                    }
                },
            };
            draft.actions.insert(path.clone(), action);
        }
        draft.add_gone(&tree);
        draft.tree = tree;
        Ok((draft, unsure))
    }

    /// What the lock file has and the directory does not. A file that is only left out by a
    /// pattern is not gone.
    fn add_gone(&mut self, tree: &Tree) {
        let action = if self.sync.delete && !tree.incomplete {
            Action::Delete
        } else {
            Action::Gone
        };
        let known = |path: &&String| !tree.files.contains_key(*path);
        for path in self.lock.files.keys().filter(known) {
            match self.sync.dir.join(path).symlink_metadata() {
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                    ) =>
                {
                    self.actions.insert(path.clone(), action);
                }
                _ => {}
            }
        }
    }

    /// Reads the files that nothing else tells about.
    async fn decide(&mut self, unsure: Vec<Unsure>) {
        let mut read = stream::iter(unsure)
            .map(|Unsure { path, file, locked }| async move {
                let md5 = Source::path(&file.path)
                    .hash()
                    .await
                    .map(|hashed| hashed.md5);
                (path, file.stamp, locked, md5)
            })
            .buffer_unordered(READERS);
        while let Some((path, stamp, locked, md5)) = read.next().await {
            match md5 {
                Ok(md5) => {
                    if stamp.is_settled() {
                        self.stamps.insert(&path, stamp, md5);
                    }
                    let action = if md5 == locked {
                        Action::Unchanged
                    } else {
                        Action::Changed
                    };
                    self.actions.insert(path, action);
                }
                Err(error) => {
                    self.tree.files.remove(&path);
                    self.tree.problems.push(Problem {
                        path,
                        kind: ProblemKind::Unreadable(error.to_string()),
                    });
                }
            }
        }
    }

    /// Holds the lock file against what the site has.
    async fn verify(&mut self) -> Result<(), SyncError> {
        let list = self.sync.client.list_all_assets(self.sync.site.as_str());
        let mut there = BTreeMap::new();
        let mut assets = list.stream();
        let failed = |error| SyncError::List {
            what: "assets",
            source: Box::new(error),
        };
        while let Some(asset) = assets.try_next().await.map_err(failed)? {
            if let Some(id) = asset.id {
                there.insert(id, asset.size);
            }
        }
        for (path, action) in &mut self.actions {
            if let Some(Locked { asset, size, .. }) = self.lock.get(path)
                && *action == Action::Unchanged
                && !there.get(asset).is_some_and(|stated| {
                    // A size that is not stated says nothing.
                    stated.is_none_or(|stated| u64::try_from(stated) == Ok(*size))
                })
            {
                *action = Action::Missing;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Plan {
        let (uploads, problems) = self.uploads();
        self.tree.problems.extend(problems);
        self.tree.problems.sort_by(|a, b| a.path.cmp(&b.path));
        let files = &self.tree.files;
        self.stamps.retain(|path| files.contains_key(path));
        self.state.save_stamps(&self.stamps);
        let size = |path: &str| match (files.get(path), self.lock.get(path)) {
            (Some(found), _) => found.stamp.size,
            (None, Some(locked)) => locked.size,
            (None, None) => 0,
        };
        let left_out: BTreeSet<&str> = self
            .tree
            .problems
            .iter()
            .map(|problem| problem.path.as_str())
            .collect();
        let planned = self
            .actions
            .iter()
            .filter(|(path, _)| !left_out.contains(path.as_str()))
            .map(|(path, action)| Planned {
                path: path.clone(),
                action: *action,
                size: size(path),
            })
            .collect();
        Plan {
            planned,
            sync: self.sync,
            state: Arc::new(self.state),
            stamps: self.stamps,
            lock: self.lock,
            uploads,
            incomplete: self.tree.incomplete,
            problems: self.tree.problems,
            listener: Listener(None),
        }
    }

    /// The files to upload, each with a name that Webflow takes.
    fn uploads(&self) -> (Vec<ToUpload>, Vec<Problem>) {
        let mut taken: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for path in self.tree.files.keys() {
            let (dir, name) = split(path);
            taken.entry(dir).or_default().insert(name.to_owned());
        }
        let mut uploads = Vec::new();
        let mut problems = Vec::new();
        for (path, action) in &self.actions {
            let Some(file) = self.tree.files.get(path).filter(|_| action.is_upload()) else {
                continue;
            };
            let (dir, name) = split(path);
            let name = match (names::excess(name), self.sync.long_names) {
                (None, _) => name.to_owned(),
                (Some(len), LongNames::Refuse) => {
                    problems.push(Problem {
                        path: path.clone(),
                        kind: ProblemKind::LongName { len },
                    });
                    continue;
                }
                (Some(_), LongNames::Shorten) => {
                    let taken = taken.entry(dir).or_default();
                    let short = names::shorten(path, taken);
                    taken.insert(short.clone());
                    short
                }
            };
            uploads.push(ToUpload {
                path: path.clone(),
                action: *action,
                file: file.clone(),
                name,
            });
        }
        (uploads, problems)
    }
}
