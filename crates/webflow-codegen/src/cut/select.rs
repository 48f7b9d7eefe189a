//! Cuts operations out of a description.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    cut::{
        key::{blanked, key},
        lock::Lock,
        operation::{Operation, Reader, names},
        published::{Published, published},
        recipe::Recipe,
        source::{At, Source},
        text,
    },
    error::{Error, Result},
};

/// Which operations a fragment has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Those of the recipe.
    Recipe,
    /// Those with these names: `list-sites` or `list_sites`.
    Operations(Vec<String>),
    /// Those with this tag.
    Tag(String),
    /// All.
    All,
}

/// The parts that a fragment takes from a description: OpenAPI 3.0.3, with every schema inline.
#[derive(Debug)]
pub(super) struct Cut {
    /// The title and the version of the description.
    pub(super) info: Value,
    pub(super) server: String,
    /// The security schemes by name.
    pub(super) security: Map<String, Value>,
    /// The operations that were found, in the order of the recipe or the description.
    pub(super) operations: Vec<Operation>,
    /// What is wanted and was not found.
    pub(super) missing: Vec<String>,
}

/// Cuts the operations out.
/// Fails if one that is required or asked for by name is missing or cannot be sent.
pub(super) fn cut(
    source: &Source<'_>,
    selection: &Selection,
    recipe: &Recipe,
    lock: &Lock,
) -> Result<Cut> {
    let published = published(source, lock)?;
    let path_of = |found: &Published<'_>| {
        let known = lock.paths.get(&blanked(found.path));
        known.map_or(found.path, String::as_str).to_owned()
    };
    let mut missing = Vec::new();
    // Each with its path in the fragment, its name, and whether it is required.
    let mut wanted: Vec<(&Published<'_>, String, String, bool)> = Vec::new();
    match selection {
        Selection::Recipe => {
            for entry in &recipe.settings.operations {
                let (method, path) = entry.method_and_path();
                let found = published
                    .iter()
                    .find(|operation| operation.key() == key(&method, path));
                match found {
                    Some(found) => {
                        if found.path.ends_with('/') != path.ends_with('/') {
                            source.note(&found.at, &format!("requested as `{path}`"));
                        }
                        let required = recipe.settings.requires.contains(&entry.name);
                        wanted.push((found, path.to_owned(), entry.name.clone(), required));
                    }
                    None => missing.push(format!(
                        "`{}` is missing: the description has no `{}`",
                        entry.name, entry.request
                    )),
                }
            }
        }
        Selection::Operations(ids) => {
            for id in ids {
                let name = text::snake(id);
                let found = published.iter().find(|operation| operation.name == name);
                let found = found.ok_or_else(|| {
                    let message =
                        format!("no operation `{id}`; `--all --report` lists their names");
                    Error::new("/paths", message)
                })?;
                wanted.push((found, path_of(found), found.name.clone(), true));
            }
        }
        Selection::Tag(_) | Selection::All => {
            let is_wanted = |operation: &&Published<'_>| match selection {
                Selection::Tag(tag) => operation.tags().any(|found| found == tag),
                _ => true,
            };
            wanted.extend(
                published
                    .iter()
                    .filter(is_wanted)
                    .map(|found| (found, path_of(found), found.name.clone(), false)),
            );
            if let (Selection::Tag(tag), true) = (selection, wanted.is_empty()) {
                let tags: BTreeSet<&str> = published.iter().flat_map(Published::tags).collect();
                let tags = Vec::from_iter(tags).join("`, `");
                let message = format!("no operation has the tag `{tag}`; there are `{tags}`");
                return Err(Error::new("/paths", message));
            }
        }
    }
    let is_named = *selection == Selection::Recipe;
    for (found, ..) in wanted.iter().filter(|_| !is_named) {
        if found.is_named_by_path {
            let text = format!("no id of its own; named `{}`", found.name);
            source.note(&found.at, &text);
        }
    }
    let reader = Reader { source };
    let mut operations = Vec::new();
    for (found, path, name, required) in wanted {
        let shared_at = found.at.parent().child("parameters");
        let shared = source.given(found.item, "parameters", &found.at.parent());
        let shared = (shared, shared_at);
        let target = (found.method, path.as_str(), name.as_str());
        match reader.operation(target, found.path, found.value, shared, &found.at) {
            Ok(operation) => operations.push(operation),
            Err(error) => {
                if required || source.is_exhausted() {
                    return Err(error);
                }
                missing.push(format!("`{name}` is left out: {error}"));
            }
        }
    }
    same_parameters(&mut operations);
    let at = At::default();
    let document = at.object(source.root())?;
    Ok(Cut {
        info: info(source, document, &at),
        server: server(source, document, &at),
        security: security(source, &operations),
        operations,
        missing,
    })
}

