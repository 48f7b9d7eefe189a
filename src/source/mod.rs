//! Upload sources: a file, bytes, a URL or a reader, hashed off the async threads and read in
//! bounded chunks.

mod blocking;
mod limits;
mod read;
mod reader;
mod remote;
mod spool;
mod stamp;
mod temporary;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use tokio::io::AsyncRead;

pub(crate) use self::{
    blocking::blocking,
    read::{BodyStream, TooLarge},
    stamp::Stamp,
};
pub use self::{
    limits::{FileWarning, MAX_LEN},
    remote::Remote,
};
#[cfg(feature = "sync")]
pub(crate) use self::{
    limits::{LFS_POINTERS, is_lfs_pointer},
    read::read_regular,
    remote::http_client,
};
use self::{
    read::{Pinned, Read},
    reader::Reader,
};
pub use crate::id::Md5;

/// A file to upload: a path, bytes or a reader with a file name, or a URL.
///
/// A path is only remembered; the file is opened when it is hashed, and again for every attempt
/// to send it. A URL is fetched once, and a reader read once, when it is hashed.
///
/// ```
/// use std::path::Path;
/// use webflow_assets::Source;
///
/// assert_eq!(Source::path("img/hero.png").file_name(), Some("hero.png"));
/// assert_eq!(Source::from(Path::new("img/hero.png")).file_name(), Some("hero.png"));
/// assert_eq!(Source::bytes("hero.png", vec![0x89]).file_name(), Some("hero.png"));
/// assert_eq!(Source::reader("hero.png", tokio::io::empty()).file_name(), Some("hero.png"));
/// assert_eq!(Source::url("https://example.com/hero.png").file_name(), Some("hero.png"));
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
    /// A file that must not have changed since it was hashed.
    Pinned(Arc<Pinned>),
    Remote(Arc<Remote>),
    Reader(Arc<Reader>),
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

    /// The content at this `http` or `https` URL, under the last part of its path as the file name.
    ///
    /// It is fetched when it is hashed, within the limits of [`Remote`], and without the token of
    /// the client that uploads it.
    pub fn url(url: impl Into<String>) -> Self {
        Remote::new(url).into()
    }

    /// The bytes of this reader, under this file name.
    ///
    /// The reader is read once, when it is hashed: up to 8 MiB into memory, more into a temporary
    /// file, which is removed with the last [`Source`] that uses it. More than 30 MiB, for which
    /// Webflow signs no form, is an error.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use webflow_assets::Source;
    ///
    /// let source = Source::reader("hello.txt", &b"hello"[..]);
    /// assert_eq!(source.hash().await?.len, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reader(file_name: impl Into<String>, reader: impl AsyncRead + Send + 'static) -> Self {
        Self {
            name: Some(file_name.into()),
            content: Content::Reader(Arc::new(Reader::new(reader))),
        }
    }

    /// The file name; `None` for a path or URL without a last part that is a name in UTF-8.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The name of this source in errors: the path, or the file name of bytes or a reader.
    pub(crate) fn label(&self) -> String {
        match &self.content {
            Content::Path(path) => path.display().to_string(),
            Content::Remote(remote) => remote.label(),
            // The path of a temporary file would mean nothing to a user.
            Content::Pinned(pinned) if pinned.temporary.is_none() => {
                pinned.path.display().to_string()
            }
            Content::Pinned(_) | Content::Bytes(_) | Content::Reader(_) => {
                self.name.clone().unwrap_or_default()
            }
        }
    }

    /// Whether this is a Git LFS pointer; known only for bytes that are in memory.
    pub(crate) fn is_lfs_pointer(&self) -> bool {
        matches!(&self.content, Content::Bytes(bytes) if limits::is_lfs_pointer(bytes))
    }

    /// Reads the file once, off the async threads, and computes its length and MD5.
    ///
    /// The result's [`source`](Hashed::source) is pinned to what was hashed: up to 8 MiB it holds
    /// the bytes themselves, above that it refuses to send a file that has changed since.
    /// Dropping the future stops the reading.
    ///
    /// # Errors
    ///
    /// The file cannot be read or fetched, is not a regular file, or changed while it was read.
    pub async fn hash(&self) -> io::Result<Hashed> {
        self.hash_up_to(u64::MAX).await
    }

    /// Like [`hash`](Self::hash), and fails with [`TooLarge`] before it reads a larger file.
    pub(crate) async fn hash_up_to(&self, max_len: u64) -> io::Result<Hashed> {
        match &self.content {
            Content::Path(path) => {
                let path = path.clone();
                let read = move |watch: &_| read::file(path, max_len, watch);
                let read = read::unless_dropped(read).await?;
                Ok(Hashed::new(self.name.clone(), read))
            }
            Content::Bytes(bytes) => {
                let bytes = bytes.clone();
                let read = blocking(move || Read::buffer(bytes)).await;
                Ok(Hashed::new(self.name.clone(), read))
            }
            Content::Pinned(pinned) => {
                let file = Arc::clone(pinned);
                blocking(move || file.open()).await?;
                Ok(Hashed {
                    len: pinned.stamp.size,
                    md5: pinned.md5,
                    source: self.clone(),
                })
            }
            Content::Remote(remote) => {
                let read = remote.fetch().await?;
                Ok(Hashed::new(self.name.clone(), read))
            }
            Content::Reader(reader) => reader.hash(self.file_name()).await,
        }
    }

    /// Opens the source for one attempt to send it: its length in bytes and a stream of exactly
    /// that many. The stream fails if the file turns out shorter, longer or changed.
    pub(crate) async fn open(&self) -> io::Result<(u64, BodyStream)> {
        match &self.content {
            Content::Bytes(bytes) => {
                Ok((bytes.len() as u64, Box::pin(read::slices(bytes.clone()))))
            }
            Content::Path(path) => {
                let path = path.clone();
                let (file, stamp) = blocking(move || read::open(&path)).await?;
                Ok((stamp.size, Box::pin(read::chunks(file, stamp, None))))
            }
            Content::Pinned(pinned) => {
                let owned = Arc::clone(pinned);
                let file = blocking(move || owned.open()).await?;
                // Kept until the last chunk is sent: it may own the only copy.
                let keep = Some(Arc::clone(pinned));
                Ok((
                    pinned.stamp.size,
                    Box::pin(read::chunks(file, pinned.stamp, keep)),
                ))
            }
            Content::Remote(_) | Content::Reader(_) => {
                Box::pin(self.hash().await?.source.open()).await
            }
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Source");
        debug.field("name", &self.name);
        match &self.content {
            Content::Path(path) => debug.field("path", path),
            Content::Pinned(pinned) => debug.field("path", &pinned.path),
            Content::Remote(remote) => debug.field("url", &remote.label()),
            Content::Bytes(bytes) => debug.field("bytes", &bytes.len()),
            Content::Reader(_) => debug.field("reader", &..),
        }
        .finish()
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for Source {
    fn from(path: &PathBuf) -> Self {
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

impl Hashed {
    fn new(name: Option<String>, read: Read) -> Self {
        let (len, md5, content) = match read {
            Read::Buffer(bytes, md5) => (bytes.len() as u64, md5, Content::Bytes(bytes)),
            Read::File(pinned) => {
                let (len, md5) = (pinned.stamp.size, pinned.md5);
                (len, md5, Content::Pinned(Arc::new(pinned)))
            }
        };
        let source = Source { name, content };
        Self { len, md5, source }
    }
}
