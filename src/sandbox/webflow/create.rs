//! `POST /v2/sites/{site_id}/assets`

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path as UrlPath, Request, State as Shared};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::refusal::{FieldError, Refusal};
use super::{hosted_url, is_hex, needs_writer};
use crate::sandbox::asset::{Asset, DuplicateAnswer};
use crate::sandbox::fault::Fault;
use crate::sandbox::limit::Caller;
use crate::sandbox::sign::{Terms, UploadDetails};
use crate::sandbox::state::{BUCKET, State};

/// More than any create request needs.
const MAX_BODY: usize = 1024 * 1024;
const MAX_NAME: usize = 99;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    fault: Option<Extension<Fault>>,
    site: Result<UrlPath<String>, PathRejection>,
    request: Request,
) -> Result<(StatusCode, Json<Announced>), Refusal> {
    needs_writer(caller)?;
    let site = site.map(|UrlPath(site)| site).unwrap_or_default();
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

    let fault = fault.map(|Extension(fault)| fault);
    let now = Timestamp::now();
    if let Some(Fault::Duplicate(_)) = fault {
        state.asset_by_hash(&wish.file_hash, || older(&site, &wish, now));
    }
    let asset = state.asset_by_hash(&wish.file_hash, || Asset {
        parent_folder: wish.parent_folder,
        ..Asset::announced(&site, wish.file_name, wish.file_hash.clone(), now)
    });
    let with_form = match fault {
        Some(Fault::Duplicate(answer)) => answer == DuplicateAnswer::WithForm,
        _ => asset.size.is_none() || state.settings.duplicate_answer == DuplicateAnswer::WithForm,
    };
    let (signed_at, lifetime) = match fault {
        Some(Fault::ExpiredPolicy) => (
            now.checked_sub(HOUR + MINUTE).unwrap_or(Timestamp::MIN),
            HOUR,
        ),
        Some(Fault::ShortPolicy(lifetime)) => (now, lifetime),
        _ => (now, state.settings.policy_lifetime),
    };
    let details = with_form.then(|| {
        UploadDetails::sign(
            &state.credentials,
            &Terms {
                bucket: BUCKET,
                site_id: &site,
                key: &asset.key,
                content_type: &asset.content_type,
                max_size: state.settings.max_size,
                signed_at,
                lifetime,
            },
        )
    });
    Ok((
        StatusCode::ACCEPTED,
        Json(Announced::new(&state.origin, asset, details)),
    ))
}

/// The same content as somebody else announced it an hour ago.
fn older(site: &str, wish: &Wish, now: Timestamp) -> Asset {
    let extension = Path::new(&wish.file_name).extension();
    let extension = extension.and_then(OsStr::to_str).unwrap_or("bin");
    let created_on = now.checked_sub(HOUR).unwrap_or(now);
    let name = format!("older.{extension}");
    Asset::announced(site, name, wish.file_hash.clone(), created_on)
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

/// The answer to a create call, its fields in the order in which the live service writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Announced {
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
        let url = hosted_url(origin, &asset);
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
