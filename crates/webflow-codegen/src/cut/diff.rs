//! The differences between two fragments, and what they mean for Rust callers.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cut::facts::{Fact, Facts, Kind, facts};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub kind: Kind,
    /// Its place: `Asset.folderId`, `create_asset 403`.
    pub place: String,
    /// What happened to it.
    pub change: String,
    /// Whether callers may have to change their code.
    pub breaking: bool,
}

/// The differences that callers could see. Words, examples and order do not count.
#[must_use]
pub fn diff(old: &Value, new: &Value) -> Vec<Difference> {
    let (old, new) = (facts(old), facts(new));
    let mut differences = Vec::new();
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let (kind, place) = key;
        let mut push = |change: String, breaking| {
            differences.push(Difference {
                kind: *kind,
                place: place.clone(),
                change,
                breaking,
            });
        };
        match (old.get(key), new.get(key)) {
            (Some(fact), None) if is_there(fact, &new) => {
                push("removed".to_owned(), removal(*kind));
            }
            (None, Some(fact)) if is_there(fact, &old) => {
                push(addition_text(fact), addition(*kind, fact));
            }
            (Some(old), Some(new)) => changes(*kind, old, new, &mut push),
            _ => {}
        }
    }
    differences
}

/// Whether the operation or type of a fact is in the other fragment too. If not, only the change
/// of that operation or type is reported.
fn is_there(fact: &Fact, other: &Facts) -> bool {
    fact.part_of
        .as_ref()
        .is_none_or(|whole| other.contains_key(whole))
}

/// Whether a removal is breaking. Callers never name headers or the description.
fn removal(kind: Kind) -> bool {
    !matches!(kind, Kind::Description | Kind::Header)
}

/// Whether an addition is breaking. Types of responses are `#[non_exhaustive]`, those of requests
/// are not: callers may construct them field by field, and match every value.
fn addition(kind: Kind, fact: &Fact) -> bool {
    match kind {
        Kind::Field | Kind::Value => !fact.is_answer,
        Kind::Parameter => fact.required,
        Kind::Body => true,
        Kind::Description | Kind::Operation | Kind::Status | Kind::Header | Kind::Type => false,
    }
}

fn addition_text(fact: &Fact) -> String {
    let required = if fact.required { ", required" } else { "" };
    match fact.says.get("type") {
        Some(kind) => format!("added: `{kind}`{required}"),
        None => "added".to_owned(),
    }
}

fn changes(kind: Kind, old: &Fact, new: &Fact, push: &mut impl FnMut(String, bool)) {
    let nothing = String::new();
    let properties: BTreeSet<_> = old.says.keys().chain(new.says.keys()).collect();
    for property in properties {
        let [before, after] = [old, new].map(|fact| fact.says.get(property).unwrap_or(&nothing));
        if before != after {
            // A header has no type in the generated code.
            let breaking = ["type", "media type"].contains(property) && kind != Kind::Header;
            let text = |text: &String| {
                if text.is_empty() {
                    "nothing".to_owned()
                } else {
                    format!("`{text}`")
                }
            };
            push(
                format!("{property}: {} → {}", text(before), text(after)),
                breaking,
            );
        }
    }
    // A field that is optional, nullable or both is an `Option`; a parameter that is not
    // required may be left out, as before.
    let is_option = |fact: &Fact| fact.nullable || !fact.required;
    let retyped = match kind {
        Kind::Field => is_option(old) != is_option(new),
        Kind::Parameter | Kind::Header => false,
        _ => old.nullable != new.nullable,
    };
    if old.required != new.required {
        let text = if new.required {
            "required now"
        } else {
            "optional now"
        };
        let breaking = match kind {
            Kind::Field => retyped,
            _ => new.required,
        };
        push(text.to_owned(), breaking);
    }
    if old.nullable != new.nullable {
        let text = if new.nullable {
            "may be null now"
        } else {
            "never null now"
        };
        push(text.to_owned(), retyped);
    }
}
