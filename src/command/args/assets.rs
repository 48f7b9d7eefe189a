//! What the sub-commands for assets and folders that are on a site take.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use webflow_assets::AssetId;

use super::{ApiArgs, CONCURRENCY, FolderArg, SiteArgs, number};

pub(super) const LIST_NOTES: &str = "\
On a terminal, prints a table; elsewhere, the id, the size in bytes, the media type, the path of the
folder and the name, separated by tabs. Control characters and backslashes in names are escaped.

Examples:
  List the assets in a folder and its sub-folders:
    webflow-assets list --folder brand/2026
  Print the URLs of all images:
    webflow-assets list --json | jq -r 'select(.content_type | startswith(\"image/\")).hosted_url'";

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// List only the assets in this folder and its sub-folders: a path or an id
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<FolderArg>,

    /// List only images without alternative text
    #[arg(long)]
    pub(crate) missing_alt: bool,

    /// Print one JSON object for each asset
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) site: SiteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Assets to show
    #[arg(required = true, value_name = "ASSET_ID", value_parser = asset_id)]
    pub(crate) ids: Vec<AssetId>,

    /// Fetch the content into this file, or into files in this directory
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) output: Option<PathBuf>,

    /// Replace files that are there
    #[arg(long, requires = "output")]
    pub(crate) overwrite: bool,

    /// Print one JSON object for each asset, including those that fail
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

pub(super) const UPDATE_NOTES: &str = "\
Prints the id of each asset and what became of it, separated by a tab: updated, unchanged or kept.

A file for --texts is CSV with the columns path, alt_text and display_name, or JSON: an array of
objects with these names. A path is that of a synchronised file, relative to the directory of the
texts, or the id of an asset. A text from there does not replace another one that the site has, but
is kept, unless --overwrite-texts is given.

Examples:
  Describe an image that was synchronised:
    webflow-assets update public/img/hero.png --alt-text 'A red barn'
  Describe many:
    webflow-assets update --texts texts.csv
  List the images that have no description yet:
    webflow-assets list --missing-alt";

#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Ids of assets, or paths of synchronised files
    #[arg(
        required_unless_present = "texts",
        value_name = "ASSET",
        value_hint = ValueHint::FilePath
    )]
    pub(crate) assets: Vec<PathBuf>,

    /// Alternative text of the image
    #[arg(long, value_name = "TEXT")]
    pub(crate) alt_text: Option<String>,

    /// Name that Webflow shows the asset under, for a single ASSET
    #[arg(long, value_name = "NAME")]
    pub(crate) display_name: Option<String>,

    /// CSV or JSON file with alternative texts and display names, by path or id
    #[arg(
        long,
        value_name = "PATH",
        value_hint = ValueHint::FilePath,
        conflicts_with_all = ["assets", "alt_text", "display_name"]
    )]
    pub(crate) texts: Option<PathBuf>,

    /// Replace other texts that the site has
    #[arg(long, requires = "texts")]
    pub(crate) overwrite_texts: bool,

    /// Lock file to look up paths in [default: the one in the directory of a path, or above]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) lock_file: Option<PathBuf>,

    /// How many assets to work on at a time
    #[arg(long, value_name = "N", default_value = "4", value_parser = number(CONCURRENCY))]
    pub(crate) concurrency: usize,

    /// Print one JSON object for each asset, including those that fail
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

pub(super) const RM_NOTES: &str = "\
Prints the id of each deleted asset. On a terminal, it lists the assets and asks first; elsewhere,
it needs --yes.

Example:
  Delete all assets in a folder:
    webflow-assets list --folder brand/2025 | cut -f1 \\
      | xargs webflow-assets rm --yes";

#[derive(Debug, Args)]
pub(crate) struct RmArgs {
    /// Assets to delete
    #[arg(required = true, value_name = "ASSET_ID", value_parser = asset_id)]
    pub(crate) ids: Vec<AssetId>,

    /// Delete without asking
    #[arg(long, short)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SitesArgs {
    /// Print one JSON object for each site
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Print one JSON object for each check
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) site: SiteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct FoldersArgs {
    #[command(subcommand)]
    pub(crate) command: Option<FoldersCommand>,

    /// Print one JSON object for each folder
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) site: SiteArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FoldersCommand {
    /// Create folders, with those above them that are missing
    ///
    /// Prints the id and the path of each folder, also of one that the site had before.
    Create {
        /// Paths of folders, such as `brand/2026`
        #[arg(required = true, value_name = "PATH", value_parser = folder_path)]
        paths: Vec<String>,

        /// Print one JSON object for each path
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        site: SiteArgs,
    },
}

fn asset_id(text: &str) -> Result<AssetId, &'static str> {
    let expected = "an asset id has 24 hexadecimal digits; `webflow-assets list` prints them";
    text.parse().map_err(|_| expected)
}

fn folder_path(text: &str) -> Result<String, &'static str> {
    match text.parse()? {
        FolderArg::Path(path) => Ok(path),
        FolderArg::Id(_) => Err("expected a path, not an id"),
    }
}
