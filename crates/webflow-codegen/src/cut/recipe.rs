//! A recipe: which operations a fragment has, what its types are called, and where it
//! deliberately differs from the description.
//!
//! A recipe is an OpenAPI Overlay 1.0 document. Its actions are applied to the fragment; what an
//! overlay cannot express is in the extension `x-webflow-codegen`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use crate::{
    cut::{
        fragment::Fragment,
        key::{METHODS, key},
        read::Input,
        text,
    },
    error::{Error, Result},
};

/// A recipe.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Recipe {
    /// The version of the Overlay specification.
    pub overlay: String,
    /// What the fragment is made of.
    #[serde(rename = "x-webflow-codegen", default)]
    pub settings: Settings,
    /// The deliberate differences, in the order in which they are applied.
    #[serde(default)]
    pub actions: Vec<Action>,
}

/// The settings that an overlay cannot express.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The crate whose types the schemas are, for other generators.
    #[serde(rename = "crate")]
    pub owner: Option<String>,
    /// The operations in the order of the fragment.
    #[serde(default)]
    pub operations: Vec<Wanted>,
    /// The parameters that have names.
    #[serde(default)]
    pub parameters: Vec<NamedParameter>,
    /// The names of schemas by their places: `list_assets.response`, `Asset.variants`.
    #[serde(default)]
    pub schemas: Map<String, Value>,
    /// The schemas in the order of the fragment.
    #[serde(default)]
    pub order: Vec<String>,
    /// The operations, types and fields that the fragment must have.
    #[serde(default)]
    pub requires: Vec<String>,
    /// What else the code around the client needs: `list_assets.folderId`, `Asset.id`.
    #[serde(default)]
    pub needs: Vec<String>,
}

/// An operation that the fragment has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Its name in the fragment.
    pub name: String,
    /// The method and the path template.
    pub request: String,
}

/// A parameter that has a name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedParameter {
    /// `path`, `query` or `header`.
    #[serde(rename = "in")]
    pub location: String,
    /// Its name in requests.
    pub name: String,
    /// Its name in the fragment.
    #[serde(rename = "as")]
    pub component: String,
}

/// A deliberate difference: an action of an overlay.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What is changed, as a `JSONPath` (RFC 9535).
    pub target: String,
    /// Why.
    #[serde(default)]
    pub description: String,
    /// What is merged into each target.
    pub update: Option<Value>,
    /// Whether the targets are removed.
    #[serde(default)]
    pub remove: bool,
}

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    ///
    /// With file and place, if it is no overlay of version 1.0.
    pub fn read(input: &Input) -> Result<Self> {
        let recipe: Self = serde_path_to_error::deserialize(&input.document).map_err(|e| {
            let place = e
                .path()
                .iter()
                .fold(String::new(), |place, part| match part {
                    Segment::Seq { index } => format!("{place}/{index}"),
                    Segment::Map { key } => format!("{place}/{key}"),
                    _ => place,
                });
            Error::new(format!("{}#{place}", input.path), "not a recipe").because(e.into_inner())
        })?;
        let checked = recipe.check();
        checked.map_err(|(place, text)| Error::new(format!("{}#{place}", input.path), text))?;
        Ok(recipe)
    }

    /// Refuses what would make a fragment of which no code can be generated.
    fn check(&self) -> Result<(), (String, String)> {
        if self.overlay != "1.0" && !self.overlay.starts_with("1.0.") {
            let text = format!("Overlay `{}`; expected 1.0", self.overlay);
            return Err(("/overlay".to_owned(), text));
        }
        let (mut names, mut requests) = (BTreeSet::new(), BTreeSet::new());
        for (index, Wanted { name, request }) in self.settings.operations.iter().enumerate() {
            let failed = |text: String| {
                let place = format!("/x-webflow-codegen/operations/{index}");
                Err((place, text))
            };
            let (method, path) = self.settings.operations[index].method_and_path();
            if !METHODS.contains(&method.as_str()) || !path.starts_with('/') {
                return failed("expected a request such as `GET /sites`".to_owned());
            }
            if text::snake(name) != *name || !name.starts_with(|c: char| c.is_alphabetic()) {
                return failed(format!("`{name}` is no name such as `list_sites`"));
            }
            if !names.insert(name) || !requests.insert(key(&method, path)) {
                return failed(format!("`{name}` or `{request}` stands twice"));
            }
        }
        let schemas = self.settings.schemas.iter();
        let schemas = schemas.map(|(place, name)| (format!("schemas/{place}"), name.as_str()));
        let parameters = self.settings.parameters.iter().enumerate();
        let parameters = parameters.map(|(index, named)| {
            let place = format!("parameters/{index}");
            (place, Some(named.component.as_str()))
        });
        for (place, name) in schemas.chain(parameters) {
            let name = name.unwrap_or_default();
            if text::pascal(name) != name || !name.starts_with(|c: char| c.is_alphabetic()) {
                let text = format!("expected a name such as `SiteList`, found `{name}`");
                return Err((format!("/x-webflow-codegen/{place}"), text));
            }
        }
        for (index, action) in self.actions.iter().enumerate() {
            if action.update.is_some() == action.remove {
                let text = "expected either `update` or `remove: true`".to_owned();
                return Err((format!("/actions/{index}"), text));
            }
        }
        Ok(())
    }
}

impl Wanted {
    /// The method in lower case, and the path template.
    #[must_use]
    pub fn method_and_path(&self) -> (String, &str) {
        let (method, path) = self.request.split_once(' ').unwrap_or(("", &self.request));
        (method.to_ascii_lowercase(), path.trim())
    }
}

/// What the settings name and the fragment does not have.
pub(super) fn unused(settings: &Settings, fragment: &Fragment) -> Vec<String> {
    let has = |kind: &str, name: &str| {
        let components = &fragment.document["components"];
        components[kind].get(name).is_some()
    };
    let parameters = settings.parameters.iter();
    let parameters = parameters.filter(|named| !has("parameters", &named.component));
    let parameters = parameters.map(|named| ("parameters", named.component.as_str()));
    let places = settings.schemas.keys();
    let places = places.filter(|place| !fragment.lock.types.contains_key(*place));
    let places = places.map(|place| ("schemas", place.as_str()));
    let order = settings.order.iter().filter(|name| !has("schemas", name));
    let order = order.map(|name| ("order", name.as_str()));
    let unused = parameters.chain(places).chain(order);
    unused
        .map(|(list, name)| format!("`{list}` of the recipe: the fragment has no `{name}`"))
        .collect()
}
