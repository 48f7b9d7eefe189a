//! Compares three descriptions of the same JSON: the fragment, the schemas that `schemars` derives
//! from the generated types, and responses like those of the live service.

use std::{collections::BTreeSet, fs, path::Path};

use boon::{Compiler, SchemaIndex, Schemas};
use schemars::schema_for;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use webflow_assets::types;

/// Request fields that the fragment calls optional but not nullable, as they are left out of
/// requests. Their Rust type is an `Option`, which accepts `null` too.
const OPTIONAL_IN_REQUESTS: [(&str, &str); 4] = [
    ("AssetUpdate", "altText"),
    ("AssetUpdate", "displayName"),
    ("NewAsset", "parentFolder"),
    ("NewAssetFolder", "parentFolder"),
];

/// Fields of fixtures that the fragment lacks and `Asset` drops.
const DROPPED: [&str; 2] = ["etag", "isTemplate"];

/// A type of the fragment: its derived schema, and a round trip through it.
struct Type {
    name: &'static str,
    derived: Value,
    round_trip: fn(Value) -> serde_json::Result<Value>,
}

fn round_trip<T: DeserializeOwned + Serialize>(value: Value) -> serde_json::Result<Value> {
    serde_json::to_value(serde_json::from_value::<T>(value)?)
}

macro_rules! types {
    ($($name:ident)+) => {
        vec![$(Type {
            name: stringify!($name),
            derived: schema_for!(types::$name).to_value(),
            round_trip: round_trip::<types::$name>,
        }),+]
    };
}

/// Every type of the fragment.
fn all() -> Vec<Type> {
    types! {
        ApiError Asset AssetFolder AssetFolderList AssetId AssetList AssetUpdate AssetUpload
        AssetVariant AuthorizedTo CustomDomain ErrorCode FileHash FileName FolderId KnownErrorCode
        KnownSiteDataCollectionType Locale NewAsset NewAssetFolder Pagination Site
        SiteDataCollectionType SiteId SiteList SiteLocales TokenApplication TokenAuthorization
        TokenInfo UploadDetails
    }
}

fn fragment() -> Value {
    serde_json::from_str(webflow_assets::OPENAPI_JSON).unwrap()
}

fn schemas() -> Map<String, Value> {
    match fragment()["components"]["schemas"].take() {
        Value::Object(schemas) => schemas,
        other => panic!("{other}"),
    }
}

