//! Cuts operations out of a description.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    cut::{
        key::{METHODS, blanked, key},
        lock::Lock,
        operation::{Operation, Reader, names},
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
    /// The server's address.
    pub(super) server: String,
    /// The security schemes by name.
    pub(super) security: Map<String, Value>,
    /// The operations that were found, in the order of the recipe or the description.
    pub(super) operations: Vec<Operation>,
    /// What is wanted and was not found.
    pub(super) missing: Vec<String>,
}

/// The methods that every generated client has.
const OWN: [&str; 6] = [
    "api_version",
    "baseurl",
    "client",
    "inner",
    "new",
    "new_with_client",
];

/// The members of a path that are no operations.
const ITEM: [&str; 5] = ["$ref", "description", "parameters", "servers", "summary"];

/// An operation of the description.
#[derive(Clone, Debug)]
pub(super) struct Published<'a> {
    /// The method in lower case.
    pub(super) method: &'static str,
    /// The path template.
    pub(super) path: &'a str,
    /// What the operation is called in a fragment, if no recipe says otherwise.
    pub(super) name: String,
    is_named_by_path: bool,
    item: &'a Map<String, Value>,
    value: &'a Value,
    at: At,
}

impl Published<'_> {
    /// The identity of an operation: the method, and the path without the names of its parameters.
    pub(super) fn key(&self) -> String {
        key(self.method, self.path)
    }

    fn tags(&self) -> impl Iterator<Item = &str> {
        let tags = self.value.get("tags").and_then(Value::as_array);
        tags.into_iter().flatten().filter_map(Value::as_str)
    }
}

/// Whether requests can be sent to a path: each brace is closed, and no two parameters have one
/// name or none.
fn is_template(path: &str) -> bool {
    let mut names = names(path).collect::<Vec<_>>();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    let braces: String = path.chars().filter(|c| "{}".contains(*c)).collect();
    braces == "{}".repeat(count)
        && names.len() == count
        && !names.contains(&"")
        && !path.contains(['?', '#'])
}

/// The operations of a description, with names that no two of them share.
pub(super) fn published<'a>(source: &Source<'a>, lock: &Lock) -> Result<Vec<Published<'a>>> {
    let at = At::default();
    let document = at.object(source.root())?;
    let (paths, paths_at) = at.member(document, "paths")?;
    let mut operations = Vec::new();
    for (path, item) in paths_at.object(paths)? {
        if path.starts_with("x-") {
            continue;
        }
        let at = paths_at.child(path);
        if !path.starts_with('/') {
            source.note(&at, "does not begin with `/`; left out");
            continue;
        }
        if !is_template(path) {
            source.note(&at, "no path template; left out");
            continue;
        }
        let followed = source.follow(item, at.clone());
        let Some((item, at)) = followed
            .ok()
            .and_then(|(item, at)| Some((item.as_object()?, at)))
        else {
            source.note(&at, "no object; left out");
            continue;
        };
        let start = operations.len();
        for (key, value) in item {
            let method = METHODS.iter().find(|m| key.eq_ignore_ascii_case(m));
            let at = at.child(key);
            match method {
                Some(&method) if key == method || !item.contains_key(method) => {
                    if key != method {
                        source.note(&at, &format!("read as `{method}`"));
                    }
                    operations.push(Published {
                        method,
                        path,
                        name: String::new(),
                        is_named_by_path: false,
                        item,
                        value,
                        at,
                    });
                }
                None if ITEM.contains(&key.as_str()) || key.starts_with("x-") => {}
                _ => source.note(&at, "no operation that a client can have; left out"),
            }
        }
        // Which operation gets a name that several want does not depend on their order.
        operations[start..]
            .sort_by_key(|found| METHODS.iter().position(|method| *method == found.method));
    }
    let mut keys = BTreeSet::new();
    operations.retain(|operation| {
        let is_new = keys.insert(operation.key());
        if !is_new {
            let text = "another path has the same template; left out";
            source.note(&operation.at, text);
        }
        is_new
    });
    let id = |operation: &Published<'_>| {
        let id = operation.value.get("operationId").and_then(Value::as_str);
        text::snake(id.unwrap_or_default())
    };
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for operation in &operations {
        *ids.entry(id(operation)).or_default() += 1;
    }
    let mut taken: BTreeSet<String> = lock.operations.values().cloned().collect();
    for operation in &mut operations {
        if let Some(name) = lock.operations.get(&operation.key()) {
            operation.name.clone_from(name);
            continue;
        }
        let mut name = id(operation);
        // An id that two operations share is the name of neither, nor is one of the client's own
        // methods.
        if !name.starts_with(|c: char| c.is_ascii_alphabetic())
            || ids[&name] > 1
            || OWN.contains(&name.as_str())
        {
            let fixed = operation.path.split(['{', '}']).step_by(2);
            let fixed: Vec<&str> = fixed.collect();
            name = text::snake(&format!("{} {}", operation.method, fixed.join(" ")));
            operation.is_named_by_path = true;
        }
        let base = name.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        operation.name = name;
    }
    Ok(operations)
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
                let mut tags: Vec<&str> = published.iter().flat_map(Published::tags).collect();
                tags.sort_unstable();
                tags.dedup();
                let tags = tags.join("`, `");
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
