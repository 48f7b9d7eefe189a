//! The examples of a description, and the Rust types that they are of.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use webflow_codegen::cut::{Fragment, key::key, read::Input};

use crate::judge::{Verdict, judge};

/// What an example is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    schema: Value,
}

impl Example {
    pub(crate) fn judge(&self, description: &Value) -> Verdict {
        let sent = self.kind == Kind::Request;
        judge(description, &self.schema, &self.value, sent)
    }
}

/// The first place at which `other` says something else, and what it says: a field that is null
/// says what a missing one does, and a number is the same with and without a fraction of zero.
pub(crate) fn difference(one: &Value, other: &Value, place: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            names.into_iter().find_map(|name| {
                let of =
                    |object: &Map<String, Value>| object.get(name).cloned().unwrap_or_default();
                difference(&of(one), &of(other), &format!("{place}/{name}"))
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other).enumerate();
            pairs.find_map(|(n, (one, other))| difference(one, other, &format!("{place}/{n}")))
        }
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => None,
        _ if one == other => None,
        _ => Some(format!("`{place}`: {one} becomes {other}")),
    }
}

/// The examples in the bodies of all operations that the fragment has, at every depth.
pub(crate) fn examples(description: &Input, fragment: &Fragment) -> Vec<Example> {
    let mut found = Examples {
        description: &description.document,
        fragment: &fragment.document,
        place: String::new(),
        kind: Kind::Error,
        list: Vec::new(),
    };
    for (path, item) in entries(description.document.get("paths")) {
        for (method, operation) in entries(Some(item)) {
            let identity = key(method, path);
            let mut cut = entries(fragment.document.get("paths"))
                .filter(|(other, _)| key(method, other) == identity)
                .filter_map(|(_, item)| item.get(method));
            let Some(cut) = cut.next() else { continue };
            let request = operation.get("requestBody");
            let request = request.map(|body| (Kind::Request, "request", body));
            let responses = entries(operation.get("responses")).map(|(status, response)| {
                let is_success = status.starts_with('2');
                let kind = if is_success {
                    Kind::Response
                } else {
                    Kind::Error
                };
                (kind, status.as_str(), response)
            });
            for (kind, part, body) in request.into_iter().chain(responses) {
                let success = entries(cut.get("responses")).find(|(s, _)| s.starts_with('2'));
                let body_of = |value: &Value| {
                    let schema = value.pointer("/content/application~1json/schema");
                    schema.cloned().unwrap_or_default()
                };
                let schema = match kind {
                    Kind::Error => json!({ "$ref": "#/components/schemas/ApiError" }),
                    Kind::Request => body_of(&cut["requestBody"]),
                    Kind::Response => success.map(|(_, r)| body_of(r)).unwrap_or_default(),
                };
                found.kind = kind;
                found.place = format!("{identity} {part}");
                found.body(resolved(found.description, body), &schema);
            }
        }
    }
    found.list
}

#[derive(Debug)]
struct Examples<'a> {
    description: &'a Value,
    fragment: &'a Value,
    place: String,
    kind: Kind,
    list: Vec<Example>,
}

impl<'a> Examples<'a> {
    /// The examples of a body of the description, whose schema is `cut` in the fragment.
    fn body(&mut self, body: &'a Value, cut: &Value) {
        if let Some(media) = body.pointer("/content/application~1json") {
            self.add(media, &media["schema"], cut);
            self.schema(&media["schema"], cut, 0);
        }
    }

    fn schema(&mut self, schema: &'a Value, cut: &Value, depth: usize) {
        let schema = resolved(self.description, schema);
        self.add(schema, schema, cut);
        if depth > 20 || (schema.get("content").is_some() && schema.get("type").is_none()) {
            return self.body(schema, cut);
        }
        let place = self.place.clone();
        let whole = cut;
        let cut = resolved(self.fragment, cut);
        for key in ["allOf", "anyOf", "oneOf"] {
            let shapes = schema[key].as_array().into_iter().flatten();
            for (index, shape) in shapes.enumerate() {
                // One of several in a request, the fields of all in a response.
                let variant = cut["oneOf"].get(index).filter(|_| key != "allOf");
                self.schema(shape, variant.unwrap_or(whole), depth + 1);
            }
        }
        for (name, field) in entries(schema.get("properties")) {
            if let Some(cut) = cut
                .pointer("/properties")
                .and_then(|fields| fields.get(name))
            {
                self.place = format!("{place}.{name}");
                self.schema(field, cut, depth + 1);
            }
        }
        for (key, mark) in [("items", "[]"), ("additionalProperties", ".*")] {
            if let (Some(values), Some(cut)) = (schema.get(key), cut.get(key)) {
                self.place = format!("{place}{mark}");
                self.schema(values, cut, depth + 1);
            }
        }
        self.place = place;
    }

    /// The examples, those that are objects and lists, that stand beside or in a schema.
    fn add(&mut self, holder: &Value, schema: &Value, cut: &Value) {
        let rust_type = rust_type(cut);
        let examples = match holder.get("examples") {
            Some(Value::Array(list)) => list.clone(),
            named => {
                let named = entries(named);
                let named = named.map(|(_, example)| example.get("value").unwrap_or(example));
                named.cloned().collect()
            }
        };
        let examples = holder.get("example").cloned().into_iter().chain(examples);
        // What names an example stands where the example is meant, too.
        let is_named = |value: &Value| {
            let keys = ["summary", "description", "value"];
            schema["properties"].get("value").is_none()
                && entries(Some(value)).all(|(key, _)| keys.contains(&key.as_str()))
        };
        let examples = examples.map(|value| match value.get("value") {
            Some(inner) if is_named(&value) => inner.clone(),
            _ => value,
        });
        for value in examples.filter(|value| value.is_object() || value.is_array()) {
            self.list.push(Example {
                place: self.place.clone(),
                kind: self.kind,
                rust_type: rust_type.clone(),
                schema: schema.clone(),
                value,
            });
        }
    }
}

fn resolved<'v>(document: &'v Value, mut value: &'v Value) -> &'v Value {
    let reference = |value: &'v Value| {
        // A reference with other keywords beside it.
        let wrapped = || match value["allOf"].as_array()?.as_slice() {
            [one] => one.get("$ref"),
            _ => None,
        };
        let reference = value.get("$ref").or_else(wrapped);
        reference?.as_str()?.strip_prefix('#')
    };
    while let Some(target) = reference(value).and_then(|pointer| document.pointer(pointer)) {
        value = target;
    }
    value
}

fn rust_type(schema: &Value) -> String {
    let reference = schema
        .get("$ref")
        .or_else(|| schema.pointer("/allOf/0/$ref"));
    let reference = reference.and_then(Value::as_str);
    let maps = schema.get("additionalProperties");
    match (reference, schema.get("items"), maps) {
        (Some(reference), ..) => format!("types::{}", reference.rsplit('/').next().unwrap()),
        (None, Some(items), _) => format!("Vec<{}>", rust_type(items)),
        (None, None, Some(values)) => {
            format!("std::collections::BTreeMap<String, {}>", rust_type(values))
        }
        (None, None, None) => match schema.get("type").and_then(Value::as_str) {
            Some("string") => "String".to_owned(),
            Some("object") => "serde_json::Map<String, serde_json::Value>".to_owned(),
            _ => "serde_json::Value".to_owned(),
        },
    }
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}
