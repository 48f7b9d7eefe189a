//! Compares the tree, the lock file and the site, cheapest check first.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::PathBuf,
};

use futures_util::{Stream, StreamExt, stream};

use super::{
    DirSync,
    action::{Action, Planned, ToUpload},
    delete::{self, Decision, Situation},
    error::{Problem, ProblemKind, SyncError},
    journal,
    ledger::Ledger,
    listing::Listing,
    lock_file::LockFile,
    names::{self, LongNames, split},
    plan::Plan,
    stamps::Stamps,
    state_dir::StateDir,
    walk::{Tree, is_absent},
};
use crate::{
    id::{Md5, SiteId},
    source::{Source, Stamp, blocking},
};

/// How many files are read at a time.
const READERS: usize = 4;

impl DirSync {
    /// Makes a plan. Files are read only if neither the lock file nor their size and times show
    /// whether they changed. Nothing is written; nothing is sent, unless the site is listed
    /// for [`verify`](Self::verify) or [`delete`](Self::delete).
    ///
    /// # Errors
    ///
    /// [`SyncError`] says which of them leave everything as it was.
    pub async fn plan(self) -> Result<Plan, SyncError> {
        compare(self).await
    }

    fn check(&self) -> Result<SiteId, SyncError> {
        if !self.folder.is_empty() && self.folder.split('/').any(str::is_empty) {
            return Err(SyncError::FolderPath(self.folder.clone()));
        }
        SiteId::try_from(&self.site).map_err(|_| SyncError::SiteId(self.site.clone()))
    }
}

/// Compares in several steps, and returns the plan.
async fn compare(sync: DirSync) -> Result<Plan, SyncError> {
    let site = sync.check()?;
    let (mut draft, unsure) = blocking(move || Draft::new(sync, site)).await?;
    draft.decide(unsure).await;
    if draft.sync.verify || draft.sync.delete {
        draft.verify().await?;
    }
    let mut uploads = draft.uploads();
    let decision = if draft.sync.delete {
        draft.deletions(&mut uploads).await
    } else {
        Decision::default()
    };
    Ok(draft.finish(uploads, decision))
}

/// A plan that is being made.
struct Draft {
    sync: DirSync,
    site: SiteId,
    ledger: Ledger,
    stamps: Stamps,
    tree: Tree,
    actions: BTreeMap<String, Action>,
    /// The MD5 of files that were read.
    read: HashMap<String, Md5>,
    listing: Option<Listing>,
}

impl Draft {
    /// Compares without reading files. Returns those whose size equals the recorded size: only
    /// their content shows whether they changed.
    fn new(sync: DirSync, site: SiteId) -> Result<(Self, Vec<(String, Stamp)>), SyncError> {
        let tree = sync.filter.walk(&sync.dir)?;
        let state = StateDir::open(&sync.dir)?;
        let loaded = load(&state)?;
        check_bound(&loaded.0, site, &sync.folder)?;
        let stamps = state.stamps();
        let ledger = Ledger::new(state, loaded, site, sync.folder.clone());
        let lock = &ledger.lock;
        let mut actions = BTreeMap::new();
        let mut unsure = Vec::new();
        for (path, stamp) in &tree.files {
            let known = || stamps.md5(path, *stamp).filter(|_| !sync.checksum);
            let action = match lock.get(path) {
                None => Action::New,
                Some(locked) if locked.size != stamp.size => Action::Changed,
                Some(locked) => {
                    let Some(md5) = known() else {
                        unsure.push((path.clone(), *stamp));
                        continue;
                    };
                    unchanged_if(md5 == locked.md5)
                }
            };
            actions.insert(path.clone(), action);
        }
        // A file that is only left out by a pattern is not gone.
        for path in lock.files.keys() {
            if !tree.files.contains_key(path) && is_absent(&sync.dir.join(path)) {
                actions.insert(path.clone(), Action::Gone);
            }
        }
        let draft = Self {
            sync,
            site,
            ledger,
            stamps,
            tree,
            actions,
            read: HashMap::new(),
            listing: None,
        };
        Ok((draft, unsure))
    }

