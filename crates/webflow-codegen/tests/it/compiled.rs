//! What is generated compiles, without a warning, and holds the description's own examples.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Write as _},
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;
use webflow_codegen::cut::{Fragment, read::Input, select::Selection};

use crate::{
    examples::{Example, Kind, difference, examples},
    judge::Verdict,
    project::root,
    whole::{descriptions, generated, part, tags},
};

/// A package with generated clients as modules, beside the packages of the project.
struct Package(TempDir);

impl Package {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        fs::create_dir(dir.path().join("src")).unwrap();
        let root = root().canonicalize().unwrap();
        fs::copy(root.join("Cargo.lock"), dir.path().join("Cargo.lock")).unwrap();
        let manifest = format!(
            "[package]\nname = \"generated\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [workspace]\n[profile.dev]\ndebug = false\n[dependencies]\n\
             progenitor-client = \"0.15.1\"\nserde = {{ version = \"1\", features = [\"derive\"] }}\n\
             serde_json = \"1\"\nreqwest = {{ version = \"0.13.4\", default-features = false, features = [\"json\", \"query\", \"stream\"] }}\n\
             webflow-assets = {{ path = \"{}\", default-features = false }}\n",
            root.display()
        );
        fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
        Self(dir)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join("src").join(name), text).unwrap();
    }

    /// Runs Cargo with the dependencies that are built for the project itself.
    fn cargo(&self, arguments: &[&str]) -> Output {
        let executable = Path::new(env!("CARGO_BIN_EXE_webflow-codegen"));
        Command::new(env!("CARGO"))
            .args(arguments)
            .args(["--offline", "--quiet"])
            .current_dir(self.0.path())
            .env("CARGO_TARGET_DIR", executable.ancestors().nth(2).unwrap())
            .output()
            .unwrap()
    }
}

/// Checks packages with a module for each selection: one for all would take gigabytes.
fn assert_compiles(description: &Input, selections: &[Selection]) {
    let (mut parts, mut lines) = (0, 0);
    for selections in selections.chunks(40) {
        let package = Package::new();
        let mut modules = Vec::new();
        for (index, selection) in selections.iter().enumerate() {
            let fragment = part(description, selection.clone());
            if !fragment.lock.operations.is_empty() {
                let client = generated(&fragment);
                lines += client.lines().count();
                parts += 1;
                package.write(&format!("part{index}.rs"), &client);
                modules.push(format!("pub mod part{index};\n"));
            }
        }
        package.write("lib.rs", &modules.concat());
        let output = package.cargo(&["check"]);
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && log.is_empty(), "{log}");
    }
    // Not captured, as what `println!` says would be.
    let _ = writeln!(
        io::stderr(),
        "{}: {parts} clients, {lines} lines",
        description.name
    );
}

#[test]
#[ignore = "compiles generated clients: a minute"]
fn all_together_and_three_tags_compile_without_a_warning() {
    for description in descriptions() {
        let tags = tags(&description).into_iter().map(Selection::Tag).take(3);
        let selections: Vec<Selection> = [Selection::All].into_iter().chain(tags).collect();
        assert_compiles(&description, &selections);
    }
}

/// Minutes: `WEBFLOW_EACH=1 WEBFLOW_DESCRIPTION=v2.yml cargo test -p webflow-codegen --all-features
/// each_operation_and_each_tag_compiles -- --ignored`.
#[test]
#[ignore = "compiles each operation and each tag by itself if WEBFLOW_EACH is set: minutes"]
fn each_operation_and_each_tag_compiles_without_a_warning() {
    let own = std::env::var_os("WEBFLOW_EACH").map_or(1, |_| usize::MAX);
    for description in descriptions().iter().take(own) {
        let whole = part(description, Selection::All);
        let operations = whole.lock.operations.into_values();
        let alone = operations.map(|name| Selection::Operations(vec![name]));
        let tags = tags(description).into_iter().map(Selection::Tag);
        assert_compiles(description, &alone.chain(tags).collect::<Vec<_>>());
    }
}

/// Decodes values as generated types, and encodes them again.
struct Program(Package);

