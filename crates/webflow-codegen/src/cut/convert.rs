//! Converts a schema of OpenAPI 3.0 or 3.1 to 3.0.3, without references.
//!
//! What Rust types cannot express becomes any value, and is noted with its place: a schema is
//! never refused, so that an odd one does not exclude the operations that use it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{
    cut::{
        media::json_of,
        source::{At, Source},
        text,
    },
    error::Result,
};

/// Whether values are sent or received. Sent values have the types of the description, and Webflow
/// checks the rest. The types of received values allow more than the description, as no response
/// may be lost because one field differs from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// In parameters and bodies of requests.
    Request,
    /// In responses.
    Response,
}

/// The members of a schema that hold other schemas, or say what the type is. All others
/// constrain values, or say nothing about them.
#[rustfmt::skip]
const USED: [&str; 17] = [
    "$ref", "additionalProperties", "allOf", "anyOf", "const", "content", "deprecated",
    "description", "enum", "format", "items", "nullable", "oneOf", "prefixItems", "properties",
    "required", "type",
];

/// The members that constrain values, or say nothing about them: Webflow checks what it is
/// sent, and a `default` would always be sent.
#[rustfmt::skip]
const LEFT_OUT: [&str; 36] = [
    "$anchor", "$comment", "$defs", "$id", "$schema", "contentEncoding", "contentMediaType",
    "contentSchema", "default", "definitions", "discriminator", "example", "examples",
    "exclusiveMaximum", "exclusiveMinimum", "externalDocs", "maxItems", "maxLength",
    "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum",
    "multipleOf", "pattern", "readOnly", "title", "unevaluatedItems", "unevaluatedProperties",
    "uniqueItems", "writeOnly", "xml", "isRequired", "optional", "minContains",
];

/// The formats that decide the width of a number. All others say how a string is written.
const NUMBERS: [&str; 4] = ["int32", "int64", "float", "double"];

/// A value of an `enum` that is longer than this gets no name.
const LONGEST: usize = 200;

/// The keyword for fields that have no names.
const EXTRA: &str = "additionalProperties";

/// Marks a value of several types until the schema is complete.
pub(super) const ANY: &str = "x-any";

/// The keyword for the name of a variant of a choice.
pub(crate) const TITLE: &str = "x-title";

/// Converts schemas of one side.
#[derive(Clone, Copy, Debug)]
pub struct Converter<'a> {
    /// The description.
    pub source: &'a Source<'a>,
    /// Which side.
    pub side: Side,
}

