//! A source that is fetched from a URL before the upload.

use std::{fmt, io, sync::Arc, time::Duration};

use percent_encoding::percent_decode_str;
use reqwest::{Url, redirect};
use tokio::time::{Instant, timeout_at};

use super::{
    Content, MAX_LEN, Source,
    read::Read,
    spool::{Spool, SpoolError},
};
use crate::{api::trace, http::builder};

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
    /// The default client follows up to five redirects, none of them from `https` to `http`.
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
        let Ok(mut url) = Url::parse(&self.url) else {
            return "a URL".to_owned();
        };
        // These fail only if there is nothing to remove.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.set_fragment(None);
        url.into()
    }

    pub(super) async fn fetch(&self) -> io::Result<Read> {
        // A time limit too long for the clock to represent is no limit.
        let deadline = Instant::now().checked_add(self.timeout);
        let fetch = self.fetch_all();
        let result = match deadline {
            Some(deadline) => timeout_at(deadline, fetch)
                .await
                .map_err(|_| FetchError::TimedOut(self.timeout))
                .flatten(),
            None => fetch.await,
        };
        result.map_err(io::Error::from)
    }

    async fn fetch_all(&self) -> Result<Read, FetchError> {
        let url = Url::parse(&self.url).map_err(|error| FetchError::Url(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Url(
                "its scheme is not `https` or `http`".to_owned(),
            ));
        }
        let http = match &self.http {
            Some(http) => http.clone(),
            None => http_client()?,
        };
        let mut response = http.get(url).send().await?;
        let status = response.status();
        trace::request!("GET", response.url(), status);
        if !status.is_success() {
            return Err(FetchError::Status(status));
        }
        let mut spool = Spool::new(self.max_len);
        spool.check(response.content_length().unwrap_or_default())?;
        while let Some(chunk) = response.chunk().await? {
            spool.push(&chunk).await?;
        }
        Ok(spool.finish().await?)
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
        let downgrade = attempt.url().scheme() == "http"
            && attempt.previous().iter().any(|url| url.scheme() == "https");
        if downgrade {
            attempt.error("it redirects from `https` to `http`")
        } else if attempt.previous().len() > REDIRECTS {
            attempt.error("it redirects more than five times")
        } else {
            attempt.follow()
        }
    });
    builder(follow).referer(false).build()
}

/// Why a URL was not fetched. It never quotes the URL.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("it is not a URL to fetch from: {0}")]
    Url(String),
    #[error("the server answered {0}")]
    Status(http::StatusCode),
    #[error("it took longer than {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    #[error("it cannot be fetched")]
    Http(#[source] reqwest::Error),
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error.without_url())
    }
}

impl From<FetchError> for io::Error {
    fn from(error: FetchError) -> Self {
        let error = match error {
            FetchError::Spool(error) => return error.into(),
            error => error,
        };
        let kind = match &error {
            FetchError::Url(_) => io::ErrorKind::InvalidInput,
            FetchError::Status(http::StatusCode::NOT_FOUND) => io::ErrorKind::NotFound,
            FetchError::TimedOut(_) => io::ErrorKind::TimedOut,
            FetchError::Status(_) | FetchError::Http(_) | FetchError::Spool(_) => {
                io::ErrorKind::Other
            }
        };
        Self::new(kind, error)
    }
}
