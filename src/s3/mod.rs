//! The form upload of S3 (`POST Object`), which no OpenAPI document can describe.
//!
//! This module knows nothing of Webflow. It takes the form that any generated client received
//! (a URL, and an object whose members are the form's fields), posts a file with it, and reads
//! S3's response:
//!
//! ```no_run
//! use webflow_assets::{Source, s3};
//!
//! # async fn upload() -> Result<(), Box<dyn std::error::Error>> {
//! // The details that another client's create call returned; any `impl Serialize` will do.
//! let details = serde_json::json!({ "key": "hero.png", "Policy": "…", "X-Amz-Signature": "…" });
//!
//! let form = s3::PostForm::from_details("https://bucket.s3.amazonaws.com/", &details)?;
//! let stored = form.send(&s3::http_client()?, &Source::path("hero.png")).await?;
//! println!("{:?}", stored.etag);
//! # Ok(())
//! # }
//! ```

mod error;
mod fields;
mod form;
mod meter;
mod policy;
mod reply;

pub use error::{Error, Refusal, Violation};
pub use form::PostForm;
pub(crate) use meter::OnProgress;
pub use meter::Progress;
pub use policy::Policy;
pub use reply::Stored;
#[cfg(feature = "sync")]
pub(crate) use reply::{ENCRYPTION, md5_of};

/// Returns a `reqwest::Client` that suits form uploads: it follows no redirect, adds no header but
/// `User-Agent` and sets no limit on the whole transfer.
///
/// Any other client will do if it adds no `Authorization` header, which S3 refuses.
///
/// # Errors
///
/// The HTTP client cannot be set up.
pub fn http_client() -> reqwest::Result<reqwest::Client> {
    crate::http::builder(reqwest::redirect::Policy::none()).build()
}

/// The reader of responses, for fuzzing alone.
///
/// # Errors
///
/// [`Error::Refused`] if the response is a refusal.
#[cfg(fuzzing)]
#[doc(hidden)]
pub fn read_reply(
    status: http::StatusCode,
    headers: http::HeaderMap,
    body: &[u8],
    secrets: &[&str],
) -> Result<Stored, Error> {
    let secrets = || crate::redact::Secrets::new(secrets.iter().copied());
    reply::parse(status, headers, body, secrets)
}
