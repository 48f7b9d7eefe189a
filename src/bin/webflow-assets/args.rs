//! What the command takes: sub-commands, options, and what they must not be together.

mod assets;
mod site;
mod sync;
mod upload;

use std::path::PathBuf;
#[cfg(feature = "sandbox")]
use std::time::Duration;

#[cfg(feature = "sandbox")]
use clap::Args;
use clap::{
    ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, ValueHint, error::ErrorKind,
    parser::ValueSource,
};
use clap_complete::Shell;
#[cfg(feature = "sandbox")]
use webflow_assets::sandbox::Rule;
use webflow_assets::types::FolderId;

pub(crate) use assets::{FoldersArgs, GetArgs, ListArgs, RmArgs};
pub(crate) use site::{ApiArgs, SiteArgs};
pub(crate) use sync::{SyncArgs, UrlArgs};
pub(crate) use upload::UploadArgs;

/// Put files on a Webflow site
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "\
Exit codes:
  0    done
  1    something failed; what else was asked for has still been tried
  2    wrong usage; nothing was sent
  130  interrupted"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Upload files to a site
    #[command(after_help = upload::NOTES)]
    Upload(UploadArgs),
    /// Put a directory on a site, and keep it there in step
    ///
    /// Sub-directories become asset folders. A lock file in the directory, webflow-assets.lock, says
    /// which file is on the site as which asset, so that the next time only what is new or changed is
    /// sent.
    #[command(after_help = sync::NOTES)]
    Sync(SyncArgs),
    /// Print the hosted URL of a file that was synchronised
    #[command(after_help = sync::URL_NOTES)]
    Url(UrlArgs),
    /// List the assets of a site
    #[command(after_help = assets::LIST_NOTES)]
    List(ListArgs),
    /// Show what is known of assets
    Get(GetArgs),
    /// Delete assets
    #[command(after_help = assets::RM_NOTES)]
    Rm(RmArgs),
    /// List the asset folders of a site
    Folders(FoldersArgs),
    /// Serve a Webflow and an S3 of your own on this machine
    ///
    /// Prints what a client needs as `export NAME=value` lines, then serves until it is
    /// interrupted. Everything is kept in memory and gone at the end.
    #[cfg(feature = "sandbox")]
    #[command(after_help = SANDBOX_EXAMPLES)]
    Sandbox(SandboxArgs),
    /// Print a completion script for a shell
    Completions {
        /// Shell to print it for
        shell: Shell,
    },
    /// Print the manual: a page for the command and one for each sub-command
    #[command(after_help = "Example:\n  webflow-assets man | man -l -")]
    Man {
        /// Write the pages to files in this directory instead
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
}

#[cfg(feature = "sandbox")]
const SANDBOX_EXAMPLES: &str = "\
Rules for --fault are OPERATION:FAULT, with *N for N times or *forever at the end; those for one
operation take turns in the order given. One with *5% at the end hits that share of the requests
that the others leave alone, by chance:
  OPERATION      create, post (the form upload to S3), get, delete, list, update, list-folders,
                 create-folder, get-folder
  FAULT          503, or 429,retry-after=1 or 400,code=RequestTimeout or 502,html or 500,empty
                 delay=250ms, reset-before, reset-after, truncated-body, stall-mid-body,
                 stall-before-answer
  create, post   expired-policy
  create, post, update, create-folder
                 stall-reading, early-refusal=403
  create         short-policy=2s, duplicate=with-form, duplicate=without-form
  post           wrong-etag
  get            not-yet=1s
The whole grammar: https://docs.rs/webflow-assets/latest/webflow_assets/sandbox/struct.Rule.html

Examples:
  In one shell:
    webflow-assets sandbox | tee sandbox.env
  In another:
    . ./sandbox.env
    webflow-assets upload hero.png
  Lose the first two answers of S3, and allow two requests a second:
    webflow-assets sandbox --fault 'post:reset-after*2' --rate-limit 2/1
  Fail at one request in twenty:
    webflow-assets sandbox --fault 'create:503*5%' --fault 'post:500*5%'";

#[cfg(feature = "sandbox")]
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Port to listen on, on the loopback address [default: a free one]
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,

    /// Largest file that is taken, in bytes [default: 30 MiB, as Webflow signs]
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_size: Option<u64>,

    /// Let a fault happen, by the rules below; can be given more than once
    #[arg(long = "fault", value_name = "RULE")]
    pub(crate) faults: Vec<Rule>,

    /// Seed of the faults that happen by chance [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Requests that a token may make in a window of so many seconds [default: 6000/60]
    #[arg(long, value_name = "N/SECONDS", value_parser = rate_limit)]
    pub(crate) rate_limit: Option<(u32, Duration)>,
}

/// `60/0.5`: 60 requests in half a second.
#[cfg(feature = "sandbox")]
fn rate_limit(text: &str) -> Result<(u32, Duration), String> {
    const EXPECTED: &str = "expected a number from 1, a slash and seconds, as in 60/60 or 60/0.5";
    let (requests, seconds) = text.split_once('/').ok_or(EXPECTED)?;
    let requests = requests.parse().map_err(|_| EXPECTED)?;
    match site::seconds(seconds) {
        Ok(window) if requests > 0 => Ok((requests, window)),
        _ => Err(EXPECTED.to_owned()),
    }
}

/// Reads the command line; wrong usage, `--help` and `--version` end the process here.
pub(crate) fn parse() -> Cli {
    let matches = Cli::command().get_matches();
    check_sandbox(&matches);
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// Ends the process as clap does for wrong usage of a sub-command.
pub(crate) fn usage(subcommand: &str, kind: ErrorKind, message: &str) -> ! {
    let mut command = Cli::command();
    command.build();
    match command.find_subcommand_mut(subcommand) {
        Some(subcommand) => subcommand.error(kind, message).exit(),
        None => command.error(kind, message).exit(),
    }
}

/// A sandbox ignores the site in the environment, but not one that was typed beside it. To clap
/// the two are one, hence not `conflicts_with`.
fn check_sandbox(matches: &ArgMatches) {
    const OTHER_SITE: [(&str, &str); 5] = [
        ("id", "--site"),
        ("token_file", "--token-file"),
        ("base_url", "--base-url"),
        ("allow_http", "--allow-http"),
        ("folder", "--folder"),
    ];
    let Some((name, matches)) = matches.subcommand() else {
        return;
    };
    let typed = |id: &str| {
        matches.try_contains_id(id).is_ok()
            && matches.value_source(id) == Some(ValueSource::CommandLine)
    };
    if !typed("sandbox") {
        return;
    }
    if let Some((_, option)) = OTHER_SITE.iter().find(|(id, _)| typed(id)) {
        usage(
            name,
            ErrorKind::ArgumentConflict,
            &format!("{option} cannot be used with --sandbox, which has a site of its own"),
        );
    }
}

fn folder_id(text: &str) -> Result<FolderId, &'static str> {
    FolderId::try_from(text).map_err(|_| "a folder id has 24 hexadecimal digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }
}
