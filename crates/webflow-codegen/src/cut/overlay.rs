//! Applies the actions of an overlay.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use serde_json_path::JsonPath;

use crate::{
    cut::{recipe::Action, references::references, shape::Shape},
    error::{Error, Result},
};

/// How large a fragment may become, in values.
const MAX_VALUES: usize = 1_000_000;

/// How long a `JSONPath` may be.
const MAX_TARGET: usize = 500;

/// How many places one action may change.
const MAX_PLACES: usize = 10_000;

/// Applies `actions` to `document` in their order. Returns a note for each that has no target.
///
/// # Errors
///
/// With the place in the recipe, if a target is no `JSONPath`, could take unbounded time, or the
/// document grows without bound, is none of OpenAPI any more, or refers to nothing.
pub fn apply(document: &mut Value, actions: &[Action]) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    let mut left = MAX_VALUES;
    for (index, action) in actions.iter().enumerate() {
        let at = |message: &'static str| Error::new(format!("/actions/{index}/target"), message);
        check(&action.target).map_err(at)?;
        let path = JsonPath::parse(&action.target)
            .map_err(|e| at("not a JSONPath (RFC 9535)").because(e))?;
        // Each place once, however often the path leads to it.
        let places: BTreeSet<String> = path
            .query_located(document)
            .into_iter()
            .take(MAX_PLACES + 1)
            .map(|found| found.location().to_json_pointer())
            .collect();
        if places.len() > MAX_PLACES {
            return Err(at("matches more places than any fragment has"));
        }
        if places.is_empty() {
            let what = action.description.split([':', ',']).next();
            let (target, what) = (&action.target, what.unwrap_or_default());
            notes.push(format!(
                "action {index} found nothing at `{target}`: {what}"
            ));
        }
        // The last elements first: those before them keep their places.
        let mut places: Vec<String> = places.into_iter().collect();
        places.sort_by_cached_key(|place| std::cmp::Reverse(parts(place)));
        let update_at = |text| Error::new(format!("/actions/{index}/update"), text);
        let mut fits = places.is_empty() || action.remove;
        for place in places {
            if action.remove {
                remove(document, &place);
            } else if let (Some(target), Some(update)) =
                (document.pointer_mut(&place), &action.update)
            {
                left = left
                    .checked_sub(size(update))
                    .ok_or_else(|| at("the fragment grows without bound"))?;
                fits |= update_target(target, update);
            }
        }
        if !fits {
            return Err(update_at(
                "an object takes an object, a list an element, and nothing else an update",
            ));
        }
        if document.get("openapi").is_some()
            && let Some((place, expected)) = misplaced(Shape::Document, document)
        {
            let text = format!("`{place}` of the fragment is no longer {expected}");
            return Err(Error::new(format!("/actions/{index}"), text));
        }
    }
    match dangling(document, document) {
        Some(reference) if !actions.is_empty() => {
            let says = |action: &Action| {
                let update = action.update.as_ref();
                update.is_some_and(|update| references(update).any(|found| found == reference))
            };
            let place = actions.iter().position(says).map_or_else(
                || "/actions".to_owned(),
                |index| format!("/actions/{index}/update"),
            );
            let text = format!("nothing stands at `{reference}` in the fragment");
            Err(Error::new(place, text))
        }
        _ => Ok(notes),
    }
}

/// The first place where a document is not what OpenAPI says, and what should stand there.
fn misplaced(shape: Shape, value: &Value) -> Option<(String, &'static str)> {
    let within = |key: &str, value: &Value| {
        let found = misplaced(shape.child(key), value);
        found.map(|(place, expected)| (format!("/{key}{place}"), expected))
    };
    match (shape, value) {
        (Shape::Literal, _)
        | (Shape::Scope, Value::String(_))
        | (Shape::Schema, Value::Bool(_)) => None,
        (Shape::List(_), Value::Array(list)) => {
            let mut list = list.iter().enumerate();
            list.find_map(|(index, value)| within(&index.to_string(), value))
        }
        (Shape::List(_), _) => Some((String::new(), "a list")),
        (Shape::Scope, _) => Some((String::new(), "a string")),
        (_, Value::Object(object)) => object.iter().find_map(|(key, value)| within(key, value)),
        _ => Some((String::new(), "an object")),
    }
}

/// A reference that leads to nothing in the document.
fn dangling<'a>(value: &'a Value, document: &Value) -> Option<&'a str> {
    references(value).find(|reference| {
        let pointer = reference.strip_prefix('#');
        pointer
            .and_then(|pointer| document.pointer(pointer))
            .is_none()
    })
}

/// Refuses what takes more than a time that is proportional to the document and its depth: paths
/// that search in what they have searched, and those that multiply what they find.
fn check(target: &str) -> Result<(), &'static str> {
    if target.len() > MAX_TARGET {
        return Err("longer than any JSONPath of use");
    }
    let (mut descents, mut filters, mut lists, mut depth) = (0, 0, 0, 0_usize);
    let (mut quote, mut escaped, mut last) = (None, false, ' ');
    let mut listed = false;
    for letter in target.chars() {
        match (quote, letter) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '[') => {
                depth += 1;
                listed = false;
            }
            (None, ']') => depth = depth.saturating_sub(1),
            (None, ',') if !std::mem::replace(&mut listed, true) => lists += 1,
            (None, '?') => filters += 1,
            (None, '.') if last == '.' => descents += 1,
            _ => {}
        }
        last = letter;
        if depth > 8 {
            return Err("nests too deep");
        }
    }
    if descents > 2 || filters > 1 || lists > 1 || (filters > 0 && descents > 1) {
        return Err("searches in what it has searched; say it with several actions");
    }
    Ok(())
}

/// The parts of a pointer, of which numbers are in the order of numbers.
fn parts(pointer: &str) -> Vec<(usize, String)> {
    let parts = pointer.split('/');
    parts
        .map(|part| (part.parse().unwrap_or(0), part.to_owned()))
        .collect()
}

fn remove(document: &mut Value, place: &str) {
    let Some((parent, key)) = place.rsplit_once('/') else {
        return;
    };
    let key = key.replace("~1", "/").replace("~0", "~");
    match document.pointer_mut(parent) {
        Some(Value::Object(object)) => drop(object.shift_remove(&key)),
        Some(Value::Array(list)) => {
            if let Some(index) = key.parse().ok().filter(|index| *index < list.len()) {
                list.remove(index);
            }
        }
        _ => {}
    }
}

/// Merges `update` into an object, or appends it to a list that does not have it yet. Returns
/// whether that can be done.
fn update_target(target: &mut Value, update: &Value) -> bool {
    match (target, update) {
        (Value::Array(list), update) => {
            if !list.contains(update) {
                list.push(update.clone());
            }
        }
        (Value::Object(object), Value::Object(update)) => merge(object, update),
        _ => return false,
    }
    true
}

fn merge(object: &mut Map<String, Value>, update: &Map<String, Value>) {
    for (key, value) in update {
        match (object.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (Some(old @ Value::Array(_)), Value::Array(new)) => {
                for value in new {
                    update_target(old, value);
                }
            }
            (_, new) => drop(object.insert(key.clone(), new.clone())),
        }
    }
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Object(object) => object.values().map(size).sum(),
        Value::Array(list) => list.iter().map(size).sum(),
        Value::String(text) => text.len() / 64,
        _ => 0,
    }
}
