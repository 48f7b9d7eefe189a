//! `get` and `rm`, and how an asset is printed.

use std::{collections::HashSet, io};

use clap::error::ErrorKind;
use serde::Serialize;
use webflow_assets::{
    AssetId, Client, Error,
    sync::PullError,
    types::{ApiError, Asset, AssetVariant},
};

use crate::command::{
    Exit,
    args::{self, GetArgs, RmArgs},
    failure::{Failed, Result},
    output,
    progress::size,
    signals::Signals,
    site,
};
use crate::sync::without_id;

pub(crate) const READ: &str = "assets:read";
pub(crate) const WRITE: &str = "assets:write";

/// An asset, with the names that `upload --json` gives its fields.
#[derive(Serialize)]
pub(crate) struct AssetLine<'a> {
    id: Option<&'a str>,
    hosted_url: Option<&'a str>,
    file_name: Option<&'a str>,
    display_name: Option<&'a str>,
    alt_text: Option<&'a str>,
    content_type: Option<&'a str>,
    size: Option<i64>,
    site: Option<&'a str>,
    created_on: Option<&'a str>,
    last_updated: Option<&'a str>,
    parent_folder: Option<&'a str>,
    variants: Vec<VariantLine<'a>>,
}

#[derive(Serialize)]
struct VariantLine<'a> {
    hosted_url: Option<&'a str>,
    file_name: Option<&'a str>,
    format: Option<&'a str>,
    width: Option<i64>,
    height: Option<i64>,
    quality: Option<i64>,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct SavedLine {
    id: AssetId,
    file: String,
    size: Option<i64>,
}

#[derive(Serialize)]
struct FailedLine<'a> {
    id: AssetId,
    error: &'a str,
    status: Option<u16>,
}

impl<'a> From<&'a Asset> for AssetLine<'a> {
    fn from(asset: &'a Asset) -> Self {
        Self {
            id: asset.id.as_deref(),
            hosted_url: asset.hosted_url.as_deref(),
            file_name: asset.original_file_name.as_deref(),
            display_name: asset.display_name.as_deref(),
            alt_text: asset.alt_text.as_deref(),
            content_type: asset.content_type.as_deref(),
            size: asset.size,
            site: asset.site_id.as_deref(),
            created_on: asset.created_on.as_deref(),
            last_updated: asset.last_updated.as_deref(),
            parent_folder: asset.folder_id.as_deref(),
            variants: asset
                .variants
                .iter()
                .flatten()
                .map(VariantLine::from)
                .collect(),
        }
    }
}

impl<'a> From<&'a AssetVariant> for VariantLine<'a> {
    fn from(variant: &'a AssetVariant) -> Self {
        Self {
            hosted_url: variant.hosted_url.as_deref(),
            file_name: variant.original_file_name.as_deref(),
            format: variant.format.as_deref(),
            width: variant.width,
            height: variant.height,
            quality: variant.quality,
            error: variant.error.as_deref(),
        }
    }
}

/// Prints what is known of each asset, one after the other.
pub(crate) async fn get(args: GetArgs) -> Result {
    let client = site::client("get", &args.api)?;
    if args
        .output
        .as_deref()
        .is_some_and(|to| to.as_os_str() == "-")
    {
        args::usage(
            "get",
            ErrorKind::ValueValidation,
            "--output takes a file or a directory, not `-`; for a file of this name pass ./-",
        );
    }
    let single = args.output.as_deref().filter(|output| !output.is_dir());
    if args.ids.len() > 1
        && let Some(file) = single
    {
        args::usage(
            "get",
            ErrorKind::ValueValidation,
            &output::escape(&format!(
                "--output {} is no directory, which several assets need",
                file.display()
            )),
        );
    }
    let mut signals = Signals::watch()?;
    let mut exit = Exit::Success;
    let mut printed = false;
    for id in &args.ids {
        match fetch(&client, *id).await {
            Ok(asset) if args.output.is_some() => {
                // Dropped, it leaves no part of the file.
                let saved = tokio::select! {
                    saved = save(&client, *id, &asset, &args) => saved?,
                    signal = signals.stop() => return Ok(signal),
                };
                if let Some(failed) = saved {
                    exit = failed;
                }
            }
            Ok(asset) if args.json => output::json_line(&AssetLine::from(&asset))?,
            Ok(asset) => {
                if std::mem::replace(&mut printed, true) {
                    output::line("")?;
                }
                output::line(&details(&asset))?;
            }
            Err(error) => {
                let failed = Failed::new(&id.to_string(), &error, READ);
                exit = failed.print();
                if args.json {
                    output::json_line(&FailedLine {
                        id: *id,
                        error: &failed.text,
                        status: failed.status,
                    })?;
                }
                if exit == Exit::Refused {
                    break;
                }
            }
        }
    }
    Ok(exit)
}

