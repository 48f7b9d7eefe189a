#![doc = include_str!("../README.md")]

// So that generated code reaches this crate's types under one path, here and elsewhere.
extern crate self as webflow_assets;

mod api;
mod generated;
mod http;
#[cfg(feature = "httpmock")]
pub mod mock;
pub mod s3;
mod secret;
mod source;
#[cfg(feature = "sync")]
pub mod sync;
mod upload;

pub use api::{
    client::ClientBuilder,
    context::Context,
    explain::explain,
    pacer::RateLimit,
    pages::{ListAllAssets, ListAllFolders},
    retry::RetryPolicy,
    token::{ConfigError, DEFAULT_BASE_URL, TOKEN_VARIABLE, Token},
};
pub use generated::{Client, builder, types};
pub use progenitor_client::{ClientHooks, ClientInfo, Error, OperationInfo, ResponseValue};
pub use s3::Progress;
pub use secret::Secret;
pub use source::{Hashed, Md5, Remote, Source};
pub use upload::{
    Attempts, Outcome, Upload, Uploaded,
    batch::{Batch, Event, Events},
    error::{CleanUp, Invalid, UploadError, UploadErrorKind},
};
#[cfg(feature = "sandbox")]
pub use webflow_sandbox as sandbox;

/// What [`client_hooks!`] expands to.
#[doc(hidden)]
pub mod __hooks {
    pub use crate::api::{hooks::answer_of, response::check_as};
    pub use reqwest::{Request, Response, Result};
}

/// The OpenAPI 3.0.3 fragment that the client is generated from.
///
/// Each of its schemas says under `x-rust-type` where its type is: another generator can take the
/// types of [`types`] instead of making its own. Names and paths of schemas, types and operations
/// change with a new major version alone (0.x: minor version).
pub const OPENAPI_JSON: &str = include_str!("../openapi/webflow-assets.json");
