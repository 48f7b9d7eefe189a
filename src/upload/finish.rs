//! The steps after S3 has stored the file: readiness, name and text.

use std::time::{Duration, Instant};

use http::StatusCode;
use progenitor_client::{ClientInfo, Error as ApiCallError};
use tokio::time::{sleep, timeout};

use super::{Upload, error::UploadErrorKind, steps::Steps};
use crate::{api::retry::Attempt, generated::types::ApiError, id::AssetId};

impl Steps<'_> {
    /// Polls the asset until Webflow states the size that was sent.
    pub(super) async fn ready(
        &self,
        id: AssetId,
        len: u64,
        limit: Duration,
    ) -> Result<(), UploadErrorKind> {
        const LONGEST: Duration = Duration::from_secs(2);

        let start = Instant::now();
        let mut delay = Duration::from_millis(100);
        let mut size = None;
        loop {
            let left = limit.saturating_sub(start.elapsed());
            let request = self.upload.client.get_asset().asset_id(id);
            match timeout(left, request.send()).await {
                Ok(Ok(asset)) => size = asset.size,
                // It is not there yet.
                Ok(Err(error)) if error.status() == Some(StatusCode::NOT_FOUND) => {}
                Ok(Err(error)) => return Err(UploadErrorKind::Check(error)),
                Err(_) => return Err(UploadErrorKind::NotReady { limit, size }),
            }
            if size.and_then(|size| u64::try_from(size).ok()) == Some(len) {
                return Ok(());
            }
            if start.elapsed() + delay >= limit {
                return Err(UploadErrorKind::NotReady { limit, size });
            }
            sleep(delay).await;
            delay = LONGEST.min(delay * 2);
        }
    }

    /// Sets the asset's display name and alternative text, where there are any to set. An asset
    /// that is not new keeps an alternative text that it has. Returns whether it did.
    pub(super) async fn describe(
        &self,
        id: AssetId,
        is_new: bool,
    ) -> Result<bool, UploadErrorKind> {
        let Upload {
            display_name,
            alt_text,
            client,
            ..
        } = self.upload;
        let mut alt_text = alt_text.as_ref();
        let mut is_kept = false;
        if let Some(text) = alt_text
            && !is_new
        {
            let asset = self
                .described(|| client.get_asset().asset_id(id).send())
                .await?;
            let before = asset.into_inner().alt_text.unwrap_or_default();
            if !before.is_empty() {
                alt_text = None;
                is_kept = before != *text;
            }
        }
        if display_name.is_some() || alt_text.is_some() {
            self.described(|| {
                let request = client.update_asset().asset_id(id);
                let request = request.body_map(|body| {
                    let body = body.display_name(display_name.clone());
                    body.alt_text(alt_text.cloned())
                });
                request.send()
            })
            .await?;
        }
        Ok(is_kept)
    }

    /// Sends a request about an asset that has just been filled. Webflow may not find it yet, and
    /// setting the same text twice does no harm.
    async fn described<T, F>(&self, send: impl Fn() -> F) -> Result<T, UploadErrorKind>
    where
        F: Future<Output = Result<T, ApiCallError<ApiError>>>,
    {
        let mut retries = self.upload.client.inner().settings().retry.start();
        retries
            .run((), |(), _| async {
                let error = match send().await {
                    Ok(answer) => return Attempt::Done(Ok(answer)),
                    Err(error) => error,
                };
                let repeatable = matches!(
                    (&error, error.status().map(|status| status.as_u16())),
                    (ApiCallError::CommunicationError(_), None) | (_, Some(404 | 500 | 502 | 504))
                );
                let again = repeatable.then_some(());
                Attempt::of(Err(UploadErrorKind::Update(error)), again, None)
            })
            .await
    }
}
