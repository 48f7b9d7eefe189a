//! Progress on stderr: bars on a terminal, and a line now and then elsewhere.

mod bars;
mod board;
mod lines;
mod run;

use std::{
    env,
    ffi::OsStr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use console::Term;
use indicatif::HumanBytes;
use webflow_assets::{Client, Progress as Position};

pub(crate) use self::run::RunOutput;
use self::{bars::Bars, board::Board, lines::Lines};
use crate::command::{output, verbose};

/// Shows the progress of several files until it is dropped.
pub(crate) struct Progress {
    board: Arc<Mutex<Board>>,
    bars: Option<Bars>,
    _lines: Option<Lines>,
}

impl Progress {
    /// Shows the progress of files with these lengths in bytes, 0 where a length is not known yet.
    /// `client` is asked about the rate limit.
    pub(crate) fn start(client: &Client, quiet: bool, lens: impl FnOnce() -> Vec<u64>) -> Self {
        let lens = if quiet { Vec::new() } else { lens() };
        let alone = lens.len() == 1;
        let board = Arc::new(Mutex::new(Board::new(lens)));
        let has_cursor =
            Term::stderr().is_term() && env::var_os("TERM").is_none_or(|term| term != "dumb");
        let draws = !quiet && has_cursor && !verbose::is_on();
        let prints = !quiet && !draws;
        let progress = Self {
            bars: draws.then(|| Bars::start(client.clone(), alone)),
            _lines: prints.then(|| Lines::start(client.clone(), Arc::clone(&board))),
            board,
        };
        progress.update();
        progress
    }

    /// A file is being read. Its name is shown, as a path would not fit.
    pub(crate) fn started(&self, index: usize, file: &str) {
        self.board().start(index);
        if let Some(bars) = &self.bars {
            let name = Path::new(file).file_name();
            let name = name.map_or(file.into(), OsStr::to_string_lossy);
            bars.add(index, output::escape(&name));
        }
    }

    /// A chunk of a file was sent.
    pub(crate) fn moved(&self, index: usize, position: Position) {
        self.board().moved(index, position.sent, position.total);
        if let Some(bars) = &self.bars {
            bars.moved(index, position.sent, position.total);
        }
        self.update();
    }

    /// A file is done. `len` is its length in bytes if it was sent.
    pub(crate) fn finished(&self, index: usize, len: Option<u64>) {
        self.board().finish(index, len);
        self.removed(index);
    }

    /// A file failed, and starts again later.
    pub(crate) fn postponed(&self, index: usize) {
        self.board().stop(index);
        self.removed(index);
    }

    /// Prints something above the bars.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bars {
            Some(bars) => bars.aside(print),
            None => print(),
        }
    }

    fn removed(&self, index: usize) {
        if let Some(bars) = &self.bars {
            bars.remove(index);
        }
        self.update();
    }

    fn update(&self) {
        if let Some(bars) = &self.bars {
            bars.total(&self.board());
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        lock(&self.board)
    }
}

/// Says that a file waits until no other run can delete its asset any more.
pub(crate) fn waiting(file: &str, wait: Duration) -> String {
    let seconds = wait.as_millis().div_ceil(1000);
    format!(
        "{file}: stored; another run has just registered this content, so the asset is checked again \
         in {seconds} s"
    )
}

/// A size, as in `1.23 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}

/// How long requests will wait for the rate limit, if any do.
fn held(client: &Client) -> Option<Duration> {
    let limit = client.rate_limit();
    limit
        .resets_in
        .filter(|left| limit.waiting > 0 && !left.is_zero())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
