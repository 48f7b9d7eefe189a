//! A progress bar on stderr, for people only.

use std::{
    env,
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use console::{Alignment, Term, measure_text_width, pad_str, truncate_str};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use webflow_assets::Progress as Position;

use crate::output::escape;

/// How often an unmoving bar is redrawn, so that its rate and time left stay true.
const TICK: Duration = Duration::from_millis(200);

/// How long a rate is not shown: the first pieces fill buffers and would make it absurd.
const SETTLE: Duration = Duration::from_millis(500);

/// The bar of one file. It takes its line away when it is cleared.
pub(crate) struct Progress {
    bar: ProgressBar,
    begun: Arc<AtomicBool>,
}

impl Progress {
    /// Shows a bar for a file, unless nobody would see it. `place` is its place among several.
    pub(crate) fn start(name: &str, place: Option<(usize, usize)>, quiet: bool) -> Self {
        let term = Term::stderr();
        let shown = !quiet && term.is_term() && env::var_os("TERM").is_none_or(|t| t != "dumb");
        let bar = if shown {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        } else {
            ProgressBar::hidden()
        };
        let label = match place {
            Some((index, count)) => format!("[{index}/{count}] {}", escape(name)),
            None => escape(name),
        };
        let style = ProgressStyle::with_template("{line}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("line", move |state: &ProgressState, w: &mut dyn Write| {
                let state = State {
                    label: &label,
                    moved: state.len().map(|total| Moved {
                        sent: state.pos(),
                        total,
                        rate: if state.elapsed() < SETTLE {
                            0.0
                        } else {
                            state.per_sec()
                        },
                        left: state.eta(),
                    }),
                };
                // The last column stays free: some terminals wrap on it.
                let width = usize::from(term.size().1).saturating_sub(1);
                // A bar that cannot be drawn is no reason to stop.
                let _ = w.write_str(&state.line(width));
            });
        bar.set_style(style);
        if shown {
            bar.enable_steady_tick(TICK);
        }
        Self {
            bar,
            begun: Arc::default(),
        }
    }

    /// What to call with each position of the upload.
    pub(crate) fn listener(&self) -> impl Fn(Position) + Send + Sync + use<> {
        let bar = self.bar.clone();
        let begun = Arc::clone(&self.begun);
        move |position| {
            if begun.swap(true, Ordering::Relaxed) {
                bar.set_position(position.sent);
            } else {
                // The time until now went into reading the file and must not count as slow sending.
                bar.reset_eta();
                bar.reset_elapsed();
                bar.set_position(position.sent);
                bar.set_length(position.total);
            }
        }
    }

    /// Whether any of the file was sent.
    pub(crate) fn begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    pub(crate) fn clear(self) {
        self.bar.finish_and_clear();
    }
}

/// What a bar shows.
struct State<'a> {
    label: &'a str,
    /// `None` until the first byte is sent.
    moved: Option<Moved>,
}

struct Moved {
    sent: u64,
    total: u64,
    /// Bytes a second.
    rate: f64,
    left: Duration,
}

impl State<'_> {
    /// The bar in one line of this width: the figures first, the name in what is left, and
    /// the bar itself only where there is room for both.
    fn line(&self, width: usize) -> String {
        const NAME: usize = 40;
        const BAR: usize = 10;
        const NARROW: usize = 60;

        let Some(moved) = &self.moved else {
            return fit(
                &format!("{}  preparing", fit(self.label, width.saturating_sub(11))),
                width,
            );
        };
        let figures = moved.figures(width < NARROW);
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
    fn figures(&self, short: bool) -> String {
        let gap = if short { "" } else { " " };
        let name = |name: &'static str| if short { &name[..1] } else { name };
        let (size, size_name) = unit(as_float(self.total));
        let (sent, total) = (
            digits(as_float(self.sent), size),
            digits(as_float(self.total), size),
        );
        let size_name = name(size_name);
        let (rate_size, rate_name) = unit(self.rate);
        let rate = digits(self.rate, rate_size);
        let rate_name = name(rate_name);
        let left = if self.rate > 0.0 {
            time(self.left)
        } else {
            "--".to_owned()
        };
        let pace = format!("{rate:>4}{gap}{rate_name}/s {left:>3}");
        // All of it is on its way, and S3 has yet to answer.
        let pace = if self.sent < self.total {
            pace
        } else {
            format!("{:>1$}", "finishing", pace.len())
        };
        format!("{sent:>4}/{total}{gap}{size_name} {pace}")
    }

    /// How many of these cells are full.
    fn cells(&self, cells: usize) -> usize {
        let full = u128::from(self.sent) * cells as u128 / u128::from(self.total.max(1));
        usize::try_from(full).map_or(cells, |full| full.min(cells))
    }
}

