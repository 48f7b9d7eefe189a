#![doc = include_str!("../README.md")]

// So that generated code reaches this crate's types under one path, here and elsewhere.
extern crate self as webflow_assets;

mod batch;
mod client;
mod config;
mod context;
mod error;
mod explain;
mod generated;
mod hooks;
#[cfg(feature = "httpmock")]
pub mod mock;
mod pages;
mod rate_limit;
mod reply;
mod retry;
pub mod s3;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod secret;
mod source;
#[cfg(feature = "sync")]
pub mod sync;
mod trace;
mod upload;

pub use batch::{Batch, Event, Events};
pub use client::ClientBuilder;
pub use config::{ConfigError, DEFAULT_BASE_URL, TOKEN_VARIABLE, Token};
pub use context::Context;
pub use error::{CleanUp, Invalid, UploadError, UploadErrorKind};
pub use explain::explain;
pub use generated::{Client, builder, types};
pub use pages::{ListAllAssets, ListAllFolders};
pub use progenitor_client::{ClientHooks, ClientInfo, Error, OperationInfo, ResponseValue};
pub use rate_limit::RateLimit;
pub use retry::RetryPolicy;
pub use s3::Progress;
pub use secret::Secret;
pub use source::{Hashed, Md5, Remote, Source};
pub use upload::{Attempts, Outcome, Upload, Uploaded};

/// What [`client_hooks!`] expands to.
#[doc(hidden)]
pub mod __hooks {
    pub use crate::{hooks::answer_of, reply::check_as};
    pub use reqwest::{Request, Response, Result};
}

/// The OpenAPI 3.0.3 fragment that the client is generated from.
///
/// Each of its schemas says under `x-rust-type` where its type is: another generator can take the
/// types of [`types`] instead of making its own. Names and paths of schemas, types and operations
/// change with a new major version alone (0.x: minor version).
pub const OPENAPI_JSON: &str = include_str!("../openapi/webflow-assets.json");
