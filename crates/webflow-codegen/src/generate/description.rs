//! A fragment on its way to the generator.

use std::{collections::BTreeSet, fs};

use serde_json::{Map, Value, json};

use super::operation::Operation;
use crate::error::{Error, Result};

/// The schema that every error of Webflow's has.
const ERROR_SCHEMA: &str = "#/components/schemas/ApiError";

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// An OpenAPI description.
#[derive(Clone)]
pub(super) struct Description {
    pub(super) file: String,
    json: Value,
}

impl Description {
    pub(super) fn read(file: &str) -> Result<Self> {
        let text = fs::read_to_string(file)
            .map_err(|e| Error::new(file, "could not be read").because(e))?;
        let json = serde_json::from_str(&text)
            .map_err(|e| Error::new(file, "is not JSON, which `cut` writes").because(e))?;
        let file = file.to_owned();
        Ok(Self { file, json })
    }

    /// The description as the generator takes it.
    pub(super) fn openapi(&self) -> Result<openapiv3::OpenAPI> {
        serde_json::from_value(self.json.clone())
            .map_err(|e| Error::new(&self.file, "is not OpenAPI 3.0").because(e))
    }

    /// The components of a kind, such as `schemas`.
    pub(super) fn components(&self, kind: &str) -> impl Iterator<Item = (&str, &Value)> {
        let components = self.json.get("components").and_then(|all| all.get(kind));
        components
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, component)| (name.as_str(), component))
    }

    /// Follows a reference into the components, if the value is one.
    pub(super) fn resolve<'a>(&'a self, value: &'a Value, place: &str) -> Result<&'a Value> {
        let Some(reference) = value.get("$ref") else {
            return Ok(value);
        };
        reference
            .as_str()
            .and_then(|reference| reference.strip_prefix('#'))
            .and_then(|pointer| self.json.pointer(pointer))
            .filter(|target| target.get("$ref").is_none())
            .ok_or_else(|| Error::new(place, format!("{reference} leads nowhere")))
    }

    /// The operations, each of which the generator takes.
    pub(super) fn operations(&self) -> Result<Vec<Operation>> {
        let mut operations = Vec::new();
        let mut names = BTreeSet::new();
        for (path, item) in object(&self.json, "/paths", "")? {
            let place = format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"));
            if item.get("$ref").is_some() {
                return Err(Error::new(
                    place,
                    "is a reference; write the operations here",
                ));
            }
            for method in METHODS {
                if let Some(operation) = item.get(method) {
                    let place = format!("{place}/{method}");
                    let operation = Operation::check(self, item, operation, &place)?;
                    if !names.insert(operation.name.clone()) {
                        let message =
                            format!("`{}` is the name of another operation", operation.name);
                        return Err(Error::new(format!("{place}/operationId"), message));
                    }
                    operations.push(operation);
                }
            }
        }
        if operations.is_empty() {
            return Err(Error::new("/paths", "has no operations"));
        }
        Ok(operations)
    }

    /// Gives every operation one success, `2XX`, and one error, `4XX` and `5XX`.
    ///
    /// The live service answers 202 where 200 is documented, and five statuses of one schema would
    /// become five arms that leave every other status without a type.
    pub(super) fn folded(&self) -> Result<Self> {
        let mut folded = self.clone();
        if self
            .components("schemas")
            .all(|(name, _)| name != "ApiError")
        {
            return Err(Error::new(
                "/components/schemas",
                "has no `ApiError`, the schema of errors",
            ));
        }
        let paths = folded
            .json
            .pointer_mut("/paths")
            .and_then(Value::as_object_mut);
        for (path, item) in paths.into_iter().flatten() {
            let place = format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"));
            let methods = item.as_object_mut().into_iter().flatten();
            for (method, operation) in methods.filter(|(key, _)| METHODS.contains(&key.as_str())) {
                let place = format!("{place}/{method}");
                let responses = object(operation, "/responses", &place)?;
                let responses = self.fold(responses, &format!("{place}/responses"))?;
                operation["responses"] = responses;
            }
        }
        Ok(folded)
    }

    fn fold(&self, responses: &Map<String, Value>, place: &str) -> Result<Value> {
        let mut success = None;
        for (status, response) in responses {
            let place = format!("{place}/{status}");
            let response = self.resolve(response, &place)?;
            match status.as_bytes() {
                [b'2', ..] => {
                    if success.replace(response).is_some() {
                        return Err(Error::new(place, "is a second success; keep one"));
                    }
                }
                [b'4' | b'5', ..] | b"default" => {
                    let content = response.get("content").and_then(Value::as_object);
                    for content in content.into_iter().flat_map(Map::values) {
                        let schema = content.pointer("/schema/$ref").and_then(Value::as_str);
                        if schema != Some(ERROR_SCHEMA) {
                            let message = format!("expected the schema {ERROR_SCHEMA}");
                            return Err(Error::new(place, message));
                        }
                    }
                }
                _ => {
                    return Err(Error::new(
                        place,
                        "is a status of neither success nor error",
                    ));
                }
            }
        }
        let success = success.ok_or_else(|| Error::new(place, "has no success"))?;
        let error = json!({
            "description": "An error",
            "content": { "application/json": { "schema": { "$ref": ERROR_SCHEMA } } },
        });
        Ok(json!({ "2XX": success, "4XX": error, "5XX": error }))
    }
}

/// An object within a value whose own place is known.
fn object<'a>(value: &'a Value, pointer: &str, place: &str) -> Result<&'a Map<String, Value>> {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .ok_or_else(|| Error::new(format!("{place}{pointer}"), "expected an object"))
}
