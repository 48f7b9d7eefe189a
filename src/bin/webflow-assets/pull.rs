//! `pull`: downloads the assets of a site to a directory.

use std::{collections::HashMap, io};

use futures_util::StreamExt;
use serde::Serialize;
use webflow_assets::{
    AssetId, Client,
    sync::{PullError, PullEvent, PullReport},
};

use crate::{Exit, args::PullArgs, output, progress::Progress, signals::Signals, site::Site, sync};

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
pub(crate) async fn run(args: PullArgs) -> io::Result<Exit> {
    let site = match Site::live("pull", &args.site) {
        Ok(site) => site,
        Err(error) => return Ok(output::fail(&error)),
    };
    let folder = match &args.folder {
        None => String::new(),
        Some(folder) => match site.folder_path(folder).await {
            Ok(path) => path,
            Err(failed) => return Ok(failed.print()),
        },
    };
    let mut signals = Signals::watch()?;
    let pull = site.client.pull(site.id, &args.dir).folder(folder);
    let pull = pull.overwrite(args.overwrite).concurrency(args.concurrency);
    let mut events = pull.stream();
    let mut show = None;
    loop {
        let event = tokio::select! {
            biased;
            stopped = signals.stop() => {
                drop(events);
                clear(show.as_ref());
                output::say("interrupted: the lock file has what was fetched, and the next run goes on");
                return Ok(stopped);
            }
            event = events.next() => event,
        };
        match (event, &show) {
            (Some(Ok(PullEvent::Planned { files })), _) => {
                show = Some(Show::start(&site.client, &args, &files));
            }
            (Some(Ok(PullEvent::Finished { report })), _) => {
                clear(show.as_ref());
                return end(&report, &args);
            }
            (Some(Ok(event)), Some(show)) => {
                if let Err(unwritable) = show.take(&event) {
                    show.progress.clear();
                    return Err(unwritable);
                }
            }
            (Some(Ok(_)), None) => {}
            (Some(Err(error)), _) => {
                clear(show.as_ref());
                return Ok(sync::fail(&error));
            }
            (None, _) => return Ok(Exit::Failure),
        }
    }
}

fn clear(show: Option<&Show>) {
    if let Some(show) = show {
        show.progress.clear();
    }
}

/// Shows events to people and to machines.
struct Show {
    json: bool,
    quiet: bool,
    progress: Progress,
    places: HashMap<String, usize>,
}

impl Show {
    fn start(client: &Client, args: &PullArgs, files: &[(String, Option<u64>)]) -> Self {
        let lens = || {
            files
                .iter()
                .map(|(_, len)| len.unwrap_or_default())
                .collect()
        };
        let places = files.iter().enumerate();
        Self {
            json: args.json,
            quiet: args.quiet,
            progress: Progress::start(client, args.quiet, lens),
            places: places
                .map(|(place, (path, _))| (path.clone(), place))
                .collect(),
        }
    }

    fn take(&self, event: &PullEvent) -> io::Result<()> {
        match event {
            PullEvent::Pulled {
                path,
                asset,
                size,
                name,
            } => {
                self.finished(path, Some(*size));
                if let Some(name) = name {
                    self.say(&format!("{path}: its name on the site is `{name}`"));
                }
                self.print(&Line::Pulled {
                    path,
                    id: *asset,
                    size: *size,
                    name: name.as_deref(),
                })
            }
            PullEvent::Kept { path, asset } => {
                self.finished(path, None);
                self.progress.aside(|| {
                    output::warning(&format!(
                        "{path}: it differs from asset {asset} and stays; --overwrite replaces it"
                    ));
                });
                self.print(&Line::Kept { path, id: *asset })
            }
            PullEvent::Failed { path, asset, error } => self.failed(path, *asset, error),
            _ => Ok(()),
        }
    }

    fn failed(&self, path: &str, id: AssetId, error: &PullError) -> io::Result<()> {
        self.finished(path, None);
        let causes = output::causes(error);
        let text = format!("{path}: {error}");
        self.progress.aside(|| output::error(&text, &causes));
        self.print(&Line::Failed {
            path,
            id,
            error: text,
            causes,
        })
    }

    fn finished(&self, path: &str, len: Option<u64>) {
        let place = self.places.get(path).copied().unwrap_or(usize::MAX);
        self.progress.finished(place, len);
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

/// The summary.
fn end(report: &PullReport, args: &PullArgs) -> io::Result<Exit> {
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
