//! Regenerates the project's OpenAPI fragment from Webflow's published description.
//!
//! [`read`] → [`cut`] (with [`convert`]) → [`name`] → [`rules`] → [`words`] → [`order`]; what
//! comes out is held against the committed fragment by [`diff`].

pub mod convert;
pub mod diff;
pub mod facts;
pub mod keywords;
pub mod name;
pub mod operation;
pub mod order;
pub mod provenance;
pub mod read;
pub mod report;
pub mod rules;
pub mod select;
pub mod shape;
pub mod source;
mod strict;
pub mod tables;
pub mod version;
pub mod words;

use std::{fs, io, path::Path};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    cut::{name::Fragment, provenance::Provenance, report::Report, source::Source},
    error::{Error, Result},
};

/// The fragment, from the root of the project.
pub const FRAGMENT: &str = "openapi/webflow-assets.json";

/// Where it comes from.
pub const PROVENANCE: &str = "openapi/provenance.json";

/// Makes the fragment of the project at `root` from `description`, and writes it and its
/// provenance unless `check` is set.
///
/// # Errors
///
/// With file and place, if the description is not what it should be, or a file cannot be read
/// or written.
pub fn spec(root: &Path, description: &Path, check: bool) -> Result<Report> {
    let crate_version = version::of_crate(root)?;
    let text = fs::read_to_string(root.join(FRAGMENT)).map_err(|e| {
        Error::new(FRAGMENT, "could not be read; its words are carried over").because(e)
    })?;
    let committed: Value = parse(FRAGMENT, &text)?;
    let input = read::read(description)?;
    let within = |e: Error| e.within(&input.name);
    let source = Source::new(&input.document).map_err(within)?;
    let cut = select::cut(&source).map_err(within)?;
    let version = cut.version.clone();
    let missing = cut.missing.iter().map(|wanted| {
        let (method, path) = (wanted.method.to_ascii_uppercase(), wanted.path);
        format!(
            "`{}` is missing: the description has no `{method} {path}`",
            wanted.name
        )
    });
    let mut all_notes: Vec<String> = missing.chain(source.notes()).collect();
    let mut fragment = name::name(cut, crate_version.clone()).map_err(within)?;
    rules::apply(&mut fragment).map_err(|e| e.within(FRAGMENT))?;
    let missing_words = words::carry_over(&mut fragment.document, &committed);
    order::order(&mut fragment.document);
    let new_text = pretty(&fragment.document);
    all_notes.extend(notes(&fragment, &committed));
    let report = Report {
        file: input.name.clone(),
        version: version.clone(),
        sha256: input.sha256.clone(),
        crate_version,
        differences: diff::diff(&committed, &fragment.document),
        differs: new_text != text,
        missing_words,
        notes: all_notes,
    };
    if !check {
        let place = root.join(PROVENANCE);
        let old = match fs::read_to_string(&place) {
            Ok(text) => Some(parse(PROVENANCE, &text)?),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(Error::new(PROVENANCE, "could not be read").because(e)),
        };
        let provenance = Provenance::of(&input, &version, old);
        write(root, FRAGMENT, &new_text)?;
        write(root, PROVENANCE, &pretty(&provenance))?;
    }
    Ok(report)
}

/// The notes that are not settled in the committed fragment.
fn notes(fragment: &Fragment, committed: &Value) -> Vec<String> {
    let is_new = |pointer: &String| committed.pointer(pointer).is_none();
    let notes = fragment.notes.iter();
    notes
        .filter(|note| note.component.as_ref().is_none_or(is_new))
        .map(|note| note.text.clone())
        .collect()
}

fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| {
        let place = format!("{name}:{}:{}", e.line(), e.column());
        Error::new(place, "not what this tool writes").because(e)
    })
}

fn pretty(value: &impl Serialize) -> String {
    // Neither a value nor a struct of strings has a key that is no string.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

fn write(root: &Path, name: &str, text: &str) -> Result<()> {
    fs::write(root.join(name), text)
        .map_err(|e| Error::new(name, "could not be written").because(e))
}
