//! The rules for every Webflow client that apply to the fragment as a whole;
//! [`convert`](super::convert) has those for single schemas.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::cut::{
    fragment::{Fragment, header_name},
    references::{reference, response_names, with},
    shared::{CODES, ERROR},
    text::rust_name,
    version,
};

/// The headers that every response has; the description mentions them only where the rate limit is
/// exceeded.
const RATE_LIMIT: [&str; 2] = ["X-RateLimit-Limit", "X-RateLimit-Remaining"];

const RETRY_AFTER: &str = "Retry-After";

/// Fields with which anyone could upload.
const SECRETS: [&str; 4] = [
    "Policy",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
];

/// Numbers that are whole, whatever the description says.
const WHOLE: [&str; 3] = ["limit", "offset", "total"];

/// A header that is a whole number wherever it stands, whatever the description says.
pub(super) fn header(name: &str) -> Option<Value> {
    let is_known = RATE_LIMIT.contains(&name) || name == RETRY_AFTER;
    is_known.then(|| json!({ "schema": { "type": "integer" } }))
}

/// Applies the rules that come before the recipe's actions.
pub(super) fn apply(fragment: &mut Fragment) {
    let document = &mut fragment.document;
    headers(document);
    complete_errors(document);
    whole_numbers(document);
    let responses = response_names(document);
    let Some(schemas) = schemas_of(document) else {
        return;
    };
    let names: Vec<String> = schemas.keys().cloned().collect();
    let notes = &mut fragment.notes;
    for name in names {
        let is_response = responses.contains(&name);
        let Some(schema) = schemas.get_mut(&name).and_then(Value::as_object_mut) else {
            continue;
        };
        different_names(&name, schema, notes);
        if is_response {
            if schema.contains_key("enum") {
                open(schemas, &name);
            } else {
                nullable(schema);
            }
        } else {
            explicit_lists(schema);
        }
    }
}

/// Applies the rules that come after the recipe's actions.
pub(super) fn finish(document: &mut Value, owner: Option<(&str, &semver::Version)>) {
    only_references(document);
    widen(document);
    let Some((owner, version)) = owner else {
        return;
    };
    let version = version::first_compatible(version).to_string();
    let module = owner.replace('-', "_");
    for (name, schema) in schemas_of(document).into_iter().flatten() {
        if let Some(schema) = schema.as_object_mut() {
            let path = format!("{module}::types::{name}");
            let rust_type = json!({ "crate": owner, "version": version, "path": path });
            schema.insert("x-rust-type".to_owned(), rust_type);
        }
    }
}

fn schemas_of(document: &mut Value) -> Option<&mut Map<String, Value>> {
    document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
}

/// Gives every success the headers with the remaining requests, and 429 the one with the time to
/// wait.
fn headers(document: &mut Value) {
    for name in RATE_LIMIT {
        document["components"]["headers"][header_name(name)] = header(name).into();
    }
    if let Some(too_many) = document.pointer_mut("/components/responses/TooManyRequests") {
        too_many["headers"][RETRY_AFTER] = reference("headers", &header_name(RETRY_AFTER));
        document["components"]["headers"][header_name(RETRY_AFTER)] = header(RETRY_AFTER).into();
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths
        .into_iter()
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut);
    for operation in operations {
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for (status, response) in responses.into_iter().flatten() {
            if status.starts_with('2') {
                for name in RATE_LIMIT {
                    response["headers"][name] = reference("headers", &header_name(name));
                }
            }
        }
    }
}

/// Adds to the type of all errors what the description lacks: up to 2024-10, errors have no body
/// and no list of codes there.
fn complete_errors(document: &mut Value) {
    let fields = &mut document["components"]["schemas"][ERROR]["properties"];
    let text = json!({ "type": "string" });
    for (name, schema) in [
        ("message", text.clone()),
        ("externalReference", text),
        ("details", json!({ "type": "array", "items": {} })),
    ] {
        if fields[name].is_null() {
            fields[name] = schema;
        }
    }
    if fields["code"].get("$ref").is_none() {
        fields["code"] = reference("schemas", "ErrorCode");
        let codes = json!({ "type": "string", "enum": CODES });
        document["components"]["schemas"]["ErrorCode"] = codes;
    }
}

