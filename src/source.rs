//! What is uploaded: a file or bytes, hashed off the async threads and read in bounded pieces.

use std::{
    fmt,
    fs::{File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Weak},
    time::SystemTime,
};

use bytes::Bytes;
use fast_md5::Md5 as Hasher;
use futures_core::Stream;
use futures_util::stream;
use tokio::task::{JoinHandle, spawn_blocking};

/// Files up to this many bytes are read once, and hashed and sent from one buffer.
const BUFFERED: u64 = 8 * 1024 * 1024;

/// How many bytes are read and handed to the connection at a time.
const CHUNK: usize = 256 * 1024;

/// How many bytes are read and hashed at a time: few enough to stay in the processor's cache.
/// (256 KiB took a sixth more CPU time for the whole upload.)
const HASHED: usize = 64 * 1024;

/// A file to upload: a path, or bytes with a file name.
///
/// A path is only remembered; the file is opened when it is hashed, and again for every attempt
/// to send it.
///
/// ```
/// use std::path::Path;
/// use webflow_assets::Source;
///
/// assert_eq!(Source::path("img/hero.png").file_name(), Some("hero.png"));
/// assert_eq!(Source::from(Path::new("img/hero.png")).file_name(), Some("hero.png"));
/// assert_eq!(Source::bytes("hero.png", vec![0x89]).file_name(), Some("hero.png"));
/// ```
#[derive(Clone)]
pub struct Source {
    name: Option<String>,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Path(PathBuf),
    Bytes(Bytes),
    /// A path whose file must still be as it was when it was hashed.
    Pinned(PathBuf, Stamp),
}

impl Source {
    /// The file at `path`, under the last part of the path as its file name.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            name: path
                .file_name()
                .and_then(|name| name.to_str())
                .map(str::to_owned),
            content: Content::Path(path),
        }
    }

    /// These bytes, under this file name.
    pub fn bytes(file_name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self {
            name: Some(file_name.into()),
            content: Content::Bytes(bytes.into()),
        }
    }

    /// The file name; `None` for a path whose last part is not UTF-8 or is no name.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The path, or the file name of bytes: what errors call this source.
    pub(crate) fn label(&self) -> String {
        match &self.content {
            Content::Path(path) | Content::Pinned(path, _) => path.display().to_string(),
            Content::Bytes(_) => self.name.clone().unwrap_or_default(),
        }
    }

    /// Reads the file once, off the async threads, and computes its length and MD5.
    ///
    /// The result's [`source`](Hashed::source) is pinned to what was hashed: up to 8 MiB it holds
    /// the bytes themselves, above that it refuses to send a file that has changed since.
    /// Dropping the future stops the reading.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no regular file, or changed while it was read.
    pub async fn hash(&self) -> io::Result<Hashed> {
        // The reading thread cannot be stopped from outside; it looks whether anybody still waits.
        let waiting = Arc::new(());
        let watch = Arc::downgrade(&waiting);
        let source = self.clone();
        let hashed = blocking(move || source.hash_blocking(&watch)).await;
        drop(waiting);
        hashed
    }

    fn hash_blocking(&self, watch: &Weak<()>) -> io::Result<Hashed> {
        let mut hasher = Hasher::new();
        let (len, content) = match &self.content {
            Content::Bytes(bytes) => {
                hasher.update(bytes);
                (bytes.len() as u64, self.content.clone())
            }
            Content::Path(path) | Content::Pinned(path, _) => {
                let (mut file, stamp) = open(path)?;
                if let Content::Pinned(_, pinned) = &self.content {
                    pinned.check(stamp)?;
                }
                if stamp.len <= BUFFERED {
                    // One byte more than expected, so that a file that grew shows.
                    let mut buffer = Vec::with_capacity(size(stamp.len + 1));
                    file.by_ref().take(stamp.len + 1).read_to_end(&mut buffer)?;
                    stamp.check(Stamp::of(&file.metadata()?))?;
                    stamp.check_read(buffer.len() as u64)?;
                    hasher.update(&buffer);
                    (buffer.len() as u64, Content::Bytes(buffer.into()))
                } else {
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
                    stamp.check(Stamp::of(&file.metadata()?))?;
                    stamp.check_read(read)?;
                    (stamp.len, Content::Pinned(path.clone(), stamp))
                }
            }
        };
        Ok(Hashed {
            len,
            md5: Md5(hasher.finalize()),
            source: Self {
                name: self.name.clone(),
                content,
            },
        })
    }

    /// Opens the source for one attempt to send it: its length in bytes and a stream of exactly
    /// that many. The stream fails if the file turns out shorter, longer or changed.
    pub(crate) async fn open(&self) -> io::Result<(u64, BodyStream)> {
        match &self.content {
            Content::Bytes(bytes) => Ok((bytes.len() as u64, Box::pin(slices(bytes.clone())))),
            Content::Path(path) | Content::Pinned(path, _) => {
                let owned = path.clone();
                let (file, stamp) = blocking(move || open(&owned)).await?;
                if let Content::Pinned(_, pinned) = &self.content {
                    pinned.check(stamp)?;
                }
                Ok((stamp.len, Box::pin(chunks(file, stamp))))
            }
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Source");
        debug.field("name", &self.name);
        match &self.content {
            Content::Path(path) | Content::Pinned(path, _) => debug.field("path", path),
            Content::Bytes(bytes) => debug.field("bytes", &bytes.len()),
        }
        .finish()
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl<N: Into<String>> From<(N, Bytes)> for Source {
    fn from((file_name, bytes): (N, Bytes)) -> Self {
        Self::bytes(file_name, bytes)
    }
}

/// A source, its length and its MD5.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Hashed {
    /// The length of the content in bytes.
    pub len: u64,
    /// The MD5 of the content.
    pub md5: Md5,
    /// The source, pinned to the content that was hashed.
    pub source: Source,
}

/// An MD5 digest. `Display` and [`str::parse`] use 32 hexadecimal digits, lower-case when written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Md5(pub [u8; 16]);

impl fmt::Display for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Md5({self})")
    }
}

