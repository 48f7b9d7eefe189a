//! Values that must not be printed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that serialises as itself and is never printed.
///
/// The OpenAPI fragment marks its secrets with `format: password`; the generated types hold them
/// as `Secret`. `Debug` writes `[redacted]`, and there is no `Display`.
///
/// ```
/// let policy: webflow_assets::Secret = "eyJleHBpcmF0aW9u".into();
/// assert_eq!(format!("{policy:?}"), "[redacted]");
/// assert_eq!(policy.expose(), "eyJleHBpcmF0aW9u");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(extend("format" = "password")))]
pub struct Secret<T = String>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Keep it out of logs and error messages.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}
