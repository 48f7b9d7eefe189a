//! Webflow's errors.

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

/// The document that Webflow writes with this status: an error with `code` or its usual one, or an empty object.
pub(crate) fn document(status: StatusCode, code: Option<&str>) -> Response {
    if !status.is_client_error() && !status.is_server_error() {
        return (status, Json(json!({}))).into_response();
    }
    let usual = match status.as_u16() {
        401 => "not_authorized",
        403 => "forbidden",
        404 => "resource_not_found",
        409 => "conflict",
        429 => "too_many_requests",
        503 => "service_unavailable",
        400..500 => "bad_request",
        _ => "internal_error",
    };
    let code = code.map_or(Cow::Borrowed(usual), |code| Cow::Owned(code.to_owned()));
    let message = status.canonical_reason().unwrap_or("Unknown error");
    Refusal::new(status, code, message).into_response()
}

/// An error as Webflow writes it.
pub(super) struct Refusal {
    status: StatusCode,
    body: ErrorBody,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody {
    message: String,
    code: Cow<'static, str>,
    external_reference: Option<String>,
    details: Vec<FieldError>,
}

#[derive(Serialize)]
pub(super) struct FieldError {
    field: Cow<'static, str>,
    message: &'static str,
}

impl FieldError {
    pub(super) fn new(field: impl Into<Cow<'static, str>>, message: &'static str) -> Self {
        let field = field.into();
        Self { field, message }
    }
}

impl Refusal {
    pub(super) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        let body = ErrorBody {
            message: message.into(),
            code: code.into(),
            external_reference: None,
            details: Vec::new(),
        };
        Self { status, body }
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "resource_not_found",
            format!("Requested resource not found: {what}"),
        )
    }

    pub(super) fn invalid(details: Vec<FieldError>) -> Self {
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
