//! Progress on stderr, for people only: a line for one file; for several, a line for all of them
//! and one for each that is under way.

mod board;
mod line;
mod units;

use std::{
    env,
    ffi::OsStr,
    fmt::Write,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use webflow_assets::{Client, Progress as Position};

use board::Board;
use line::Pace;
pub(crate) use units::size;

use crate::output::escape;

/// How often an unmoving bar is redrawn, so that its rate and time left stay true.
const TICK: Duration = Duration::from_millis(200);

/// How long a rate is not shown: the first pieces fill buffers and would make it absurd.
const SETTLE: Duration = Duration::from_millis(500);

/// The lines of an undertaking. They go when they are cleared.
pub(crate) struct Progress(Option<Shown>);

struct Shown {
    bar: ProgressBar,
    board: Arc<Mutex<Board>>,
}

impl Progress {
    /// Shows the progress of files with these lengths in bytes, 0 where it is not known yet,
    /// unless nobody would see it. `client` is asked about the rate limit.
    pub(crate) fn start(client: &Client, quiet: bool, lens: impl FnOnce() -> Vec<u64>) -> Self {
        let is_watched =
            Term::stderr().is_term() && env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self((is_watched && !quiet).then(|| Shown::start(client.clone(), Board::new(lens()))))
    }

    /// A file is being read. It goes by its name, as a path would not fit.
    pub(crate) fn started(&self, index: usize, file: &str) {
        if let Some(shown) = &self.0 {
            let name = Path::new(file).file_name();
            let name = name.map_or(file.into(), OsStr::to_string_lossy);
            lock(&shown.board).start(index, escape(&name));
        }
    }

    /// A piece of a file was sent.
    pub(crate) fn moved(&self, index: usize, position: Position) {
        if let Some(shown) = &self.0 {
            let first = lock(&shown.board).moved(index, position.sent, position.total);
            if first {
                // The time until now went into reading and must not count as slow sending.
                shown.bar.reset_eta();
                shown.bar.reset_elapsed();
            }
            shown.update();
        }
    }

    /// A file is done. `len` is its length in bytes where it was sent.
    pub(crate) fn finished(&self, index: usize, len: Option<u64>) {
        if let Some(shown) = &self.0 {
            lock(&shown.board).finish(index, len);
            shown.update();
        }
    }

    /// A file failed, and begins again later.
    pub(crate) fn postponed(&self, index: usize) {
        if let Some(shown) = &self.0 {
            lock(&shown.board).stop(index);
            shown.update();
        }
    }

    /// Prints something without the lines in its way.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(shown) => shown.bar.suspend(print),
            None => print(),
        }
    }

    pub(crate) fn clear(&self) {
        if let Some(shown) = &self.0 {
            shown.bar.finish_and_clear();
        }
    }
}

impl Shown {
    fn start(client: Client, board: Board) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let board = Arc::new(Mutex::new(board));
        let (drawn, term) = (Arc::clone(&board), Term::stderr());
        let style = ProgressStyle::with_template("{lines}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("lines", move |state: &ProgressState, w: &mut dyn Write| {
                let pace = Pace {
                    rate: if state.elapsed() < SETTLE {
                        0.0
                    } else {
                        state.per_sec()
                    },
                    left: state.eta(),
                };
                let limit = client.rate_limit();
                let held = limit
                    .resets_in
                    .filter(|left| limit.waiting > 0 && !left.is_zero());
                let (rows, columns) = term.size();
                // The last column stays free: some terminals wrap on it.
                let columns = usize::from(columns).saturating_sub(1);
                let lines = lock(&drawn).lines(pace, held, columns, usize::from(rows));
                // Lines that cannot be drawn are no reason to stop.
                let _ = w.write_str(&lines);
            });
        bar.set_style(style);
        bar.enable_steady_tick(TICK);
        Self { bar, board }
    }

    /// Tells the bar, which knows the rate.
    fn update(&self) {
        let (sent, total) = lock(&self.board).bytes();
        self.bar.set_length(total);
        self.bar.set_position(sent);
    }
}

/// Held for a line's time at the most.
fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}
