//! Cuts the asset operations out of a description.

use serde_json::{Map, Value};

use crate::{
    cut::{
        keywords::Keywords,
        operation::{Operation, operation},
        source::{At, Source},
        tables::{OPERATIONS, Wanted},
    },
    error::Result,
};

/// What the fragment takes from a description: OpenAPI 3.0.3, every schema where it is used.
#[derive(Debug)]
pub struct Cut {
    /// The version of the description.
    pub version: String,
    /// The server's address.
    pub server: String,
    /// The security schemes by name.
    pub security: Map<String, Value>,
    /// The operations that were found, in the order of [`OPERATIONS`].
    pub operations: Vec<Operation>,
    /// Those that were not.
    pub missing: Vec<&'static Wanted>,
}

/// Servers of its own would be another place to send requests to: they are not left out.
#[rustfmt::skip]
const PATH_ITEM: Keywords = Keywords {
    used: &["parameters", "get", "post", "patch", "delete"],
    left_out: &["summary", "description", "put", "options", "head", "trace"],
};

/// What the fragment takes from a security scheme.
#[rustfmt::skip]
const SECURITY_SCHEME: [&str; 7] = [
    "type", "flows", "scheme", "bearerFormat", "name", "in", "openIdConnectUrl",
];

/// What it takes from a flow of OAuth.
const FLOW: [&str; 4] = ["authorizationUrl", "tokenUrl", "refreshUrl", "scopes"];

/// Cuts the operations out.
///
/// # Errors
///
/// With the place, if something that is needed is missing, is not what OpenAPI says, or has no
/// form in the fragment.
pub fn cut(source: &Source<'_>) -> Result<Cut> {
    let at = At::default();
    let document = at.object(source.root())?;
    let (info, info_at) = at.member(document, "info")?;
    let (version, version_at) = info_at.member(info_at.object(info)?, "version")?;
    let version = version_at.string(version)?;
    if !version.is_ascii() {
        return Err(version_at.error("not ASCII; the generated client sends it in a header"));
    }
    let (paths, paths_at) = at.member(document, "paths")?;
    let paths = paths_at.object(paths)?;
    let (mut operations, mut missing) = (Vec::new(), Vec::new());
    for wanted in &OPERATIONS {
        // A path is the same path whatever its parameters are called.
        let found = paths
            .iter()
            .find(|(path, _)| blanked(path) == blanked(wanted.path));
        let path = found.map_or(wanted.path, |(path, _)| path.as_str());
        let item_at = paths_at.child(path);
        let item = found
            .map(|(_, item)| source.follow(item, item_at.clone()))
            .transpose()?;
        let found = match &item {
            Some((item, at)) => {
                let object = at.object(item)?;
                PATH_ITEM.check(object, at)?;
                object.get(wanted.method).map(|found| (item, at, found))
            }
            None => None,
        };
        match found {
            Some((item, at, found)) => {
                let shared = (item.get("parameters"), at.child("parameters"));
                let at = at.child(wanted.method);
                operations.push(operation(source, wanted, path, found, shared, at)?);
            }
            None if wanted.needed => {
                let message = format!("missing, and the crate needs `{}`", wanted.name);
                return Err(item_at.child(wanted.method).error(message));
            }
            None => missing.push(wanted),
        }
    }
    Ok(Cut {
        version: version.to_owned(),
        server: server(document, &at)?,
        security: security(source, &operations)?,
        operations,
        missing,
    })
}

/// A path template without the names of its parameters.
fn blanked(path: &str) -> String {
    let parts = path.split(['{', '}']).enumerate();
    parts
        .map(|(index, part)| if index % 2 == 1 { "{}" } else { part })
        .collect()
}

fn server(document: &Map<String, Value>, at: &At) -> Result<String> {
    let (servers, at) = at.member(document, "servers")?;
    let [server] = at.list(servers)? else {
        return Err(at.error("expected one server"));
    };
    let at = at.child(&0);
    let (url, at) = at.member(at.object(server)?, "url")?;
    Ok(at.string(url)?.to_owned())
}

/// The security schemes that the operations name.
fn security(source: &Source<'_>, operations: &[Operation]) -> Result<Map<String, Value>> {
    let mut schemes = Map::new();
    for operation in operations {
        let at = operation.at.child("security");
        for (index, way) in at.list(&operation.security)?.iter().enumerate() {
            let at = at.child(&index);
            for name in at.object(way)?.keys() {
                if schemes.contains_key(name) {
                    continue;
                }
                let name_in_pointer = name.replace('~', "~0").replace('/', "~1");
                let pointer = format!("#/components/securitySchemes/{name_in_pointer}");
                let (scheme, scheme_at) = source.target(&pointer, &at)?;
                let (scheme, scheme_at) = source.follow(scheme, scheme_at)?;
                let scheme = scheme_at.object(scheme)?;
                let mut kept = picked(scheme, &SECURITY_SCHEME);
                if let Some(flows) = kept.get_mut("flows").and_then(Value::as_object_mut) {
                    for flow in flows.values_mut() {
                        let found = flow.as_object().map(|flow| picked(flow, &FLOW));
                        *flow = found.unwrap_or_default().into();
                    }
                }
                schemes.insert(name.clone(), kept.into());
            }
        }
    }
    Ok(schemes)
}

fn picked(object: &Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    let picked = keys.iter().filter_map(|key| object.get_key_value(*key));
    picked
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
