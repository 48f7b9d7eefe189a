//! Which file each asset belongs in, and what is recorded of it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs,
    path::Path,
    sync::Arc,
};

use super::{
    PullEvent, PullReport,
    error::PullError,
    fetch::size,
    layout::{Layout, name, safe},
    place,
};
use crate::{
    api::folders::FolderTree,
    generated::types::Asset,
    id::{AssetId, FolderId, SiteId},
    source::Stamp,
    sync::{
        error::SyncError,
        journal::Entry,
        ledger::{self, Ledger},
        locked::Locked,
        names::split,
        stamps::Stamps,
        state_dir::StateDir,
    },
};

/// An asset and the file that it belongs in.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) path: String,
    pub(super) id: AssetId,
    pub(super) asset: Arc<Asset>,
    /// The path on the site, if the file has another one.
    pub(super) renamed: Option<String>,
}

/// How a job ended.
pub(super) enum Done {
    Pulled { entry: Locked, stamp: Stamp },
    Kept,
    Failed(PullError),
}

/// What is recorded of a pull.
pub(super) struct Record {
    pub(super) ledger: Ledger,
    stamps: Stamps,
    report: PullReport,
    /// Whether anything is written.
    writes: bool,
}

impl Record {
    /// Creates the directory and acquires the right to write to it.
    pub(super) fn open(
        dir: &Path,
        lock_file: Option<&Path>,
        site: SiteId,
        folder: String,
    ) -> Result<Self, SyncError> {
        fs::create_dir_all(dir).map_err(|source| SyncError::State {
            path: dir.to_owned(),
            source,
        })?;
        let state = StateDir::open(dir, lock_file)?;
        let loaded = ledger::load(&state)?;
        ledger::check_bound(&loaded.0, &state, site, &folder)?;
        Ok(Self {
            stamps: state.stamps(),
            ledger: Ledger::new(state, loaded, site, folder),
            report: PullReport::default(),
            writes: false,
        })
    }

    /// Gives each asset a path: that of the lock file, or one by its folder and name. The oldest
    /// of equal names comes first. An asset without a valid id can be given no path that lasts, and is
    /// an error.
    pub(super) fn assign(
        &mut self,
        folders: &FolderTree,
        top: usize,
        mut assets: Vec<Asset>,
    ) -> Result<Vec<Job>, SyncError> {
        assets.sort_by(|a, b| (&a.created_on, &a.id).cmp(&(&b.created_on, &b.id)));
        let mut locked: HashMap<AssetId, Vec<String>> = HashMap::new();
        let mut layout = Layout::default();
        if let Some(lock_file) = self.ledger.state.lock_in_root() {
            layout.take(lock_file);
        }
        for (path, file) in self.ledger.lock.files() {
            locked.entry(file.asset).or_default().push(path.to_owned());
            layout.take(path);
        }
        let mut seen = HashSet::new();
        let mut new = Vec::new();
        let mut jobs = Vec::new();
        let mut dirs = BTreeSet::new();
        for asset in assets {
            let id = asset.id.as_ref().and_then(|id| AssetId::try_from(id).ok());
            let id = id.ok_or_else(|| SyncError::NoId(name(&asset).to_owned()))?;
            // A list that changes while it is read can have an asset twice.
            if !seen.insert(id) {
                continue;
            }
            let asset = Arc::new(asset);
            if let Some(paths) = locked.remove(&id) {
                jobs.extend(paths.into_iter().map(|path| Job {
                    renamed: other_name(&path, &asset),
                    path,
                    id,
                    asset: Arc::clone(&asset),
                }));
                continue;
            }
            let folder = asset.folder_id.as_ref();
            let folder = folder.and_then(|folder| FolderId::try_from(folder).ok());
            let names = folder.and_then(|folder| folders.names(folder));
            let names = names.unwrap_or_default();
            let names: Vec<&str> = names.into_iter().skip(top).collect();
            let safe: Vec<String> = names.iter().copied().map(safe).collect();
            for depth in 1..=safe.len() {
                dirs.insert(safe[..depth].join("/"));
            }
            let folder = (names != safe).then(|| names.join("/"));
            new.push((safe.join("/"), folder, id, asset));
        }
        for dir in &dirs {
            layout.take(dir);
        }
        jobs.extend(new.into_iter().map(|(dir, folder, id, asset)| {
            let path = layout.file(&dir, name(&asset), id);
            let renamed = match folder {
                Some(folder) => Some(format!("{folder}/{}", name(&asset))),
                None => other_name(&path, &asset),
            };
            Job {
                path,
                id,
                asset,
                renamed,
            }
        }));
        jobs.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(jobs)
    }

    /// The jobs whose file is not there as the lock file has it.
    pub(super) fn missing(&mut self, dir: &Path, mut jobs: Vec<Job>) -> Vec<Job> {
        let all = jobs.len();
        jobs.retain(|job| !self.is_unchanged(dir, job));
        self.report.unchanged = all - jobs.len();
        jobs
    }

    /// Whether the file has the content in the lock file. It is read if its stamp is not known.
    fn is_unchanged(&mut self, dir: &Path, job: &Job) -> bool {
        let locked = self.ledger.lock.get(&job.path);
        let Some(locked) = locked.filter(|locked| locked.asset == job.id) else {
            return false;
        };
        let file = dir.join(&job.path);
        let stamp = match file.symlink_metadata() {
            Ok(found) if found.is_file() => Stamp::of(&found),
            _ => return false,
        };
        let on_site = size(&job.asset).unwrap_or(locked.size);
        if stamp.size != locked.size || on_site != locked.size {
            return false;
        }
        let md5 = self.stamps.md5(&job.path, stamp).or_else(|| {
            let md5 = place::md5(&file).ok()?;
            self.stamps.insert(&job.path, stamp, md5);
            Some(md5)
        });
        md5 == Some(locked.md5)
    }

    /// Records how a job ended.
    pub(super) async fn take(&mut self, job: &Job, done: Done) -> Result<PullEvent, SyncError> {
        let (path, asset) = (job.path.clone(), job.id);
        match done {
            Done::Failed(error) => {
                self.report.failed += 1;
                Ok(PullEvent::Failed { path, asset, error })
            }
            Done::Kept => {
                self.report.kept += 1;
                Ok(PullEvent::Kept { path, asset })
            }
            Done::Pulled { entry, stamp } => {
                let (size, name) = (entry.size, job.renamed.clone());
                self.report.pulled += 1;
                self.report.renamed += usize::from(name.is_some());
                self.stamps.insert(&path, stamp, entry.md5);
                let entry = Entry::File(path.clone(), entry);
                self.ledger.record(vec![entry]).await?;
                Ok(PullEvent::Pulled {
                    path,
                    asset,
                    size,
                    name,
                })
            }
        }
    }

    /// Begins to write, if there is anything to write.
    pub(super) async fn begin(&mut self, jobs: &[Job]) -> Result<(), SyncError> {
        self.writes = self.ledger.changed || self.stamps.changed || !jobs.is_empty();
        if self.writes {
            self.ledger.begin().await?;
        }
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<PullReport, SyncError> {
        if self.writes {
            self.ledger.end(self.stamps).await?;
        }
        Ok(self.report)
    }
}

/// The name of the asset, where its file has another one.
pub(super) fn other_name(path: &str, asset: &Asset) -> Option<String> {
    let name = name(asset);
    (name != split(path).1).then(|| name.to_owned())
}
