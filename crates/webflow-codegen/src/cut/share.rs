//! Types that another package has: `--share`.

use std::{collections::BTreeSet, env, fs, path::Path, process::Command};

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The keywords that do not change the type of a schema.
const WORDS: [&str; 4] = ["description", "example", "externalDocs", "x-rust-type"];

/// The fragment of a package that the project in the working directory depends on.
///
/// # Errors
///
/// If there is no such package, or it has no fragment under `openapi/`.
pub fn fragment_of(package: &str) -> Result<Value> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1"])
        .output()
        .map_err(|e| Error::new("cargo metadata", "could not be run").because(e))?;
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|_| {
        let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Error::new("cargo metadata", text)
    })?;
    let packages = metadata["packages"].as_array();
    let manifest = packages
        .into_iter()
        .flatten()
        .find(|candidate| candidate["name"] == package)
        .and_then(|package| package["manifest_path"].as_str())
        .ok_or_else(|| {
            Error::new(
                package,
                "is no dependency of this project; add it to share its types",
            )
        })?;
    let file = Path::new(manifest).with_file_name(format!("openapi/{package}.json"));
    let name = file.display().to_string();
    let text =
        fs::read_to_string(&file).map_err(|e| Error::new(&name, "could not be read").because(e))?;
    serde_json::from_str(&text).map_err(|e| Error::new(&name, "is not JSON").because(e))
}

/// Gives each schema that equals the one of its name in another fragment, but for words, the
/// `x-rust-type` of the latter, and returns their names.
///
/// Schemas are equal only if those that they refer to are.
pub fn share(document: &mut Value, theirs: &Value) -> BTreeSet<String> {
    let place = "/components/schemas";
    let nothing = Map::new();
    let theirs = theirs
        .pointer(place)
        .and_then(Value::as_object)
        .unwrap_or(&nothing);
    let Some(schemas) = document.pointer_mut(place).and_then(Value::as_object_mut) else {
        return BTreeSet::new();
    };
    let named = theirs
        .iter()
        .filter(|(_, schema)| schema.get("x-rust-type").is_some());
    let mut equal: BTreeSet<String> = named.map(|(name, _)| name.clone()).collect();
    loop {
        let is_equal = |name: &&String| match (schemas.get(*name), theirs.get(*name)) {
            (Some(one), Some(other)) => same_schema(one, other, &equal),
            _ => false,
        };
        let still: BTreeSet<String> = equal.iter().filter(is_equal).cloned().collect();
        if still.len() == equal.len() {
            break;
        }
        equal = still;
    }
    for name in &equal {
        schemas[name]["x-rust-type"] = theirs[name]["x-rust-type"].clone();
    }
    equal
}

fn same_schema(one: &Value, other: &Value, equal: &BTreeSet<String>) -> bool {
    let (Value::Object(one), Value::Object(other)) = (one, other) else {
        return one == other;
    };
    if let (Some(one), Some(other)) = (one.get("$ref"), other.get("$ref")) {
        let name = one.as_str().and_then(|target| target.rsplit('/').next());
        return one == other && name.is_some_and(|name| equal.contains(name));
    }
    same_keys(one, other, &WORDS, |key, one, other| match key {
        "properties" => match (one, other) {
            (Value::Object(one), Value::Object(other)) => {
                same_keys(one, other, &[], |_, one, other| {
                    same_schema(one, other, equal)
                })
            }
            _ => false,
        },
        "items" | "additionalProperties" => same_schema(one, other, equal),
        "allOf" | "anyOf" | "oneOf" => match (one.as_array(), other.as_array()) {
            (Some(one), Some(other)) => {
                let mut pairs = one.iter().zip(other);
                one.len() == other.len() && pairs.all(|(one, other)| same_schema(one, other, equal))
            }
            _ => false,
        },
        "enum" | "required" => match (one.as_array(), other.as_array()) {
            (Some(one), Some(other)) => {
                one.len() == other.len() && one.iter().all(|value| other.contains(value))
            }
            _ => false,
        },
        _ => one == other,
    })
}

/// Whether two objects have the same keys, but for some, and the same values.
fn same_keys(
    one: &Map<String, Value>,
    other: &Map<String, Value>,
    but: &[&str],
    same: impl Fn(&str, &Value, &Value) -> bool,
) -> bool {
    let mut keys = one
        .keys()
        .chain(other.keys())
        .filter(|key| !but.contains(&key.as_str()));
    keys.all(|key| match (one.get(key), other.get(key)) {
        (Some(one), Some(other)) => same(key, one, other),
        _ => false,
    })
}