impl Program {
    fn new(fragment: &Fragment, examples: &[Example]) -> Self {
        let package = Package::new();
        package.write("client.rs", &generated(fragment));
        let types: BTreeSet<&String> = examples.iter().map(|example| &example.rust_type).collect();
        let arms = types
            .iter()
            .map(|name| format!("{name:?} => round::<{name}>(value),\n"));
        let program = format!(
            "#![allow(dead_code)]\nmod client;\nuse client::types;\nuse serde_json::Value;\n\
             fn round<T: serde::Serialize + serde::de::DeserializeOwned>(value: Value) -> Value {{\n\
             match serde_json::from_value::<T>(value) {{\n\
             Ok(value) => serde_json::to_value(value).unwrap_or_default(),\n\
             Err(error) => error.to_string().into(),\n}}\n}}\n\
             fn main() {{\nlet text = std::fs::read_to_string(\"values.json\").unwrap();\n\
             let values: Vec<(String, Value)> = serde_json::from_str(&text).unwrap();\n\
             let values = values.into_iter().map(|(name, value)| match name.as_str() {{\n\
             {}_ => unreachable!(),\n}});\n\
             println!(\"{{}}\", Value::from_iter(values));\n}}\n",
            arms.collect::<String>()
        );
        package.write("main.rs", &program);
        Self(package)
    }

    fn round_trip(&self, values: &[(&String, &Value)]) -> Vec<Value> {
        let text = serde_json::to_string(values).unwrap();
        fs::write(self.0.0.path().join("values.json"), text).unwrap();
        let output = self.0.cargo(&["run"]);
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{log}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// What comes of an example, in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// It comes back.
    Exact,
    /// It comes back but for fields that its schema does not declare.
    Declared,
    /// It does not, and contradicts its schema.
    Contradicts,
    /// It does not, and its schema allows it.
    Wrong,
}

/// What comes of an example that is `whole` after a round trip, and what is declared of it `part`.
fn outcome(example: &Example, verdict: &Verdict, whole: &Value, part: &Value) -> (Outcome, String) {
    let (declared, undeclared) = (&verdict.declared, &verdict.undeclared);
    let is_back = |value| difference(declared, value, "").is_none();
    // A request is not received: what is sent is what is declared.
    let is_received = example.kind == Kind::Request || is_back(whole);
    if !undeclared.is_empty() && is_received && is_back(part) {
        return (Outcome::Declared, undeclared.join(" "));
    }
    match &verdict.contradiction {
        Some(cause) if example.kind != Kind::Error => (Outcome::Contradicts, cause.clone()),
        _ => {
            let lost = difference(&example.value, whole, "");
            (Outcome::Wrong, lost.unwrap_or_default())
        }
    }
}

/// What comes of the examples of a description: the counts, and a line for each that is not exact.
fn outcomes(description: &Input) -> String {
    let fragment = part(description, Selection::All);
    let examples = examples(description, &fragment);
    let program = Program::new(&fragment, &examples);
    let values = examples.iter();
    let values = values.map(|example| (&example.rust_type, &example.value));
    let whole = program.round_trip(&values.collect::<Vec<_>>());
    let mut lines = BTreeSet::new();
    let mut counts = BTreeMap::<(Kind, Outcome), usize>::new();
    let mut differing = Vec::new();
    for (example, whole) in examples.iter().zip(&whole) {
        if difference(&example.value, whole, "").is_some() {
            differing.push((example, example.judge(&description.document), whole));
        } else {
            *counts.entry((example.kind, Outcome::Exact)).or_default() += 1;
        }
    }
    let declared = differing.iter();
    let declared = declared.map(|(example, verdict, _)| (&example.rust_type, &verdict.declared));
    let parts = program.round_trip(&declared.collect::<Vec<_>>());
    for ((example, verdict, whole), part) in differing.iter().zip(&parts) {
        let (outcome, cause) = outcome(example, verdict, whole, part);
        *counts.entry((example.kind, outcome)).or_default() += 1;
        let (place, name) = (&example.place, &example.rust_type);
        lines.insert(format!("{outcome:?}: {place} as {name}: {cause:.300}\n"));
    }
    let counts = counts.iter();
    let counts = counts.map(|((kind, outcome), count)| format!("{kind:?} {outcome:?}: {count}\n"));
    counts.chain(lines).collect()
}

#[test]
#[ignore = "compiles a generated client: a minute"]
fn the_descriptions_own_examples_decode_and_encode_back() {
    for description in descriptions() {
        let outcomes = outcomes(&description);
        // Not captured, as what `println!` says would be.
        let _ = writeln!(io::stderr(), "{}:\n{outcomes}", description.name);
        assert!(!outcomes.contains("Wrong"), "{outcomes}");
        if description.name == "data.yml" {
            insta::assert_snapshot!(outcomes);
        }
    }
}
