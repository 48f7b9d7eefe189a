//! Rules on the security scheme.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{cut::name::Fragment, error::Result};

const FLOW: &str = "/components/securitySchemes/OAuth2/flows/authorizationCode";

/// Leaves the scopes that an operation requires.
pub(super) fn used_scopes(fragment: &mut Fragment) -> Result<usize> {
    let mut used = BTreeSet::new();
    for item in fragment
        .object("/paths")?
        .values()
        .filter_map(Value::as_object)
    {
        let ways = item
            .values()
            .filter_map(|operation| operation.get("security")?.as_array());
        let ways = ways.flatten().filter_map(Value::as_object);
        let scopes = ways
            .flat_map(Map::values)
            .filter_map(Value::as_array)
            .flatten();
        used.extend(scopes.filter_map(Value::as_str).map(str::to_owned));
    }
    let Ok(scopes) = fragment.object(&format!("{FLOW}/scopes")) else {
        return Ok(0);
    };
    let before = scopes.len();
    scopes.retain(|scope, _| used.contains(scope));
    // Their descriptions are the project's own.
    scopes.values_mut().for_each(|words| *words = "".into());
    Ok(before - scopes.len())
}
