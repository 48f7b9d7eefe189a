//! Generates a Webflow client whose inner value is a `webflow_assets::Context`.
//!
//! This file knows nothing of one description or package. The build script of this crate reads
//! it, and so can that of any other generated Webflow client: see `examples/other-client`.

use std::{collections::BTreeSet, fs, path::Path};

use proc_macro2::{Group, Literal, TokenStream, TokenTree};
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use schemars::schema::{InstanceType, SchemaObject};
use serde_json::{Map, Value};

/// The schema that every error of Webflow's has.
const ERROR_SCHEMA: &str = "#/components/schemas/ApiError";

pub(crate) type Result<T, E = String> = std::result::Result<T, E>;

/// Builders, hooks that must be there, and secrets that are never printed.
pub(crate) fn settings() -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote::quote!(::webflow_assets::Context))
        .with_map_type("::std::collections::BTreeMap")
        .with_conversion(
            password(Some(InstanceType::String)),
            "::webflow_assets::Secret",
            std::iter::empty::<TypeImpl>(),
        )
        .with_conversion(
            password(None),
            "::webflow_assets::Secret<::serde_json::Value>",
            std::iter::empty::<TypeImpl>(),
        );
    settings
}

/// The schema that a description marks its secrets with: a text, or anything.
fn password(instance_type: Option<InstanceType>) -> SchemaObject {
    SchemaObject {
        instance_type: instance_type.map(Into::into),
        format: Some("password".to_owned()),
        ..Default::default()
    }
}

/// An OpenAPI description on its way to the generator.
#[derive(Clone)]
pub(crate) struct Description {
    /// Where it was read from, for messages.
    pub(crate) file: String,
    pub(crate) json: Value,
}

impl Description {
    /// Reads a description, by its path in the package.
    pub(crate) fn read(file: &str) -> Result<Self> {
        println!("cargo::rerun-if-changed={file}");
        let text = fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
        let json = serde_json::from_str(&text).map_err(|e| format!("{file}: {e}"))?;
        let file = file.to_owned();
        Ok(Self { file, json })
    }

    /// The description as the generator takes it.
    pub(crate) fn openapi(&self) -> Result<openapiv3::OpenAPI> {
        serde_json::from_value(self.json.clone()).map_err(|e| format!("{}: {e}", self.file))
    }

    /// What to say where the description is not as it should be.
    pub(crate) fn expected(&self, pointer: &str, what: &str) -> String {
        format!("{}#{pointer}: expected {what}", self.file)
    }

    /// Gives every operation one success, `2XX`, and one error, `4XX` and `5XX`.
    ///
    /// The live service answers 202 where 200 is documented, and five statuses of one schema would
    /// become five arms that leave every other status without a type.
    fn fold_responses(mut self) -> Result<Self> {
        let shared = self
            .json
            .pointer("/components/responses")
            .cloned()
            .unwrap_or_default();
        let mut json = self.json.take();
        let paths = json
            .pointer_mut("/paths")
            .and_then(Value::as_object_mut)
            .filter(|paths| !paths.is_empty())
            .ok_or_else(|| self.expected("/paths", "an object with operations"))?;
        for (path, item) in paths {
            let place = format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"));
            let item = item
                .as_object_mut()
                .ok_or_else(|| self.expected(&place, "an object"))?;
            for (method, operation) in item {
                let place = format!("{place}/{method}/responses");
                let responses = operation
                    .get_mut("responses")
                    .and_then(Value::as_object_mut)
                    .ok_or_else(|| self.expected(&place, "an object"))?;
                self.fold(responses, &shared, &place)?;
            }
        }
        self.json = json;
        Ok(self)
    }

    fn fold(&self, responses: &mut Map<String, Value>, shared: &Value, place: &str) -> Result<()> {
        let statuses: BTreeSet<String> = responses.keys().cloned().collect();
        let (success, errors): (Vec<_>, Vec<_>) = statuses.iter().partition(|s| s.starts_with('2'));
        let [success] = success[..] else {
            return Err(self.expected(place, "exactly one success status"));
        };
        for status in &errors {
            let place = format!("{place}/{status}");
            let response = &responses[status.as_str()];
            let response = match response.get("$ref").and_then(Value::as_str) {
                Some(reference) => reference
                    .strip_prefix("#/components/responses/")
                    .and_then(|name| shared.get(name))
                    .ok_or_else(|| {
                        self.expected(&place, "a reference into /components/responses")
                    })?,
                None => response,
            };
            let schema = response.pointer("/content/application~1json/schema/$ref");
            if schema.and_then(Value::as_str) != Some(ERROR_SCHEMA) {
                return Err(self.expected(&place, &format!("the schema {ERROR_SCHEMA}")));
            }
        }
        let Some(error) = errors.first() else {
            return Err(self.expected(place, "an error status"));
        };
        let error = responses[error.as_str()].clone();
        let success = responses[success].clone();
        responses.clear();
        responses.insert("2XX".to_owned(), success);
        responses.insert("4XX".to_owned(), error.clone());
        responses.insert("5XX".to_owned(), error);
        Ok(())
    }
}

/// The client of a description whose statuses are those that Webflow documents.
pub(crate) fn client(raw: &Description, settings: &GenerationSettings) -> Result<syn::File> {
    let client = Generator::new(settings)
        .generate_tokens(&raw.clone().fold_responses()?.openapi()?)
        .map_err(|e| format!("{}: {e}", raw.file))?;
    syn::parse2(short_names(client)).map_err(|e| format!("generated client: {e}"))
}

/// Names a type in messages as people call it: ``conversion to `SiteId` for …``, without the path
/// of a type that the schema is replaced with.
fn short_names(tokens: TokenStream) -> TokenStream {
    let short = |token| match token {
        TokenTree::Group(group) => {
            let mut new = Group::new(group.delimiter(), short_names(group.stream()));
            new.set_span(group.span());
            TokenTree::Group(new)
        }
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            let name = text
                .strip_prefix("\"conversion to `")
                .and_then(|rest| rest.split_once('`'))
                .and_then(|(path, rest)| Some((path.rsplit_once("::")?.1, rest)));
            TokenTree::Literal(match name {
                Some((name, rest)) => {
                    let text = format!("conversion to `{name}`{}", rest.trim_end_matches('"'));
                    Literal::string(&text)
                }
                None => literal,
            })
        }
        token => token,
    };
    tokens.into_iter().map(short).collect()
}

/// Writes a generated file into `OUT_DIR`, in the form in which people read it.
pub(crate) fn write(name: &str, file: &syn::File) -> Result<()> {
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    let path = Path::new(&out).join(name);
    fs::write(&path, prettyplease::unparse(file)).map_err(|e| format!("{}: {e}", path.display()))
}
