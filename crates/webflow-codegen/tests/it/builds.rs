//! The crate builds with what each edit of the description gives.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    process::Command,
};

use webflow_codegen::cut::{read, select::Selection};

use crate::{
    edits::EDITS,
    project::{FRAGMENT, Project, root},
    whole::{generated, history, part},
};

/// What the library is built from, and what its manifest names.
const PARTS: [&str; 9] = [
    "Cargo.lock",
    "README.md",
    "build.rs",
    "benches",
    "examples",
    "src",
    "tests",
    "cli",
    "crates",
];

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// A project whose library can be built.
fn library() -> Project {
    let project = Project::new();
    for part in PARTS {
        copy(&root().join(part), &project.path(part));
    }
    project
}

/// Asserts that the library builds with its fragment.
fn assert_builds(project: &Project, what: &str) {
    // The dependencies are those that are built for the project itself.
    let executable = Path::new(env!("CARGO_BIN_EXE_webflow-codegen"));
    let output = Command::new(env!("CARGO"))
        .args(["check", "--lib", "--locked", "--offline"])
        .current_dir(project.dir.path())
        .env("CARGO_TARGET_DIR", executable.ancestors().nth(2).unwrap())
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}:\n{log}");
}

/// Builds the library with its dependencies: minutes on a clean machine. Run it by
/// `cargo test -p webflow-codegen -- --ignored`.
#[test]
#[ignore = "builds the crate once for each edit"]
fn the_library_builds_after_each_edit() {
    let project = library();
    let committed = project.read(FRAGMENT);
    for edit in &EDITS {
        fs::write(project.path(FRAGMENT), &committed).unwrap();
        let outcome = project.spec(edit.description(), &[]);
        assert_eq!(outcome.code, 0, "{}: {}", edit.name, outcome.error);
        assert_ne!(project.read(FRAGMENT), committed, "{}", edit.name);
        assert_builds(&project, edit.name);
    }
}

/// Webflow's own versions: those in the directory `WEBFLOW_HISTORY`, and `WEBFLOW_DESCRIPTION`.
#[test]
#[ignore = "builds the crate once for each version of the description"]
fn the_library_builds_with_each_version_or_its_report_says_first_what_it_lacks() {
    let project = library();
    let committed = project.read(FRAGMENT);
    for file in history() {
        fs::write(project.path(FRAGMENT), &committed).unwrap();
        let checked = project.spec_file(&file, &["--check"]);
        assert!([0, 1].contains(&checked.code), "{}", checked.error);
        assert_eq!(project.read(FRAGMENT), committed);
        let outcome = project.spec_file(&file, &[]);
        assert_eq!(outcome.code, 0, "{}", outcome.error);
        let name = file.display().to_string();
        if outcome.report.contains("does not build with this fragment") {
            // Not captured, as what `println!` says would be.
            let lacks = outcome.report.split("\nChanges").next().unwrap_or_default();
            let _ = writeln!(io::stderr(), "{lacks}");
        } else {
            assert_builds(&project, &name);
        }
        let description = read::read(&file).unwrap();
        let whole = part(&description, Selection::All);
        let client = generated(&whole);
        let count = whole.lock.operations.len();
        let lines = client.lines().count();
        let missing = whole.missing.join("\n");
        let _ = writeln!(
            io::stderr(),
            "{name}: {count} operations, {lines} lines\n{missing}"
        );
    }
}
