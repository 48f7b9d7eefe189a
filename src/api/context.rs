//! What every request of a generated Webflow client shares.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::{HeaderValue, header::AUTHORIZATION};
use progenitor_client::Error;
use reqwest::{Request, Response};

use crate::{
    api::{
        pacer::{Pacer, RateLimit},
        response::{self, Decodes, Undecodable, Why},
        retry::{self, Attempt, Delivery, RetryPolicy},
        token::Token,
        trace,
    },
    redact::Secrets,
};

/// The token, retry policy and pacer that a generated Webflow client works with.
///
/// It is the inner value of [`Client`](crate::Client). A client that another crate generates from
/// Webflow's description can use it as its inner value too, and pass its hooks on to
/// [`pre`](Self::pre), [`exec`](Self::exec) and [`post`](Self::post), which
/// [`client_hooks!`](crate::client_hooks) does. Clones share one pacer, so that together they keep
/// to the rate limit of their key.
///
/// Other settings than the default ones come from a [`ClientBuilder`](crate::ClientBuilder):
/// `client.inner().clone()`.
#[derive(Clone, Debug)]
pub struct Context {
    shared: Arc<Shared>,
    /// The attempts of one caller, where it wants to know.
    attempts: Option<Arc<Sent>>,
}

/// The attempts that one caller made.
#[derive(Debug, Default)]
pub(crate) struct Sent(Mutex<(u32, Option<Instant>)>);

impl Sent {
    fn begin(&self) {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *sent = (sent.0 + 1, Some(Instant::now()));
    }

    pub(crate) fn count(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// The time since the last attempt began.
    pub(crate) fn elapsed(&self) -> Duration {
        let sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.1.map_or(Duration::ZERO, |begin| begin.elapsed())
    }
}

#[derive(Debug)]
struct Shared {
    authorization: HeaderValue,
    /// The token, which is redacted in responses.
    secrets: Arc<Secrets>,
    settings: Settings,
    pacer: Arc<Pacer>,
}

/// How long to wait for what, and how often to try.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// For one request to Webflow, from connecting to the end of the response.
    pub(crate) request: Duration,
    /// For the next chunk of an upload to be sent, and for the whole of S3's response.
    pub(crate) idle: Duration,
    pub(crate) retry: RetryPolicy,
    /// How long an upload that fails may delete the asset that it registered.
    pub(crate) lease: Duration,
    /// The length of a rate-limit window.
    pub(crate) window: Duration,
    /// Whether to send anything over plain `http` to other machines.
    pub(crate) allow_http: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            retry: RetryPolicy::default(),
            // Longer than small files take with all their retries, and short enough to wait for.
            lease: Duration::from_secs(30),
            // Webflow states its limits per minute.
            window: Duration::from_secs(60),
            allow_http: false,
        }
    }
}

impl Context {
    /// A context with the default settings of [`ClientBuilder`](crate::ClientBuilder).
    #[must_use]
    pub fn new(token: &Token) -> Self {
        Self::with_settings(token, Settings::default())
    }

    pub(crate) fn with_settings(token: &Token, settings: Settings) -> Self {
        Self {
            shared: Arc::new(Shared {
                authorization: token.header(),
                secrets: Arc::new(token.secrets()),
                settings,
                pacer: Arc::new(Pacer::new(settings.window, settings.retry.elapsed_limit())),
            }),
            attempts: None,
        }
    }

    /// The token, to be kept out of what other servers answer.
    pub(crate) fn secrets(&self) -> Arc<Secrets> {
        Arc::clone(&self.shared.secrets)
    }

    pub(crate) fn settings(&self) -> Settings {
        self.shared.settings
    }

