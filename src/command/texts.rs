//! Reads a file with the texts of many assets.

use std::{
    collections::{HashMap, HashSet},
    error::Error,
    io,
    path::{Path, PathBuf},
};

use reqwest::Url;
use serde::Deserialize;
use webflow_assets::sync::AssetTexts;

use crate::{
    command::{failure::Failed, input, lock},
    http::public,
};

/// Why the texts of a file are not set.
pub(crate) fn conflict(file: &str, first: &str) -> String {
    format!("{file}: its texts are not set, as it is the same asset as {first}, which has others")
}

/// Says of an entry that there is no file for it.
pub(crate) fn no_file(entry: &Entry) -> String {
    format!(
        "{}: there are texts for it, and no such file",
        entry.label()
    )
}

/// The texts for an asset; `None` where the file has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// As the file has it.
    pub(crate) path: String,
    pub(crate) alt_text: Option<String>,
    pub(crate) display_name: Option<String>,
}

impl Entry {
    /// The path, as it may be printed: the query of a URL may sign it.
    pub(crate) fn label(&self) -> String {
        self.url().map_or_else(|| self.path.clone(), public)
    }

    /// The URL that the texts are for, if they are not for a file.
    pub(crate) fn url(&self) -> Option<Url> {
        Url::parse(&self.path).ok().filter(Url::has_host)
    }

    pub(crate) fn texts(&self) -> AssetTexts {
        AssetTexts {
            alt_text: self.alt_text.clone(),
            display_name: self.display_name.clone(),
        }
    }
}

/// The texts of a file, sorted by path.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) entries: Vec<Entry>,
    /// The directory that paths are relative to.
    dir: PathBuf,
    places: HashMap<PathBuf, usize>,
}

impl Texts {
    /// Reads a file: JSON by its extension, or else CSV.
    pub(crate) fn read(file: &Path) -> Result<Self, Failed> {
        const COLUMNS: &str = "path, alt_text and display_name, of which the path is needed";
        let shown = file.display();
        let failed =
            |why: &str, error: &dyn Error| Failed::caused_by(format!("{shown}: {why}"), error);
        let text = input::read(file).map_err(|error| failed("the texts cannot be read", &error))?;
        let is_json = file
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let mut entries: Vec<Entry> = if is_json {
            let no_json = format!("it is no JSON array of objects with the names {COLUMNS}");
            serde_json::from_str(&text).map_err(|error| failed(&no_json, &error))?
        } else if let Some(line) = open_quote(&text) {
            return Err(Failed::of(format!(
                "{shown}: the quoted text that begins in line {line} does not end with its cell; \
                 close it, and double the quotes in it"
            )));
        } else {
            let no_csv = format!("it is no CSV with the columns {COLUMNS}");
            from_csv(&text).map_err(|error| failed(&no_csv, &error))?
        };
        // Of files with equal content, the first by path has its way, as in `sync`.
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let dir = file.parent().map(Path::to_owned).unwrap_or_default();
        let mut texts = Self {
            entries,
            dir,
            places: HashMap::new(),
        };
        for (place, entry) in texts.entries.iter().enumerate() {
            let path = lock::full(&texts.path(entry))?;
            if texts.places.insert(path, place).is_some() {
                let path = entry.label();
                let text = format!("{shown}: `{path}` is in it twice; leave one of them out");
                return Err(Failed::of(text));
            }
        }
        Ok(texts)
    }

    /// The path of an entry, relative to the working directory.
    pub(crate) fn path(&self, entry: &Entry) -> PathBuf {
        self.dir.join(&entry.path)
    }

    /// The entries that are neither for one of these files nor for another one on the disk.
    pub(crate) fn unmatched(&self, files: impl Iterator<Item = PathBuf>) -> Vec<&Entry> {
        let files: HashSet<PathBuf> = files.filter_map(|file| lock::full(&file).ok()).collect();
        let places = self.places.iter();
        let unmatched = places.filter(|(path, _)| !files.contains(*path) && !path.exists());
        let mut unmatched: Vec<usize> = unmatched.map(|(_, place)| *place).collect();
        unmatched.sort_unstable();
        let entries = unmatched.into_iter();
        entries
            .filter_map(|place| self.entries.get(place))
            .collect()
    }

    /// The entries that are about the files of a directory, by path.
    pub(crate) fn within(&self, dir: &Path) -> Result<HashMap<String, &Entry>, Failed> {
        let dir = lock::full(dir)?;
        let places = self.places.iter();
        let within = places
            .filter_map(|(path, place)| Some((lock::key(path, &dir)?, self.entries.get(*place)?)));
        Ok(within.collect())
    }

    /// The entry for a file.
    pub(crate) fn of(&self, file: &Path) -> Option<&Entry> {
        let place = self.places.get(&lock::full(file).ok()?)?;
        self.entries.get(*place)
    }
}

/// The line, in CSV, of the first opening quote without a closing one at the end of a cell. The reader
/// would take all rows up to the next quote for one text.
fn open_quote(text: &str) -> Option<usize> {
    let (mut line, mut opened, mut begins) = (1, None, true);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (opened, c) {
            (None, '"') if begins => opened = Some(line),
            (Some(_), '"') => match chars.peek() {
                Some('"') => drop(chars.next()),
                None | Some(',' | '\r' | '\n') => opened = None,
                Some(_) => return opened,
            },
            _ => {}
        }
        begins = matches!(c, ',' | '\r' | '\n');
        line += usize::from(c == '\n');
    }
    opened
}

/// Reads CSV. An empty cell is no text.
fn from_csv(text: &str) -> Result<Vec<Entry>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::Headers)
        .from_reader(text.as_bytes());
    if !reader.headers()?.iter().any(|column| column == "path") {
        return Err(io::Error::other("the first line names no column `path`").into());
    }
    reader.deserialize().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_that_does_not_end_with_its_cell_is_found() {
        for (text, line) in [
            (
                "path,alt_text\na.png,\"A \"\"red\"\"\nbarn\"\r\nb.png,5\" disk\n",
                None,
            ),
            ("path,alt_text\na.png,\"\"\nb.png,\"B\"", None),
            ("path,alt_text\na.png,A\nb.png,\"B\nc.png,C\n", Some(3)),
            ("path,alt_text\na.png,\"A\nb.png,\"B\"\n", Some(2)),
        ] {
            assert_eq!(open_quote(text), line, "{text}");
        }
    }

    #[test]
    fn an_empty_cell_says_nothing_and_a_quoted_one_may_have_lines() {
        let entries = from_csv(
            "path, alt_text,display_name\r\na.png,\"A \"\"red\"\"\nbarn, at dawn\",\nb.png,,B\n",
        )
        .expect("it is CSV");
        let entry = |path: &str, alt_text: Option<&str>, display_name: Option<&str>| Entry {
            path: path.to_owned(),
            alt_text: alt_text.map(str::to_owned),
            display_name: display_name.map(str::to_owned),
        };
        assert_eq!(
            entries,
            [
                entry("a.png", Some("A \"red\"\nbarn, at dawn"), None),
                entry("b.png", None, Some("B")),
            ]
        );
        assert_eq!(
            from_csv("alt_text,path\nA barn,a.png\n").expect("it is CSV"),
            [entry("a.png", Some("A barn"), None)]
        );
        for text in [
            "file,alt_text\na,b\n",
            "path,alt\na,b\n",
            "path\na,b\n",
            "a.png\n",
            "",
        ] {
            from_csv(text).expect_err(text);
        }
    }
}
