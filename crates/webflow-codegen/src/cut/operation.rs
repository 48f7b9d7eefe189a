//! What the fragment takes from an operation.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    cut::{
        convert,
        keywords::{Keywords, is_extension},
        source::{At, Source},
        tables::Wanted,
    },
    error::Result,
};

/// One operation.
#[derive(Debug)]
pub struct Operation {
    /// Which one.
    pub wanted: &'static Wanted,
    /// Where it stands.
    pub at: At,
    /// Whether it is going to be removed.
    pub deprecated: bool,
    /// The scopes that it requires, by security scheme.
    pub security: Value,
    /// Its parameters, those of the path included.
    pub parameters: Vec<Parameter>,
    /// The request's body, if it has one.
    pub request: Option<Request>,
    /// The answers in the order of their statuses.
    pub answers: Vec<Answer>,
}

/// A parameter: in its `object` the `schema`, `name` and `in`.
#[derive(Debug)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// `path`, `query` or `header`.
    pub location: String,
    /// The parameter.
    pub object: Map<String, Value>,
    /// Where it stands.
    pub at: At,
}

/// The body of a request.
#[derive(Debug)]
pub struct Request {
    /// Whether there must be one.
    pub required: bool,
    /// Its schema.
    pub schema: Value,
    /// Where the schema stands.
    pub at: At,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: String,
    /// The headers, by name.
    pub headers: Map<String, Value>,
    /// The body's schema and where that stands, if it has a body.
    pub schema: Option<(Value, At)>,
    /// Where the answer stands.
    pub at: At,
}

impl Answer {
    /// Whether the status says that the request failed.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.status.starts_with(['4', '5'])
    }
}

/// `tags` groups the pages of the reference.
#[rustfmt::skip]
const OPERATION: Keywords = Keywords {
    used: &["operationId", "deprecated", "security", "parameters", "requestBody", "responses"],
    left_out: &["tags", "summary", "description", "externalDocs", "callbacks"],
};

#[rustfmt::skip]
const PARAMETER: Keywords = Keywords {
    used: &["name", "in", "required", "deprecated", "schema", "style", "explode"],
    left_out: &["description", "example", "examples", "allowEmptyValue", "allowReserved"],
};

const REQUEST: Keywords = Keywords {
    used: &["required", "content"],
    left_out: &["description"],
};

const RESPONSE: Keywords = Keywords {
    used: &["headers", "content"],
    left_out: &["description", "links"],
};

#[rustfmt::skip]
const HEADER: Keywords = Keywords {
    used: &["schema"],
    left_out: &["description", "required", "deprecated", "style", "explode", "example", "examples"],
};

const JSON: &str = "application/json";

/// Reads the operation at `at`, with the parameters that its path has.
///
/// # Errors
///
/// With the place, if it is not what OpenAPI says or has no form in the fragment.
pub fn operation(
    source: &Source<'_>,
    wanted: &'static Wanted,
    path: &str,
    value: &Value,
    shared: (Option<&Value>, At),
    at: At,
) -> Result<Operation> {
    let object = at.object(value)?;
    OPERATION.check(object, &at)?;
    // What the operation says replaces what its path says.
    let mut parameters: BTreeMap<(String, String), Parameter> = BTreeMap::new();
    let own = (object.get("parameters"), at.child("parameters"));
    for (list, at) in [shared, own] {
        let Some(list) = list else { continue };
        for (index, value) in at.list(list)?.iter().enumerate() {
            let mut found = parameter(source, value, at.child(&index))?;
            if found.location == "path" {
                rename(&mut found, path, wanted.path);
            }
            let key = (found.location.clone(), found.name.clone());
            parameters.insert(key, found);
        }
    }
    for name in names(wanted.path) {
        let key = ("path".to_owned(), name.to_owned());
        parameters.entry(key).or_insert_with(|| {
            source.note(&at, &format!("no parameter for `{{{name}}}` in the path"));
            let object = json!({ "in": "path", "required": true, "schema": { "type": "string" } });
            Parameter {
                name: name.to_owned(),
                location: "path".to_owned(),
                object: object.as_object().cloned().unwrap_or_default(),
                at: at.child("parameters"),
            }
        });
    }
    let unused = |(location, name): &(String, String)| {
        location == "path" && !names(wanted.path).any(|known| known == name)
    };
    parameters.retain(|key, parameter| {
        let unused = unused(key);
        if unused {
            source.note(&parameter.at, "not in the path");
        }
        !unused
    });
    let request = match object.get("requestBody") {
        Some(body) => Some(request(source, body, at.child("requestBody"))?),
        None => None,
    };
    let (responses, responses_at) = at.member(object, "responses")?;
    let mut answers = Vec::new();
    for (status, value) in responses_at.object(responses)? {
        if !is_extension(status) {
            answers.push(answer(source, status, value, responses_at.child(status))?);
        }
    }
    answers.sort_by(|a, b| a.status.cmp(&b.status));
    let successes = answers.iter().filter(|answer| !answer.is_error()).count();
    if successes != 1 {
        let message = format!(
            "expected one status of success, which `build.rs` widens to 2XX; found {successes}"
        );
        return Err(responses_at.error(message));
    }
    Ok(Operation {
        wanted,
        deprecated: at.flag(object, "deprecated")?,
        security: match object
            .get("security")
            .or_else(|| source.root().get("security"))
        {
            Some(security) => security.clone(),
            None => json!([]),
        },
        parameters: parameters.into_values().collect(),
        request,
        answers,
        at,
    })
}

