//! Collects content that arrives in chunks, in memory or in a temporary file.

use std::io;

use bytes::BytesMut;
use fast_md5::Md5 as Hasher;
use tokio::{fs::File, io::AsyncWriteExt as _};

use super::{
    Md5, Stamp, blocking,
    read::{BUFFERED, Pinned, Read},
    temporary::TempPath,
};

/// Holds up to 8 MiB in memory, and more in a temporary file.
pub(super) struct Spool {
    max_len: u64,
    buffer: BytesMut,
    file: Option<Temporary>,
}

struct Temporary {
    file: File,
    path: TempPath,
    hasher: Hasher,
    len: u64,
}

impl Spool {
    pub(super) fn new(max_len: u64) -> Self {
        Self {
            max_len,
            buffer: BytesMut::new(),
            file: None,
        }
    }

    /// Fails for more bytes than are allowed.
    pub(super) fn check(&self, len: u64) -> io::Result<()> {
        if len > self.max_len {
            let text = format!(
                "it is larger than the {} bytes that are allowed",
                self.max_len
            );
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        Ok(())
    }

    pub(super) async fn push(&mut self, chunk: &[u8]) -> io::Result<()> {
        let before = self.file.as_ref().map_or(0, |file| file.len);
        self.check(before + (self.buffer.len() + chunk.len()) as u64)?;
        if let Some(file) = &mut self.file {
            return file.push(chunk).await;
        }
        self.buffer.extend_from_slice(chunk);
        if self.buffer.len() as u64 > BUFFERED {
            let file = self.file.insert(Temporary::new().await?);
            file.push(&std::mem::take(&mut self.buffer)).await?;
        }
        Ok(())
    }

    pub(super) async fn finish(self) -> io::Result<Read> {
        let Some(Temporary {
            mut file,
            path,
            hasher,
            ..
        }) = self.file
        else {
            let buffer = self.buffer.freeze();
            return Ok(blocking(move || Read::buffer(buffer)).await);
        };
        file.flush().await.map_err(not_kept)?;
        let stamp = Stamp::of(&file.metadata().await.map_err(not_kept)?);
        Ok(Read::File(Pinned {
            path: path.path().to_owned(),
            stamp,
            md5: Md5(hasher.finalize()),
            temporary: Some(path),
        }))
    }
}

impl Temporary {
    async fn new() -> io::Result<Self> {
        let (file, path) = blocking(TempPath::create).await.map_err(not_kept)?;
        Ok(Self {
            file: File::from_std(file),
            path,
            hasher: Hasher::new(),
            len: 0,
        })
    }

    async fn push(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.len += chunk.len() as u64;
        self.hasher.update(chunk);
        self.file.write_all(chunk).await.map_err(not_kept)
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "it cannot be kept in a temporary file in {}; TMPDIR names another directory",
    std::env::temp_dir().display()
)]
struct NotKept(#[source] io::Error);

fn not_kept(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), NotKept(error))
}