    /// Reads the files that only their content can decide about.
    async fn decide(&mut self, unsure: Vec<(String, Stamp)>) {
        let mut read = read_all(self.sync.dir.clone(), unsure);
        while let Some((path, stamp, result)) = read.next().await {
            let Some(md5) = self.take_read(&path, stamp, result) else {
                continue;
            };
            let locked = self.ledger.lock.get(&path).map(|locked| locked.md5);
            self.actions.insert(path, unchanged_if(locked == Some(md5)));
        }
    }

    /// Records the MD5 of a file that was read, or a problem if it could not be.
    fn take_read(&mut self, path: &str, stamp: Stamp, result: Result<Md5, String>) -> Option<Md5> {
        match result {
            Ok(md5) => {
                self.stamps.insert(path, stamp, md5);
                self.read.insert(path.to_owned(), md5);
                Some(md5)
            }
            Err(reason) => {
                self.tree.files.remove(path);
                self.actions.remove(path);
                self.tree.problems.push(Problem {
                    path: path.to_owned(),
                    kind: ProblemKind::Unreadable(reason),
                });
                None
            }
        }
    }

    /// Compares the lock file with what the site has.
    async fn verify(&mut self) -> Result<(), SyncError> {
        let files = self.ledger.lock.files.values().map(|file| file.asset);
        let wanted: HashSet<_> = files
            .chain(self.ledger.lock.replaced.keys().copied())
            .collect();
        let listing = if wanted.is_empty() {
            Listing::default()
        } else {
            let listing = Listing::of(&self.sync.client, self.site, &wanted).await?;
            if self.sync.delete {
                listing.with_folders(&self.sync.client, self.site).await?
            } else {
                listing
            }
        };
        for (path, action) in &mut self.actions {
            if *action == Action::Unchanged
                && let Some(locked) = self.ledger.lock.get(path)
                && !listing.serves(locked.asset, locked.size)
            {
                *action = Action::Missing;
            }
        }
        self.listing = Some(listing);
        Ok(())
    }

    /// The files to upload, each with a name that Webflow accepts. A file without such a name is
    /// a problem.
    fn uploads(&mut self) -> Vec<ToUpload> {
        let mut taken: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for path in self.tree.files.keys() {
            let (dir, name) = split(path);
            if names::excess(name).is_none() {
                taken.entry(dir).or_default().insert(name.to_owned());
            }
        }
        let mut uploads = Vec::new();
        for (path, action) in &self.actions {
            let Some(stamp) = self.tree.files.get(path).filter(|_| action.is_upload()) else {
                continue;
            };
            let (dir, name) = split(path);
            if path.contains(char::is_control) {
                self.tree.problems.push(Problem {
                    path: path.clone(),
                    kind: ProblemKind::ControlCharacter,
                });
                continue;
            }
            let name = match (names::excess(name), self.sync.long_names) {
                (None, _) => None,
                (Some(len), LongNames::Refuse) => {
                    self.tree.problems.push(Problem {
                        path: path.clone(),
                        kind: ProblemKind::LongName { len },
                    });
                    continue;
                }
                (Some(_), LongNames::Shorten) => {
                    let taken = taken.entry(dir).or_default();
                    let short = names::shorten(path, taken);
                    taken.insert(short.clone());
                    Some(short)
                }
            };
            uploads.push(ToUpload {
                path: path.clone(),
                action: *action,
                stamp: *stamp,
                name,
            });
        }
        uploads
    }

    /// Decides what is deleted. Files to upload whose size is that of a candidate are read: they
    /// may need its asset.
    async fn deletions(&mut self, uploads: &mut Vec<ToUpload>) -> Decision {
        let Some(listing) = self.listing.take() else {
            return Decision::default();
        };
        let candidates = delete::candidates(&self.ledger.lock, &self.actions, &listing);
        let sizes: HashSet<u64> = candidates.values().map(|asset| asset.size).collect();
        let mut contents = HashSet::new();
        let mut unread = Vec::new();
        for upload in uploads.iter().filter(|it| sizes.contains(&it.stamp.size)) {
            let locked = || self.ledger.lock.get(&upload.path).map(|locked| locked.md5);
            let known = match upload.action {
                Action::Missing => locked(),
                _ => self.read.get(&upload.path).copied(),
            };
            match known {
                Some(md5) => drop(contents.insert(md5)),
                None => unread.push((upload.path.clone(), upload.stamp)),
            }
        }
        let mut read = read_all(self.sync.dir.clone(), unread);
        while let Some((path, stamp, result)) = read.next().await {
            match self.take_read(&path, stamp, result) {
                Some(md5) => drop(contents.insert(md5)),
                None => uploads.retain(|upload| upload.path != path),
            }
        }
        let decision = delete::decide(
            candidates,
            &Situation {
                lock: &self.ledger.lock,
                actions: &self.actions,
                contents: &contents,
                listing: &listing,
                has_problems: !self.tree.problems.is_empty(),
                max_delete: self.sync.max_delete,
            },
        );
        self.listing = Some(listing);
        for (path, action) in &mut self.actions {
            if *action == Action::Gone
                && let Some(locked) = self.ledger.lock.get(path)
                && decision.deletes(locked.asset)
            {
                *action = Action::Delete;
            }
        }
        decision
    }

