//! A fragment on its way to the generator.

use std::fs;

use openapiv3::OpenAPI;
use serde_json::Value;

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
}
