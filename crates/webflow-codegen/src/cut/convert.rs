//! A schema of OpenAPI 3.1 in the words of 3.0.3, without references and without prose.

use serde_json::{Map, Value, json};

use crate::{
    cut::source::{At, Source},
    error::Result,
};

/// What says nothing about the values: prose, and keywords that mean nothing to a Rust type.
/// A `default` does: the generated code would always send it.
const LEFT_OUT: [&str; 19] = [
    "$anchor",
    "$comment",
    "$defs",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "definitions",
    "description",
    "discriminator",
    "example",
    "examples",
    "externalDocs",
    "readOnly",
    "title",
    "unevaluatedItems",
    "unevaluatedProperties",
    "writeOnly",
    "xml",
];

/// What is the same in both versions.
const KEPT: [&str; 12] = [
    "deprecated",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
    "pattern",
    "required",
    "uniqueItems",
];

/// Converts the schema at `at`.
///
/// A value of several types or several shapes is any value: the generator would read a closed
/// list of types, and lose an answer to one that is not in it.
///
/// # Errors
///
/// If the schema uses a keyword that 3.0.3 has no form for, contradicts itself, or holds
/// itself.
pub fn schema(source: &Source<'_>, value: &Value, at: &At) -> Result<Value> {
    source.take(None, at)?;
    let object = match value {
        // Anything; nothing would be `false`, which has no form.
        Value::Bool(true) => return Ok(json!({})),
        _ => at.object(value)?,
    };
    let mut out = Map::new();
    let place = at;
    for (key, value) in object {
        let at = place.child(key);
        match key.as_str() {
            "type" => types(value, &at, &mut out)?,
            "nullable" => nullable(&mut out, place.flag(object, key)?),
            "const" => options(source, std::slice::from_ref(value), &at, &mut out)?,
            "enum" => options(source, at.list(value)?, &at, &mut out)?,
            "minimum" | "maximum" => bound(key, value, false, &at, &mut out)?,
            "exclusiveMinimum" => bound("minimum", value, true, &at, &mut out)?,
            "exclusiveMaximum" => bound("maximum", value, true, &at, &mut out)?,
            "properties" => {
                let mut properties = Map::new();
                for (name, value) in at.object(value)? {
                    let property = schema(source, value, &at.child(name))?;
                    properties.insert(name.clone(), property);
                }
                out.insert(key.clone(), properties.into());
            }
            "additionalProperties" => additional(source, value, &at, &mut out)?,
            "items" | "prefixItems" => items(source, value, &at, &mut out)?,
            "$ref" | "allOf" | "anyOf" | "oneOf" => {} // below, once the rest is known
            key if LEFT_OUT.contains(&key) || key.starts_with("x-") => {}
            key if KEPT.contains(&key) => {
                source.take(Some(value), &at)?;
                keyword(key, value, &at)?;
                out.insert(key.to_owned(), value.clone());
            }
            key => {
                return Err(at.error(format!("`{key}` has no form in OpenAPI 3.0")));
            }
        }
    }
    implied_type(at, &mut out)?;
    if let Some(reference) = object.get("$ref") {
        let reference = at.child("$ref").string(reference)?;
        let (target, place) = source.target(reference, at)?;
        let target = schema(source, target, &place)?;
        out = both(target, out, at)?;
    }
    if let Some(parts) = object.get("allOf") {
        let place = at.child("allOf");
        for (index, part) in place.list(parts)?.iter().enumerate() {
            let place = place.child(&index);
            out = both(schema(source, part, &place)?, out, &place)?;
        }
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(shapes) = object.get(key) {
            out = either(source, shapes, out, &at.child(key))?;
        }
    }
    Ok(out.into())
}

/// Checks the type of a keyword that is kept as it is.
fn keyword(key: &str, value: &Value, at: &At) -> Result<()> {
    match key {
        "required" => {
            for (index, name) in at.list(value)?.iter().enumerate() {
                at.child(&index).string(name)?;
            }
        }
        "format" | "pattern" => drop(at.string(value)?),
        "deprecated" | "uniqueItems" if !value.is_boolean() => {
            return Err(at.expected("true or false", value));
        }
        _ if !value.is_boolean() && !value.is_number() => {
            return Err(at.expected("a number", value));
        }
        _ => {}
    }
    Ok(())
}

/// `type`: one, or one and null; several are anything.
fn types(value: &Value, at: &At, out: &mut Map<String, Value>) -> Result<()> {
    let listed = match value {
        Value::Array(listed) => listed.as_slice(),
        _ => std::slice::from_ref(value),
    };
    let mut types = Vec::new();
    for value in listed {
        match at.string(value)? {
            "null" => nullable(out, true),
            name @ ("array" | "boolean" | "integer" | "number" | "object" | "string") => {
                types.push(name);
            }
            name => return Err(at.error(format!("`{name}` is no type"))),
        }
    }
    match types[..] {
        [] => return Err(at.error("no type but null")),
        [name] => drop(out.insert("type".to_owned(), name.into())),
        // Every number, whole or not.
        ["integer", "number"] | ["number", "integer"] => {
            out.insert("type".to_owned(), "number".into());
        }
        _ => {}
    }
    Ok(())
}

fn nullable(out: &mut Map<String, Value>, nullable: bool) {
    if nullable {
        out.insert("nullable".to_owned(), true.into());
    }
}

