//! Reads a description: limits first, then UTF-8, then YAML or JSON.

use std::{cell::Cell, fmt::Write as _, path::Path};

use serde::de::DeserializeSeed as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    cut::{file, strict::Strict},
    error::{Error, Result},
};

/// How deep a description may nest, in both formats: the limit of `serde_json` is 128.
const MAX_DEPTH: usize = 128;

/// How many values a description may have, those that aliases repeat included: some five times
/// what Webflow publishes.
const MAX_VALUES: usize = 400_000;

/// A description as it was read.
#[derive(Debug)]
pub struct Input {
    /// The path of the file, for errors.
    pub path: String,
    /// The name of the file without its directories.
    pub name: String,
    /// The SHA-256 of the file in hexadecimal digits.
    pub sha256: String,
    /// What the file says.
    pub document: Value,
}

/// Reads the description at `path`: JSON if it begins with `{` and is, YAML otherwise.
///
/// # Errors
///
/// With line and column where the file is not one document of at most [`file::MAX_BYTES`], in UTF-8,
/// within the limits on nesting and aliases, and without duplicate keys.
pub fn read(path: &Path) -> Result<Input> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy().into_owned();
    let shown = path.display().to_string();
    let bytes = file::read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|e| {
        let (line, column) = position(&bytes[..e.valid_up_to()]);
        Error::new(format!("{shown}:{line}:{column}"), "not UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Error::new(&shown, "empty"));
    }
    let document = if text.trim_start().starts_with('{') {
        let error = match json(text) {
            Ok(document) => Ok(document),
            // YAML has braces too, and numbers of any size.
            Err(e) if e.is_syntax() => yaml(text, &shown).map_err(|_| e),
            Err(e) => Err(e),
        };
        error.map_err(|e| {
            let place = format!("{shown}:{}:{}", e.line(), e.column());
            Error::new(place, "not a JSON document that can be used").because(e)
        })?
    } else {
        yaml(text, &shown)?
    };
    Ok(Input {
        path: shown,
        sha256: hex(&Sha256::digest(&bytes)),
        name,
        document,
    })
}

fn json(text: &str) -> serde_json::Result<Value> {
    let left = Cell::new(MAX_VALUES);
    let mut json = serde_json::Deserializer::from_str(text);
    let document = Strict(&left).deserialize(&mut json)?;
    json.end().map(|()| document)
}

fn yaml(text: &str, name: &str) -> Result<Value> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            // Keys are nodes too, and maps and lists have an end.
            max_events: 4 * MAX_VALUES,
            max_nodes: 2 * MAX_VALUES,
            // What they repeat is counted like everything else.
            max_aliases: MAX_VALUES,
            max_recorded_anchor_events: MAX_VALUES / 2,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 4 * MAX_VALUES,
        },
        // The words for them stand in examples.
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        with_snippet: false,
    };
    let left = Cell::new(MAX_VALUES);
    serde_saphyr::with_deserializer_from_str_with_options(text, options, |yaml| {
        Strict(&left).deserialize(yaml)
    })
    .map_err(|e| {
        let place = e.location().map_or_else(
            || name.to_owned(),
            |at| format!("{name}:{}:{}", at.line(), at.column()),
        );
        Error::new(place, "not a YAML document that can be used").because(e)
    })
}

/// Line and column, both from 1, of what comes after `before`.
fn position(before: &[u8]) -> (usize, usize) {
    let line = before.split(|&byte| byte == b'\n');
    let last = line.clone().next_back().unwrap_or_default();
    let column = String::from_utf8_lossy(last).chars().count() + 1;
    (line.count(), column)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
