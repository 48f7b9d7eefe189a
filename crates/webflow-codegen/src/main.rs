//! The command `webflow-codegen`, which is `cargo xtask` in this project.

use std::{
    error::Error as _,
    fmt::Write as _,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, ValueEnum};
use webflow_codegen::{
    cut::{
        file,
        project::{Job, compare},
        report::Report,
        select::Selection,
    },
    error::{Error, Result},
};

/// Cuts parts out of Webflow's published OpenAPI description, and compares its versions.
///
/// Exit codes: 0 if all went well, 1 if --check or diff found a difference, 2 on errors.
#[derive(Parser)]
#[command(name = "webflow-codegen", version)]
enum Task {
    /// Cut operations out of a description.
    Cut {
        /// The description: OpenAPI 3.0 or 3.1 in YAML or JSON.
        description: PathBuf,
        #[command(flatten)]
        selection: What,
        /// Take the description's words over, instead of those of the fragment as it is.
        #[arg(long)]
        words: bool,
        /// Use the types of this package, on which the project depends, where schemas are equal.
        #[arg(long, value_name = "PACKAGE")]
        share: Vec<String>,
        /// The fragment; its names stand beside it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Write nothing; exit with 1 if the fragment would change.
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        report: Output,
    },
    /// Regenerate this project's openapi/ from Webflow's published description.
    Spec {
        /// The description: OpenAPI 3.0 or 3.1 in YAML or JSON.
        description: PathBuf,
        /// Write nothing; exit with 1 if the fragment would change.
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        report: Output,
        /// The root of the project, if not this one.
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
    },
    /// Compare two descriptions as callers of the generated client see them.
    Diff {
        /// The description as it was.
        old: PathBuf,
        /// The description as it is.
        new: PathBuf,
        /// Compare the operations of this recipe only.
        #[arg(long, value_name = "FILE")]
        recipe: Option<PathBuf>,
        #[command(flatten)]
        report: Output,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct What {
    /// The operations, names and differences of this recipe: an OpenAPI overlay.
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// These operations.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    operations: Vec<String>,
    /// The operations with this tag.
    #[arg(long)]
    tag: Option<String>,
    /// All operations.
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
struct Output {
    /// Write the report to this file too.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Markdown,
    Json,
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
    let (found, output, check) = match task {
        Task::Cut {
            description,
            selection,
            words,
            share,
            out,
            check,
            report,
        } => {
            let job = Job {
                description,
                recipe: selection.recipe,
                selection: match (selection.tag, selection.all) {
                    (Some(tag), _) => Selection::Tag(tag),
                    (None, true) => Selection::All,
                    (None, false) if selection.operations.is_empty() => Selection::Recipe,
                    (None, false) => Selection::Operations(selection.operations),
                },
                words,
                share,
                out,
                check,
            };
            (run_job(&job, &report)?, report, check)
        }
        Task::Spec {
            description,
            check,
            report,
            root,
        } => {
            let root = root.unwrap_or_else(this_project);
            let job = Job::of_project(&root, &description, check);
            (run_job(&job, &report)?, report, check)
        }
        Task::Diff {
            old,
            new,
            recipe,
            report,
        } => {
            let inputs = [old.clone(), new.clone()].into_iter().chain(recipe.clone());
            file::distinct(&inputs.collect::<Vec<_>>(), report.report.as_slice())?;
            (compare(&old, &new, recipe.as_deref())?, report, true)
        }
    };
    print(&found, &output)?;
    Ok(ExitCode::from(u8::from(check && found.differs)))
}

fn run_job(job: &Job, output: &Output) -> Result<Report> {
    let (inputs, mut outputs) = job.files();
    outputs.extend(output.report.clone());
    file::distinct(&inputs, &outputs)?;
    job.run()
}

fn print(report: &Report, output: &Output) -> Result<()> {
    let text = match output.format {
        Format::Markdown => report.to_string(),
        Format::Json => report.to_json(),
    };
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|e| Error::new("standard output", "could not be written").because(e))?;
    if let Some(path) = &output.report {
        file::write(path, &text)?;
    }
    Ok(())
}
