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
//! use webflow_assets::sandbox::Sandbox;
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
//! It knows one site and one folder in it, and forgets everything when it is dropped. Bytes are kept in memory. Tokens
//! and keys are made up afresh for each sandbox and are good for nothing else.

mod s3;
mod sign;
mod state;
mod text;
mod webflow;

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State as Shared;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

pub use self::state::{Asset, DuplicateAnswer, Half, Request};
use self::state::{Settings, State};

/// What the live service signs: 30 MiB.
const MAX_SIZE: u64 = 30 * 1024 * 1024;
const POLICY_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// Higher than any live plan, so that only a test that asks for it meets the limit.
const REQUESTS_PER_WINDOW: u32 = 6000;
const WINDOW: Duration = Duration::from_secs(60);
/// The S3 service refuses a form whose body comes in large pieces, one of which ends in the beginning of a boundary.
const READ_BUFFER: usize = 16 * 1024;
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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

/// Settings of a [`Sandbox`]; made by [`Sandbox::builder`].
#[derive(Clone, Debug)]
#[must_use = "a sandbox runs only once `start` is called"]
pub struct SandboxBuilder {
    port: u16,
    max_size: u64,
    requests_per_window: u32,
    window: Duration,
    policy_lifetime: Duration,
    duplicate_answer: DuplicateAnswer,
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
        SandboxBuilder {
            port: 0,
            max_size: MAX_SIZE,
            requests_per_window: REQUESTS_PER_WINDOW,
            window: WINDOW,
            policy_lifetime: POLICY_LIFETIME,
            duplicate_answer: DuplicateAnswer::default(),
        }
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

    /// The one asset folder that exists.
    #[must_use]
    pub fn folder_id(&self) -> &str {
        &self.state.folder_id
    }

    /// Every asset announced so far, oldest first.
    #[must_use]
    pub fn assets(&self) -> Vec<Asset> {
        self.state.assets()
    }

    /// The bytes that S3 holds for an asset; `None` for an unknown asset and for one that was never filled.
    #[must_use]
    pub fn stored(&self, asset_id: &str) -> Option<Bytes> {
        self.state.stored(asset_id)
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

impl SandboxBuilder {
    /// The port to listen on; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The largest file that a form permits, in bytes; 30 MiB by default.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// How many requests each token may make within a window, which opens with its first request; 6000 a minute by
    /// default.
    pub fn rate_limit(mut self, requests: u32, window: Duration) -> Self {
        self.requests_per_window = requests;
        self.window = window;
        self
    }

    /// How long a signed form may be used; an hour by default.
    pub fn policy_lifetime(mut self, lifetime: Duration) -> Self {
        self.policy_lifetime = lifetime;
        self
    }

    /// How a create call for content that the site already holds is answered.
    pub fn duplicate_answer(mut self, answer: DuplicateAnswer) -> Self {
        self.duplicate_answer = answer;
        self
    }

    /// Starts the sandbox on the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// When the port cannot be bound.
    pub async fn start(self) -> io::Result<Sandbox> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let base_url = format!("{origin}/v2");
        let settings = Settings {
            max_size: self.max_size,
            requests_per_window: self.requests_per_window,
            window: self.window,
            policy_lifetime: self.policy_lifetime,
            duplicate_answer: self.duplicate_answer,
        };
        let state = Arc::new(State::new(settings, origin));
        let server = tokio::spawn(serve(listener, router(&state))).abort_handle();
        Ok(Sandbox {
            state,
            base_url,
            server,
        })
    }
}

fn router(state: &Arc<State>) -> Router {
    s3::router(state)
        .merge(webflow::router(state))
        .layer(from_fn_with_state(Arc::clone(state), record))
}

/// Logs every request as it arrives, and its status once there is one.
async fn record(
    Shared(state): Shared<Arc<State>>,
    request: axum::extract::Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let half = if path == "/v2" || path.starts_with("/v2/") {
        Half::Webflow
    } else {
        Half::S3
    };
    let place = state.arrived(Request {
        half,
        method: request.method().to_string(),
        path: path.to_owned(),
        status: None,
    });
    let response = next.run(request).await;
    state.answered(place, response.status().as_u16());
    response
}

/// Accepts connections until it is aborted, which also ends those that are open.
async fn serve(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, or a peer that is gone already: both pass.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let service = TowerToHyperService::new(router.clone());
        connections.spawn(async move {
            let connection = http1::Builder::new()
                .max_buf_size(READ_BUFFER)
                .serve_connection(TokioIo::new(stream), service);
            // What ends a connection early is the client's doing, and the client's to report.
            let _ = connection.await;
        });
    }
}
