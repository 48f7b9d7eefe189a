//! Compares the tree, the lock file and the site, cheapest check first.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
};

use futures_util::{Stream, StreamExt, stream};

use super::{
    DirSync,
    action::{Action, Planned, find},
    delete::{self, Decision, Situation},
    error::{Problem, ProblemKind, SyncError},
    folders,
    ledger::{self, Ledger},
    listing::Listing,
    names::{self, LongNames, split},
    plan::Plan,
    stamps::Stamps,
    state_dir::StateDir,
    walk::is_absent,
};
use crate::{
    id::{Md5, SiteId},
    source::{LFS_POINTERS, MAX_LEN, Source, blocking, is_lfs_pointer, read_regular},
};

/// How many files are read at a time.
const READERS: usize = 4;

impl DirSync {
    /// Makes a plan. Files are read only if neither the lock file nor their size and times show
    /// whether they changed, and small ones that are to be uploaded, which may be Git LFS pointers.
    /// Nothing is written; nothing is sent, unless the site is listed for [`verify`](Self::verify)
    /// or [`delete`](Self::delete).
    ///
    /// # Errors
    ///
    /// [`SyncError`] says which of them leave everything as it was.
    pub async fn plan(self) -> Result<Plan, SyncError> {
        compare(self).await
    }

    fn check(&self) -> Result<SiteId, SyncError> {
        folders::check_path(&self.folder)?;
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
    draft.name();
    draft.find_pointers().await;
    let decision = if draft.sync.delete {
        draft.deletions().await
    } else {
        Decision::default()
    };
    Ok(draft.finish(decision))
}

/// A plan that is being made.
struct Draft {
    sync: DirSync,
    site: SiteId,
    ledger: Ledger,
    stamps: Stamps,
    /// Sorted by path.
    files: Vec<Planned>,
    problems: Vec<Problem>,
    /// The MD5 of files that were read, if the deletions depend on them.
    read: HashMap<String, Md5>,
    listing: Option<Listing>,
}

impl Draft {
    /// Compares without reading files. Returns those whose size equals the recorded size: only
    /// their content shows whether they changed.
    fn new(sync: DirSync, site: SiteId) -> Result<(Self, Vec<Planned>), SyncError> {
        // The largest first: its text takes more memory than what is known of the files.
        let state = StateDir::open(&sync.dir, sync.lock_file.as_deref())?;
        let loaded = ledger::load(&state)?;
        ledger::check_bound(&loaded.0, &state, site, &sync.folder)?;
        let stamps = state.stamps();
        let tree = sync.filter.walk(&sync.dir, state.lock_in_root())?;
        let ledger = Ledger::new(state, loaded, site, sync.folder.clone());
        let lock = &ledger.lock;
        let is_there = |path: &str| {
            let place = tree.files.binary_search_by(|(it, _)| it.as_str().cmp(path));
            // A file that is only left out by a pattern is not gone.
            place.is_ok() || !is_absent(&sync.dir.join(path))
        };
        let gone = lock.files().filter(|(path, _)| !is_there(path));
        let mut files: Vec<_> = gone
            .map(|(path, locked)| Planned {
                path: path.to_owned(),
                action: Action::Gone,
                size: locked.size,
                stamp: None,
                name: None,
            })
            .collect();
        let mut unsure = Vec::new();
        for (path, stamp) in tree.files {
            let known = || stamps.md5(&path, stamp).filter(|_| !sync.checksum);
            let action = match lock.get(&path) {
                None => Action::New,
                Some(locked) if locked.size != stamp.size => Action::Changed,
                Some(locked) => {
                    let Some(md5) = known() else {
                        unsure.push(Planned::new(path, Action::Changed, stamp));
                        continue;
                    };
                    unchanged_if(md5 == locked.md5)
                }
            };
            files.push(Planned::new(path, action, stamp));
        }
        let draft = Self {
            sync,
            site,
            ledger,
            stamps,
            files,
            problems: tree.problems,
            read: HashMap::new(),
            listing: None,
        };
        Ok((draft, unsure))
    }

    /// Reads the files that only their content can decide about.
    async fn decide(&mut self, unsure: Vec<Planned>) {
        let mut read = read_all(self.sync.dir.clone(), unsure);
        while let Some((mut file, result)) = read.next().await {
            let Some(md5) = self.take_read(&file, result) else {
                continue;
            };
            let locked = self.ledger.lock.get(&file.path).map(|locked| locked.md5);
            file.action = unchanged_if(locked == Some(md5));
            self.files.push(file);
        }
        self.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    }

