//! The `webflow-assets` command: files onto a Webflow site, from a shell or a script.

mod args;
mod output;
mod progress;
#[cfg(feature = "sandbox")]
mod sandbox;
mod signals;
mod site;
mod upload;

use std::{
    io,
    process::{ExitCode, Termination},
};

use tokio::runtime;

use args::Command;

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Success,
    /// Something that was asked for did not happen.
    Failure,
    /// A signal ended the command, or a closed pipe did, which is `SIGPIPE` elsewhere.
    Signal(u8),
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        match self {
            Self::Success => ExitCode::SUCCESS,
            Self::Failure => ExitCode::FAILURE,
            // As shells count.
            Self::Signal(signal) => ExitCode::from(128 + signal),
        }
    }
}

fn main() -> Exit {
    match args::parse().command {
        Command::Upload(args) => {
            // One thread is enough for one upload at a time, but not for a sandbox beside it.
            let runtime = if args.site.sandbox() {
                runtime::Builder::new_multi_thread()
            } else {
                runtime::Builder::new_current_thread()
            };
            block_on(runtime, upload::run(args))
        }
        #[cfg(feature = "sandbox")]
        Command::Sandbox(args) => {
            block_on(runtime::Builder::new_multi_thread(), sandbox::run(args))
        }
        Command::Completions { shell } => output::finish(args::completions(shell)),
    }
}

fn block_on(mut runtime: runtime::Builder, work: impl Future<Output = io::Result<Exit>>) -> Exit {
    match runtime.enable_all().build() {
        Ok(runtime) => {
            let result = runtime.block_on(work);
            // After an interrupt, a thread may still wait for a slow disk. Nobody waits for it.
            runtime.shutdown_background();
            result.unwrap_or_else(|error| output::unwritable(&error))
        }
        Err(error) => {
            output::error("the command cannot start", &[error.to_string()]);
            Exit::Failure
        }
    }
}
