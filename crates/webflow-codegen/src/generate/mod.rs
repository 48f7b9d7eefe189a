//! Generating a client from a fragment, in a build script.

mod client;
mod description;
mod hooks;
mod mock;
mod operation;

use std::{env, error::Error as _, fs, path::Path};

use progenitor::{CrateVers, GenerationSettings, HooksMode, InterfaceStyle, TypeImpl};
use quote::ToTokens as _;
use schemars::schema::{InstanceType, SchemaObject};

use self::description::Description;
use crate::error::{Error, Result};

/// The inner value of a client that `webflow_assets::client_hooks!` serves.
const CONTEXT: &str = "::webflow_assets::Context";

/// The package whose types a schema names under `x-rust-type`.
const OWNER: &str = "webflow-assets";

/// Generates a client from a fragment: OpenAPI 3.0.3 in JSON, as the command `cut` writes it.
///
/// The `main` of a build script is one line:
///
/// ```no_run
/// webflow_codegen::Build::new("openapi/sites.json").run();
/// ```
///
/// The library includes what it writes, by `include!(concat!(env!("OUT_DIR"), "/client.rs"));`.
///
/// The client has builders, and the inner type `webflow_assets::Context`, whose token, pace, retries
/// and uniform errors apply to each operation. Schemas with an `x-rust-type` of `webflow-assets` are
/// the types of that package. Secrets (`format: password`) are `webflow_assets::Secret`. Every type
/// that occurs in a response is `#[non_exhaustive]`.
///
/// The generated code depends on `progenitor-client`, `reqwest`, `serde`, `serde_json` and
/// `webflow-assets`, and needs no TLS: without it, turn off the default features of the latter.
#[derive(Clone, Debug)]
#[must_use = "nothing is generated before `run`"]
pub struct Build {
    fragment: String,
    inner_type: String,
    derives: Vec<String>,
    schemars: bool,
    mock: bool,
    replacements: Vec<(String, String)>,
}

/// The generated files.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Generated {
    /// The client, its types and its hooks.
    pub client: String,
    /// Typed httpmock helpers, if they were asked for.
    pub mock: Option<String>,
}

impl Build {
    /// Generates from this file, whose path is relative to the package.
    pub fn new(fragment: impl Into<String>) -> Self {
        Self {
            fragment: fragment.into(),
            inner_type: CONTEXT.to_owned(),
            derives: Vec::new(),
            schemars: false,
            mock: false,
            replacements: Vec::new(),
        }
    }

    /// The type of the client's inner value, for hooks of your own: `ClientHooks` is then implemented
    /// by hand.
    pub fn inner_type(mut self, path: impl Into<String>) -> Self {
        self.inner_type = path.into();
        self
    }

    /// Derives another trait, such as `::std::hash::Hash`, for every generated type.
    pub fn derive(mut self, path: impl Into<String>) -> Self {
        self.derives.push(path.into());
        self
    }

    /// Derives `schemars::JsonSchema` (version 1) for every generated type, with the patterns and
    /// lengths that the fragment has.
    pub fn schemars(mut self, on: bool) -> Self {
        self.schemars = on;
        self
    }

    /// Writes typed [httpmock](https://docs.rs/httpmock) helpers to `mock.rs` too. They expect the
    /// client at the root of the package, and depend on `httpmock` and `regex`.
    pub fn mock(mut self, on: bool) -> Self {
        self.mock = on;
        self
    }

    /// Uses a type that is written by hand in place of a schema. It has `Display` and `FromStr`.
    pub fn replace(mut self, schema: impl Into<String>, path: impl Into<String>) -> Self {
        self.replacements.push((schema.into(), path.into()));
        self
    }

