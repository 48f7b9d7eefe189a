//! `url`: prints the addresses of synchronised files, from the lock file.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;
use webflow_assets::{
    AssetId,
    sync::{LockFile, Locked},
};

use crate::command::{Exit, args::UrlArgs, failure::Result, lock::Locks, output};

/// A file, for machines.
#[derive(Serialize)]
struct Hosted<'a> {
    id: AssetId,
    url: Option<&'a str>,
    /// As `sync` set it.
    alt_text: Option<&'a str>,
}

impl<'a> Hosted<'a> {
    fn new(lock: &'a LockFile, locked: &'a Locked) -> Self {
        let texts = lock.texts(locked.asset);
        Self {
            id: locked.asset,
            url: locked.url.as_deref(),
            alt_text: texts.and_then(|texts| texts.alt_text.as_deref()),
        }
    }
}

/// Prints the URL of a file, or those of all.
pub(crate) fn run(args: &UrlArgs) -> Result {
    let mut locks = Locks::new(args.lock_file.as_deref());
    match args.path.as_deref() {
        Some(path) if !args.all => one(&mut locks, path, args.json)?,
        dir => all(&mut locks, dir, args.json)?,
    }
    Ok(Exit::Success)
}

fn one(locks: &mut Locks, path: &Path, json: bool) -> Result<()> {
    if json {
        let shown = path.display().to_string();
        let (lock, locked) = locks.find(path)?;
        let hosted = Hosted::new(lock, locked);
        return Ok(output::json_line(&BTreeMap::from([(shown, hosted)]))?);
    }
    Ok(output::line(&output::escape(locks.url(path)?))?)
}

fn all(locks: &mut Locks, dir: Option<&Path>, json: bool) -> Result<()> {
    let (lock, files) = locks.below(dir)?;
    let files = files.into_iter();
    if json {
        let files: BTreeMap<&str, Hosted<'_>> = files
            .map(|(path, locked)| (path, Hosted::new(lock, locked)))
            .collect();
        return Ok(output::json_line(&files)?);
    }
    let mut lines = files.map(|(path, locked)| {
        let url = locked.url.as_deref().unwrap_or_default();
        format!("{}\t{}", output::field(path), output::field(url))
    });
    Ok(lines.try_for_each(|line| output::line(&line))?)
}
