//! The order of the keys in the fragment, which depends neither on the description nor on the
//! previous fragment.

use serde_json::{Map, Value};

use crate::cut::{key::blanked, recipe::Settings, shape::Shape};

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
pub fn order(document: &mut Value, settings: &Settings) {
    let order = Order {
        settings,
        paths: settings
            .operations
            .iter()
            .map(|wanted| blanked(wanted.method_and_path().1))
            .collect(),
    };
    order.arrange(Shape::Document, document);
}

struct Order<'a> {
    settings: &'a Settings,
    paths: Vec<String>,
}

impl Order<'_> {
    fn arrange(&self, shape: Shape, value: &mut Value) {
        match value {
            Value::Object(object) => {
                let mut entries: Vec<(String, Value)> =
                    std::mem::take(object).into_iter().collect();
                for (key, value) in &mut entries {
                    self.arrange_list(shape, key, value);
                    // An example is the project's own, its order too.
                    if shape.child(key) != Shape::Literal {
                        self.arrange(shape.child(key), value);
                    }
                }
                entries.sort_by_cached_key(|(key, _)| (self.rank(shape, key), key.clone()));
                *object = Map::from_iter(entries);
            }
            Value::Array(list) => list
                .iter_mut()
                .for_each(|value| self.arrange(shape.child(""), value)),
            _ => {}
        }
    }

    /// The position of a key in its table; keys in no table come last, by name. Lists of known
    /// values come before the open lists that refer to them, as the generator needs them.
    fn rank(&self, shape: Shape, name: &str) -> (usize, bool) {
        let place = match shape {
            Shape::Map(Shape::PathItem) => {
                let path = blanked(name);
                self.paths.iter().position(|wanted| *wanted == path)
            }
            Shape::Map(Shape::NamedSchema) => {
                let mut order = self.settings.order.iter();
                order.position(|known| known == name)
            }
            Shape::Map(Shape::Parameter) => self.parameter_rank(name),
            Shape::Map(Shape::Response) => STATUSES.iter().position(|known| *known == name),
            Shape::Map(_) => None,
            _ => KEYWORDS.iter().position(|keyword| *keyword == name),
        };
        let is_open = shape == Shape::Map(&Shape::NamedSchema) && !name.starts_with("Known");
        (place.unwrap_or(usize::MAX), is_open)
    }

    fn parameter_rank(&self, component: &str) -> Option<usize> {
        let mut known = self.settings.parameters.iter();
        known.position(|known| known.component == component)
    }

    /// Puts lists in order whose order means nothing.
    fn arrange_list(&self, shape: Shape, key: &str, value: &mut Value) {
        let Value::Array(list) = value else { return };
        match (shape, key) {
            (Shape::Operation, "parameters") => list.sort_by_cached_key(|parameter| {
                let component = parameter.get("$ref").and_then(Value::as_str);
                let component = component.and_then(|reference| reference.rsplit('/').next());
                let rank = component.and_then(|component| self.parameter_rank(component));
                rank.unwrap_or(usize::MAX)
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
}

/// The shared responses in the order of their statuses.
#[rustfmt::skip]
const STATUSES: [&str; 10] = [
    "BadRequest", "Unauthorized", "Forbidden", "NotFound", "Conflict", "PayloadTooLarge",
    "TooManyRequests", "InternalError", "BadGateway", "ServiceUnavailable",
];
