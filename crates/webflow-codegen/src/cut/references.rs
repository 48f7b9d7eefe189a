//! References to components of a document.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// A reference with other keywords, wrapped in `allOf`: 3.0 allows no keyword beside `$ref`.
pub(super) fn with(reference: Value, mut beside: Map<String, Value>) -> Value {
    if beside.is_empty() {
        return reference;
    }
    beside.insert("allOf".to_owned(), json!([reference]));
    beside.into()
}

pub(super) fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// The names of the schemas that responses lead to and requests do not.
pub(super) fn response_names(document: &Value) -> BTreeSet<String> {
    let (mut responses, mut requests) = (BTreeSet::new(), BTreeSet::new());
    let shared = document.pointer("/components/responses");
    responses.extend(shared.into_iter().flat_map(schema_references));
    let parameters = document.pointer("/components/parameters");
    requests.extend(parameters.into_iter().flat_map(schema_references));
    let paths = document.get("paths").and_then(Value::as_object);
    let operations = paths
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_object)
        .flat_map(Map::values);
    for operation in operations {
        let part = |name| operation.get(name).into_iter().flat_map(schema_references);
        responses.extend(part("responses"));
        requests.extend(part("requestBody").chain(part("parameters")));
    }
    for names in [&mut responses, &mut requests] {
        let mut new: Vec<String> = names.iter().cloned().collect();
        while let Some(name) = new.pop() {
            let schema = document.pointer("/components/schemas");
            let inner = schema.and_then(|schemas| schemas.get(&name));
            let inner = inner.into_iter().flat_map(schema_references);
            new.extend(inner.filter(|name| names.insert(name.clone())));
        }
    }
    responses.difference(&requests).cloned().collect()
}

/// The names of the schemas that `value` refers to.
fn schema_references(value: &Value) -> impl Iterator<Item = String> {
    let names = references(value).filter_map(|found| found.strip_prefix("#/components/schemas/"));
    names.map(str::to_owned)
}

pub(super) fn references(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str);
            let inner = object.values().flat_map(references);
            Box::new(reference.into_iter().chain(inner))
        }
        Value::Array(list) => Box::new(list.iter().flat_map(references)),
        _ => Box::new(std::iter::empty()),
    }
}
