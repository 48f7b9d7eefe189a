//! What Webflow answered instead, in a line.

use webflow_assets::{Error, explain, types::ApiError};

use crate::output;

/// A request that failed: what was asked for, and why it is not there.
pub(crate) struct Failed {
    pub(crate) text: String,
    pub(crate) status: Option<u16>,
}

impl Failed {
    /// `what` was asked for, with a token that needs this scope.
    pub(crate) fn new(what: &str, error: &Error<ApiError>, scope: &str) -> Self {
        let why = explain(error, &format!("scope {scope}"));
        Self {
            text: format!("{what}: {why}"),
            status: error.status().map(|status| status.as_u16()),
        }
    }

    pub(crate) fn print(&self) {
        output::error(&self.text, &[]);
    }
}