fn fit(text: &str, width: usize) -> String {
    if width == 0 {
        // Where not even the ellipsis fits.
        return String::new();
    }
    truncate_str(text, width, "…").into_owned()
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn as_float(bytes: u64) -> f64 {
    bytes as f64
}

/// The unit for a number of bytes: its size and its name.
fn unit(bytes: f64) -> (f64, &'static str) {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = 1.0;
    for name in &UNITS[..UNITS.len() - 1] {
        // Where three digits would round up to a fourth.
        if bytes / size < 999.5 {
            return (size, name);
        }
        size *= 1024.0;
    }
    (size, UNITS[UNITS.len() - 1])
}

/// A number of bytes in a unit: three digits, with as many of them behind the point as fit.
fn digits(bytes: f64, unit: f64) -> String {
    let number = bytes / unit;
    if unit <= 1.0 {
        format!("{number:.0}")
    } else if number < 9.995 {
        format!("{number:.2}")
    } else if number < 99.95 {
        format!("{number:.1}")
    } else {
        format!("{number:.0}")
    }
}

/// A time, rounded up: there is no "0s" before the end.
fn time(left: Duration) -> String {
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..360_000 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        // A guess that nobody can use.
        _ => "--".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn line(label: &str, sent: u64, total: u64, width: usize) -> String {
        let state = State {
            label,
            moved: Some(Moved {
                sent,
                total,
                rate: 47_395_635.2,
                left: Duration::from_secs(125),
            }),
        };
        state.line(width)
    }

    #[test]
    fn a_bar_fits_its_terminal() {
        assert_eq!(
            line("[2/5] hero.png", 50 * MIB, 200 * MIB, 79),
            "[2/5] hero.png  ████████░░░░░░░░░░░░░░░░░░░░░░░░  50.0/200 MiB 45.2 MiB/s 2m05s"
        );
        assert_eq!(
            line("[2/5] a-rather-long-name.png", 50 * MIB, 200 * MIB, 37),
            "[2/5] a-rat…  50.0/200M 45.2M/s 2m05s"
        );
        assert_eq!(
            line("hero.png", 200 * MIB, 200 * MIB, 37),
            "hero.png       200/200M     finishing"
        );
        for width in 0..200 {
            for label in [
                "a",
                "写真の名前がとても長いファイル.png",
                "[10/10] a name.png",
            ] {
                for sent in [0, 1, 1023 * 1024, 200 * MIB] {
                    let line = line(label, sent, 200 * MIB, width);
                    assert!(measure_text_width(&line) <= width, "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_file_that_is_still_read_shows_its_name() {
        let state = |label| State { label, moved: None };
        assert_eq!(state("hero.png").line(79), "hero.png  preparing");
        assert_eq!(
            state("a-rather-long-name.png").line(20),
            "a-rather…  preparing"
        );
    }

    #[test]
    fn sizes_have_three_digits_and_times_two_parts() {
        let shown = |bytes: u64| {
            let (size, name) = unit(as_float(bytes));
            format!("{} {name}", digits(as_float(bytes), size))
        };
        assert_eq!(shown(0), "0 B");
        assert_eq!(shown(999), "999 B");
        assert_eq!(shown(1000), "0.98 KiB");
        assert_eq!(shown(MIB), "1.00 MiB");
        assert_eq!(shown(u64::MAX), "16777216 TiB");
        assert_eq!(time(Duration::from_secs(59)), "59s");
        assert_eq!(time(Duration::from_secs(3599)), "59m59s");
        assert_eq!(time(Duration::from_secs(7260)), "2h01m");
        assert_eq!(time(Duration::from_millis(1)), "1s");
        assert_eq!(time(Duration::from_secs(u64::MAX)), "--");
    }
}