impl Converter<'_> {
    /// Converts the schema at `at`.
    ///
    /// # Errors
    ///
    /// If the schema leads to more values than any real description has.
    pub fn schema(&self, value: &Value, at: &At) -> Result<Value> {
        self.source.take(None, at)?;
        let object = match value {
            Value::Bool(true) => return Ok(json!({})),
            Value::Object(object) => object,
            _ => {
                self.source
                    .note(at, "expected a schema; taken as any value");
                return Ok(json!({}));
            }
        };
        // The object is a body, in the place of the body's schema.
        if let (Some(content), false) = (object.get("content"), object.contains_key("type"))
            && let Some((media, body)) = json_of(content)
            && let Some(schema) = body.get("schema")
        {
            let at = at.child("content").child(media).child("schema");
            return self.schema(schema, &at);
        }
        for key in object.keys() {
            let known = |keys: &[&str]| keys.contains(&key.as_str());
            if !known(&USED) && !known(&LEFT_OUT) && !key.starts_with("x-") {
                let text = format!("`{key}` has no form in Rust; left out");
                self.source.note(&at.child(key), &text);
            }
        }
        let mut out = self.members(object, at)?;
        self.references(object, at, &mut out)?;
        self.choices(object, at, &mut out)?;
        self.settle(object, at, &mut out);
        let mut out = out.into();
        self.heed(object, at, &mut out)?;
        Ok(out)
    }

    /// What the schema itself says.
    fn members(&self, object: &Map<String, Value>, at: &At) -> Result<Map<String, Value>> {
        let mut out = Map::new();
        self.types(object, at, &mut out);
        if object.get("nullable") == Some(&json!(true)) {
            out.insert("nullable".to_owned(), true.into());
        }
        if object.get("deprecated") == Some(&json!(true)) {
            out.insert("deprecated".to_owned(), true.into());
        }
        if let Some(text) = object.get("description").and_then(Value::as_str)
            && self.source.keeps_words()
        {
            self.source.take(object.get("description"), at)?;
            out.insert("description".to_owned(), text::prose(text).into());
        }
        let format = object.get("format").and_then(Value::as_str);
        if let Some(format) = format.filter(|format| NUMBERS.contains(format)) {
            out.insert("format".to_owned(), format.into());
        }
        if let Some(values) = object.get("enum").or_else(|| object.get("const")) {
            self.source.take(Some(values), at)?;
            let values = match values {
                Value::Array(values) => values.as_slice(),
                _ => std::slice::from_ref(values),
            };
            self.options(values, at, &mut out);
        }
        let mut extra = object.get(EXTRA).map(|values| (values, at.child(EXTRA)));
        match object.get("properties") {
            Some(Value::Object(properties)) => {
                let place = at.child("properties");
                let mut fields = Map::new();
                for (name, value) in properties {
                    let place = place.child(name);
                    if name == EXTRA && !object.contains_key(EXTRA) {
                        self.source.note(&place, "a keyword; read as such");
                        extra = Some((value, place));
                    } else if value.is_object() || value.is_boolean() {
                        fields.insert(name.clone(), self.schema(value, &place)?);
                    } else {
                        self.source
                            .note(&place, "a keyword of the schema around it; left out");
                    }
                }
                out.insert("properties".to_owned(), fields.into());
            }
            Some(Value::Null) => drop(out.insert("properties".to_owned(), json!({}))),
            Some(_) => self
                .source
                .note(&at.child("properties"), "not an object; left out"),
            None => {}
        }
        if let Some((values, place)) = extra.filter(|(values, _)| **values != json!(false)) {
            out.insert(EXTRA.to_owned(), self.schema(values, &place)?);
        }
        for key in ["prefixItems", "items"] {
            if let Some(items) = object.get(key) {
                self.items(items, &at.child(key), &mut out)?;
            }
        }
        if let Some(names) = object.get("required") {
            match names {
                Value::Array(names) => {
                    let mut names = names.clone();
                    names.retain(|name| name.is_string() && !self.is_made_by_webflow(object, name));
                    out.insert("required".to_owned(), names.into());
                }
                // This is about the field that has this schema.
                Value::Bool(_) => {}
                _ => self
                    .source
                    .note(&at.child("required"), "not a list of names; left out"),
            }
        }
        Ok(out)
    }

    /// Whether a request need not have a field that is required, since Webflow sets it.
    fn is_made_by_webflow(&self, object: &Map<String, Value>, name: &Value) -> bool {
        let name = name.as_str().unwrap_or_default();
        let field = object.get("properties").and_then(|fields| fields.get(name));
        let read_only = field.and_then(|field| field.get("readOnly"));
        self.side == Side::Request && read_only == Some(&json!(true))
    }

    /// `type`: one, or one and null; several are anything.
    fn types(&self, object: &Map<String, Value>, at: &At, out: &mut Map<String, Value>) {
        let listed = match object.get("type") {
            None => return,
            Some(Value::Array(listed)) => listed.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        let mut types = BTreeSet::new();
        for value in listed {
            let name = value.as_str().unwrap_or_default();
            match name.trim_matches(|c: char| !c.is_ascii_alphabetic()) {
                "null" => drop(out.insert("nullable".to_owned(), true.into())),
                known @ ("array" | "boolean" | "integer" | "number" | "object" | "string") => {
                    if known != name {
                        let text = format!("`{name}` read as `{known}`");
                        self.source.note(&at.child("type"), &text);
                    }
                    types.insert(known);
                }
                _ => {
                    let text = format!("{value} is no type; taken as any value");
                    self.source.note(&at.child("type"), &text);
                }
            }
        }
        // Every number, whole or not.
        if types.contains("number") {
            types.remove("integer");
        }
        match types.first() {
            Some(name) if types.len() == 1 => {
                out.insert("type".to_owned(), (*name).into());
            }
            Some(_) => drop(out.insert(ANY.to_owned(), true.into())),
            None => {}
        }
    }

    /// `enum` and `const`: a list of different strings, or else values of one type, or any.
    fn options(&self, values: &[Value], at: &At, out: &mut Map<String, Value>) {
        if values.contains(&Value::Null) {
            out.insert("nullable".to_owned(), true.into());
        }
        let mut kinds: BTreeSet<&str> = values.iter().filter_map(kind).collect();
        if kinds.contains("number") {
            kinds.remove("integer");
        }
        if !out.contains_key("type") {
            match kinds.first() {
                Some(kind) if kinds.len() == 1 => out.insert("type".to_owned(), (*kind).into()),
                Some(_) => out.insert(ANY.to_owned(), true.into()),
                None => None,
            };
        }
        if kinds.iter().ne(["string"].iter()) {
            return;
        }
        let (mut names, mut texts) = (BTreeSet::new(), BTreeSet::new());
        let mut options: Vec<Value> = Vec::new();
        for text in values.iter().filter_map(Value::as_str) {
            if !texts.insert(text) {
                self.source
                    .note(&at.child("enum"), &format!("`{text}` stands twice"));
                continue;
            }
            // The generator names the values by their letters and digits.
            let name = Some(text)
                .filter(|text| text.len() < LONGEST)
                .map(text::pascal);
            let name = name.filter(|name| !name.is_empty());
            if !name.is_some_and(|name| names.insert(name)) {
                let text = format!("`{text}` has no name of its own in Rust; taken as a string");
                self.source.note(&at.child("enum"), &text);
                options.clear();
                break;
            }
            options.push(text.into());
        }
        // A single value in a response is not worth a type.
        let least = match self.side {
            Side::Request => 1,
            Side::Response => 2,
        };
        if options.len() >= least {
            out.insert("enum".to_owned(), options.into());
        }
    }

    /// `items`, of a list or, by position, of a tuple: what all of them are, or else anything.
    fn items(&self, value: &Value, at: &At, out: &mut Map<String, Value>) -> Result<()> {
        let mut kinds: Vec<Value> = out.remove("items").into_iter().collect();
        match value {
            // No more elements than the tuple has.
            Value::Bool(false) => {}
            // So too does `items` mean a tuple, before 2020 and in what Webflow publishes.
            Value::Array(tuple) => {
                for (index, value) in tuple.iter().enumerate() {
                    kinds.push(self.schema(value, &at.child(&index))?);
                }
            }
            _ => kinds.push(self.schema(value, at)?),
        }
        kinds.dedup();
        let kind = match &mut kinds[..] {
            [kind] => kind.take(),
            _ => json!({}),
        };
        out.insert("items".to_owned(), kind);
        Ok(())
    }

    /// Adds the type that the other keywords imply, and removes keywords that do not fit the type.
    fn settle(&self, object: &Map<String, Value>, at: &At, out: &mut Map<String, Value>) {
        if out.contains_key(ANY) {
            any(out);
            return;
        }
        let has = |key: &str| out.contains_key(key);
        let implied = if has("oneOf") {
            None
        } else if has("properties") || has("additionalProperties") {
            Some("object")
        } else if has("items") {
            Some("array")
        } else {
            None
        };
        if let Some(implied) = implied {
            out.entry("type").or_insert_with(|| implied.into());
        }
        let kind = out.get("type").and_then(Value::as_str).map(str::to_owned);
        match kind.as_deref() {
            Some("array") => drop(out.entry("items").or_insert_with(|| json!({}))),
            Some("object") => drop(out.remove("enum")),
            Some(kind) if out.contains_key("properties") => {
                let text = format!("`properties`, but of type `{kind}`; taken as any value");
                self.source.note(at, &text);
                any(out);
            }
            Some("string") => {}
            _ => drop(out.remove("enum")),
        }
        let fields = out.get("properties").and_then(Value::as_object);
        let fields: BTreeSet<String> = fields.into_iter().flat_map(Map::keys).cloned().collect();
        if let Some(Value::Array(names)) = out.get_mut("required") {
            names.retain(|name| name.as_str().is_some_and(|name| fields.contains(name)));
            if names.is_empty() || self.side == Side::Response {
                out.remove("required");
            }
        }
        if self.side == Side::Response && !fields.is_empty() {
            // A value of another type must not make the whole response fail.
            if let Some(values) = out.get_mut("additionalProperties") {
                *values = json!({});
            }
        }
        // Seen as a constraint of a list of types, not of the values.
        if object.get("format").is_some() && kind.as_deref() == Some("string") {
            out.remove("format");
        }
    }
}

/// Leaves nothing of a schema but what does not depend on the type.
pub(super) fn any(out: &mut Map<String, Value>) {
    out.retain(|key, _| ["nullable", "deprecated", "description"].contains(&&**key));
}

/// The type of a value, if it is not null.
fn kind(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some("boolean"),
        Value::Number(number) if number.is_f64() => Some("number"),
        Value::Number(_) => Some("integer"),
        Value::String(_) => Some("string"),
        Value::Array(_) => Some("array"),
        Value::Object(_) => Some("object"),
    }
}