/// Gives paths that differ in the names of their parameters alone the names of the first, so
/// that they are one path.
fn same_parameters(operations: &mut [Operation]) {
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    for operation in operations {
        let path = first
            .entry(blanked(&operation.path))
            .or_insert_with(|| operation.path.clone());
        for (old, new) in names(&operation.path).zip(names(path)) {
            let parameter = operation
                .parameters
                .iter_mut()
                .find(|p| p.location == "path" && p.name == old);
            if let Some(parameter) = parameter {
                new.clone_into(&mut parameter.name);
            }
        }
        operation.path.clone_from(path);
    }
}

fn info(source: &Source<'_>, document: &Map<String, Value>, at: &At) -> Value {
    let version_at = at.child("info").child("version");
    let info = document.get("info").unwrap_or(&Value::Null);
    let mut version = match info.get("version") {
        Some(Value::String(version)) => version.clone(),
        Some(version) => version.to_string(),
        None => {
            source.note(&version_at, "missing; taken as 0");
            "0".to_owned()
        }
    };
    if !version.is_ascii() {
        let text = "not ASCII, and sent in a header; other letters are left out";
        source.note(&version_at, text);
        version.retain(|letter| letter.is_ascii());
    }
    let title = info
        .get("title")
        .and_then(Value::as_str)
        .unwrap_or_default();
    json!({ "title": title, "version": version })
}

fn server(source: &Source<'_>, document: &Map<String, Value>, at: &At) -> String {
    const DEFAULT: &str = "https://api.webflow.com/v2";
    let servers = document.get("servers").and_then(Value::as_array);
    let servers = servers.map(Vec::as_slice).unwrap_or_default();
    if servers.len() != 1 {
        source.note(
            &at.child("servers"),
            "expected one server; the first is taken",
        );
    }
    let url = servers
        .first()
        .and_then(|server| server.get("url")?.as_str());
    url.unwrap_or(DEFAULT).to_owned()
}

/// What the fragment takes from a security scheme.
#[rustfmt::skip]
const SECURITY_SCHEME: [&str; 7] = [
    "type", "flows", "scheme", "bearerFormat", "name", "in", "openIdConnectUrl",
];

/// What it takes from a flow of OAuth.
const FLOW: [&str; 4] = ["authorizationUrl", "tokenUrl", "refreshUrl", "scopes"];

/// The security schemes that the operations name, with the scopes that they require.
fn security(source: &Source<'_>, operations: &[Operation]) -> Map<String, Value> {
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for operation in operations {
        let ways = operation.security.as_array().into_iter().flatten();
        for (name, scopes) in ways.filter_map(Value::as_object).flatten() {
            let scopes = scopes.as_array().into_iter().flatten();
            let used = used.entry(name).or_default();
            used.extend(scopes.filter_map(Value::as_str));
        }
    }
    let mut schemes = Map::new();
    for (name, used) in used {
        let scheme = source
            .root()
            .pointer("/components/securitySchemes")
            .and_then(|schemes| schemes.get(name)?.as_object());
        let Some(scheme) = scheme else {
            let at = At::default().child("components").child("securitySchemes");
            source.note(&at.child(name), "missing; its operations name it");
            continue;
        };
        let mut kept = picked(scheme, &SECURITY_SCHEME);
        let flows = kept.get_mut("flows").and_then(Value::as_object_mut);
        for flow in flows.into_iter().flat_map(Map::values_mut) {
            let found = flow.as_object().map(|flow| picked(flow, &FLOW));
            *flow = found.unwrap_or_default().into();
            if let Some(scopes) = flow.get_mut("scopes").and_then(Value::as_object_mut) {
                scopes.retain(|scope, _| used.contains(scope.as_str()));
                // Their descriptions are words.
                scopes.values_mut().for_each(|words| *words = "".into());
            }
        }
        schemes.insert(name.to_owned(), kept.into());
    }
    schemes
}

fn picked(object: &Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    let picked = keys.iter().filter_map(|key| object.get_key_value(*key));
    picked
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
