//! Why an upload failed: on which file, in which phase, and what to do next.

use std::{error::Error as StdError, fmt, io};

use http::StatusCode;
use progenitor_client::Error as ApiCallError;
use serde_json::Value;

use crate::{s3, source::Md5, types::ApiError};

/// Why a file is not on the site.
///
/// `Display` is one line that names the file and the phase; the causes are in
/// [`source`](StdError::source).
#[derive(Debug)]
pub struct UploadError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    file: String,
    asset_id: Option<String>,
    kind: UploadErrorKind,
}

/// The phase in which an upload failed, and why.
#[derive(Debug)]
#[non_exhaustive]
pub enum UploadErrorKind {
    /// The file cannot be read. Nothing was sent.
    Source(io::Error),
    /// What was asked for cannot be sent. Nothing was sent.
    Invalid(Invalid),
    /// Webflow did not register the asset.
    Create(ApiCallError<ApiError>),
    /// Webflow registered the asset, and its answer lacks what the upload needs.
    Incomplete(&'static str),
    /// Webflow registered the asset, and the file did not arrive on S3.
    S3(s3::Error),
    /// S3 stored other bytes than were hashed.
    Mismatch {
        /// The MD5 of what was hashed.
        md5: Md5,
        /// The entity tag that S3 answered with.
        etag: String,
    },
}

/// What was asked for and cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invalid {
    /// The site id is not 24 hexadecimal digits.
    SiteId(String),
    /// The folder id is not 24 hexadecimal digits.
    FolderId(String),
    /// The path gives no file name: its last part is not UTF-8, or is none.
    NoFileName,
    /// The file name is empty or has 100 characters or more.
    FileName {
        /// The file name.
        name: String,
        /// Its length in characters.
        len: usize,
    },
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SiteId(id) => write!(f, "the site id `{id}` is not 24 hexadecimal digits"),
            Self::FolderId(id) => write!(f, "the folder id `{id}` is not 24 hexadecimal digits"),
            Self::NoFileName => f.write_str("the path gives no file name; set one"),
            Self::FileName { len: 0, .. } => f.write_str("the file name is empty; set one"),
            Self::FileName { len, .. } => write!(
                f,
                "the file name has {len} characters and Webflow takes at most 99; set a shorter one"
            ),
        }
    }
}

impl StdError for Invalid {}

impl UploadError {
    pub(crate) fn new(file: String, kind: UploadErrorKind) -> Self {
        Self(Box::new(Inner {
            file,
            asset_id: None,
            kind,
        }))
    }

    pub(crate) fn with_asset(mut self, id: Option<String>) -> Self {
        self.0.asset_id = id;
        self
    }

    /// The phase in which the upload failed, and why.
    #[must_use]
    pub fn kind(&self) -> &UploadErrorKind {
        &self.0.kind
    }

    /// The same, to keep.
    #[must_use]
    pub fn into_kind(self) -> UploadErrorKind {
        self.0.kind
    }

    /// The path of the file, or the name of bytes.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// The id of the asset that Webflow had registered, if it had.
    #[must_use]
    pub fn asset_id(&self) -> Option<&str> {
        self.0.asset_id.as_deref()
    }

    /// The status of the answer that ended the upload, from Webflow or S3.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self.kind() {
            UploadErrorKind::Create(error) => error.status(),
            UploadErrorKind::S3(error) => error.status(),
            _ => None,
        }
    }

    /// Whether the same upload can succeed later, and is safe to repeat.
    ///
    /// A create call that may have arrived is not: it could register the asset a second time.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            UploadErrorKind::Create(ApiCallError::CommunicationError(error)) => error.is_connect(),
            UploadErrorKind::Create(error) => matches!(
                error.status(),
                Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
            ),
            UploadErrorKind::S3(error) => error.is_retryable() || error.is_expired(),
            _ => false,
        }
    }
}

impl fmt::Display for UploadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file())?;
        match self.kind() {
            UploadErrorKind::Source(_) => f.write_str("the file cannot be read"),
            UploadErrorKind::Invalid(invalid) => invalid.fmt(f),
            UploadErrorKind::Create(error) => {
                f.write_str("Webflow did not register the asset")?;
                describe(f, error)
            }
            UploadErrorKind::Incomplete(missing) => {
                write!(f, "Webflow registered the asset without {missing}")
            }
            UploadErrorKind::S3(_) => f.write_str("the upload to S3 failed"),
            UploadErrorKind::Mismatch { md5, etag } => write!(
                f,
                "S3 stored other bytes than were hashed (MD5 {md5}, ETag {etag}); upload it again"
            ),
        }?;
        match self.asset_id() {
            Some(id) => write!(f, " (asset {id})"),
            None => Ok(()),
        }
    }
}

impl StdError for UploadError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.kind() {
            UploadErrorKind::Source(error) => Some(error),
            // The generated error's own layer would repeat what the answer said, with its headers
            // and as debug output; only what failed below it is news.
            UploadErrorKind::Create(
                ApiCallError::CommunicationError(error)
                | ApiCallError::ResponseBodyError(error)
                | ApiCallError::InvalidUpgrade(error),
            ) => Some(error),
            UploadErrorKind::S3(error) => Some(error),
            _ => None,
        }
    }
}

/// Says in the words of the API what it answered, and what to do next.
fn describe(f: &mut fmt::Formatter<'_>, error: &ApiCallError<ApiError>) -> fmt::Result {
    let status = match (error, error.status()) {
        (_, Some(status)) => status,
        (ApiCallError::CommunicationError(error), None) if !error.is_connect() => {
            return f.write_str(
                ", or did and could not say so: the connection failed after the request was sent; \
                 look at the site's assets before trying again",
            );
        }
        (ApiCallError::InvalidRequest(reason) | ApiCallError::Custom(reason), None) => {
            return write!(f, ": {reason}");
        }
        (_, None) => return Ok(()),
    };
    write!(f, ": {}", status.as_u16())?;
    if let ApiCallError::ErrorResponse(response) = error {
        if let Some(code) = &response.code {
            write!(f, " {code}")?;
        }
        if let Some(message) = &response.message {
            write!(f, ": {}", one_line(message))?;
        }
        for detail in response.details.iter().flatten().take(5) {
            write!(f, "; {}", one_line(&detail_text(detail)))?;
        }
    }
    f.write_str(match status {
        StatusCode::UNAUTHORIZED => {
            " (is the token valid, and does it have the scope assets:write?)"
        }
        StatusCode::FORBIDDEN => " (may this token write to this site?)",
        StatusCode::NOT_FOUND => " (does the token see this site, and is the folder on it?)",
        StatusCode::TOO_MANY_REQUESTS => " (the API key has spent its requests for this minute)",
        status if status.is_success() => {
            ", with a body that is not what the API describes; is this the API's base URL?"
        }
        _ => "",
    })
}

/// An item of `details`: a text, an object such as `{field, message}`, or whatever else was sent.
fn detail_text(detail: &Value) -> String {
    let part = |name| detail.get(name).and_then(Value::as_str);
    match (detail, part("field"), part("message")) {
        (Value::String(text), ..) => text.clone(),
        (_, Some(field), Some(message)) => format!("{field}: {message}"),
        (_, None, Some(message)) => message.to_owned(),
        _ => detail.to_string(),
    }
}

/// The start of the first line: a proxy's page has many.
fn one_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(200).collect()
}
