//! Signals that end the command.

#[cfg(unix)]
use std::{
    future::poll_fn,
    task::{Context, Poll},
};
use std::{io, process, thread, time::Duration};

use tokio::{runtime, sync::watch, time};

use crate::command::Exit;

/// How long the command may take to end by itself. It cannot where it waits for a reader of its
/// output or for a slow disk.
const GRACE: Duration = Duration::from_secs(2);

/// Makes a write beyond the limit for files (`ulimit -f`) fail, with an error that is reported: the
/// signal would end the process without a word. Without this, it does.
pub(crate) fn outlive_file_limit() {
    // The number of SIGXFSZ, which `tokio` has no name for.
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    let _ = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(25));
}

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
        let first = self.0.wait_for(Option::is_some).await.map(|first| *first);
        match first {
            Ok(Some(exit)) => exit,
            // The thread ends only with the process.
            _ => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
struct Watched(Vec<(Exit, tokio::signal::unix::Signal)>);

#[cfg(unix)]
impl Watched {
    fn start() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let ignored = ignored();
        let kinds = [
            SignalKind::hangup(),
            SignalKind::interrupt(),
            SignalKind::terminate(),
        ];
        let numbers = kinds.map(|kind| (kind, kind.as_raw_value().unsigned_abs()));
        let watched = numbers
            .into_iter()
            .filter(|(_, number)| ignored & 1 << (number - 1) == 0)
            .map(|(kind, number)| {
                Ok((
                    Exit::Signal(u8::try_from(number).unwrap_or(u8::MAX)),
                    signal(kind)?,
                ))
            });
        Ok(Self(watched.collect::<io::Result<_>>()?))
    }

    async fn next(&mut self) -> Exit {
        let next = |context: &mut Context<'_>| {
            let mut signals = self.0.iter_mut();
            let exit = signals
                .find_map(|(exit, signal)| signal.poll_recv(context).is_ready().then_some(*exit));
            exit.map_or(Poll::Pending, Poll::Ready)
        };
        poll_fn(next).await
    }
}

/// The signals that were ignored when the program began, as `nohup` sets it, a bit for each. They
/// stay ignored. Only Linux says which they are.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut fields = status.lines().filter_map(|line| line.split_once(':'));
    let ignored = fields.find(|(name, _)| *name == "SigIgn");
    ignored
        .and_then(|(_, mask)| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
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
