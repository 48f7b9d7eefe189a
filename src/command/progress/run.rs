//! Shows the events of a run over many paths, to people and to machines.

use std::{collections::HashMap, io};

use serde::Serialize;
use webflow_assets::Client;

use super::Progress;
use crate::command::output;

/// The output of a run: progress, lines for people, and JSON for machines.
pub(crate) struct RunOutput {
    json: bool,
    quiet: bool,
    pub(crate) progress: Progress,
    /// The place of each file that is transferred.
    places: HashMap<String, usize>,
}

impl RunOutput {
    /// Starts with the paths and the lengths in bytes of the files to transfer.
    pub(crate) fn start<'a>(
        client: &Client,
        json: bool,
        quiet: bool,
        files: impl Iterator<Item = (&'a str, u64)> + Clone,
    ) -> Self {
        let places = files.clone().enumerate();
        let places = places.map(|(place, (path, _))| (path.to_owned(), place));
        Self {
            json,
            quiet,
            places: places.collect(),
            progress: Progress::start(client, quiet, || files.map(|(_, len)| len).collect()),
        }
    }

    pub(crate) fn place(&self, path: &str) -> usize {
        self.places.get(path).copied().unwrap_or(usize::MAX)
    }

    /// Prints a line for people.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            self.progress.aside(|| output::say(text));
        }
    }

    /// Prints an event for machines. Fails if it cannot be printed.
    pub(crate) fn print(&self, event: &impl Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        self.progress.aside(|| output::json_line(event))
    }
}
