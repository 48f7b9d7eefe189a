//! `upload`: one file after the other.

use std::{io, path::Path};

use clap::error::ErrorKind;
use webflow_assets::types;

use crate::{
    Exit,
    args::{self, UploadArgs},
    output::{self, Report},
    progress::Progress,
    signals::Signals,
    site::Site,
};

/// Uploads the files. Fails where a result cannot be printed.
pub(crate) async fn run(args: UploadArgs) -> io::Result<Exit> {
    check(&args);
    let site = match Site::open("upload", &args.site).await {
        Ok(site) => site,
        Err(error) => {
            output::error(&error.to_string(), &output::causes(&error));
            return Ok(Exit::Failure);
        }
    };
    let report = Report {
        json: args.json,
        quiet: args.quiet,
    };
    let mut signals = Signals::watch()?;

    let mut exit = Exit::Success;
    for (index, file) in args.files.iter().enumerate() {
        let place = (args.files.len() > 1).then_some((index + 1, args.files.len()));
        let progress = Progress::start(&label(file), place, args.quiet);
        let mut upload = site.client.upload(&site.id, file.as_path());
        upload = upload.on_progress(progress.listener());
        if let Some(folder) = &args.folder {
            upload = upload.parent_folder(folder);
        }
        if let Some(name) = &args.name {
            upload = upload.file_name(name);
        }
        let result = tokio::select! {
            biased;
            stopped = signals.stop() => {
                let begun = progress.begun();
                progress.clear();
                interrupted(file, begun);
                return Ok(stopped);
            }
            result = upload.send() => result,
        };
        progress.clear();
        match result {
            Ok(done) => report.uploaded(file, &done)?,
            Err(error) => {
                exit = Exit::Failure;
                report.failed(file, &error)?;
            }
        }
    }
    #[cfg(feature = "sandbox")]
    if let Some(sandbox) = &site.sandbox {
        report.note(&crate::sandbox::summary(sandbox));
    }
    Ok(exit)
}

/// What can be known to be wrong before anything is sent; it ends the process.
fn check(args: &UploadArgs) {
    let refuse = |kind, message: &str| args::usage("upload", kind, message);
    if let Some(name) = &args.name {
        if args.files.len() > 1 {
            refuse(
                ErrorKind::ArgumentConflict,
                "--name names a single asset and cannot be used with several files",
            );
        }
        if types::FileName::try_from(name.as_str()).is_err() {
            refuse(
                ErrorKind::ValueValidation,
                &format!(
                    "--name has {} characters and takes 1 to 99",
                    name.chars().count()
                ),
            );
        }
    }
    if let Some(folder) = &args.folder
        && types::FolderId::try_from(folder.as_str()).is_err()
    {
        refuse(
            ErrorKind::ValueValidation,
            &format!("the folder id {folder:?} is not 24 hexadecimal digits"),
        );
    }
}

fn interrupted(file: &Path, begun: bool) {
    let file = file.display();
    output::say(&if begun {
        format!("interrupted: {file} was not uploaded; the site may list it as an empty asset")
    } else {
        format!("interrupted: {file} was not uploaded")
    });
}

/// What the progress bar calls a file: its name, as a path would not fit.
fn label(file: &Path) -> String {
    file.file_name()
        .unwrap_or(file.as_os_str())
        .to_string_lossy()
        .into_owned()
}
