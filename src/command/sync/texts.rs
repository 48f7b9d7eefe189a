//! The texts of files that were on the site before.

use std::{
    collections::{HashMap, HashSet},
    io,
};

use futures_util::{StreamExt, stream};
use serde::Serialize;
use webflow_assets::{AssetId, sync::LockFile, types::Asset};

use crate::command::{
    Exit,
    api_error::Failed,
    args::SyncArgs,
    assets::{READ, WRITE},
    lock::{self, LookUpError},
    output,
    site::Site,
    texts::{Entry, Texts},
    update::{Outcome, remaining},
};

/// The entries of a file of texts that are about the files of a directory, by path.
pub(super) fn within(
    texts: &Texts,
    args: &SyncArgs,
) -> Result<HashMap<String, Entry>, LookUpError> {
    let dir = lock::full(&args.dir)?;
    let mut within = HashMap::new();
    for entry in &texts.entries {
        if let Some(path) = lock::key(&lock::full(&texts.path(entry))?, &dir) {
            within.insert(path, entry.clone());
        }
    }
    Ok(within)
}

#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    path: &'a str,
    id: AssetId,
    outcome: Outcome,
}

/// Sets the texts of the files that this run has not uploaded, as far as the site has others. What
/// it has is listed, a request for each hundred assets.
pub(super) async fn keep_in_step(
    site: &Site,
    args: &SyncArgs,
    mut texts: HashMap<String, Entry>,
    uploaded: &HashSet<String>,
) -> io::Result<Exit> {
    let lock = match LockFile::read(args.lock_file()) {
        Ok(lock) => lock.unwrap_or_default(),
        Err(error) => return Ok(output::fail(&error)),
    };
    let mut wanted: HashMap<AssetId, (String, Entry)> = HashMap::new();
    for (path, locked) in lock.files() {
        if let Some(entry) = texts.remove(path)
            && !uploaded.contains(path)
        {
            wanted.insert(locked.asset, (path.to_owned(), entry));
        }
    }
    if wanted.is_empty() {
        return Ok(Exit::Success);
    }
    let mut found: Vec<(AssetId, Asset, String, Entry)> = Vec::new();
    let mut assets = site.client.list_all_assets(site.id).stream();
    while let Some(asset) = assets.next().await {
        let asset = match asset {
            Ok(asset) => asset,
            Err(error) => {
                return Ok(Failed::new("the texts were not compared", &error, READ).print());
            }
        };
        let id = asset.id.as_deref().and_then(|id| id.parse().ok());
        if let Some((id, (path, entry))) = id.and_then(|id| wanted.remove_entry(&id)) {
            found.push((id, asset, path, entry));
        }
    }
    let mut done = stream::iter(found)
        .map(|(id, asset, path, entry)| async move {
            let (alt_text, display_name, kept) = remaining(
                &asset,
                entry.alt_text,
                entry.display_name,
                args.overwrite_texts,
            );
            if alt_text.is_none() && display_name.is_none() {
                return (id, path, Ok(Outcome::unsent(kept)));
            }
            let request = site.client.update_asset().asset_id(id);
            let request =
                request.body_map(|body| body.alt_text(alt_text).display_name(display_name));
            let sent = request.send().await;
            let outcome = if kept {
                Outcome::Kept
            } else {
                Outcome::Updated
            };
            (id, path, sent.map(|_| outcome))
        })
        .buffered(args.concurrency);
    let (mut exit, mut updated, mut kept) = (Exit::Success, 0, 0);
    while let Some((id, path, result)) = done.next().await {
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) => {
                let what = format!("{path}: its texts were not set");
                exit = Failed::new(&what, &error, WRITE).print();
                if exit == Exit::Refused {
                    break;
                }
                continue;
            }
        };
        match outcome {
            Outcome::Updated => updated += 1,
            Outcome::Unchanged => continue,
            Outcome::Kept => {
                kept += 1;
                output::warning(&format!(
                    "{path}: the site has another text, which stays; --overwrite-texts replaces it"
                ));
            }
        }
        if args.json {
            output::json_line(&Line {
                event: "described",
                path: &path,
                id,
                outcome,
            })?;
        }
    }
    if !args.quiet && updated + kept > 0 {
        output::say(&format!(
            "texts: {}",
            output::counts(&[(updated, "updated"), (kept, "kept")])
        ));
    }
    Ok(exit)
}
