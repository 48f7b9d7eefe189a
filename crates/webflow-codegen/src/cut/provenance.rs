//! Where the fragment comes from: `openapi/provenance.json`.

use serde::{Deserialize, Serialize};

use crate::cut::read::Input;

/// The description that the fragment was made from.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Provenance {
    /// The name of the file, without its directories.
    pub(super) file: String,
    /// Its `info.version`.
    pub(super) version: String,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// The day (UTC) on which the fragment was first made from it.
    pub(super) regenerated: String,
}

impl Provenance {
    /// That of `input`. One and the same file keeps the `old` one, and with it its day.
    pub(super) fn of(input: &Input, version: &str, old: Option<Self>) -> Self {
        if let Some(old) = old.filter(|old| old.sha256 == input.sha256) {
            return old;
        }
        let today = jiff::Timestamp::now()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date();
        Self {
            file: input.name.clone(),
            version: version.to_owned(),
            sha256: input.sha256.clone(),
            regenerated: today.to_string(),
        }
    }
}
