//! Generates the client (`client.rs`) and the typed mock helpers (`mock.rs`) into `OUT_DIR`
//! from `openapi/webflow-assets.json`.
//!
//! The fragment says what Webflow documents. Where the generator needs another shape, it is
//! changed here, and each change checks that it took place: the generator ignores a misspelt
//! name without a word.

#[path = "build/generator.rs"]
mod generator;

use std::{collections::BTreeSet, env};

use generator::{Description, Result};
use progenitor::{GenerationSettings, Generator, TypePatch};
use serde_json::{Map, Value};

const FRAGMENT: &str = "openapi/webflow-assets.json";

/// Types that gain fields or variants whenever Webflow's description does.
const GROWING: [&str; 11] = [
    "ApiError",
    "Asset",
    "AssetFolder",
    "AssetFolderList",
    "AssetList",
    "AssetUpload",
    "AssetVariant",
    "ErrorCode",
    "KnownErrorCode",
    "Pagination",
    "UploadDetails",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    if let Err(error) = run() {
        println!("cargo::error={error}");
    }
}

fn run() -> Result<()> {
    let raw = Description::read(FRAGMENT)?;
    let settings = settings();
    let client = generator::client(&raw, &settings)?;
    check_client(&raw, &client)?;
    generator::write("client.rs", &client)?;

    // From the fragment as it is: named helpers such as `too_many_requests` exist only for
    // explicit statuses.
    if env::var_os("CARGO_FEATURE_HTTPMOCK").is_some() {
        let mock = Generator::new(&settings)
            .httpmock(&raw.openapi()?, "crate")
            .map_err(|e| format!("{FRAGMENT}: {e}"))?;
        let mock = syn::parse2(mock).map_err(|e| format!("generated mock helpers: {e}"))?;
        generator::write("mock.rs", &mock)?;
    }
    Ok(())
}

fn settings() -> GenerationSettings {
    let mut settings = generator::settings();
    for name in GROWING {
        settings.with_patch(name, TypePatch::default().with_attr("#[non_exhaustive]"));
    }
    if env::var_os("CARGO_FEATURE_SCHEMARS").is_some() {
        settings.with_derive("::schemars::JsonSchema");
    }
    settings
}

/// Checks in the generated types that secrets are redacted and that growing types may grow.
fn check_client(raw: &Description, client: &syn::File) -> Result<()> {
    let types = client
        .items
        .iter()
        .find_map(|item| match item {
            syn::Item::Mod(module) if module.ident == "types" => module.content.as_ref(),
            _ => None,
        })
        .map(|(_, items)| items)
        .ok_or("generated client: no module `types`")?;

    let non_exhaustive: BTreeSet<String> = types
        .iter()
        .filter_map(|item| match item {
            syn::Item::Struct(s) => Some((&s.ident, &s.attrs)),
            syn::Item::Enum(e) => Some((&e.ident, &e.attrs)),
            _ => None,
        })
        .filter(|(_, attrs)| attrs.iter().any(|a| a.path().is_ident("non_exhaustive")))
        .map(|(ident, _)| ident.to_string())
        .collect();
    if let Some(missing) = GROWING.iter().find(|name| !non_exhaustive.contains(**name)) {
        return Err(format!(
            "generated client: `{missing}` is not `#[non_exhaustive]`"
        ));
    }

    let schemas = raw
        .json
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .ok_or_else(|| raw.expected("/components/schemas", "an object"))?;
    for (name, schema) in schemas {
        let properties = schema.get("properties").and_then(Value::as_object);
        let secrets = properties
            .into_iter()
            .flat_map(Map::values)
            .chain(schema.get("additionalProperties"))
            .filter(|property| property.get("format").and_then(Value::as_str) == Some("password"))
            .count();
        let redacted = types
            .iter()
            .filter_map(|item| match item {
                syn::Item::Struct(s) if s.ident == name.as_str() => Some(&s.fields),
                _ => None,
            })
            .flatten()
            .filter(|field| {
                let ty = &field.ty;
                quote::quote!(#ty)
                    .to_string()
                    .contains("webflow_assets :: Secret")
            })
            .count();
        if redacted != secrets {
            let place = format!("/components/schemas/{name}");
            let what = format!("{secrets} secret fields, generated {redacted}");
            return Err(raw.expected(&place, &what));
        }
    }
    Ok(())
}
