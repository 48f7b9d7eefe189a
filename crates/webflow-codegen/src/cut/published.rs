//! Finds the operations of a description, and names them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::{
    cut::{
        key::{METHODS, key},
        lock::Lock,
        operation::names,
        source::{At, Source},
        text,
    },
    error::Result,
};

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
    pub(super) is_named_by_path: bool,
    pub(super) item: &'a Map<String, Value>,
    pub(super) value: &'a Value,
    pub(super) at: At,
}

impl Published<'_> {
    /// The identity of an operation: the method, and the path without the names of its parameters.
    pub(super) fn key(&self) -> String {
        key(self.method, self.path)
    }

    pub(super) fn tags(&self) -> impl Iterator<Item = &str> {
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
    // The number for the next operation that would have a name that is taken.
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
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
        while !taken.insert(name.clone()) {
            let number = numbers.entry(base.clone()).or_insert(1);
            *number += 1;
            name = format!("{base}_{number}");
        }
        operation.name = name;
    }
    Ok(operations)
}
