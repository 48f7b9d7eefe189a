//! How far several files have come.

use std::time::Duration;

use super::line::{Moved, Pace, State};

/// At most so many files have a line.
const SHOWN: usize = 8;

pub(super) struct Board {
    /// The length of each file, as far as it is known, in bytes.
    lens: Vec<u64>,
    /// Those of all files that are or will be sent.
    total: u64,
    /// Those of the files that have been sent.
    sent: u64,
    done: usize,
    /// In the order in which they began.
    active: Vec<Active>,
    moving: bool,
}

/// A file that is under way.
struct Active {
    index: usize,
    label: String,
    /// Bytes that were sent, and all of them; `None` until the first one is sent.
    position: Option<(u64, u64)>,
}

impl Board {
    pub(super) fn new(lens: Vec<u64>) -> Self {
        Self {
            total: lens.iter().sum(),
            lens,
            sent: 0,
            done: 0,
            active: Vec::new(),
            moving: false,
        }
    }

    pub(super) fn start(&mut self, index: usize, label: String) {
        self.active.push(Active {
            index,
            label,
            position: None,
        });
    }

    /// Takes in how far a file has come; whether these are the first bytes of all.
    pub(super) fn moved(&mut self, index: usize, sent: u64, total: u64) -> bool {
        self.set_len(index, total);
        if let Some(active) = self.active.iter_mut().find(|active| active.index == index) {
            active.position = Some((sent, total));
        }
        !std::mem::replace(&mut self.moving, true)
    }

    /// Takes in that a file is done, and its length where it was sent.
    pub(super) fn finish(&mut self, index: usize, len: Option<u64>) {
        self.stop(index);
        // What was not sent is no part of what there was to send.
        self.set_len(index, len.unwrap_or_default());
        self.sent += len.unwrap_or_default();
        self.done += 1;
    }

    /// Takes in that a file is no longer under way.
    pub(super) fn stop(&mut self, index: usize) {
        self.active.retain(|active| active.index != index);
    }

    fn set_len(&mut self, index: usize, len: u64) {
        if let Some(known) = self.lens.get_mut(index) {
            self.total = self.total - *known + len;
            *known = len;
        }
    }

    /// How much was sent, and of how much.
    pub(super) fn bytes(&self) -> (u64, u64) {
        let active = self.active.iter().filter_map(|active| active.position);
        let sent = self.sent + active.map(|(sent, _)| sent).sum::<u64>();
        (sent.min(self.total), self.total)
    }

    /// As many lines as there is room for, none of them wider than this.
    pub(super) fn lines(
        &self,
        pace: Pace,
        held: Option<Duration>,
        columns: usize,
        rows: usize,
    ) -> String {
        let alone = self.lens.len() == 1;
        let (sent, total) = self.bytes();
        let all = State {
            label: &match &self.active[..] {
                [only] if alone => only.label.clone(),
                _ => format!("{}/{} files", self.done, self.lens.len()),
            },
            moved: self.moving.then_some(Moved {
                sent,
                total,
                pace: Some(pace),
            }),
            held,
        };
        let mut lines = all.line(columns);
        if alone {
            return lines;
        }
        // A row is left for the cursor, and one is taken.
        let room = rows.saturating_sub(2).min(SHOWN);
        for active in self.active.iter().take(room) {
            let label = format!("  {}", active.label);
            let state = State {
                label: &label,
                moved: active.position.map(|(sent, total)| Moved {
                    sent,
                    total,
                    pace: None,
                }),
                held: None,
            };
            lines.push('\n');
            lines.push_str(&state.line(columns));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn pace() -> Pace {
        Pace {
            rate: 1_048_576.0,
            left: Duration::from_secs(2),
        }
    }

    fn lines(board: &Board, columns: usize, rows: usize) -> Vec<String> {
        let lines = board.lines(pace(), None, columns, rows);
        lines.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_total_stands_above_the_files_under_way() {
        let mut board = Board::new(vec![MIB, 3 * MIB, 2 * MIB]);
        board.start(0, "a.png".to_owned());
        board.start(1, "b.png".to_owned());
        assert_eq!(
            lines(&board, 39, 24),
            [
                "0/3 files  preparing",
                "  a.png  preparing",
                "  b.png  preparing"
            ]
        );
        assert!(board.moved(0, MIB, MIB));
        board.finish(0, Some(MIB));
        assert!(!board.moved(1, MIB / 2, 3 * MIB));
        board.start(2, "c.png".to_owned());
        assert_eq!(
            lines(&board, 39, 24),
            [
                "1/3 files        1.50/6.00M 1.00M/s  2s",
                "  b.png  ███░░░░░░░░░░░░░░░  0.50/3.00M",
                "  c.png  preparing",
            ]
        );
    }

    #[test]
    fn a_file_that_is_not_sent_is_no_part_of_the_total() {
        let mut board = Board::new(vec![MIB, 0]);
        board.start(0, "a.png".to_owned());
        board.start(1, "https://example.com/b.png".to_owned());
        // Its length becomes known when it was fetched.
        board.moved(1, 0, 3 * MIB);
        assert_eq!(board.bytes(), (0, 4 * MIB));
        board.moved(0, MIB / 2, MIB);
        assert_eq!(board.bytes(), (MIB / 2, 4 * MIB));
        board.finish(0, None);
        assert_eq!(board.bytes(), (0, 3 * MIB));
        board.finish(1, Some(3 * MIB));
        assert_eq!(board.bytes(), (3 * MIB, 3 * MIB));
    }

    #[test]
    fn a_single_file_has_a_line_of_its_own() {
        let mut board = Board::new(vec![MIB]);
        board.start(0, "hero.png".to_owned());
        assert_eq!(lines(&board, 79, 24), ["hero.png  preparing"]);
        board.moved(0, MIB / 4, MIB);
        assert_eq!(
            lines(&board, 59, 24),
            ["hero.png  ██████░░░░░░░░░░░░░░░░░░░  0.25/1.00M 1.00M/s  2s"]
        );
    }

    #[test]
    fn no_more_lines_are_drawn_than_fit() {
        let mut board = Board::new(vec![MIB; 100]);
        for index in 0..20 {
            board.start(index, format!("{index}.png"));
        }
        for (rows, expected) in [(0, 1), (1, 1), (2, 1), (3, 2), (9, 8), (10, 9), (50, 9)] {
            assert_eq!(lines(&board, 79, rows).len(), expected, "{rows}");
        }
    }
}
