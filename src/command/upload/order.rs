//! Lines in the order of the files, whichever file is done first.

use std::collections::BTreeMap;

/// Holds back what is ready before its turn: a line for each file that is done while an earlier
/// one is not.
#[derive(Default)]
pub(super) struct InOrder {
    next: usize,
    waiting: BTreeMap<usize, Option<String>>,
}

impl InOrder {
    /// Records that a file is done, with a line or without.
    pub(super) fn put(&mut self, index: usize, line: Option<String>) {
        self.waiting.insert(index, line);
    }

    /// The lines whose turn it is.
    pub(super) fn ready(&mut self) -> impl Iterator<Item = String> {
        let mut lines = Vec::new();
        while let Some(line) = self.waiting.remove(&self.next) {
            self.next += 1;
            lines.extend(line);
        }
        lines.into_iter()
    }

    /// The lines that are left when no more files are done.
    pub(super) fn rest(self) -> impl Iterator<Item = String> {
        self.waiting.into_values().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_waits_for_those_before_it() {
        let mut order = InOrder::default();
        let ready = |order: &mut InOrder| order.ready().collect::<Vec<_>>();
        order.put(1, Some("b".to_owned()));
        assert_eq!(ready(&mut order), [""; 0]);
        order.put(0, Some("a".to_owned()));
        assert_eq!(ready(&mut order), ["a", "b"]);
        // A failed file has no line, and does not delay the others.
        order.put(3, Some("d".to_owned()));
        order.put(2, None);
        assert_eq!(ready(&mut order), ["d"]);
        order.put(6, Some("g".to_owned()));
        order.put(5, Some("f".to_owned()));
        assert_eq!(ready(&mut order), [""; 0]);
        assert_eq!(order.rest().collect::<Vec<_>>(), ["f", "g"]);
    }
}
