//! What every request of a generated Webflow client shares.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, header::AUTHORIZATION};
use progenitor_client::Error;
use reqwest::{Request, Response};

use crate::{
    config::Token,
    reply::{self, Undecodable},
};

/// The token and limits that a generated Webflow client works with.
///
/// It is the inner value of [`Client`](crate::Client). A client that another crate generates from
/// Webflow's description can use it as its inner value too, and pass its hooks on to
/// [`pre`](Self::pre), [`exec`](Self::exec) and [`post`](Self::post). Clones share one state.
#[derive(Clone, Debug)]
pub struct Context {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    authorization: HeaderValue,
    limits: Limits,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For one request to Webflow, from connecting to the end of the answer.
    pub(crate) request: Duration,
    /// For the next byte of an upload to go out, or of S3's answer to come in.
    pub(crate) idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(60),
            idle: Duration::from_secs(60),
        }
    }
}

impl Context {
    /// A context with the default limits.
    #[must_use]
    pub fn new(token: &Token) -> Self {
        Self::with_limits(token, Limits::default())
    }

    pub(crate) fn with_limits(token: &Token, limits: Limits) -> Self {
        Self {
            shared: Arc::new(Shared {
                authorization: token.header(),
                limits,
            }),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.shared.limits
    }

    /// Makes a generated request ready to send: adds the bearer token and the time limit, and
    /// takes off the `api-version` header, which Webflow does not know.
    pub fn pre(&self, request: &mut Request) {
        let headers = request.headers_mut();
        headers.remove("api-version");
        headers.insert(AUTHORIZATION, self.shared.authorization.clone());
        if request.timeout().is_none() {
            *request.timeout_mut() = Some(self.shared.limits.request);
        }
    }

    /// Sends a request and makes its answer uniform.
    ///
    /// A 4xx or 5xx whose body is not an error of Webflow's (a proxy's HTML, nothing, half a
    /// document) gets one whose `message` holds the text, so that the generated code can decode
    /// it without losing status and headers.
    ///
    /// # Errors
    ///
    /// The transport's, if no answer arrived.
    pub async fn exec(
        &self,
        http: &reqwest::Client,
        request: Request,
    ) -> reqwest::Result<Response> {
        reply::uniform(http.execute(request).await?).await
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
            Ok(response) => match Undecodable::rebuild(response) {
                Some(response) => Err(Error::UnexpectedResponse(response)),
                None => Ok(()),
            },
            Err(_) => Ok(()),
        }
    }
}
