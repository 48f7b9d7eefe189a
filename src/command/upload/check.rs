//! Warnings about the files, before any of them is sent.

use std::{fs, io, path::PathBuf};

use serde::Serialize;
use webflow_assets::{Checked, FileWarning, Invalid, Md5, Upload};

use super::{files, report::Report};
use crate::command::{
    Exit,
    args::UploadArgs,
    output,
    progress::size,
    table::{Column, Table},
};

const COLUMNS: [Column; 3] = [
    Column::right("SIZE", Some(10)),
    Column::left("NAME", Some(32)),
    Column::left("FILE", None),
];

/// Warns about files, and removes those that are refused. A file that cannot be read is left to
/// its upload, as are standard input and a URL, which have not been read yet.
pub(super) fn refuse(
    all: &mut Vec<PathBuf>,
    args: &UploadArgs,
    report: Report,
) -> io::Result<usize> {
    let mut refused = 0;
    let mut left = Vec::with_capacity(all.len());
    for file in all.drain(..) {
        let metadata = (!files::is_fetched(&file)).then(|| fs::metadata(&file).ok());
        let Some(metadata) = metadata.flatten() else {
            left.push(file);
            continue;
        };
        let shown = file.display().to_string();
        if !metadata.is_file() {
            let why = if metadata.is_dir() {
                format!("it is a directory; `webflow-assets sync {shown}` uploads its files")
            } else {
                "it is a pipe or device; pass - for it, with --name, and redirect it to standard input".to_owned()
            };
            report.refused(&shown, &format!("{shown}: {why}"))?;
            refused += 1;
            continue;
        }
        let name = args.name.as_deref();
        let name = name.or_else(|| file.file_name()?.to_str());
        let warnings = FileWarning::of(name.unwrap_or_default(), metadata.len());
        if args.strict && !warnings.is_empty() {
            let warnings = Invalid::Warnings(warnings);
            report.refused(&shown, &format!("{shown}: {warnings}"))?;
            refused += 1;
            continue;
        }
        report.warn(&shown, &warnings);
        left.push(file);
    }
    *all = left;
    Ok(refused)
}

#[derive(Serialize)]
struct PlannedLine<'a> {
    file: &'a str,
    file_name: &'a str,
    size: u64,
    md5: Md5,
    outcome: &'static str,
}

/// Reads the files and prints what would be uploaded, with the warnings about those that had to be
/// fetched.
pub(super) async fn dry_run(
    uploads: impl Iterator<Item = Upload>,
    fetched: &[bool],
    report: Report,
) -> io::Result<Exit> {
    let mut exit = Exit::Success;
    let mut table = Table::new(&COLUMNS);
    for (upload, is_fetched) in uploads.zip(fetched) {
        let shown = upload.label();
        match upload.check().await {
            Ok(checked) => {
                if *is_fetched {
                    report.warn(&shown, &checked.warnings);
                }
                planned(&mut table, &shown, &checked, report)?;
            }
            Err(error) => {
                report.failed(&shown, &error)?;
                exit = Exit::Failure;
            }
        }
    }
    Ok(exit)
}

fn planned(table: &mut Table<'_>, file: &str, checked: &Checked, report: Report) -> io::Result<()> {
    if report.json {
        return output::json_line(&PlannedLine {
            file,
            file_name: &checked.file_name,
            size: checked.len,
            md5: checked.md5,
            outcome: "planned",
        });
    }
    let bytes = if table.is_read() {
        size(checked.len)
    } else {
        checked.len.to_string()
    };
    table.row(&[bytes.as_str(), &checked.file_name, file])
}
