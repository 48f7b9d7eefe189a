//! `upload`: uploads files and URLs to a site, several at a time.

mod check;
mod files;
mod order;
mod report;

use std::{fs, io, path::PathBuf, pin::pin};

use clap::error::ErrorKind;
use futures_util::StreamExt;
use reqwest::Url;
use webflow_assets::{
    Batch, Client, Event, FolderId, Source, Upload, UploadError, Uploaded, sync::AssetTexts,
    types::FileName,
};

use self::{order::InOrder, report::Report};
use crate::command::{
    Exit,
    args::{self, UploadArgs},
    failure::{Failed, Result},
    output,
    progress::{Progress, waiting},
    signals::Signals,
    site::Site,
    texts::{Entry, Texts, conflict, no_file},
};
use crate::sync::Claims;

/// Uploads the files. Fails if a result cannot be printed.
pub(crate) async fn run(mut args: UploadArgs) -> Result {
    let mut files = files::all(&mut args);
    check(&args, &files);
    let texts = args.texts.as_deref().map(Texts::read).transpose();
    let texts = texts.unwrap_or_else(|error| args::usage_of("upload", &error));
    let site = open(&args).await?;
    let report = Report {
        json: args.json,
        quiet: args.quiet,
    };
    if files.is_empty() {
        report.note("the list names no files");
        return Ok(Exit::Success);
    }
    let mut refused = check::refuse(&mut files, &args, report)?;
    if let Some(texts) = &texts {
        for entry in texts.unmatched(files.iter().cloned()) {
            let text = no_file(entry);
            if args.strict {
                report.refused(&entry.label(), &text)?;
                refused += 1;
            } else if !args.quiet {
                output::warning(&text);
            }
        }
    }
    if args.stop_on_error && refused > 0 {
        report.note(&format!("stopped: {} not begun", were(files.len())));
        return Ok(Exit::Failure);
    }
    let fetched: Vec<bool> = files.iter().map(|file| files::is_fetched(file)).collect();
    if args.dry_run {
        let uploads = uploads(&site, None, &args, texts, files);
        let exit = check::dry_run(uploads, &fetched, report).await?;
        return Ok(if refused > 0 { Exit::Failure } else { exit });
    }
    let folder = match &args.folder {
        None => None,
        Some(folder) => Some(site.folder(folder).await?),
    };
    let mut signals = Signals::watch()?;
    let mut run = Run::new(&site.client, &files, fetched, report);
    if refused > 0 {
        run.exit = Exit::Failure;
    }
    if let Some(texts) = &texts {
        let entries = files.iter().map(|file| texts.of(file).map(Entry::texts));
        run.texts = entries.map(Option::unwrap_or_default).collect();
    }
    let count = files.len();
    let uploads = uploads(&site, folder, &args, texts, files);
    let mut batch = Batch::new(uploads).concurrency(args.concurrency);
    if args.stop_on_error {
        batch = batch.stop_on_error();
    }
    let mut events = batch.stream();
    let mut stop = pin!(signals.stop());
    loop {
        let event = tokio::select! {
            biased;
            stopped = &mut stop => {
                drop(events);
                run.interrupted(count)?;
                return Ok(stopped);
            }
            event = events.next() => event,
        };
        let Some(event) = event else { break };
        run.take(event)?;
    }
    let exit = run.end(count)?;
    #[cfg(feature = "sandbox")]
    if let Some(sandbox) = &site.sandbox {
        report.note(&crate::command::sandbox::summary(sandbox));
    }
    Ok(exit)
}

async fn open(args: &UploadArgs) -> Result<Site, Failed> {
    #[cfg(feature = "sandbox")]
    if args.sandbox() {
        return Site::sandbox(&args.site.api).await;
    }
    Site::live("upload", &args.site).await
}

