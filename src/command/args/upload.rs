//! What `upload` takes.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{CONCURRENCY, FolderArg, SiteArgs, number};

/// The notes, with these examples.
macro_rules! notes {
    ($examples:literal) => {
        concat!(
            "\
Prints the id and the hosted URL of each asset, separated by a tab, in the order of the files; with
--json, an object for each file as soon as it is uploaded.

A file that Webflow documents no type for, that is larger than it documents for its type (4 MB for
images, 10 MB for documents) or that is empty is uploaded with a warning, or refused with --strict.
Files of more than 30 MiB and Git LFS pointers are refused.

A file for --texts is CSV with the columns path, alt_text and display_name, or JSON: an array of
objects with these names. Paths are relative to the directory of that file.

Examples:
",
            $examples
        )
    };
}

#[cfg(feature = "sandbox")]
pub(super) const NOTES: &str = notes!(
    "  Try it without an account:
    webflow-assets upload --sandbox hero.png
  Upload two files to a folder:
    export WEBFLOW_API_TOKEN=… WEBFLOW_SITE_ID=580e63e98c9a982ac9b8b741
    webflow-assets upload hero.png logo.svg --folder brand/2026
  Upload under another name, with the token from a file:
    webflow-assets upload build/a1b2c3.png --name hero.png --token-file ~/.webflow-token
  Upload a file from a URL, with alternative text:
    webflow-assets upload https://example.com/barn.png --alt-text 'A red barn'
  Upload more files than fit on a command line:
    find img -name '*.png' | webflow-assets upload --files-from -
  Upload what another command prints:
    convert hero.svg png:- | webflow-assets upload - --name hero.png
  Print only the URLs:
    webflow-assets upload *.png | cut -f2"
);

#[cfg(not(feature = "sandbox"))]
pub(super) const NOTES: &str = notes!(
    "  Upload two files to a folder:
    export WEBFLOW_API_TOKEN=… WEBFLOW_SITE_ID=580e63e98c9a982ac9b8b741
    webflow-assets upload hero.png logo.svg --folder brand/2026"
);

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are bools")]
pub(crate) struct UploadArgs {
    /// Files to upload, URLs to fetch and upload, or `-` for standard input
    #[arg(
        required_unless_present = "files_from",
        value_name = "FILE",
        value_hint = ValueHint::FilePath
    )]
    pub(crate) files: Vec<PathBuf>,

    /// List of more files, one per line; `-` is standard input
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) files_from: Option<PathBuf>,

    /// Asset folder for the files: a path or an id [default: none]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<FolderArg>,

    /// File name of the asset, for a single FILE or `-` [default: the name of the file]
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Display name in Webflow, for a single FILE [default: the file name]
    #[arg(long, value_name = "NAME")]
    pub(crate) display_name: Option<String>,

    /// Alternative text of the image, for a single FILE
    #[arg(long, value_name = "TEXT")]
    pub(crate) alt_text: Option<String>,

    /// CSV or JSON file with alternative texts and display names, by path
    #[arg(
        long,
        value_name = "PATH",
        value_hint = ValueHint::FilePath,
        conflicts_with_all = ["alt_text", "display_name"]
    )]
    pub(crate) texts: Option<PathBuf>,

    /// Read and check the files, and say what would be uploaded; none is sent
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Take warnings about files for errors
    #[arg(long)]
    pub(crate) strict: bool,

    // A key of 60 requests a minute starts one file a second, which four uploads at a time keep up
    // with; more would share the bandwidth and take memory for each.
    /// How many files to upload at a time
    #[arg(long, value_name = "N", default_value = "4", value_parser = number(CONCURRENCY))]
    pub(crate) concurrency: usize,

    /// Start no further file after the first failure
    #[arg(long)]
    pub(crate) stop_on_error: bool,

    /// Print one JSON object for each file, including those that fail
    #[arg(long)]
    pub(crate) json: bool,

    /// Show errors only: no progress bar and no notes
    #[arg(long, short)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) site: SiteArgs,

    /// Upload to a sandbox inside this command: needs no account, and nothing leaves this machine
    #[cfg(feature = "sandbox")]
    #[arg(
        long,
        help_heading = "Site",
        conflicts_with_all = ["site", "token_file", "base_url", "allow_http", "folder"]
    )]
    sandbox: bool,
}

impl UploadArgs {
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
