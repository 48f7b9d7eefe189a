//! The facts that a fragment states, one by one, without words and order.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Map, Value};

use crate::cut::references::response_names;

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The description as a whole.
    Description,
    /// An operation.
    Operation,
    /// A parameter of an operation.
    Parameter,
    /// The body of an operation's request.
    Body,
    /// A response of an operation.
    Status,
    /// A header of a response.
    Header,
    /// A named schema.
    Type,
    /// A field of a named schema.
    Field,
    /// A value of a closed list.
    Value,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Description => "description",
            Self::Operation => "operation",
            Self::Parameter => "parameter",
            Self::Body => "request body",
            Self::Status => "status",
            Self::Header => "header",
            Self::Type => "type",
            Self::Field => "field",
            Self::Value => "value",
        })
    }
}

/// What a fragment states about one operation, parameter, type, field or the like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// The operation or type that it belongs to, if that can come and go as a whole.
    pub part_of: Option<(Kind, String)>,
    /// Whether it occurs only in responses, whose types are `#[non_exhaustive]`.
    pub is_answer: bool,
    /// Whether the parameter, body or field is required.
    pub required: bool,
    /// Whether it may be null.
    pub nullable: bool,
    /// Its properties by name: the type, the path, the scopes.
    pub says: BTreeMap<&'static str, String>,
}

/// The facts by kind and place.
pub type Facts = BTreeMap<(Kind, String), Fact>;

/// The facts that `document` states.
#[must_use]
pub fn facts(document: &Value) -> Facts {
    let mut facts = Facts::new();
    for (place, pointer) in [("version", "/info/version"), ("server", "/servers/0/url")] {
        let says = document.pointer(pointer).and_then(Value::as_str);
        let fact = Fact::saying("is", says.unwrap_or_default());
        facts.insert((Kind::Description, place.to_owned()), fact);
    }
    for (name, scheme) in entries(document.pointer("/components/securitySchemes")) {
        let mut says = Vec::new();
        for (key, value) in entries(Some(scheme)) {
            says.extend(value.as_str().filter(|_| key != "description"));
        }
        for (flow, value) in entries(scheme.get("flows")) {
            says.push(flow);
            says.extend(entries(Some(value)).filter_map(|(_, value)| value.as_str()));
        }
        let fact = Fact::saying("is", says.join(" "));
        facts.insert((Kind::Description, name.clone()), fact);
    }
    for (path, item) in entries(document.get("paths")) {
        for (method, operation) in entries(Some(item)) {
            let method = method.to_ascii_uppercase();
            operation_facts(document, &format!("{method} {path}"), operation, &mut facts);
        }
    }
    let answers = response_names(document);
    for (name, schema) in entries(document.pointer("/components/schemas")) {
        schema_facts(name, schema, answers.contains(name), &mut facts);
    }
    facts
}

/// What `old` states and `new` states otherwise, by kind and place.
#[must_use]
pub fn overridden(old: &Facts, new: &Facts) -> BTreeMap<String, String> {
    let said = |fact: &Fact| {
        let mut said: Vec<&str> = fact.says.values().map(String::as_str).collect();
        said.extend(fact.required.then_some("required"));
        said.extend(fact.nullable.then_some("nullable"));
        said.join(", ")
    };
    let changed = old.iter().filter_map(|(key, old)| {
        let (old, new) = (said(old), said(new.get(key)?));
        (old != new).then(|| (format!("{} {}", key.0, key.1), old))
    });
    changed.collect()
}

impl Fact {
    fn saying(what: &'static str, text: impl Into<String>) -> Self {
        Self {
            says: BTreeMap::from([(what, text.into())]),
            ..Self::default()
        }
    }

    fn of(schema: Option<&Value>) -> Self {
        Self {
            nullable: flag(schema, "nullable"),
            ..Self::saying("type", schema.map_or_else(|| "nothing".to_owned(), type_of))
        }
    }

    /// What is said of a body, which has one media type.
    fn of_body(body: &Value) -> Self {
        let media = entries(body.get("content")).next();
        let mut fact = Self::of(media.and_then(|(_, value)| value.get("schema")));
        let media = media.map(|(name, _)| ("media type", name.clone()));
        fact.says.extend(media);
        fact
    }

    fn with_deprecation(mut self, value: &Value) -> Self {
        if flag(Some(value), "deprecated") {
            self.says.insert("deprecation", "deprecated".to_owned());
        }
        self
    }
}