/// The uploads of the files, with the options of the command line.
fn uploads(
    site: &Site,
    folder: Option<FolderId>,
    args: &UploadArgs,
    texts: Option<Texts>,
    files: Vec<PathBuf>,
) -> impl Iterator<Item = Upload> + Send + use<> {
    let (client, site) = (site.client.clone(), site.id);
    let (name, display_name) = (args.name.clone(), args.display_name.clone());
    let (alt_text, strict) = (args.alt_text.clone(), args.strict);
    files.into_iter().map(move |file| {
        let entry = texts.as_ref().and_then(|texts| texts.of(&file));
        let entry = entry.cloned().unwrap_or_default();
        let source = match files::url(&file) {
            Some(url) => Source::url(url),
            None if files::is_stdin(&file) => {
                // The name is set: this was checked.
                Source::reader(name.clone().unwrap_or_default(), tokio::io::stdin())
            }
            None => Source::path(file),
        };
        let mut upload = client.upload(site, source);
        if strict {
            upload = upload.strict();
        }
        if let Some(folder) = folder {
            upload = upload.parent_folder(folder);
        }
        if let Some(name) = &name {
            upload = upload.file_name(name);
        }
        if let Some(name) = entry.display_name.as_ref().or(display_name.as_ref()) {
            upload = upload.display_name(name);
        }
        if let Some(text) = entry.alt_text.as_ref().or(alt_text.as_ref()) {
            upload = upload.alt_text(text);
        }
        upload
    })
}

/// Checks the arguments before anything is sent; wrong usage ends the process.
fn check(args: &UploadArgs, files: &[PathBuf]) {
    let refuse = |kind, message: &str| args::usage("upload", kind, message);
    let single = [
        ("--name", &args.name),
        ("--display-name", &args.display_name),
        ("--alt-text", &args.alt_text),
    ];
    for (option, value) in single {
        if value.is_some() && files.len() > 1 {
            refuse(
                ErrorKind::ArgumentConflict,
                &format!("{option} is for a single asset and cannot be used with several files"),
            );
        }
    }
    if files.iter().any(|file| files::is_stdin(file)) {
        if args.name.is_none() {
            refuse(
                ErrorKind::MissingRequiredArgument,
                "standard input has no name: pass --name",
            );
        }
        if args.files_from.as_deref().is_some_and(files::is_stdin) {
            refuse(
                ErrorKind::ArgumentConflict,
                "standard input cannot be both a file and the list for --files-from",
            );
        }
    }
    let urls = || files.iter().filter_map(|file| files::url(file));
    if let Some(error) = urls().find_map(|url| Url::parse(url).err()) {
        refuse(
            ErrorKind::ValueValidation,
            // Not quoted: it may be secret.
            &format!("a FILE that begins like a URL is none: {error}"),
        );
    }
    if args.name.is_none() && urls().any(|url| Source::url(url).file_name().is_none()) {
        refuse(
            ErrorKind::MissingRequiredArgument,
            "a URL whose path is empty or ends in `/` gives no file name: pass --name, with this URL alone",
        );
    }
    if args
        .name
        .as_ref()
        .is_some_and(|name| name.contains(char::is_control))
    {
        refuse(
            ErrorKind::ValueValidation,
            "--name has a control character, which Webflow does not take; pass another name",
        );
    }
    if let Some(name) = &args.name
        && FileName::try_from(name.as_str()).is_err()
    {
        refuse(
            ErrorKind::ValueValidation,
            &format!(
                "--name has {} characters and takes 1 to 99",
                name.chars().count()
            ),
        );
    }
}

/// Uploads in progress: how they are shown, and what is printed at the end.
struct Run {
    report: Report,
    progress: Progress,
    /// Which files are warned about once they have been read.
    fetched: Vec<bool>,
    /// Files whose upload has begun and not finished.
    active: Vec<Active>,
    /// How many files have finished, whether uploaded or failed.
    done: usize,
    lines: InOrder,
    /// Those of each file, if there are any.
    texts: Vec<AssetTexts>,
    claims: Claims,
    exit: Exit,
}

struct Active {
    index: usize,
    file: String,
    reached: Reached,
}

/// How far an upload has got.
enum Reached {
    Nothing,
    /// A part of the file was sent.
    Sent,
    /// The file is stored, and its asset is checked again later.
    Stored,
}

