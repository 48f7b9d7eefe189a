//! Compares the bytes on the site with those of a directory. It knows the lock file as JSON, and nothing of the client.

use std::collections::{BTreeMap, BTreeSet};

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
