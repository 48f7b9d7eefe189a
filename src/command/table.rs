//! Rows of text: columns on a terminal, fields between tabs elsewhere.

use std::io;

use console::{Alignment, Term, pad_str};

use crate::command::output;

pub(crate) struct Column {
    title: &'static str,
    /// In characters; on a terminal, longer texts are cut. `None` for the remaining width.
    width: Option<usize>,
    alignment: Alignment,
}

impl Column {
    pub(crate) const fn left(title: &'static str, width: Option<usize>) -> Self {
        let alignment = Alignment::Left;
        Self {
            title,
            width,
            alignment,
        }
    }

    pub(crate) const fn right(title: &'static str, width: Option<usize>) -> Self {
        let alignment = Alignment::Right;
        Self {
            alignment,
            ..Self::left(title, width)
        }
    }
}

/// Prints rows as they come.
pub(crate) struct Table<'a> {
    columns: &'a [Column],
    /// Which columns are printed, and in what width, on a terminal.
    terminal: Option<Terminal<'a>>,
    begun: bool,
}

struct Terminal<'a> {
    shown: Vec<(usize, &'a Column)>,
    width: usize,
    /// There is no room for two columns: each has a line of its own, which the terminal breaks.
    stacked: bool,
}

impl<'a> Terminal<'a> {
    /// Leaves out columns next to the last one until that has room. The first one always stays.
    fn new(columns: &'a [Column], width: usize) -> Self {
        const LAST: usize = 12;
        let mut shown: Vec<_> = columns.iter().enumerate().collect();
        let room = |shown: &[(usize, &Column)]| {
            let fixed = shown.iter().filter_map(|(_, column)| column.width);
            fixed.map(|width| width + 2).sum::<usize>() + LAST
        };
        while shown.len() > 2 && room(&shown) > width {
            shown.remove(shown.len() - 2);
        }
        let stacked = room(&shown) > width;
        Self {
            shown,
            width,
            stacked,
        }
    }

    fn line(&self, cells: &[String]) -> String {
        if self.stacked {
            let cells = self.shown.iter().filter_map(|(index, _)| cells.get(*index));
            let cells: Vec<&str> = cells.map(String::as_str).collect();
            return cells.join("\n  ");
        }
        let mut line = String::new();
        for (index, column) in &self.shown {
            let cell = cells.get(*index).map_or("", String::as_str);
            match column.width {
                Some(width) => line += &pad_str(cell, width, column.alignment, Some("…")),
                None => line += cell,
            }
            line += "  ";
        }
        console::truncate_str(line.trim_end(), self.width, "…").into_owned()
    }
}

impl<'a> Table<'a> {
    pub(crate) fn new(columns: &'a [Column]) -> Self {
        let term = Term::stdout();
        let terminal = term
            .is_term()
            .then(|| Terminal::new(columns, usize::from(term.size().1)));
        Self {
            columns,
            terminal,
            begun: false,
        }
    }

    /// Whether the rows go to a terminal.
    pub(crate) fn is_read(&self) -> bool {
        self.terminal.is_some()
    }

    /// Prints a row of as many cells as there are columns; on a terminal, the first one has the
    /// titles above it.
    pub(crate) fn row<C: AsRef<str>>(&mut self, cells: &[C]) -> io::Result<()> {
        let cells = cells.iter().map(AsRef::as_ref);
        let Some(terminal) = &self.terminal else {
            let fields: Vec<String> = cells.map(output::field).collect();
            return output::line(&fields.join("\t"));
        };
        if !std::mem::replace(&mut self.begun, true) {
            let titles = self.columns.iter().map(|column| column.title.to_owned());
            output::line(&terminal.line(&titles.collect::<Vec<_>>()))?;
        }
        output::line(&terminal.line(&cells.map(output::escape).collect::<Vec<_>>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column::left("ID", Some(6)),
        Column::right("SIZE", Some(5)),
        Column::left("NAME", None),
    ];

    #[test]
    fn cells_stand_below_each_other_and_what_is_too_wide_is_cut() {
        let shown = |cells: [&str; 3], width| {
            Terminal::new(&COLUMNS, width).line(&cells.map(str::to_owned))
        };
        assert_eq!(
            shown(["abc", "1 B", "hero.png"], 79),
            "abc       1 B  hero.png"
        );
        assert_eq!(
            shown(["abcdefgh", "1 B", "写真.png"], 79),
            "abcde…    1 B  写真.png"
        );
        assert_eq!(
            shown(["abc", "1 B", "hero-at-dawn.png"], 27),
            "abc       1 B  hero-at-daw…"
        );
        assert_eq!(shown(["abc", "1 B", ""], 27), "abc       1 B");
        // A terminal that is too narrow for all columns loses those next to the name.
        assert_eq!(shown(["abc", "1 B", "hero.png"], 26), "abc     hero.png");
        assert_eq!(shown(["abc", "1 B", "hero.png"], 19), "abc\n  hero.png");
    }
}
