//! Rules on what an error says.

use serde_json::{Map, Value, json};

use crate::{
    cut::name::{Fragment, reference, with},
    error::{Error, Result},
};

/// Opens the list of error codes: a code that is not in it keeps its text.
pub(super) fn open_codes(fragment: &mut Fragment) -> Result<usize> {
    let place = "/components/schemas/ApiError/properties/code";
    let code = fragment.object(place)?;
    let Some(codes) = code.remove("enum") else {
        return Err(Error::new(place, "expected a list of codes"));
    };
    let nullable = code
        .remove("nullable")
        .map(|value| ("nullable".to_owned(), value));
    let reference_to_code = with(reference("schemas", "ErrorCode"), Map::from_iter(nullable));
    *code = reference_to_code.as_object().cloned().unwrap_or_default();
    let known = json!({ "type": "string", "enum": codes });
    let open = json!({
        "oneOf": [
            reference("schemas", "KnownErrorCode"),
            { "title": "Other", "type": "string" },
        ],
    });
    let schemas = fragment.schemas()?;
    let mut added = 0;
    for (name, schema) in [("KnownErrorCode", known), ("ErrorCode", open)] {
        let old: Option<Value> = schemas.insert(name.to_owned(), schema);
        added += usize::from(old.is_none());
    }
    Ok(added)
}
