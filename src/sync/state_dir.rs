//! The files that `sync` writes: the lock file, and a directory of its own for everything else.
//!
//! A repository may contain anything under these names, so that no symbolic link is followed and
//! no file is opened for writing that was there before: files are created under random names and
//! renamed.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use fast_md5::Md5 as Hasher;
use tempfile::NamedTempFile;

use super::{
    error::SyncError,
    journal::{Header, Journal},
    lock_file::LockFile,
    stamps::Stamps,
};
use crate::id::Md5;

/// The directory's name.
pub(super) const NAME: &str = ".webflow-assets";

const JOURNAL: &str = "journal";
const STAMPS: &str = "stamps.json";

/// The prefix of the names of files that are not complete yet.
const NEW: &str = "new-";

/// The exclusive right to synchronise a directory, until it is dropped.
#[derive(Debug)]
pub(super) struct StateDir {
    dir: PathBuf,
    lock_file: PathBuf,
    written: AtomicU64,
    /// The number of the newest lock file that was written: an older one is not written any more.
    newest: Mutex<u64>,
    /// Locked; the operating system unlocks it when the process ends, however it ends.
    _guard: File,
}

/// A lock file on the disk.
pub(super) struct Saved {
    pub(super) len: u64,
    pub(super) md5: Md5,
}

impl StateDir {
    /// Acquires the right to synchronise `root`, without writing anything.
    pub(super) fn open(root: &Path) -> Result<Self, SyncError> {
        let dir = root.join(NAME);
        let lock_file = root.join(LockFile::NAME);
        for path in [&dir, &lock_file] {
            if kind(path).is_some_and(|kind| kind.is_symlink()) {
                return Err(SyncError::Link { path: path.clone() });
            }
        }
        if kind(&dir).is_some_and(|kind| !kind.is_dir()) {
            return Err(SyncError::State {
                path: dir,
                source: io::ErrorKind::NotADirectory.into(),
            });
        }
        let guard = guard(root).map_err(|source| SyncError::Directory {
            dir: root.to_owned(),
            source,
        })?;
        if let Err(TryLockError::WouldBlock) = guard.try_lock() {
            return Err(SyncError::Busy {
                dir: root.to_owned(),
            });
        }
        // Other errors come from file systems without locks.
        Ok(Self {
            dir,
            lock_file,
            written: AtomicU64::new(0),
            newest: Mutex::new(0),
            _guard: guard,
        })
    }

    /// Makes the directory, removes what a killed process left in it, and checks that the lock
    /// file can be replaced.
    pub(super) fn prepare(&self) -> Result<(), SyncError> {
        match kind(&self.lock_file) {
            None => {}
            Some(kind) if kind.is_file() => {}
            Some(_) => {
                return Err(self.lock_error(io::Error::other("it is no file; rename it")));
            }
        }
        self.make().map_err(|source| SyncError::State {
            path: self.dir.clone(),
            source,
        })
    }

