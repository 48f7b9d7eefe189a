//! Errors of sending a form to S3.

use std::{fmt, io, time::Duration};

use http::{HeaderMap, StatusCode};

use crate::api::explain::excerpt;

/// Why a file was not uploaded to S3.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL or the details do not make a valid form. Nothing was sent.
    #[error("the form cannot be sent: {0}")]
    Form(String),
    /// The form's own policy forbids this upload. Nothing was sent.
    #[error("the form's policy forbids this upload: {0}")]
    Policy(Violation),
    /// The file cannot be read, or changed since it was hashed. S3 has not stored it.
    #[error("the file cannot be sent")]
    Source(#[source] io::Error),
    /// The connection failed. S3 may have stored the file.
    #[error("the connection to S3 failed")]
    Transport(#[source] reqwest::Error),
    /// The transfer made no progress within the idle limit. S3 may have stored the file.
    #[error("S3 stalled: no byte for {} s after {sent} of {total} bytes", idle.as_secs_f64())]
    Stalled {
        /// Bytes of the file that were handed to the connection.
        sent: u64,
        /// Length of the file in bytes.
        total: u64,
        /// The idle limit.
        idle: Duration,
    },
    /// The response is a success, but neither a document nor an entity tag confirms that S3 has the
    /// file: the response may be a proxy's.
    #[error("nothing confirms that S3 has the file: the response was {0}")]
    Unconfirmed(Box<Refusal>),
    /// S3 refused the file.
    #[error("S3 refused the file: {0}")]
    Refused(Box<Refusal>),
}

impl Error {
    /// The status of S3's response.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.refusal().map(|refusal| refusal.status)
    }

    /// The error code of S3's response, such as `AccessDenied`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.refusal()?.code.as_deref()
    }

    /// The response, if this is a refusal or a success that confirms nothing.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) | Self::Unconfirmed(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether sending the same form once more can succeed.
    ///
    /// A repeated form overwrites the same object. So it is safe to retry after a transport error,
    /// when S3 may have stored the file, and after a success that confirms nothing. A refusal is
    /// worth a retry for 429, 500, 502, 503, 504, `SlowDown` and `RequestTimeout`.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport(_) | Self::Stalled { .. } | Self::Unconfirmed(_) => true,
            Self::Refused(refusal) => refusal.is_retryable(),
            Self::Form(_) | Self::Policy(_) | Self::Source(_) => false,
        }
    }

    /// Whether the form has expired, so that only a new one can succeed.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        match self {
            Self::Policy(violation) => matches!(violation, Violation::Expired { .. }),
            Self::Refused(refusal) => refusal.is_expired(),
            _ => false,
        }
    }
}

/// The response to a file that was refused. It holds none of the form's secrets, even if S3 quotes
/// them.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// S3's error code, such as `EntityTooLarge`.
    pub code: Option<String>,
    /// S3's message; the start of the body where that is not S3's XML.
    pub message: Option<String>,
    /// The id that S3 gave the request, which its support asks for.
    pub request_id: Option<String>,
    /// The second id that S3 gave the request.
    pub host_id: Option<String>,
}

impl Refusal {
    fn is_retryable(&self) -> bool {
        // Not 501 and 505, which say that the request will never be accepted.
        matches!(self.status.as_u16(), 429 | 500 | 502 | 503 | 504)
            || matches!(self.code.as_deref(), Some("SlowDown" | "RequestTimeout"))
    }

    fn is_expired(&self) -> bool {
        let says = |text: &str| {
            let text = text.to_ascii_lowercase();
            text.contains("policy") && text.contains("expired")
        };
        self.status == StatusCode::FORBIDDEN
            && (self.message.as_deref().is_some_and(says)
                || self.code.as_deref() == Some("ExpiredToken"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |text: &Option<String>| text.as_deref().map(excerpt);
        write!(f, "{}", self.status.as_u16())?;
        if let Some(code) = line(&self.code) {
            write!(f, " {code}")?;
        }
        if let Some(message) = line(&self.message) {
            write!(f, ": {}", message.trim_end_matches('.'))?;
        }
        if let Some(id) = line(&self.request_id) {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

/// What a form's policy forbids about an upload. Values of fields are not quoted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The form has expired, or would before the file is sent.
    #[error("its {lifetime} s have run out; ask for a new form")]
    Expired {
        /// Whole seconds for which the form was valid.
        lifetime: u64,
    },
    /// The file is larger or smaller than allowed.
    #[error("the file has {len} bytes and {}", if len > max {
        format!("at most {max} are allowed (at least {min})")
    } else {
        format!("at least {min} are required")
    })]
    Size {
        /// Length of the file in bytes.
        len: u64,
        /// Smallest length allowed, in bytes.
        min: u64,
        /// Largest length allowed, in bytes.
        max: u64,
    },
    /// A field does not have the value that the policy asks for.
    #[error("it asks for another value of the field `{name}`")]
    Field {
        /// The field's name, as the policy spells it.
        name: String,
    },
    /// The fields take more room than S3 allows.
    #[error("the form without the file has {len} bytes and at most {max} are allowed")]
    FormTooLarge {
        /// Size of the form without the file, in bytes.
        len: u64,
        /// Largest size allowed, in bytes.
        max: u64,
    },
}
