//! The settings of a sandbox, and its start.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;

use crate::connection::serve;
use crate::fault::Rule;
use crate::middleware::record;
use crate::request::DuplicateAnswer;
use crate::sandbox::Sandbox;
use crate::state::{Settings, State};
use crate::{s3, webflow};

/// What the live service signs: 30 MiB.
const MAX_SIZE: u64 = 30 * 1024 * 1024;
const POLICY_LIFETIME: Duration = Duration::from_hours(1);
/// Higher than any live plan, so that only a test that asks for it meets the limit.
const REQUESTS_PER_WINDOW: u32 = 6000;
/// What the live service gives at the most.
const FOLDERS_PER_PAGE: usize = 100;
const WINDOW: Duration = Duration::from_mins(1);

/// Settings of a [`Sandbox`]; made by [`Sandbox::builder`].
#[derive(Clone, Debug)]
#[must_use = "a sandbox runs only once `start` is called"]
pub struct SandboxBuilder {
    port: u16,
    settings: Settings,
    rules: Vec<Rule>,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self {
            port: 0,
            settings: Settings {
                max_size: MAX_SIZE,
                requests_per_window: REQUESTS_PER_WINDOW,
                window: WINDOW,
                policy_lifetime: POLICY_LIFETIME,
                duplicate_answer: DuplicateAnswer::default(),
                folders_per_page: FOLDERS_PER_PAGE,
                seed: 0,
            },
            rules: Vec::new(),
        }
    }
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
}

impl SandboxBuilder {
    /// The port to listen on; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The largest file that a form permits, in bytes; 30 MiB by default.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.settings.max_size = bytes;
        self
    }

    /// How many requests each token may make within a window; 6000 a minute by default.
    ///
    /// A window opens with the token's first request, and the next one with the first request after its end. It can
    /// have any length. `X-RateLimit-Limit` and `X-RateLimit-Remaining` describe the current window. A 429's
    /// `Retry-After` states the time that is left in it, in whole seconds, rounded up: at least 1.
    pub fn rate_limit(mut self, requests: u32, window: Duration) -> Self {
        self.settings.requests_per_window = requests;
        self.settings.window = window;
        self
    }

    /// How long a signed form may be used; an hour by default.
    pub fn policy_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.policy_lifetime = lifetime;
        self
    }

    /// How a create call for content that the site already holds is answered.
    pub fn duplicate_answer(mut self, answer: DuplicateAnswer) -> Self {
        self.settings.duplicate_answer = answer;
        self
    }

    /// How many folders a page of them has at the most, whatever `limit` asks for; 1 to 100, 100 by default.
    pub fn folders_per_page(mut self, folders: usize) -> Self {
        self.settings.folders_per_page = folders.clamp(1, FOLDERS_PER_PAGE);
        self
    }

    /// Lets a fault happen, as [`Sandbox::fault`].
    pub fn fault(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// What the faults that happen by chance draw from; 0 by default.
    ///
    /// The same rules, added in the same order, hit the same requests to an operation by their number in every sandbox
    /// with the same seed. With another version of this crate they may hit others.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
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
        let state = Arc::new(State::new(self.settings, origin));
        for rule in self.rules {
            state.contents().rules.add(rule);
        }
        let server = tokio::spawn(serve(listener, router(&state))).abort_handle();
        Ok(Sandbox::new(state, base_url, server))
    }
}

fn router(state: &Arc<State>) -> Router {
    s3::router(state)
        .merge(webflow::router(state))
        .layer(from_fn_with_state(Arc::clone(state), record))
}
