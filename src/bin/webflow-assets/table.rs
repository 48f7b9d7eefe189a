//! Rows of text: columns on a terminal, fields between tabs elsewhere.

use std::io;

use console::{Alignment, Term, pad_str};

use crate::output;

/// A column of a table.
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// In characters; what is wider is cut, on a terminal. `None` for all that is left.
    pub(crate) width: Option<usize>,
    pub(crate) alignment: Alignment,
}

/// Prints rows as they come.
pub(crate) struct Table<'a> {
    columns: &'a [Column],
    /// The width of the terminal, if there is one.
    terminal: Option<usize>,
    begun: bool,
}

impl<'a> Table<'a> {
    pub(crate) fn new(columns: &'a [Column]) -> Self {
        let term = Term::stdout();
        let terminal = term.is_term().then(|| usize::from(term.size().1));
        Self {
            columns,
            terminal,
            begun: false,
        }
    }

    /// Whether a person reads it.
    pub(crate) fn is_read(&self) -> bool {
        self.terminal.is_some()
    }

    /// Prints a row of as many cells as there are columns, below the titles if it is the first
    /// on a terminal.
    pub(crate) fn row<C: AsRef<str>>(&mut self, cells: &[C]) -> io::Result<()> {
        let cells = cells.iter().map(|cell| output::escape(cell.as_ref()));
        let Some(width) = self.terminal else {
            return output::line(&cells.collect::<Vec<_>>().join("\t"));
        };
        if !std::mem::replace(&mut self.begun, true) {
            let titles = self.columns.iter().map(|column| column.title.to_owned());
            output::line(&line(self.columns, titles, width))?;
        }
        output::line(&line(self.columns, cells, width))
    }
}

fn line(columns: &[Column], cells: impl Iterator<Item = String>, width: usize) -> String {
    let mut line = String::new();
    for (column, cell) in columns.iter().zip(cells) {
        match column.width {
            Some(width) => line += &pad_str(&cell, width, column.alignment, Some("…")),
            None => line += &cell,
        }
        line += "  ";
    }
    console::truncate_str(line.trim_end(), width, "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column {
            title: "ID",
            width: Some(6),
            alignment: Alignment::Left,
        },
        Column {
            title: "SIZE",
            width: Some(5),
            alignment: Alignment::Right,
        },
        Column {
            title: "NAME",
            width: None,
            alignment: Alignment::Left,
        },
    ];

    #[test]
    fn cells_stand_below_each_other_and_what_is_too_wide_is_cut() {
        let shown =
            |cells: [&str; 3], width| line(&COLUMNS, cells.into_iter().map(str::to_owned), width);
        assert_eq!(
            shown(["abc", "1 B", "hero.png"], 79),
            "abc       1 B  hero.png"
        );
        assert_eq!(
            shown(["abcdefgh", "1 B", "写真.png"], 79),
            "abcde…    1 B  写真.png"
        );
        assert_eq!(
            shown(["abc", "1 B", "hero.png"], 20),
            "abc       1 B  hero…"
        );
        assert_eq!(shown(["abc", "1 B", ""], 20), "abc       1 B");
    }
}
