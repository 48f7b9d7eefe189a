//! `pull`: downloads the assets of a site to a directory.

use std::io;

use futures_util::StreamExt;
use serde::Serialize;
use webflow_assets::{
    AssetId,
    sync::{PullError, PullEvent, PullReport, SyncError},
};

use crate::command::{
    Exit,
    args::{PullArgs, lock_file},
    failure::{Failed, Result},
    output,
    progress::RunOutput,
    signals::Signals,
    site::Site,
    sync,
};

/// An event, for machines.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    Pulled {
        path: &'a str,
        id: AssetId,
        size: u64,
        /// The name on the site, if it differs from the file's.
        name: Option<&'a str>,
    },
    Kept {
        path: &'a str,
        id: AssetId,
    },
    Failed {
        path: &'a str,
        id: AssetId,
        error: String,
        causes: Vec<String>,
    },
    Summary {
        pulled: usize,
        unchanged: usize,
        kept: usize,
        failed: usize,
        renamed: usize,
    },
}

/// Fetches what the directory lacks. Fails if an event cannot be printed.
pub(crate) async fn run(args: PullArgs) -> Result {
    let lock_file = lock_file(args.lock_file.as_ref(), &args.dir);
    let folder = args.folder.as_ref();
    let site = Site::of_directory("pull", &args.site, &lock_file, folder, true);
    let (site, folder) = site.await?;
    let mut signals = Signals::watch()?;
    let pull = site.client.pull(site.id, &args.dir).folder(folder);
    let mut pull = pull.overwrite(args.overwrite).concurrency(args.concurrency);
    if let Some(lock_file) = &args.lock_file {
        pull = pull.lock_file(lock_file);
    }
    let mut events = pull.stream();
    let mut out = None;
    loop {
        let event = tokio::select! {
            biased;
            stopped = signals.stop() => {
                drop((events, out));
                output::say("interrupted: the lock file has what was fetched, and the next run goes on");
                return Ok(stopped);
            }
            event = events.next() => event,
        };
        match (event, &out) {
            (Some(Ok(PullEvent::Planned { files })), _) => {
                let files = files
                    .iter()
                    .map(|(path, len)| (&**path, len.unwrap_or_default()));
                out = Some(RunOutput::start(&site.client, args.json, args.quiet, files));
            }
            (Some(Ok(PullEvent::Finished { report })), _) => {
                drop(out);
                return end(&report, &args);
            }
            (Some(Ok(event)), Some(out)) => show(out, &event)?,
            (Some(Ok(_)), None) => {}
            (Some(Err(error @ SyncError::NoFolder(_))), _) => {
                let text = format!("{error}; `webflow-assets folders` lists them");
                return Err(Failed::of(text).into());
            }
            (Some(Err(error)), _) => return Err(sync::failed(&error).into()),
            (None, _) => return Ok(Exit::Failure),
        }
    }
}

/// Shows an event. Fails if it cannot be printed.
fn show(out: &RunOutput, event: &PullEvent) -> io::Result<()> {
    match event {
        PullEvent::Pulled {
            path,
            asset,
            size,
            name,
        } => {
            out.progress.finished(out.place(path), Some(*size));
            if let Some(name) = name {
                out.say(&format!("{path}: its name on the site is `{name}`"));
            }
            out.print(&Line::Pulled {
                path,
                id: *asset,
                size: *size,
                name: name.as_deref(),
            })
        }
        PullEvent::Kept { path, asset } => {
            out.progress.finished(out.place(path), None);
            out.progress.aside(|| {
                output::warning(&format!(
                    "{path}: it differs from asset {asset} and stays; --overwrite replaces it"
                ));
            });
            out.print(&Line::Kept { path, id: *asset })
        }
        PullEvent::Failed { path, asset, error } => failed(out, path, *asset, error),
        _ => Ok(()),
    }
}

fn failed(out: &RunOutput, path: &str, id: AssetId, error: &PullError) -> io::Result<()> {
    out.progress.finished(out.place(path), None);
    let causes = output::causes(error);
    let text = format!("{path}: {error}");
    out.progress.aside(|| output::error(&text, &causes));
    out.print(&Line::Failed {
        path,
        id,
        error: text,
        causes,
    })
}

fn end(report: &PullReport, args: &PullArgs) -> Result {
    if args.json {
        output::json_line(&Line::Summary {
            pulled: report.pulled,
            unchanged: report.unchanged,
            kept: report.kept,
            failed: report.failed,
            renamed: report.renamed,
        })?;
    }
    if !args.quiet {
        output::say(&output::counts(&[
            (report.pulled, "pulled"),
            (report.unchanged, "unchanged"),
            (report.kept, "kept"),
            (report.failed, "failed"),
            (report.renamed, "renamed"),
        ]));
    }
    Ok(if report.is_complete() {
        Exit::Success
    } else {
        Exit::Failure
    })
}
