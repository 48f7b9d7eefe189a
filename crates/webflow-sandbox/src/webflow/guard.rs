//! What several operations refuse: a token without a scope, an id of the wrong form, an unknown site.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;

use super::refusal::{FieldError, Refusal};
use crate::encoding::is_hex;
use crate::rate_limit::Caller;
use crate::state::State;

/// The id in a URL; refused where its bytes are not UTF-8.
pub(super) type PathId = Result<Path<String>, PathRejection>;

/// The id, if it has the form of one.
pub(super) fn checked(id: PathId, name: &'static str) -> Result<String, Refusal> {
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

/// Refuses every site but the sandbox's.
pub(super) fn known_site(state: &State, id: PathId) -> Result<(), Refusal> {
    if checked(id, "site_id")? == state.site_id {
        Ok(())
    } else {
        Err(Refusal::not_found("The site cannot be found"))
    }
}

/// Refuses a folder that the site does not have.
pub(super) fn known_folder(state: &State, id: Option<&String>, what: &str) -> Result<(), Refusal> {
    match id {
        Some(id) if state.contents().folders.get(id).is_none() => Err(Refusal::not_found(what)),
        _ => Ok(()),
    }
}

/// Refuses a token without a scope. Reading assets takes `assets:read`, which every token has.
pub(super) fn needs(caller: Caller, scope: &str) -> Result<(), Refusal> {
    if caller.scopes().contains(&scope) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNAUTHORIZED,
        "missing_scopes",
        format!("OAuthForbidden: You are missing the following scopes - {scope}"),
    ))
}