    /// Writes `client.rs`, and `mock.rs` on request, into `OUT_DIR`.
    ///
    /// An error stops the build with the file and the JSON pointer of its place.
    #[expect(
        clippy::print_stdout,
        reason = "build scripts talk to Cargo by standard output"
    )]
    pub fn run(self) {
        println!("cargo::rerun-if-changed={}", self.fragment);
        let Err(error) = self.generate().and_then(|generated| {
            write("client.rs", &generated.client)?;
            generated
                .mock
                .iter()
                .try_for_each(|mock| write("mock.rs", mock))
        }) else {
            return;
        };
        print!("cargo::error={error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            print!(": {}", error.to_string().replace('\n', " "));
            cause = error.source();
        }
        println!();
    }

    /// Generates without writing.
    ///
    /// # Errors
    ///
    /// If the fragment cannot be read, or has something that cannot be generated faithfully.
    pub fn generate(&self) -> Result<Generated> {
        let raw = Description::read(&self.fragment)?;
        let within = |error: Error| error.within(&self.fragment);
        let settings = self.settings()?;
        let operations = raw.operations().map_err(within)?;
        let mut file = client::generate(&self.fragment, &raw.folded(&operations), &settings)?;
        client::grow(&mut file)?;
        for derive in &self.derives {
            client::derive(&mut file, derive)?;
        }
        if self.schemars {
            client::derive(&mut file, "::schemars::JsonSchema")?;
            client::add_limits(&raw, &mut file, |schema| self.is_elsewhere(schema))?;
        }
        client::check_secrets(&raw, &file).map_err(within)?;
        client::name_replacements(&raw, &mut file, &self.replacements).map_err(within)?;
        if self.inner_type == CONTEXT {
            client::hide_new(&mut file);
            file.items.push(hooks::of(&file)?);
        }
        let client = client::print(file);
        let mock = self
            .mock
            .then(|| mock::generate(&raw, &settings, &operations));
        let mock = mock.transpose()?.map(client::print);
        Ok(Generated { client, mock })
    }

    /// Whether the type of a component is not generated.
    fn is_elsewhere(&self, (name, schema): (&str, &serde_json::Value)) -> bool {
        self.replacements.iter().any(|(own, _)| own == name)
            || !is_owner()
                && schema
                    .pointer("/x-rust-type/crate")
                    .and_then(|c| c.as_str())
                    == Some(OWNER)
    }

    /// Builders, hooks that must be there, and secrets that are never printed.
    fn settings(&self) -> Result<GenerationSettings> {
        let inner_type: syn::Type = syn::parse_str(&self.inner_type)
            .map_err(|e| Error::new(&self.inner_type, "is no path of a type").because(e))?;
        let mut settings = GenerationSettings::default();
        settings
            .with_interface(InterfaceStyle::Builder)
            .with_hooks(HooksMode::Expected)
            .with_inner_type(inner_type.into_token_stream())
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
        for (schema, path) in &self.replacements {
            let impls = [TypeImpl::Display, TypeImpl::FromStr].into_iter();
            settings.with_replacement(schema, path, impls);
        }
        if !is_owner() {
            // Both packages have the same version.
            let version = env!("CARGO_PKG_VERSION");
            let version = CrateVers::parse(version)
                .ok_or_else(|| Error::new(OWNER, format!("{version} is no version")))?;
            settings.with_crate(OWNER, version, None);
        }
        Ok(settings)
    }
}

/// Whether the package that is built is the one whose types are shared, which generates them.
fn is_owner() -> bool {
    env::var("CARGO_PKG_NAME").is_ok_and(|name| name == OWNER)
}

/// The schema that a description marks its secrets with: a text, or anything.
fn password(instance_type: Option<InstanceType>) -> SchemaObject {
    SchemaObject {
        instance_type: instance_type.map(Into::into),
        format: Some("password".to_owned()),
        ..Default::default()
    }
}

/// Writes a generated file into `OUT_DIR`.
fn write(name: &str, text: &str) -> Result<()> {
    let out = env::var_os("OUT_DIR")
        .ok_or_else(|| Error::new("OUT_DIR", "is not set; call `run` in a build script"))?;
    let path = Path::new(&out).join(name);
    fs::write(&path, text)
        .map_err(|e| Error::new(path.display().to_string(), "could not be written").because(e))
}
