//! How much of several files has been sent.

use std::collections::BTreeMap;

pub(super) struct Board {
    /// The length of each file in bytes, as far as it is known.
    lens: Vec<u64>,
    /// The sum of the lengths of all files that were or will be sent.
    total: u64,
    /// The sum of the lengths of the files that have been sent.
    sent: u64,
    done: usize,
    /// The files in progress, and how many bytes of each were sent.
    active: BTreeMap<usize, u64>,
}

impl Board {
    pub(super) fn new(lens: Vec<u64>) -> Self {
        Self {
            total: lens.iter().sum(),
            lens,
            sent: 0,
            done: 0,
            active: BTreeMap::new(),
        }
    }

    pub(super) fn start(&mut self, index: usize) {
        self.active.insert(index, 0);
    }

    pub(super) fn moved(&mut self, index: usize, sent: u64, total: u64) {
        self.set_len(index, total);
        self.active.insert(index, sent);
    }

    /// Counts a file as done, with its length if it was sent.
    pub(super) fn finish(&mut self, index: usize, len: Option<u64>) {
        self.stop(index);
        let len = len.unwrap_or_default();
        // A file that was not sent does not count towards the total.
        self.set_len(index, len);
        self.sent += len;
        self.done += 1;
    }

    pub(super) fn stop(&mut self, index: usize) {
        self.active.remove(&index);
    }

    /// How many bytes were sent, and the total.
    pub(super) fn bytes(&self) -> (u64, u64) {
        let sent = self.sent + self.active.values().sum::<u64>();
        (sent.min(self.total), self.total)
    }

    /// How many files are done, and how many there are.
    pub(super) fn files(&self) -> (usize, usize) {
        (self.done, self.lens.len())
    }

    fn set_len(&mut self, index: usize, len: u64) {
        if let Some(known) = self.lens.get_mut(index) {
            self.total = self.total - *known + len;
            *known = len;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn a_file_that_is_not_sent_does_not_count_towards_the_total() {
        let mut board = Board::new(vec![MIB, 0]);
        board.start(0);
        board.start(1);
        // The length of a URL's file becomes known when it is fetched.
        board.moved(1, 0, 3 * MIB);
        assert_eq!(board.bytes(), (0, 4 * MIB));
        board.moved(0, MIB / 2, MIB);
        assert_eq!(board.bytes(), (MIB / 2, 4 * MIB));
        board.finish(0, None);
        assert_eq!(board.bytes(), (0, 3 * MIB));
        board.finish(1, Some(3 * MIB));
        assert_eq!(board.bytes(), (3 * MIB, 3 * MIB));
        assert_eq!(board.files(), (2, 2));
    }

    #[test]
    fn a_postponed_file_is_neither_sent_nor_done() {
        let mut board = Board::new(vec![MIB]);
        board.start(0);
        board.moved(0, MIB / 2, MIB);
        board.stop(0);
        assert_eq!((board.bytes(), board.files()), ((0, MIB), (0, 1)));
    }
}
