//! Schemas of OpenAPI 3.1 and what they are in 3.0.3.

use serde_json::{Value, json};
use webflow_codegen::cut::{
    convert,
    source::{At, Source},
};

fn converted(schema: &Value) -> Result<Value, String> {
    let document = json!({
        "openapi": "3.1.0",
        "components": { "schemas": {
            "Text": { "type": "string", "description": "a text" },
            "Point": { "properties": { "x": { "type": "number" } }, "required": ["x"] },
        } },
    });
    let source = Source::new(&document).unwrap();
    convert::schema(&source, schema, &At::default()).map_err(|e| e.to_string())
}

#[test]
fn what_3_1_says_is_said_in_3_0() {
    for (before, after) in [
        (
            json!({ "type": ["string", "null"] }),
            json!({ "type": "string", "nullable": true }),
        ),
        (json!({ "type": ["string"] }), json!({ "type": "string" })),
        (
            json!({ "type": ["integer", "number"] }),
            json!({ "type": "number" }),
        ),
        (
            json!({ "type": ["integer", "string", "null"] }),
            json!({ "nullable": true }),
        ),
        (
            json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
            json!({ "type": "string", "nullable": true }),
        ),
        (
            json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }),
            json!({}),
        ),
        (
            json!({ "const": "a" }),
            json!({ "type": "string", "enum": ["a"] }),
        ),
        (
            json!({ "enum": ["a", null] }),
            json!({ "type": "string", "enum": ["a"], "nullable": true }),
        ),
        (
            json!({ "type": "integer", "exclusiveMinimum": 0 }),
            json!({ "type": "integer", "minimum": 0, "exclusiveMinimum": true }),
        ),
        (
            json!({ "maximum": 5, "exclusiveMaximum": 9 }),
            json!({ "maximum": 5 }),
        ),
        (
            json!({ "minimum": 5, "exclusiveMinimum": 5 }),
            json!({ "minimum": 5, "exclusiveMinimum": true }),
        ),
        (
            json!({ "type": "string", "examples": ["a"], "default": null }),
            json!({ "type": "string" }),
        ),
        (
            json!({ "prefixItems": [{ "type": "string" }, { "type": "string" }], "items": false }),
            json!({ "type": "array", "items": { "type": "string" } }),
        ),
        (
            json!({ "prefixItems": [{ "type": "string" }, { "type": "integer" }] }),
            json!({ "type": "array", "items": {} }),
        ),
        (
            json!({ "items": [{ "type": "string" }, { "type": "object" }] }),
            json!({ "type": "array", "items": {} }),
        ),
        (
            json!({ "type": "array" }),
            json!({ "type": "array", "items": {} }),
        ),
        (
            json!({ "properties": {} }),
            json!({ "type": "object", "properties": {} }),
        ),
        (json!({ "additionalProperties": true }), json!({})),
        (
            json!({ "properties": { "description": { "type": "string", "description": "a field" } } }),
            json!({ "type": "object", "properties": { "description": { "type": "string" } } }),
        ),
        (
            json!({ "$ref": "#/components/schemas/Text", "description": "beside", "maxLength": 3 }),
            json!({ "type": "string", "maxLength": 3 }),
        ),
        (
            json!({ "$ref": "#/components/schemas/Text", "nullable": true }),
            json!({ "type": "string", "nullable": true }),
        ),
        (
            json!({ "allOf": [{ "$ref": "#/components/schemas/Point" }, { "properties": { "y": true }, "required": ["y"] }] }),
            json!({ "type": "object", "properties": { "x": { "type": "number" }, "y": {} }, "required": ["x", "y"] }),
        ),
        (json!(true), json!({})),
    ] {
        let found = converted(&before).unwrap();
        // Which name comes first means nothing.
        let sorted = |mut schema: Value| {
            if let Some(names) = schema.get_mut("required").and_then(Value::as_array_mut) {
                names.sort_by_key(ToString::to_string);
            }
            schema
        };
        assert_eq!(sorted(found), after, "{before}");
    }
}

#[test]
fn what_has_no_form_or_contradicts_itself_is_refused_with_its_place() {
    for (schema, error) in [
        (json!({ "if": {} }), "/if: `if` has no form in OpenAPI 3.0"),
        (json!({ "type": "text" }), "/type: `text` is no type"),
        (json!({ "type": "null" }), "/type: no type but null"),
        (
            json!({ "type": 3 }),
            "/type: expected a string, found a number",
        ),
        (
            json!({ "properties": { "a/b": 3 } }),
            "/properties/a~1b: expected an object, found a number",
        ),
        (
            json!({ "items": "string" }),
            "/items: expected an object, found a string",
        ),
        (
            json!({ "const": "a", "enum": ["b"] }),
            "/enum: contradicts itself on `enum`",
        ),
        (
            json!({ "minimum": "0" }),
            "/minimum: expected a number, found a string",
        ),
        (
            json!({ "$ref": "#/components/schemas/Text", "type": "integer" }),
            ": contradicts itself on `type`",
        ),
        (
            json!({ "$ref": "#/components/schemas/None" }),
            "/$ref: nothing stands at `#/components/schemas/None`",
        ),
        (json!(false), ": expected an object, found true or false"),
    ] {
        assert_eq!(converted(&schema), Err(error.to_owned()), "{schema}");
    }
}
