//! Sizes and times in a few characters.

use std::time::Duration;

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(super) fn as_float(bytes: u64) -> f64 {
    bytes as f64
}

/// A number of bytes, as in `1.23 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    let bytes = as_float(bytes);
    let (size, name) = unit(bytes);
    format!("{} {name}", digits(bytes, size))
}

/// The unit for a number of bytes: its size and its name.
pub(super) fn unit(bytes: f64) -> (f64, &'static str) {
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
pub(super) fn digits(bytes: f64, unit: f64) -> String {
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
pub(super) fn time(left: Duration) -> String {
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

    #[test]
    fn sizes_have_three_digits_and_times_two_parts() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1000), "0.98 KiB");
        assert_eq!(size(1024 * 1024), "1.00 MiB");
        assert_eq!(size(u64::MAX), "16777216 TiB");
        assert_eq!(time(Duration::from_secs(59)), "59s");
        assert_eq!(time(Duration::from_secs(3599)), "59m59s");
        assert_eq!(time(Duration::from_secs(7260)), "2h01m");
        assert_eq!(time(Duration::from_millis(1)), "1s");
        assert_eq!(time(Duration::from_secs(u64::MAX)), "--");
    }
}
