//! Why a sub-command fails.

use std::{error::Error as StdError, io};

use webflow_assets::{Error, explain, types::ApiError};

use crate::command::{Exit, output};

/// A failure: what was asked for and why it failed, in a line, and the causes of that.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) text: String,
    pub(crate) causes: Vec<String>,
    pub(crate) status: Option<u16>,
}

impl Failed {
    /// `what` was asked for, with a token that needs this scope.
    pub(crate) fn new(what: &str, error: &Error<ApiError>, scope: &str) -> Self {
        Self {
            status: error.status().map(|status| status.as_u16()),
            ..Self::of(format!("{what}: {}", why(error, &format!("scope {scope}"))))
        }
    }

    /// A request that was not sent, or a response that lacks the requested data.
    pub(crate) fn of(text: String) -> Self {
        let causes = Vec::new();
        Self {
            text,
            causes,
            status: None,
        }
    }

    /// An error with its causes.
    pub(crate) fn from_error(error: &dyn StdError) -> Self {
        Self {
            causes: output::causes(error),
            ..Self::of(error.to_string())
        }
    }

    /// Something that this error prevented.
    pub(crate) fn caused_by(text: String, cause: &dyn StdError) -> Self {
        let mut causes = output::causes(cause);
        causes.insert(0, cause.to_string());
        Self {
            causes,
            ..Self::of(text)
        }
    }

    /// The failure and its causes in one line.
    pub(crate) fn line(&self) -> String {
        let causes = self.causes.iter().map(String::as_str);
        let parts: Vec<&str> = std::iter::once(&*self.text).chain(causes).collect();
        parts.join(": ")
    }

    /// Prints the failure and returns how the command ends.
    pub(crate) fn print(&self) -> Exit {
        output::error(&self.text, &self.causes);
        match self.status {
            Some(401) => Exit::Refused,
            _ => Exit::Failure,
        }
    }
}

/// Why a request failed, in a line, with options of this command.
pub(crate) fn why(error: &Error<ApiError>, scopes: &str) -> String {
    match error {
        Error::CommunicationError(error)
        | Error::ResponseBodyError(error)
        | Error::InvalidUpgrade(error) => output::request_error(error),
        error => explain(error, scopes),
    }
}

/// Why a sub-command ends before its work is done.
#[derive(Debug)]
pub(crate) enum Ended {
    Failed(Failed),
    /// A result cannot be printed.
    Unwritable(io::Error),
}

impl From<Failed> for Ended {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Unwritable(error)
    }
}

/// How a sub-command ends.
pub(crate) type Result<T = Exit, E = Ended> = std::result::Result<T, E>;
