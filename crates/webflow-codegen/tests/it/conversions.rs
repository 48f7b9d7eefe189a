//! Schemas of OpenAPI 3.1, odd ones among them, and what they are in 3.0.3.

use serde_json::{Value, json};
use webflow_codegen::cut::{
    convert::{Converter, Side},
    source::{At, Source},
};

/// The schema as it is in the fragment, and what is noted of it.
fn converted(schema: &Value, side: Side) -> (Value, Vec<String>) {
    let document = json!({
        "openapi": "3.1.0",
        "components": { "schemas": {
            "Text": { "type": "string", "description": "a text" },
            "Point": { "properties": { "x": { "type": "number" } }, "required": ["x"] },
            "Tree": { "properties": {
                "children": { "items": { "$ref": "#/components/schemas/Tree" } },
            } },
        } },
    });
    let source = Source::new(&document).unwrap();
    let source = &source;
    let converter = Converter { source, side };
    let found = converter.schema(schema, &At::default()).unwrap();
    (found, source.notes().into_iter().collect())
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
            json!({ "type": "string", "pattern": "^a", "format": "uri", "default": null }),
            json!({ "type": "string" }),
        ),
        (
            json!({ "type": "integer", "format": "int32", "exclusiveMinimum": 0 }),
            json!({ "type": "integer", "format": "int32" }),
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
            json!({ "properties": null }),
            json!({ "type": "object", "properties": {} }),
        ),
        (
            json!({ "properties": { "a": true }, "additionalProperties": true }),
            json!({ "type": "object", "properties": { "a": {} }, "additionalProperties": {} }),
        ),
        (
            json!({ "properties": { "description": { "type": "string", "description": "a field" } } }),
            json!({ "type": "object", "properties": { "description": { "type": "string" } } }),
        ),
        (
            json!({ "properties": { "a": { "readOnly": true }, "b": {} }, "required": ["a", "b", "c"] }),
            json!({ "type": "object", "properties": { "a": {}, "b": {} }, "required": ["b"] }),
        ),
        (
            json!({ "$ref": "#/components/schemas/Text", "description": "beside", "maxLength": 3 }),
            json!({ "type": "string" }),
        ),
        (
            json!({ "$ref": "#/components/schemas/Text", "nullable": true }),
            json!({ "type": "string", "nullable": true }),
        ),
        (
            json!({ "allOf": [{ "$ref": "#/components/schemas/Point" }, { "properties": { "y": true }, "required": ["y"] }] }),
            json!({ "type": "object", "properties": { "x": { "type": "number" }, "y": {} }, "required": ["x", "y"] }),
        ),
        (
            json!({ "content": { "application/json": { "schema": { "type": "string" } } } }),
            json!({ "type": "string" }),
        ),
        (json!(true), json!({})),
    ] {
        let (found, notes) = converted(&before, Side::Request);
        // Which name comes first means nothing.
        let sorted = |mut schema: Value| {
            if let Some(names) = schema.get_mut("required").and_then(Value::as_array_mut) {
                names.sort_by_key(ToString::to_string);
            }
            schema
        };
        assert_eq!(sorted(found), after, "{before}");
        assert_eq!(notes, Vec::<String>::new(), "{before}");
    }
}

#[test]
fn listed_values_of_one_type_have_it_and_others_any() {
    for (values, after) in [
        (json!([1, 2]), json!({ "type": "integer" })),
        (json!([1, 2.5]), json!({ "type": "number" })),
        (json!([true, 1]), json!({})),
        (json!(["a", 1, null]), json!({ "nullable": true })),
    ] {
        let (found, _) = converted(&json!({ "enum": values }), Side::Response);
        assert_eq!(found, after, "{values}");
    }
}

#[test]
fn a_request_is_one_of_several_shapes_and_a_response_has_the_fields_of_all() {
    let one =
        json!({ "title": "One", "properties": { "a": { "type": "string" } }, "required": ["a"] });
    let other = json!({ "properties": { "a": { "type": "integer" }, "b": { "type": "string" } } });
    let schema = json!({ "oneOf": [one, other] });
    let (request, _) = converted(&schema, Side::Request);
    let closed = request["oneOf"].as_array().unwrap().iter();
    let closed = closed.map(|shape| &shape["additionalProperties"]);
    assert_eq!(closed.collect::<Vec<_>>(), [false, false]);
    let (response, _) = converted(&schema, Side::Response);
    let merged = json!({ "type": "object", "properties": { "a": {}, "b": { "type": "string" } } });
    assert_eq!(response, merged);
    // The fields that one names are among those that the other has no names for.
    let open = json!({ "properties": { "b": { "type": "string" } }, "additionalProperties": true });
    let (response, _) = converted(&json!({ "oneOf": [other, open] }), Side::Response);
    let merged = json!({
        "type": "object",
        "properties": { "a": {}, "b": { "type": "string" } },
        "additionalProperties": {},
    });
    assert_eq!(response, merged);
    // An object or a list is neither.
    let (response, _) = converted(
        &json!({ "oneOf": [other, { "type": "array" }] }),
        Side::Response,
    );
    assert_eq!(response, json!({}));
    // Which fields are required together has no form in Rust.
    let required = json!({ "properties": { "a": {} }, "anyOf": [{ "required": ["a"] }] });
    let (request, _) = converted(&required, Side::Request);
    assert_eq!(
        request,
        json!({ "type": "object", "properties": { "a": {} } })
    );
}