/// Makes `limit`, `offset` and `total` integers.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let is_parameter = object
                .get("name")
                .and_then(Value::as_str)
                .is_some_and(|name| WHOLE.contains(&name));
            for (key, value) in object.iter_mut() {
                let counts = WHOLE.contains(&key.as_str()) || key == "schema" && is_parameter;
                if counts && value.get("type") == Some(&json!("number")) {
                    value["type"] = "integer".into();
                }
                whole_numbers(value);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(whole_numbers),
        _ => {}
    }
}

/// Opens a list of values in responses: one that is not in it keeps its text.
fn open(schemas: &mut Map<String, Value>, name: &str) {
    // The generator needs the known values first, to print the open list.
    let known = format!("Known{name}");
    let open = json!({
        "oneOf": [reference("schemas", &known), { "title": "Other", "type": "string" }],
    });
    if let Some(values) = schemas.insert(name.to_owned(), open) {
        schemas.insert(known, values);
    }
}

/// Allows null in every field of a response, and marks secrets.
fn nullable(schema: &mut Map<String, Value>) {
    for (name, field) in properties(schema) {
        if field.get("$ref").is_some() {
            *field = json!({ "allOf": [field.take()] });
        } else if SECRETS.contains(&name.as_str()) {
            *field = json!({ "type": "string", "format": "password" });
        }
        field["nullable"] = true.into();
    }
}

/// Keeps only the first of several fields that have the same name in Rust.
fn different_names(name: &str, schema: &mut Map<String, Value>, notes: &mut BTreeSet<String>) {
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    let mut taken = BTreeSet::new();
    if let Some(fields) = fields {
        fields.retain(|field, _| {
            let is_new = taken.insert(rust_name(field));
            if !is_new {
                notes.insert(format!(
                    "`{name}.{field}` is left out: another field has its name in Rust"
                ));
            }
            is_new
        });
    }
}

/// Lets a request send an empty list: without `nullable` that is the same as no list.
fn explicit_lists(schema: &mut Map<String, Value>) {
    let required = schema.get("required").and_then(Value::as_array);
    let required = required.into_iter().flatten().filter_map(Value::as_str);
    let required: BTreeSet<String> = required.map(str::to_owned).collect();
    for (name, field) in properties(schema) {
        let is_required = required.contains(name);
        if field.get("items").is_some() && !is_required {
            field["nullable"] = true.into();
        }
    }
}

/// Removes all keywords beside a reference, which 3.0 ignores, except `nullable` and `deprecated`.
fn only_references(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(only_references);
            let Some(reference) = object.get("$ref").filter(|r| r.is_string()).cloned() else {
                return;
            };
            let mut beside = std::mem::take(object);
            beside.retain(|key, _| key == "nullable" || key == "deprecated");
            *value = with(json!({ "$ref": reference }), beside);
        }
        Value::Array(list) => list.iter_mut().for_each(only_references),
        _ => {}
    }
}

/// Integers are 64 bits wide: sizes and counts have no documented limit.
fn widen(document: &mut Value) {
    fn each(value: &mut Value) {
        match value {
            Value::Object(object) => {
                if object.get("type") == Some(&json!("integer")) && !object.contains_key("format") {
                    object.insert("format".to_owned(), "int64".into());
                }
                object.values_mut().for_each(each);
            }
            Value::Array(list) => list.iter_mut().for_each(each),
            _ => {}
        }
    }
    for part in ["/paths", "/components/parameters", "/components/schemas"] {
        if let Some(part) = document.pointer_mut(part) {
            each(part);
        }
    }
}

fn properties(schema: &mut Map<String, Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flatten()
}
