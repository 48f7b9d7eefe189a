//! What Webflow answered instead, in a line.

use webflow_assets::{Error, types::ApiError};

use crate::output;

/// A request that failed: what was asked for, and why it is not there.
pub(crate) struct Failed {
    pub(crate) text: String,
    pub(crate) causes: Vec<String>,
    pub(crate) status: Option<u16>,
}

impl Failed {
    /// `what` was asked for, with a token that needs this scope.
    pub(crate) fn new(what: &str, error: &Error<ApiError>, scope: &str) -> Self {
        let status = error.status().map(|status| status.as_u16());
        let mut causes = Vec::new();
        let answer = match (error, status) {
            (Error::InvalidRequest(reason) | Error::Custom(reason), _) => format!(": {reason}"),
            (Error::ErrorResponse(response), Some(status)) => {
                let code = response.code.as_ref();
                let code = code.map_or_else(String::new, |code| format!(" {code}"));
                format!(": {status}{code}{}", message(response))
            }
            (
                Error::CommunicationError(error)
                | Error::ResponseBodyError(error)
                | Error::InvalidUpgrade(error),
                _,
            ) => {
                causes.push(error.to_string());
                causes.extend(output::causes(error));
                String::new()
            }
            (_, Some(status)) => format!(": {status}, with a body that is no answer"),
            (_, None) => String::new(),
        };
        let hint = match status {
            Some(401) => format!(" (is the token valid, and does it have the scope {scope}?)"),
            _ => String::new(),
        };
        Self {
            text: format!("{what}{answer}{hint}"),
            causes,
            status,
        }
    }

    pub(crate) fn print(&self) {
        output::error(&self.text, &self.causes);
    }
}

/// The start of the first line: a proxy's page has many.
fn message(error: &ApiError) -> String {
    let line = error
        .message
        .as_deref()
        .and_then(|text| text.lines().next());
    line.map_or_else(String::new, |line| {
        ": ".chars().chain(line.chars().take(200)).collect()
    })
}
