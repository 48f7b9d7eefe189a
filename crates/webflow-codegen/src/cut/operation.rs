//! Reads an operation for the fragment.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{
    cut::{
        convert::{Converter, Side},
        media::json_of,
        source::{At, Source},
        text,
    },
    error::Result,
};

#[derive(Debug)]
pub(super) struct Operation {
    /// The method in lower case.
    pub(super) method: String,
    /// The path template, with the names that its parameters have in the fragment.
    pub(super) path: String,
    /// Its name in the fragment.
    pub(super) name: String,
    /// Whether it is going to be removed.
    pub(super) deprecated: bool,
    /// The scopes that it requires, by security scheme.
    pub(super) security: Value,
    /// What the description says of it, if that is taken over.
    pub(super) words: Map<String, Value>,
    /// Its parameters, those of the path included.
    pub(super) parameters: Vec<Parameter>,
    pub(super) request: Option<Request>,
    /// The responses in the order of their statuses.
    pub(super) responses: Vec<Response>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// `path`, `query` or `header`.
    pub(super) location: String,
    pub(super) required: bool,
    pub(super) schema: Value,
    /// What else the fragment says of it.
    pub(super) object: Map<String, Value>,
}

#[derive(Debug)]
pub(super) struct Request {
    pub(super) required: bool,
    pub(super) media: String,
    pub(super) schema: Value,
}

#[derive(Debug)]
pub(super) struct Response {
    /// The status, such as `404` or `4XX`.
    pub(super) status: String,
    pub(super) headers: Map<String, Value>,
    /// The body's media type and schema, if it has a body.
    pub(super) body: Option<(String, Value)>,
    /// What the description says of it, if that is taken over.
    pub(super) words: Option<String>,
}

impl Response {
    /// A response of which nothing is known but its status.
    pub(super) fn bodyless(status: String) -> Self {
        Self {
            status,
            headers: Map::new(),
            body: None,
            words: None,
        }
    }

    /// Whether the status says that the request failed.
    pub(super) fn is_error(&self) -> bool {
        self.status.starts_with(['4', '5'])
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source<'a>,
}

impl Reader<'_> {
    /// Reads the operation at `at`, with the parameters that its path has. `path` is the
    /// template that the fragment has, `published` the one of the description.
    pub(super) fn operation(
        self,
        (method, path, name): (&str, &str, &str),
        published: &str,
        value: &Value,
        shared: (Option<&Value>, At),
        at: &At,
    ) -> Result<Operation> {
        let object = at.object(value)?;
        if object.contains_key("servers") {
            let text = "may be sent to servers of its own; the client has one base address";
            self.source.note(&at.child("servers"), text);
        }
        // What the operation says replaces what its path says.
        let mut parameters: Vec<Parameter> = Vec::new();
        let own = self.source.given(object, "parameters", at);
        for (list, at) in [shared, (own, at.child("parameters"))] {
            let Some(list) = list else { continue };
            for (index, value) in at.list(list)?.iter().enumerate() {
                let at = at.child(&index);
                let found = self.parameter(value, at.clone());
                for mut found in self.tolerated(found, &at)?.unwrap_or_default() {
                    rename(&mut found, published, path);
                    parameters
                        .retain(|old| (&old.location, &old.name) != (&found.location, &found.name));
                    parameters.push(found);
                }
            }
        }
        self.settle_path(path, &mut parameters, at);
        self.settle_names(&mut parameters, at)?;
        let request = match self.source.given(object, "requestBody", at) {
            Some(body) => self.request(body, at.child("requestBody"))?,
            None => None,
        };
        let deprecated = object.get("deprecated") == Some(&json!(true));
        let security = self.source.given(object, "security", at);
        let security = security.or_else(|| self.source.root().get("security"));
        Ok(Operation {
            method: method.to_owned(),
            path: path.to_owned(),
            name: name.to_owned(),
            deprecated,
            security: security.cloned().unwrap_or_else(|| json!([])),
            words: self.words(object, &["summary", "description"]),
            parameters,
            request,
            responses: self.responses(object, at)?,
        })
    }

