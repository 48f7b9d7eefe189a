//! The lock that keeps two processes from synchronising one directory at a time.
//!
//! On Unix it is on the directory itself, which writes nothing. Windows cannot lock a directory: there it is on an
//! empty file in the directory for temporary files, named after the directory's canonical path, and two users of
//! one machine do not exclude each other. Where a file system has no locks, there is none.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
};

use super::error::SyncError;

/// A locked file. The operating system unlocks it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Guard {
    locked: File,
}

/// Closing the file does not unlock it while a process that is being started has inherited it.
impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.locked.unlock();
    }
}

impl Guard {
    /// Locks the directory `root`, if no other process does.
    pub(super) fn lock(root: &Path) -> Result<Self, SyncError> {
        let file = open(root).map_err(|source| SyncError::Directory {
            dir: root.to_owned(),
            source,
        })?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(SyncError::Busy {
                dir: root.to_owned(),
            });
        }
        // Other errors come from file systems without locks.
        Ok(Self { locked: file })
    }
}

#[cfg(unix)]
fn open(root: &Path) -> io::Result<File> {
    File::open(root)
}

#[cfg(not(unix))]
fn open(root: &Path) -> io::Result<File> {
    let root = root.canonicalize()?;
    let md5 = crate::id::Md5::of(root.as_os_str().as_encoded_bytes());
    let name = format!("webflow-assets-{md5}");
    let path = std::env::temp_dir().join(name);
    File::options().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_lock_is_free_whoever_has_inherited_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let guard = Guard::lock(dir.path()).unwrap();
        let inherited = guard.locked.try_clone().unwrap();
        assert!(matches!(
            Guard::lock(dir.path()),
            Err(SyncError::Busy { .. })
        ));
        drop(guard);
        Guard::lock(dir.path()).unwrap();
        drop(inherited);
    }
}
