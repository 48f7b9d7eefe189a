//! The `webflow-assets` command: puts files on a Webflow site, from a shell or a script.

mod args;
mod assets;
mod doctor;
mod failure;
mod folders;
mod generate;
mod input;
mod list;
mod lock;
mod output;
mod progress;
mod pull;
#[cfg(feature = "sandbox")]
mod sandbox;
mod signals;
mod site;
mod sites;
mod sync;
mod table;
mod texts;
mod update;
mod upload;
mod url;
mod verbose;

use std::{io, panic::resume_unwind, process::ExitCode};

use tokio::runtime;

use args::Command;
use failure::{Ended, Failed, Result};

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Success,
    /// Something that was asked for did not happen.
    Failure,
    /// Webflow refused the token, so everything else would fail too.
    Refused,
    /// A signal ended the command, or a closed pipe, which counts as `SIGPIPE`.
    Signal(u8),
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            // 2 is wrong usage.
            Self::Refused => 3,
            // The convention of shells.
            Self::Signal(signal) => 128 + signal,
        }
    }
}

/// Runs the command with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    ExitCode::from(run().code())
}

fn run() -> Exit {
    // One thread is enough for work that mostly waits, but not for a sandbox in this process.
    let one = runtime::Builder::new_current_thread;
    let args = args::parse();
    verbose::start(args.verbose);
    match args.command {
        Command::Upload(args) if args.sandbox() => {
            block_on(runtime::Builder::new_multi_thread(), upload::run(args))
        }
        Command::Upload(args) => block_on(one(), upload::run(args)),
        Command::Sync(args) => block_on(one(), sync::run(args)),
        Command::Pull(args) => block_on(one(), pull::run(args)),
        Command::Url(args) => exit(url::run(&args)),
        Command::List(args) => block_on(one(), list::run(args)),
        Command::Get(args) => block_on(one(), assets::get(args)),
        Command::Update(args) => block_on(one(), update::run(args)),
        Command::Rm(args) => block_on(one(), assets::rm(args)),
        Command::Sites(args) => block_on(one(), sites::run(args)),
        Command::Doctor(args) => block_on(one(), doctor::run(args)),
        Command::Folders(args) => block_on(one(), folders::run(args)),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(args) => {
            block_on(runtime::Builder::new_multi_thread(), sandbox::run(args))
        }
        Command::Completions { shell } => exit(generate::completions(shell)),
        Command::Man { dir } => exit(generate::man(dir.as_deref())),
    }
}

fn exit(result: Result) -> Exit {
    match result {
        Ok(Exit::Success) if output::is_lost() => Exit::Failure,
        Ok(exit) => exit,
        Err(Ended::Failed(failed)) => failed.print(),
        Err(Ended::Unwritable(error)) => output::unwritable(&error),
    }
}

/// Fails if a few more files cannot be opened: what waits for signals would panic.
#[cfg(unix)]
fn can_open_files() -> io::Result<()> {
    use std::os::fd::AsFd;

    const NEEDED: usize = 16;
    let files = (0..NEEDED).map(|_| io::stderr().as_fd().try_clone_to_owned());
    files.collect::<io::Result<Vec<_>>>().map(drop)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn can_open_files() -> io::Result<()> {
    Ok(())
}

fn block_on(
    mut runtime: runtime::Builder,
    work: impl Future<Output = Result> + Send + 'static,
) -> Exit {
    match can_open_files().and_then(|()| runtime.enable_all().build()) {
        Ok(runtime) => {
            // As a task, which other tasks wake without a call to the system.
            let work = runtime.spawn(async {
                signals::outlive_file_limit();
                work.await
            });
            let result = runtime.block_on(work);
            let result = result.unwrap_or_else(|error| resume_unwind(error.into_panic()));
            // After an interrupt, a thread may still wait for a slow disk.
            runtime.shutdown_background();
            exit(result)
        }
        Err(error) => Failed::caused_by("the command cannot start".to_owned(), &error).print(),
    }
}
