//! What the generator takes of an operation. Everything else is an error here: the generator would
//! panic, or send something other than what is described.

use std::collections::BTreeSet;

use openapiv3::{OpenAPI, ReferenceOr, Responses};
use serde_json::{Map, Value, json};

use super::description::Description;
use crate::error::{Error, Result};

/// The schema that every error of Webflow's has.
const ERROR_SCHEMA: &str = "#/components/schemas/ApiError";

const FORM: &str = "application/x-www-form-urlencoded";

/// An operation that can be generated.
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) method: String,
    /// Whether its body is a form in place of JSON.
    pub(super) is_form: bool,
    /// One success, `2XX`, and one error, `4XX` and `5XX`.
    pub(super) responses: Responses,
}

impl Description {
    /// The operations, each of which the generator takes.
    pub(super) fn operations(&self) -> Result<Vec<Operation>> {
        let mut operations: Vec<Operation> = Vec::new();
        let mut names = BTreeSet::new();
        for (path, item) in &self.openapi.paths.paths {
            let place = format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"));
            let ReferenceOr::Item(item) = item else {
                return Err(Error::new(
                    place,
                    "is a reference; write the operations here",
                ));
            };
            for (method, _) in item.iter() {
                let operation = Operation::check(self, path, method, &place)?;
                if !names.insert(operation.name.clone()) {
                    let message = format!("`{}` is the name of another operation", operation.name);
                    return Err(Error::new(format!("{place}/{method}/operationId"), message));
                }
                operations.push(operation);
            }
        }
        if operations.is_empty() {
            return Err(Error::new("/paths", "has no operations"));
        }
        Ok(operations)
    }

    /// The description with the folded responses of its operations.
    pub(super) fn folded(&self, operations: &[Operation]) -> OpenAPI {
        let mut openapi = self.openapi.clone();
        for operation in operations {
            let item = openapi.paths.paths.get_mut(&operation.path);
            let Some(ReferenceOr::Item(item)) = item else {
                continue;
            };
            let methods = [
                ("get", &mut item.get),
                ("put", &mut item.put),
                ("post", &mut item.post),
                ("delete", &mut item.delete),
                ("options", &mut item.options),
                ("head", &mut item.head),
                ("patch", &mut item.patch),
                ("trace", &mut item.trace),
            ];
            for (_, slot) in methods.into_iter().filter(|(m, _)| *m == operation.method) {
                if let Some(slot) = slot {
                    slot.responses = operation.responses.clone();
                }
            }
        }
        openapi
    }
}

impl Operation {
    /// Checks an operation of a path, whose place is given.
    fn check(
        description: &Description,
        path: &str,
        method: &str,
        item_place: &str,
    ) -> Result<Self> {
        let place = format!("{item_place}/{method}");
        let item = description.json.pointer(item_place).unwrap_or(&Value::Null);
        let operation = &item[method];
        let name = operation
            .get("operationId")
            .and_then(Value::as_str)
            .filter(|name| name.contains(|letter: char| letter.is_ascii_alphabetic()))
            .ok_or_else(|| Error::new(&place, "has no `operationId`, the name of its method"))?;
        for (holder, place) in [(item, item_place), (operation, &place)] {
            let parameters = holder.get("parameters").and_then(Value::as_array);
            for (n, parameter) in parameters.into_iter().flatten().enumerate() {
                check_parameter(description, parameter, &format!("{place}/parameters/{n}"))?;
            }
        }
        let body = operation.get("requestBody");
        let body_place = format!("{place}/requestBody");
        let is_form = body.map_or(Ok(false), |body| check_body(description, body, &body_place))?;
        let responses = fold(
            description,
            &operation["responses"],
            &format!("{place}/responses"),
        )?;
        Ok(Self {
            name: name.to_owned(),
            path: path.to_owned(),
            method: method.to_owned(),
            is_form,
            responses,
        })
    }
}

