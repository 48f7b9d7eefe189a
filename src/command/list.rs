//! `list`: lists the assets of a site.

use futures_util::StreamExt;
use serde::Serialize;
use webflow_assets::{FolderId, FolderTree, types::Asset};

use crate::command::{
    Exit,
    args::{FolderArg, ListArgs},
    assets::{AssetLine, READ, name, shown_size},
    failure::{Failed, Result},
    output,
    site::{self, Site},
    table::{Column, Table},
};

const COLUMNS: [Column; 5] = [
    Column::left("ID", Some(24)),
    Column::right("SIZE", Some(10)),
    Column::left("TYPE", Some(16)),
    Column::left("FOLDER", Some(16)),
    Column::left("NAME", None),
];

/// An asset in a list, with the path of its folder.
#[derive(Serialize)]
struct ListedLine<'a> {
    #[serde(flatten)]
    asset: AssetLine<'a>,
    folder: Option<&'a str>,
}

/// Prints the assets of a site as they come, page after page.
pub(crate) async fn run(args: ListArgs) -> Result {
    let site = Site::live("list", &args.site).await?;
    let folders = site.folders().await?;
    let mut list = site.client.list_all_assets(site.id);
    match &args.folder {
        None => {}
        Some(FolderArg::Id(id)) => list = list.folder(id),
        Some(FolderArg::Path(path)) => list = list.folder(site::find(&folders, path)?),
    }
    let mut assets = list.stream();
    let mut table = Table::new(&COLUMNS);
    let mut any = false;
    while let Some(asset) = assets.next().await
        && !output::is_lost()
    {
        let failed = |error| Failed::new("the assets were not listed", &error, READ);
        let asset = asset.map_err(failed)?;
        if args.missing_alt && !lacks_alt_text(&asset) {
            continue;
        }
        any = true;
        let folder = folder_path(&folders, &asset);
        if args.json {
            output::json_line(&ListedLine {
                asset: AssetLine::from(&asset),
                folder: folder.as_deref(),
            })?;
        } else {
            let bytes = if table.is_read() {
                shown_size(&asset).unwrap_or_else(|| "-".to_owned())
            } else {
                asset.size.map(|size| size.to_string()).unwrap_or_default()
            };
            table.row(&[
                asset.id.as_deref().unwrap_or_default(),
                &bytes,
                asset.content_type.as_deref().unwrap_or_default(),
                folder.as_deref().unwrap_or_default(),
                name(&asset),
            ])?;
        }
    }
    if !any {
        output::say(if args.missing_alt {
            "no images without alternative text"
        } else {
            "no assets"
        });
    }
    Ok(Exit::Success)
}

/// Whether an asset is an image without an alternative text.
fn lacks_alt_text(asset: &Asset) -> bool {
    let is_image = asset
        .content_type
        .as_deref()
        .is_some_and(|kind| kind.starts_with("image/"));
    is_image
        && asset
            .alt_text
            .as_deref()
            .is_none_or(|text| text.trim().is_empty())
}

fn folder_path(folders: &FolderTree, asset: &Asset) -> Option<String> {
    let id = FolderId::try_from(asset.folder_id.as_ref()?).ok()?;
    folders.path(id)
}
