//! A copy of what the task reads and writes, and how the task is run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;
pub(crate) use webflow_codegen::cut::project::FRAGMENT;

/// The made-up description.
pub(crate) const DESCRIPTION: &str = include_str!("../fixtures/description.yml");

/// The names in the fragment.
pub(crate) const NAMES: &str = "openapi/webflow-assets.names.json";

/// Where the fragment comes from.
pub(crate) const PROVENANCE: &str = "openapi/provenance.json";

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A project with a manifest and `openapi/`, in a directory of its own.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) dir: TempDir,
}

/// What a run printed.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) report: String,
    pub(crate) error: String,
}

impl Project {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let project = Self { dir };
        fs::create_dir(project.path("openapi")).unwrap();
        for file in [
            "Cargo.toml",
            FRAGMENT,
            NAMES,
            PROVENANCE,
            "openapi/webflow-assets.yaml",
        ] {
            fs::copy(root().join(file), project.path(file)).unwrap();
        }
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The file as it is.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The fragment as a value.
    pub(crate) fn fragment(&self) -> Value {
        serde_json::from_str(&self.read(FRAGMENT)).unwrap()
    }

    /// Runs the task over `description`.
    pub(crate) fn spec(&self, description: impl AsRef<[u8]>, options: &[&str]) -> Outcome {
        let file = self.path("description.yml");
        fs::write(&file, description).unwrap();
        self.spec_file(&file, options)
    }

    /// Runs the task over the file at `description`.
    pub(crate) fn spec_file(&self, description: &Path, options: &[&str]) -> Outcome {
        let output = Command::new(env!("CARGO_BIN_EXE_webflow-codegen"))
            .arg("spec")
            .arg(description)
            .arg("--root")
            .arg(self.dir.path())
            .args(options)
            .output()
            .unwrap();
        Outcome {
            code: output.status.code().expect("an exit code"),
            report: String::from_utf8(output.stdout).unwrap(),
            error: String::from_utf8(output.stderr)
                .unwrap()
                .replace(&format!("{}/", self.dir.path().display()), ""),
        }
    }
}

/// `text` with `new` where `old` stood, which it must do once.
pub(crate) fn replaced(text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "{old:?} must stand once");
    text.replace(old, new)
}
