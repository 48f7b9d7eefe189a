//! Gives every schema, parameter, header and shared answer a name, and says each once.
//!
//! The generator names what has no name by chance, and mixes up what is named alike.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde_json::{Map, Value, json};

use crate::{
    cut::{
        operation::{Answer, Operation, Parameter},
        select::Cut,
        tables::{ANSWERS, CODES, ERROR, NEEDED, PARAMETERS, SCHEMA_ORDER, SCHEMAS},
    },
    error::{Error, Result},
};

/// How many schemas the fragment may have: there are some twenty.
const MAX_SCHEMAS: usize = 1_000;

/// The fragment while it is made.
#[derive(Debug)]
pub struct Fragment {
    /// The document, without words and in no particular order.
    pub document: Value,
    /// What a maintainer should know.
    pub notes: BTreeSet<Note>,
    /// The version of the crate.
    pub crate_version: Version,
}

/// What a maintainer should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The component that it is about, if it is of no use once that is committed.
    pub component: Option<String>,
    /// The note.
    pub text: String,
}

/// Whether values are sent or received: they are named apart, since the rules treat them
/// apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Request,
    Answer,
}

#[derive(Debug)]
struct Named {
    side: Side,
    schema: Value,
    at: String,
    /// Whether it is one and the same at every place.
    uniform: bool,
}

#[derive(Debug, Default)]
struct Names {
    schemas: BTreeMap<String, Named>,
    parameters: BTreeMap<String, Value>,
    headers: BTreeMap<String, Value>,
    answers: BTreeMap<String, Value>,
    notes: BTreeSet<Note>,
}

/// Makes a document with components of what was cut out.
///
/// # Errors
///
/// With both places, if what has one name is not one thing; and with the name, if a schema
/// that the crate is built on is missing.
pub fn name(cut: Cut, crate_version: Version) -> Result<Fragment> {
    let mut names = Names::default();
    let mut paths = Map::new();
    for operation in cut.operations {
        let wanted = operation.wanted;
        let item = paths.entry(wanted.path).or_insert_with(|| json!({}));
        item[wanted.method] = names.operation(operation)?;
        item[wanted.method]["operationId"] = wanted.name.into();
    }
    names.complete_errors();
    for (above, part, name) in SCHEMAS {
        if names.schemas.contains_key(name) {
            continue;
        }
        let message = format!("no object for `{name}`, which is looked for at `{above}.{part}`");
        if NEEDED.contains(&name) {
            return Err(Error::new("", message));
        }
        let component = None;
        names.notes.insert(Note {
            component,
            text: message,
        });
    }
    let schemas: Map<String, Value> = names
        .schemas
        .into_iter()
        .map(|(name, named)| (name, named.schema))
        .collect();
    let document = json!({
        "openapi": "3.0.3",
        "info": { "version": cut.version },
        "servers": [{ "url": cut.server }],
        "paths": paths,
        "components": {
            "securitySchemes": cut.security,
            "parameters": names.parameters,
            "headers": names.headers,
            "responses": names.answers,
            "schemas": schemas,
        },
    });
    Ok(Fragment {
        document,
        notes: names.notes,
        crate_version,
    })
}

impl Names {
    /// Adds to the type of all errors what the description does not say of it.
    fn complete_errors(&mut self) {
        let named = self
            .schemas
            .entry(ERROR.to_owned())
            .or_insert_with(|| Named {
                side: Side::Answer,
                schema: json!({ "type": "object", "properties": {} }),
                at: String::new(),
                uniform: true,
            });
        let text = json!({ "type": "string" });
        for (name, schema) in [
            ("code", json!({ "type": "string", "enum": CODES })),
            ("message", text.clone()),
            ("externalReference", text),
            ("details", json!({ "type": "array", "items": {} })),
        ] {
            let known = &mut named.schema["properties"][name];
            if known.is_null() || name == "code" && known.get("enum").is_none() {
                *known = schema;
            }
        }
    }

    fn operation(&mut self, operation: Operation) -> Result<Value> {
        let name = operation.wanted.name;
        let mut out = Map::new();
        out.insert("security".to_owned(), operation.security);
        if operation.deprecated {
            out.insert("deprecated".to_owned(), true.into());
        }
        let parameters: Result<Vec<Value>> = operation
            .parameters
            .into_iter()
            .map(|parameter| self.parameter(parameter, name))
            .collect();
        out.insert("parameters".to_owned(), parameters?.into());
        if let Some(request) = operation.request {
            let at = request.at.pointer();
            let schema = self.schema(Side::Request, request.schema, (name, "request"), at)?;
            let body = json!({ "required": request.required, "content": json_content(&schema) });
            out.insert("requestBody".to_owned(), body);
        }
        let mut answers = Map::new();
        for answer in operation.answers {
            let status = answer.status.clone();
            answers.insert(status, self.answer(answer, name)?);
        }
        out.insert("responses".to_owned(), answers.into());
        Ok(out.into())
    }

