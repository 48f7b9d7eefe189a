//! What a line of progress says, as wide as it may be.

use std::time::Duration;

use console::{Alignment, measure_text_width, pad_str, truncate_str};

use super::units::{as_float, digits, time, unit};

/// Below this many columns, units lose their space and their second letter.
const NARROW: usize = 60;

/// What a line shows.
pub(super) struct State<'a> {
    pub(super) label: &'a str,
    /// `None` until the first byte is sent.
    pub(super) moved: Option<Moved>,
    /// For how long requests will wait for the rate limit, where some do.
    pub(super) held: Option<Duration>,
}

/// How much was sent.
pub(super) struct Moved {
    pub(super) sent: u64,
    pub(super) total: u64,
    /// `None` where the line of the total says it.
    pub(super) pace: Option<Pace>,
}

pub(super) struct Pace {
    /// Bytes a second.
    pub(super) rate: f64,
    pub(super) left: Duration,
}

impl State<'_> {
    /// The line in this width: the figures first, the name in what is left, and a bar only where
    /// there is room for both.
    pub(super) fn line(&self, width: usize) -> String {
        const NAME: usize = 40;
        const BAR: usize = 10;

        let short = width < NARROW;
        let Some(moved) = &self.moved else {
            let status = self
                .held
                .map_or("preparing".to_owned(), |left| held(left, short));
            let room = width.saturating_sub(status.len() + 2);
            return fit(&format!("{}  {status}", fit(self.label, room)), width);
        };
        let figures = moved.figures(self.held, short);
        let room = width.saturating_sub(measure_text_width(&figures) + 2);
        let name = fit(self.label, room.min(NAME));
        let rest = room.saturating_sub(measure_text_width(&name));
        if rest < BAR + 2 {
            let name = pad_str(&name, room, Alignment::Left, None);
            return fit(&format!("{name}  {figures}"), width);
        }
        let cells = rest - 2;
        let full = moved.cells(cells);
        let bar = "█".repeat(full) + &"░".repeat(cells - full);
        format!("{name}  {bar}  {figures}")
    }
}

impl Moved {
    /// The figures, as wide for the first byte as for the last, so that nothing jumps about.
    fn figures(&self, wait: Option<Duration>, short: bool) -> String {
        let gap = if short { "" } else { " " };
        let name = |name: &'static str| if short { &name[..1] } else { name };
        let (size, size_name) = unit(as_float(self.total));
        let (sent, total) = (
            digits(as_float(self.sent), size),
            digits(as_float(self.total), size),
        );
        let size_name = name(size_name);
        let Some(pace) = &self.pace else {
            // As wide for one file as for the next, as they stand below each other.
            let width = if short { 1 } else { 3 };
            let figures = format!("{sent:>4}/{total:>4}{gap}{size_name:<width$}");
            return self.or_finishing(figures);
        };
        let pace = if let Some(left) = wait {
            held(left, short)
        } else {
            let (rate_size, rate_name) = unit(pace.rate);
            let rate = digits(pace.rate, rate_size);
            let rate_name = name(rate_name);
            let left = if pace.rate > 0.0 {
                time(pace.left)
            } else {
                "--".to_owned()
            };
            self.or_finishing(format!("{rate:>4}{gap}{rate_name}/s {left:>3}"))
        };
        format!("{sent:>4}/{total}{gap}{size_name} {pace}")
    }

    /// Figures that mean nothing once all of it is on its way, and S3 has yet to answer.
    fn or_finishing(&self, figures: String) -> String {
        if self.sent < self.total {
            figures
        } else {
            format!("{:>1$}", "finishing", figures.len())
        }
    }

    /// How many of these cells are full.
    fn cells(&self, cells: usize) -> usize {
        let full = u128::from(self.sent) * cells as u128 / u128::from(self.total.max(1));
        usize::try_from(full).map_or(cells, |full| full.min(cells))
    }
}

/// What is said of requests that wait.
fn held(left: Duration, short: bool) -> String {
    let what = if short {
        "rate limit"
    } else {
        "waiting for the rate limit"
    };
    format!("{what}, {}", time(left))
}

/// As much of a text as fits.
pub(super) fn fit(text: &str, width: usize) -> String {
    if width == 0 {
        // Where not even the ellipsis fits.
        return String::new();
    }
    truncate_str(text, width, "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn state(label: &str, sent: u64, total: u64) -> State<'_> {
        State {
            label,
            moved: Some(Moved {
                sent,
                total,
                pace: Some(Pace {
                    rate: 47_395_635.2,
                    left: Duration::from_secs(125),
                }),
            }),
            held: None,
        }
    }

    /// A line below the total.
    fn below(label: &str, sent: u64, total: u64) -> State<'_> {
        let moved = Moved {
            sent,
            total,
            pace: None,
        };
        State {
            label,
            moved: Some(moved),
            held: None,
        }
    }

    #[test]
    fn a_bar_fits_its_terminal() {
        let line = |label, sent, width| state(label, sent, 200 * MIB).line(width);
        assert_eq!(
            line("2/5 files", 50 * MIB, 79),
            "2/5 files  █████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░  50.0/200 MiB 45.2 MiB/s 2m05s"
        );
        assert_eq!(
            line("a-rather-long-name.png", 50 * MIB, 37),
            "a-rather-lo…  50.0/200M 45.2M/s 2m05s"
        );
        assert_eq!(
            line("hero.png", 200 * MIB, 37),
            "hero.png       200/200M     finishing"
        );
        let held = Some(Duration::from_secs(23));
        for width in 0..200 {
            for label in ["a", "写真の名前がとても長いファイル.png", "  a name.png"]
            {
                for sent in [0, 1, 1023 * 1024, 200 * MIB] {
                    for state in [
                        state(label, sent, 200 * MIB),
                        State {
                            held,
                            ..state(label, sent, 200 * MIB)
                        },
                        below(label, sent, 200 * MIB),
                        State {
                            label,
                            moved: None,
                            held,
                        },
                    ] {
                        let line = state.line(width);
                        assert!(measure_text_width(&line) <= width, "{width}: {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn files_below_a_total_have_their_figures_in_columns() {
        assert_eq!(
            below("  hero.png", 512 * 1024, 3 * MIB).line(60),
            "  hero.png  █████░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0.50/3.00 MiB"
        );
        assert_eq!(
            below("  note.txt", 10, 12).line(60),
            "  note.txt  ███████████████████████████░░░░░░    10/  12 B  "
        );
        assert_eq!(
            below("  note.txt", 12, 12).line(60),
            "  note.txt  █████████████████████████████████      finishing"
        );
    }

    #[test]
    fn a_file_that_is_still_read_shows_its_name() {
        let state = |label| State {
            label,
            moved: None,
            held: None,
        };
        assert_eq!(state("hero.png").line(79), "hero.png  preparing");
        assert_eq!(
            state("a-rather-long-name.png").line(20),
            "a-rather…  preparing"
        );
    }

    #[test]
    fn requests_that_wait_are_said_to_wait() {
        let held = Some(Duration::from_secs(23));
        let begun = State {
            held,
            ..state("60/80 files", 150 * MIB, 200 * MIB)
        };
        assert_eq!(
            begun.line(79),
            "60/80 files  ███████████████░░░░░   150/200 MiB waiting for the rate limit, 23s"
        );
        assert_eq!(begun.line(39), "60/80 files    150/200M rate limit, 23s");
        let held = Some(Duration::from_secs(61));
        let fresh = State {
            label: "0/80 files",
            moved: None,
            held,
        };
        assert_eq!(
            fresh.line(79),
            "0/80 files  waiting for the rate limit, 1m01s"
        );
    }
}
