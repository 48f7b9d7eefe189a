//! What the sub-commands for assets and folders that are on a site take.

use clap::{Args, Subcommand};
use webflow_assets::AssetId;

use super::{ApiArgs, FolderArg, SiteArgs};

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

    /// Print one JSON object for each asset
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) site: SiteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Assets to show
    #[arg(required = true, value_name = "ASSET_ID")]
    pub(crate) ids: Vec<AssetId>,

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
    #[arg(required = true, value_name = "ASSET_ID")]
    pub(crate) ids: Vec<AssetId>,

    /// Delete without asking
    #[arg(long, short)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) api: ApiArgs,
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

fn folder_path(text: &str) -> Result<String, &'static str> {
    match text.parse()? {
        FolderArg::Path(path) => Ok(path),
        FolderArg::Id(_) => Err("expected a path, not an id"),
    }
}
