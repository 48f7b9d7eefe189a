//! Merges two schemas into one.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Which values the result allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// The values that both allow.
    All,
    /// The values that at least one of them allows.
    Either,
}

#[derive(Debug)]
pub(super) struct Contradiction;

/// Adds what `other` says to `schema`. A field of two types is any value.
pub(super) fn merge(
    schema: &mut Map<String, Value>,
    mut other: Map<String, Value>,
    how: Merge,
) -> Result<(), Contradiction> {
    if how == Merge::Either {
        if is_any(schema) || is_any(&other) {
            schema.clear();
            return Ok(());
        }
        match (target(schema), target(&other)) {
            (one, other) if one == other => {}
            // A list of values in responses is open: any other text is one of them too.
            (_, None) if is_text(schema) && is_text(&other) => return Ok(()),
            (None, _) if is_text(schema) && is_text(&other) => {
                *schema = other;
                return Ok(());
            }
            _ => return Err(Contradiction),
        }
        widen(schema, &other);
        widen(&mut other, schema);
    }
    // Only what both require is required.
    if how == Merge::Either && !other.contains_key("required") {
        schema.remove("required");
    }
    if how == Merge::Either && (schema.contains_key("enum") != other.contains_key("enum")) {
        schema.remove("enum");
    }
    for (key, value) in other {
        let Some(old) = schema.get_mut(&key) else {
            if how == Merge::All || !["required", "enum"].contains(&key.as_str()) {
                schema.insert(key, value);
            }
            continue;
        };
        match (key.as_str(), old, value) {
            ("properties", Value::Object(fields), Value::Object(more)) => {
                for (name, value) in more {
                    match fields.get_mut(&name) {
                        None => drop(fields.insert(name, value)),
                        Some(field) => *field = both(field.take(), value, how),
                    }
                }
            }
            ("items" | "additionalProperties", old, value) => *old = both(old.take(), value, how),
            ("required", Value::Array(names), Value::Array(more)) => match how {
                Merge::All => append(names, more),
                Merge::Either => {
                    let more: BTreeSet<&str> = more.iter().filter_map(Value::as_str).collect();
                    names.retain(|name| name.as_str().is_some_and(|name| more.contains(name)));
                }
            },
            ("enum" | "oneOf", Value::Array(values), Value::Array(more)) => append(values, more),
            ("description" | "deprecated" | "nullable" | "x-title", ..) => {}
            (_, old, value) if *old == value => {}
            ("type", old, value) if is_number(old) && is_number(&value) => *old = "number".into(),
            ("format", ..) => drop(schema.remove("format")),
            _ => return Err(Contradiction),
        }
    }
    Ok(())
}

/// Appends what a list does not have yet.
fn append(list: &mut Vec<Value>, mut more: Vec<Value>) {
    let texts: BTreeSet<&str> = more.iter().filter_map(Value::as_str).collect();
    let known = list.iter().filter_map(Value::as_str);
    let known: BTreeSet<String> = known
        .filter(|text| texts.contains(text))
        .map(str::to_owned)
        .collect();
    more.retain(|value| match value.as_str() {
        Some(text) => !known.contains(text),
        None => !list.contains(value),
    });
    list.append(&mut more);
}

/// Whether a schema says nothing of the type.
fn is_any(schema: &Map<String, Value>) -> bool {
    let mut keys = schema.keys();
    !keys.any(|key| ["$ref", "allOf", "oneOf", "type"].contains(&key.as_str()))
}

/// What a schema refers to.
fn target(schema: &Map<String, Value>) -> Option<&Value> {
    said(schema, "$ref")
}

/// Whether values are texts. A reference to a list of values says so too.
fn is_text(schema: &Map<String, Value>) -> bool {
    said(schema, "type").is_some_and(|kind| kind == "string")
}

/// What a schema says, or the reference in it.
fn said<'a>(schema: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    let wrapped = || schema.get("allOf")?.get(0)?.get(key);
    schema.get(key).or_else(wrapped)
}

/// Widens the fields that `schema` names to what `other` allows in those that it does not name.
fn widen(schema: &mut Map<String, Value>, other: &Map<String, Value>) {
    let Some(extra) = other.get("additionalProperties") else {
        return;
    };
    let named = other.get("properties").and_then(Value::as_object);
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in fields.into_iter().flatten() {
        if named.is_none_or(|named| !named.contains_key(name)) {
            *field = both(field.take(), extra.clone(), Merge::Either);
        }
    }
}

fn is_number(kind: &Value) -> bool {
    kind == "integer" || kind == "number"
}

/// Merges what two places say about the same value.
fn both(one: Value, other: Value, how: Merge) -> Value {
    match (one, other) {
        (one, other) if one == other => one,
        (Value::Object(mut one), Value::Object(other)) => {
            let nullable = [&one, &other].map(|schema| schema.contains_key("nullable"));
            if merge(&mut one, other, how).is_err() {
                one = Map::new();
                if nullable.contains(&true) {
                    one.insert("nullable".to_owned(), true.into());
                }
            }
            one.into()
        }
        _ => json!({}),
    }
}
