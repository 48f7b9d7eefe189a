//! Puts files on a [Webflow](https://webflow.com) site.
//!
//! Webflow takes a file in two steps: its API registers the file by name and MD5 and returns a
//! signed form, and the client posts the file with that form to Amazon S3. [`Client::upload`] does
//! both, and checks what S3 stored.
//!
//! ```
//! # #[cfg(feature = "sandbox")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use webflow_assets::{Client, Outcome, Source, Token, sandbox::Sandbox};
//!
//! // A Webflow and an S3 in this process. Without the base URL, the client speaks to Webflow.
//! let sandbox = Sandbox::start().await?;
//! let client = Client::builder()
//!     .token(Token::new(sandbox.token())?)
//!     .base_url(sandbox.base_url())
//!     .build()?;
//!
//! let done = client
//!     .upload(sandbox.site_id(), Source::path("tests/fixtures/hero.png"))
//!     .send()
//!     .await?;
//! assert_eq!(done.outcome, Outcome::Uploaded);
//! assert_eq!(done.asset.original_file_name.as_deref(), Some("hero.png"));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sandbox"))]
//! # fn main() {}
//! ```
//!
//! # Overview
//!
//! - [`Client::upload`] uploads one [`Source`]: a path, bytes, a reader or a URL.
//! - [`Client::upload_all`] uploads many, as a stream of [`Event`]s.
//! - [`Client::sync`](sync) keeps a directory and a site in step (feature `sync`).
//! - [`Client::list_all_assets`] and [`Client::list_all_folders`] stream over paginated lists. The
//!   other methods of [`Client`] are the operations of Webflow's API, generated from
//!   [`OPENAPI_JSON`], with their types in [`types`].
//! - [`s3`] is the form upload alone, for any generated client; [`client_hooks!`] gives such a
//!   client the token, the pacing and the retries of this one.
//! - [`sandbox`] and [`mock`] are for tests (features `sandbox` and `httpmock`).
//!
//! Requests are paced by the limits that Webflow states ([`RateLimit`]), and repeated where that is
//! safe ([`RetryPolicy`]).
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `rustls` (default) | TLS by rustls, for the HTTP client that [`Client::builder`] makes |
//! | `sync` | [`Client::sync`](sync) |
//! | `tracing` | events for waits and retries |
//! | `schemars` | `schemars::JsonSchema` (1.x) on every generated type |
//! | `httpmock` | [`mock`] |
//! | `sandbox` | [`sandbox`]; needs Rust 1.92, everything else 1.89 |
//! | `cli` | the command `webflow-assets` |
#![cfg_attr(docsrs, feature(doc_cfg))]

// So that generated code reaches this crate's types under one path, here and elsewhere.
extern crate self as webflow_assets;

mod api;
/// The command, for the binaries of this package and of `webflow-assets-cli`.
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod command;
mod generated;
mod http;
mod id;
#[cfg(feature = "httpmock")]
pub mod mock;
mod redact;
pub mod s3;
mod secret;
mod source;
#[cfg(feature = "sync")]
pub mod sync;
mod time;
mod upload;

pub use api::{
    client::ClientBuilder,
    context::Context,
    explain::explain,
    folders::FolderTree,
    pacer::RateLimit,
    pages::{ListAllAssets, ListAllFolders},
    retry::RetryPolicy,
    token::{BASE_URL_VARIABLE, ConfigError, DEFAULT_BASE_URL, TOKEN_VARIABLE, Token},
};
pub use generated::{Client, builder, types};
pub use id::{AssetId, FolderId, IdError, SiteId};
pub use progenitor_client::{ClientHooks, ClientInfo, Error, OperationInfo, ResponseValue};
pub use s3::Progress;
pub use secret::Secret;
pub use source::{FileWarning, Hashed, MAX_LEN, Md5, Remote, Source};
pub use upload::{
    Upload,
    batch::{Batch, Event, Events},
    check::Checked,
    error::{CleanUp, UploadError, UploadErrorKind},
    invalid::Invalid,
    result::{Attempts, Outcome, Uploaded},
};
#[cfg(feature = "sandbox")]
pub use webflow_sandbox as sandbox;

/// What [`client_hooks!`] expands to.
#[doc(hidden)]
pub mod __hooks {
    pub use crate::api::{
        hooks::answer_of,
        response::{IS_JSON, decodes_as},
    };
    pub use reqwest::{Request, Response, Result};
}

/// The OpenAPI 3.0.3 fragment that the client is generated from.
///
/// Each of its schemas says under `x-rust-type` where its type is: another generator can take the
/// types of [`types`] instead of making its own. Names and paths of schemas, types and operations
/// change with a new major version alone (0.x: minor version).
pub const OPENAPI_JSON: &str = include_str!("../openapi/webflow-assets.json");

/// The examples of the README and the guides, as tests.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../README.md")]
    struct Readme;

    #[doc = include_str!("../docs/library.md")]
    struct Library;
}
