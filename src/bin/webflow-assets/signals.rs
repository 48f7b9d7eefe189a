//! Signals that end the command.

use std::{io, process, thread, time::Duration};

use tokio::{runtime, sync::watch, time};

use crate::Exit;

/// How long the command may take to end by itself. It cannot where it waits for a reader of its
/// output or for a slow disk.
const GRACE: Duration = Duration::from_secs(2);

/// Watches for Ctrl-C and, on Unix, for `SIGTERM` and `SIGHUP`.
///
/// A thread of its own watches, so that a blocked output blocks no signal. A second signal ends
/// the process at once.
pub(crate) struct Signals(watch::Receiver<Option<Exit>>);

impl Signals {
    /// Starts to watch. From now on, a signal no longer ends the process by itself.
    pub(crate) fn watch() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut watched = {
            let _guard = runtime.enter();
            Watched::start()?
        };
        let (sender, receiver) = watch::channel(None);
        let watch = async move {
            let first = watched.next().await;
            sender.send_replace(Some(first));
            let last = tokio::select! {
                second = watched.next() => second,
                () = time::sleep(GRACE) => first,
            };
            process::exit(last.code().into());
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(watch))?;
        Ok(Self(receiver))
    }

    /// Waits for the first signal.
    pub(crate) async fn stop(&mut self) -> Exit {
        match self.0.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(exit)) => *exit,
            // The thread ends only with the process.
            _ => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
struct Watched {
    hangup: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Watched {
    fn start() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.hangup.recv() => Exit::Signal(1),
            _ = self.interrupt.recv() => Exit::Signal(2),
            _ = self.terminate.recv() => Exit::Signal(15),
        }
    }
}

#[cfg(not(unix))]
struct Watched;

#[cfg(not(unix))]
impl Watched {
    #[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
    fn start() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Exit {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Exit::Signal(2),
            // Ctrl-C then still ends the process, without a message.
            Err(_) => std::future::pending().await,
        }
    }
}