    /// Records the MD5 of a file that was read, or a problem if it could not be.
    fn take_read(&mut self, file: &Planned, result: Result<Md5, String>) -> Option<Md5> {
        match result {
            Ok(md5) => {
                if let Some(stamp) = file.stamp {
                    self.stamps.insert(&file.path, stamp, md5);
                }
                if self.sync.delete {
                    self.read.insert(file.path.clone(), md5);
                }
                Some(md5)
            }
            Err(reason) => {
                self.problems.push(Problem {
                    path: file.path.clone(),
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
        for file in &mut self.files {
            if file.action == Action::Unchanged
                && let Some(locked) = self.ledger.lock.get(&file.path)
                && !listing.serves(locked.asset, locked.size)
            {
                file.action = Action::Missing;
            }
        }
        self.listing = Some(listing);
        Ok(())
    }

    /// Gives the files to upload names that Webflow accepts. A file without such a name is a
    /// problem.
    fn name(&mut self) {
        let mut shortened = Vec::new();
        let mut taken = HashSet::new();
        let uploads = self.files.iter().enumerate();
        for (index, file) in uploads.filter(|(_, file)| file.action.is_upload()) {
            if let Some(kind) = self.refusal(file) {
                let path = file.path.clone();
                self.problems.push(Problem { path, kind });
                continue;
            }
            if names::excess(file.file_name()).is_none() {
                continue;
            }
            let beside = |name: &str| match split(&file.path).0 {
                "" => name.to_owned(),
                dir => format!("{dir}/{name}"),
            };
            let short = names::shorten(&file.path, |name| {
                let path = beside(name);
                taken.contains(&path)
                    || find(&self.files, &path).is_some_and(|it| it.action != Action::Gone)
            });
            taken.insert(beside(&short));
            shortened.push((index, short));
        }
        for (index, short) in shortened {
            if let Some(file) = self.files.get_mut(index) {
                file.name = Some(short.into());
            }
        }
    }

    /// Finds the Git LFS pointers among the files to upload, which a run would refuse.
    async fn find_pointers(&mut self) {
        let small = |file: &&Planned| file.action.is_upload() && file.size < LFS_POINTERS as u64;
        let small = self.files.iter().filter(small);
        let mut paths: Vec<String> = small.map(|file| file.path.clone()).collect();
        let dir = self.sync.dir.clone();
        let pointers = blocking(move || {
            // What cannot be read fails when it is uploaded.
            let read = |path: &String| read_regular(&dir.join(path), LFS_POINTERS as u64);
            paths.retain(|path| read(path).is_ok_and(|content| is_lfs_pointer(&content)));
            paths
        })
        .await;
        self.problems
            .extend(pointers.into_iter().map(|path| Problem {
                path,
                kind: ProblemKind::LfsPointer,
            }));
    }

    /// Why a file cannot be uploaded under any name.
    fn refusal(&self, file: &Planned) -> Option<ProblemKind> {
        if file.path.contains(char::is_control) {
            return Some(ProblemKind::ControlCharacter);
        }
        if file.size > MAX_LEN {
            return Some(ProblemKind::TooLarge { len: file.size });
        }
        let excess = names::excess(file.file_name());
        let len = excess.filter(|_| self.sync.long_names == LongNames::Refuse)?;
        Some(ProblemKind::LongName { len })
    }

    /// Decides what is deleted. Files to upload whose size is that of a candidate are read: they
    /// may need its asset.
    async fn deletions(&mut self) -> Decision {
        let Some(listing) = self.listing.take() else {
            return Decision::default();
        };
        let candidates = delete::candidates(&self.ledger.lock, &self.files, &listing);
        let sizes: HashSet<u64> = candidates.values().map(|asset| asset.size).collect();
        let mut contents = HashSet::new();
        let mut unread = Vec::new();
        let files = self.files.iter();
        let uploads = files.filter(|it| it.action.is_upload() && self.refusal(it).is_none());
        for upload in uploads.filter(|it| sizes.contains(&it.size)) {
            let locked = || self.ledger.lock.get(&upload.path).map(|locked| locked.md5);
            let known = match upload.action {
                Action::Missing => locked(),
                _ => self.read.get(&upload.path).copied(),
            };
            match known {
                Some(md5) => drop(contents.insert(md5)),
                None => unread.push(upload.clone()),
            }
        }
        let mut read = read_all(self.sync.dir.clone(), unread);
        while let Some((file, result)) = read.next().await {
            match self.take_read(&file, result) {
                Some(md5) => drop(contents.insert(md5)),
                None => self.files.retain(|it| it.path != file.path),
            }
        }
        let decision = delete::decide(
            candidates,
            &Situation {
                lock: &self.ledger.lock,
                files: &self.files,
                contents: &contents,
                listing: &listing,
                has_problems: !self.problems.is_empty(),
                max_delete: self.sync.max_delete,
            },
        );
        self.listing = Some(listing);
        for file in &mut self.files {
            if file.action == Action::Gone
                && let Some(locked) = self.ledger.lock.get(&file.path)
                && decision.deletes(locked.asset)
            {
                file.action = Action::Delete;
            }
        }
        decision
    }

    fn finish(mut self, decision: Decision) -> Plan {
        self.problems.sort_by(|a, b| a.path.cmp(&b.path));
        let there = self.files.iter().filter(|file| file.stamp.is_some());
        self.stamps.retain(there.map(|file| file.path.as_str()));
        let problems = self.problems.iter();
        let left_out: HashSet<&str> = problems.map(|problem| problem.path.as_str()).collect();
        self.files
            .retain(|file| !left_out.contains(file.path.as_str()));
        Plan {
            sync: self.sync,
            site: self.site,
            ledger: self.ledger,
            stamps: self.stamps,
            files: self.files,
            decision,
            listing: self.listing,
            problems: self.problems,
        }
    }
}

fn unchanged_if(same: bool) -> Action {
    if same {
        Action::Unchanged
    } else {
        Action::Changed
    }
}

/// Reads files and computes their MD5.
fn read_all(
    dir: PathBuf,
    files: Vec<Planned>,
) -> impl Stream<Item = (Planned, Result<Md5, String>)> {
    stream::iter(files)
        .map(move |file| {
            let source = Source::path(dir.join(&file.path));
            async move {
                let read = source.hash().await;
                let md5 = read.map(|hashed| hashed.md5);
                (file, md5.map_err(|error| error.to_string()))
            }
        })
        .buffer_unordered(READERS)
}
