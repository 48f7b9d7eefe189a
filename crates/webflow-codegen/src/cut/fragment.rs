//! The fragment that is being made, and how its parts refer to each other.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cut::{lock::Lock, text::pascal};

/// The fragment that is being made.
#[derive(Debug)]
pub(super) struct Fragment {
    pub(super) document: Value,
    /// What a maintainer should know.
    pub(super) notes: BTreeSet<String>,
    /// The names that were given.
    pub(super) lock: Lock,
}

/// `X-RateLimit-Limit` is `RateLimitLimit`.
pub(super) fn header_name(header: &str) -> String {
    pascal(header.strip_prefix("X-").unwrap_or(header))
}
