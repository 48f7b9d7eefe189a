//! Why an upload failed: on which file, in which phase, and what to do next.

use std::{borrow::Cow, error::Error as StdError, fmt, io, time::Duration};

use super::{invalid::Invalid, result::Attempts};
use crate::{
    api::explain::{cause, describe, key_hint},
    generated::types::ApiError,
    id::AssetId,
    s3,
    source::Md5,
};
use http::StatusCode;
use progenitor_client::Error as ApiCallError;

/// Why a file is not on the site.
///
/// `Display` is one line that names the file and the phase; the causes are in
/// [`source`](StdError::source).
///
/// ```
/// # #[cfg(feature = "sandbox")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use webflow_assets::{Client, Token, sandbox::Sandbox};
/// # let sandbox = Sandbox::start().await?;
/// # let token = Token::new(sandbox.token())?;
/// # let client = Client::builder().token(token).base_url(sandbox.base_url()).build()?;
/// # let site = sandbox.site_id();
/// use webflow_assets::{Source, UploadErrorKind};
///
/// sandbox.fault("post:403".parse()?);
/// let upload = client.upload(site, Source::bytes("a.txt", "text"));
/// let error = upload.send().await.unwrap_err();
/// assert!(matches!(error.kind(), UploadErrorKind::S3(_)));
/// assert_eq!(error.code().as_deref(), Some("AccessDenied"));
/// assert!(!error.is_retryable());
/// assert!(error.to_string().starts_with("a.txt: the upload to S3 failed"));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sandbox"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct UploadError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    file: String,
    kind: UploadErrorKind,
    asset_id: Option<String>,
    attempts: Attempts,
    clean_up: Option<CleanUp>,
}

/// The phase in which an upload failed, and why.
#[derive(Debug)]
#[non_exhaustive]
pub enum UploadErrorKind {
    /// The file cannot be read. Nothing was sent.
    Source(io::Error),
    /// The request is not valid. Nothing was sent.
    Invalid(Invalid),
    /// Webflow did not register the asset.
    Create(ApiCallError<ApiError>),
    /// Webflow registered the asset, and its answer lacks what the upload needs.
    Incomplete(&'static str),
    /// Webflow answered with an asset that it has just registered for another file of this
    /// program, as if an earlier answer were repeated. Nothing was sent to S3.
    OtherContent(AssetId),
    /// Webflow registered the asset, and the file did not arrive on S3.
    S3(s3::Error),
    /// S3 stored other bytes than were hashed.
    Mismatch {
        /// The MD5 of what was hashed.
        md5: Md5,
        /// The entity tag that S3 answered with.
        etag: String,
    },
    /// The file is on S3, and the request whether Webflow serves it failed.
    Check(ApiCallError<ApiError>),
    /// The file is on S3, and Webflow did not serve it with its size in time.
    NotReady {
        /// The time limit.
        limit: Duration,
        /// The size that Webflow stated last, in bytes.
        size: Option<i64>,
    },
    /// The file is on the site, and its display name and alternative text could not be set.
    Update(ApiCallError<ApiError>),
    /// The upload took longer than [`Upload::timeout`](crate::Upload::timeout) allows.
    TimedOut {
        /// The limit.
        limit: Duration,
    },
}

impl UploadErrorKind {
    /// The failed request to Webflow.
    fn of_webflow(&self) -> Option<&ApiCallError<ApiError>> {
        match self {
            Self::Create(error) | Self::Check(error) | Self::Update(error) => Some(error),
            _ => None,
        }
    }
}

/// The state in which a failed upload leaves its asset.
#[derive(Debug)]
#[non_exhaustive]
pub enum CleanUp {
    /// This call had registered it, it had no file, and it was deleted.
    Deleted,
    /// It was left on the site: on request, because the upload is one of a batch, because its
    /// lease is over, or because nothing proves that this call registered it and that it has no
    /// file. Uploading the same file again fills it.
    Kept,
    /// It should have been deleted and could not be.
    Failed(ApiCallError<ApiError>),
}

impl UploadError {
    pub(crate) fn new(
        file: String,
        kind: UploadErrorKind,
        asset_id: Option<String>,
        attempts: Attempts,
        clean_up: Option<CleanUp>,
    ) -> Self {
        Self(Box::new(Inner {
            file,
            kind,
            asset_id,
            attempts,
            clean_up,
        }))
    }

    /// The phase in which the upload failed, and why.
    #[must_use]
    pub fn kind(&self) -> &UploadErrorKind {
        &self.0.kind
    }

    /// Consumes the error and returns its kind.
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

    /// How often each step was tried.
    #[must_use]
    pub fn attempts(&self) -> Attempts {
        self.0.attempts
    }

    /// The state of the asset that Webflow had registered, if it had.
    #[must_use]
    pub fn clean_up(&self) -> Option<&CleanUp> {
        self.0.clean_up.as_ref()
    }

