//! The crate's version, and the one that a change requires.

use std::{fs, path::Path};

use semver::Version;
use serde::Deserialize;

use crate::error::{Error, Result};

#[derive(Deserialize)]
struct Manifest {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    version: Version,
}

/// How a change affects the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Callers compile and run as before, and can do more.
    Added,
    /// Callers may have to change their code.
    Breaking,
}

/// The version in the manifest of the crate that `file` belongs to.
///
/// # Errors
///
/// If no directory above it has a manifest with a version.
pub fn of_crate(file: &Path) -> Result<Version> {
    let shown = file.display().to_string();
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let manifest = file.ancestors().skip(1).map(|dir| dir.join("Cargo.toml"));
    let found = manifest.into_iter().find(|manifest| manifest.is_file());
    let found = found.ok_or_else(|| {
        let message = "no Cargo.toml above it has the version that `crate` of the recipe needs; \
                       leave `crate` out if no package owns the types";
        Error::new(shown, message)
    })?;
    let place = found.display().to_string();
    let text = fs::read_to_string(&found)
        .map_err(|e| Error::new(&place, "could not be read").because(e))?;
    let manifest: Manifest =
        toml::from_str(&text).map_err(|e| Error::new(&place, "has no version").because(e))?;
    Ok(manifest.package.version)
}

/// The first version that `version` is compatible with.
#[must_use]
pub fn first_compatible(version: &Version) -> Version {
    match (version.major, version.minor) {
        (0, 0) => Version::new(0, 0, version.patch),
        (0, minor) => Version::new(0, minor, 0),
        (major, _) => Version::new(major, 0, 0),
    }
}

/// The version after `version` that `change` requires, and which of its numbers is raised.
#[must_use]
pub fn next(version: &Version, change: Change) -> (Version, &'static str) {
    let Version {
        major,
        minor,
        patch,
        ..
    } = *version;
    match (major, change) {
        (0, Change::Breaking) => (Version::new(0, minor + 1, 0), "minor"),
        (0, Change::Added) => (Version::new(0, minor, patch + 1), "patch"),
        (_, Change::Breaking) => (Version::new(major + 1, 0, 0), "major"),
        (_, Change::Added) => (Version::new(major, minor + 1, 0), "minor"),
    }
}
