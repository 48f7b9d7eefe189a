//! Cleans up the asset of an upload that failed.

use std::time::Duration;

use http::StatusCode;
use progenitor_client::Error as ApiCallError;
use tokio::time::timeout;

use super::{
    error::CleanUp,
    steps::{Reached, Steps},
};
use crate::id::AssetId;

/// The longest clean-up: it holds up the report of the failure.
const LIMIT: Duration = Duration::from_secs(30);

impl Steps<'_> {
    /// Deletes the asset that this call registered and did not fill, as far as the rules of
    /// [`ownership`](super::ownership) allow.
    pub(super) async fn clean_up(&self, reached: &Reached) -> Option<CleanUp> {
        let registered = reached.registered.as_ref()?;
        if reached.is_filled {
            return None;
        }
        let keep = self.upload.keep_on_failure || self.upload.contents.is_some();
        let Some(limit) = registered.may_delete(keep) else {
            return Some(CleanUp::Kept);
        };
        let limit = limit.min(LIMIT);
        let delete = self.delete_unfilled(registered.id);
        let result = timeout(limit, delete).await;
        Some(result.unwrap_or_else(|_| {
            let reason = format!("it took longer than {} s", limit.as_secs());
            CleanUp::Failed(ApiCallError::Custom(reason))
        }))
    }

    async fn delete_unfilled(&self, id: AssetId) -> CleanUp {
        let client = &self.upload.client;
        match client.get_asset().asset_id(id).send().await {
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {}
            // Another caller has filled the asset since.
            Ok(_) => return CleanUp::Kept,
            Err(error) => return CleanUp::Failed(error),
        }
        match client.delete_asset().asset_id(id).send().await {
            Ok(_) => CleanUp::Deleted,
            // An earlier attempt whose response was lost has deleted the asset.
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => CleanUp::Deleted,
            Err(error) => CleanUp::Failed(error),
        }
    }
}