#[test]
fn a_response_is_not_lost_because_one_value_is_not_as_announced() {
    for (before, after) in [
        (
            json!({ "properties": { "a": { "type": "string" } }, "required": ["a"] }),
            json!({ "type": "object", "properties": { "a": { "type": "string" } } }),
        ),
        (
            json!({ "properties": { "a": {} }, "additionalProperties": { "type": "string" } }),
            json!({ "type": "object", "properties": { "a": {} }, "additionalProperties": {} }),
        ),
        (json!({ "const": "a" }), json!({ "type": "string" })),
        (
            json!({ "properties": { "a": { "type": ["string", "null"], "example": 1 } } }),
            json!({ "type": "object", "properties": { "a": { "nullable": true } } }),
        ),
        (
            json!({
                "items": { "properties": { "a": { "enum": ["b", "c"] }, "d": { "type": "string" } } },
                "examples": [[{ "a": true, "d": "e", "f": 1 }, 2]],
            }),
            json!({
                "type": "array",
                "items": { "type": "object", "properties": { "a": {}, "d": { "type": "string" } } },
            }),
        ),
    ] {
        assert_eq!(converted(&before, Side::Response).0, after, "{before}");
    }
}

#[test]
fn what_is_odd_is_read_as_it_is_meant_or_as_any_value_and_noted_with_its_place() {
    for (schema, after, note) in [
        (
            json!({ "if": {} }),
            json!({}),
            "`/if`: `if` has no form in Rust; left out",
        ),
        (
            json!({ "type": "string," }),
            json!({ "type": "string" }),
            "`/type`: `string,` read as `string`",
        ),
        (
            json!({ "type": "text" }),
            json!({}),
            "`/type`: \"text\" is no type; taken as any value",
        ),
        (
            json!({ "properties": { "a/b": 3 } }),
            json!({ "type": "object", "properties": {} }),
            "`/properties/a~1b`: a keyword of the schema around it; left out",
        ),
        (
            json!({ "properties": { "additionalProperties": { "type": "string" } } }),
            json!({ "type": "object", "properties": {}, "additionalProperties": { "type": "string" } }),
            "`/properties/additionalProperties`: a keyword; read as such",
        ),
        (
            json!({ "items": "string" }),
            json!({ "type": "array", "items": {} }),
            "`/items`: expected a schema; taken as any value",
        ),
        (
            json!({ "type": "string", "properties": { "a": {} } }),
            json!({}),
            "``: `properties`, but of type `string`; taken as any value",
        ),
        (
            json!({ "enum": ["a", "a", "b"] }),
            json!({ "type": "string", "enum": ["a", "b"] }),
            "`/enum`: `a` stands twice",
        ),
        (
            json!({ "enum": ["<", ">"] }),
            json!({ "type": "string" }),
            "`/enum`: `<` has no name of its own in Rust; taken as a string",
        ),
        (
            json!({ "$ref": "#/components/schemas/Text", "type": "integer" }),
            json!({}),
            "``: contradicts itself; any value",
        ),
        (
            json!({ "$ref": "#/components/schemas/None" }),
            json!({}),
            "``: nothing stands at `#/components/schemas/None`; taken as any value",
        ),
        (
            json!({ "$ref": "#/components/schemas/Tree" }),
            json!({ "type": "object", "properties": { "children": { "type": "array", "items": {} } } }),
            "`/components/schemas/Tree/properties/children/items`: `#/components/schemas/Tree` leads back to itself; taken as any value",
        ),
        (
            json!(false),
            json!({}),
            "``: expected a schema; taken as any value",
        ),
    ] {
        let (found, notes) = converted(&schema, Side::Request);
        assert_eq!(found, after, "{schema}");
        assert_eq!(notes, [note], "{schema}");
    }
}
