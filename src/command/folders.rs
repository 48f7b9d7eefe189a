//! `folders`: lists and creates the asset folders of a site.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;
use serde::Serialize;
use webflow_assets::{
    FolderId,
    types::{AssetFolder, NewAssetFolder},
};

use crate::command::{
    Exit,
    args::{FoldersArgs, FoldersCommand, SiteArgs},
    assets::WRITE,
    failure::{Failed, Result},
    output,
    site::{self, Site},
    table::{Column, Table},
};

const COLUMNS: [Column; 2] = [Column::left("ID", Some(24)), Column::left("NAME", None)];

#[derive(Serialize)]
struct FolderLine<'a> {
    id: Option<&'a str>,
    display_name: Option<&'a str>,
    parent_folder: Option<&'a str>,
    created_on: Option<&'a str>,
    last_updated: Option<&'a str>,
}

#[derive(Serialize)]
struct PathLine<'a> {
    path: &'a str,
    id: FolderId,
    created: bool,
}

pub(crate) async fn run(args: FoldersArgs) -> Result {
    match args.command {
        None => list(args).await,
        Some(FoldersCommand::Create { paths, json, site }) => create(&paths, json, &site).await,
    }
}

/// Creates folders and those above them, as far as they are missing.
async fn create(paths: &[String], json: bool, args: &SiteArgs) -> Result {
    let site = Site::live("folders", args).await?;
    let mut folders = site.folders().await?;
    for path in paths {
        let mut place = None;
        let mut created = false;
        for name in path.split('/') {
            if let Some(id) = folders.child(place, name) {
                place = Some(id);
                continue;
            }
            let request = site.client.create_asset_folder().site_id(site.id);
            let body = NewAssetFolder {
                display_name: name.to_owned(),
                parent_folder: place,
            };
            let folder = request.body(body).send().await.map_err(|error| {
                let what = format!("{path}: the folder `{name}` was not created");
                Failed::new(&what, &error, WRITE)
            })?;
            let id = folder.id.as_deref().and_then(|id| id.parse().ok());
            let id = id.ok_or_else(|| {
                let text = format!("{path}: the answer has no id for the new folder `{name}`");
                Failed::of(text)
            })?;
            folders.insert(id, place, name);
            place = Some(id);
            created = true;
        }
        if let Some(id) = place {
            if json {
                output::json_line(&PathLine { path, id, created })?;
            } else {
                output::line(&format!("{id}\t{}", output::field(path)))?;
            }
        }
    }
    Ok(Exit::Success)
}

/// Prints the folders: a tree, or an object for each as they come.
async fn list(args: FoldersArgs) -> Result {
    let site = Site::live("folders", &args.site).await?;
    let folders = site.client.list_all_folders(site.id).stream();
    let folders: Result<Vec<AssetFolder>, _> = folders.try_collect().await;
    let folders = folders.map_err(|error| site::no_folders(&error))?;
    if folders.is_empty() {
        output::say("no folders");
    }
    if args.json {
        for folder in &folders {
            output::json_line(&FolderLine {
                id: folder.id.as_deref(),
                display_name: folder.display_name.as_deref(),
                parent_folder: folder.parent_folder.as_deref(),
                created_on: folder.created_on.as_deref(),
                last_updated: folder.last_updated.as_deref(),
            })?;
        }
        return Ok(Exit::Success);
    }
    let mut table = Table::new(&COLUMNS);
    for (depth, folder) in tree(&folders) {
        let name = folder.display_name.as_deref().unwrap_or_default();
        let name = "  ".repeat(depth) + name;
        table.row(&[folder.id.as_deref().unwrap_or_default(), &name])?;
    }
    Ok(Exit::Success)
}

/// Each folder once, below its parent and with its depth, sorted by name. A folder whose parent is
/// missing is at the top, and so is one folder of each cycle.
fn tree(folders: &[AssetFolder]) -> Vec<(usize, &AssetFolder)> {
    let known: HashSet<&str> = folders
        .iter()
        .filter_map(|folder| folder.id.as_deref())
        .collect();
    let mut below: HashMap<Option<&str>, Vec<usize>> = HashMap::new();
    let mut sorted: Vec<usize> = (0..folders.len()).collect();
    sorted.sort_by_key(|&index| folders[index].display_name.as_deref());
    for index in sorted {
        let parent = folders[index].parent_folder.as_deref();
        let parent = parent.filter(|parent| known.contains(parent));
        below.entry(parent).or_default().push(index);
    }
    let mut tree = Vec::with_capacity(folders.len());
    let mut placed = vec![false; folders.len()];
    let tops = below.get(&None).cloned().unwrap_or_default();
    // Folders that no top leads to form cycles, which are entered anywhere.
    for top in tops.into_iter().chain(0..folders.len()) {
        let mut next = vec![(0, top)];
        while let Some((depth, index)) = next.pop() {
            if std::mem::replace(&mut placed[index], true) {
                continue;
            }
            let folder = &folders[index];
            tree.push((depth, folder));
            let children = folder.id.as_deref().and_then(|id| below.get(&Some(id)));
            let children = children.into_iter().flatten().rev();
            next.extend(children.map(|child| (depth + 1, *child)));
        }
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(folders: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        let folders: Vec<AssetFolder> = folders
            .iter()
            .map(|(id, name, parent)| {
                let folder = AssetFolder::builder().id((*id).to_owned());
                let folder = folder.display_name((*name).to_owned());
                folder
                    .parent_folder(parent.map(str::to_owned))
                    .try_into()
                    .expect("a folder")
            })
            .collect();
        tree(&folders)
            .into_iter()
            .map(|(depth, folder)| {
                "  ".repeat(depth) + folder.display_name.as_deref().unwrap_or_default()
            })
            .collect()
    }

    #[test]
    fn folders_stand_below_their_parents_by_name() {
        let folders = [
            ("3", "heroes", Some("1")),
            ("4", "2026", Some("3")),
            ("2", "docs", None),
            ("1", "img", None),
            ("5", "barns", Some("1")),
        ];
        assert_eq!(
            shown(&folders),
            ["docs", "img", "  barns", "  heroes", "    2026"]
        );
        assert_eq!(shown(&[]), [""; 0]);
    }

    #[test]
    fn circles_and_unknown_parents_lose_no_folder() {
        let folders = [
            ("1", "a", Some("2")),
            ("2", "b", Some("1")),
            ("3", "self", Some("3")),
            ("4", "orphan", Some("9")),
            ("5", "child", Some("4")),
        ];
        assert_eq!(shown(&folders), ["orphan", "  child", "a", "  b", "self"]);
        // Two folders with one id, which no site should have.
        let twice = [("1", "a", None), ("1", "b", None), ("2", "c", Some("1"))];
        assert_eq!(shown(&twice), ["a", "  c", "b"]);
    }
}
