//! Webflow's side: the asset endpoints under `/v2`, and what comes before all of them.

mod asset;
mod body;
mod create;
mod folder;
mod guard;
mod page;
mod refusal;
mod site;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, any, on};

use self::refusal::Refusal;
pub(super) use self::refusal::document;
use crate::rate_limit::Caller;
use crate::request::operations;
use crate::state::State;

macro_rules! routes {
    ($(
        $(#[doc = $doc:literal])*
        $name:literal => $variant:ident $(($method:ident $path:literal, $subject:ident::$handler:ident))?
    )*) => {
        Router::new()$($(.route($path, on(MethodFilter::$method, $subject::$handler)))?)*
    };
}

/// `/v2` and everything below it.
pub(super) fn router(state: &Arc<State>) -> Router {
    let operations = operations!(routes)
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

/// Checks the rate limit, whose headers every response carries, and the token.
async fn gate(Shared(state): Shared<Arc<State>>, mut request: Request, next: Next) -> Response {
    let caller = state.caller(bearer(request.headers()));
    let allowance = state.spend(caller);
    let mut response = if let Some(rest) = allowance.retry_after {
        // Whole seconds, however short the window: rounded up, so that a client that waits this long is not refused again.
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
    } else if matches!(caller, Caller::Unknown) {
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
