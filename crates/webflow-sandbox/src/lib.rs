//! Webflow's asset endpoints and the S3 bucket behind them, in this process, on a loopback port.
//!
//! The sandbox judges. It refuses what the live services refuse and says so in their words: tokens, scopes and request
//! fields on Webflow's side; signature, policy, expiry, size and every form field on S3's side, where a real S3
//! implementation decides. It is written from the two services' documentation and captured responses alone and shares
//! no code with the client beside it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use webflow_sandbox::Sandbox;
//!
//! let sandbox = Sandbox::start().await?;
//! assert!(sandbox.base_url().starts_with("http://127.0.0.1:"));
//! assert!(sandbox.base_url().ends_with("/v2"));
//! // ... point a client at `base_url()` with `token()`, upload to `site_id()`, then look at what arrived:
//! assert!(sandbox.assets().is_empty());
//! assert!(sandbox.requests().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! It fails on demand: a [`Rule`] makes chosen requests meet refusals, delays, resets and worse.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use webflow_sandbox::Sandbox;
//! let sandbox = Sandbox::start().await?;
//! sandbox.fault("post:reset-after*2".parse()?);
//! // ... upload; the first two form uploads arrive, but their responses do not.
//! # Ok(())
//! # }
//! ```
//!
//! It knows one site, with one folder at first, and forgets everything when it is dropped. Bytes are kept in memory. Tokens
//! and keys are generated for each sandbox and are valid nowhere else.

mod asset;
mod builder;
mod connection;
mod encoding;
mod fault;
mod folder;
mod index;
mod middleware;
mod rate_limit;
mod request;
mod s3;
mod sandbox;
mod sign;
mod state;
mod webflow;

pub use self::asset::Asset;
pub use self::builder::SandboxBuilder;
pub use self::fault::{Answer, AnswerBody, Fault, Rule, RuleError};
pub use self::folder::Folder;
pub use self::request::{DuplicateAnswer, Operation, Request, Side};
pub use self::sandbox::{Bucket, Sandbox};

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
