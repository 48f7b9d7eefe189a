//! Cuts a part out of Webflow's published description, as an OpenAPI document that the generator
//! reads.
//!
//! `read` → `select` (with `operation` and `convert`) → `name` → `profile` → `overlay` → `words` →
//! `order`; `diff` compares the result with the previous fragment.

mod body;
mod combine;
pub mod convert;
pub mod diff;
mod example;
pub mod facts;
pub mod file;
mod fragment;
pub mod key;
pub mod lock;
mod media;
mod merge;
mod name;
mod operation;
pub mod order;
pub mod overlay;
mod parameter;
mod profile;
pub mod project;
mod provenance;
mod published;
pub mod read;
pub mod readme;
pub mod recipe;
mod references;
pub mod report;
pub mod select;
mod shape;
pub mod share;
mod shared;
pub mod source;
mod strict;
pub mod text;
pub mod version;
pub mod words;

use serde_json::Value;

use crate::{
    cut::{lock::Lock, read::Input, recipe::Recipe, select::Selection, source::Source},
    error::Result,
};

/// What to cut out, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which operations.
    pub selection: Selection,
    /// Their names, and where the fragment differs from the description.
    pub recipe: Recipe,
    /// The names that were given before.
    pub lock: Lock,
    /// Whether the description's words are taken over.
    pub words: bool,
    /// The version of the crate that owns the types.
    pub crate_version: Option<semver::Version>,
}

impl Plan {
    /// A plan without recipe, names and words.
    #[must_use]
    pub fn of(selection: Selection) -> Self {
        Self {
            selection,
            recipe: Recipe::default(),
            lock: Lock::default(),
            words: false,
            crate_version: None,
        }
    }
}

/// A part of a description.
#[derive(Debug)]
pub struct Fragment {
    /// The OpenAPI document, in version 3.0.3.
    pub document: Value,
    /// The names that were given.
    pub lock: Lock,
    /// What was requested and the description lacks.
    pub missing: Vec<String>,
    /// What a maintainer should know.
    pub notes: Vec<String>,
}

/// Cuts a part out of a description.
///
/// # Errors
///
/// With file and place, if the document is no description, or lacks what is required.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use webflow_codegen::cut::{Plan, cut, read, select::Selection};
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("v2.yml");
/// # std::fs::write(&path, "openapi: 3.1.0\ninfo: {title: Data, version: 2.0.0}\npaths: {/sites: {get: {operationId: list-sites, responses: {'200': {description: Sites}}}}}")?;
/// let description = read::read(&path)?;
/// let fragment = cut(&description, &Plan::of(Selection::All))?;
/// let operation = &fragment.document["paths"]["/sites"]["get"];
/// assert_eq!(operation["operationId"], "list_sites");
/// # Ok(())
/// # }
/// ```
pub fn cut(input: &Input, plan: &Plan) -> Result<Fragment> {
    let within = |e: crate::error::Error| e.within(&input.path);
    let source = Source::new(&input.document)
        .map_err(within)?
        .with_words(plan.words);
    let settings = &plan.recipe.settings;
    let cut = select::cut(&source, &plan.selection, &plan.recipe, &plan.lock).map_err(within)?;
    let missing = cut.missing.clone();
    let mut fragment = name::name(cut, settings, &plan.lock);
    profile::apply(&mut fragment);
    let mut notes: Vec<String> = source.notes().into_iter().collect();
    notes.extend(std::mem::take(&mut fragment.notes));
    let published = (!plan.recipe.actions.is_empty()).then(|| fragment.document.clone());
    let applied = overlay::apply(&mut fragment.document, &plan.recipe.actions);
    notes.extend(applied?);
    if plan.selection == Selection::Recipe {
        notes.extend(recipe::unused(settings, &fragment));
    }
    let owner = settings.owner.as_deref().zip(plan.crate_version.as_ref());
    profile::finish(&mut fragment.document, owner);
    if let Some(mut published) = published {
        profile::finish(&mut published, None);
        let facts = [&published, &fragment.document].map(facts::facts);
        fragment.lock.overridden = facts::overridden(&facts[0], &facts[1]);
    }
    Ok(Fragment {
        document: fragment.document,
        lock: fragment.lock,
        missing,
        notes,
    })
}
