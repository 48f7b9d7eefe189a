//! What the command says: results on stdout, everything else on stderr.

use std::{
    error::Error,
    fmt::Write as _,
    io::{self, Write},
    path::Path,
};

use serde::Serialize;
use webflow_assets::{Outcome, UploadError, Uploaded};

use crate::Exit;

const SIGPIPE: u8 = 13;

/// Where the results of an upload go.
pub(crate) struct Report {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

#[derive(Serialize)]
struct UploadedLine<'a> {
    file: &'a str,
    id: Option<&'a str>,
    hosted_url: Option<&'a str>,
    asset_url: Option<&'a str>,
    file_name: Option<&'a str>,
    parent_folder: Option<&'a str>,
    content_type: Option<&'a str>,
    size: u64,
    md5: String,
    outcome: &'a str,
}

#[derive(Serialize)]
struct FailedLine<'a> {
    file: &'a str,
    error: String,
    causes: &'a [String],
    asset_id: Option<&'a str>,
    status: Option<u16>,
}

impl Report {
    pub(crate) fn uploaded(&self, file: &Path, done: &Uploaded) -> io::Result<()> {
        let asset = &done.asset;
        let file = file.to_string_lossy();
        if done.outcome == Outcome::AlreadyThere {
            let first = asset
                .original_file_name
                .as_deref()
                .unwrap_or("another asset");
            self.note(&format!(
                "{file}: the site had this content already, as {first}"
            ));
        }
        if !self.json {
            return line(&format!(
                "{}\t{}",
                escape(asset.id.as_deref().unwrap_or_default()),
                escape(asset.hosted_url.as_deref().unwrap_or_default()),
            ));
        }
        json_line(&UploadedLine {
            file: &file,
            id: asset.id.as_deref(),
            hosted_url: asset.hosted_url.as_deref(),
            asset_url: asset.asset_url.as_deref(),
            file_name: asset.original_file_name.as_deref(),
            parent_folder: asset.parent_folder.as_deref(),
            content_type: asset.content_type.as_deref(),
            size: done.len,
            md5: done.md5.to_string(),
            outcome: done.outcome.as_str(),
        })
    }

    pub(crate) fn failed(&self, file: &Path, failure: &UploadError) -> io::Result<()> {
        let text = failure.to_string();
        let causes = causes(failure);
        error(&text, &causes);
        if !self.json {
            return Ok(());
        }
        json_line(&FailedLine {
            file: &file.to_string_lossy(),
            error: text,
            causes: &causes,
            asset_id: failure.asset_id(),
            status: failure.status().map(|status| status.as_u16()),
        })
    }

    /// Says something worth knowing that is no error.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            say(text);
        }
    }
}

/// Prints a result.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

fn json_line(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// Prints an error and its causes, a line each.
pub(crate) fn error(text: &str, causes: &[String]) {
    let label = console::style("error:").for_stderr().red().bold();
    let mut lines = format!("{label} {}", escape(text));
    for cause in causes {
        // Writing to a string does not fail.
        let _ = write!(lines, "\n  caused by: {}", escape(cause));
    }
    raw(&lines);
}

/// Prints a line for people.
pub(crate) fn say(text: &str) {
    raw(&escape(text));
}

/// Where stderr is closed, nobody listens, which is no reason to stop.
fn raw(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Ends a sub-command that only prints.
pub(crate) fn finish(result: io::Result<()>) -> Exit {
    match result {
        Ok(()) => Exit::Success,
        Err(error) => unwritable(&error),
    }
}

/// Ends the command after a result that cannot be printed.
pub(crate) fn unwritable(failure: &io::Error) -> Exit {
    if failure.kind() == io::ErrorKind::BrokenPipe {
        // The reader has what it wanted: `| head -1`.
        return Exit::Signal(SIGPIPE);
    }
    error("the result cannot be written", &[failure.to_string()]);
    Exit::Failure
}

/// The causes of an error, each unless the line above says it already.
pub(crate) fn causes(error: &dyn Error) -> Vec<String> {
    let mut above = error.to_string();
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        if !above.contains(&text) {
            causes.push(text.clone());
            above = text;
        }
        next = error.source();
    }
    causes
}

/// A text without what would break its line or rearrange it on a terminal. A file name can hold
/// all of that.
pub(crate) fn escape(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut safe, c| {
            match c {
                '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    safe.extend(c.escape_unicode());
                }
                c if c.is_control() => safe.extend(c.escape_default()),
                c => safe.push(c),
            }
            safe
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_a_line_is_escaped_and_letters_are_not() {
        assert_eq!(
            escape("a\nb\r\t\u{1b}[31m \u{85}\u{202e}gnp."),
            r"a\nb\r\t\u{1b}[31m \u{85}\u{202e}gnp."
        );
        assert_eq!(escape(r#"Ærø "ship" \ 船.png"#), r#"Ærø "ship" \ 船.png"#);
    }

    #[test]
    fn a_cause_that_the_line_above_says_is_left_out() {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Layer(&'static str, #[source] Option<Box<Layer>>);

        let chain = Layer("refused by peer", None);
        let chain = Layer("it broke: refused by peer", Some(Box::new(chain)));
        let chain = Layer("no answer", Some(Box::new(chain)));
        assert_eq!(causes(&chain), ["it broke: refused by peer"]);
    }
}
