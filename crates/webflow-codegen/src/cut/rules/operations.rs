//! Rules on operations.

use serde_json::Value;

use crate::{
    cut::name::{Fragment, reference},
    error::{Error, Result},
};

/// `create-asset` is `create_asset`, `patch-asset` is `update_asset`.
pub(super) fn names(fragment: &mut Fragment) -> Result<usize> {
    for (wanted, published, place) in fragment.published.clone() {
        let place = format!("{place}/operationId");
        if published.as_deref() != Some(wanted.published_as) {
            let found = published.as_deref().unwrap_or("none");
            let message = format!("expected `{}`, found `{found}`", wanted.published_as);
            return Err(Error::new(place, message));
        }
        let path = wanted.path.replace('/', "~1");
        let operation = fragment.object(&format!("/paths/{path}/{}", wanted.method))?;
        operation.insert("operationId".to_owned(), wanted.name.into());
    }
    Ok(fragment.published.len())
}

/// `limit` and `offset` for the list of folders, which has `pagination`.
pub(super) fn folder_pages(fragment: &mut Fragment) -> Result<usize> {
    let operation = fragment.object("/paths/~1sites~1{site_id}~1asset_folders/get")?;
    let parameters = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut);
    let mut added = 0;
    if let Some(parameters) = parameters {
        for name in ["Offset", "Limit"] {
            let parameter = reference("parameters", name);
            if !parameters.contains(&parameter) {
                parameters.push(parameter);
                added += 1;
            }
        }
    }
    Ok(added)
}
