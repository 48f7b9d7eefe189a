//! The crate builds with what each edit of the description gives.

use std::{fs, path::Path, process::Command};

use crate::{
    edits::EDITS,
    project::{FRAGMENT, Project, root},
};

/// What the library is built from, and what its manifest names.
const PARTS: [&str; 8] = [
    "Cargo.lock",
    "README.md",
    "build.rs",
    "benches",
    "examples",
    "src",
    "tests",
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

/// Builds the library with its dependencies: minutes on a clean machine. Run it by
/// `cargo test -p webflow-codegen -- --ignored`.
#[test]
#[ignore = "builds the crate once for each edit"]
fn the_library_builds_after_each_edit() {
    let project = Project::new();
    for part in PARTS {
        copy(&root().join(part), &project.path(part));
    }
    // The dependencies are those that are built for the project itself.
    let executable = Path::new(env!("CARGO_BIN_EXE_webflow-codegen"));
    let target = executable.ancestors().nth(2).unwrap();
    let committed = project.read(FRAGMENT);
    for edit in &EDITS {
        fs::write(project.path(FRAGMENT), &committed).unwrap();
        let outcome = project.spec(edit.description(), &[]);
        assert_eq!(outcome.code, 0, "{}: {}", edit.name, outcome.error);
        assert_ne!(project.read(FRAGMENT), committed, "{}", edit.name);
        let output = Command::new(env!("CARGO"))
            .args(["check", "--lib", "--locked"])
            .current_dir(project.dir.path())
            .env("CARGO_TARGET_DIR", target)
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}:\n{log}", edit.name);
    }
}
