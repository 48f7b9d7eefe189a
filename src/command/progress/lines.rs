//! A line of progress now and then, where there is no terminal: a log that stays silent for minutes
//! looks like a command that hangs.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use indicatif::{HumanBytes, HumanDuration};
use webflow_assets::Client;

use super::{board::Board, held, lock};
use crate::command::output;

/// How often the progress is printed, and how often a wait for the rate limit.
const INTERVAL: Duration = Duration::from_secs(30);

/// How often to check whether there is something to print.
const POLL: Duration = Duration::from_millis(500);

/// Prints until it is dropped.
pub(super) struct Lines {
    _running: Option<Sender<()>>,
}

impl Lines {
    pub(super) fn start(client: Client, board: Arc<Mutex<Board>>) -> Self {
        let (running, stopped) = mpsc::channel::<()>();
        let mut schedule = Schedule::new(Instant::now());
        let print = move || {
            while stopped.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
                let line = schedule.line(Instant::now(), held(&client), &lock(&board));
                if let Some(line) = line {
                    output::say(&line);
                }
            }
        };
        // Without a thread, there are no lines, and everything else works.
        let started = thread::Builder::new()
            .name("progress".to_owned())
            .spawn(print);
        Self {
            _running: started.is_ok().then_some(running),
        }
    }
}

/// When to print what.
struct Schedule {
    last: Instant,
    /// When a wait for the rate limit was printed.
    held: Option<Instant>,
}

impl Schedule {
    fn new(now: Instant) -> Self {
        Self {
            last: now,
            held: None,
        }
    }

    fn line(&mut self, now: Instant, held: Option<Duration>, board: &Board) -> Option<String> {
        let is_due = |last: Instant| now.saturating_duration_since(last) >= INTERVAL;
        let (done, count) = board.files();
        let (sent, total) = board.bytes();
        let progress = format!(
            "{done}/{count} files, {} of {}",
            HumanBytes(sent),
            HumanBytes(total)
        );
        if let Some(left) = held
            && self.held.is_none_or(is_due)
        {
            (self.held, self.last) = (Some(now), now);
            let left = HumanDuration(left);
            return Some(format!("{progress}; waiting for the rate limit, {left:#}"));
        }
        is_due(self.last).then(|| {
            self.last = now;
            progress
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_line_every_half_minute_and_one_for_a_wait() {
        let mut board = Board::new(vec![3 * 1024 * 1024, 1024]);
        board.start(0);
        board.moved(0, 1024 * 1024, 3 * 1024 * 1024);
        let start = Instant::now();
        let mut schedule = Schedule::new(start);
        let mut line = |seconds, held: Option<u64>| {
            let now = start + Duration::from_secs(seconds);
            schedule.line(now, held.map(Duration::from_secs), &board)
        };
        let progress = "0/2 files, 1.00 MiB of 3.00 MiB";
        assert_eq!(line(29, None), None);
        assert_eq!(line(30, None).as_deref(), Some(progress));
        assert_eq!(line(31, None), None);
        let waits = format!("{progress}; waiting for the rate limit, 23s");
        assert_eq!(line(32, Some(23)), Some(waits));
        assert_eq!(line(40, Some(15)), None);
        assert_eq!(line(61, None), None);
        assert_eq!(line(62, None).as_deref(), Some(progress));
        assert!(line(63, Some(59)).is_some());
    }
}
