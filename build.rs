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
use progenitor::{GenerationSettings, Generator, TypeImpl, TypePatch};
use serde_json::{Map, Value};
use syn::parse::Parser;

const FRAGMENT: &str = "openapi/webflow-assets.json";

/// Set where the feature `schemars` is on.
const SCHEMARS: &str = "CARGO_FEATURE_SCHEMARS";

/// Schemas that are types of this crate, and their paths.
const OWN: [(&str, &str); 4] = [
    ("AssetId", "::webflow_assets::AssetId"),
    ("FileHash", "::webflow_assets::Md5"),
    ("FolderId", "::webflow_assets::FolderId"),
    ("SiteId", "::webflow_assets::SiteId"),
];

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
    let mut client = generator::client(&raw, &settings)?;
    if env::var_os(SCHEMARS).is_some() {
        add_limits(&raw, &mut client)?;
    }
    check_client(&raw, &mut client)?;
    use_own_types(&raw, &mut client)?;
    generator::write("client.rs", &client)?;
    generator::write("hooks.rs", &hooks(&raw)?)?;

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

/// The hooks of the client, which check every success that is JSON.
fn hooks(raw: &Description) -> Result<syn::File> {
    let items = raw.json.pointer("/paths").and_then(Value::as_object);
    let operations = items
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_object)
        .flat_map(Map::values)
        .filter(|operation| {
            let responses = operation.get("responses").and_then(Value::as_object);
            responses.into_iter().flatten().any(|(status, response)| {
                status.starts_with('2') && response.pointer("/content/application~1json").is_some()
            })
        })
        .filter_map(|operation| operation.get("operationId")?.as_str())
        .map(|name| syn::parse_str(name).map_err(|e| format!("{FRAGMENT}: {name}: {e}")))
        .collect::<Result<Vec<syn::Ident>>>()?;
    if operations.is_empty() {
        return Err(raw.expected("/paths", "an operation that answers with JSON"));
    }
    syn::parse2(quote::quote!(client_hooks! { Client: #(#operations),* }))
        .map_err(|e| format!("hooks: {e}"))
}

fn settings() -> GenerationSettings {
    let mut settings = generator::settings();
    for name in GROWING {
        settings.with_patch(name, TypePatch::default().with_attr("#[non_exhaustive]"));
    }
    for (name, path) in OWN {
        let impls = [TypeImpl::Display, TypeImpl::FromStr].into_iter();
        settings.with_replacement(name, path, impls);
    }
    if env::var_os(SCHEMARS).is_some() {
        settings.with_derive("::schemars::JsonSchema");
    }
    settings
}

fn schemas(raw: &Description) -> Result<&Map<String, Value>> {
    raw.json
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .ok_or_else(|| raw.expected("/components/schemas", "an object"))
}

/// Says in the derived schemas what the generated code checks by hand, and the derive cannot see.
fn add_limits(raw: &Description, client: &mut syn::File) -> Result<()> {
    for (name, schema) in schemas(raw)? {
        let limits: Vec<String> = ["pattern", "minLength", "maxLength"]
            .iter()
            .filter_map(|key| Some(format!("{key:?} = {}", schema.get(key)?)))
            .collect();
        if limits.is_empty() || OWN.iter().any(|(own, _)| own == name) {
            continue;
        }
        let attribute = format!("#[schemars(extend({}))]", limits.join(", "));
        let attribute = syn::Attribute::parse_outer
            .parse_str(&attribute)
            .map_err(|e| format!("{attribute}: {e}"))?;
        types(client)?
            .iter_mut()
            .find_map(|item| match item {
                syn::Item::Struct(s) if s.ident == name.as_str() => Some(&mut s.attrs),
                _ => None,
            })
            .ok_or_else(|| format!("generated client: no type `{name}`"))?
            .extend(attribute);
    }
    Ok(())
}

/// Names this crate's own types in the generated module `types`, where their schemas say they are.
fn use_own_types(raw: &Description, client: &mut syn::File) -> Result<()> {
    let schemas = schemas(raw)?;
    let types = types(client)?;
    for (name, path) in OWN {
        if !schemas.contains_key(name) {
            return Err(raw.expected("/components/schemas", &format!("a schema {name}")));
        }
        let text = format!("pub use {path} as {name};");
        types.push(syn::parse_str(&text).map_err(|e| format!("{text}: {e}"))?);
    }
    Ok(())
}

/// The items of the generated module `types`.
fn types(client: &mut syn::File) -> Result<&mut Vec<syn::Item>> {
    client
        .items
        .iter_mut()
        .find_map(|item| match item {
            syn::Item::Mod(module) if module.ident == "types" => module.content.as_mut(),
            _ => None,
        })
        .map(|(_, items)| items)
        .ok_or_else(|| "generated client: no module `types`".to_owned())
}

/// Checks in the generated types that secrets are redacted and that growing types may grow.
fn check_client(raw: &Description, client: &mut syn::File) -> Result<()> {
    let types = types(client)?;

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

    for (name, schema) in schemas(raw)? {
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
