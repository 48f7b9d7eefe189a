//! The examples of a description, and the Rust types that they are of.

use serde_json::{Map, Value};
use webflow_codegen::cut::{Fragment, read::Input, select};

/// What an example is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    Response,
    Request,
}

/// An example.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) place: String,
    pub(crate) kind: Kind,
    pub(crate) rust_type: String,
    pub(crate) value: Value,
}

impl Example {
    /// Whether `other` says the same: a field that is null says what a missing one does, and a
    /// number is the same with and without a fraction of zero.
    pub(crate) fn is_same_as(&self, other: &Value) -> bool {
        leveled(&self.value) == leveled(other)
    }
}

fn leveled(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let fields = object.iter().filter(|(_, value)| !value.is_null());
            let fields = fields.map(|(key, value)| (key.clone(), leveled(value)));
            Value::Object(fields.collect())
        }
        Value::Array(list) => list.iter().map(leveled).collect(),
        Value::Number(number) => number.as_f64().into(),
        value => value.clone(),
    }
}

/// The examples of the bodies of all operations that the fragment has.
pub(crate) fn examples(description: &Input, fragment: &Fragment) -> Vec<Example> {
    let mut examples = Vec::new();
    for (path, item) in entries(description.document.get("paths")) {
        for (method, operation) in entries(Some(item)) {
            let key = select::key(method, path);
            let mut cut = entries(fragment.document.get("paths"))
                .filter(|(other, _)| select::key(method, other) == key)
                .filter_map(|(_, item)| item.get(method));
            let Some(cut) = cut.next() else { continue };
            let request = operation.get("requestBody");
            let request = request.map(|body| (Kind::Request, "request".to_owned(), body));
            let responses = entries(operation.get("responses")).map(|(status, response)| {
                let kind = if status.starts_with('2') {
                    Kind::Response
                } else {
                    Kind::Error
                };
                (kind, status.clone(), response)
            });
            for (kind, part, body) in request.into_iter().chain(responses) {
                let schema = match kind {
                    Kind::Error => None,
                    Kind::Request => cut.pointer("/requestBody/content/application~1json/schema"),
                    Kind::Response => {
                        let responses = entries(cut.get("responses"));
                        let mut success = responses.filter(|(status, _)| status.starts_with('2'));
                        success
                            .next()
                            .and_then(|(_, r)| r.pointer("/content/application~1json/schema"))
                    }
                };
                let rust_type = match kind {
                    Kind::Error => "types::ApiError".to_owned(),
                    _ => schema.map_or_else(|| "serde_json::Value".to_owned(), rust_type),
                };
                let Some(media) = body.pointer("/content/application~1json") else {
                    continue;
                };
                let named = entries(media.get("examples"));
                let named = named.filter_map(|(_, example)| example.get("value"));
                for (index, value) in media.get("example").into_iter().chain(named).enumerate() {
                    examples.push(Example {
                        place: format!("{key} {part} {index}"),
                        kind,
                        rust_type: rust_type.clone(),
                        value: value.clone(),
                    });
                }
            }
        }
    }
    examples
}

fn rust_type(schema: &Value) -> String {
    match (
        schema.get("$ref").and_then(Value::as_str),
        schema.get("items"),
    ) {
        (Some(reference), _) => {
            format!("types::{}", reference.rsplit('/').next().unwrap())
        }
        (None, Some(items)) => format!("Vec<{}>", rust_type(items)),
        (None, None) => "serde_json::Value".to_owned(),
    }
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}
