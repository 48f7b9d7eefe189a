//! The order of the keys in the fragment, which nothing else decides: neither that of the
//! description nor that of the fragment before.

use serde_json::{Map, Value};

use crate::cut::{
    shape::Shape,
    tables::{OPERATIONS, SCHEMA_ORDER, shared_rank},
};

/// The keywords in the order that a reader wants them in.
#[rustfmt::skip]
const KEYWORDS: [&str; 48] = [
    // The document and its parts.
    "openapi", "info", "servers", "paths", "components", "securitySchemes",
    // Operations.
    "get", "post", "patch", "put", "delete", "operationId",
    // What something is.
    "title", "name", "in", "url", "summary", "description", "version", "deprecated",
    "$ref", "type", "nullable", "format", "pattern", "minLength", "maxLength", "enum",
    "required", "allOf", "oneOf", "properties", "items", "additionalProperties",
    // What belongs to it.
    "security", "parameters", "requestBody", "headers", "responses", "schemas", "schema", "content",
    "flows", "authorizationUrl", "tokenUrl", "scopes", "x-rust-type", "example",
];

/// Puts the document in order.
pub fn order(document: &mut Value) {
    arrange(Shape::Document, document);
}

fn arrange(shape: Shape, value: &mut Value) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<(String, Value)> = std::mem::take(object).into_iter().collect();
            for (key, value) in &mut entries {
                arrange_list(shape, key, value);
                // An example is the project's own, its order too.
                if shape.child(key) != Shape::Literal {
                    arrange(shape.child(key), value);
                }
            }
            entries.sort_by_cached_key(|(key, _)| (rank(shape, key), key.clone()));
            *object = Map::from_iter(entries);
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|value| arrange(shape.child(""), value)),
        _ => {}
    }
}

/// Where `key` stands in its table; what is in none comes last, by its name.
fn rank(shape: Shape, key: &str) -> usize {
    let place = match shape {
        Shape::Map(Shape::PathItem) => OPERATIONS.iter().position(|wanted| wanted.path == key),
        Shape::Map(Shape::NamedSchema) => SCHEMA_ORDER.iter().position(|name| *name == key),
        Shape::Map(Shape::Parameter | Shape::Response) => shared_rank(key),
        Shape::Map(_) => None,
        _ => KEYWORDS.iter().position(|keyword| *keyword == key),
    };
    place.unwrap_or(usize::MAX)
}

/// Puts lists in order whose order means nothing.
fn arrange_list(shape: Shape, key: &str, value: &mut Value) {
    let Value::Array(list) = value else { return };
    match (shape, key) {
        (Shape::Operation, "parameters") => list.sort_by_cached_key(|parameter| {
            let reference = parameter
                .get("$ref")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let component = reference.rsplit('/').next().unwrap_or_default();
            (
                shared_rank(component).unwrap_or(usize::MAX),
                component.to_owned(),
            )
        }),
        (Shape::NamedSchema | Shape::Property | Shape::Schema, "enum" | "required") => {
            list.sort_by_cached_key(ToString::to_string);
            list.dedup();
        }
        (Shape::Operation, "security") => {
            let ways = list.iter_mut().filter_map(Value::as_object_mut);
            for scopes in ways
                .flat_map(Map::values_mut)
                .filter_map(Value::as_array_mut)
            {
                scopes.sort_by_cached_key(ToString::to_string);
            }
        }
        _ => {}
    }
}
