//! Failed requests to Webflow, in one line.

use webflow_assets::{Error, explain, types::ApiError};

use crate::command::{Exit, output};

/// A failed request: what was asked for, and why it failed.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) text: String,
    pub(crate) status: Option<u16>,
}

impl Failed {
    /// `what` was asked for, with a token that needs this scope.
    pub(crate) fn new(what: &str, error: &Error<ApiError>, scope: &str) -> Self {
        let why = match error {
            Error::CommunicationError(error)
            | Error::ResponseBodyError(error)
            | Error::InvalidUpgrade(error) => output::request_error(error),
            error => explain(error, &format!("scope {scope}")),
        };
        Self {
            text: format!("{what}: {why}"),
            status: error.status().map(|status| status.as_u16()),
        }
    }

    /// A request that was not sent, or a response that lacks the requested data.
    pub(crate) fn of(text: String) -> Self {
        Self { text, status: None }
    }

    /// Prints the failure and returns how the command ends.
    pub(crate) fn print(&self) -> Exit {
        output::error(&self.text, &[]);
        self.exit()
    }

    pub(crate) fn exit(&self) -> Exit {
        match self.status {
            Some(401) => Exit::Refused,
            _ => Exit::Failure,
        }
    }
}
