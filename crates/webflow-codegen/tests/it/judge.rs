//! Compares an example with its schema in the description by JSON Schema 2019-09, without the
//! tool that is tested.

use boon::{Compiler, Draft, ErrorKind, Schemas, ValidationError};
use serde_json::{Map, Value, json};

/// What the description says of an example.
#[derive(Debug, PartialEq)]
pub(crate) struct Verdict {
    /// Where the example is not what its schema says, fields that are not declared apart.
    pub(crate) contradiction: Option<String>,
    /// The places of the fields that the schema does not declare.
    pub(crate) undeclared: Vec<String>,
    /// The example without them.
    pub(crate) declared: Value,
}

/// Judges an example. In a response, any field may be missing and any value new.
pub(crate) fn judge(document: &Value, schema: &Value, value: &Value, sent: bool) -> Verdict {
    let mut declared = value.clone();
    // Null says what a missing field does.
    without_null(&mut declared);
    let validator = |closes| {
        let judge = Judge {
            document,
            sent,
            closes,
        };
        judge.validator(&judge.closed(schema))
    };
    let contradiction = validator(false).errors(&declared).into_iter().next();
    let closed = validator(true);
    let mut undeclared = Vec::new();
    loop {
        // A field in which another is not declared may be one of a choice that does not fit then.
        let mut places = closed.undeclared(&declared);
        places.sort_by_key(|place| (place.matches('/').count(), place.clone()));
        let Some(place) = places.pop() else {
            break;
        };
        let (holder, name) = place.rsplit_once('/').unwrap();
        let name = name.replace("~1", "/").replace("~0", "~");
        let holder = declared.pointer_mut(holder).and_then(Value::as_object_mut);
        holder.unwrap().remove(&name);
        undeclared.push(place);
    }
    Verdict {
        contradiction,
        undeclared,
        declared,
    }
}

fn without_null(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(without_null);
        }
        Value::Array(list) => list.iter_mut().for_each(without_null),
        _ => {}
    }
}

struct Judge<'a> {
    document: &'a Value,
    sent: bool,
    closes: bool,
}

impl Judge<'_> {
    /// The keywords of a schema that say what values are, as JSON Schema reads them.
    fn schema(&self, schema: &Value) -> Value {
        let Value::Object(object) = schema else {
            return json!(schema != false);
        };
        let body = schema.pointer("/content/application~1json/schema");
        if let (Some(body), None) = (body, object.get("type")) {
            return self.schema(body);
        }
        let mut out = Map::new();
        for (key, value) in object {
            let (key, value) = match (key.as_str(), value) {
                ("properties", Value::Object(fields)) => {
                    let fields = fields
                        .iter()
                        .filter(|(_, field)| field.is_object() || field.is_boolean());
                    let fields = fields.map(|(name, field)| (name.clone(), self.closed(field)));
                    ("properties", Value::Object(fields.collect()))
                }
                ("items", Value::Array(tuple)) => {
                    let shapes: Vec<Value> = tuple.iter().map(|shape| self.closed(shape)).collect();
                    ("items", json!({ "anyOf": shapes }))
                }
                ("items" | "additionalProperties", value) => (key.as_str(), self.closed(value)),
                ("allOf" | "anyOf" | "oneOf", Value::Array(shapes)) => {
                    let shapes: Vec<Value> =
                        shapes.iter().map(|shape| self.schema(shape)).collect();
                    // Two shapes may allow the same value.
                    (
                        if key == "allOf" { "allOf" } else { "anyOf" },
                        shapes.into(),
                    )
                }
                ("required", Value::Array(names)) if self.sent => {
                    let is_sent = |name: &&Value| {
                        let field = name
                            .as_str()
                            .and_then(|name| schema["properties"].get(name));
                        field.is_some_and(|field| field["readOnly"] != true)
                    };
                    ("required", names.iter().filter(is_sent).cloned().collect())
                }
                ("enum", value) if self.sent => ("enum", value.clone()),
                ("$ref" | "type", value) => (key.as_str(), value.clone()),
                _ => continue,
            };
            out.insert(key.to_owned(), value);
        }
        out.into()
    }

    /// The same, if `closes` with no fields but those that it declares, if it declares any.
    fn closed(&self, schema: &Value) -> Value {
        let mut out = self.schema(schema);
        if self.closes && self.declares(schema, 0) {
            out["unevaluatedProperties"] = false.into();
        }
        out
    }

    fn declares(&self, schema: &Value, depth: usize) -> bool {
        let target = schema["$ref"]
            .as_str()
            .and_then(|r| self.document.pointer(r.strip_prefix('#')?));
        let body = schema.pointer("/content/application~1json/schema");
        let shapes = ["allOf", "anyOf", "oneOf"]
            .into_iter()
            .filter_map(|key| schema[key].as_array());
        let mut inner = shapes.flatten().chain(target).chain(body);
        let has_fields = schema["properties"]
            .as_object()
            .is_some_and(|fields| !fields.is_empty());
        has_fields || depth < 20 && inner.any(|shape| self.declares(shape, depth + 1))
    }

    fn validator(&self, schema: &Value) -> Validator {
        let components = self.document.pointer("/components/schemas");
        let components = components.and_then(Value::as_object).into_iter().flatten();
        let components: Map<String, Value> = components
            .map(|(name, schema)| (name.clone(), self.schema(schema)))
            .collect();
        let root = json!({ "components": { "schemas": components }, "schema": schema });
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.set_default_draft(Draft::V2019_09);
        compiler.add_resource("memory:/description", root).unwrap();
        let index = compiler
            .compile("memory:/description#/schema", &mut schemas)
            .unwrap();
        Validator { schemas, index }
    }
}

struct Validator {
    schemas: Schemas,
    index: boon::SchemaIndex,
}

impl Validator {
    /// The places of fields that are not declared.
    fn undeclared(&self, value: &Value) -> Vec<String> {
        let mut places = Vec::new();
        self.each(value, |error| {
            if matches!(error.kind, ErrorKind::FalseSchema) {
                places.push(error.instance_location.to_string());
            }
        });
        places
    }

    /// Everything else that is wrong.
    fn errors(&self, value: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        self.each(value, |error| {
            if error.causes.is_empty() && !matches!(error.kind, ErrorKind::FalseSchema) {
                errors.push(format!("`{}`: {}", error.instance_location, error.kind));
            }
        });
        errors
    }

    fn each(&self, value: &Value, mut act: impl FnMut(&ValidationError<'_, '_>)) {
        let Err(error) = self.schemas.validate(value, self.index) else {
            return;
        };
        let mut left = vec![error];
        while let Some(mut error) = left.pop() {
            act(&error);
            left.append(&mut error.causes);
        }
    }
}
