//! Generates the client (`client.rs`) and the typed mock helpers (`mock.rs`) into `OUT_DIR`
//! from `openapi/webflow-assets.json`.
//!
//! The fragment says what Webflow documents. Where the generator needs another shape, it is
//! changed here, and each change checks that it took place: the generator ignores a misspelt
//! name without a word.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl, TypePatch};
use schemars::schema::{InstanceType, SchemaObject};
use serde_json::{Map, Value};

const FRAGMENT: &str = "openapi/webflow-assets.json";

/// The error statuses that Webflow documents for every operation.
const ERROR_STATUSES: [&str; 5] = ["400", "401", "404", "429", "500"];

const ERROR_SCHEMA: &str = "#/components/schemas/ApiError";

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

type Result<T, E = String> = std::result::Result<T, E>;

fn main() {
    println!("cargo::rerun-if-changed={FRAGMENT}");
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(error) = run() {
        println!("cargo::error={error}");
    }
}

fn run() -> Result<()> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(|e| e.to_string())?);
    let out = PathBuf::from(env::var("OUT_DIR").map_err(|e| e.to_string())?);
    let text =
        fs::read_to_string(manifest.join(FRAGMENT)).map_err(|e| format!("{FRAGMENT}: {e}"))?;
    let raw: Value = serde_json::from_str(&text).map_err(|e| format!("{FRAGMENT}: {e}"))?;

    let mut folded = raw.clone();
    fold_responses(&mut folded)?;
    generate(&raw, &folded, &out)
}

fn generate(raw: &Value, folded: &Value, out: &Path) -> Result<()> {
    let settings = settings();
    let client = Generator::new(&settings)
        .generate_tokens(&openapi(folded)?)
        .map_err(|e| format!("{FRAGMENT}: {e}"))?;
    let client = syn::parse2(client).map_err(|e| format!("generated client: {e}"))?;
    check_client(raw, &client)?;
    write(&out.join("client.rs"), &client)?;

    // From the fragment as it is: named helpers such as `too_many_requests` exist only for
    // explicit statuses.
    if env::var_os("CARGO_FEATURE_HTTPMOCK").is_some() {
        let mock = Generator::new(&settings)
            .httpmock(&openapi(raw)?, "crate")
            .map_err(|e| format!("{FRAGMENT}: {e}"))?;
        let mock = syn::parse2(mock).map_err(|e| format!("generated mock helpers: {e}"))?;
        write(&out.join("mock.rs"), &mock)?;
    }
    Ok(())
}

fn settings() -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote::quote!(crate::context::Context))
        .with_map_type("::std::collections::BTreeMap")
        .with_conversion(
            password(Some(InstanceType::String)),
            "crate::Secret",
            std::iter::empty::<TypeImpl>(),
        )
        .with_conversion(
            password(None),
            "crate::Secret<::serde_json::Value>",
            std::iter::empty::<TypeImpl>(),
        );
    for name in GROWING {
        settings.with_patch(name, TypePatch::default().with_attr("#[non_exhaustive]"));
    }
    if env::var_os("CARGO_FEATURE_SCHEMARS").is_some() {
        settings.with_derive("::schemars::JsonSchema");
    }
    settings
}

/// The schema that the fragment marks its secrets with: a text, or anything.
fn password(instance_type: Option<InstanceType>) -> SchemaObject {
    SchemaObject {
        instance_type: instance_type.map(Into::into),
        format: Some("password".to_owned()),
        ..Default::default()
    }
}

/// Gives every operation one success, `2XX`, and one error, `4XX` and `5XX`.
///
/// The live service answers 202 where 200 is documented, and five statuses of one schema would
/// become five arms that leave every other status without a type.
fn fold_responses(document: &mut Value) -> Result<()> {
    let shared = document
        .pointer("/components/responses")
        .cloned()
        .unwrap_or_default();
    let paths = object_at(document, "/paths")?;
    let mut operations = 0;
    for (path, item) in paths {
        let place = format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"));
        let item = item
            .as_object_mut()
            .ok_or_else(|| expected(&place, "an object"))?;
        for (method, operation) in item {
            let place = format!("{place}/{method}/responses");
            let responses = operation
                .get_mut("responses")
                .and_then(Value::as_object_mut)
                .ok_or_else(|| expected(&place, "an object"))?;
            fold(responses, &shared, &place)?;
            operations += 1;
        }
    }
    if operations == 0 {
        return Err(expected("/paths", "at least one operation"));
    }
    Ok(())
}

fn fold(responses: &mut Map<String, Value>, shared: &Value, place: &str) -> Result<()> {
    let statuses: BTreeSet<String> = responses.keys().cloned().collect();
    let (success, errors): (Vec<_>, Vec<_>) = statuses.iter().partition(|s| s.starts_with('2'));
    let [success] = success[..] else {
        return Err(expected(place, "exactly one success status"));
    };
    if let Some(missing) = ERROR_STATUSES.iter().find(|s| !statuses.contains(**s)) {
        return Err(expected(&format!("{place}/{missing}"), "a response"));
    }
    for status in &errors {
        let place = format!("{place}/{status}");
        let response = &responses[status.as_str()];
        let response = match response.get("$ref").and_then(Value::as_str) {
            Some(reference) => reference
                .strip_prefix("#/components/responses/")
                .and_then(|name| shared.get(name))
                .ok_or_else(|| expected(&place, "a reference into /components/responses"))?,
            None => response,
        };
        let schema = response.pointer("/content/application~1json/schema/$ref");
        if schema.and_then(Value::as_str) != Some(ERROR_SCHEMA) {
            return Err(expected(&place, &format!("the schema {ERROR_SCHEMA}")));
        }
    }
    let error = responses[ERROR_STATUSES[0]].clone();
    let success = responses[success].clone();
    responses.clear();
    responses.insert("2XX".to_owned(), success);
    responses.insert("4XX".to_owned(), error.clone());
    responses.insert("5XX".to_owned(), error);
    Ok(())
}

fn object_at<'a>(document: &'a mut Value, pointer: &str) -> Result<&'a mut Map<String, Value>> {
    document
        .pointer_mut(pointer)
        .and_then(Value::as_object_mut)
        .ok_or_else(|| expected(pointer, "an object"))
}

fn expected(pointer: &str, what: &str) -> String {
    format!("{FRAGMENT}#{pointer}: expected {what}")
}

fn openapi(document: &Value) -> Result<openapiv3::OpenAPI> {
    serde_json::from_value(document.clone()).map_err(|e| format!("{FRAGMENT}: {e}"))
}

/// Checks in the generated types that secrets are redacted and that growing types may grow.
fn check_client(raw: &Value, client: &syn::File) -> Result<()> {
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
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .ok_or_else(|| expected("/components/schemas", "an object"))?;
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
                quote::quote!(#ty).to_string().contains("crate :: Secret")
            })
            .count();
        if redacted != secrets {
            let place = format!("/components/schemas/{name}");
            let what = format!("{secrets} secret fields, generated {redacted}");
            return Err(expected(&place, &what));
        }
    }
    Ok(())
}

fn write(path: &Path, file: &syn::File) -> Result<()> {
    fs::write(path, prettyplease::unparse(file)).map_err(|e| format!("{}: {e}", path.display()))
}
