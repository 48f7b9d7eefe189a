//! `url`: where a file that was synchronised is hosted, by the lock file.

use std::io;

use crate::{Exit, args::UrlArgs, lock::Locks, output};

/// Prints the URL.
pub(crate) fn run(args: &UrlArgs) -> io::Result<Exit> {
    match Locks::new(args.lock_file.as_deref()).url(&args.path) {
        Ok(url) => {
            output::line(&output::escape(url))?;
            Ok(Exit::Success)
        }
        Err(error) => Ok(output::fail(&error)),
    }
}
