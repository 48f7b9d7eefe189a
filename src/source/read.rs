//! Reads files off the async threads, in bounded chunks, and fails if they change meanwhile.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Weak},
};

use bytes::Bytes;
use fast_md5::Md5 as Hasher;
use futures_core::Stream;
use futures_util::stream;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{Md5, Stamp, blocking, temporary::TempPath};

/// Files up to this many bytes are read once, and hashed and sent from one buffer.
pub(super) const BUFFERED: u64 = 8 * 1024 * 1024;

/// How many bytes are read and handed to the connection at a time.
const CHUNK: usize = 256 * 1024;

/// How many bytes are read and hashed at a time: few enough to stay in the processor's cache.
/// (256 KiB took a sixth more CPU time for the whole upload.)
const HASHED: usize = 64 * 1024;

/// The result of reading a source.
pub(super) enum Read {
    /// Its bytes.
    Buffer(Bytes, Md5),
    /// A file too large to hold.
    File(Pinned),
}

/// A file that must not have changed since it was hashed.
pub(super) struct Pinned {
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
    pub(super) md5: Md5,
    /// Set for a temporary file, which is removed with the last source that uses it.
    pub(super) temporary: Option<TempPath>,
}

impl Read {
    pub(super) fn buffer(bytes: Bytes) -> Self {
        let md5 = Md5::of(&bytes);
        Self::Buffer(bytes, md5)
    }
}

impl Pinned {
    pub(super) fn open(&self) -> io::Result<File> {
        let (file, stamp) = open(&self.path)?;
        check_same(self.stamp, stamp)?;
        Ok(file)
    }
}

/// Why a file was not read: its length in bytes is not allowed.
#[derive(Debug, thiserror::Error)]
#[error("it has {0} bytes, which is too much")]
pub(crate) struct TooLarge(pub(crate) u64);

/// Reads a file of up to `max_len` bytes and hashes it. Stops when the caller's future has been
/// dropped.
pub(super) fn file(path: PathBuf, max_len: u64, watch: &Weak<()>) -> io::Result<Read> {
    let (mut file, stamp) = open(&path)?;
    check_len(stamp, max_len)?;
    if stamp.size <= BUFFERED {
        // One byte more than expected, to detect a file that grew.
        let mut buffer = Vec::with_capacity(size(stamp.size + 1));
        file.by_ref()
            .take(stamp.size + 1)
            .read_to_end(&mut buffer)?;
        check_same(stamp, Stamp::of(&file.metadata()?))?;
        check_read(stamp, buffer.len() as u64)?;
        return Ok(Read::buffer(buffer.into()));
    }
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; HASHED];
    let mut read = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => {
                hasher.update(&buffer[..n]);
                read += n as u64;
            }
        }
        if watch.strong_count() == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
    check_same(stamp, Stamp::of(&file.metadata()?))?;
    check_read(stamp, read)?;
    Ok(Read::File(Pinned {
        path,
        stamp,
        md5: Md5(hasher.finalize()),
        temporary: None,
    }))
}

/// Runs blocking work that watches a [`Weak`], to stop once the caller's future is dropped.
pub(super) async fn unless_dropped<T: Send + 'static>(
    work: impl FnOnce(&Weak<()>) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let waiting = Arc::new(());
    let watch = Arc::downgrade(&waiting);
    let result = blocking(move || work(&watch)).await;
    drop(waiting);
    result
}

/// The content of a source, in chunks of up to [`CHUNK`] bytes.
pub(crate) type BodyStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// Fails if a file had more or fewer bytes than its metadata states.
fn check_read(stamp: Stamp, read: u64) -> io::Result<()> {
    if stamp.size == read {
        return Ok(());
    }
    Err(changed(format!(
        "the file has {} bytes by its metadata and gave {read}",
        stamp.size
    )))
}

/// Fails if a file is no longer the one that was hashed.
fn check_same(hashed: Stamp, now: Stamp) -> io::Result<()> {
    if hashed == now {
        return Ok(());
    }
    Err(changed(if hashed.size == now.size {
        "the file was modified after it was hashed".to_owned()
    } else {
        format!(
            "the file had {} bytes and now has {}",
            hashed.size, now.size
        )
    }))
}

fn changed(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// Reads a regular file of up to `max_len` bytes whole. A repository can contain anything.
#[cfg(feature = "sync")]
pub(crate) fn read_regular(path: &Path, max_len: u64) -> io::Result<Vec<u8>> {
    let (mut file, stamp) = open(path)?;
    check_len(stamp, max_len)?;
    let mut content = Vec::with_capacity(size(stamp.size));
    file.by_ref().take(max_len).read_to_end(&mut content)?;
    Ok(content)
}

/// Fails with [`TooLarge`] if a file has more bytes than are allowed.
fn check_len(stamp: Stamp, max_len: u64) -> io::Result<()> {
    if stamp.size <= max_len {
        return Ok(());
    }
    let error = TooLarge(stamp.size);
    Err(io::Error::new(io::ErrorKind::FileTooLarge, error))
}

pub(super) fn open(path: &Path) -> io::Result<(File, Stamp)> {
    // Checked before opening: opening a pipe would wait for its other end.
    let kind = path.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a directory",
        ));
    }
    if !kind.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        ));
    }
    let file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    Ok((file, stamp))
}

/// A length that is bounded by a constant of this file.
fn size(len: u64) -> usize {
    usize::try_from(len).unwrap_or(CHUNK)
}

pub(super) fn slices(bytes: Bytes) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold(bytes, |mut rest| async move {
        (!rest.is_empty()).then(|| (Ok(rest.split_to(CHUNK.min(rest.len()))), rest))
    })
}

/// Reads a file in chunks, each while the one before it is being sent. `keep` is held until the
/// last one.
pub(super) fn chunks(
    file: File,
    stamp: Stamp,
    keep: Option<Arc<Pinned>>,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let reading = Reading {
        file,
        stamp,
        read: 0,
        _keep: keep,
    };
    stream::try_unfold(reading.start(), |pending| async {
        match pending {
            None => Ok(None),
            Some(task) => {
                let (reading, chunk) = task.await??;
                Ok(Some((chunk, reading.start())))
            }
        }
    })
}

struct Reading {
    file: File,
    stamp: Stamp,
    read: u64,
    _keep: Option<Arc<Pinned>>,
}

impl Reading {
    /// Starts to read the next chunk; `None` when all of the file has been read.
    fn start(mut self) -> Option<JoinHandle<io::Result<(Self, Bytes)>>> {
        if self.read == self.stamp.size {
            return None;
        }
        Some(spawn_blocking(move || {
            let chunk = self.next()?;
            Ok((self, chunk))
        }))
    }

    fn next(&mut self) -> io::Result<Bytes> {
        let want = (self.stamp.size - self.read).min(CHUNK as u64);
        // Not `read_to_end`, which starts with small reads.
        let mut chunk = vec![0; size(want)];
        let mut filled = 0;
        while filled < chunk.len() {
            match self.file.read(&mut chunk[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        chunk.truncate(filled);
        self.read += filled as u64;
        if filled as u64 != want {
            check_read(self.stamp, self.read)?;
        }
        // Checked before the last chunk is sent: without that chunk, S3 cannot accept the file.
        if self.read == self.stamp.size {
            check_same(self.stamp, Stamp::of(&self.file.metadata()?))?;
        }
        Ok(chunk.into())
    }
}
