//! `GET`, `PATCH` and `DELETE /v2/assets/{asset_id}`, `GET /v2/sites/{site_id}/assets`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Request, State as Shared};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::body::Fields;
use super::guard::{PathId, checked, known_site, needs};
use super::page::{ListQuery, Pagination, Pairs};
use super::refusal::Refusal;
use crate::asset::{Asset, Change, Details};
use crate::fault::Fault;
use crate::rate_limit::Caller;
use crate::state::State;

const ASSET_ID: &str = "asset_id";

/// An asset that was created but not filled is not found. The live service's answer to that is not documented, but right
/// after an upload it is still 404.
pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    fault: Option<Extension<Fault>>,
    id: PathId,
) -> Result<Json<Details>, Refusal> {
    let id = checked(id, ASSET_ID)?;
    let (asset, object) = state.filled_asset(&id).ok_or_else(not_found)?;
    if let Some(Extension(Fault::NotYet(time))) = fault {
        let age = Timestamp::now().duration_since(object.stored_on);
        // A time too long to compare never passes.
        if SignedDuration::try_from(time).map_or(true, |time| age < time) {
            return Err(not_found());
        }
    }
    Ok(Json(details(&state, asset)))
}

/// Oldest first, and only filled assets; whether the live service does either is not documented.
pub(super) async fn list(
    Shared(state): Shared<Arc<State>>,
    site: PathId,
    query: Pairs,
) -> Result<Json<Page>, Refusal> {
    known_site(&state, site)?;
    let (assets, pagination) = ListQuery::read(query)?.assets(&state)?;
    Ok(Json(Page {
        assets: assets
            .into_iter()
            .map(|asset| details(&state, asset))
            .collect(),
        pagination,
    }))
}

/// Takes any `localeId`: a sandbox has one locale.
pub(super) async fn update(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    id: PathId,
    request: Request,
) -> Result<Json<Details>, Refusal> {
    needs(caller, "assets:write")?;
    let id = checked(id, ASSET_ID)?;
    let mut fields = Fields::read(request).await?;
    let change = Change {
        display_name: fields.optional("displayName"),
        alt_text: fields.optional("altText"),
    };
    fields.only(&["displayName", "altText"]);
    fields.check()?;
    let asset = state.update_asset(&id, change).ok_or_else(not_found)?;
    Ok(Json(details(&state, asset)))
}

pub(super) async fn delete(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    id: PathId,
) -> Result<StatusCode, Refusal> {
    needs(caller, "assets:write")?;
    if state.delete_asset(&checked(id, ASSET_ID)?) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(not_found())
    }
}

fn details(state: &State, asset: Asset) -> Details {
    let url = state.hosted_url(&asset);
    Details::new(asset, state.site_id.clone(), url)
}

fn not_found() -> Refusal {
    Refusal::not_found("The asset cannot be found")
}

#[derive(Serialize)]
pub(super) struct Page {
    assets: Vec<Details>,
    pagination: Pagination,
}
