//! Merges two schemas into one.

use serde_json::{Map, Value, json};

/// Which values the result allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The values that both allow.
    All,
    /// The values that at least one of them allows.
    Either,
}

/// The two schemas contradict each other.
#[derive(Debug)]
pub struct Contradiction;

/// Adds what `other` says to `schema`. A field of two types is any value.
///
/// # Errors
///
/// If the schemas are of two types, or say different things.
pub fn merge(
    schema: &mut Map<String, Value>,
    other: Map<String, Value>,
    how: Merge,
) -> Result<(), Contradiction> {
    if how == Merge::Either && (schema.is_empty() || other.is_empty()) {
        schema.clear();
        return Ok(());
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
                Merge::All => {
                    for name in more {
                        if !names.contains(&name) {
                            names.push(name);
                        }
                    }
                }
                Merge::Either => names.retain(|name| more.contains(name)),
            },
            ("enum" | "oneOf", Value::Array(values), Value::Array(more)) => {
                for value in more {
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
            }
            ("description" | "deprecated" | "nullable" | "x-title", ..) => {}
            (_, old, value) if *old == value => {}
            ("type", old, value) if is_number(old) && is_number(&value) => *old = "number".into(),
            ("format", ..) => drop(schema.remove("format")),
            _ => return Err(Contradiction),
        }
    }
    Ok(())
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
