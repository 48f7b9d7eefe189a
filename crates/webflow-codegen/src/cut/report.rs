//! The report in Markdown.

use std::fmt::{self, Write as _};

use semver::Version;

use crate::cut::{
    diff::Difference,
    version::{Change, next},
};

/// What a regeneration found.
#[derive(Debug)]
pub struct Report {
    /// The name of the description's file.
    pub file: String,
    /// Its `info.version`.
    pub version: String,
    /// Its SHA-256.
    pub sha256: String,
    /// The version of the crate.
    pub crate_version: Version,
    /// What callers could see.
    pub differences: Vec<Difference>,
    /// Whether the fragment is not as it would be written, if only in its order.
    pub differs: bool,
    /// The places in the fragment that need words.
    pub missing_words: Vec<String>,
    /// What else a maintainer should know.
    pub notes: Vec<String>,
}

impl Report {
    /// What the differences ask of the version.
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

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Drift of Webflow's description\n")?;
        writeln!(
            f,
            "`{}`, version {}, SHA-256 `{}`.\n",
            self.file, self.version, self.sha256
        )?;
        match self.change() {
            None if self.differs => writeln!(
                f,
                "No drift, but the fragment is not as it is written: order, layout or a rule changed."
            )?,
            None => writeln!(f, "No drift.")?,
            Some(change) => {
                let (version, number) = next(&self.crate_version, change);
                let breaking = self.differences.iter().filter(|d| d.breaking).count();
                writeln!(
                    f,
                    "Changes: {}, breaking: {breaking}. Version {} asks for {version} (a {number} release).\n",
                    self.differences.len(),
                    self.crate_version,
                )?;
                writeln!(f, "| what | where | change | breaking |\n|---|---|---|---|")?;
                for difference in &self.differences {
                    let breaking = if difference.breaking { "**yes**" } else { "no" };
                    let kind = difference.kind;
                    let place = code(&difference.place);
                    let change = cell(&difference.change);
                    writeln!(f, "| {kind} | {place} | {change} | {breaking} |")?;
                }
            }
        }
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
