//! What has no faithful form in generated code is an error that names the file and the place.

use std::{error::Error, fs, path::Path};

use serde_json::{Value, json};
use webflow_codegen::Build;

const DESCRIPTION: &str = include_str!("../openapi.json");

/// The message and causes for a description, relative to its file.
fn refusal(name: &str, text: &str) -> String {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"));
    fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let error = Build::new(file).mock(true).generate().unwrap_err();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text.strip_prefix(file).unwrap().to_owned()
}

/// The refusal of the description with one value at another place.
fn edited(name: &str, pointer: &str, value: Value) -> String {
    let mut description: Value = serde_json::from_str(DESCRIPTION).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/");
    match description.pointer_mut(parent).unwrap() {
        Value::Object(parent) => parent.insert(key, value),
        Value::Array(parent) => {
            parent[key.parse::<usize>().unwrap()] = value;
            None
        }
        other => panic!("{other}"),
    };
    refusal(name, &description.to_string())
}

#[test]
fn what_would_be_sent_otherwise_than_described_is_an_error_with_its_place() {
    let parameter = |style: Value| {
        let mut parameter = json!({ "name": "p", "in": "query", "schema": { "type": "string" } });
        parameter
            .as_object_mut()
            .unwrap()
            .extend(style.as_object().unwrap().clone());
        parameter
    };
    let array = json!({ "type": "array", "items": { "type": "string" } });
    let list = "/paths/~1things/get/parameters/1";
    let form = "/paths/~1tokens/post/requestBody/content/application~1x-www-form-urlencoded";
    let cases = [
        (
            "object",
            list,
            parameter(json!({ "style": "deepObject", "schema": { "type": "object" } })),
            "#/paths/~1things/get/parameters/1: has an object; write a parameter such as `name[key]` \
             for each property",
        ),
        (
            "commas",
            list,
            parameter(json!({ "explode": false, "schema": array })),
            "#/paths/~1things/get/parameters/1: joins its values by commas; repeat the parameter \
             (`explode`) or make it a string",
        ),
        (
            "pipes",
            list,
            parameter(json!({ "style": "pipeDelimited", "schema": array })),
            "#/paths/~1things/get/parameters/1: has a style other than the default",
        ),
        (
            "header",
            list,
            parameter(json!({ "in": "header", "schema": array })),
            "#/paths/~1things/get/parameters/1: has several values; only a query parameter can",
        ),
        (
            "cookie",
            list,
            parameter(json!({ "in": "cookie" })),
            "#/paths/~1things/get/parameters/1: is in neither path, query nor header",
        ),
        (
            "path",
            "/paths/~1things~1{thing_id}/parameters/0",
            parameter(json!({ "name": "thing_id", "in": "path" })),
            "#/paths/~1things~1{thing_id}/parameters/0: is part of the path and must be `required`",
        ),
        (
            "reference",
            list,
            json!({ "$ref": "#/components/parameters/Gone" }),
            "#/paths/~1things/get/parameters/1: \"#/components/parameters/Gone\" leads nowhere",
        ),
        (
            "multipart",
            "/paths/~1things/post/requestBody/content",
            json!({ "multipart/form-data": { "schema": { "type": "object" } } }),
            "#/paths/~1things/post/requestBody: multipart/form-data is not supported",
        ),
        (
            "two-bodies",
            "/paths/~1things/post/requestBody/content",
            json!({ "application/json": {}, "text/plain": {} }),
            "#/paths/~1things/post/requestBody: expected one media type",
        ),
        (
            "nested-form",
            form,
            json!({ "schema": { "type": "object", "properties": { "scope": array } } }),
            "#/paths/~1tokens/post/requestBody: is a form, whose field `scope` has several values",
        ),
        (
            "encoding",
            form,
            json!({ "schema": { "type": "object" }, "encoding": { "a": {} } }),
            "#/paths/~1tokens/post/requestBody: has an `encoding`, which is not supported",
        ),
    ];
    for (name, pointer, value, message) in cases {
        assert_eq!(edited(name, pointer, value), message);
    }
}

#[test]
fn operations_need_a_name_of_their_own_one_success_and_the_error_of_all() {
    let operation = "/paths/~1things~1{thing_id}/delete";
    let other = json!({ "description": "", "content": { "application/json": {
        "schema": { "$ref": "#/components/schemas/Thing" }
    } } });
    let cases = [
        (
            "name",
            format!("{operation}/operationId"),
            Value::Null,
            "#/paths/~1things~1{thing_id}/delete: has no `operationId`, the name of its method",
        ),
        (
            "same-name",
            format!("{operation}/operationId"),
            json!("get_thing"),
            "#/paths/~1things~1{thing_id}/delete/operationId: `get_thing` is the name of another \
             operation",
        ),
        (
            "two-successes",
            format!("{operation}/responses/206"),
            other.clone(),
            "#/paths/~1things~1{thing_id}/delete/responses/206: is a second success; keep one",
        ),
        (
            "no-success",
            format!("{operation}/responses"),
            json!({}),
            "#/paths/~1things~1{thing_id}/delete/responses: has no success",
        ),
        (
            "other-error",
            format!("{operation}/responses/404"),
            other,
            "#/paths/~1things~1{thing_id}/delete/responses/404: expected the schema \
             #/components/schemas/ApiError",
        ),
        (
            "redirect",
            format!("{operation}/responses/302"),
            json!({ "description": "" }),
            "#/paths/~1things~1{thing_id}/delete/responses/302: is a status of neither success nor \
             error",
        ),
    ];
    for (name, pointer, value, message) in cases {
        assert_eq!(edited(name, &pointer, value), message);
    }
}

#[test]
fn a_secret_that_would_be_printed_is_an_error() {
    let secret = json!({ "type": "integer", "format": "password" });
    let place = "/components/schemas/Token/properties/access_token";
    assert_eq!(
        edited("secret", place, secret),
        "#/components/schemas/Token: has 1 secrets, of which 0 are redacted"
    );
}

#[test]
fn a_file_that_is_no_description_is_an_error_with_its_cause() {
    let cases = [
        (
            "yaml",
            "openapi: 3.0.3",
            ": is not JSON, which `cut` writes: expected value at line 1 column 1",
        ),
        (
            "empty",
            "{}",
            ": is not OpenAPI 3.0: missing field `openapi` at line 1 column 2",
        ),
    ];
    for (name, text, message) in cases {
        assert_eq!(refusal(name, text), message);
    }
}

#[test]
fn a_replacement_of_no_schema_and_a_type_that_is_no_path_are_errors() {
    let build = Build::new(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json"));
    let error = build
        .clone()
        .replace("Gone", "::a::B")
        .generate()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("has no schema `Gone` to replace"),
        "{error}"
    );
    let error = build.clone().inner_type("a b").generate().unwrap_err();
    assert_eq!(error.to_string(), "a b: is no path of a type");
    let error = build.derive("1").generate().unwrap_err();
    assert_eq!(error.to_string(), "1: is no path of a trait");
}
