//! A source that is fetched from a URL before the upload.

use std::{fmt, io, sync::Arc, time::Duration};

use http::StatusCode;
use percent_encoding::percent_decode_str;
use reqwest::{Url, redirect};
use tokio::time::{Instant, timeout_at};

use super::{Content, MAX_LEN, Source, read::Read, spool::Spool};
use crate::{
    api::trace,
    http::{builder, is_protected, public},
};

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// A URL to upload from, and the limits within which it is fetched.
///
/// It is fetched once, before the upload: up to 8 MiB into memory, more into a temporary file,
/// which is removed with the last [`Source`] that uses it.
///
/// ```
/// use std::time::Duration;
/// use webflow_assets::{Remote, Source};
///
/// let source: Source = Remote::new("https://example.com/img/a%20barn.png?v=2")
///     .max_len(4 * 1024 * 1024)
///     .timeout(Duration::from_secs(30))
///     .into();
/// assert_eq!(source.file_name(), Some("a barn.png"));
/// ```
#[derive(Clone)]
#[must_use = "a URL is fetched by the upload of its source"]
pub struct Remote {
    url: String,
    max_len: u64,
    timeout: Duration,
    http: Option<reqwest::Client>,
}

impl Remote {
    /// The content at this `http` or `https` URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_len: MAX_LEN,
            timeout: Duration::from_secs(300),
            http: None,
        }
    }

    /// Limits the length of the content, in bytes: 30 MiB if not set, as Webflow signs no form for
    /// more.
    pub fn max_len(mut self, bytes: u64) -> Self {
        self.max_len = bytes;
        self
    }

    /// Limits the time of the whole fetch: five minutes if not set.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets the HTTP client, whose own settings for redirects, proxies, headers and TLS apply.
    ///
    /// The default client follows up to five redirects, none of them from `https` or this
    /// machine to `http` on another.
    pub fn http_client(mut self, http: reqwest::Client) -> Self {
        self.http = Some(http);
        self
    }

    /// The last part of the URL's path.
    fn file_name(&self) -> Option<String> {
        let url = Url::parse(&self.url).ok()?;
        let last = url.path_segments()?.next_back()?;
        let name = percent_decode_str(last).decode_utf8().ok()?;
        (!name.is_empty()).then(|| name.into_owned())
    }

    /// The URL without its parts that may be secret: a password, or a signature in the query.
    pub(super) fn label(&self) -> String {
        match Url::parse(&self.url) {
            Ok(url) => public(url),
            Err(_) => "a URL".to_owned(),
        }
    }

    pub(super) async fn fetch(&self) -> io::Result<Read> {
        // A time limit too long for the clock to represent is no limit.
        let deadline = Instant::now().checked_add(self.timeout);
        let fetch = self.fetch_all();
        let Some(deadline) = deadline else {
            return fetch.await;
        };
        timeout_at(deadline, fetch).await.unwrap_or_else(|_| {
            let text = format!("it took longer than {} s", self.timeout.as_secs_f64());
            Err(io::Error::new(io::ErrorKind::TimedOut, text))
        })
    }

    /// Fetches the content. No error quotes the URL.
    async fn fetch_all(&self) -> io::Result<Read> {
        let no_url = |why: &str| {
            let text = format!("it is not a URL to fetch from: {why}");
            io::Error::new(io::ErrorKind::InvalidInput, text)
        };
        let failed = |error: reqwest::Error| io::Error::other(NotFetched(error.without_url()));
        let url = Url::parse(&self.url).map_err(|error| no_url(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(no_url("its scheme is not `https` or `http`"));
        }
        let http = match &self.http {
            Some(http) => http.clone(),
            None => http_client().map_err(failed)?,
        };
        let mut response = http.get(url).send().await.map_err(failed)?;
        let status = response.status();
        trace::request!("GET", response.url(), status);
        if !status.is_success() {
            let kind = match status {
                StatusCode::NOT_FOUND => io::ErrorKind::NotFound,
                _ => io::ErrorKind::Other,
            };
            return Err(io::Error::new(
                kind,
                format!("the server answered {status}"),
            ));
        }
        let mut spool = Spool::new(self.max_len);
        spool.check(response.content_length().unwrap_or_default())?;
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            spool.push(&chunk).await?;
        }
        spool.finish().await
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("url", &self.label())
            .field("max_len", &self.max_len)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl From<Remote> for Source {
    fn from(remote: Remote) -> Self {
        Self {
            name: remote.file_name(),
            content: Content::Remote(Arc::new(remote)),
        }
    }
}

/// A client that follows a few redirects, none of them from `https` to `http`.
pub(crate) fn http_client() -> reqwest::Result<reqwest::Client> {
    let follow = redirect::Policy::custom(|attempt| {
        let is_protected = |url: &Url| is_protected(url, false);
        let downgrade = !is_protected(attempt.url()) && attempt.previous().iter().any(is_protected);
        if downgrade {
            attempt.error("it redirects to `http` on another machine")
        } else if attempt.previous().len() > REDIRECTS {
            attempt.error("it redirects more than five times")
        } else {
            attempt.follow()
        }
    });
    builder(follow).referer(false).build()
}

/// The request failed, or could not be sent.
#[derive(Debug, thiserror::Error)]
#[error("it cannot be fetched")]
struct NotFetched(#[source] reqwest::Error);
