//! The builder of a [`Client`].

use std::time::Duration;

use progenitor_client::ClientInfo;
use reqwest::redirect::Policy;

use crate::{
    api::{
        context::{Context, Settings},
        pacer::RateLimit,
        retry::RetryPolicy,
        token::{self, BASE_URL_VARIABLE, ConfigError, DEFAULT_BASE_URL, Token},
    },
    generated::Client,
    http,
};

impl Client {
    /// Starts to build a client for Webflow.
    ///
    /// ```
    /// use std::time::Duration;
    /// use webflow_assets::{Client, ClientInfo, RetryPolicy, Token};
    ///
    /// let client = Client::builder()
    ///     .token(Token::new("f5137c53d08dafb2")?)
    ///     .request_timeout(Duration::from_secs(20))
    ///     .retry(RetryPolicy::default().max_attempts(3))
    ///     .build()?;
    /// assert_eq!(client.baseurl(), "https://api.webflow.com/v2");
    /// assert_eq!(client.rate_limit().remaining, None);
    /// # Ok::<(), webflow_assets::ConfigError>(())
    /// ```
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Makes a client with the token of the environment variable `WEBFLOW_API_TOKEN`, for Webflow or
    /// the base URL that `WEBFLOW_BASE_URL` names, as the command does.
    ///
    /// ```no_run
    /// let client = webflow_assets::Client::from_env()?;
    /// # Ok::<(), webflow_assets::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Token::from_env`] and [`ClientBuilder::build`], and [`ConfigError::NotUtf8`].
    pub fn from_env() -> Result<Self, ConfigError> {
        let mut builder = Self::builder().token(Token::from_env()?);
        if let Some(base_url) = token::variable(BASE_URL_VARIABLE)? {
            builder = builder.base_url(base_url);
        }
        builder.build()
    }

    /// The current state of the rate limit of the client's key; see [`RateLimit`].
    #[must_use]
    pub fn rate_limit(&self) -> RateLimit {
        self.inner().rate_limit()
    }
}

/// A client on the base URL, connection pool and context of another generated Webflow client.
///
/// Both then share one token, one retry policy and one pacer. The pool should follow no redirect; its
/// limit for whole requests, if it has one, holds neither for uploads nor for requests to Webflow. A
/// client whose inner value is not a [`Context`] gives its pool alone:
/// `Client::builder().http_client(other.client().clone())`.
///
/// The other way round, a generated client takes what a builder has set up:
/// `Other::new_with_client(client.baseurl(), client.client().clone(), client.inner().clone())`.
impl<C: ClientInfo<Context>> From<&C> for Client {
    fn from(other: &C) -> Self {
        let base_url = other.baseurl().trim_end_matches('/');
        Self::new_with_client(base_url, other.client().clone(), other.inner().clone())
    }
}

/// Builds a [`Client`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    token: Option<Token>,
    base_url: String,
    http: Option<reqwest::Client>,
    connect_timeout: Duration,
    settings: Settings,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            token: None,
            base_url: DEFAULT_BASE_URL.to_owned(),
            http: None,
            connect_timeout: http::CONNECT_TIMEOUT,
            settings: Settings::default(),
        }
    }
}

impl ClientBuilder {
    /// The token that every request to Webflow carries. Required.
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// Where the API is: `https://api.webflow.com/v2` if not set. A slash at the end is dropped.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// Allows a base URL and upload URLs with `http` that are not on this machine. The token, files
    /// and signed forms then travel in the clear.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.settings.allow_http = allow;
        self
    }

    /// The HTTP client for Webflow and for S3, with its own TLS, proxies and connect timeout.
    ///
    /// It should follow no redirect, and must add no `Authorization` header, which S3 refuses.
    pub fn http_client(mut self, http: reqwest::Client) -> Self {
        self.http = Some(http);
        self
    }

    /// How long a connection may take to be made: 10 s if not set. An HTTP client of your own
    /// keeps its own.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long one request to Webflow may take, from connecting to the end of the response: 60 s
    /// if not set. It does not limit the upload to S3.
    pub fn request_timeout(mut self, limit: Duration) -> Self {
        self.settings.request = limit;
        self
    }

    /// How long an upload to S3 may go without a byte moving: 60 s if not set.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.settings.idle = limit;
        self
    }

    /// How often, and for how long, requests and uploads are tried.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// How long after its registration an asset may be deleted by an upload that failed: 30 s if
    /// not set. An upload that is handed such an asset looks at it again when this time is over.
    ///
    /// Programs that upload to one site at the same time must agree on it. With 0, no upload
    /// deletes anything or waits.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease;
        self
    }

    /// The length of the windows in which the server counts requests: a minute if not set, as
    /// Webflow documents it.
    pub fn rate_limit_window(mut self, window: Duration) -> Self {
        self.settings.window = window;
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// No token, a base URL that cannot be used, or an HTTP client that cannot be set up.
    pub fn build(self) -> Result<Client, ConfigError> {
        let token = self.token.ok_or(ConfigError::NoToken)?;
        let base_url = token::base_url(&self.base_url, self.settings.allow_http)?;
        let http = match self.http {
            Some(http) => http,
            None if cfg!(not(feature = "rustls")) && base_url.starts_with("https:") => {
                return Err(ConfigError::NoTls);
            }
            None => {
                let http = http::builder(Policy::none()).connect_timeout(self.connect_timeout);
                // The token may go to this machine in the clear, and so not to a proxy.
                let http = if token::stays_here(&base_url) {
                    http.no_proxy()
                } else {
                    http
                };
                http.build().map_err(ConfigError::Http)?
            }
        };
        let context = Context::with_settings(&token, self.settings);
        Ok(Client::new_with_client(&base_url, http, context))
    }
}
