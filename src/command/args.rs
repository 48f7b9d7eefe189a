//! What the command takes: sub-commands, options, and what they must not be together.

mod assets;
mod site;
mod sync;
mod upload;

#[cfg(feature = "sandbox")]
use std::{collections::BTreeMap, time::Duration};
use std::{
    fmt::Display,
    io::{self, Write},
    ops::RangeInclusive,
    path::PathBuf,
    process,
    str::FromStr,
};

#[cfg(feature = "sandbox")]
use clap::Args;
use clap::{
    ArgAction, CommandFactory, Parser, Subcommand, ValueHint,
    error::{ContextKind, ContextValue, ErrorKind},
};
use clap_complete::Shell;
#[cfg(feature = "sandbox")]
use webflow_assets::sandbox::{Fault, Operation, Rule};

pub(crate) use assets::{
    DoctorArgs, FoldersArgs, FoldersCommand, GetArgs, ListArgs, RmArgs, SitesArgs, UpdateArgs,
};
pub(crate) use site::{ApiArgs, FolderArg, SiteArgs};
pub(crate) use sync::{PullArgs, SyncArgs, UrlArgs, lock_file};
pub(crate) use upload::UploadArgs;

use crate::command::{failure::Failed, output};

/// Put files on a Webflow site
#[derive(Debug, Parser)]
#[command(
    version,
    long_version = long_version(),
    max_term_width = 100,
    after_help = "\
Exit codes:
  0    success
  1    something failed; everything else was still tried
  2    wrong usage; nothing was sent
  3    Webflow refused the token (401); the command stopped there
  129, 130, 143  ended by SIGHUP, SIGINT (Ctrl-C) or SIGTERM; a second signal ends it at once

Environment:
  WEBFLOW_API_TOKEN  API token, if --token-file is not given
  WEBFLOW_SITE_ID    id or short name of the site, if --site is not given
  WEBFLOW_BASE_URL   address of the API, if --base-url is not given"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Show retries and waits on standard error; given twice, requests too
    #[arg(
        long,
        short,
        global = true,
        action = ArgAction::Count,
        // Below the options of each sub-command.
        display_order = 900
    )]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Upload files to a site
    #[command(after_help = upload::NOTES)]
    Upload(UploadArgs),
    /// Synchronise a directory to a site
    ///
    /// Sub-directories become asset folders. A lock file in the directory, webflow-assets.lock,
    /// records which file is which asset, so that the next run sends only new and changed files.
    #[command(after_help = sync::NOTES)]
    Sync(SyncArgs),
    /// Fetch the assets of a site into a directory
    ///
    /// Asset folders become sub-directories. A lock file in the directory, webflow-assets.lock,
    /// records which file is which asset, so that the next run fetches only what is new and `sync`
    /// goes on from there.
    #[command(after_help = sync::PULL_NOTES)]
    Pull(PullArgs),
    /// Print the hosted URLs of synchronised files
    #[command(after_help = sync::URL_NOTES)]
    Url(UrlArgs),
    /// List the assets of a site
    #[command(after_help = assets::LIST_NOTES)]
    List(ListArgs),
    /// Show the details of assets, or fetch their content
    Get(GetArgs),
    /// Set alternative texts and display names of assets
    #[command(after_help = assets::UPDATE_NOTES)]
    Update(UpdateArgs),
    /// Delete assets
    #[command(after_help = assets::RM_NOTES, alias = "delete")]
    Rm(RmArgs),
    /// List the sites that the token may see
    ///
    /// Prints the id, the short name and the name of each. An id or a short name is what --site takes.
    Sites(SitesArgs),
    /// Check the token, the site and the connection
    ///
    /// Prints a line for each check, with what to do where it fails: the API, the token and its
    /// scopes, the site, S3, the clock and the rate limit. Nothing is changed: to find out whether
    /// the token may write, it asks for the change of an asset that does not exist.
    Doctor(DoctorArgs),
    /// List the asset folders of a site, or create some
    #[command(args_conflicts_with_subcommands = true)]
    Folders(FoldersArgs),
    /// Run a local Webflow API and S3 for testing
    ///
    /// Prints the settings for a client as `export NAME=value` lines, then serves until it is
    /// interrupted. Everything is kept in memory and lost at the end.
    #[cfg(feature = "sandbox")]
    #[command(after_help = sandbox_notes())]
    Sandbox(SandboxArgs),
    /// Print a completion script for a shell
    Completions {
        /// Shell to print the script for
        shell: Shell,
    },
    /// Print the manual pages of the command and its sub-commands
    #[command(after_help = "Example:\n  webflow-assets man | man -l -")]
    Man {
        /// Write the pages to files in this directory
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
}

