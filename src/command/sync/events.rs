//! Prints the events of a synchronisation as they happen.

use std::io;

use serde::Serialize;
use webflow_assets::{
    AssetId, Client, FolderId, Md5,
    sync::{Plan, Report, SyncEvent},
};

use crate::command::{
    output,
    progress::{RunOutput, waiting},
    update::Outcome,
};

/// An event, for machines.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    FolderCreated {
        path: &'a str,
        id: FolderId,
    },
    DuplicateFolder {
        path: &'a str,
        id: FolderId,
        others: &'a [FolderId],
    },
    Uploaded {
        path: &'a str,
        id: Option<&'a str>,
        hosted_url: Option<&'a str>,
        size: u64,
        md5: Md5,
        outcome: &'static str,
    },
    Failed {
        path: &'a str,
        error: String,
        causes: &'a [String],
        status: Option<u16>,
        again: bool,
    },
    Described {
        path: &'a str,
        id: AssetId,
        outcome: Outcome,
    },
    Deleted {
        path: &'a str,
        id: AssetId,
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

/// Starts to show the files that a plan sends.
pub(super) fn start(client: &Client, plan: &Plan, json: bool, quiet: bool) -> RunOutput {
    let sent = plan.files().iter().filter(|file| file.action.is_upload());
    let files = sent.map(|file| (&*file.path, file.size));
    RunOutput::start(client, json, quiet, files)
}

/// Shows an event. Fails if it cannot be printed.
pub(super) fn show(out: &RunOutput, event: &SyncEvent) -> io::Result<()> {
    match event {
        SyncEvent::FolderCreated { path, id } => {
            out.say(&format!("created the folder {path}"));
            out.print(&Line::FolderCreated { path, id: *id })
        }
        SyncEvent::DuplicateFolder { path, id, others } => {
            out.say(&format!(
                "the site has {} folders {path}; the oldest, {id}, is used",
                others.len() + 1
            ));
            let id = *id;
            out.print(&Line::DuplicateFolder { path, id, others })
        }
        SyncEvent::Started { path } => {
            out.progress.started(out.place(path), path);
            Ok(())
        }
        SyncEvent::Progress { path, progress } => {
            out.progress.moved(out.place(path), *progress);
            Ok(())
        }
        SyncEvent::Waiting { path, wait } => {
            out.say(&waiting(path, *wait));
            Ok(())
        }
        SyncEvent::Uploaded { path, uploaded } => {
            let sent = uploaded.stored.as_ref().map(|_| uploaded.len);
            out.progress.finished(out.place(path), sent);
            out.print(&Line::Uploaded {
                path,
                id: uploaded.asset.id.as_deref(),
                hosted_url: uploaded.asset.hosted_url.as_deref(),
                size: uploaded.len,
                md5: uploaded.md5,
                outcome: uploaded.outcome.as_str(),
            })
        }
        SyncEvent::Failed { path, error, again } => {
            let causes = output::causes(error);
            if *again {
                out.progress.postponed(out.place(path));
                out.say(&format!("{error}; it is tried again"));
            } else {
                out.progress.finished(out.place(path), None);
                out.progress
                    .aside(|| output::error(&error.to_string(), &causes));
            }
            out.print(&Line::Failed {
                path,
                error: error.to_string(),
                causes: &causes,
                status: error.status().map(|status| status.as_u16()),
                again: *again,
            })
        }
        SyncEvent::Described { path, asset, kept } => {
            if *kept {
                out.progress.aside(|| output::warning(&Outcome::kept(path)));
            }
            out.print(&Line::Described {
                path,
                id: *asset,
                outcome: if *kept {
                    Outcome::Kept
                } else {
                    Outcome::Updated
                },
            })
        }
        SyncEvent::Deleted { path, asset } => out.print(&Line::Deleted { path, id: *asset }),
        _ => Ok(()),
    }
}

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