impl Run {
    fn new(client: &Client, files: &[PathBuf], fetched: Vec<bool>, report: Report) -> Self {
        let len = |file| fs::metadata(file).map_or(0, |file| file.len());
        let lens = || files.iter().map(len).collect();
        Self {
            progress: Progress::start(client, report.quiet, lens),
            report,
            fetched,
            active: Vec::new(),
            done: 0,
            lines: InOrder::default(),
            texts: Vec::new(),
            claims: Claims::default(),
            exit: Exit::Success,
        }
    }

    fn take(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Started { index, file } => {
                self.progress.started(index, &file);
                self.active.push(Active {
                    index,
                    file,
                    reached: Reached::Nothing,
                });
            }
            Event::Checked { index, checked } if self.fetched.get(index) == Some(&true) => {
                let file = self.reached(index, Reached::Nothing).to_owned();
                let warn = || self.report.warn(&file, &checked.warnings);
                self.progress.aside(warn);
            }
            Event::Progress { index, progress } => {
                self.progress.moved(index, progress);
                self.reached(index, Reached::Sent);
            }
            Event::Waiting { index, wait } => {
                let file = self.reached(index, Reached::Stored).to_owned();
                let note = waiting(&file, wait);
                self.progress.aside(|| self.report.note(&note));
            }
            Event::Finished { index, result } => self.finished(index, &result)?,
            _ => {}
        }
        Ok(())
    }

    /// Records how far a file has got, and returns its name.
    fn reached(&mut self, index: usize, reached: Reached) -> &str {
        let file = self.active.iter_mut().find(|file| file.index == index);
        file.map_or("", |file| {
            file.reached = reached;
            &file.file
        })
    }

    fn finished(&mut self, index: usize, result: &Result<Uploaded, UploadError>) -> io::Result<()> {
        let place = self.active.iter().position(|file| file.index == index);
        let file = place.map_or_else(String::new, |place| self.active.remove(place).file);
        let sent = result.as_ref().ok().filter(|done| done.stored.is_some());
        self.progress.finished(index, sent.map(|done| done.len));
        self.done += 1;
        self.progress.aside(|| {
            let line = match result {
                Ok(done) => {
                    if let Some(texts) = self.texts.get(index)
                        && let Some(first) = self.claims.conflict(done.id(), &file, texts)
                    {
                        output::error(&conflict(&file, first), &[]);
                        if self.exit == Exit::Success {
                            self.exit = Exit::Failure;
                        }
                    }
                    self.report.uploaded(&file, done)?
                }
                Err(error) => {
                    if error.is_auth() {
                        self.exit = Exit::Refused;
                    } else if self.exit == Exit::Success {
                        self.exit = Exit::Failure;
                    }
                    self.report.failed(&file, error)?;
                    None
                }
            };
            self.lines.put(index, line);
            self.lines.ready().try_for_each(|line| output::line(&line))
        })
    }

    /// Reports the files that had not finished when a signal arrived.
    fn interrupted(self, count: usize) -> io::Result<()> {
        drop(self.progress);
        for Active { file, reached, .. } in &self.active {
            let state = match reached {
                Reached::Nothing => "was not uploaded",
                Reached::Sent => "was not uploaded; the site may list it as an empty asset",
                Reached::Stored => {
                    "is stored; whether its asset is still there was not checked again"
                }
            };
            output::say(&format!("interrupted: {file} {state}"));
        }
        let left = count - self.done - self.active.len();
        if left > 0 {
            output::say(&format!("interrupted: {} not begun", were(left)));
        }
        self.lines.rest().try_for_each(|line| output::line(&line))
    }

    fn end(self, count: usize) -> io::Result<Exit> {
        drop(self.progress);
        let left = count - self.done;
        if left > 0 {
            output::say(&format!("stopped: {} not begun", were(left)));
        }
        self.lines.rest().try_for_each(|line| output::line(&line))?;
        Ok(self.exit)
    }
}

fn were(files: usize) -> String {
    match files {
        1 => "1 file was".to_owned(),
        n => format!("{n} files were"),
    }
}