/// The rules for `--fault`, with the sandbox's own list of faults, and examples.
#[cfg(feature = "sandbox")]
fn sandbox_notes() -> String {
    let mut groups = BTreeMap::<_, Vec<String>>::new();
    for fault in Fault::all() {
        let all = fault.hits().len() == Operation::ALL.len();
        let hits = fault.hits().iter().map(Operation::to_string);
        let hits = if all { Vec::new() } else { hits.collect() };
        groups.entry(hits).or_default().push(fault.to_string());
    }
    let faults: String = groups
        .into_iter()
        .map(|(hits, faults)| match hits.join(", ") {
            hits if hits.is_empty() => format!("  {}\n", faults.join(", ")),
            hits => format!("  {hits} only: {}\n", faults.join(", ")),
        })
        .collect();
    let operations = Operation::ALL.map(|operation| match operation {
        Operation::PostObject => format!("{operation} (the form upload to S3)"),
        _ => operation.to_string(),
    });
    let operations = operations.join(", ");
    format!("{RULE_NOTES}{operations}\n{FAULT_NOTES}{faults}{SANDBOX_EXAMPLES}")
}

#[cfg(feature = "sandbox")]
const RULE_NOTES: &str = "\
Rules for --fault are OPERATION:FAULT, with *N for N times or *forever at the end; those for one
operation take turns in the order given. One with *5% at the end hits that share of the requests
that the others leave alone, by chance.

Operations: ";

#[cfg(feature = "sandbox")]
const FAULT_NOTES: &str = "
Faults; a status may be followed by a header, a code or a body, as in 429,retry-after=1 or
400,code=RequestTimeout or 502,html or 500,empty:
";

#[cfg(feature = "sandbox")]
const SANDBOX_EXAMPLES: &str = "\
The whole grammar: https://docs.rs/webflow-assets/latest/webflow_assets/sandbox/struct.Rule.html

Examples:
  In one shell:
    webflow-assets sandbox | tee sandbox.env
  In another:
    . ./sandbox.env
    webflow-assets upload hero.png
  Lose the first two answers of S3, and allow two requests a second:
    webflow-assets sandbox --fault 'post:reset-after*2' --rate-limit 2/1s
  Fail at one request in twenty:
    webflow-assets sandbox --fault 'create:503*5%' --fault 'post:500*5%'";

#[cfg(feature = "sandbox")]
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Port to listen on, on the loopback address [default: a free one]
    #[arg(long, value_name = "N", value_parser = number(0..=u16::MAX))]
    pub(crate) port: Option<u16>,

    /// Largest file to accept, in bytes [default: 30 MiB, as at Webflow]
    #[arg(long, value_name = "BYTES", value_parser = number(0..=u64::MAX))]
    pub(crate) max_size: Option<u64>,

    /// Inject a fault, see the rules below; can be given more than once
    #[arg(long = "fault", value_name = "RULE")]
    pub(crate) faults: Vec<Rule>,

    /// Seed of the random faults [default: 0]
    #[arg(long, value_name = "N", value_parser = number(0..=u64::MAX))]
    pub(crate) seed: Option<u64>,

    /// Requests that a token may make in a window of time [default: 6000/1m]
    #[arg(long, value_name = "N/TIME", value_parser = rate_limit)]
    pub(crate) rate_limit: Option<(u32, Duration)>,
}

