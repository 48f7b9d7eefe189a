//! The keywords that are used, those that are left out, and the others.

use serde_json::{Map, Value};

use crate::{cut::source::At, error::Result};

/// The keywords of an object: those that are used, and those that are left out because they
/// say nothing to callers. Any other is an error.
#[derive(Debug)]
pub struct Keywords {
    /// Those that are used.
    pub used: &'static [&'static str],
    /// Those that are left out.
    pub left_out: &'static [&'static str],
}

impl Keywords {
    /// Refuses what is neither used nor known to be of no use.
    ///
    /// # Errors
    ///
    /// With the place of such a keyword.
    pub fn check(&self, object: &Map<String, Value>, at: &At) -> Result<()> {
        let known = |key: &str| {
            self.used.contains(&key) || self.left_out.contains(&key) || is_extension(key)
        };
        match object.keys().find(|key| !known(key)) {
            Some(key) => Err(at.child(key).error(format!("`{key}` is not known here"))),
            None => Ok(()),
        }
    }
}

/// Whether a keyword is an extension of OpenAPI. All of them are left out.
#[must_use]
pub fn is_extension(key: &str) -> bool {
    key.starts_with("x-")
}
