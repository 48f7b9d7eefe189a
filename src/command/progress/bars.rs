//! Bars on a terminal: one for the total, and one for each file in progress.

use std::{collections::HashMap, fmt::Write, sync::Mutex, time::Duration};

use console::Term;
use indicatif::{
    HumanBytes, HumanDuration, MultiProgress, ProgressBar, ProgressState, ProgressStyle,
};
use webflow_assets::Client;

use super::{board::Board, held, lock};

/// How often an unmoving bar is redrawn, so that its rate and time left stay true.
const TICK: Duration = Duration::from_millis(200);

/// Terminals with fewer columns get shorter texts.
const WIDE: usize = 80;

/// Terminals with fewer columns get no bars.
const MEDIUM: usize = 60;

pub(super) struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    /// The bars of the files in progress. A single file has the total's bar.
    files: Mutex<HashMap<usize, ProgressBar>>,
    alone: bool,
}

impl Bars {
    pub(super) fn start(client: Client, alone: bool) -> Self {
        let all = MultiProgress::new();
        let total = all.add(ProgressBar::new(0).with_style(total_style(client)));
        total.enable_steady_tick(TICK);
        Self {
            all,
            total,
            files: Mutex::default(),
            alone,
        }
    }

    pub(super) fn add(&self, index: usize, name: String) {
        if self.alone {
            self.total.set_prefix(name);
            return;
        }
        let bar = ProgressBar::new(0)
            .with_style(file_style())
            .with_prefix(name);
        let bar = self.all.add(bar);
        bar.tick();
        lock(&self.files).insert(index, bar);
    }

    pub(super) fn moved(&self, index: usize, sent: u64, total: u64) {
        if let Some(bar) = lock(&self.files).get(&index) {
            bar.set_length(total);
            bar.set_position(sent);
        }
    }

    pub(super) fn remove(&self, index: usize) {
        if let Some(bar) = lock(&self.files).remove(&index) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }

    pub(super) fn total(&self, board: &Board) {
        let (sent, total) = board.bytes();
        if self.total.position() == 0 && sent > 0 {
            // The time until now went into reading and must not count as slow sending.
            self.total.reset_eta();
        }
        self.total.set_length(total);
        self.total.set_position(sent);
        if !self.alone {
            let (done, count) = board.files();
            self.total.set_prefix(format!("{done}/{count} files"));
        }
    }

    pub(super) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.all.suspend(print)
    }
}

/// Leaves nothing of the bars on the terminal.
impl Drop for Bars {
    fn drop(&mut self) {
        self.total.finish_and_clear();
        for (_, bar) in lock(&self.files).drain() {
            bar.finish_and_clear();
        }
    }
}

fn total_style(client: Client) -> ProgressStyle {
    let template = match columns() {
        MEDIUM.. => "{prefix} {wide_bar} {binary_bytes}/{binary_total_bytes} {pace}".to_owned(),
        columns if columns >= 40 => {
            format!("{{prefix:{}!}} {{done}} {{pace}}", columns - 24)
        }
        columns => format!("{{prefix:{}!}} {{done}}", columns.saturating_sub(6).max(1)),
    };
    style(&template).with_key("pace", move |state: &ProgressState, w: &mut dyn Write| {
        // A text that cannot be drawn is no reason to stop.
        let _ = match held(&client) {
            Some(left) if columns() >= WIDE => {
                write!(w, "waiting for the rate limit, {:#}", HumanDuration(left))
            }
            Some(left) => write!(w, "rate limit, {:#}", HumanDuration(left)),
            None => pace(state, w),
        };
    })
}

fn pace(state: &ProgressState, w: &mut dyn Write) -> std::fmt::Result {
    if let Some(phase) = phase(state) {
        return w.write_str(phase);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is not negative, and fractions of a byte do not matter"
    )]
    let rate = state.per_sec() as u64;
    write!(
        w,
        "{}/s, {:#}",
        HumanBytes(rate),
        HumanDuration(state.eta())
    )
}

fn file_style() -> ProgressStyle {
    let template = match columns() {
        WIDE.. => {
            "  {prefix:30!} {wide_bar} {binary_bytes}/{binary_total_bytes} {phase}".to_owned()
        }
        MEDIUM.. => {
            "  {prefix:12!} {wide_bar} {binary_bytes}/{binary_total_bytes} {phase}".to_owned()
        }
        columns => format!(
            "  {{prefix:{}!}} {{done}}",
            columns.saturating_sub(8).max(1)
        ),
    };
    style(&template).with_key("phase", |state: &ProgressState, w: &mut dyn Write| {
        let _ = w.write_str(phase(state).unwrap_or_default());
    })
}

/// What happens to a file while none of it is sent.
fn phase(state: &ProgressState) -> Option<&'static str> {
    if state.pos() == 0 {
        Some("preparing")
    } else if Some(state.pos()) == state.len() {
        // S3 has yet to answer.
        Some("finishing")
    } else {
        None
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("█░")
        .with_key("done", |state: &ProgressState, w: &mut dyn Write| {
            let len = state.len().filter(|len| *len > 0);
            let percent = len.map_or(0, |len| state.pos() * 100 / len);
            let _ = write!(w, "{percent:>3}%");
        })
}

fn columns() -> usize {
    Term::stderr().size().1.into()
}