/// The canonical form of a schema, without prose, for what OpenAPI 3.0 and JSON Schema express
/// differently.
///
/// `null` is a type in a list, or an alternative beside a reference; a reference is its last
/// segment; `oneOf` is `anyOf`, as the generated code takes the first alternative that fits.
fn canonical(schema: &Value) -> Value {
    let Value::Object(schema) = schema else {
        assert_eq!(*schema, true);
        return json!({});
    };
    let mut schema = schema.clone();
    for prose in [
        "$defs",
        "$schema",
        "description",
        "example",
        "title",
        "x-rust-type",
    ] {
        schema.remove(prose);
    }
    let nullable = schema.remove("nullable").is_some_and(|n| n == true);
    if let Some(Value::Array(all)) = schema.get("allOf") {
        assert_eq!((all.len(), schema.len()), (1, 1), "{schema:?}");
        schema = all[0].as_object().cloned().unwrap();
    }
    if let Some(choices) = schema.remove("oneOf") {
        schema.insert("anyOf".to_owned(), choices);
    }
    if let Some(Value::String(reference)) = schema.get_mut("$ref") {
        *reference = reference.rsplit('/').next().unwrap().to_owned();
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(key) {
            *inner = canonical(inner);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        for choice in choices {
            *choice = canonical(choice);
        }
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for property in properties.values_mut() {
            *property = canonical(property);
        }
    }
    if let Some(Value::Array(names)) = schema.get_mut("required") {
        names.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    }
    match (nullable, schema.get_mut("type")) {
        (false, _) => Value::Object(schema),
        (true, Some(kind)) => {
            *kind = json!([kind.take(), "null"]);
            Value::Object(schema)
        }
        (true, None) => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}

/// Inlines the schemas of `Secret` into a derived schema, as the fragment has `format: password` in
/// place.
fn with_secrets_in_place(derived: &mut Value, root: &Value) {
    let secret = derived["$ref"]
        .as_str()
        .and_then(|r| r.strip_prefix("#/$defs/Secret"));
    if let Some(number) = secret {
        *derived = canonical(&root["$defs"][format!("Secret{number}")]);
    }
    let nullable = derived["anyOf"].as_array().is_some_and(|choices| {
        choices.len() == 2
            && choices[1] == json!({"type": "null"})
            && choices[0]["$ref"]
                .as_str()
                .is_some_and(|r| r.contains("/Secret"))
    });
    if nullable {
        let mut secret = derived["anyOf"][0].take();
        with_secrets_in_place(&mut secret, root);
        secret["type"] = json!([secret["type"], "null"]);
        *derived = secret;
    }
    match derived {
        Value::Object(object) => {
            for inner in object.values_mut() {
                with_secrets_in_place(inner, root);
            }
        }
        Value::Array(array) => {
            for inner in array {
                with_secrets_in_place(inner, root);
            }
        }
        _ => {}
    }
}

#[test]
fn the_derived_schemas_equal_those_of_the_fragment() {
    let mut schemas = schemas();
    for (name, field) in OPTIONAL_IN_REQUESTS {
        let property = &mut schemas[name]["properties"][field];
        assert!(
            property["nullable"].is_null() && property.is_object(),
            "{name}.{field}"
        );
        *property = match property.get("$ref") {
            Some(_) => json!({"allOf": [property], "nullable": true}),
            None => json!({"type": property["type"], "nullable": true}),
        };
    }
    let all = all();
    let names: BTreeSet<&str> = all.iter().map(|ty| ty.name).collect();
    assert_eq!(names, schemas.keys().map(String::as_str).collect());
    for ty in all {
        let mut derived = ty.derived.clone();
        with_secrets_in_place(&mut derived, &ty.derived);
        assert_eq!(
            canonical(&derived),
            canonical(&schemas[ty.name]),
            "{}",
            ty.name
        );
    }
}

/// The fragment's schemas as JSON Schema, for an independent validator.
struct Judge {
    schemas: Schemas,
    places: Vec<(String, SchemaIndex)>,
}

impl Judge {
    fn new() -> Self {
        let mut document = Map::new();
        for (name, schema) in schemas() {
            document.insert(name, pointed(canonical(&schema)));
        }
        let names: Vec<String> = document.keys().cloned().collect();
        let mut compiler = Compiler::new();
        compiler
            .add_resource("memory:///fragment", json!({"$defs": document}))
            .unwrap();
        let mut schemas = Schemas::new();
        let index = |name: String| {
            let place = format!("memory:///fragment#/$defs/{name}");
            let index = compiler.compile(&place, &mut schemas).unwrap();
            (name, index)
        };
        let places = names.into_iter().map(index).collect();
        Self { schemas, places }
    }

    fn accepts(&self, name: &str, value: &Value) -> Result<(), String> {
        let (_, index) = self.places.iter().find(|(n, _)| n == name).unwrap();
        let verdict = self.schemas.validate(value, *index);
        verdict.map_err(|error| format!("{name}: {error}"))
    }
}

/// Turns references into those of JSON Schema.
fn pointed(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(object) => {
            for (key, inner) in object.iter_mut() {
                *inner = match inner.as_str() {
                    Some(name) if key == "$ref" => json!(format!("#/$defs/{name}")),
                    _ => pointed(inner.take()),
                };
            }
        }
        Value::Array(array) => {
            for inner in array {
                *inner = pointed(inner.take());
            }
        }
        _ => {}
    }
    schema
}

fn without(mut value: Value, drop: fn(&str, &Value) -> bool) -> Value {
    match &mut value {
        Value::Object(object) => {
            object.retain(|key, inner| !drop(key, inner));
            for inner in object.values_mut() {
                *inner = without(inner.take(), drop);
            }
        }
        Value::Array(array) => {
            for inner in array {
                *inner = without(inner.take(), drop);
            }
        }
        _ => {}
    }
    value
}

/// The serialised form of a value: without `null` and dropped fields.
fn written(value: Value) -> Value {
    without(value, |key, inner| {
        inner.is_null() || DROPPED.contains(&key)
    })
}

#[test]
fn each_example_of_the_fragment_is_valid_and_survives_its_type() {
    let (schemas, judge) = (schemas(), Judge::new());
    let mut examples = 0;
    for ty in all() {
        let Some(example) = schemas[ty.name].get("example") else {
            continue;
        };
        judge.accepts(ty.name, example).unwrap();
        let back = (ty.round_trip)(example.clone()).unwrap();
        assert_eq!(
            back,
            without(example.clone(), |_, v| v.is_null()),
            "{}",
            ty.name
        );
        examples += 1;
    }
    assert_eq!(
        examples,
        schemas.values().filter(|s| !s["example"].is_null()).count()
    );
    assert!(examples >= 12);
}

/// The fixtures, each with the type that its file name begins with.
fn answers() -> Vec<(Type, String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/answers");
    let mut answers = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let name = file.split('.').next().unwrap();
        let ty = all().into_iter().find(|ty| ty.name == name).unwrap();
        let value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        answers.push((ty, file, value));
    }
    answers
}

