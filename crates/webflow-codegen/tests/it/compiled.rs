//! What is generated compiles, without a warning, and holds the description's own examples.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;
use webflow_codegen::cut::{read::Input, select::Selection};

use crate::{
    examples::{Example, Kind, examples},
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

/// A program that decodes each example as its type, encodes it again, and prints what it is then.
fn round_trip(description: &Input) -> Vec<(Example, serde_json::Value)> {
    let fragment = part(description, Selection::All);
    let examples = examples(description, &fragment);
    let package = Package::new();
    package.write("client.rs", &generated(&fragment));
    let arms = examples.iter().enumerate().map(|(index, example)| {
        let (kind, value) = (&example.rust_type, example.value.to_string());
        format!("    print::<{kind}>({index}, r####\"{value}\"####);\n")
    });
    let arms: Vec<String> = arms.collect();
    // One function for all of them would be compiled for minutes.
    let parts = arms.chunks(50).enumerate();
    let parts: Vec<String> = parts
        .map(|(index, arms)| format!("fn part{index}() {{\n{}}}\n", arms.concat()))
        .collect();
    let calls = (0..parts.len()).map(|index| format!("    part{index}();\n"));
    let program = format!(
        "#![allow(dead_code)]\nmod client;\nuse client::types;\n\
         fn print<T: serde::Serialize + serde::de::DeserializeOwned>(index: usize, text: &str) {{\n\
         let value = match serde_json::from_str::<T>(text) {{\n\
         Ok(value) => serde_json::to_value(value).unwrap_or_default(),\n\
         Err(error) => error.to_string().into(),\n}};\n\
         println!(\"{{}}\", serde_json::json!([index, value]));\n}}\n{}fn main() {{\n{}}}\n",
        parts.concat(),
        calls.collect::<String>()
    );
    package.write("main.rs", &program);
    let output = package.cargo(&["run"]);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let values = printed.lines().map(|line| {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        value[1].take()
    });
    examples.into_iter().zip(values).collect()
}

#[test]
#[ignore = "compiles a generated client: a minute"]
fn the_descriptions_own_examples_decode_and_encode_back() {
    for description in descriptions() {
        let all = round_trip(&description);
        let mut wrong = Vec::new();
        for kind in [Kind::Error, Kind::Response, Kind::Request] {
            let of_kind = all.iter().filter(|(example, _)| example.kind == kind);
            let count = of_kind.clone().count();
            let mut failed = Vec::new();
            for (example, value) in of_kind {
                if let Some(difference) = example.difference(value) {
                    let cause = example.contradiction.as_deref();
                    let line = format!(
                        "{} as {}: {difference:.300}\n    its schema: {:.200}\n",
                        example.place,
                        example.rust_type,
                        cause.unwrap_or("allows it")
                    );
                    if cause.is_none() || kind == Kind::Error {
                        wrong.push(line.clone());
                    }
                    failed.push(line);
                }
            }
            // Not captured, as what `println!` says would be.
            let _ = writeln!(
                io::stderr(),
                "{}: {kind:?}: {} of {count} come back\n{}",
                description.name,
                count - failed.len(),
                failed.concat()
            );
        }
        assert!(wrong.is_empty(), "{}", wrong.concat());
    }
}
