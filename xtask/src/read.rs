//! Reads a description: limits first, then UTF-8, then YAML or JSON.

use std::{
    fmt::{self, Write as _},
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// A description that is longer than this is refused unread: some twenty times what Webflow
/// publishes.
pub const MAX_BYTES: u64 = 64 << 20;

/// How deep a description may nest, in both formats: the limit of `serde_json` is 128.
const MAX_DEPTH: usize = 128;

/// How many nodes a YAML description may have, those that its aliases repeat included: some
/// ten times what Webflow publishes.
const MAX_EVENTS: usize = 4_000_000;

/// How many nodes the aliases may repeat, and how many aliases there may be: Webflow's
/// description has none.
const MAX_REPEATED: usize = 100_000;
const MAX_ALIASES: usize = 1_000;

/// A description as it was read.
#[derive(Debug)]
pub struct Input {
    /// The name of the file without its directories.
    pub name: String,
    /// The SHA-256 of the file in hexadecimal digits.
    pub sha256: String,
    /// What the file says.
    pub document: Value,
}

/// Reads the description at `path`: JSON if it begins with `{`, YAML otherwise.
///
/// # Errors
///
/// With line and column where the file is not one document of at most [`MAX_BYTES`], in UTF-8,
/// within the limits on nesting and aliases, and without a key that stands twice.
pub fn read(path: &Path) -> Result<Input> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy().into_owned();
    let bytes = bytes(path).map_err(|e| Error::new(&name, "could not be read").because(e))?;
    let text = std::str::from_utf8(&bytes).map_err(|e| {
        let (line, column) = position(&bytes[..e.valid_up_to()]);
        Error::new(format!("{name}:{line}:{column}"), "not UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Error::new(&name, "empty"));
    }
    let document = if text.trim_start().starts_with('{') {
        json(text, &name)?
    } else {
        yaml(text, &name)?
    };
    Ok(Input {
        sha256: hex(&Sha256::digest(&bytes)),
        name,
        document,
    })
}

/// The file's bytes. A pipe does not tell its length, so that what is read is limited too.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    if length <= MAX_BYTES {
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    }
    if length > MAX_BYTES || bytes.len() as u64 > MAX_BYTES {
        let message = format!("more than {} MiB", MAX_BYTES >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

fn json(text: &str, name: &str) -> Result<Value> {
    serde_json::from_str::<Strict>(text)
        .map(|node| node.0)
        .map_err(|e| {
            let place = format!("{name}:{}:{}", e.line(), e.column());
            Error::new(place, "not a JSON document that can be used").because(e)
        })
}

fn yaml(text: &str, name: &str) -> Result<Value> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_events: MAX_EVENTS,
            max_nodes: MAX_EVENTS,
            max_aliases: MAX_ALIASES,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_REPEATED,
        },
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Strict>(text, options)
        .map(|node| node.0)
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

/// A value in which no key stands twice: `serde_json` would keep the last one without a word.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Strict, D::Error> {
        Strict::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Strict, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a finite number"))?;
        Ok(Strict(number.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Strict, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(value)) = seq.next_element()? {
            list.push(value);
        }
        Ok(Strict(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Strict, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!(
                    "the key `{key}` stands twice"
                )));
            }
            let Strict(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(Strict(map.into()))
    }
}