    fn parameter(&mut self, parameter: Parameter, operation: &str) -> Result<Value> {
        let Parameter {
            name,
            location,
            mut object,
            at,
        } = parameter;
        let known = PARAMETERS
            .iter()
            .find(|(l, n, _)| (*l, *n) == (&location, &name));
        let component = match known {
            Some((_, _, component)) => (*component).to_owned(),
            None => format!("{}{}", pascal(&name), pascal(&location)),
        };
        if let Some(schema) = object.get_mut("schema") {
            let place = (component.as_str(), "value");
            *schema = self.schema(Side::Request, schema.take(), place, at.pointer())?;
        }
        object.insert("name".to_owned(), name.into());
        let object = Value::Object(object);
        // One that differs in this operation gets a name of its own.
        let component = match self.parameters.get(&component) {
            Some(other) if *other != object => format!("{}{component}", pascal(operation)),
            _ => component,
        };
        if known.is_none_or(|(_, _, known)| *known != component) {
            self.note("parameters", &component, at.pointer());
        }
        let reference = reference("parameters", &component);
        self.parameters.insert(component, object);
        Ok(reference)
    }

    fn answer(&mut self, answer: Answer, operation: &str) -> Result<Value> {
        let is_error = answer.is_error();
        let place = if is_error {
            ("", "error")
        } else {
            (operation, "answer")
        };
        let mut out = Map::new();
        let mut headers = Map::new();
        for (name, header) in &answer.headers {
            let component = header_name(name);
            let old = self.headers.insert(component.clone(), header.clone());
            if old.is_some_and(|old| old != *header) {
                let message = format!("the header `{name}` is another elsewhere");
                return Err(answer.at.error(message));
            }
            headers.insert(name.clone(), reference("headers", &component));
        }
        if !headers.is_empty() {
            out.insert("headers".to_owned(), headers.into());
        }
        match answer.schema {
            Some((schema, at)) => {
                let schema = self.schema(Side::Answer, schema, place, at.pointer())?;
                out.insert("content".to_owned(), json_content(&schema));
            }
            // Descriptions to 2024-10 give errors no body, which they always had.
            None if is_error => {
                let schema = reference("schemas", ERROR);
                out.insert("content".to_owned(), json_content(&schema));
            }
            None => {}
        }
        if !is_error {
            return Ok(out.into());
        }
        let status = answer.status.as_str();
        let known = ANSWERS.iter().find(|(known, _)| *known == status);
        let component =
            known.map_or_else(|| format!("Status{status}"), |(_, name)| (*name).to_owned());
        if known.is_none() {
            self.note("responses", &component, answer.at.pointer());
        }
        let reference = reference("responses", &component);
        match self.answers.get_mut(&component) {
            Some(shared) => merge(shared, out.into(), answer.at.pointer())?,
            None => drop(self.answers.insert(component, out.into())),
        }
        Ok(reference)
    }

