//! Prints the result of each upload.

use std::io;

use serde::Serialize;
use webflow_assets::{FileWarning, Md5, Outcome, UploadError, Uploaded};

use crate::command::output::{causes, error, field, json_line, say, warning};

/// Where the results of uploads go.
#[derive(Clone, Copy)]
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
    md5: Md5,
    outcome: &'a str,
}

#[derive(Default, Serialize)]
struct FailedLine<'a> {
    file: &'a str,
    error: String,
    causes: Vec<String>,
    asset_id: Option<&'a str>,
    status: Option<u16>,
}

impl Report {
    /// Prints an object for machines, or returns the line for people.
    pub(crate) fn uploaded(self, file: &str, done: &Uploaded) -> io::Result<Option<String>> {
        let asset = &done.asset;
        if done.outcome == Outcome::AlreadyThere {
            let first = asset
                .original_file_name
                .as_deref()
                .unwrap_or("another asset");
            self.note(&format!(
                "{file}: the site had this content already, as {first}"
            ));
        }
        if done.alt_text_kept() {
            self.note(&format!(
                "{file}: the asset keeps the alternative text that it had; \"update\" changes it"
            ));
        }
        if !self.json {
            return Ok(Some(format!(
                "{}\t{}",
                field(&done.id().to_string()),
                field(done.url()),
            )));
        }
        json_line(&UploadedLine {
            file,
            id: asset.id.as_deref(),
            hosted_url: asset.hosted_url.as_deref(),
            asset_url: asset.asset_url.as_deref(),
            file_name: asset.original_file_name.as_deref(),
            parent_folder: asset.parent_folder.as_deref(),
            content_type: asset.content_type.as_deref(),
            size: done.len,
            md5: done.md5,
            outcome: done.outcome.as_str(),
        })?;
        Ok(None)
    }

    pub(crate) fn failed(self, file: &str, failure: &UploadError) -> io::Result<()> {
        self.print(&FailedLine {
            file,
            error: failure.to_string(),
            causes: causes(failure),
            asset_id: failure.asset_id(),
            status: failure.status().map(|status| status.as_u16()),
        })
    }

    /// Says why a file is not uploaded at all.
    pub(crate) fn refused(self, file: &str, text: &str) -> io::Result<()> {
        self.print(&FailedLine {
            file,
            error: text.to_owned(),
            ..FailedLine::default()
        })
    }

    fn print(self, failed: &FailedLine<'_>) -> io::Result<()> {
        error(&failed.error, &failed.causes);
        if self.json {
            json_line(failed)?;
        }
        Ok(())
    }

    /// Prints warnings about what Webflow may refuse.
    pub(crate) fn warn(self, file: &str, warnings: &[FileWarning]) {
        if !self.quiet {
            for text in warnings {
                warning(&format!("{file}: {text}"));
            }
        }
    }

    /// Prints a note that is not an error.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            say(text);
        }
    }
}
