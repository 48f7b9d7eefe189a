//! Paths for assets: unique names that every common file system accepts.

use std::collections::HashSet;

use crate::{generated::types::Asset, id::AssetId, sync::lock_file::LockFile};

/// The longest name in bytes. File systems allow 255; the rest is for a mark.
const LONGEST: usize = 200;

/// Whether Windows reserves a name for a device, with any extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_lowercase();
    match stem.strip_prefix("com").or(stem.strip_prefix("lpt")) {
        // The superscript digits of ISO 8859-1 count as digits.
        Some(port) => matches!(
            port,
            "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"
        ),
        None => matches!(&*stem, "con" | "prn" | "aux" | "nul" | "conin$" | "conout$"),
    }
}

/// The name that an asset was registered with, or else its display name.
pub(super) fn name(asset: &Asset) -> &str {
    let name = asset.original_file_name.as_ref();
    name.or(asset.display_name.as_ref())
        .map_or("", String::as_str)
}

/// A name for a file or directory that every file system accepts and takes literally.
///
/// What is not allowed becomes `_`. A name that begins with a dot would be hidden, or be an ignore
/// file that decides what `sync` publishes. The name of the lock file is for that alone: `sync`
/// publishes no file of this name.
pub(super) fn safe(name: &str) -> String {
    let replace = |c: char| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        c if c.is_control() => '_',
        c => c,
    };
    let mut safe: String = name.chars().map(replace).collect();
    if safe.starts_with('.') {
        safe.replace_range(..1, "_");
    }
    let is_reserved = is_device(&safe)
        || safe
            .trim_end_matches(['.', ' '])
            .eq_ignore_ascii_case(LockFile::NAME);
    if is_reserved {
        safe.insert(0, '_');
    }
    safe = shortened(&safe, "");
    // Windows drops dots and spaces at the end.
    let kept = safe.trim_end_matches(['.', ' ']).len();
    if kept < safe.len() || safe.is_empty() {
        safe.truncate(kept);
        safe.push('_');
    }
    safe
}

/// The name with a mark before its extension, cut to the longest length that is allowed.
fn shortened(name: &str, mark: &str) -> String {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 32 => {
            (stem, format!(".{extension}"))
        }
        _ => (name, String::new()),
    };
    let mut room = LONGEST.saturating_sub(extension.len()).min(stem.len());
    while !stem.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}{mark}{extension}", &stem[..room])
}

/// The paths that are taken. Some file systems do not tell upper and lower case apart.
#[derive(Debug, Default)]
pub(super) struct Layout {
    taken: HashSet<String>,
}

impl Layout {
    /// Takes a path that an earlier run gave to a file, or that of a directory, before those of files.
    pub(super) fn take(&mut self, path: &str) {
        self.taken.insert(path.to_lowercase());
    }

    /// A path for an asset in a directory, where `dir` is empty for the top. If the name is taken,
    /// the asset's id is added to it.
    pub(super) fn file(&mut self, dir: &str, name: &str, id: AssetId) -> String {
        let name = safe(name);
        let path = |name: &str| match dir {
            "" => name.to_owned(),
            dir => format!("{dir}/{name}"),
        };
        let mut wanted = path(&name);
        let mut turn = 0;
        while !self.taken.insert(wanted.to_lowercase()) {
            let mark = match turn {
                0 => format!("-{id}"),
                turn => format!("-{id}-{turn}"),
            };
            wanted = path(&shortened(&name, &mark));
            turn += 1;
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_one_that_every_file_system_takes() {
        for (name, expected) in [
            ("hero.png", "hero.png"),
            ("Ærø ship.png", "Ærø ship.png"),
            ("..", "__"),
            (".", "_"),
            ("", "_"),
            ("../x", "_._x"),
            ("a/b\\c", "a_b_c"),
            (".htaccess", "_htaccess"),
            ("webflow-assets.lock", "_webflow-assets.lock"),
            ("Webflow-Assets.LOCK. ", "_Webflow-Assets.LOCK_"),
            (".webflow-assets", "_webflow-assets"),
            ("CON", "_CON"),
            ("con.png", "_con.png"),
            ("ConOut$", "_ConOut$"),
            ("COM³.txt", "_COM³.txt"),
            ("com.png", "com.png"),
            ("com10", "com10"),
            ("Lpt1 .tar.gz", "_Lpt1 .tar.gz"),
            ("console.png", "console.png"),
            ("dots...", "dots_"),
            ("space ", "space_"),
            ("a\nb\u{0}\u{1b}[31m", "a_b__[31m"),
            ("a:b*c?d\"e<f>g|h", "a_b_c_d_e_f_g_h"),
        ] {
            assert_eq!(safe(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_keeps_its_extension() {
        for (name, extension) in [
            (format!("{}.png", "a".repeat(300)), ".png"),
            (format!("{}.png", "写".repeat(300)), ".png"),
            ("a".repeat(300), ""),
            (format!("a.{}", "b".repeat(300)), ""),
        ] {
            let short = safe(&name);
            assert!(
                short.len() <= LONGEST && short.ends_with(extension),
                "{short}"
            );
            assert!(short.len() > LONGEST - 4, "{short}");
        }
    }

    #[test]
    fn a_safe_name_stays_as_it_is() {
        for name in [
            "..",
            "CON",
            "a. . .",
            "\u{0}",
            "a/..",
            &"é".repeat(300),
            ".a.",
        ] {
            let once = safe(name);
            assert_eq!(safe(&once), once, "{name:?}");
        }
    }

    #[test]
    fn equal_names_get_paths_of_their_own() {
        let id = |n: u8| -> AssetId { format!("{n:024x}").parse().expect("an id") };
        let mut layout = Layout::default();
        layout.take("img");
        assert_eq!(layout.file("img", "a.png", id(1)), "img/a.png");
        assert_eq!(
            layout.file("img", "A.PNG", id(2)),
            "img/A-000000000000000000000002.PNG"
        );
        assert_eq!(layout.file("", "a.png", id(3)), "a.png");
        // A file cannot have the name of a directory.
        assert_eq!(
            layout.file("", "img", id(4)),
            "img-000000000000000000000004"
        );
        let long = "a".repeat(300);
        let paths: HashSet<String> = (6..9).map(|n| layout.file("", &long, id(n))).collect();
        assert_eq!(paths.len(), 3);
        assert!(paths.iter().all(|path| path.len() <= 255));
    }
}
