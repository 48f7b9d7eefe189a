//! Fetches one asset's content from the content delivery network into a temporary file.

use std::{io, time::Duration};

use fast_md5::Md5 as Hasher;
use http::{HeaderMap, header::ETAG};
use progenitor_client::ClientInfo;
use reqwest::Url;
use tempfile::NamedTempFile;
use tokio::{
    fs::File,
    io::AsyncWriteExt as _,
    time::{Instant, timeout},
};

use super::error::PullError;
use crate::{
    api::{
        retry::{self, Attempt, Delivery, RetryPolicy},
        trace,
    },
    generated::{Client, types::Asset},
    http::is_protected,
    s3::{ENCRYPTION, md5_of},
    source::{Md5, http_client},
};

/// What arrives more slowly than so many bytes a second, after the time that a server may pause, is
/// given up.
const SLOWEST: u64 = 1024;

/// The length that Webflow states.
pub(super) fn size(asset: &Asset) -> Option<u64> {
    asset.size.and_then(|size| u64::try_from(size).ok())
}

/// Content that has arrived completely.
pub(super) struct Fetched {
    pub(super) file: NamedTempFile,
    pub(super) md5: Md5,
    pub(super) len: u64,
}

/// How content is fetched.
#[derive(Clone, Debug)]
pub(super) struct Fetcher {
    http: reqwest::Client,
    allow_http: bool,
    retry: RetryPolicy,
    /// How long the server may pause.
    idle: Duration,
}

impl Fetcher {
    pub(super) fn of(client: &Client) -> Result<Self, PullError> {
        let settings = client.inner().settings();
        Ok(Self {
            http: http_client()?,
            allow_http: settings.allow_http,
            retry: settings.retry,
            idle: settings.idle,
        })
    }

    /// Fetches the content at a URL into a file from `create`, and checks its length and its entity
    /// tag.
    pub(super) async fn fetch(
        &self,
        url: Option<&str>,
        size: Option<u64>,
        create: impl Fn() -> io::Result<NamedTempFile>,
    ) -> Result<Fetched, PullError> {
        let url = url.and_then(|url| Url::parse(url).ok());
        let url = url.filter(|url| matches!(url.scheme(), "https" | "http"));
        let url = &url.ok_or(PullError::NoUrl)?;
        // Anybody on the way could read and replace the content.
        if !is_protected(url, self.allow_http) {
            return Err(PullError::PlainHttp);
        }
        let create = &create;
        let mut retries = self.retry.start();
        retries
            .run((), |(), _| async move {
                match self.attempt(url.clone(), size, create).await {
                    Ok(fetched) => Attempt::Done(Ok(fetched)),
                    Err(Failed {
                        error,
                        repeatable,
                        retry_after,
                    }) => Attempt::of(Err(error), repeatable.then_some(()), retry_after),
                }
            })
            .await
    }

    async fn attempt(
        &self,
        url: Url,
        size: Option<u64>,
        create: impl Fn() -> io::Result<NamedTempFile>,
    ) -> Result<Fetched, Failed> {
        let begun = Instant::now();
        let mut response = self.within(self.http.get(url).send()).await?;
        let status = response.status();
        trace::request!("GET", response.url(), status);
        if !status.is_success() {
            return Err(Failed {
                error: PullError::Status(status),
                repeatable: Delivery::Answered(status).is_repeatable(true),
                retry_after: retry::retry_after(status, response.headers()),
            });
        }
        let stated = stated_md5(response.headers());
        let (file, path) = create()?.into_parts();
        let mut file = File::from_std(file);
        let mut hasher = Hasher::new();
        let mut len = 0;
        while let Some(chunk) = self.within(response.chunk()).await? {
            len += chunk.len() as u64;
            if let Some(expected) = size.filter(|expected| len > *expected) {
                return Err(Failed::again(PullError::Size { expected, len }));
            }
            // A byte now and then would never end.
            if begun.elapsed() > self.idle + Duration::from_secs(len / SLOWEST) {
                return Err(Failed::again(PullError::Slow));
            }
            hasher.update(&chunk);
            file.write_all(&chunk).await?;
        }
        file.flush().await?;
        if let Some(expected) = size.filter(|expected| len != *expected) {
            return Err(Failed::again(PullError::Size { expected, len }));
        }
        let md5 = Md5(hasher.finalize());
        if let Some(expected) = stated.filter(|stated| *stated != md5) {
            return Err(Failed::again(PullError::Damaged { expected }));
        }
        Ok(Fetched {
            file: NamedTempFile::from_parts(file.into_std().await, path),
            md5,
            len,
        })
    }

    async fn within<T>(&self, work: impl Future<Output = reqwest::Result<T>>) -> Result<T, Failed> {
        match timeout(self.idle, work).await {
            Ok(result) => result.map_err(|error| Failed::again(error.into())),
            Err(_) => Err(Failed::again(PullError::TimedOut(self.idle))),
        }
    }
}

/// The MD5 in an entity tag.
fn stated_md5(headers: &HeaderMap) -> Option<Md5> {
    let encryption = headers.get(ENCRYPTION);
    let encryption = encryption.map(|value| value.to_str().unwrap_or_default());
    let tag = headers.get(ETAG)?.to_str().ok()?;
    md5_of(tag.trim_matches('"'), encryption)?.parse().ok()
}

/// An attempt that failed.
struct Failed {
    error: PullError,
    repeatable: bool,
    retry_after: Option<Duration>,
}

impl Failed {
    fn again(error: PullError) -> Self {
        Self {
            repeatable: true,
            ..error.into()
        }
    }
}

/// Of an error that stays.
impl<E: Into<PullError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self {
            error: error.into(),
            repeatable: false,
            retry_after: None,
        }
    }
}
