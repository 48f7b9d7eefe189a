//! Measures the progress of a transfer, and detects when it stalls.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

pub(crate) type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// The progress of one attempt to send a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes of the file that were handed to the connection, in this attempt.
    pub sent: u64,
    /// Length of the file in bytes.
    pub total: u64,
}

/// What one attempt has sent, when it last made progress, and why the file could not be read.
pub(super) struct Meter {
    total: u64,
    sent: AtomicU64,
    start: Instant,
    /// Milliseconds from the start to the last progress.
    last: AtomicU64,
    failure: Mutex<Option<io::Error>>,
    on_progress: Option<OnProgress>,
}

impl Meter {
    pub(super) fn new(total: u64, on_progress: Option<OnProgress>) -> Self {
        Self {
            total,
            sent: AtomicU64::new(0),
            start: Instant::now(),
            last: AtomicU64::new(0),
            failure: Mutex::new(None),
            on_progress,
        }
    }

    /// Bytes of the file that were handed to the connection.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Counts a chunk on its way to the connection, and keeps an error that the connection would
    /// hide in its own.
    pub(super) fn pass(&self, chunk: io::Result<bytes::Bytes>) -> io::Result<bytes::Bytes> {
        match chunk {
            Ok(chunk) => {
                self.moved();
                let len = chunk.len() as u64;
                let sent = self.sent.fetch_add(len, Ordering::Relaxed) + len;
                if let Some(on_progress) = &self.on_progress {
                    on_progress(Progress {
                        sent,
                        total: self.total,
                    });
                }
                Ok(chunk)
            }
            Err(error) => {
                let kind = error.kind();
                *self.lock() = Some(error);
                Err(kind.into())
            }
        }
    }

    pub(super) fn failure(&self) -> Option<io::Error> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<io::Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moved(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// Resolves when there was no progress for `idle`.
    pub(super) async fn stall(&self, idle: Duration) {
        loop {
            let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
            let still = self.start.elapsed().saturating_sub(last);
            // `sleep` takes any duration; a sum of instants could overflow.
            match idle.checked_sub(still) {
                None | Some(Duration::ZERO) => return,
                Some(left) => tokio::time::sleep(left).await,
            }
        }
    }
}
