//! Every part of a description is cut out and generated, and named alike: a made-up description
//! with every construct, and Webflow's own where `WEBFLOW_DESCRIPTION` names it.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use serde_json::{Map, Value};
use tempfile::TempDir;
use webflow_codegen::{
    Build,
    cut::{Fragment, Plan, cut, diff, order, read, read::Input, select::Selection, words},
};

/// The made-up description, and Webflow's own if there is one.
pub(crate) fn descriptions() -> Vec<Input> {
    let made_up = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data.yml");
    let own = env::var_os("WEBFLOW_DESCRIPTION").map(PathBuf::from);
    let files = [made_up].into_iter().chain(own);
    files.map(|file| read::read(&file).unwrap()).collect()
}

/// Webflow's own versions: those in the directory `WEBFLOW_HISTORY`, in the order of their names,
/// and `WEBFLOW_DESCRIPTION`.
pub(crate) fn history() -> Vec<PathBuf> {
    let dir = env::var_os("WEBFLOW_HISTORY");
    let entries = dir.into_iter().flat_map(|dir| fs::read_dir(dir).unwrap());
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.extend(env::var_os("WEBFLOW_DESCRIPTION").map(PathBuf::from));
    files
}

pub(crate) fn part(description: &Input, selection: Selection) -> Fragment {
    let plan = Plan::of(selection);
    let mut fragment = cut(description, &plan).unwrap();
    words::fill(&mut fragment.document);
    order::order(&mut fragment.document, &plan.recipe.settings);
    fragment
}

/// The generated client.
pub(crate) fn generated(fragment: &Fragment) -> String {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("fragment.json");
    fs::write(&file, fragment.document.to_string()).unwrap();
    let built = Build::new(file.to_str().unwrap()).generate();
    built.unwrap_or_else(|e| panic!("{e:?}")).client
}

pub(crate) fn tags(description: &Input) -> BTreeSet<String> {
    let paths = description.document["paths"].as_object().unwrap();
    let operations = paths
        .values()
        .filter_map(Value::as_object)
        .flat_map(Map::values);
    let first = operations.filter_map(|operation| operation.pointer("/tags/0")?.as_str());
    first.map(str::to_owned).collect()
}

fn schemas(fragment: &Fragment) -> &Map<String, Value> {
    fragment.document["components"]["schemas"]
        .as_object()
        .unwrap()
}

/// What a type of a part has, the type of the same name has in the whole.
fn assert_named_alike(part: &Fragment, whole: &Fragment) {
    for (place, name) in &part.lock.types {
        assert_eq!(whole.lock.types.get(place), Some(name), "{place}");
    }
    for (name, schema) in schemas(part) {
        let other = schemas(whole).get(name);
        let other = other.unwrap_or_else(|| panic!("{name} is not in the whole"));
        let fields = schema.get("properties").and_then(Value::as_object);
        for field in fields.into_iter().flat_map(Map::keys) {
            assert!(other["properties"].get(field).is_some(), "{name}.{field}");
        }
    }
}

#[test]
fn each_operation_and_each_tag_alone_is_generated_and_named_as_in_the_whole() {
    for description in descriptions() {
        let whole = part(&description, Selection::All);
        let operations = whole.lock.operations.values();
        let alone = operations.map(|name| Selection::Operations(vec![name.clone()]));
        let tagged = tags(&description).into_iter().map(Selection::Tag);
        for selection in alone.chain(tagged) {
            let fragment = part(&description, selection.clone());
            if fragment.lock.operations.is_empty() {
                assert!(!fragment.missing.is_empty(), "{selection:?}");
                continue;
            }
            assert_named_alike(&fragment, &whole);
            let client = generated(&fragment);
            for name in fragment.lock.operations.values() {
                assert!(client.contains(&format!("pub fn {name}(")), "{name}");
            }
        }
        assert!(generated(&whole).contains("pub struct ApiError"));
    }
}

#[test]
fn the_made_up_description_shows_what_is_done_to_each_construct() {
    let fragment = part(&descriptions()[0], Selection::All);
    insta::assert_snapshot!(
        "constructs",
        serde_json::to_string_pretty(&fragment.document["paths"]).unwrap()
    );
    insta::assert_snapshot!(
        "schemas",
        serde_json::to_string_pretty(schemas(&fragment)).unwrap()
    );
    insta::assert_snapshot!(
        "notes",
        [fragment.missing, fragment.notes].concat().join("\n")
    );
}

/// The public signatures of a generated client, each with the operation or the type that it is of.
fn signatures(client: &str) -> BTreeSet<(String, String)> {
    let mut owner = String::new();
    let mut signatures = BTreeSet::new();
    // Builders repeat what types and operations are.
    let mut builder_end = None;
    for line in client.lines() {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().starts_with("pub mod builder") {
            builder_end = Some(format!("{}}}", " ".repeat(indent)));
        }
        if let Some(end) = &builder_end {
            if line == end {
                builder_end = None;
            }
            continue;
        }
        let line = line.trim();
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let (Some("pub"), Some("struct" | "enum" | "fn"), Some(name)) =
            (words.next(), words.next(), words.next())
        {
            name.clone_into(&mut owner);
        }
        let is_module = line.starts_with("pub mod") || line.starts_with("pub use");
        if line.starts_with("pub ") && !is_module && owner != "builder" {
            signatures.insert((owner.clone(), line.to_owned()));
        }
    }
    signatures
}

/// Cuts each description with the names of the one before, and asserts that what differs in the
/// generated code is what the comparison says.
fn assert_names_last(versions: &[Input]) {
    let mut plan = Plan::of(Selection::All);
    let mut before: Option<(Fragment, BTreeSet<(String, String)>)> = None;
    for version in versions {
        let mut fragment = cut(version, &plan).unwrap();
        words::fill(&mut fragment.document);
        order::order(&mut fragment.document, &plan.recipe.settings);
        let new = signatures(&generated(&fragment));
        if let Some((old_fragment, old)) = &before {
            assert_eq!(old_fragment.lock.renamed(&fragment.lock), [""; 0]);
            let differences = diff::diff(&old_fragment.document, &fragment.document);
            let told: BTreeSet<&str> = differences
                .iter()
                .filter_map(|difference| difference.place.split(['.', ' ']).next())
                .collect();
            for (owner, line) in old.symmetric_difference(&new) {
                assert!(told.contains(owner.as_str()), "{owner}: {line}");
            }
        }
        plan.lock = fragment.lock.clone();
        before = Some((fragment, new));
    }
}

#[test]
fn names_last_through_versions_and_only_what_the_comparison_says_differs() {
    let text = include_str!("../fixtures/data.yml");
    let renamed = text
        .replace("operationId: get-site", "operationId: site-details")
        .replace("{form_id}", "{id}")
        .replace("name: form_id", "name: id")
        .replace(
            "shortName: {",
            "checksum: { type: string }\n        shortName: {",
        );
    let dir = TempDir::new().unwrap();
    let mut versions = Vec::new();
    for (name, text) in [("one.yml", text), ("two.yml", &renamed)] {
        let file = dir.path().join(name);
        fs::write(&file, text).unwrap();
        versions.push(read::read(&file).unwrap());
    }
    assert_names_last(&versions);
    let mut files = history();
    files.retain(|file| !file.to_string_lossy().contains("beta"));
    let versions: Vec<Input> = files.iter().map(|file| read::read(file).unwrap()).collect();
    assert_names_last(&versions);
}