#[test]
fn responses_are_valid_and_their_fields_survive() {
    let judge = Judge::new();
    let answers = answers();
    let covered: BTreeSet<&str> = answers.iter().map(|(ty, ..)| ty.name).collect();
    let all_answers = [
        "ApiError",
        "Asset",
        "AssetFolder",
        "AssetFolderList",
        "AssetList",
        "AssetUpload",
        "SiteList",
        "TokenInfo",
    ];
    assert_eq!(covered, all_answers.into());
    for (ty, file, answer) in answers {
        judge.accepts(ty.name, &answer).unwrap();
        let back = (ty.round_trip)(answer.clone()).unwrap();
        judge.accepts(ty.name, &back).unwrap();
        assert_eq!(back, written(answer), "{file}");
    }
}

/// Checks that the test above can fail: a renamed field is lost, and a field of another type is
/// refused by the validator and by the generated type.
#[test]
fn a_field_of_another_name_or_type_does_not_pass() {
    let judge = Judge::new();
    for (ty, file, answer) in answers() {
        let fields = schemas()[ty.name]["properties"].take();
        for (field, schema) in fields.as_object().unwrap() {
            let place = format!("{file}: {field}");
            let Some(value) = answer.get(field).filter(|value| !value.is_null()) else {
                continue;
            };
            let mut renamed = answer.clone();
            renamed.as_object_mut().unwrap().remove(field);
            renamed[format!("{field}2")] = value.clone();
            let back = (ty.round_trip)(renamed.clone()).unwrap();
            assert_ne!(back, written(renamed), "{place}");

            let mut retyped = answer.clone();
            retyped[field] = match schema["type"].as_str() {
                Some("string") => json!(17),
                _ => json!("text"),
            };
            // Any string is an error code.
            if (ty.name, field.as_str()) == ("ApiError", "code") {
                retyped[field] = json!(17);
            }
            assert!(judge.accepts(ty.name, &retyped).is_err(), "{place}");
            assert!((ty.round_trip)(retyped).is_err(), "{place}");
        }
    }
}

#[test]
fn limits_of_requests_are_enforced_by_schema_and_by_type() {
    let judge = Judge::new();
    let good = schemas()["NewAsset"]["example"].take();
    let bad = [
        ("fileName", json!("")),
        ("fileName", json!("x".repeat(100))),
        ("fileName", Value::Null),
        ("fileHash", json!("3C7D87C9575702BC3B1E991F4D3C638E")),
        ("fileHash", json!("3c7d87c9575702bc3b1e991f4d3c638")),
        ("parentFolder", json!("..")),
    ];
    for (field, value) in bad {
        let mut asset = good.clone();
        asset[field] = value;
        assert!(judge.accepts("NewAsset", &asset).is_err(), "{asset}");
        assert!(
            round_trip::<types::NewAsset>(asset.clone()).is_err(),
            "{asset}"
        );
    }
}

#[test]
fn every_operation_documents_the_errors_that_webflow_documents() {
    let fragment = fragment();
    let paths = fragment["paths"].as_object().unwrap();
    let operations: Vec<_> = paths
        .values()
        .filter_map(Value::as_object)
        .flatten()
        .collect();
    assert!(operations.len() >= 10);
    for (_, operation) in operations {
        let statuses = operation["responses"].as_object().unwrap();
        let errors = statuses.keys().filter(|s| !s.starts_with('2'));
        let errors: Vec<&str> = errors.map(String::as_str).collect();
        let expected: &[&str] = match operation["operationId"].as_str().unwrap() {
            "list_sites" => &["401", "404", "429", "4XX", "5XX"],
            "introspect_token" => &["401", "4XX", "5XX"],
            _ => &["400", "401", "404", "429", "500"],
        };
        assert_eq!(errors, expected, "{}", operation["operationId"]);
    }
}