/// `enum` and `const`.
fn options(
    source: &Source<'_>,
    values: &[Value],
    at: &At,
    out: &mut Map<String, Value>,
) -> Result<()> {
    for value in values {
        source.take(Some(value), at)?;
    }
    nullable(out, values.contains(&Value::Null));
    let values: Vec<Value> = values.iter().filter(|v| !v.is_null()).cloned().collect();
    if values.is_empty() {
        return Err(at.error("no value but null"));
    }
    same(out, "enum", values.into(), at)
}

/// A numeric bound: 3.0 says of `minimum` whether it is exclusive, 3.1 gives the exclusive one
/// a keyword of its own. The tighter one counts.
fn bound(
    key: &str,
    value: &Value,
    exclusive: bool,
    at: &At,
    out: &mut Map<String, Value>,
) -> Result<()> {
    let number = value
        .as_f64()
        .ok_or_else(|| at.expected("a number", value))?;
    let looser = out.get(key).and_then(Value::as_f64).is_some_and(|old| {
        let looser = if key == "minimum" {
            number < old
        } else {
            number > old
        };
        looser || (number - old).abs() < f64::EPSILON && !exclusive
    });
    if looser {
        return Ok(());
    }
    let flag = if key == "minimum" {
        "exclusiveMinimum"
    } else {
        "exclusiveMaximum"
    };
    out.remove(flag);
    out.insert(key.to_owned(), value.clone());
    if exclusive {
        out.insert(flag.to_owned(), true.into());
    }
    Ok(())
}

/// `additionalProperties`, unless they are anything, as they are if nothing is said.
fn additional(
    source: &Source<'_>,
    value: &Value,
    at: &At,
    out: &mut Map<String, Value>,
) -> Result<()> {
    let values = match value {
        Value::Bool(false) => value.clone(),
        _ => schema(source, value, at)?,
    };
    if values != json!({}) {
        out.insert("additionalProperties".to_owned(), values);
    }
    Ok(())
}

/// `items`, of a list or, by position, of a tuple: what all of them are, or else anything.
fn items(source: &Source<'_>, value: &Value, at: &At, out: &mut Map<String, Value>) -> Result<()> {
    let mut kinds = Vec::new();
    match value {
        // No more elements than the tuple has.
        Value::Bool(false) => return Ok(()),
        // So too does `items` mean a tuple, before 2020 and in what Webflow publishes.
        Value::Array(tuple) => {
            for (index, value) in tuple.iter().enumerate() {
                kinds.push(schema(source, value, &at.child(&index))?);
            }
        }
        _ => kinds.push(schema(source, value, at)?),
    }
    kinds.extend(out.remove("items"));
    kinds.dedup();
    let kind = match &mut kinds[..] {
        [kind] => kind.take(),
        _ => json!({}),
    };
    out.insert("items".to_owned(), kind);
    Ok(())
}

/// The type of a schema that says only what its values have.
fn implied_type(at: &At, out: &mut Map<String, Value>) -> Result<()> {
    let strings = |values: &Value| {
        let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
        values.iter().all(Value::is_string)
    };
    let has = |key: &&str| out.contains_key(*key);
    let implied = if ["properties", "required", "additionalProperties"]
        .iter()
        .any(has)
    {
        Some("object")
    } else if has(&"items") {
        Some("array")
    } else if out.get("enum").is_some_and(strings) {
        Some("string")
    } else {
        None
    };
    if let Some(implied) = implied {
        out.entry("type").or_insert_with(|| implied.into());
    }
    match out.get("type").and_then(Value::as_str) {
        Some("array") => drop(out.entry("items").or_insert_with(|| json!({}))),
        Some(kind) if kind != "object" && out.contains_key("properties") => {
            return Err(at.error(format!("`properties`, but of type `{kind}`")));
        }
        _ => {}
    }
    Ok(())
}

/// What is both `one` and `other`: a reference and what stands beside it, the parts of `allOf`.
fn both(one: Value, other: Map<String, Value>, at: &At) -> Result<Map<String, Value>> {
    let Value::Object(mut out) = one else {
        return Ok(other);
    };
    for (key, value) in other {
        match (out.get_mut(&key), value) {
            (Some(Value::Object(fields)), Value::Object(more)) if key == "properties" => {
                for (name, value) in more {
                    same(fields, &name, value, at)?;
                }
            }
            (Some(Value::Array(names)), Value::Array(more)) if key == "required" => {
                names.extend(more);
            }
            (_, value) => same(&mut out, &key, value, at)?,
        }
    }
    Ok(out)
}

/// Sets `key`, unless it has another value.
fn same(out: &mut Map<String, Value>, key: &str, value: Value, at: &At) -> Result<()> {
    if out.get(key).is_some_and(|old| *old != value) {
        return Err(at.error(format!("contradicts itself on `{key}`")));
    }
    out.insert(key.to_owned(), value);
    Ok(())
}

/// One shape, or one and null; several are anything.
fn either(
    source: &Source<'_>,
    shapes: &Value,
    mut beside: Map<String, Value>,
    at: &At,
) -> Result<Map<String, Value>> {
    let mut found = Vec::new();
    for (index, shape) in at.list(shapes)?.iter().enumerate() {
        if shape.get("type") == Some(&json!("null")) {
            nullable(&mut beside, true);
        } else {
            found.push(schema(source, shape, &at.child(&index))?);
        }
    }
    found.dedup();
    match found.len() {
        0 => Err(at.error("no shape but null")),
        1 => both(found.remove(0), beside, at),
        _ => Ok(beside),
    }
}
