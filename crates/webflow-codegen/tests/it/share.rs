//! Types of another package where schemas are equal.

use serde_json::{Value, json};
use webflow_codegen::cut::share::share;

fn document(schemas: &Value) -> Value {
    json!({ "components": { "schemas": schemas } })
}

fn own(name: &str) -> Value {
    let path = format!("webflow_assets::types::{name}");
    json!({ "crate": "webflow-assets", "version": "0.1.0", "path": path })
}

/// A fragment of which each schema is a type of a package.
fn theirs() -> Value {
    document(&json!({
        "Error": {
            "type": "object",
            "description": "Why",
            "properties": {
                "code": { "nullable": true, "allOf": [{ "$ref": "#/components/schemas/Code" }] },
                "description": { "type": "string" },
            },
            "x-rust-type": own("Error"),
        },
        "Code": { "type": "string", "enum": ["a", "b"], "x-rust-type": own("Code") },
        "Page": { "type": "object", "required": ["a", "b"], "x-rust-type": own("Page") },
        "Tree": {
            "type": "object",
            "properties": { "leaves": { "type": "array", "items": { "$ref": "#/components/schemas/Tree" } } },
            "x-rust-type": own("Tree"),
        },
        "Inner": { "type": "string" },
    }))
}

fn shared(schemas: &Value) -> (Vec<String>, Value) {
    let mut document = document(schemas);
    let names = share(&mut document, &theirs());
    (names.into_iter().collect(), document)
}

#[test]
fn what_is_equal_but_for_words_and_order_is_shared() {
    let (names, document) = shared(&json!({
        "Code": { "type": "string", "enum": ["b", "a"], "description": "Other words" },
        "Error": {
            "example": {},
            "type": "object",
            "properties": {
                "description": { "type": "string", "example": "x" },
                "code": { "allOf": [{ "$ref": "#/components/schemas/Code" }], "nullable": true },
            },
        },
        "Page": { "required": ["b", "a"], "type": "object" },
        "Tree": {
            "type": "object",
            "properties": { "leaves": { "type": "array", "items": { "$ref": "#/components/schemas/Tree" } } },
        },
        "Inner": { "type": "string" },
    }));
    assert_eq!(names, ["Code", "Error", "Page", "Tree"]);
    let schemas = &document["components"]["schemas"];
    for name in &names {
        assert_eq!(schemas[name]["x-rust-type"], own(name));
    }
    assert_eq!(schemas["Inner"], json!({ "type": "string" }));
}

#[test]
fn what_differs_is_not_shared_and_neither_is_what_refers_to_it() {
    let error =
        |properties: Value| json!({ "Error": { "type": "object", "properties": properties } });
    let code = json!({ "nullable": true, "allOf": [{ "$ref": "#/components/schemas/Code" }] });
    let text = json!({ "type": "string" });
    let mut other_code = error(json!({ "code": code, "description": text }));
    other_code["Code"] = json!({ "type": "string", "enum": ["a", "c"] });
    let cases = [
        other_code,
        // Without the field that is called as a keyword is.
        error(json!({ "code": text })),
        error(json!({ "code": text, "description": text })),
        json!({ "Page": { "type": "object", "required": ["a"] } }),
        json!({ "Page": { "type": "object", "required": ["a", "b"], "nullable": true } }),
        json!({ "Tree": { "type": "object", "properties": { "leaves": { "type": "array", "items": {} } } } }),
    ];
    for schemas in cases {
        let (names, document) = shared(&schemas);
        assert!(names.is_empty(), "{names:?}");
        assert_eq!(document["components"]["schemas"], schemas);
    }
}
