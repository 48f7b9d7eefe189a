//! What the command takes: sub-commands, options, and what they must not be together.

#[cfg(feature = "sandbox")]
use std::time::Duration;
use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{
    ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueHint,
    error::ErrorKind, parser::ValueSource,
};
use clap_complete::Shell;
#[cfg(feature = "sandbox")]
use webflow_assets::sandbox::Rule;

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
    #[command(after_help = UPLOAD_EXAMPLES)]
    Upload(UploadArgs),
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
}

#[cfg(feature = "sandbox")]
const UPLOAD_EXAMPLES: &str = "\
Prints the id and the hosted URL of each asset, separated by a tab.

Examples:
  Try it without an account:
    webflow-assets upload --sandbox hero.png
  Upload two files to a folder:
    export WEBFLOW_API_TOKEN=… WEBFLOW_SITE_ID=580e63e98c9a982ac9b8b741
    webflow-assets upload hero.png logo.svg --folder 6436b1ce5281cace05b65aea
  Upload under another name, with the token from a file:
    webflow-assets upload build/a1b2c3.png --name hero.png --token-file ~/.webflow-token
  Keep the URLs alone:
    webflow-assets upload *.png | cut -f2";

#[cfg(not(feature = "sandbox"))]
const UPLOAD_EXAMPLES: &str = "\
Prints the id and the hosted URL of each asset, separated by a tab.

Examples:
  Upload two files to a folder:
    export WEBFLOW_API_TOKEN=… WEBFLOW_SITE_ID=580e63e98c9a982ac9b8b741
    webflow-assets upload hero.png logo.svg --folder 6436b1ce5281cace05b65aea";

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

#[derive(Debug, Args)]
pub(crate) struct UploadArgs {
    /// Files to upload, one after the other
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,

    /// Asset folder to put the files in [default: the top of the site]
    #[arg(long, value_name = "ID")]
    pub(crate) folder: Option<String>,

    /// Name of the asset, for a single FILE [default: the name of the file]
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Print one JSON object for each file, also for those that fail
    #[arg(long)]
    pub(crate) json: bool,

    /// Show errors only: no progress bar and no notes
    #[arg(long, short)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) site: SiteArgs,
}

/// Which site, and how to reach it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Site")]
pub(crate) struct SiteArgs {
    /// Site to work on
    #[arg(
        long = "site",
        value_name = "ID",
        env = "WEBFLOW_SITE_ID",
        hide_env_values = true
    )]
    pub(crate) id: Option<String>,

    #[arg(
        long,
        value_name = "PATH",
        value_hint = ValueHint::FilePath,
        help = "File that holds the API token [default: WEBFLOW_API_TOKEN holds it]"
    )]
    pub(crate) token_file: Option<PathBuf>,

    #[arg(
        long,
        value_name = "URL",
        env = "WEBFLOW_BASE_URL",
        hide_env_values = true,
        value_hint = ValueHint::Url,
        help = "Address of the API [default: https://api.webflow.com/v2]"
    )]
    pub(crate) base_url: Option<String>,

    /// Allow `http` to another machine, where the token travels in the clear
    #[arg(long)]
    pub(crate) allow_http: bool,

    /// Use a sandbox inside this command: no account, and nothing leaves this machine
    #[cfg(feature = "sandbox")]
    #[arg(long)]
    sandbox: bool,
}

impl SiteArgs {
    #[cfg_attr(
        not(feature = "sandbox"),
        expect(clippy::unused_self, reason = "the flag needs the feature")
    )]
    pub(crate) fn sandbox(&self) -> bool {
        #[cfg(feature = "sandbox")]
        return self.sandbox;
        #[cfg(not(feature = "sandbox"))]
        false
    }
}

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
    let window = seconds.parse().map(Duration::try_from_secs_f64);
    match window {
        Ok(Ok(window)) if requests > 0 && !window.is_zero() => Ok((requests, window)),
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

pub(crate) fn completions(shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    // Into memory first: clap panics where it cannot write.
    clap_complete::generate(shell, &mut Cli::command(), "webflow-assets", &mut script);
    let mut stdout = io::stdout().lock();
    stdout.write_all(&script)?;
    stdout.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }
}
