//! `update`: alternative texts and display names.

use std::{io, path::Path};

use clap::error::ErrorKind;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use webflow_assets::{AssetId, Client, sync::AssetTexts};

use crate::{
    command::{
        Exit,
        args::{self, UpdateArgs},
        assets::{self, READ, WRITE},
        failure::{Failed, Result},
        lock::Locks,
        output, site,
        texts::{Texts, conflict},
    },
    sync::{Claims, TextsChange},
};

/// An asset and the texts that it is to have.
struct Change {
    /// As it was given: an id or a path.
    name: String,
    asset: Result<AssetId, String>,
    texts: AssetTexts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Updated,
    /// The site has these texts already.
    Unchanged,
    /// The site has other texts, which are kept.
    Kept,
}

impl Outcome {
    /// What is said of an asset that keeps a text of the site.
    pub(crate) fn kept(name: &str) -> String {
        format!("{name}: the site has another text, which stays; --overwrite-texts replaces it")
    }

    /// The outcome where nothing had to be sent.
    fn unsent(kept: bool) -> Self {
        if kept { Self::Kept } else { Self::Unchanged }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Kept => "kept",
        }
    }
}

#[derive(Serialize)]
struct UpdatedLine<'a> {
    asset: &'a str,
    id: AssetId,
    outcome: Outcome,
    /// The text that the site has now, if it was to be set.
    alt_text: Option<&'a str>,
    display_name: Option<&'a str>,
}

#[derive(Serialize)]
struct FailedLine<'a> {
    asset: &'a str,
    error: &'a str,
    status: Option<u16>,
}

/// Sets the texts of each asset, in the order in which they were given.
pub(crate) async fn run(args: UpdateArgs) -> Result {
    let changes = changes(&args);
    let client = site::client("update", &args.api)?;
    // Texts on the command line are deliberate; a file may be older than the site.
    let overwrite = args.texts.is_none() || args.overwrite_texts;
    let mut done = stream::iter(changes)
        .map(|change| {
            let client = client.clone();
            async move {
                let result = apply(&client, &change, overwrite).await;
                (change, result)
            }
        })
        .buffered(args.concurrency);
    let mut exit = Exit::Success;
    while let Some((change, result)) = done.next().await {
        match result {
            Ok((id, outcome)) => updated(&change, id, outcome, args.json)?,
            Err(failed) => {
                let now = failed.print();
                if args.json {
                    output::json_line(&FailedLine {
                        asset: &change.name,
                        error: &failed.text,
                        status: failed.status,
                    })?;
                }
                exit = now;
                if now == Exit::Refused {
                    break;
                }
            }
        }
    }
    Ok(exit)
}

fn updated(change: &Change, id: AssetId, outcome: Outcome, json: bool) -> io::Result<()> {
    if outcome == Outcome::Kept {
        output::warning(&Outcome::kept(&change.name));
    }
    if json {
        return output::json_line(&UpdatedLine {
            asset: &change.name,
            id,
            outcome,
            alt_text: change.texts.alt_text.as_deref(),
            display_name: change.texts.display_name.as_deref(),
        });
    }
    output::line(&format!("{id}\t{}", outcome.as_str()))
}

/// The changes to make. Wrong usage ends the process.
fn changes(args: &UpdateArgs) -> Vec<Change> {
    let mut locks = Locks::new(args.lock_file.as_deref());
    let mut asset = |text: &str, path: &Path| {
        text.parse().or_else(|_| {
            let (_, locked) = locks.find(path).map_err(|failed| failed.text)?;
            Ok(locked.asset)
        })
    };
    if let Some(file) = &args.texts {
        let texts = match Texts::read(file) {
            Ok(texts) => texts,
            Err(error) => args::usage_of("update", &error),
        };
        let mut claims = Claims::default();
        let entries = texts.entries.iter();
        return entries
            .map(|entry| {
                let asset = match entry.url() {
                    Some(_) => Err(format!("{}: it is a URL, and no file or id", entry.label())),
                    None => asset(&entry.path, &texts.path(entry)),
                };
                let asset = asset.and_then(|asset| {
                    let first = claims.conflict(asset, &entry.path, &entry.texts());
                    first.map_or(Ok(asset), |first| Err(conflict(&entry.path, first)))
                });
                Change {
                    name: entry.label(),
                    asset,
                    texts: entry.texts(),
                }
            })
            .collect();
    }
    let refuse = |kind, message| args::usage("update", kind, message);
    if args.alt_text.is_none() && args.display_name.is_none() {
        refuse(
            ErrorKind::MissingRequiredArgument,
            "nothing to set: pass --alt-text, --display-name or --texts",
        );
    }
    if args.display_name.is_some() && args.assets.len() > 1 {
        refuse(
            ErrorKind::ArgumentConflict,
            "--display-name is for a single asset and cannot be used with several",
        );
    }
    let texts = AssetTexts {
        alt_text: args.alt_text.clone(),
        display_name: args.display_name.clone(),
    };
    let assets = args.assets.iter();
    assets
        .map(|path| {
            let name = path.to_string_lossy().into_owned();
            Change {
                asset: asset(&name, path),
                name,
                texts: texts.clone(),
            }
        })
        .collect()
}

async fn apply(
    client: &Client,
    change: &Change,
    overwrite: bool,
) -> Result<(AssetId, Outcome), Failed> {
    let id = change.asset.clone().map_err(Failed::of)?;
    let mut texts = change.texts.clone();
    let mut kept = false;
    if !overwrite {
        let asset = assets::fetch(client, id)
            .await
            .map_err(|error| Failed::new(&change.name, &error, READ))?;
        let there = AssetTexts::of(&asset);
        let change = TextsChange::new(&there, &texts, &AssetTexts::default(), false);
        (texts, kept) = (change.set, change.kept);
    }
    if texts.is_empty() {
        return Ok((id, Outcome::unsent(kept)));
    }
    match texts.send(client, id).await {
        Ok(()) if kept => Ok((id, Outcome::Kept)),
        Ok(()) => Ok((id, Outcome::Updated)),
        Err(error) => Err(Failed::new(
            &format!("{}: not updated", change.name),
            &error,
            WRITE,
        )),
    }
}
