//! A recipe: which operations a fragment has, what its types are called, and where it
//! deliberately differs from the description.
//!
//! A recipe is an OpenAPI Overlay 1.0 document. Its actions are applied to the fragment; what an
//! overlay cannot express is in the extension `x-webflow-codegen`.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    cut::read::Input,
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
        let recipe: Self = serde_json::from_value(input.document.clone())
            .map_err(|e| Error::new(&input.name, "not a recipe").because(e))?;
        if recipe.overlay != "1.0" && !recipe.overlay.starts_with("1.0.") {
            let message = format!("Overlay `{}`; expected 1.0", recipe.overlay);
            return Err(Error::new(format!("{}#/overlay", input.name), message));
        }
        for (index, wanted) in recipe.settings.operations.iter().enumerate() {
            if wanted.request.split_once(" /").is_none() {
                let place = format!("{}#/x-webflow-codegen/operations/{index}", input.name);
                return Err(Error::new(place, "expected a request such as `GET /sites`"));
            }
        }
        for (place, name) in &recipe.settings.schemas {
            if !name.is_string() {
                let place = format!("{}#/x-webflow-codegen/schemas/{place}", input.name);
                return Err(Error::new(place, "expected a name"));
            }
        }
        Ok(recipe)
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