/// One success and one error in place of several statuses.
///
/// The live service answers 202 where 200 is documented, and five statuses of one schema would
/// become five arms that leave every other status without a type.
fn fold(description: &Description, responses: &Value, place: &str) -> Result<Responses> {
    let mut success = None;
    for (status, response) in responses.as_object().into_iter().flatten() {
        let place = format!("{place}/{status}");
        let response = description.resolve(response, &place)?;
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
                        return Err(Error::new(
                            place,
                            format!("expected the schema {ERROR_SCHEMA}"),
                        ));
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
    if description.schemas().all(|(name, _)| name != "ApiError") {
        return Err(Error::new(
            "/components/schemas",
            "has no `ApiError`, the schema of errors",
        ));
    }
    let error = json!({
        "description": "An error",
        "content": { "application/json": { "schema": { "$ref": ERROR_SCHEMA } } },
    });
    serde_json::from_value(json!({ "2XX": success, "4XX": error, "5XX": error }))
        .map_err(|e| Error::new(place, "is not OpenAPI 3.0").because(e))
}

fn check_parameter(description: &Description, parameter: &Value, place: &str) -> Result<()> {
    let parameter = description.resolve(parameter, place)?;
    let text = |key| parameter.get(key).and_then(Value::as_str);
    let flag = |key| parameter.get(key).and_then(Value::as_bool);
    let error = |message: &str| Err(Error::new(place, message));
    let Some(schema) = parameter.get("schema") else {
        return error("has no `schema`");
    };
    let kind = kind(description, schema, place)?;
    let style = match text("in") {
        Some("path") if flag("required") != Some(true) => {
            return error("is part of the path and must be `required`");
        }
        Some("path" | "header") if ["array", "object"].contains(&kind) => {
            return error("has several values; only a query parameter can");
        }
        Some("path" | "header") => "simple",
        Some("query") if kind == "object" => {
            return error("has an object; write a parameter such as `name[key]` for each property");
        }
        Some("query") if kind == "array" && flag("explode") == Some(false) => {
            return error(
                "joins its values by commas; repeat the parameter (`explode`) or make it a string",
            );
        }
        Some("query") => "form",
        _ => return error("is in neither path, query nor header"),
    };
    if text("style").is_some_and(|given| given != style) {
        return error("has a style other than the default");
    }
    Ok(())
}

/// Whether the body is a form.
fn check_body(description: &Description, body: &Value, place: &str) -> Result<bool> {
    let body = description.resolve(body, place)?;
    let content = body.get("content").and_then(Value::as_object);
    let mut types = content.into_iter().flatten();
    let (Some((media_type, media)), None) = (types.next(), types.next()) else {
        return Err(Error::new(place, "expected one media type"));
    };
    if media.get("encoding").is_some() {
        return Err(Error::new(
            place,
            "has an `encoding`, which is not supported",
        ));
    }
    let Some(schema) = media.get("schema") else {
        return Err(Error::new(place, "has no `schema`"));
    };
    match media_type.split(';').next().unwrap_or_default() {
        "application/json" | "application/octet-stream" | "text/plain" => Ok(false),
        FORM => {
            let schema = description.resolve(schema, place)?;
            let properties = schema.get("properties").and_then(Value::as_object);
            for (name, property) in properties.into_iter().flat_map(Map::iter) {
                if ["array", "object"].contains(&kind(description, property, place)?) {
                    let message = format!("is a form, whose field `{name}` has several values");
                    return Err(Error::new(place, message));
                }
            }
            Ok(true)
        }
        other => Err(Error::new(place, format!("{other} is not supported"))),
    }
}

/// The type of a schema, as far as it is said.
fn kind<'a>(description: &'a Description, schema: &'a Value, place: &str) -> Result<&'a str> {
    let schema = description.resolve(schema, place)?;
    let kind = schema.get("type").and_then(Value::as_str);
    Ok(kind.unwrap_or(if schema.get("properties").is_some() {
        "object"
    } else {
        ""
    }))
}