/// The content of a source, in pieces of up to [`CHUNK`] bytes.
pub(crate) type BodyStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// What tells one state of a file from another without reading it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }

    /// Fails where the file gave more or fewer bytes than its metadata promised.
    fn check_read(self, read: u64) -> io::Result<()> {
        if self.len == read {
            return Ok(());
        }
        Err(changed(format!(
            "the file has {} bytes by its metadata and gave {read}",
            self.len
        )))
    }

    fn check(self, now: Self) -> io::Result<()> {
        if self == now {
            return Ok(());
        }
        Err(changed(if self.len == now.len {
            "the file was modified after it was hashed".to_owned()
        } else {
            format!("the file had {} bytes and now has {}", self.len, now.len)
        }))
    }
}

fn changed(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn open(path: &Path) -> io::Result<(File, Stamp)> {
    // Looked at before it is opened: opening a pipe would wait for its other end.
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

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.unwrap_or_else(|e| Err(e.into()))
}

/// A length that is bounded by a constant of this file.
fn size(len: u64) -> usize {
    usize::try_from(len).unwrap_or(CHUNK)
}

fn slices(bytes: Bytes) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold(bytes, |mut rest| async move {
        (!rest.is_empty()).then(|| (Ok(rest.split_to(CHUNK.min(rest.len()))), rest))
    })
}

/// Reads a file piece by piece, each while the one before it is on its way out.
fn chunks(file: File, stamp: Stamp) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let reading = Reading {
        file,
        stamp,
        read: 0,
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
}

impl Reading {
    /// Starts to read the next piece; `None` when all of the file has been read.
    fn start(mut self) -> Option<JoinHandle<io::Result<(Self, Bytes)>>> {
        if self.read == self.stamp.len {
            return None;
        }
        Some(spawn_blocking(move || {
            let chunk = self.next()?;
            Ok((self, chunk))
        }))
    }

    fn next(&mut self) -> io::Result<Bytes> {
        let want = (self.stamp.len - self.read).min(CHUNK as u64);
        // Not `read_to_end`, which feels its way up in small reads.
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
            self.stamp.check_read(self.read)?;
        }
        // Before the last piece goes out: without it, S3 cannot take the file as whole.
        if self.read == self.stamp.len {
            self.stamp.check(Stamp::of(&self.file.metadata()?))?;
        }
        Ok(chunk.into())
    }
}