    /// Notes an error that does not keep the operation from being sent.
    pub(super) fn tolerated<T>(self, found: Result<T>, at: &At) -> Result<Option<T>> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(e) if self.source.is_exhausted() => Err(e),
            Err(e) => {
                self.source.note(at, &format!("{}; left out", e.message()));
                Ok(None)
            }
        }
    }

    pub(super) fn words(self, object: &Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
        let words = keys.iter().filter_map(|key| {
            let text = object.get(*key)?.as_str()?;
            Some(((*key).to_owned(), text::prose(text).into()))
        });
        words.filter(|_| self.source.keeps_words()).collect()
    }

    /// Adds path parameters that only the path template names, and removes those that it does not.
    fn settle_path(self, path: &str, parameters: &mut Vec<Parameter>, at: &At) {
        let is_in_path = |parameter: &Parameter| parameter.location == "path";
        for name in names(path) {
            if !parameters.iter().any(|p| is_in_path(p) && p.name == name) {
                let text = format!("no parameter for `{{{name}}}` in the path; taken as a string");
                self.source.note(at, &text);
                parameters.push(Parameter {
                    name: name.to_owned(),
                    location: "path".to_owned(),
                    required: true,
                    schema: json!({ "type": "string" }),
                    object: Map::new(),
                });
            }
        }
        parameters.retain(|parameter| {
            let unused = is_in_path(parameter) && !names(path).any(|name| name == parameter.name);
            if unused {
                let text = format!("`{}` is not in the path; left out", parameter.name);
                self.source.note(at, &text);
            }
            !unused
        });
        parameters.sort_by_key(|parameter| {
            let position = names(path).position(|name| name == parameter.name);
            position
                .filter(|_| is_in_path(parameter))
                .unwrap_or(usize::MAX)
        });
    }

    /// Keeps the first of several parameters that have one name in Rust, and none that is named as
    /// a method of every request.
    fn settle_names(self, parameters: &mut Vec<Parameter>, at: &At) -> Result<()> {
        let mut taken = BTreeSet::from(["new".to_owned(), "send".to_owned()]);
        let mut required = None;
        parameters.retain(|parameter| {
            let is_new = taken.insert(text::rust_name(&parameter.name));
            if !is_new {
                let text = format!("`{}` has no name of its own in Rust", parameter.name);
                self.source.note(at, &format!("{text}; left out"));
                if parameter.required {
                    required = Some(at.error(text));
                }
            }
            is_new
        });
        required.map_or(Ok(()), Err)
    }

    /// A parameter; an object whose fields are sent as `name[field]` is one for each field.
    fn parameter(self, value: &Value, at: At) -> Result<Vec<Parameter>> {
        let (value, at) = self.source.follow(value, at)?;
        self.source.take(None, &at)?;
        let object = at.object(value)?;
        let text = |key| {
            let (value, at) = at.member(object, key)?;
            at.string(value).map(str::to_owned)
        };
        let (name, location) = (text("name")?, text("in")?);
        if !["path", "query", "header"].contains(&location.as_str()) {
            let text = format!("parameters in `{location}` are not sent; left out");
            self.source.note(&at, &text);
            return Ok(Vec::new());
        }
        let converter = Converter {
            source: self.source,
            side: Side::Request,
        };
        let content = object.get("content").and_then(json_of);
        let content = content.and_then(|(_, body)| body.get("schema"));
        let schema = match object.get("schema").or(content) {
            Some(schema) => converter.schema(schema, &at.child("schema"))?,
            None => json!({ "type": "string" }),
        };
        let is_path = location == "path";
        let required = self.source.flag(object, "required", &at) || is_path;
        let mut kept = self.words(object, &["description"]);
        if object.get("deprecated") == Some(&json!(true)) {
            kept.insert("deprecated".to_owned(), true.into());
        }
        let parameter = |name: String, mut schema: Value, required| {
            if let Some(schema) = schema.as_object_mut() {
                schema
                    .retain(|key, _| !["nullable", "deprecated", "description"].contains(&&**key));
            }
            let is_text = |schema: &Value| {
                let kind = schema.get("type").and_then(Value::as_str);
                matches!(kind, Some("string" | "integer" | "number" | "boolean"))
            };
            let is_list = schema.get("items").is_some_and(is_text) && !is_path;
            if !is_text(&schema) && !is_list {
                self.source.note(&at, "no single value; taken as a string");
                schema = json!({ "type": "string" });
            }
            let mut object = kept.clone();
            if is_list {
                for key in ["style", "explode"] {
                    let said = value.get(key).cloned();
                    object.extend(said.map(|value| (key.to_owned(), value)));
                }
            }
            Parameter {
                name,
                location: location.clone(),
                required,
                schema,
                object,
            }
        };
        let fields = schema.get("properties").and_then(Value::as_object);
        Ok(match fields {
            Some(fields) if object.get("style") == Some(&json!("deepObject")) => fields
                .iter()
                .map(|(field, schema)| parameter(format!("{name}[{field}]"), schema.clone(), false))
                .collect(),
            _ => vec![parameter(name, schema, required)],
        })
    }
}

/// The names of the parameters in a path template.
pub(super) fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split(['{', '}']).skip(1).step_by(2)
}

/// Gives a parameter of the path the name that it has in the fragment.
fn rename(parameter: &mut Parameter, published: &str, wanted: &str) {
    if parameter.location != "path" {
        return;
    }
    let position = names(published).position(|name| name == parameter.name);
    if let Some(name) = position.and_then(|position| names(wanted).nth(position)) {
        name.clone_into(&mut parameter.name);
    }
}