    fn make(&self) -> io::Result<()> {
        match fs::create_dir(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let ignore = self.dir.join(".gitignore");
        // A full disk leaves an empty one.
        let is_complete = |file: fs::Metadata| !file.is_file() || file.len() > 0;
        if !ignore.symlink_metadata().is_ok_and(is_complete) {
            self.replace(&ignore, |file| file.write_all(b"*\n"))?;
        }
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(NEW.as_bytes()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    pub(super) fn lock_file(&self) -> &Path {
        &self.lock_file
    }

    /// The lock file as it is on the disk now; `None` if there is none.
    pub(super) fn saved(&self) -> Result<Option<Saved>, SyncError> {
        let read = || {
            let mut file = match File::open(&self.lock_file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                file => file?,
            };
            let mut hasher = Hasher::new();
            let mut text = Hashing(&mut io::sink(), &mut hasher, 0);
            io::copy(&mut file, &mut text)?;
            let len = text.2;
            let md5 = Md5(hasher.finalize());
            Ok(Some(Saved { len, md5 }))
        };
        read().map_err(|source| self.lock_error(source))
    }

    /// The text of the journal, if there is one.
    pub(super) fn journal(&self) -> Option<Vec<u8>> {
        self.read(JOURNAL)
    }

    /// The stamps that the last run saved.
    pub(super) fn stamps(&self) -> Stamps {
        let text = self.read(STAMPS);
        text.map(|text| Stamps::parse(&text)).unwrap_or_default()
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.dir.join(name);
        let is_file = kind(&path).is_some_and(|kind| kind.is_file());
        is_file.then(|| fs::read(path).ok())?
    }

    /// Saves the stamps. If this fails, the files are read again by the next run.
    pub(super) fn save_stamps(&self, stamps: &Stamps) {
        let _ = self.replace(&self.dir.join(STAMPS), |file| stamps.write(file));
    }

    /// Begins a journal in the place of any that is there.
    pub(super) fn begin_journal(&self, header: &Header) -> Result<Journal, SyncError> {
        let path = self.dir.join(JOURNAL);
        let begin = || {
            let file = self.create()?.persist(&path)?;
            Journal::new(file, header)
        };
        let journal = begin().map_err(|source| SyncError::LockFile {
            path: path.clone(),
            source,
        })?;
        self.count(journal.len);
        Ok(journal)
    }

    /// Appends to the journal.
    pub(super) fn append(&self, journal: &mut Journal, text: &[u8]) -> Result<(), SyncError> {
        self.count(text.len() as u64);
        journal.append(text).map_err(|source| SyncError::LockFile {
            path: self.dir.join(JOURNAL),
            source,
        })
    }

    /// Removes the journal, once the lock file has all of its entries.
    pub(super) fn end_journal(&self) {
        // A journal that remains names an older lock file, and is not read.
        let _ = fs::remove_file(self.dir.join(JOURNAL));
    }

    /// Replaces the lock file as a whole, unless one with a higher number has been written.
    pub(super) fn save_lock(&self, lock: &LockFile, number: u64) -> Result<Saved, SyncError> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut saved = Saved {
            len: 0,
            md5: Md5([0; 16]),
        };
        if *newest > number {
            return Ok(saved);
        }
        let mut hasher = Hasher::new();
        self.replace(&self.lock_file, |file| {
            let mut text = Hashing(file, &mut hasher, 0);
            lock.write(&mut text)?;
            saved.len = text.2;
            Ok(())
        })
        .map_err(|source| self.lock_error(source))?;
        saved.md5 = Md5(hasher.finalize());
        *newest = number;
        Ok(saved)
    }

    /// How many bytes have been written so far.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    fn lock_error(&self, source: io::Error) -> SyncError {
        SyncError::LockFile {
            path: self.lock_file.clone(),
            source,
        }
    }

    /// Replaces a file as a whole, once the new one is on the disk.
    fn replace(
        &self,
        path: &Path,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let new = self.create()?;
        let mut buffer = BufWriter::new(new.as_file());
        write(&mut buffer)?;
        buffer.flush()?;
        drop(buffer);
        new.as_file().sync_all()?;
        self.count(new.as_file().metadata()?.len());
        new.persist(path)?;
        Ok(())
    }

    /// Creates a file that was not there before.
    pub(super) fn create(&self) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(NEW);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;

            // As for any file: others may read it if the umask says so.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(&self.dir)
    }

    fn count(&self, bytes: u64) {
        self.written.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What is at a path, without following a link.
fn kind(path: &Path) -> Option<fs::FileType> {
    path.symlink_metadata().ok().map(|file| file.file_type())
}

/// What is locked while a directory is synchronised: on Unix the directory itself, as that writes
/// nothing.
#[cfg(unix)]
fn guard(root: &Path) -> io::Result<File> {
    File::open(root)
}

/// What is locked while a directory is synchronised: a file outside of it, as a directory cannot
/// be locked.
#[cfg(not(unix))]
fn guard(root: &Path) -> io::Result<File> {
    let mut hasher = Hasher::new();
    hasher.update(root.canonicalize()?.as_os_str().as_encoded_bytes());
    let name = format!("webflow-assets-{}", Md5(hasher.finalize()));
    let path = std::env::temp_dir().join(name);
    File::options().create(true).append(true).open(path)
}

/// A writer that counts and hashes what it passes on.
struct Hashing<'a>(&'a mut dyn Write, &'a mut Hasher, u64);

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes)?;
        self.1.update(&bytes[..written]);
        self.2 += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
