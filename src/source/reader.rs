//! A source that is read from a stream of bytes before the upload.

use std::{io, pin::Pin};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    sync::Mutex,
};

use super::{Hashed, MAX_LEN, spool::Spool};

/// How many bytes are read at a time.
const CHUNK: usize = 64 * 1024;

/// A stream of bytes, which is read once.
pub(super) struct Reader(Mutex<Stage>);

enum Stage {
    Unread(Pin<Box<dyn AsyncRead + Send>>),
    Read(Hashed),
    /// Reading failed or was cancelled, and the bytes read so far are lost.
    Lost,
}

impl Reader {
    pub(super) fn new(reader: impl AsyncRead + Send + 'static) -> Self {
        Self(Mutex::new(Stage::Unread(Box::pin(reader))))
    }

    /// Reads the whole stream the first time; later calls return the same content.
    pub(super) async fn hash(&self, name: Option<&str>) -> io::Result<Hashed> {
        let mut stage = self.0.lock().await;
        let hashed = match std::mem::replace(&mut *stage, Stage::Lost) {
            Stage::Read(hashed) => hashed,
            Stage::Unread(reader) => read(reader, name).await?,
            Stage::Lost => {
                return Err(io::Error::other(
                    "it was read in part before and cannot be read again",
                ));
            }
        };
        *stage = Stage::Read(hashed.clone());
        Ok(hashed)
    }
}

async fn read(
    mut reader: Pin<Box<dyn AsyncRead + Send>>,
    name: Option<&str>,
) -> io::Result<Hashed> {
    let mut spool = Spool::new(MAX_LEN);
    let mut chunk = BytesMut::with_capacity(CHUNK);
    while reader.read_buf(&mut chunk).await? > 0 {
        spool.push(&chunk).await?;
        chunk.clear();
    }
    Ok(Hashed::new(name.map(str::to_owned), spool.finish().await?))
}
