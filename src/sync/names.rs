//! Names of files, and shorter names for assets whose files have names that are too long.

use crate::source::Md5;

/// Webflow accepts names of less than 100 characters.
const LONGEST: usize = 99;

/// How to handle a file whose name is too long for Webflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LongNames {
    /// Leaves the file out, as a [`Problem`](super::Problem).
    #[default]
    Refuse,
    /// Gives the asset a shorter name: the beginning, eight digits derived from the path, and the
    /// extension. The same file always gets the same name, and no two in a directory share one.
    Shorten,
}

/// The directory and the name of a path.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The length of a name in characters, if it is too long.
pub(super) fn excess(name: &str) -> Option<usize> {
    Some(name.chars().count()).filter(|len| *len > LONGEST)
}

/// A name for the file at `path` that Webflow accepts, and that is not taken.
pub(super) fn shorten(path: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let name = split(path).1;
    let mut turn = 0;
    loop {
        let short = shortened(name, path, turn);
        if !is_taken(&short) {
            return short;
        }
        turn += 1;
    }
}

fn shortened(name: &str, path: &str, turn: u64) -> String {
    let md5 = Md5::of(&[path.as_bytes(), &turn.to_le_bytes()].concat());
    let mark = format!("-{:.8}", md5.to_string());
    // An extension that leaves no room for the name does not count as one.
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.chars().count() <= 32 => {
            (stem, format!(".{extension}"))
        }
        _ => (name, String::new()),
    };
    let room = LONGEST - mark.len() - extension.chars().count();
    let stem: String = stem.chars().take(room).collect();
    format!("{stem}{mark}{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortened_name_fits_keeps_its_extension_and_is_its_own() {
        let none = |_: &str| false;
        for name in [
            format!("{}.png", "a".repeat(200)),
            format!("{}.png", "写".repeat(200)),
            format!("{}.{}", "a".repeat(60), "b".repeat(60)),
            "a".repeat(100),
            format!(".{}", "a".repeat(100)),
        ] {
            let short = shorten(&format!("img/{name}"), none);
            assert_eq!(short.chars().count(), LONGEST, "{short}");
            let is_png = |name: &str| matches!(name.rsplit_once('.'), Some((_, "png")));
            assert_eq!(is_png(&short), is_png(&name), "{short}");
            assert_eq!(short, shorten(&format!("img/{name}"), none));
            assert_ne!(short, shorten(&format!("other/{name}"), none));

            let next = shorten(&format!("img/{name}"), |name| name == short);
            assert_ne!(next, short);
            assert_eq!(next.chars().count(), LONGEST);
        }
        assert_eq!(excess(&"写".repeat(99)), None);
        assert_eq!(excess(&"写".repeat(100)), Some(100));
    }
}
