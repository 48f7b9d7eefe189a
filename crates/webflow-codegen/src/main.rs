//! Tasks of the project, as `cargo xtask`.

use std::{
    error::Error as _,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use webflow_codegen::error::{Error, Result};

/// Tasks of the project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Regenerate openapi/ from Webflow's published description, and report the drift.
    ///
    /// Exit codes: 0 if all went well, 1 if --check found drift, 2 on errors.
    Spec {
        /// The description: OpenAPI 3.1 in YAML or JSON.
        description: PathBuf,
        /// Write nothing; exit with 1 if the fragment would change.
        #[arg(long)]
        check: bool,
        /// Write the report to this file too.
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// The root of the project, if not this one.
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
    },
}

/// The root of the project, seen from where `cargo run` says that this package is.
fn this_project() -> PathBuf {
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    manifest
        .ancestors()
        .nth(2)
        .unwrap_or(Path::new("."))
        .to_owned()
}

fn main() -> ExitCode {
    match run(Task::parse()) {
        Ok(code) => code,
        Err(error) => {
            let mut text = format!("error: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                // Writing to a string does not fail.
                let _ = write!(text, "\n  cause: {error}");
                cause = error.source();
            }
            let _ = writeln!(io::stderr(), "{text}");
            ExitCode::from(2)
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    let Task::Spec {
        description,
        check,
        report: file,
        root,
    } = task;
    let root = root.unwrap_or_else(this_project);
    let report = webflow_codegen::cut::spec(&root, &description, check)?;
    let text = report.to_string();
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|e| Error::new("standard output", "could not be written").because(e))?;
    if let Some(file) = file {
        fs::write(&file, text).map_err(|e| {
            Error::new(file.display().to_string(), "could not be written").because(e)
        })?;
    }
    Ok(ExitCode::from(u8::from(check && report.differs)))
}
