//! The report in Markdown.

use std::fmt::{self, Write as _};

use semver::Version;
use serde_json::json;

use crate::cut::{
    diff::Difference,
    version::{Change, next},
};

/// The results of a regeneration.
#[derive(Debug)]
pub struct Report {
    /// The name of the description's file.
    pub file: String,
    /// Its `info.version`.
    pub version: String,
    /// Its SHA-256.
    pub sha256: String,
    /// The version of the crate that owns the fragment.
    pub crate_version: Option<Version>,
    /// How many operations the fragment has.
    pub operations: usize,
    /// What the code around the client needs and the description lacks.
    pub needed: Vec<String>,
    /// The operations that are wanted and missing.
    pub missing: Vec<String>,
    /// The differences that callers could see.
    pub differences: Vec<Difference>,
    /// Whether the fragment is not as it would be written, if only in its order.
    pub differs: bool,
    /// The places in the fragment that need words.
    pub missing_words: Vec<String>,
    /// What else a maintainer should know.
    pub notes: Vec<String>,
}

impl Report {
    /// The version change that the differences require.
    #[must_use]
    pub fn change(&self) -> Option<Change> {
        let changes = self.differences.iter().map(|difference| {
            if difference.breaking {
                Change::Breaking
            } else {
                Change::Added
            }
        });
        changes.max()
    }
}

impl Report {
    /// The report as JSON, for other tools.
    #[must_use]
    pub fn to_json(&self) -> String {
        let asked = self.crate_version.as_ref().zip(self.change());
        let next = asked.map(|(version, change)| next(version, change).0.to_string());
        let json = json!({
            "description": {
                "file": self.file,
                "version": self.version,
                "sha256": self.sha256,
            },
            "operations": self.operations,
            "differs": self.differs,
            "change": match self.change() {
                None => "none",
                Some(Change::Added) => "added",
                Some(Change::Breaking) => "breaking",
            },
            "next_version": next,
            "needed": self.needed,
            "missing": self.missing,
            "differences": self.differences.iter().map(|difference| json!({
                "kind": difference.kind.to_string(),
                "place": difference.place,
                "change": difference.change,
                "breaking": difference.breaking,
            })).collect::<Vec<_>>(),
            "missing_words": self.missing_words,
            "notes": self.notes,
        });
        format!("{json:#}\n")
    }

    fn changes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(change) = self.change() else {
            let text = if self.differs {
                "No drift, but the fragment is not what would be written: it is new, or its order, its layout or a rule changed."
            } else {
                "No drift."
            };
            return writeln!(f, "{text}");
        };
        let breaking = self.differences.iter().filter(|d| d.breaking).count();
        let count = self.differences.len();
        write!(f, "Changes: {count}, breaking: {breaking}. ")?;
        match &self.crate_version {
            Some(old) => {
                let (new, number) = next(old, change);
                writeln!(f, "Version {old} asks for {new} (a {number} release).\n")?;
            }
            None if change == Change::Breaking => writeln!(f, "A breaking release.\n")?,
            None => writeln!(f, "A compatible release.\n")?,
        }
        writeln!(f, "| what | where | change | breaking |\n|---|---|---|---|")?;
        for difference in &self.differences {
            let breaking = if difference.breaking { "**yes**" } else { "no" };
            let kind = difference.kind;
            let place = code(&difference.place);
            let change = cell(&difference.change);
            writeln!(f, "| {kind} | {place} | {change} | {breaking} |")?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Drift of Webflow's description\n")?;
        writeln!(
            f,
            "`{}`, version {}, SHA-256 `{}`; operations: {}.\n",
            self.file, self.version, self.sha256, self.operations
        )?;
        if !self.needed.is_empty() {
            writeln!(
                f,
                "**The crate does not build with this fragment:** it needs what follows.\n"
            )?;
            for place in &self.needed {
                writeln!(f, "- {}", code(place))?;
            }
            writeln!(f)?;
        }
        self.changes(f)?;
        list(f, "Missing", self.missing.iter().map(|text| cell(text)))?;
        let words = self.missing_words.iter().map(|place| code(place));
        list(f, "Words to write", words)?;
        list(f, "Notes", self.notes.iter().map(|note| cell(note)))
    }
}

fn list(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    lines: impl ExactSizeIterator<Item = String>,
) -> fmt::Result {
    if lines.len() == 0 {
        return Ok(());
    }
    writeln!(f, "\n## {title}\n")?;
    for line in lines {
        f.write_str("- ")?;
        f.write_str(&line)?;
        f.write_char('\n')?;
    }
    Ok(())
}

/// Text of the description in one cell of a table: it could end the cell, or the line.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(char::is_control, " ")
}

/// A name of the description's, which could end the code too.
fn code(text: &str) -> String {
    format!("`{}`", cell(text).replace('`', "'"))
}
