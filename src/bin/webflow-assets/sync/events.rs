//! Prints the events of a synchronisation as they happen.

use std::{collections::HashMap, io};

use serde::Serialize;
use webflow_assets::{
    Client,
    sync::{Plan, Report, SyncEvent},
};

use crate::{output, progress::Progress};

/// An event, for machines.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    FolderCreated {
        path: &'a str,
        id: String,
    },
    DuplicateFolder {
        path: &'a str,
        id: String,
        others: Vec<String>,
    },
    Uploaded {
        path: &'a str,
        id: Option<&'a str>,
        hosted_url: Option<&'a str>,
        size: u64,
        md5: String,
        outcome: &'static str,
    },
    Failed {
        path: &'a str,
        error: String,
        causes: &'a [String],
        status: Option<u16>,
        again: bool,
    },
    Deleted {
        path: &'a str,
        id: String,
    },
    Summary {
        uploaded: usize,
        already_there: usize,
        unchanged: usize,
        folders: usize,
        deleted: usize,
        failed: usize,
        not_deleted: usize,
        left_out: usize,
    },
}

/// Shows events to people and to machines.
pub(super) struct Show {
    json: bool,
    quiet: bool,
    progress: Progress,
    /// The place of each file that is sent.
    places: HashMap<String, usize>,
}

impl Show {
    pub(super) fn start(client: &Client, plan: &Plan, json: bool, quiet: bool) -> Self {
        let sent = || plan.files().iter().filter(|file| file.action.is_upload());
        let places = sent().enumerate();
        Self {
            json,
            quiet,
            progress: Progress::start(client, quiet, || sent().map(|file| file.size).collect()),
            places: places
                .map(|(place, file)| (file.path.clone(), place))
                .collect(),
        }
    }

    pub(super) fn clear(&self) {
        self.progress.clear();
    }

    /// Shows an event. Fails if it cannot be printed.
    pub(super) fn take(&self, event: &SyncEvent) -> io::Result<()> {
        let place = |path: &str| self.places.get(path).copied().unwrap_or(usize::MAX);
        match event {
            SyncEvent::FolderCreated { path, id } => {
                self.say(&format!("created the folder {path}"));
                self.print(&Line::FolderCreated {
                    path,
                    id: id.to_string(),
                })
            }
            SyncEvent::DuplicateFolder { path, id, others } => {
                let others: Vec<String> = others.iter().map(ToString::to_string).collect();
                self.say(&format!(
                    "the site has {} folders {path}; the oldest, {id}, is used",
                    others.len() + 1
                ));
                self.print(&Line::DuplicateFolder {
                    path,
                    id: id.to_string(),
                    others,
                })
            }
            SyncEvent::Started { path } => {
                self.progress.started(place(path), path);
                Ok(())
            }
            SyncEvent::Progress { path, progress } => {
                self.progress.moved(place(path), *progress);
                Ok(())
            }
            SyncEvent::Uploaded { path, uploaded } => {
                let sent = uploaded.stored.as_ref().map(|_| uploaded.len);
                self.progress.finished(place(path), sent);
                self.print(&Line::Uploaded {
                    path,
                    id: uploaded.asset.id.as_deref(),
                    hosted_url: uploaded.asset.hosted_url.as_deref(),
                    size: uploaded.len,
                    md5: uploaded.md5.to_string(),
                    outcome: uploaded.outcome.as_str(),
                })
            }
            SyncEvent::Failed { path, error, again } => {
                let causes = output::causes(error);
                if *again {
                    self.progress.postponed(place(path));
                    self.say(&format!("{error}; it is tried again"));
                } else {
                    self.progress.finished(place(path), None);
                    self.progress
                        .aside(|| output::error(&error.to_string(), &causes));
                }
                self.print(&Line::Failed {
                    path,
                    error: error.to_string(),
                    causes: &causes,
                    status: error.status().map(|status| status.as_u16()),
                    again: *again,
                })
            }
            SyncEvent::Deleted { path, asset } => self.print(&Line::Deleted {
                path,
                id: asset.to_string(),
            }),
            _ => Ok(()),
        }
    }

    fn say(&self, text: &str) {
        if !self.quiet {
            self.progress.aside(|| output::say(text));
        }
    }

    fn print(&self, line: &Line<'_>) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        self.progress.aside(|| output::json_line(line))
    }
}

/// Prints the results.
pub(super) fn summary(report: &Report) -> io::Result<()> {
    output::json_line(&Line::Summary {
        uploaded: report.uploaded,
        already_there: report.already_there,
        unchanged: report.unchanged,
        folders: report.folders,
        deleted: report.deleted,
        failed: report.failures.len(),
        not_deleted: report.not_deleted.len(),
        left_out: report.problems.len(),
    })
}