    /// The status of the answer that ended the upload, from Webflow or S3.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self.kind() {
            UploadErrorKind::S3(error) => error.status(),
            kind => kind.of_webflow()?.status(),
        }
    }

    /// The error code of the answer that ended the upload, such as `validation_error` of Webflow
    /// or `AccessDenied` of S3.
    #[must_use]
    pub fn code(&self) -> Option<Cow<'_, str>> {
        match self.kind() {
            UploadErrorKind::S3(error) => error.code().map(Cow::Borrowed),
            kind => match kind.of_webflow()? {
                ApiCallError::ErrorResponse(response) => {
                    response.code.as_ref().map(|code| code.to_string().into())
                }
                _ => None,
            },
        }
    }

    /// Whether Webflow refused the token: it is not valid, or lacks a scope. Other uploads with it
    /// fail too.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        let error = self.kind().of_webflow();
        error.is_some_and(|error| error.status() == Some(StatusCode::UNAUTHORIZED))
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
                describe(f, error)?;
                hint(f, error)
            }
            UploadErrorKind::Incomplete(missing) => {
                write!(f, "Webflow registered the asset without {missing}")
            }
            UploadErrorKind::OtherContent(id) => write!(
                f,
                "Webflow answered with asset {id}, which is another file's; upload it again"
            ),
            UploadErrorKind::S3(_) => f.write_str("the upload to S3 failed"),
            UploadErrorKind::Mismatch { md5, etag } => write!(
                f,
                "S3 stored other bytes than were hashed (MD5 {md5}, ETag {etag}); upload it again"
            ),
            UploadErrorKind::Check(error) => {
                f.write_str("the file is stored, and Webflow does not say whether it serves it")?;
                describe(f, error)?;
                key_hint(f, error, "scope assets:read")
            }
            UploadErrorKind::NotReady { limit, size } => {
                let limit = limit.as_secs_f64();
                write!(
                    f,
                    "the file is stored, and Webflow does not serve it after {limit} s"
                )?;
                match size {
                    Some(size) => write!(f, " (it states {size} bytes)"),
                    None => Ok(()),
                }
            }
            UploadErrorKind::Update(error) => {
                f.write_str("the file is on the site, and its name and text could not be set")?;
                describe(f, error)?;
                key_hint(f, error, "scope assets:write")
            }
            UploadErrorKind::TimedOut { limit } => {
                write!(f, "the upload took longer than {} s", limit.as_secs_f64())
            }
        }?;
        let Attempts {
            create,
            s3,
            renewals,
        } = self.attempts();
        if s3 > 1 {
            write!(f, ", {s3} times")?;
        } else if s3 == 0 && create > 1 {
            write!(f, ", {create} times")?;
        }
        match renewals {
            0 => {}
            1 => f.write_str("; its form had run out and was renewed once")?,
            n => write!(f, "; its form had run out and was renewed {n} times")?,
        }
        let Some(id) = self.asset_id() else {
            return Ok(());
        };
        match self.clean_up() {
            None => write!(f, " (asset {id})"),
            Some(CleanUp::Deleted) => write!(f, " (asset {id} was deleted)"),
            Some(CleanUp::Kept) => write!(f, " (asset {id} was left on the site)"),
            Some(CleanUp::Failed(error)) => {
                write!(
                    f,
                    " (asset {id} may have no file and could not be cleaned up"
                )?;
                describe(f, error)?;
                key_hint(f, error, "scopes assets:read and assets:write")?;
                f.write_str(")")
            }
        }
    }
}

impl StdError for UploadError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.kind() {
            UploadErrorKind::Source(error) => Some(error),
            UploadErrorKind::S3(error) => Some(error),
            kind => cause(kind.of_webflow()?),
        }
    }
}

/// Says what to do about a create call that failed.
fn hint(f: &mut fmt::Formatter<'_>, error: &ApiCallError<ApiError>) -> fmt::Result {
    const MAYBE: &str = "; it may exist nevertheless: upload the same file again, and Webflow will \
                         find it by its content";

    let status = match (error, error.status()) {
        (_, Some(status)) => status,
        (ApiCallError::CommunicationError(error), None) if !error.is_connect() => {
            return f.write_str(MAYBE);
        }
        (_, None) => return Ok(()),
    };
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS => {
            key_hint(f, error, "scope assets:write")
        }
        StatusCode::FORBIDDEN => f.write_str(" (may this token write to this site?)"),
        StatusCode::NOT_FOUND => {
            f.write_str(" (does the token see this site, and is the folder on it?)")
        }
        status if status.is_success() => f.write_str(MAYBE),
        // 503 says that the request was not taken on; the others say nothing.
        status if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE => {
            f.write_str(MAYBE)
        }
        _ => Ok(()),
    }
}