/// `60/30s`: 60 requests in half a minute.
#[cfg(feature = "sandbox")]
fn rate_limit(text: &str) -> Result<(u32, Duration), String> {
    const EXPECTED: &str = "expected a number from 1, a slash and a time, as in 60/1m or 60/500ms";
    let (requests, window) = text.split_once('/').ok_or(EXPECTED)?;
    match (requests.parse(), site::duration(window)) {
        (Ok(requests), Ok(window)) if requests > 0 => Ok((requests, window)),
        _ => Err(EXPECTED.to_owned()),
    }
}

/// Reads the command line; wrong usage, `--help` and `--version` end the process here.
pub(crate) fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|mut error| {
        if let Some(tip) = tip(&error) {
            let tips = ContextValue::StyledStrs(vec![tip.into()]);
            error.insert(ContextKind::Suggested, tips);
        }
        if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) {
            let value = ContextValue::String(output::escape(value));
            error.insert(ContextKind::InvalidValue, value);
        }
        end(&error)
    })
}

/// Prints help, the version or wrong usage, and ends the process.
fn end(error: &clap::Error) -> ! {
    let printed = error.print().and_then(|()| io::stdout().flush());
    let code = match printed {
        Err(failure) if !error.use_stderr() => i32::from(output::unwritable(&failure).code()),
        _ => error.exit_code(),
    };
    process::exit(code)
}

/// What to do instead, where clap cannot know it.
fn tip(error: &clap::Error) -> Option<&'static str> {
    let names = |name: &str| match error.get(ContextKind::InvalidArg)? {
        ContextValue::String(arg) => Some(arg == name),
        ContextValue::Strings(args) => Some(args.iter().any(|arg| arg == name)),
        _ => None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument if names("--sandbox")? => {
            Some("only upload has --sandbox; for the others, `webflow-assets sandbox` serves one")
        }
        ErrorKind::MissingRequiredArgument if names("<DIR>")? => {
            Some("`.` is the working directory")
        }
        _ => None,
    }
}

/// What to say in a bug report: the version, the commit if the build names it, and the features.
fn long_version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let commit = option_env!("WEBFLOW_ASSETS_COMMIT").unwrap_or("unknown");
    let features = [
        ("sandbox", cfg!(feature = "sandbox")),
        ("schemars", cfg!(feature = "schemars")),
        ("tracing", cfg!(feature = "tracing")),
    ];
    let features = features.iter().filter(|(_, enabled)| *enabled);
    let features: Vec<&str> = features.map(|(name, _)| *name).collect();
    let features = features.join(" ");
    format!("{version}\ncommit: {commit}\nfeatures: cli {features}")
}

/// Ends the process as clap does for wrong usage of a sub-command.
pub(crate) fn usage(subcommand: &str, kind: ErrorKind, message: &str) -> ! {
    let message = output::redacted(message);
    let mut command = Cli::command();
    command.build();
    match command.find_subcommand_mut(subcommand) {
        Some(subcommand) => subcommand.error(kind, message).exit(),
        None => command.error(kind, message).exit(),
    }
}

/// Ends the process for what is wrong with a file of the command line.
pub(crate) fn usage_of(subcommand: &str, failed: &Failed) -> ! {
    let message = output::escape(&failed.line());
    usage(subcommand, ErrorKind::ValueValidation, &message)
}

/// How many files to work on at a time.
pub(super) const CONCURRENCY: RangeInclusive<usize> = 1..=256;

/// Reads a number in a range, and says otherwise what is expected.
pub(super) fn number<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        let (first, last) = (range.start(), range.end());
        number.ok_or_else(|| format!("expected a whole number from {first} to {last}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }
}