/// The names of the parameters in a path template.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split(['{', '}']).skip(1).step_by(2)
}

/// Gives a parameter of the path the name that it has in the fragment.
fn rename(parameter: &mut Parameter, published: &str, wanted: &str) {
    let position = names(published).position(|name| name == parameter.name);
    if let Some(name) = position.and_then(|position| names(wanted).nth(position)) {
        name.clone_into(&mut parameter.name);
    }
}

fn parameter(source: &Source<'_>, value: &Value, at: At) -> Result<Parameter> {
    let (value, at) = source.follow(value, at)?;
    source.take(None, &at)?;
    let object = at.object(value)?;
    PARAMETER.check(object, &at)?;
    let text = |key| {
        let (value, at) = at.member(object, key)?;
        at.string(value).map(str::to_owned)
    };
    let (name, location) = (text("name")?, text("in")?);
    if !["path", "query", "header"].contains(&location.as_str()) {
        return Err(at
            .child("in")
            .error(format!("`{location}` parameters are not supported")));
    }
    let (schema, schema_at) = at.member(object, "schema")?;
    let schema = convert::schema(source, schema, &schema_at)?;
    let required = at.flag(object, "required")?;
    let is_path = location == "path";
    if is_path && !required {
        source.note(&at, "in the path, and so required");
    }
    let mut kept = Map::new();
    for key in ["in", "deprecated", "style", "explode"] {
        if let Some(value) = object.get(key) {
            source.take(Some(value), &at)?;
            kept.insert(key.to_owned(), value.clone());
        }
    }
    kept.insert("required".to_owned(), (required || is_path).into());
    kept.insert("schema".to_owned(), schema);
    Ok(Parameter {
        name,
        location,
        object: kept,
        at,
    })
}

fn request(source: &Source<'_>, value: &Value, at: At) -> Result<Request> {
    let (value, at) = source.follow(value, at)?;
    let object = at.object(value)?;
    REQUEST.check(object, &at)?;
    let (content, content_at) = at.member(object, "content")?;
    let (schema, at) = media(source, content, &content_at)?;
    Ok(Request {
        required: at.flag(object, "required")?,
        schema,
        at,
    })
}

fn answer(source: &Source<'_>, status: &str, value: &Value, at: At) -> Result<Answer> {
    if status.len() != 3 || !status.starts_with(['2', '4', '5']) || status.parse::<u16>().is_err() {
        return Err(at.error("expected a status of 2xx, 4xx or 5xx in digits"));
    }
    let (value, at) = source.follow(value, at)?;
    let object = at.object(value)?;
    RESPONSE.check(object, &at)?;
    let mut headers = Map::new();
    if let Some(listed) = object.get("headers") {
        let at = at.child("headers");
        for (name, value) in at.object(listed)? {
            let (value, at) = source.follow(value, at.child(name))?;
            let header = at.object(value)?;
            HEADER.check(header, &at)?;
            let (schema, schema_at) = at.member(header, "schema")?;
            let schema = convert::schema(source, schema, &schema_at)?;
            headers.insert(name.clone(), json!({ "schema": schema }));
        }
    }
    let schema = match object.get("content") {
        Some(content) => Some(media(source, content, &at.child("content"))?),
        None => None,
    };
    Ok(Answer {
        status: status.to_owned(),
        headers,
        schema,
        at,
    })
}

/// The schema of a body in JSON. Its examples are not taken over, nor other media types.
fn media(source: &Source<'_>, content: &Value, at: &At) -> Result<(Value, At)> {
    let (media, at) = at.member(at.object(content)?, JSON)?;
    let (schema, at) = at.member(at.object(media)?, "schema")?;
    Ok((convert::schema(source, schema, &at)?, at))
}
