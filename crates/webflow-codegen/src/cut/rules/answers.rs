//! Rules on every answer: one field that is missing, null or malformed must not lose the rest.

use serde_json::{Map, Value, json};

use super::properties;
use crate::{cut::name::Fragment, error::Result};

/// What a value must be besides of its type.
const CONSTRAINTS: [&str; 15] = [
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "uniqueItems",
];

/// Requires no field.
pub(super) fn optional(fragment: &mut Fragment) -> Result<usize> {
    let answers = fragment.answers()?.into_iter();
    Ok(answers
        .filter_map(|schema| schema.remove("required"))
        .count())
}

/// Takes the constraints off every field: dates and addresses are strings.
pub(super) fn plain(fragment: &mut Fragment) -> Result<usize> {
    let mut changed = 0;
    for schema in fragment.answers()? {
        // The open list of codes: its list is for looking up, not for refusing.
        if schema.contains_key("enum") {
            continue;
        }
        relax(schema, &mut changed);
    }
    Ok(changed)
}

fn relax(schema: &mut Map<String, Value>, changed: &mut usize) {
    let before = schema.len();
    schema.retain(|key, value| {
        let is_closed = key == "additionalProperties" && *value == false;
        !is_closed && !CONSTRAINTS.contains(&key.as_str())
    });
    *changed += before - schema.len();
    for key in ["items", "additionalProperties"] {
        if let Some(values) = schema.get_mut(key).and_then(Value::as_object_mut) {
            relax(values, changed);
        }
    }
    for (_, property) in properties(schema) {
        if let Some(property) = property.as_object_mut() {
            relax(property, changed);
        }
    }
}

/// Allows null in every field.
pub(super) fn nullable(fragment: &mut Fragment) -> Result<usize> {
    let mut changed = 0;
    for schema in fragment.answers()? {
        for (_, property) in properties(schema) {
            let already = property.get("nullable").is_some();
            if property.get("$ref").is_some() {
                *property = json!({ "allOf": [property.take()] });
            }
            property["nullable"] = true.into();
            changed += usize::from(!already);
        }
    }
    Ok(changed)
}
