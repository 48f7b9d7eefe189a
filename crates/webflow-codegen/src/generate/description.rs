//! A fragment on its way to the generator.

use std::{collections::BTreeSet, fs};

use openapiv3::{OpenAPI, ReferenceOr};
use serde_json::Value;

use super::operation::Operation;
use crate::error::{Error, Result};

/// An OpenAPI description.
pub(super) struct Description {
    pub(super) file: String,
    /// As the generator takes it. The order of its components decides what is generated for them.
    pub(super) openapi: OpenAPI,
    /// The same, to look up places in.
    pub(super) json: Value,
}

impl Description {
    pub(super) fn read(file: &str) -> Result<Self> {
        let text = fs::read_to_string(file)
            .map_err(|e| Error::new(file, "could not be read").because(e))?;
        let json = serde_json::from_str(&text)
            .map_err(|e| Error::new(file, "is not JSON, which `cut` writes").because(e))?;
        let openapi = serde_json::from_str(&text)
            .map_err(|e| Error::new(file, "is not OpenAPI 3.0").because(e))?;
        let file = file.to_owned();
        Ok(Self {
            file,
            openapi,
            json,
        })
    }

    /// The schemas that have names.
    pub(super) fn schemas(&self) -> impl Iterator<Item = (&str, &Value)> {
        let schemas = self.json.pointer("/components/schemas");
        schemas
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.as_str(), schema))
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
