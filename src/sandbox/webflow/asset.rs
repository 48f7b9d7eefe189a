//! `GET` and `DELETE /v2/assets/{asset_id}`

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State as Shared};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::refusal::{FieldError, Refusal};
use super::{hosted_url, is_hex, needs_writer};
use crate::sandbox::asset::{Asset, rfc3339};
use crate::sandbox::fault::Fault;
use crate::sandbox::limit::Caller;
use crate::sandbox::state::State;

/// What is announced but not filled is not found: how the live service answers then is not documented, but right after
/// an upload it still says 404.
pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    fault: Option<Extension<Fault>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Details>, Refusal> {
    let id = checked(id)?;
    let (asset, object) = state.filled_asset(&id).ok_or_else(not_found)?;
    if let Some(Extension(Fault::NotYet(time))) = fault {
        let age = Timestamp::now().duration_since(object.stored_on);
        // A time too long to compare never comes.
        if SignedDuration::try_from(time).map_or(true, |time| age < time) {
            return Err(not_found());
        }
    }
    Ok(Json(Details::new(&state, asset, object.stored_on)))
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    needs_writer(caller)?;
    if state.delete_asset(&checked(id)?) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(not_found())
    }
}

fn checked(id: Result<Path<String>, PathRejection>) -> Result<String, Refusal> {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    if is_hex(&id, 24) {
        Ok(id)
    } else {
        Err(Refusal::invalid(vec![FieldError::new(
            "asset_id",
            "Must be 24 hexadecimal digits",
        )]))
    }
}

fn not_found() -> Refusal {
    Refusal::not_found("The asset cannot be found")
}

/// An asset as it is documented, its fields in the order of the documented example.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details {
    id: String,
    original_file_name: String,
    display_name: String,
    content_type: String,
    size: u64,
    site_id: String,
    created_on: String,
    last_updated: String,
    hosted_url: String,
    variants: [(); 0],
    alt_text: Option<String>,
}

impl Details {
    fn new(state: &State, asset: Asset, stored_on: Timestamp) -> Self {
        Self {
            display_name: format!("{}_{}", asset.id, asset.file_name),
            size: asset.size.unwrap_or_default(),
            site_id: state.site_id.clone(),
            last_updated: rfc3339(stored_on),
            hosted_url: hosted_url(&state.origin, &asset),
            id: asset.id,
            original_file_name: asset.file_name,
            content_type: asset.content_type,
            created_on: asset.created_on,
            variants: [],
            alt_text: None,
        }
    }
}
