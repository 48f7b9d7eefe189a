//! The files that `sync` writes: the lock file, and a directory of its own for everything else.
//!
//! A repository may contain anything under these names, so that no symbolic link is followed and
//! no file is opened for writing that was there before: files are created under random names and
//! renamed.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use fast_md5::Md5 as Hasher;
use tempfile::NamedTempFile;

use super::{
    error::SyncError,
    guard::Guard,
    journal::{Header, Journal},
    lock_file::{LONGEST, LockFile},
    stamps::Stamps,
};
use crate::{id::Md5, source::read_regular};

/// The directory's name. That of a lock file with a name of its own has this name after it.
const NAME: &str = ".webflow-assets";

const JOURNAL: &str = "journal";
const STAMPS: &str = "stamps.json";

/// The prefix of the names of files that are not complete yet.
const NEW: &str = "new-";
const NEW_IN_ROOT: &str = ".webflow-assets-new-";

/// The exclusive right to synchronise a directory, until it is dropped.
#[derive(Debug)]
pub(super) struct StateDir {
    root: PathBuf,
    dir: PathBuf,
    lock_file: PathBuf,
    /// The synchronised directory, from that of the lock file; empty if it is the same.
    root_from_lock: String,
    /// The lock file, from the synchronised directory, if it is in there.
    lock_in_root: Option<String>,
    written: AtomicU64,
    /// The number of the newest lock file that was written: an older one is not written any more.
    newest: Mutex<u64>,
    _guard: Guard,
    /// The same for a lock file elsewhere, which another run may be given for its directory.
    lock_guard: OnceLock<Guard>,
}

/// A lock file on the disk.
pub(super) struct Saved {
    pub(super) len: u64,
    pub(super) md5: Md5,
}