/// Fetches the content of an asset and prints its path. Returns how the command ends if that
/// fails.
async fn save(
    client: &Client,
    id: AssetId,
    asset: &Asset,
    args: &GetArgs,
) -> io::Result<Option<Exit>> {
    let to = args.output.clone().unwrap_or_default();
    match client.download(asset, &to, args.overwrite).await {
        Ok(file) if args.json => output::json_line(&SavedLine {
            id,
            file: file.display().to_string(),
            size: asset.size,
        })
        .map(|()| None),
        Ok(file) => {
            let file = file.display().to_string();
            output::line(&format!("{id}\t{}", output::field(&file))).map(|()| None)
        }
        Err(error) => {
            let is_there = matches!(&error, PullError::Write(error) if error.kind() == io::ErrorKind::AlreadyExists);
            let (why, causes) = if is_there {
                let why = format!("{} has it already; --overwrite replaces it", to.display());
                (why, Vec::new())
            } else {
                (error.to_string(), output::causes(&error))
            };
            let text = format!("{id}: not fetched: {why}");
            output::error(&text, &causes);
            if args.json {
                output::json_line(&FailedLine {
                    id,
                    error: &text,
                    status: None,
                })?;
            }
            Ok(Some(Exit::Failure))
        }
    }
}

/// Deletes assets, after asking.
pub(crate) async fn rm(args: RmArgs) -> Result {
    let asks = !args.yes;
    if asks && !output::can_ask() {
        let text = "nothing was deleted: there is no terminal to ask on; pass --yes";
        return Err(Failed::of(text.to_owned()).into());
    }
    let client = site::client("rm", &args.api)?;
    let mut exit = Exit::Success;
    let mut ids = args.ids;
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(*id));
    if asks {
        (ids, exit) = name_all(&client, ids).await;
        if ids.is_empty() || exit == Exit::Refused {
            return Ok(exit);
        }
        let these = match ids.len() {
            1 => "this asset".to_owned(),
            n => format!("these {n} assets"),
        };
        if !output::ask(&format!("Delete {these} for good?"))? {
            output::say("nothing was deleted");
            return Ok(Exit::Failure);
        }
    }
    for id in ids {
        let deleted = client.delete_asset().asset_id(id).send().await;
        match deleted {
            Ok(_) => output::line(&id.to_string())?,
            Err(error) => {
                exit = Failed::new(&format!("{id}: not deleted"), &error, WRITE).print();
                if exit == Exit::Refused {
                    break;
                }
            }
        }
    }
    Ok(exit)
}

/// Prints the name and size of each asset. Returns those that exist, and how the command ends if
/// it only deletes these.
async fn name_all(client: &Client, ids: Vec<AssetId>) -> (Vec<AssetId>, Exit) {
    let mut known = Vec::with_capacity(ids.len());
    let mut exit = Exit::Success;
    for id in ids {
        match fetch(client, id).await {
            Ok(asset) => {
                let size = shown_size(&asset).unwrap_or_default();
                output::say(&format!("{id}  {} {size}", name(&asset)));
                known.push(id);
            }
            Err(error) => {
                exit = Failed::new(&format!("{id}: not deleted"), &error, READ).print();
                if exit == Exit::Refused {
                    break;
                }
            }
        }
    }
    (known, exit)
}

pub(crate) async fn fetch(client: &Client, id: AssetId) -> Result<Asset, Error<ApiError>> {
    let response = client.get_asset().asset_id(id).send().await?;
    Ok(response.into_inner())
}

/// The display name of an asset, without the id that Webflow puts before a name that was not set.
pub(crate) fn name(asset: &Asset) -> &str {
    let name = asset.display_name.as_ref();
    let name = name.or(asset.original_file_name.as_ref());
    without_id(asset, name.map_or("", String::as_str))
}

pub(crate) fn shown_size(asset: &Asset) -> Option<String> {
    asset
        .size
        .and_then(|bytes| u64::try_from(bytes).ok())
        .map(size)
}

/// A line for each thing that is known.
fn details(asset: &Asset) -> String {
    let size = asset.size.map(|bytes| match shown_size(asset) {
        Some(size) if bytes >= 1000 => format!("{size} ({bytes} bytes)"),
        _ => format!("{bytes} B"),
    });
    let lines = [
        ("id", asset.id.as_deref()),
        ("name", asset.display_name.as_deref()),
        ("file name", asset.original_file_name.as_deref()),
        ("type", asset.content_type.as_deref()),
        ("size", size.as_deref()),
        ("alt text", asset.alt_text.as_deref()),
        ("folder", asset.folder_id.as_deref()),
        ("site", asset.site_id.as_deref()),
        ("created", asset.created_on.as_deref()),
        ("updated", asset.last_updated.as_deref()),
        ("url", asset.hosted_url.as_deref()),
    ];
    let lines = lines.into_iter().filter_map(|(what, value)| {
        let value = output::escape(value?);
        Some(format!("{what:<10} {value}"))
    });
    lines.collect::<Vec<_>>().join("\n")
}
