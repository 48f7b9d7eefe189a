//! Rules on the types that are generated.

use serde_json::{Map, Value, json};

use crate::{
    cut::{name::Fragment, version},
    error::{Error, Result},
};

/// Integers are 64 bits wide: sizes and counts have no documented limit.
pub(super) fn wide_integers(fragment: &mut Fragment) -> Result<usize> {
    let mut changed = 0;
    for part in ["parameters", "schemas"] {
        let part = fragment.object(&format!("/components/{part}"))?;
        part.values_mut()
            .for_each(|value| widen(value, &mut changed));
    }
    Ok(changed)
}

fn widen(value: &mut Value, changed: &mut usize) {
    match value {
        Value::Object(object) => {
            if object.get("type") == Some(&json!("integer")) && !object.contains_key("format") {
                object.insert("format".to_owned(), "int64".into());
                *changed += 1;
            }
            object.values_mut().for_each(|value| widen(value, changed));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| widen(value, changed)),
        _ => {}
    }
}

/// Tells other generators the Rust type of every schema.
pub(super) fn rust_types(fragment: &mut Fragment) -> Result<usize> {
    let version = version::first_compatible(&fragment.crate_version).to_string();
    let schemas = fragment.schemas()?;
    for (name, schema) in schemas.iter_mut() {
        let place = format!("/components/schemas/{name}");
        let schema: &mut Map<String, Value> = schema
            .as_object_mut()
            .ok_or_else(|| Error::new(place, "expected an object"))?;
        let rust_type = json!({
            "crate": "webflow-assets",
            "version": version,
            "path": format!("webflow_assets::types::{name}"),
        });
        schema.insert("x-rust-type".to_owned(), rust_type);
    }
    Ok(schemas.len())
}
