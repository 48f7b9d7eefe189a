#![doc = include_str!("../README.md")]

mod client;
mod config;
mod context;
mod error;
mod generated;
mod hooks;
#[cfg(feature = "httpmock")]
pub mod mock;
mod reply;
pub mod s3;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod secret;
mod source;
mod upload;

pub use client::ClientBuilder;
pub use config::{ConfigError, DEFAULT_BASE_URL, TOKEN_VARIABLE, Token};
pub use context::Context;
pub use error::{Invalid, UploadError, UploadErrorKind};
pub use generated::{Client, builder, types};
pub use progenitor_client::{ClientInfo, Error, ResponseValue};
pub use s3::Progress;
pub use secret::Secret;
pub use source::{Hashed, Md5, Source};
pub use upload::{Outcome, Upload, Uploaded};

/// The OpenAPI 3.0.3 fragment that the client is generated from.
pub const OPENAPI_JSON: &str = include_str!("../openapi/webflow-assets.json");
