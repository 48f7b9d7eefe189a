//! The Webflow half: the asset endpoints under `/v2`, their checks, limits and errors.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State as Shared};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::sign::{Terms, UploadDetails};
use super::state::{Asset, BUCKET, Caller, DuplicateAnswer, State};
use super::text::{percent_encode, random_hex};

/// More than any create request needs.
const MAX_BODY: usize = 1024 * 1024;
const MAX_NAME: usize = 99;

/// `/v2` and everything below it.
pub(super) fn router(state: &Arc<State>) -> Router {
    let operations = Router::new()
        .route("/sites/{site_id}/assets", post(create))
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
        let seconds = rest.as_secs() + u64::from(rest.subsec_nanos() > 0);
        let mut response = Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "Rate limit hit",
        )
        .into_response();
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
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

/// `POST /v2/sites/{site_id}/assets`
async fn create(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    site: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<(StatusCode, Json<Announced>), Refusal> {
    if !matches!(caller, Caller::Writer) {
        return Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "missing_scopes",
            "OAuthForbidden: You are missing the following scopes - assets:write",
        ));
    }
    let site = site.map(|Path(site)| site).unwrap_or_default();
    if !is_hex(&site, 24) {
        return Err(Refusal::invalid(vec![FieldError::new(
            "site_id",
            "Must be 24 hexadecimal digits",
        )]));
    }
    if site != state.site_id {
        return Err(Refusal::not_found("The site cannot be found"));
    }
    let wish = Wish::read(request).await?;
    if wish
        .parent_folder
        .as_ref()
        .is_some_and(|folder| *folder != state.folder_id)
    {
        return Err(Refusal::not_found("The parent folder cannot be found"));
    }

    let now = Timestamp::now();
    let asset = state.asset_by_hash(&wish.file_hash, || {
        let id = random_hex(24);
        Asset {
            key: format!("{site}/{id}_{}", wish.file_name),
            content_type: mime_guess::from_path(&wish.file_name)
                .first_or_octet_stream()
                .to_string(),
            created_on: now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            id,
            file_name: wish.file_name,
            file_hash: wish.file_hash.clone(),
            parent_folder: wish.parent_folder,
            size: None,
        }
    });
    let with_form =
        asset.size.is_none() || state.settings.duplicate_answer == DuplicateAnswer::WithForm;
    let details = with_form.then(|| {
        UploadDetails::sign(
            &state.credentials,
            &Terms {
                bucket: BUCKET,
                site_id: &site,
                key: &asset.key,
                content_type: &asset.content_type,
                max_size: state.settings.max_size,
                signed_at: now,
                lifetime: state.settings.policy_lifetime,
            },
        )
    });
    Ok((
        StatusCode::ACCEPTED,
        Json(Announced::new(&state.origin, asset, details)),
    ))
}

/// A create request that has passed its checks.
struct Wish {
    file_name: String,
    file_hash: String,
    parent_folder: Option<String>,
}

impl Wish {
    async fn read(request: Request) -> Result<Self, Refusal> {
        let malformed = |message| Refusal::new(StatusCode::BAD_REQUEST, "bad_request", message);
        let body = axum::body::to_bytes(request.into_body(), MAX_BODY)
            .await
            .map_err(|_| malformed("Bad Request: Request body is too large or broken off"))?;
        let body: Value = serde_json::from_slice(&body)
            .map_err(|_| malformed("Bad Request: Request body is not valid JSON"))?;
        let Value::Object(body) = body else {
            return Err(malformed("Bad Request: Request body is not a JSON object"));
        };

        let mut errors = Vec::new();
        let mut field =
            |name: &'static str, message: &'static str, check: &dyn Fn(&str) -> bool| {
                let value = body
                    .get(name)
                    .and_then(Value::as_str)
                    .filter(|value| check(value));
                if value.is_none() {
                    errors.push(FieldError::new(name, message));
                }
                value.unwrap_or_default().to_owned()
            };
        let file_name = field(
            "fileName",
            "Must be 1 to 99 characters, none of them a control character",
            &|name| {
                (1..=MAX_NAME).contains(&name.chars().count()) && !name.contains(char::is_control)
            },
        );
        let file_hash = field(
            "fileHash",
            "Must be an MD5 hash of 32 lower-case hexadecimal digits",
            &|hash| is_hex(hash, 32) && !hash.contains(|digit: char| digit.is_ascii_uppercase()),
        );
        let parent_folder = match body.get("parentFolder") {
            None | Some(Value::Null) => None,
            Some(_) => Some(field(
                "parentFolder",
                "Must be 24 hexadecimal digits",
                &|id| is_hex(id, 24),
            )),
        };
        if errors.is_empty() {
            Ok(Self {
                file_name,
                file_hash,
                parent_folder,
            })
        } else {
            Err(Refusal::invalid(errors))
        }
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The answer to a create call, its fields in the order in which the live service writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Announced {
    upload_details: Option<UploadDetails>,
    content_type: String,
    id: String,
    parent_folder: Option<String>,
    upload_url: Option<String>,
    asset_url: String,
    hosted_url: String,
    original_file_name: String,
    created_on: String,
    last_updated: String,
}

impl Announced {
    fn new(origin: &str, asset: Asset, details: Option<UploadDetails>) -> Self {
        // Both lead to the object in the sandbox's own bucket, so that what was uploaded can be looked at.
        let url = format!("{origin}/{BUCKET}/{}", percent_encode(&asset.key, b"/"));
        Self {
            upload_url: details.is_some().then(|| format!("{origin}/{BUCKET}/")),
            upload_details: details,
            content_type: asset.content_type,
            id: asset.id,
            parent_folder: asset.parent_folder,
            asset_url: url.clone(),
            hosted_url: url,
            original_file_name: asset.file_name,
            last_updated: asset.created_on.clone(),
            created_on: asset.created_on,
        }
    }
}

/// An error as Webflow writes it.
struct Refusal {
    status: StatusCode,
    body: ErrorBody,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody {
    message: String,
    code: &'static str,
    external_reference: Option<String>,
    details: Vec<FieldError>,
}

#[derive(Serialize)]
struct FieldError {
    field: &'static str,
    message: &'static str,
}

impl FieldError {
    fn new(field: &'static str, message: &'static str) -> Self {
        Self { field, message }
    }
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let body = ErrorBody {
            message: message.into(),
            code,
            external_reference: None,
            details: Vec::new(),
        };
        Self { status, body }
    }

    fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "resource_not_found",
            format!("Requested resource not found: {what}"),
        )
    }

    fn invalid(details: Vec<FieldError>) -> Self {
        let mut refusal = Self::new(
            StatusCode::BAD_REQUEST,
            "validation_error",
            "Validation Error: Provided parameters or fields are invalid",
        );
        refusal.body.details = details;
        refusal
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
