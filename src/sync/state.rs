//! What a directory remembers between two runs, beside its lock file, and the files themselves.
//!
//! All of it is in a directory of its own, `.webflow-assets`, which version control is told to
//! leave alone.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{error::SyncError, lock::LockFile, walk::Stamp};
use crate::source::Md5;

/// The directory's name.
pub(super) const NAME: &str = ".webflow-assets";

/// The right to synchronise a directory, for as long as it lives.
#[derive(Debug)]
pub(super) struct State {
    dir: PathBuf,
    lock_file: PathBuf,
    /// Locked; the operating system unlocks it when the process ends, however it ends.
    _guard: File,
}

/// The MD5 of files, as of their last modification.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Stamps(BTreeMap<String, (Stamp, Md5)>);

impl Stamps {
    /// The MD5 of a file that has not been modified since it was computed.
    pub(super) fn md5(&self, path: &str, stamp: Stamp) -> Option<Md5> {
        let (known, md5) = self.0.get(path)?;
        (*known == stamp).then_some(*md5)
    }

    pub(super) fn insert(&mut self, path: &str, stamp: Stamp, md5: Md5) {
        self.0.insert(path.to_owned(), (stamp, md5));
    }

    /// Forgets what is not there any more.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|path, _| keep(path));
    }
}

impl State {
    pub(super) fn open(root: &Path) -> Result<Self, SyncError> {
        let dir = root.join(NAME);
        let unwritable = |source| SyncError::State {
            path: dir.clone(),
            source,
        };
        fs::create_dir_all(&dir).map_err(unwritable)?;
        let ignore = dir.join(".gitignore");
        if !ignore.exists() {
            fs::write(ignore, "*\n").map_err(unwritable)?;
        }
        let guard = File::options()
            .create(true)
            .append(true)
            .open(dir.join("guard"))
            .map_err(unwritable)?;
        match guard.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(SyncError::Busy {
                    dir: root.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        Ok(Self {
            lock_file: root.join(LockFile::NAME),
            dir,
            _guard: guard,
        })
    }

    /// What the last run remembered. It only saves work, and what cannot be read is forgotten.
    pub(super) fn stamps(&self) -> Stamps {
        fs::read(self.dir.join("stamps.json"))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    /// Where this fails, files are read once more the next time.
    pub(super) fn save_stamps(&self, stamps: &Stamps) {
        let path = self.dir.join("stamps.json");
        let _ = serde_json::to_vec(stamps)
            .map_err(io::Error::from)
            .and_then(|text| self.replace(&path, &text));
    }

    pub(super) fn save_lock(&self, text: io::Result<Vec<u8>>) -> Result<(), SyncError> {
        text.and_then(|text| self.replace(&self.lock_file, &text))
            .map_err(|source| SyncError::LockFile {
                path: self.lock_file.clone(),
                source,
            })
    }

    /// Replaces a file as a whole. The new one has a fixed name until then: what a kill leaves
    /// behind is overwritten by the next run.
    fn replace(&self, path: &Path, text: &[u8]) -> io::Result<()> {
        let new = self.dir.join("new");
        let mut file = File::create(&new)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(new, path)
    }
}