    /// A clone that counts the attempts that are made through it.
    pub(crate) fn counting(&self, attempts: &Arc<Sent>) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            attempts: Some(Arc::clone(attempts)),
        }
    }

    /// The current state of the rate limit, as far as the responses so far state it.
    #[must_use]
    pub fn rate_limit(&self) -> RateLimit {
        self.shared.pacer.snapshot()
    }

    /// Makes a generated request ready to send: adds the bearer token and the time limit, and
    /// takes off the `api-version` header, which Webflow does not know.
    pub fn pre(&self, request: &mut Request) {
        let headers = request.headers_mut();
        headers.remove("api-version");
        headers.insert(AUTHORIZATION, self.shared.authorization.clone());
        if request.timeout().is_none() {
            *request.timeout_mut() = Some(self.shared.settings.request);
        }
    }

    /// Sends a request when the rate limit allows it, repeats it as the [`RetryPolicy`] says, and
    /// prepares the response for the generated code.
    ///
    /// - The body of a 4xx or 5xx that is not Webflow's (a proxy's HTML, nothing, half a document) is
    ///   replaced by an error in Webflow's format whose `message` is that text: it can be decoded, and
    ///   status and headers are kept.
    /// - A success that is not JSON, breaks off or is longer than 16 MiB is marked, for
    ///   [`post`](Self::post) to refuse.
    /// - The token is redacted in the headers, and in the body of all but a success.
    ///
    /// If the future is dropped while it waits for the rate limit, the request is not sent.
    ///
    /// # Errors
    ///
    /// That of the last attempt, if no response arrived in time.
    pub async fn exec(
        &self,
        http: &reqwest::Client,
        request: Request,
    ) -> reqwest::Result<Response> {
        self.exec_as(http, request, response::IS_JSON).await
    }

    /// Like [`exec`](Self::exec), and marks a success that does not decode, for
    /// [`post`](Self::post).
    ///
    /// # Errors
    ///
    /// As [`exec`](Self::exec).
    #[doc(hidden)]
    pub async fn exec_as(
        &self,
        http: &reqwest::Client,
        request: Request,
        decodes: Decodes,
    ) -> reqwest::Result<Response> {
        let idempotent = request.method().is_idempotent();
        let mut retries = self.shared.settings.retry.start();
        retries
            .run(request, |request, _| async move {
                let again = request.try_clone();
                let result = self.attempt(http, request, decodes).await;
                let delivery = match &result {
                    Ok(response) if Undecodable::why(response) == Some(Why::Partial) => {
                        Delivery::Unknown
                    }
                    result => Delivery::of(result),
                };
                let retry_after = match &result {
                    Ok(response) => retry::retry_after(response.status(), response.headers()),
                    Err(_) => None,
                };
                let again = again.filter(|_| delivery.is_repeatable(idempotent));
                Attempt::of(result, again, retry_after)
            })
            .await
    }

    async fn attempt(
        &self,
        http: &reqwest::Client,
        request: Request,
        decodes: Decodes,
    ) -> reqwest::Result<Response> {
        let permit = self.shared.pacer.acquire().await;
        if let Some(attempts) = &self.attempts {
            attempts.begin();
        }
        #[cfg(feature = "tracing")]
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        match http.execute(request).await {
            Ok(response) => {
                trace::trace!(%method, path, status = response.status().as_u16(), "request");
                permit.answered(response.status(), response.headers());
                response::uniform(response, &self.shared.secrets, decodes).await
            }
            Err(error) => {
                trace::trace!(%method, path, "request without a response");
                if retry::was_not_sent(&error) {
                    permit.unsent();
                }
                Err(error)
            }
        }
    }

    /// Turns a success that is no JSON into [`Error::UnexpectedResponse`], which keeps status,
    /// headers and text.
    ///
    /// # Errors
    ///
    /// [`Error::UnexpectedResponse`], as above.
    #[expect(clippy::result_large_err, reason = "the size is the generated code's")]
    pub fn post<E>(&self, result: &reqwest::Result<Response>) -> Result<(), Error<E>> {
        match result {
            Ok(response) => match Undecodable::rebuild(response, &self.shared.secrets) {
                Some(response) => Err(Error::UnexpectedResponse(response)),
                None => Ok(()),
            },
            Err(_) => Ok(()),
        }
    }
}
