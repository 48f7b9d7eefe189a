//! The fields of a request body, and their errors.

use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::refusal::{FieldError, Refusal};
use crate::encoding::is_hex;

/// More than any request needs.
const MAX_BODY: usize = 1024 * 1024;

/// A JSON object that is read field by field; its errors are collected and reported together.
pub(super) struct Fields {
    fields: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    pub(super) async fn read(request: Request) -> Result<Self, Refusal> {
        let malformed = |message| Refusal::new(StatusCode::BAD_REQUEST, "bad_request", message);
        let body = axum::body::to_bytes(request.into_body(), MAX_BODY)
            .await
            .map_err(|_| malformed("Bad Request: Request body is too large or broken off"))?;
        let body: Value = serde_json::from_slice(&body)
            .map_err(|_| malformed("Bad Request: Request body is not valid JSON"))?;
        let Value::Object(fields) = body else {
            return Err(malformed("Bad Request: Request body is not a JSON object"));
        };
        Ok(Self {
            fields,
            errors: Vec::new(),
        })
    }

    /// A string that passes `check`.
    pub(super) fn required(
        &mut self,
        name: &'static str,
        message: &'static str,
        check: impl FnOnce(&str) -> bool,
    ) -> String {
        let value = self.fields.get(name).and_then(Value::as_str);
        let Some(value) = value.filter(|value| check(value)) else {
            self.errors.push(FieldError::new(name, message));
            return String::new();
        };
        value.to_owned()
    }

    /// A string, if the field is there at all.
    pub(super) fn optional(&mut self, name: &'static str) -> Option<String> {
        self.fields
            .contains_key(name)
            .then(|| self.required(name, "Must be a string", |_| true))
    }

    /// The id of a folder; none where the field is missing or `null`.
    pub(super) fn parent_folder(&mut self) -> Option<String> {
        const NAME: &str = "parentFolder";
        let given = self.fields.get(NAME).is_some_and(|value| !value.is_null());
        given.then(|| self.required(NAME, "Must be 24 hexadecimal digits", |id| is_hex(id, 24)))
    }

    /// Refuses every field but these.
    pub(super) fn only(&mut self, names: &[&str]) {
        let others = self
            .fields
            .keys()
            .filter(|name| !names.contains(&name.as_str()));
        let errors =
            others.map(|name| FieldError::new(name.clone(), "Is not a field that can be set"));
        self.errors.extend(errors);
    }

    /// Refuses the request if anything was wrong.
    pub(super) fn check(self) -> Result<(), Refusal> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Refusal::invalid(self.errors))
        }
    }
}
