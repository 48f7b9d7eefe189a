//! The project's own words: they are carried over from the committed fragment, each to the same
//! place.

use serde_json::{Map, Value};

use crate::cut::shape::Shape;

/// Adds empty words where words are required and the description has none.
pub fn fill(new: &mut Value) {
    let old = new.clone();
    carry_over(new, &old);
}

/// Carries words and examples from `old` over to `new`. Returns the places that have no words
/// and need some.
pub fn carry_over(new: &mut Value, old: &Value) -> Vec<String> {
    let mut missing = Vec::new();
    carry(Shape::Document, new, Some(old), "", &mut missing);
    let document = new.clone();
    let schemas = new
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    for (_, schema) in schemas.into_iter().flatten() {
        if let Some(mut example) = schema.get("example").cloned() {
            prune(&mut example, schema, &document);
            schema["example"] = example;
        }
    }
    missing
}

fn carry(
    shape: Shape,
    new: &mut Value,
    old: Option<&Value>,
    place: &str,
    missing: &mut Vec<String>,
) {
    match new {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                let old = old.and_then(|old| old.get(key));
                let place = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
                carry(shape.child(key), value, old, &place, missing);
            }
            // The words of a reference are those of its target.
            if object.contains_key("$ref") || object.contains_key("allOf") {
                return;
            }
            for word in shape.words() {
                match old.and_then(|old| old.get(*word)) {
                    Some(words) => drop(object.insert((*word).to_owned(), words.clone())),
                    None if *word == "example" => {}
                    None => {
                        missing.push(format!("{place}/{word}"));
                        placeholder(shape, object, word);
                    }
                }
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter_mut().enumerate() {
                let old = match shape {
                    Shape::List(Shape::Parameter) => {
                        let mut old = old.and_then(Value::as_array).into_iter().flatten();
                        old.find(|old| same_parameter(old, value))
                    }
                    _ => old.and_then(|old| old.get(index)),
                };
                carry(
                    shape.child(""),
                    value,
                    old,
                    &format!("{place}/{index}"),
                    missing,
                );
            }
        }
        Value::String(words) if shape == Shape::Scope => match old {
            Some(Value::String(old)) => words.clone_from(old),
            _ => missing.push(place.to_owned()),
        },
        _ => {}
    }
}

/// Whether two parameters of an operation are the same one, wherever they stand in its list.
fn same_parameter(one: &Value, other: &Value) -> bool {
    ["$ref", "name", "in"]
        .iter()
        .all(|key| one.get(key) == other.get(key))
}

/// Adds empty words where OpenAPI requires some, until somebody writes them.
fn placeholder(shape: Shape, object: &mut Map<String, Value>, word: &str) {
    if matches!(
        (shape, word),
        (Shape::Response, "description") | (Shape::Info, "title")
    ) {
        object.insert(word.to_owned(), "".into());
    }
}

/// Takes fields out of an example that the schema does not have.
fn prune(example: &mut Value, schema: &Value, document: &Value) {
    let reference = schema
        .get("$ref")
        .or_else(|| schema.pointer("/allOf/0/$ref"));
    let target = reference
        .and_then(Value::as_str)
        .and_then(|r| document.pointer(&r[1..]));
    let schema = target.unwrap_or(schema);
    match example {
        Value::Object(fields) => {
            let Some(properties) = schema.get("properties") else {
                return;
            };
            if schema.get("additionalProperties").is_none() {
                fields.retain(|name, _| properties.get(name).is_some());
            }
            for (name, value) in fields {
                if let Some(property) = properties.get(name) {
                    prune(value, property, document);
                }
            }
        }
        Value::Array(list) => {
            if let Some(items) = schema.get("items") {
                for value in list {
                    prune(value, items, document);
                }
            }
        }
        _ => {}
    }
}
