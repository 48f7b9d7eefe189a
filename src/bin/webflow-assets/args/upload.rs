//! What `upload` takes.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, ValueHint};
use webflow_assets::types::FolderId;

use super::{SiteArgs, folder_id};

#[cfg(feature = "sandbox")]
pub(super) const NOTES: &str = "\
Prints the id and the hosted URL of each asset, separated by a tab, in the order of the files; with
--json, an object for each file as soon as it is done.

Examples:
  Try it without an account:
    webflow-assets upload --sandbox hero.png
  Upload two files to a folder:
    export WEBFLOW_API_TOKEN=… WEBFLOW_SITE_ID=580e63e98c9a982ac9b8b741
    webflow-assets upload hero.png logo.svg --folder 6436b1ce5281cace05b65aea
  Upload under another name, with the token from a file:
    webflow-assets upload build/a1b2c3.png --name hero.png --token-file ~/.webflow-token
  Upload what a URL leads to, and say what it shows:
    webflow-assets upload https://example.com/barn.png --alt-text 'A red barn'
  Upload more files than fit a command line:
    find img -name '*.png' | webflow-assets upload --files-from -
  Keep the URLs alone:
    webflow-assets upload *.png | cut -f2";

#[cfg(not(feature = "sandbox"))]
pub(super) const NOTES: &str = "\
Prints the id and the hosted URL of each asset, separated by a tab, in the order of the files; with
--json, an object for each file as soon as it is done.

Examples:
  Upload two files to a folder:
    export WEBFLOW_API_TOKEN=… WEBFLOW_SITE_ID=580e63e98c9a982ac9b8b741
    webflow-assets upload hero.png logo.svg --folder 6436b1ce5281cace05b65aea";

#[derive(Debug, Args)]
#[cfg_attr(
    feature = "sandbox",
    expect(clippy::struct_excessive_bools, reason = "flags are bools")
)]
pub(crate) struct UploadArgs {
    /// Files to upload, or URLs to fetch and upload
    #[arg(
        required_unless_present = "files_from",
        value_name = "FILE",
        value_hint = ValueHint::FilePath
    )]
    pub(crate) files: Vec<PathBuf>,

    /// List of more files, one in each line; `-` is standard input
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) files_from: Option<PathBuf>,

    /// Asset folder to put the files in [default: the top of the site]
    #[arg(long, value_name = "ID", value_parser = folder_id)]
    pub(crate) folder: Option<FolderId>,

    /// File name of the asset, for a single FILE [default: the name of the file]
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Name that the asset is shown under in Webflow, for a single FILE [default: the file name]
    #[arg(long, value_name = "NAME")]
    pub(crate) display_name: Option<String>,

    /// What the image shows, for those who cannot see it, for a single FILE
    #[arg(long, value_name = "TEXT")]
    pub(crate) alt_text: Option<String>,

    // A key of 60 requests a minute begins one file a second, which four at a time keep up with;
    // more would share the line, and take memory for each.
    /// How many files to work on at a time
    #[arg(long, value_name = "N", default_value = "4")]
    pub(crate) concurrency: NonZeroUsize,

    /// Begin no further file after one that failed
    #[arg(long)]
    pub(crate) stop_on_error: bool,

    /// Print one JSON object for each file, also for those that fail
    #[arg(long)]
    pub(crate) json: bool,

    /// Show errors only: no progress bar and no notes
    #[arg(long, short)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) site: SiteArgs,

    /// Use a sandbox inside this command: no account, and nothing leaves this machine
    #[cfg(feature = "sandbox")]
    #[arg(long, help_heading = "Site")]
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
