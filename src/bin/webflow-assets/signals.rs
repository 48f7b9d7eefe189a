//! Being asked to stop.

use std::io;

use crate::Exit;

/// Watches for Ctrl-C and, where there is such a thing, `SIGTERM`, from when it is made.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

const SIGINT: u8 = 2;
#[cfg(unix)]
const SIGTERM: u8 = 15;

impl Signals {
    #[cfg(unix)]
    pub(crate) fn watch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(not(unix))]
    pub(crate) fn watch() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the first signal.
    #[cfg(unix)]
    pub(crate) async fn stop(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Signal(SIGINT),
            _ = self.terminate.recv() => Exit::Signal(SIGTERM),
        }
    }

    /// Waits for the first signal.
    #[cfg(not(unix))]
    pub(crate) async fn stop(&mut self) -> Exit {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Exit::Signal(SIGINT),
            // Ctrl-C then still ends the process, unannounced.
            Err(_) => std::future::pending().await,
        }
    }
}