fn operation_facts(document: &Value, request: &str, operation: &Value, facts: &mut Facts) {
    let name = text(operation, "operationId");
    let whole = Some((Kind::Operation, name.clone()));
    let part = |kind, place, fact: Fact, facts: &mut Facts| {
        let part_of = whole.clone();
        facts.insert((kind, place), Fact { part_of, ..fact });
    };
    let mut fact = Fact::saying("request", request).with_deprecation(operation);
    let security = operation.get("security").map(Value::to_string);
    fact.says.insert("scopes", security.unwrap_or_default());
    facts.insert((Kind::Operation, name.clone()), fact);

    let parameters = operation.get("parameters").and_then(Value::as_array);
    for parameter in parameters.into_iter().flatten() {
        let parameter = resolve(document, parameter);
        let mut fact = Fact::of(parameter.get("schema")).with_deprecation(parameter);
        fact.required = flag(Some(parameter), "required");
        fact.says.insert("position", text(parameter, "in"));
        for key in ["style", "explode"] {
            let value = parameter.get(key).map(Value::to_string);
            fact.says.extend(value.map(|value| (key, value)));
        }
        let place = format!("{name}.{}", text(parameter, "name"));
        part(Kind::Parameter, place, fact, facts);
    }
    if let Some(body) = operation.get("requestBody") {
        let mut fact = Fact::of_body(body);
        fact.required = flag(Some(body), "required");
        part(Kind::Body, name.clone(), fact, facts);
    }
    for (status, answer) in entries(operation.get("responses")) {
        let answer = resolve(document, answer);
        let place = format!("{name} {status}");
        for (header, value) in entries(answer.get("headers")) {
            let mut fact = Fact::of(resolve(document, value).get("schema"));
            fact.part_of = Some((Kind::Status, place.clone()));
            facts.insert((Kind::Header, format!("{place} {header}")), fact);
        }
        let mut fact = Fact::of_body(answer);
        fact.is_answer = true;
        part(Kind::Status, place, fact, facts);
    }
}

fn schema_facts(name: &str, schema: &Value, is_answer: bool, facts: &mut Facts) {
    let whole = Some((Kind::Type, name.to_owned()));
    let mut fact = Fact::of(Some(schema)).with_deprecation(schema);
    fact.is_answer = is_answer;
    facts.insert((Kind::Type, name.to_owned()), fact);
    let required = schema.get("required").and_then(Value::as_array);
    let required: BTreeSet<&str> = required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (field, value) in entries(schema.get("properties")) {
        let fact = Fact {
            part_of: whole.clone(),
            is_answer,
            required: required.contains(field.as_str()),
            ..Fact::of(Some(value)).with_deprecation(value)
        };
        facts.insert((Kind::Field, format!("{name}.{field}")), fact);
    }
    let values = schema.get("enum").and_then(Value::as_array);
    for value in values.into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let fact = Fact {
            part_of: whole.clone(),
            is_answer,
            ..Fact::default()
        };
        facts.insert((Kind::Value, format!("{name}.{value}")), fact);
    }
}

/// The keywords that other facts cover, and those that do not describe values.
const SAID_ELSEWHERE: [&str; 11] = [
    "type",
    "items",
    "nullable",
    "deprecated",
    "required",
    "properties",
    "enum",
    "description",
    "example",
    "title",
    "x-rust-type",
];

/// The type of a value inside of another: only fields have a fact about null of their own.
fn inner_type(schema: &Value) -> String {
    let null = if flag(Some(schema), "nullable") {
        " or null"
    } else {
        ""
    };
    format!("{}{null}", type_of(schema))
}

/// The type and the constraints of a schema in one line.
fn type_of(schema: &Value) -> String {
    let reference = schema
        .get("$ref")
        .or_else(|| schema.pointer("/allOf/0/$ref"));
    if let Some(name) = reference.and_then(Value::as_str) {
        return name.rsplit('/').next().unwrap_or(name).to_owned();
    }
    let mut parts = vec![match schema.get("type").and_then(Value::as_str) {
        Some("array") => format!(
            "list of {}",
            schema.get("items").map_or_else(String::new, inner_type)
        ),
        Some(name) => name.to_owned(),
        None if schema.get("oneOf").is_some() => "one of several".to_owned(),
        None => "anything".to_owned(),
    }];
    for (key, value) in entries(Some(schema)) {
        match key.as_str() {
            key if SAID_ELSEWHERE.contains(&key) => {}
            "additionalProperties" if value.is_object() => {
                parts.push(format!("other fields: {}", inner_type(value)));
            }
            "oneOf" => {
                let shapes = value.as_array().into_iter().flatten().map(inner_type);
                // Their order means nothing.
                let shapes: BTreeSet<String> = shapes.collect();
                parts.push(Vec::from_iter(shapes).join(" or "));
            }
            key => parts.push(format!("{key} {value}")),
        }
    }
    parts[1..].sort();
    parts.join(", ")
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value.get("$ref").and_then(Value::as_str);
    let target = reference.and_then(|r| document.pointer(r.strip_prefix('#')?));
    target.unwrap_or(value)
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}

fn text(value: &Value, key: &str) -> String {
    let text = value.get(key).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn flag(value: Option<&Value>, key: &str) -> bool {
    value
        .and_then(|value| value.get(key))
        .and_then(Value::as_bool)
        == Some(true)
}