impl StateDir {
    /// Acquires the right to synchronise `root`, without writing anything. The directory is beside
    /// the lock file, which is in `root` if none is given.
    pub(super) fn open(root: &Path, lock_file: Option<&Path>) -> Result<Self, SyncError> {
        let unreadable = |source| SyncError::Directory {
            dir: root.to_owned(),
            source,
        };
        if !root.metadata().map_err(unreadable)?.is_dir() {
            return Err(unreadable(io::ErrorKind::NotADirectory.into()));
        }
        let lock_file = lock_file.map_or_else(|| root.join(LockFile::NAME), Path::to_owned);
        let Some(name) = lock_file.file_name() else {
            return Err(SyncError::LockFile {
                path: lock_file,
                source: io::ErrorKind::IsADirectory.into(),
            });
        };
        let place = match lock_file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let full_root = root.canonicalize().map_err(unreadable)?;
        let full_place = place.canonicalize().map_err(|source| SyncError::State {
            path: place.to_owned(),
            source,
        })?;
        let in_root = full_place.join(name);
        let in_root = in_root.strip_prefix(&full_root).ok();
        let lock_in_root = in_root.and_then(|path| relative(Path::new(""), path));
        let mut dir = OsString::from(NAME);
        if name != LockFile::NAME {
            dir.push("-");
            dir.push(name);
        }
        let dir = place.join(dir);
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
        // Directories that differ in such bytes would count as one.
        let root_from_lock = relative(&full_place, &full_root).ok_or_else(|| {
            unreadable(io::Error::new(
                io::ErrorKind::InvalidInput,
                "its name is not UTF-8, which a lock file outside of it cannot record",
            ))
        })?;
        let guard = Guard::lock(root)?;
        Ok(Self {
            root: root.to_owned(),
            dir,
            lock_file,
            root_from_lock,
            lock_in_root,
            written: AtomicU64::new(0),
            newest: Mutex::new(0),
            _guard: guard,
            lock_guard: OnceLock::new(),
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
        let unwritable = |source| SyncError::State {
            path: self.dir.clone(),
            source,
        };
        match fs::create_dir(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(unwritable(error));
            }
            _ => {}
        }
        if !self.root_from_lock.is_empty() && self.lock_guard.get().is_none() {
            let _ = self.lock_guard.set(Guard::lock(&self.dir)?);
        }
        self.complete().map_err(unwritable)
    }

    fn complete(&self) -> io::Result<()> {
        let ignore = self.dir.join(".gitignore");
        // A full disk leaves an empty one.
        let is_complete = |file: fs::Metadata| !file.is_file() || file.len() > 0;
        if !ignore.symlink_metadata().is_ok_and(is_complete) {
            self.replace(&ignore, |file| file.write_all(b"*\n"))?;
        }
        sweep(&self.dir, NEW)?;
        if !self.root_from_lock.is_empty() {
            sweep(&self.root, NEW_IN_ROOT)?;
        }
        Ok(())
    }

    pub(super) fn lock_file(&self) -> &Path {
        &self.lock_file
    }

    pub(super) fn root_from_lock(&self) -> &str {
        &self.root_from_lock
    }

    pub(super) fn lock_in_root(&self) -> Option<&str> {
        self.lock_in_root.as_deref()
    }

    /// The lock file as it is on the disk now; `None` if there is none.
    pub(super) fn saved(&self) -> Result<Option<Saved>, SyncError> {
        let read = || {
            let file = match File::open(&self.lock_file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                file => file?,
            };
            let (md5, len) = Md5::read(file)?;
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
        is_file.then(|| read_regular(&path, LONGEST).ok())?
    }

    /// Saves the stamps. If this fails, the files are read again by the next run.
    pub(super) fn save_stamps(&self, stamps: &Stamps) {
        let _ = self.replace(&self.dir.join(STAMPS), |file| stamps.write(file));
    }

    /// Begins a journal in the place of any that is there.
    pub(super) fn begin_journal(&self, header: &Header) -> Result<Journal, SyncError> {
        let path = self.dir.join(JOURNAL);
        let begin = || {
            let file = create(&self.dir, NEW)?.persist(&path)?;
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

    /// Replaces the lock file as a whole, once the new one is on the disk, unless one with a higher
    /// number has been written.
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
        let new = self.new_file(|file| {
            let mut text = Hashing(file, &mut hasher, 0);
            lock.write(&mut text)?;
            saved.len = text.2;
            Ok(())
        });
        let replace = |new: NamedTempFile| {
            new.as_file().sync_all()?;
            Ok(new.persist(&self.lock_file)?)
        };
        new.and_then(replace)
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

    /// Replaces a file as a whole. It is not synced to the disk: if a crash of the machine leaves
    /// an empty one, it is made again.
    fn replace(
        &self,
        path: &Path,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        self.new_file(write)?.persist(path)?;
        Ok(())
    }

    /// A complete file that is yet to be moved to its place.
    fn new_file(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<NamedTempFile> {
        let new = create(&self.dir, NEW)?;
        let mut buffer = BufWriter::new(new.as_file());
        write(&mut buffer)?;
        buffer.flush()?;
        drop(buffer);
        self.count(new.as_file().metadata()?.len());
        Ok(new)
    }

    /// Creates a file that was not there before, for a place in the synchronised directory. A lock
    /// file elsewhere may be on another file system, from which no file can be moved there.
    pub(super) fn create(&self) -> io::Result<NamedTempFile> {
        if self.root_from_lock.is_empty() {
            create(&self.dir, NEW)
        } else {
            create(&self.root, NEW_IN_ROOT)
        }
    }

    fn count(&self, bytes: u64) {
        self.written.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Whether this is the name of something that `sync` writes in a directory, in any case: on some file
/// systems it is the same name then.
pub(super) fn is_own(name: &[u8]) -> bool {
    name.split_at_checked(NAME.len())
        .is_some_and(|(own, rest)| {
            own.eq_ignore_ascii_case(NAME.as_bytes()) && (rest.is_empty() || rest.starts_with(b"-"))
        })
}

/// Creates a file that was not there before.
pub(super) fn create(dir: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        // As for any file: others may read it if the umask says so.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(dir)
}

/// Removes the files that a killed process left.
fn sweep(dir: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(prefix.as_bytes()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The way from one directory to another, with `/` between its parts; `None` if it is not UTF-8.
fn relative(from: &Path, to: &Path) -> Option<String> {
    let (mut from, mut to) = (from.components().peekable(), to.components().peekable());
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| Some(".."));
    let down = to.map(|part| part.as_os_str().to_str());
    let parts: Option<Vec<&str>> = up.chain(down).collect();
    Some(parts?.join("/"))
}

/// What is at a path, without following a link.
fn kind(path: &Path) -> Option<fs::FileType> {
    path.symlink_metadata().ok().map(|file| file.file_type())
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
