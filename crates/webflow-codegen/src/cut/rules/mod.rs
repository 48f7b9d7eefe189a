//! Where the fragment deliberately differs from the description: each difference is a rule
//! with a name, and a rule that finds nothing to change is reported and skipped.
//!
//! `openapi/README.md` says of each rule why it is there.

mod answers;
mod errors;
mod headers;
mod operations;
mod requests;
mod security;
mod types;
mod upload_details;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{
    cut::name::{Fragment, Note},
    error::{Error, Result},
};

/// A deliberate difference.
#[derive(Debug)]
pub struct Rule {
    /// Its name in errors and in `openapi/README.md`.
    pub name: &'static str,
    /// Where it looks.
    place: &'static str,
    /// Applies it, and counts what was changed.
    apply: fn(&mut Fragment) -> Result<usize>,
}

const fn rule(
    name: &'static str,
    place: &'static str,
    apply: fn(&mut Fragment) -> Result<usize>,
) -> Rule {
    Rule { name, place, apply }
}

const SCHEMAS: &str = "/components/schemas";

/// The rules in the order that they are applied in.
#[rustfmt::skip]
pub const RULES: [Rule; 15] = [
    rule("folder-pages", "/paths/~1sites~1{site_id}~1asset_folders/get/parameters", operations::folder_pages),
    rule("rate-limit-headers", "/paths", headers::rate_limit),
    rule("retry-after-header", "/components/responses/TooManyRequests/headers", headers::retry_after),
    rule("whole-header-numbers", "/components/headers", headers::whole_numbers),
    rule("used-scopes", "/components/securitySchemes/OAuth2", security::used_scopes),
    rule("constrained-requests", "/components", requests::constrained),
    rule("open-error-codes", "/components/schemas/ApiError", errors::open_codes),
    rule("optional-answers", SCHEMAS, answers::optional),
    rule("plain-answers", SCHEMAS, answers::plain),
    rule("security-token", "/components/schemas/UploadDetails", upload_details::security_token),
    rule("secrets", "/components/schemas/UploadDetails", upload_details::secrets),
    rule("open-upload-details", "/components/schemas/UploadDetails", upload_details::open),
    rule("nullable-answers", SCHEMAS, answers::nullable),
    rule("wide-integers", "/components", types::wide_integers),
    rule("rust-types", SCHEMAS, types::rust_types),
];

/// Applies every rule. One that finds nothing to change is reported.
///
/// # Errors
///
/// With the rule and the place, if a rule does not find what it expects.
pub fn apply(fragment: &mut Fragment) -> Result<()> {
    for rule in &RULES {
        let changed = (rule.apply)(fragment).map_err(|e| e.by_rule(rule.name))?;
        if changed == 0 {
            let (name, place) = (rule.name, rule.place);
            let text = format!("rule `{name}` found nothing to change at `{place}`");
            let component = None;
            fragment.notes.insert(Note { component, text });
        }
    }
    Ok(())
}

impl Fragment {
    /// The object at `pointer`.
    fn object(&mut self, pointer: &str) -> Result<&mut Map<String, Value>> {
        let object = self.document.pointer_mut(pointer);
        let object = object.and_then(Value::as_object_mut);
        object.ok_or_else(|| Error::new(pointer, "nothing stands here that could be changed"))
    }

    /// The named schemas.
    fn schemas(&mut self) -> Result<&mut Map<String, Value>> {
        self.object(SCHEMAS)
    }

    /// The schemas that answers have and requests do not.
    fn answers(&mut self) -> Result<Vec<&mut Map<String, Value>>> {
        let names = answer_names(&self.document);
        let schemas = self.schemas()?.iter_mut();
        Ok(schemas
            .filter(|(name, _)| names.contains(*name))
            .filter_map(|(_, schema)| schema.as_object_mut())
            .collect())
    }
}

/// The names of the schemas that answers lead to and requests do not.
#[must_use]
pub fn answer_names(document: &Value) -> BTreeSet<String> {
    let (mut answers, mut requests) = (BTreeSet::new(), BTreeSet::new());
    let shared = document.pointer("/components/responses");
    answers.extend(shared.into_iter().flat_map(schema_references));
    let parameters = document.pointer("/components/parameters");
    requests.extend(parameters.into_iter().flat_map(schema_references));
    let paths = document.get("paths").and_then(Value::as_object);
    for operation in paths
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_object)
    {
        for operation in operation.values() {
            answers.extend(
                operation
                    .get("responses")
                    .into_iter()
                    .flat_map(schema_references),
            );
            requests.extend(
                operation
                    .get("requestBody")
                    .into_iter()
                    .flat_map(schema_references),
            );
        }
    }
    for names in [&mut answers, &mut requests] {
        let mut new: Vec<String> = names.iter().cloned().collect();
        while let Some(name) = new.pop() {
            let schema = document.pointer(&format!("{SCHEMAS}/{name}"));
            let inner = schema.into_iter().flat_map(schema_references);
            new.extend(inner.filter(|name| names.insert(name.clone())));
        }
    }
    answers.difference(&requests).cloned().collect()
}

/// The names of the schemas that `value` refers to.
fn schema_references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str);
            let name = reference.and_then(|r| r.strip_prefix("#/components/schemas/"));
            let inner = object.values().flat_map(schema_references);
            name.map(str::to_owned).into_iter().chain(inner).collect()
        }
        Value::Array(list) => list.iter().flat_map(schema_references).collect(),
        _ => Vec::new(),
    }
}

/// The properties of a schema.
fn properties(schema: &mut Map<String, Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flatten()
}