    fn finish(mut self, uploads: Vec<ToUpload>, decision: Decision) -> Plan {
        self.tree.problems.sort_by(|a, b| a.path.cmp(&b.path));
        let files = &self.tree.files;
        self.stamps.retain(|path| files.contains_key(path));
        let size = |path: &str| match (files.get(path), self.ledger.lock.get(path)) {
            (Some(stamp), _) => stamp.size,
            (None, Some(locked)) => locked.size,
            (None, None) => 0,
        };
        let problems = self.tree.problems.iter();
        let left_out: BTreeSet<&str> = problems.map(|problem| problem.path.as_str()).collect();
        let actions = self.actions.iter();
        let planned = actions
            .filter(|(path, _)| !left_out.contains(path.as_str()))
            .map(|(path, action)| Planned {
                path: path.clone(),
                action: *action,
                size: size(path),
            });
        Plan {
            planned: planned.collect(),
            sync: self.sync,
            site: self.site,
            ledger: self.ledger,
            stamps: self.stamps,
            uploads,
            decision,
            listing: self.listing,
            problems: self.tree.problems,
        }
    }
}

fn folder(path: &str) -> String {
    match path {
        "" => "the top of the site".to_owned(),
        path => format!("the folder `{path}`"),
    }
}

fn unchanged_if(same: bool) -> Action {
    if same {
        Action::Unchanged
    } else {
        Action::Changed
    }
}

/// Fails if the lock file belongs to another site or folder.
pub(super) fn check_bound(lock: &LockFile, site: SiteId, given: &str) -> Result<(), SyncError> {
    let Some(locked) = lock.site else {
        return Ok(());
    };
    let (locked, given) = if locked == site {
        (folder(&lock.folder), folder(given))
    } else {
        (format!("the site `{locked}`"), format!("the site `{site}`"))
    };
    if locked == given {
        return Ok(());
    }
    Err(SyncError::Elsewhere { locked, given })
}

/// The lock file with the journal applied to it, the MD5 of the file on the disk, and whether the
/// journal adds anything.
pub(super) fn load(state: &StateDir) -> Result<(LockFile, Option<Md5>, bool), SyncError> {
    let (mut lock, md5) = match LockFile::load(state.lock_file())? {
        Some((lock, md5)) => (lock, Some(md5)),
        None => (LockFile::default(), None),
    };
    let journal = state.journal();
    let Some((header, entries)) = journal.and_then(|text| journal::read(&text, md5)) else {
        return Ok((lock, md5, false));
    };
    for entry in entries {
        lock.apply(entry);
    }
    if lock.files.is_empty() && lock.replaced.is_empty() && md5.is_none() {
        // Nothing was uploaded, and nothing is bound to the site.
        return Ok((LockFile::default(), None, false));
    }
    lock.site = Some(header.site);
    lock.folder = header.folder;
    lock.settle();
    Ok((lock, md5, true))
}

/// Reads files and computes their MD5.
fn read_all(
    dir: PathBuf,
    files: Vec<(String, Stamp)>,
) -> impl Stream<Item = (String, Stamp, Result<Md5, String>)> {
    stream::iter(files)
        .map(move |(path, stamp)| {
            let source = Source::path(dir.join(&path));
            async move {
                let read = source.hash().await;
                let md5 = read.map(|hashed| hashed.md5);
                (path, stamp, md5.map_err(|error| error.to_string()))
            }
        })
        .buffer_unordered(READERS)
}
