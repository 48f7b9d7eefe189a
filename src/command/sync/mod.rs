//! `sync`: synchronises a directory to a site.

mod check;
mod events;
mod plan;

use std::{collections::HashMap, io, pin::pin};

use clap::error::ErrorKind;
use futures_util::StreamExt;
use webflow_assets::{
    Client,
    sync::{Plan, ProblemKind, Report, SyncError, SyncEvent},
};

use crate::command::{
    Exit,
    args::{self, FolderArg, SyncArgs},
    assets::WRITE,
    failure::{Failed, Result},
    output,
    signals::Signals,
    site::Site,
    texts::{Entry, Texts, conflict},
};

/// Makes a plan, prints it and carries it out. Fails if an event cannot be printed.
pub(crate) async fn run(args: SyncArgs) -> Result {
    let read = args.texts.as_deref().map(Texts::read).transpose();
    let read = read.unwrap_or_else(|error| args::usage_of("sync", &error));
    let within = read.as_ref().map(|texts| texts.within(&args.dir));
    let texts = within.transpose()?.unwrap_or_default();
    let lists = args.verify || args.delete || matches!(args.folder, Some(FolderArg::Id(_)));
    let sends = lists || !args.dry_run;
    let (lock_file, folder) = (args.lock_file(), args.folder.as_ref());
    let site = Site::of_directory("sync", &args.site, &lock_file, folder, sends);
    let (site, folder) = site.await?;
    let mut signals = Signals::watch()?;
    let planned = tokio::select! {
        biased;
        stopped = signals.stop() => return Ok(unsent(stopped)),
        planned = make(&site, &folder, &texts, &args) => planned,
    };
    let plan = planned.map_err(|error| match error {
        SyncError::Glob(_) | SyncError::FolderPath(_) | SyncError::SiteId(_) => {
            let message = output::escape(&error.to_string());
            args::usage("sync", ErrorKind::ValueValidation, &message)
        }
        error => failed(&error),
    })?;
    if !args.quiet {
        output::block(&plan::table(&plan));
        check::say_what_stays(&plan);
    }
    for problem in plan.problems() {
        let remedy = match problem.kind {
            ProblemKind::LongName { .. } => " with --long-names shorten",
            _ => "",
        };
        output::error(&format!("{problem}{remedy}"), &[]);
    }
    let warned = check::warn(&plan, read.as_ref(), args.strict, args.quiet);
    let refused = args.strict && (warned || !plan.problems().is_empty());
    if args.dry_run {
        plan::list(&plan, args.json)?;
        if let Some(held) = plan.held() {
            output::error(&plan::remedy(held), &[]);
        }
        return Ok(exit(
            plan.problems().is_empty() && plan.held().is_none() && !refused,
        ));
    }
    if refused {
        output::say("nothing was changed, as --strict is given");
        return Ok(Exit::Failure);
    }
    if let Some(question) = plan::question(&plan).filter(|_| !args.yes) {
        if !output::can_ask() {
            let text = "nothing was changed: assets would be deleted, and there is no terminal to ask \
                        on; pass --yes";
            return Err(Failed::of(text.to_owned()).into());
        }
        let answer = tokio::task::spawn_blocking(move || output::ask(&question));
        let answer = tokio::select! {
            biased;
            stopped = signals.stop() => return Ok(unsent(stopped)),
            answer = answer => answer.map_err(io::Error::other)??,
        };
        if !answer {
            output::say("nothing was changed");
            return Ok(Exit::Failure);
        }
    }
    carry_out(&site.client, plan, &args, &mut signals).await
}

async fn make(
    site: &Site,
    folder: &str,
    texts: &HashMap<String, &Entry>,
    args: &SyncArgs,
) -> Result<Plan, SyncError> {
    let sync = site.client.sync(site.id, &args.dir).folder(folder);
    let mut sync = args.apply(sync);
    for (path, entry) in texts {
        if let Some(text) = &entry.alt_text {
            sync = sync.alt_text(path, text);
        }
        if let Some(name) = &entry.display_name {
            sync = sync.display_name(path, name);
        }
    }
    sync.plan().await
}

async fn carry_out(client: &Client, plan: Plan, args: &SyncArgs, signals: &mut Signals) -> Result {
    let out = events::start(client, &plan, args.json, args.quiet);
    let mut events = plan.stream();
    let mut stop = pin!(signals.stop());
    loop {
        let event = tokio::select! {
            biased;
            stopped = &mut stop => {
                drop((events, out));
                output::say("interrupted: the lock file has what was uploaded, and the next run goes on");
                return Ok(stopped);
            }
            event = events.next() => event,
        };
        match event {
            Some(Ok(SyncEvent::Finished { report })) => {
                drop(out);
                return end(&report, args);
            }
            Some(Ok(event)) => events::show(&out, &event)?,
            Some(Err(error)) => return Err(failed(&error).into()),
            None => return Ok(Exit::Failure),
        }
    }
}

/// Why the run ended. A refused token has an exit code of its own.
pub(crate) fn failed(error: &SyncError) -> Failed {
    Failed {
        status: error.status().map(|status| status.as_u16()),
        ..Failed::from_error(error)
    }
}

/// Prints what was not yet reported of single files, and the summary.
fn end(report: &Report, args: &SyncArgs) -> Result {
    for (path, error) in &report.not_deleted {
        let what = format!("{path}: its asset was not deleted");
        Failed::new(&what, error, WRITE).print();
    }
    let mut exit = exit(report.is_complete());
    for (path, error) in &report.not_described {
        let what = format!("{path}: its texts were not set");
        exit = Failed::new(&what, error, WRITE).print();
    }
    for (path, first) in &report.texts_in_conflict {
        output::error(&conflict(path, first), &[]);
    }
    if let Some(held) = &report.held {
        output::error(&plan::remedy(held), &[]);
    }
    if args.json {
        events::summary(report)?;
    }
    if !args.quiet {
        output::say(&summary(report));
        let texts = [(report.described, "updated"), (report.texts_kept, "kept")];
        if report.described + report.texts_kept > 0 {
            output::say(&format!("texts: {}", output::counts(&texts)));
        }
    }
    Ok(exit)
}

fn exit(is_complete: bool) -> Exit {
    if is_complete {
        Exit::Success
    } else {
        Exit::Failure
    }
}

/// The counts that are not 0, in a line.
fn summary(report: &Report) -> String {
    let folders = match report.folders {
        1 => "folder created",
        _ => "folders created",
    };
    let counts = [
        (report.uploaded, "uploaded"),
        (report.already_there, "already there"),
        (report.unchanged, "unchanged"),
        (report.folders, folders),
        (report.deleted, "deleted"),
        (report.failures.len(), "failed"),
        (report.not_deleted.len(), "not deleted"),
        (report.problems.len(), "left out"),
    ];
    output::counts(&counts)
}

fn unsent(stopped: Exit) -> Exit {
    output::say("interrupted: nothing was changed");
    stopped
}
