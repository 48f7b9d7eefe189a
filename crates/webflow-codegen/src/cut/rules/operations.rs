//! Rules on operations.

use crate::{
    cut::name::{Fragment, reference},
    error::Result,
};

/// `limit` and `offset` for the list of folders, which has `pagination`.
pub(super) fn folder_pages(fragment: &mut Fragment) -> Result<usize> {
    let known = fragment.object("/components/parameters")?;
    let mut names = vec!["Offset", "Limit"];
    names.retain(|name| known.contains_key(*name));
    let operation = fragment.object("/paths/~1sites~1{site_id}~1asset_folders/get");
    let parameters = operation
        .ok()
        .and_then(|operation| operation.get_mut("parameters")?.as_array_mut());
    let mut added = 0;
    if let Some(parameters) = parameters {
        for name in names {
            let parameter = reference("parameters", name);
            if !parameters.contains(&parameter) {
                parameters.push(parameter);
                added += 1;
            }
        }
    }
    Ok(added)
}
