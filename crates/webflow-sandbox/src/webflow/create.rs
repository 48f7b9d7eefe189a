//! `POST /v2/sites/{site_id}/assets`

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, Request, State as Shared};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use super::body::Fields;
use super::guard::{PathId, known_folder, known_site, needs};
use super::refusal::Refusal;
use crate::asset::{Asset, rfc3339};
use crate::encoding::is_hex;
use crate::fault::Fault;
use crate::rate_limit::Caller;
use crate::request::DuplicateAnswer;
use crate::sign::{Terms, UploadDetails};
use crate::state::{BUCKET, State};

const MAX_NAME: usize = 99;
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    fault: Option<Extension<Fault>>,
    site: PathId,
    request: Request,
) -> Result<(StatusCode, Json<CreateResponse>), Refusal> {
    needs(caller, "assets:write")?;
    known_site(&state, site)?;
    let wanted = CreateRequest::read(request).await?;
    let folder = wanted.parent_folder.as_ref();
    known_folder(&state, folder, "The parent folder cannot be found")?;

    let fault = fault.map(|Extension(fault)| fault);
    let now = Timestamp::now();
    if let Some(Fault::Duplicate(_)) = fault {
        state.asset_by_hash(&wanted.file_hash, || older(&state.site_id, &wanted, now));
    }
    let asset = state.asset_by_hash(&wanted.file_hash, || Asset {
        parent_folder: wanted.parent_folder,
        ..Asset::new(
            &state.site_id,
            wanted.file_name,
            wanted.file_hash.clone(),
            now,
        )
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
                site_id: &state.site_id,
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
        Json(CreateResponse::new(&state, asset, details)),
    ))
}

/// The same content, created by somebody else an hour ago.
fn older(site: &str, wanted: &CreateRequest, now: Timestamp) -> Asset {
    let extension = Path::new(&wanted.file_name).extension();
    let extension = extension.and_then(OsStr::to_str).unwrap_or("bin");
    let created_on = now.checked_sub(HOUR).unwrap_or(now);
    let name = format!("older.{extension}");
    Asset::new(site, name, wanted.file_hash.clone(), created_on)
}

/// A create request that has passed its checks.
struct CreateRequest {
    file_name: String,
    file_hash: String,
    parent_folder: Option<String>,
}

impl CreateRequest {
    async fn read(request: Request) -> Result<Self, Refusal> {
        let mut fields = Fields::read(request).await?;
        let file_name = fields.required(
            "fileName",
            "Must be 1 to 99 characters, none of them a control character",
            |name| {
                (1..=MAX_NAME).contains(&name.chars().count()) && !name.contains(char::is_control)
            },
        );
        let file_hash = fields.required(
            "fileHash",
            "Must be an MD5 hash of 32 lower-case hexadecimal digits",
            |hash| is_hex(hash, 32) && !hash.contains(|digit: char| digit.is_ascii_uppercase()),
        );
        let parent_folder = fields.parent_folder();
        fields.check()?;
        Ok(Self {
            file_name,
            file_hash,
            parent_folder,
        })
    }
}

/// The answer to a create call, its fields in the order in which the live service writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateResponse {
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

impl CreateResponse {
    fn new(state: &State, asset: Asset, details: Option<UploadDetails>) -> Self {
        let url = state.hosted_url(&asset);
        Self {
            upload_url: details
                .is_some()
                .then(|| format!("{}/{BUCKET}/", state.origin)),
            upload_details: details,
            content_type: asset.content_type,
            id: asset.id,
            parent_folder: asset.parent_folder,
            asset_url: url.clone(),
            hosted_url: url,
            original_file_name: asset.file_name,
            last_updated: rfc3339(asset.changed_on),
            created_on: asset.created_on,
        }
    }
}
