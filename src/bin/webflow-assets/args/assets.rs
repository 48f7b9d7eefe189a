//! What the sub-commands for assets and folders that are on a site take.

use clap::Args;
use webflow_assets::types::{AssetId, FolderId};

use super::{ApiArgs, SiteArgs, folder_id};

pub(super) const LIST_NOTES: &str = "\
On a terminal, prints a table; elsewhere, the id, the size in bytes, the media type and the name,
separated by tabs. Control characters and backslashes in names are escaped.

Examples:
  List the assets in a folder and its sub-folders:
    webflow-assets list --folder 6436b1ce5281cace05b65aea
  Print the URLs of all images:
    webflow-assets list --json | jq -r 'select(.content_type | startswith(\"image/\")).hosted_url'";

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// List only the assets in this folder and its sub-folders
    #[arg(long, value_name = "ID", value_parser = folder_id)]
    pub(crate) folder: Option<FolderId>,

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
    webflow-assets list --folder 6436b1ce5281cace05b65aea | cut -f1 \\
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
pub(crate) struct FoldersArgs {
    /// Print one JSON object for each folder
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) site: SiteArgs,
}

fn asset_id(text: &str) -> Result<AssetId, &'static str> {
    AssetId::try_from(text).map_err(|_| "an asset id has 24 hexadecimal digits")
}
