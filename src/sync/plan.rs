//! What there is to do: the tree on one side, the lock file on the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::task::spawn_blocking;

use super::{
    DirSync, Listener, LongNames, Problem, ProblemKind, Report, SyncError, SyncEvent,
    lock::{LockFile, Locked},
    names, run,
    state::{Stamps, State},
    walk::{Found, Tree},
};
use crate::source::{Md5, Source};

/// Files that are read at a time to find out whether they changed.
const READERS: usize = 4;

/// What there is to do to put a directory on a site. It holds the directory: no other
/// synchronisation of it can begin while this one lives.
#[derive(Debug)]
#[must_use = "a plan does nothing until it is sent"]
pub struct Plan {
    pub(super) sync: DirSync,
    pub(super) state: Arc<State>,
    pub(super) stamps: Stamps,
    pub(super) lock: LockFile,
    pub(super) planned: Vec<Planned>,
    pub(super) uploads: Vec<ToUpload>,
    pub(super) problems: Vec<Problem>,
    /// Not all of the tree could be read.
    pub(super) incomplete: bool,
    pub(super) listener: Listener,
}

/// A path, and what is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Planned {
    /// The path, relative to the directory and with `/` between its parts.
    pub path: String,
    /// What is to be done.
    pub action: Action,
    /// The length of the file in bytes; for one that is gone, of what it was.
    pub size: u64,
}

/// What is to be done about a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Action {
    /// It is not in the lock file, and is uploaded.
    New,
    /// Its content is not what the lock file says, and is uploaded. The asset of its earlier
    /// content is another one.
    Changed,
    /// The site lacks what the lock file says, and it is uploaded again.
    Missing,
    /// It is on the site.
    Unchanged,
    /// The lock file has it, and the directory does not. It is left on the site.
    Gone,
    /// The same, and its asset is deleted.
    Delete,
}

impl Action {
    /// `new`, `changed`, `missing`, `unchanged`, `gone` or `delete`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Unchanged => "unchanged",
            Self::Gone => "gone",
            Self::Delete => "delete",
        }
    }
}

/// A file to upload.
#[derive(Debug)]
pub(super) struct ToUpload {
    pub(super) path: String,
    pub(super) action: Action,
    pub(super) file: Found,
    /// The name of the asset.
    pub(super) name: String,
}

impl Plan {
    pub(super) async fn make(sync: DirSync) -> Result<Self, SyncError> {
        sync.check()?;
        let (mut draft, unsure) = blocking(move || Draft::make(sync)).await?;
        draft.decide(unsure).await?;
        if draft.sync.verify {
            draft.verify().await?;
        }
        blocking(move || Ok(draft.finish())).await
    }

    /// Every path, sorted.
    #[must_use]
    pub fn files(&self) -> &[Planned] {
        &self.planned
    }

    /// What is left out, and why.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Assets of earlier content that will be deleted: `(path, asset id)`. Those that this plan
    /// replaces are deleted too.
    pub fn replaced(&self) -> impl Iterator<Item = (&str, &str)> {
        let deletes = self.deletes();
        let replaced = self.lock.replaced.iter().filter(move |_| deletes);
        replaced.map(|(asset, path)| (path.as_str(), asset.as_str()))
    }

    /// Whether anything may be deleted: where a part of the tree cannot be read, what is gone is
    /// not known.
    pub(super) fn deletes(&self) -> bool {
        self.sync.delete && !self.incomplete
    }

    /// The directory of the plan's lock file.
    #[must_use]
    pub fn dir(&self) -> &std::path::Path {
        &self.sync.dir
    }

    /// Calls `on_event` for everything that happens.
    pub fn on_event(mut self, on_event: impl Fn(SyncEvent<'_>) + Send + Sync + 'static) -> Self {
        self.listener = Listener(Some(Arc::new(on_event)));
        self
    }

    /// Does what was planned. Dropping the future stops it, and writes the lock file.
    ///
    /// What fails for a reason that may pass is tried again after the others, as often as the
    /// client's [`RetryPolicy`](crate::RetryPolicy) has attempts: a create call that may have
    /// arrived as well, as Webflow finds the asset by its content.
    ///
    /// # Errors
    ///
    /// What stops all of it. A file that fails is in the report.
    pub async fn send(self) -> Result<Report, SyncError> {
        run::run(self).await
    }
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
    fn make(sync: DirSync) -> Result<(Self, Vec<Unsure>), SyncError> {
        // Before anything is written: a pattern or a directory that is wrong leaves no trace.
        let mut tree = sync.filter.walk(&sync.dir)?;
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
        draft.add_gone(&mut tree);
        draft.tree = tree;
        Ok((draft, unsure))
    }

    /// What the lock file has and the directory does not. A file that is only left out by a
    /// pattern is not gone.
    fn add_gone(&mut self, tree: &mut Tree) {
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
    async fn decide(&mut self, unsure: Vec<Unsure>) -> Result<(), SyncError> {
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
        Ok(())
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
            if !matches!(action, Action::New | Action::Changed | Action::Missing) {
                continue;
            }
            let Some(file) = self.tree.files.get(path) else {
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

/// The directory and the name of a path.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Runs work on files off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SyncError> + Send + 'static,
) -> Result<T, SyncError> {
    match spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
