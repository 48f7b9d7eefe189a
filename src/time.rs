//! Dates in the formats of Webflow and S3.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time, in milliseconds since 1970. Finer fractions of a second are cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(i64);

impl Timestamp {
    pub(crate) const EPOCH: Self = Self(0);

    pub(crate) fn now() -> Self {
        Self::EPOCH + UNIX_EPOCH.elapsed().unwrap_or_default()
    }

    /// Reads a date of RFC 3339, such as `2026-07-29T22:13:22.000Z`.
    pub(crate) fn rfc3339(text: &str) -> Option<Self> {
        let (date, time) = text.split_at_checked(10)?;
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let (clock, rest) = time.strip_prefix(['T', 't', ' '])?.split_at_checked(8)?;
        let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(
                rest.find(|c: char| !c.is_ascii_digit())
                    .filter(|at| *at > 0)?,
            ),
            None => ("0", rest),
        };
        let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        let offset = if let Some(offset) = zone.strip_prefix('+') {
            minutes(offset)?
        } else if let Some(offset) = zone.strip_prefix('-') {
            -minutes(offset)?
        } else if zone.eq_ignore_ascii_case("z") {
            0
        } else {
            return None;
        };
        let Self(local) = Self::of([year, month, day], [hour, minute, second])?;
        Some(Self(local + millis - offset * 60_000))
    }

    /// Reads a date of HTTP, such as `Wed, 29 Jul 2026 22:13:22 GMT`.
    pub(crate) fn http(text: &str) -> Option<Self> {
        const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
        let mut words = text.split_ascii_whitespace().skip(1);
        let mut next = || words.next();
        let [day] = numbers(next()?, ' ', [2])?;
        let month = next().filter(|name| name.len() == 3)?;
        let month = MONTHS.find(month).filter(|at| at % 3 == 0)? / 3 + 1;
        let [year] = numbers(next()?, ' ', [4])?;
        let clock = numbers(next()?, ':', [2, 2, 2])?;
        if !matches!((next(), next()), (Some("GMT" | "UTC" | "+0000"), None)) {
            return None;
        }
        Self::of([year, i64::try_from(month).ok()?, day], clock)
    }

    /// Reads a date as AWS signs it, such as `20260729T221322Z`.
    pub(crate) fn aws(text: &str) -> Option<Self> {
        let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
        let split = |text: &str, at| {
            let (first, rest) = text.split_at_checked(at)?;
            let (second, third) = rest.split_at_checked(2)?;
            numbers(&format!("{first} {second} {third}"), ' ', [at, 2, 2])
        };
        Self::of(split(date, 4)?, split(clock, 2)?)
    }

    fn of([year, month, day]: [i64; 3], [hour, minute, second]: [i64; 3]) -> Option<Self> {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + i64::from(is_leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        // Years are counted from March, so that the leap day is the last day of a year.
        let (year, month) = if month > 2 {
            (year, month - 3)
        } else {
            (year - 1, month + 9)
        };
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        let since_year_0 = 365 * year + leap_days + (153 * month + 2) / 5 + day - 1;
        let days = since_year_0 - 719_468;
        // A leap second repeats the second before it, as in most clocks.
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second.min(59);
        Some(Self(seconds * 1000))
    }

    /// The milliseconds from an earlier time to this one; negative if it is later.
    pub(crate) fn millis_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The time from an earlier time to this one; zero if it is later.
    pub(crate) fn duration_since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.millis_since(earlier)).unwrap_or_default())
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(Timestamp(millis): Timestamp) -> Self {
        let distance = Duration::from_millis(millis.unsigned_abs());
        let time = if millis < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        time.unwrap_or(UNIX_EPOCH)
    }
}

/// The minutes of an offset from UTC.
fn minutes(offset: &str) -> Option<i64> {
    let [hours, minutes] = numbers(offset, ':', [2, 2])?;
    (hours < 24 && minutes < 60).then_some(60 * hours + minutes)
}

/// Parses numbers, each of exactly as many digits.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The reference: `jiff` writes the dates that this module reads.
    fn judged(millis: i64) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(millis).unwrap()
    }

    proptest! {
        #[test]
        fn dates_of_each_format_mean_what_they_say(millis in -62_135_596_800_000..253_402_207_200_000_i64) {
            let time = judged(millis);
            let whole = Some(Timestamp(millis.div_euclid(1000) * 1000));
            prop_assert_eq!(Timestamp::rfc3339(&time.to_string()), Some(Timestamp(millis)));
            prop_assert_eq!(Timestamp::http(&time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()), whole);
            prop_assert_eq!(Timestamp::aws(&time.strftime("%Y%m%dT%H%M%SZ").to_string()), whole);
            let offset = jiff::tz::Offset::constant(-3).to_time_zone();
            let local = time.to_zoned(offset).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
            prop_assert_eq!(Timestamp::rfc3339(&local), whole);
        }

        #[test]
        fn no_text_panics(text in "[0-9A-Za-z:+., é-]{0,40}") {
            let _ = (Timestamp::rfc3339(&text), Timestamp::http(&text), Timestamp::aws(&text));
        }

        #[test]
        fn a_date_that_another_library_refuses_is_none(
            text in "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][01][0-9]:[0-5][0-9])"
        ) {
            let expected = text.parse::<jiff::Timestamp>().ok();
            let expected = expected.map(|time| Timestamp(time.as_millisecond()));
            prop_assert_eq!(Timestamp::rfc3339(&text), expected);
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "2026-07-29",
            "2026-07-29T22:13:22",
            "2026-07-29T22:13:22.Z",
            "2026-07-29T22:13:22+01",
            "2026-02-29T00:00:00Z",
            "2026-07-29T24:00:00Z",
            "+026-07-29T22:13:22Z",
        ] {
            assert_eq!(Timestamp::rfc3339(text), None, "{text}");
        }
        for text in [
            "",
            "Wed, 29 anF 2026 22:13:22 GMT",
            "Wed, 29 Jul 2026 22:13:22 CET",
            "Wed, 29 Jul 2026 22:13:22 GMT x",
            "Wed, 29 Jul 26 22:13:22 GMT",
        ] {
            assert_eq!(Timestamp::http(text), None, "{text}");
        }
        for text in [
            "",
            "TZ",
            "20260729T2213Z",
            "20260729T221322",
            "2026-729T221322Z",
        ] {
            assert_eq!(Timestamp::aws(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_one_of_the_standard_library_on_both_sides_of_1970() {
        for millis in [-1500, 0, 1500] {
            let time = SystemTime::from(Timestamp(millis));
            assert_eq!(jiff::Timestamp::try_from(time).unwrap(), judged(millis));
        }
    }
}
