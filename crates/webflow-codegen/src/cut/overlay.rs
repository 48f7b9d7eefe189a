//! Applies the actions of an overlay.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use serde_json_path::JsonPath;

use crate::{
    cut::recipe::Action,
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
/// document grows without bound.
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
        for place in places {
            if action.remove {
                remove(document, &place);
            } else if let (Some(target), Some(update)) =
                (document.pointer_mut(&place), &action.update)
            {
                left = left
                    .checked_sub(size(update))
                    .ok_or_else(|| at("the fragment grows without bound"))?;
                update_target(target, update);
            }
        }
    }
    Ok(notes)
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

/// Merges `update` into an object, or appends it to a list that does not have it yet.
fn update_target(target: &mut Value, update: &Value) {
    match (target, update) {
        (Value::Array(list), update) if !list.contains(update) => list.push(update.clone()),
        (Value::Object(object), Value::Object(update)) => merge(object, update),
        _ => {}
    }
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