    /// A reference to the component for `schema`, if it is one that needs a name, or else the
    /// schema, in which everything that needs a name has one.
    fn schema(
        &mut self,
        side: Side,
        mut schema: Value,
        (above, part): (&str, &str),
        at: &str,
    ) -> Result<Value> {
        let known = SCHEMAS.iter().find(|(a, p, _)| (*a, *p) == (above, part));
        let name = match known {
            Some((_, _, name)) => (*name).to_owned(),
            None => format!("{}{}", pascal(above), pascal(part)),
        };
        let is_object = schema.get("properties").is_some();
        // A new value in an answer would not be in a closed list.
        let is_choice = side == Side::Request && schema.get("enum").is_some();
        if !is_object && !is_choice {
            for key in ["items", "additionalProperties"] {
                if let Some(values) = schema.get_mut(key).filter(|values| values.is_object()) {
                    let place = (above, part);
                    *values = self.schema(side, values.take(), place, &format!("{at}/{key}"))?;
                }
            }
            return Ok(schema);
        }
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            for (field, value) in properties {
                let at = format!("{at}/properties/{field}");
                *value = self.schema(side, value.take(), (&name, field), &at)?;
            }
        }
        if let Some(values) = schema
            .get_mut("additionalProperties")
            .filter(|v| v.is_object())
        {
            let at = format!("{at}/additionalProperties");
            *values = self.schema(side, values.take(), (&name, "value"), &at)?;
        }
        let beside = beside(&mut schema);
        let name = match known {
            Some(_) => name,
            None => self.unknown(side, name, &schema, at)?,
        };
        let reference = reference("schemas", &name);
        let count = self.schemas.len();
        match self.schemas.get_mut(&name) {
            Some(named) if named.schema == schema && named.side == side => {}
            Some(named) if named.side != side || side == Side::Request => {
                let message = format!("`{name}` is already something else, at {}", named.at);
                return Err(Error::new(at, message));
            }
            Some(named) => {
                if std::mem::take(&mut named.uniform) {
                    let text = format!(
                        "`{name}` differs between `{}` and `{at}`; it has what both have",
                        named.at
                    );
                    let component = None;
                    self.notes.insert(Note { component, text });
                }
                merge(&mut named.schema, schema, at)?;
            }
            None if count == MAX_SCHEMAS => {
                let message = format!("more than {MAX_SCHEMAS} schemas need a name");
                return Err(Error::new(at, message));
            }
            None => {
                let named = Named {
                    side,
                    schema,
                    at: at.to_owned(),
                    uniform: true,
                };
                self.schemas.insert(name, named);
            }
        }
        Ok(with(reference, beside))
    }

    /// The name of a schema that is in no table: that of an equal one, or else `name`.
    fn unknown(&mut self, side: Side, name: String, schema: &Value, at: &str) -> Result<String> {
        let equal = self
            .schemas
            .iter()
            .find(|(_, named)| named.side == side && named.schema == *schema);
        if let Some((equal, _)) = equal {
            return Ok(equal.clone());
        }
        if SCHEMA_ORDER.contains(&name.as_str()) {
            let message = format!("`{name}` is taken; name this otherwise in `tables.rs`");
            return Err(Error::new(at, message));
        }
        self.note("schemas", &name, at);
        Ok(name)
    }

    fn note(&mut self, kind: &str, name: &str, at: &str) {
        let component = format!("/components/{kind}/{name}");
        let text = format!(
            "`{component}` is named after its place, `{at}`; `tables.rs` can name it otherwise"
        );
        let component = Some(component);
        self.notes.insert(Note { component, text });
    }
}

/// Takes what is said of a use of a schema, not of the schema.
fn beside(schema: &mut Value) -> Map<String, Value> {
    let mut beside = Map::new();
    if let Some(object) = schema.as_object_mut() {
        for key in ["nullable", "deprecated"] {
            beside.extend(object.remove(key).map(|value| (key.to_owned(), value)));
        }
    }
    beside
}

/// A reference of which more is said than where it goes: in 3.0 nothing may stand beside it.
#[must_use]
pub fn with(reference: Value, mut beside: Map<String, Value>) -> Value {
    if beside.is_empty() {
        return reference;
    }
    beside.insert("allOf".to_owned(), json!([reference]));
    beside.into()
}

/// Adds to `shared` what only `other` has. Nothing stays required in an answer.
fn merge(shared: &mut Value, other: Value, at: &str) -> Result<()> {
    match (shared, other) {
        (Value::Object(shared), Value::Object(other)) => {
            for (key, value) in other {
                let at = format!("{at}/{key}");
                match (shared.get_mut(&key), value) {
                    (Some(Value::Array(old)), Value::Array(new))
                        if ["enum", "required"].contains(&key.as_str()) =>
                    {
                        let known: BTreeSet<String> = old.iter().map(Value::to_string).collect();
                        let new = new.into_iter();
                        old.extend(new.filter(|value| !known.contains(&value.to_string())));
                    }
                    (Some(old), value) => merge(old, value, &at)?,
                    (None, value) => drop(shared.insert(key, value)),
                }
            }
            Ok(())
        }
        (shared, other) if *shared == other => Ok(()),
        (shared, other) => {
            let message = format!("{other} here, but {shared} where the same is named elsewhere");
            Err(Error::new(at, message))
        }
    }
}

fn json_content(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

/// A reference to a component.
#[must_use]
pub fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// `X-RateLimit-Limit` is `RateLimitLimit`.
#[must_use]
pub fn header_name(header: &str) -> String {
    pascal(header.strip_prefix("X-").unwrap_or(header))
}

/// `upload-details`, `upload_details` and `uploadDetails` are `UploadDetails`.
fn pascal(name: &str) -> String {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}
