//! Webflow's asset endpoints and the S3 bucket behind them, in this process, on a loopback port.
//!
//! The sandbox judges. It refuses what the live services refuse and says so in their words: tokens, scopes and request
//! fields on the Webflow half; signature, policy, expiry, size and every single form field on the S3 half, where a real
//! S3 implementation decides. It is written against the two services' documentation and captured answers alone and
//! shares no code with the client beside it.
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
//! On demand things go wrong: a [`Rule`] makes chosen requests meet refusals, delays, resets and worse.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use webflow_sandbox::Sandbox;
//! let sandbox = Sandbox::start().await?;
//! sandbox.fault("post:reset-after*2".parse()?);
//! // ... upload; the first two form uploads arrive, but their answers do not.
//! # Ok(())
//! # }
//! ```
//!
//! It knows one site, with one folder at first, and forgets everything when it is dropped. Bytes are kept in memory. Tokens
//! and keys are made up afresh for each sandbox and are good for nothing else.

mod asset;
mod builder;
mod connection;
mod fault;
mod folder;
mod index;
mod limit;
mod log;
mod s3;
mod sign;
mod state;
mod text;
mod webflow;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use tokio::task::AbortHandle;

use self::asset::Object;
pub use self::asset::{Asset, DuplicateAnswer};
pub use self::builder::SandboxBuilder;
pub use self::fault::{Answer, AnswerBody, Fault, Operation, Rule, RuleError};
pub use self::folder::Folder;
pub use self::log::{Half, Request};
use self::state::State;
use self::text::hex;

/// A running sandbox; dropping it stops the server and closes its connections.
pub struct Sandbox {
    state: Arc<State>,
    base_url: String,
    server: AbortHandle,
}

/// The sandbox's S3 bucket, and the right to write to it. Its region is `us-east-1`.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Bucket<'a> {
    /// The endpoint, `http://127.0.0.1:PORT`; the bucket is the first part of the path.
    pub endpoint: &'a str,
    /// The bucket's name.
    pub name: &'a str,
    /// The access key id.
    pub access_key_id: &'a str,
    /// The secret access key.
    pub secret_access_key: &'a str,
}

impl Sandbox {
    /// Starts a sandbox on a free port, with the live service's limits.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Settings to start a sandbox with.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// The API's base URL, `http://127.0.0.1:PORT/v2`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A token with every scope.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.state.token
    }

    /// A token without the scope `assets:write`.
    #[must_use]
    pub fn read_only_token(&self) -> &str {
        &self.state.read_only_token
    }

    /// The one site that exists.
    #[must_use]
    pub fn site_id(&self) -> &str {
        &self.state.site_id
    }

    /// The asset folder that is there from the start, at the top of the site.
    #[must_use]
    pub fn folder_id(&self) -> &str {
        &self.state.folder_id
    }

    /// Puts an asset there that somebody else uploaded an hour ago. The name and the hash are not checked against what
    /// is there already.
    #[must_use = "the asset has an id"]
    pub fn add_asset(&self, file_name: impl Into<String>, bytes: impl Into<Bytes>) -> Asset {
        let bytes = bytes.into();
        let now = Timestamp::now();
        let then = now.checked_sub(Duration::from_hours(1)).unwrap_or(now);
        let etag = hex(&Md5::digest(&bytes));
        let mut asset = Asset::announced(self.site_id(), file_name.into(), etag.clone(), then);
        asset.size = Some(bytes.len() as u64);
        let object = Object {
            bytes,
            etag,
            content_type: Some(asset.content_type.clone()),
            cache_control: None,
            stored_on: then,
        };
        self.state.add_asset(asset.clone(), object);
        asset
    }

    /// Puts a folder there, in the folder `parent` or at the top of the site. Whether there is such a parent, or such a
    /// name in it already, is not checked.
    #[must_use = "the folder has an id"]
    pub fn add_folder(&self, display_name: impl Into<String>, parent: Option<&str>) -> Folder {
        let folder = Folder::new(display_name.into(), parent.map(str::to_owned));
        self.state.add_folder(folder.clone());
        folder
    }

    /// Every folder at every depth, oldest first.
    #[must_use]
    pub fn folders(&self) -> Vec<Folder> {
        self.state.folders()
    }

    /// Every asset announced so far and not deleted, oldest first.
    #[must_use]
    pub fn assets(&self) -> Vec<Asset> {
        self.state.assets()
    }

    /// The bytes that S3 holds for an asset; `None` for an unknown asset and for one that was never filled.
    #[must_use]
    pub fn stored(&self, asset_id: &str) -> Option<Bytes> {
        self.state.stored(asset_id)
    }

    /// The keys of all objects in the bucket, also of those without an asset, in alphabetical order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.state.keys()
    }

    /// Lets a fault happen, after those for the same operation that are not used up yet.
    pub fn fault(&self, rule: Rule) {
        self.state.add_rule(rule);
    }

    /// The rules that are not used up yet, oldest first.
    #[must_use]
    pub fn faults(&self) -> Vec<Rule> {
        self.state.rules()
    }

    /// Forgets every rule. What a fault has done to a request stays done; a stalled one stays stalled.
    pub fn clear_faults(&self) {
        self.state.clear_rules();
    }

    /// The bucket behind the site, for forms and requests that are signed elsewhere.
    #[must_use]
    pub fn bucket(&self) -> Bucket<'_> {
        Bucket {
            endpoint: &self.state.origin,
            name: state::BUCKET,
            access_key_id: &self.state.credentials.access_key,
            secret_access_key: &self.state.credentials.secret_key,
        }
    }

    /// Every request to either half, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.state.requests()
    }
}

impl fmt::Debug for Bucket<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("endpoint", &self.endpoint)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("base_url", &self.base_url)
            .field("site_id", &self.site_id())
            .field("folder_id", &self.folder_id())
            .finish_non_exhaustive()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}
