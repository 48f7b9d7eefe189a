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
    pub(super) fn check(&self, len: u64) -> Result<(), SpoolError> {
        if len > self.max_len {
            return Err(SpoolError::TooLarge(self.max_len));
        }
        Ok(())
    }

    pub(super) async fn push(&mut self, chunk: &[u8]) -> Result<(), SpoolError> {
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

    pub(super) async fn finish(self) -> Result<Read, SpoolError> {
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
        file.flush().await?;
        let stamp = Stamp::of(&file.metadata().await?);
        Ok(Read::File(Pinned {
            path: path.path().to_owned(),
            stamp,
            md5: Md5(hasher.finalize()),
            temporary: Some(path),
        }))
    }
}

impl Temporary {
    async fn new() -> Result<Self, SpoolError> {
        let (file, path) = blocking(TempPath::create).await?;
        Ok(Self {
            file: File::from_std(file),
            path,
            hasher: Hasher::new(),
            len: 0,
        })
    }

    async fn push(&mut self, chunk: &[u8]) -> Result<(), SpoolError> {
        self.len += chunk.len() as u64;
        self.hasher.update(chunk);
        Ok(self.file.write_all(chunk).await?)
    }
}

/// Why the content cannot be kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum SpoolError {
    #[error("it is larger than the {0} bytes that are allowed")]
    TooLarge(u64),
    #[error(
        "it cannot be kept in a temporary file in {}; TMPDIR names another directory",
        std::env::temp_dir().display()
    )]
    Io(#[from] io::Error),
}

impl From<SpoolError> for io::Error {
    fn from(error: SpoolError) -> Self {
        let kind = match &error {
            SpoolError::TooLarge(_) => io::ErrorKind::FileTooLarge,
            SpoolError::Io(error) => error.kind(),
        };
        Self::new(kind, error)
    }
}
