//! Compares the bytes on the site with those of a directory. It knows the lock file as JSON, and nothing of the client.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use webflow_assets::sandbox::{Asset, Sandbox};

/// Checks that what others put on the site is as it was. The bytes of `damaged` assets may differ.
pub(crate) fn foreign_assets_are_untouched(
    sandbox: &Sandbox,
    foreign: &[(Asset, Vec<u8>)],
    damaged: &BTreeSet<String>,
) -> Result<(), String> {
    for (asset, bytes) in foreign {
        let change = match sandbox.stored(&asset.id) {
            None => "deleted",
            Some(stored) if stored != *bytes && !damaged.contains(&asset.id) => "changed",
            Some(_) => continue,
        };
        let (id, name) = (&asset.id, &asset.file_name);
        return Err(format!("foreign asset {id} ({name}) was {change}"));
    }
    Ok(())
}

/// Checks that the lock file names an asset with the right bytes for each file. Where `gone` files are kept, it may name
/// others as well, as long as their assets are there. The bytes of `damaged` assets may differ.
pub(crate) fn lock_file_is_true(
    sandbox: &Sandbox,
    lock: &[u8],
    files: &BTreeMap<String, &[u8]>,
    gone: bool,
    damaged: &BTreeSet<String>,
) -> Result<(), String> {
    let lock: serde_json::Value =
        serde_json::from_slice(lock).map_err(|error| format!("lock file: {error}"))?;
    let locked = lock["files"].as_object().ok_or("lock file: no files")?;
    let paths: BTreeSet<&String> = locked.keys().collect();
    let expected: BTreeSet<&String> = files.keys().collect();
    let missing: Vec<_> = expected.difference(&paths).collect();
    let extra: Vec<_> = paths.difference(&expected).collect();
    if !missing.is_empty() || !(gone || extra.is_empty()) {
        return Err(format!(
            "lock file: {missing:?} missing, {extra:?} too many"
        ));
    }
    for (path, entry) in locked {
        let id = entry["asset"].as_str().ok_or("lock file: no asset")?;
        match sandbox.stored(id) {
            None => return Err(format!("lost: {path} is asset {id}, which has no file")),
            Some(bytes)
                if files.get(path).is_some_and(|file| bytes != file) && !damaged.contains(id) =>
            {
                return Err(format!(
                    "damaged: {path} is asset {id}, which has other bytes"
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Checks that each asset in or below the first main folder is in the directory that it was pulled to, with its bytes.
/// Those of `damaged` assets may differ.
pub(crate) fn pulled_is_true(
    sandbox: &Sandbox,
    dir: &Path,
    damaged: &BTreeSet<String>,
) -> Result<(), String> {
    let folders = sandbox.folders();
    let Some(main) = folders.iter().find(|folder| folder.display_name == "main") else {
        return Ok(());
    };
    let mut below = BTreeSet::from([main.id.clone()]);
    // A folder is younger than the one that it is in.
    for folder in &folders {
        if folder
            .parent_folder
            .as_ref()
            .is_some_and(|it| below.contains(it))
        {
            below.insert(folder.id.clone());
        }
    }
    let read = |path: &str| fs::read(dir.join(path)).map_err(|error| format!("{path}: {error}"));
    let assets = sandbox.assets().into_iter();
    let mut assets = assets
        .filter(|asset| {
            asset
                .parent_folder
                .as_ref()
                .is_some_and(|it| below.contains(it))
        })
        .filter_map(|asset| Some((sandbox.stored(&asset.id)?, asset.id)))
        .peekable();
    if assets.peek().is_none() {
        return Ok(());
    }
    let lock: serde_json::Value = serde_json::from_slice(&read("webflow-assets.lock")?)
        .map_err(|error| format!("lock file of the pull: {error}"))?;
    let files = lock["files"]
        .as_object()
        .ok_or("lock file of the pull: no files")?;
    for (bytes, id) in assets {
        let pulled = files.iter().find(|(_, file)| file["asset"] == *id);
        let (path, _) = pulled.ok_or_else(|| format!("asset {id} was not pulled"))?;
        if read(path)? != bytes && !damaged.contains(&id) {
            return Err(format!("pulled: {path} has other bytes than asset {id}"));
        }
    }
    Ok(())
}

/// Checks that what others put on the site has the text of the last update.
pub(crate) fn foreign_assets_are_described(
    sandbox: &Sandbox,
    foreign: &[(Asset, Vec<u8>)],
) -> Result<(), String> {
    let ids: BTreeSet<&str> = foreign.iter().map(|(asset, _)| asset.id.as_str()).collect();
    for asset in sandbox.assets() {
        if ids.contains(asset.id.as_str()) && asset.alt_text.as_deref() != Some("a text") {
            return Err(format!(
                "asset {} has the text {:?}",
                asset.id, asset.alt_text
            ));
        }
    }
    Ok(())
}

/// Checks that no content of these files is on the site twice, apart from what others put there.
pub(crate) fn nothing_is_doubled(
    sandbox: &Sandbox,
    foreign: &[(Asset, Vec<u8>)],
    files: &BTreeMap<String, &[u8]>,
) -> Result<(), String> {
    let known: BTreeSet<&str> = foreign.iter().map(|(asset, _)| asset.id.as_str()).collect();
    let own = sandbox.assets();
    let mut holders = BTreeMap::<Vec<u8>, Vec<String>>::new();
    for asset in own
        .iter()
        .filter(|asset| !known.contains(asset.id.as_str()))
    {
        if let Some(bytes) = sandbox.stored(&asset.id) {
            let holders = holders.entry(bytes.to_vec()).or_default();
            holders.push(asset.id.clone());
        }
    }
    for (path, bytes) in files {
        if let Some(ids) = holders.get(*bytes)
            && ids.len() > 1
        {
            return Err(format!("doubled: {path} is on the site as {ids:?}"));
        }
    }
    Ok(())
}

/// The ids of all assets that a lock file names, in whatever place.
pub(crate) fn ids(lock: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(lock);
    let words = text.split(|c: char| !c.is_ascii_hexdigit());
    let ids = words.filter(|word| word.len() == 24);
    ids.map(str::to_owned).collect()
}
