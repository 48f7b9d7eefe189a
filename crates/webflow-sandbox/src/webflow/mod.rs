//! The Webflow half: the asset endpoints under `/v2`, and what stands before all of them.

mod asset;
mod body;
mod create;
mod folder;
mod page;
mod refusal;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State as Shared};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};

pub(super) use self::refusal::document;
use self::refusal::{FieldError, Refusal};
use super::asset::Asset;
use super::limit::Caller;
use super::state::{BUCKET, State};
use super::text::percent_encode;

/// `/v2` and everything below it.
pub(super) fn router(state: &Arc<State>) -> Router {
    let operations = Router::new()
        .route(
            "/sites/{site_id}/assets",
            get(asset::list).post(create::create),
        )
        .route(
            "/assets/{asset_id}",
            get(asset::get).patch(asset::update).delete(asset::delete),
        )
        .route(
            "/sites/{site_id}/asset_folders",
            get(folder::list).post(folder::create),
        )
        .route("/asset_folders/{asset_folder_id}", get(folder::get))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method);
    Router::new()
        .nest("/v2", operations)
        // The one path that nesting leaves out.
        .route("/v2/", any(no_route))
        .layer(from_fn_with_state(Arc::clone(state), gate))
        .with_state(Arc::clone(state))
}

async fn no_route() -> Refusal {
    Refusal::not_found("Route not found")
}

async fn no_method() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "bad_request",
        "Bad Request: Method not allowed on this route",
    )
}

/// What stands before every operation: the rate limit, whose headers every answer carries, and the token.
async fn gate(Shared(state): Shared<Arc<State>>, mut request: Request, next: Next) -> Response {
    let caller = state.caller(bearer(request.headers()));
    let allowance = state.spend(caller);
    let mut response = if let Some(rest) = allowance.retry_after {
        // Whole seconds, however short the window: rounded up, so that whoever waits as told gets through.
        let seconds = rest.as_secs() + u64::from(rest.subsec_nanos() > 0);
        let mut response = Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "Rate limit hit",
        )
        .into_response();
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
        response
    } else if matches!(caller, Caller::Stranger) {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            "not_authorized",
            "Request not authorized",
        )
        .into_response()
    } else {
        request.extensions_mut().insert(caller);
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(
        "x-ratelimit-limit",
        HeaderValue::from(state.settings.requests_per_window),
    );
    headers.insert(
        "x-ratelimit-remaining",
        HeaderValue::from(allowance.remaining),
    );
    response
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// Writing takes the scope `assets:write`; reading takes `assets:read`, which both tokens have.
fn needs_writer(caller: Caller) -> Result<(), Refusal> {
    match caller {
        Caller::Writer => Ok(()),
        _ => Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "missing_scopes",
            "OAuthForbidden: You are missing the following scopes - assets:write",
        )),
    }
}

/// The id in a URL; refused where its bytes are no text.
type PathId = Result<Path<String>, PathRejection>;

/// The id, if it has the form of one.
fn checked(id: PathId, name: &'static str) -> Result<String, Refusal> {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    if is_hex(&id, 24) {
        Ok(id)
    } else {
        Err(Refusal::invalid(vec![FieldError::new(
            name,
            "Must be 24 hexadecimal digits",
        )]))
    }
}

/// Refuses every site but the one that there is.
fn known_site(state: &State, id: PathId) -> Result<(), Refusal> {
    if checked(id, "site_id")? == state.site_id {
        Ok(())
    } else {
        Err(Refusal::not_found("The site cannot be found"))
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Where an asset can be looked at: in the sandbox's own bucket.
fn hosted_url(origin: &str, asset: &Asset) -> String {
    format!("{origin}/{BUCKET}/{}", percent_encode(&asset.key, b"/"))
}
