//! `GET /v2/sites`, `GET /v2/token/introspect`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State as Shared};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::guard::needs;
use super::refusal::Refusal;
use crate::asset::rfc3339;
use crate::rate_limit::Caller;
use crate::state::{SITE_SHORT_NAME, State};

/// All sites in one response: no query is documented.
pub(super) async fn list(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Refusal> {
    needs(caller, "sites:read")?;
    Ok(Json(json!({ "sites": [{
        "id": state.site_id,
        "workspaceId": "42e63e98c9a982ac9b8b742a",
        "displayName": "Sandbox",
        "shortName": SITE_SHORT_NAME,
        "previewUrl": format!("{}/preview.png", state.origin),
        "timeZone": "Etc/UTC",
        "createdOn": state.created_on,
        "lastUpdated": state.created_on,
        "lastPublished": null,
        "parentFolderId": null,
        "customDomains": [],
        "locales": {
            "primary": {
                "id": "653fd9af6a07fc9cfd7a5e57",
                "cmsLocaleId": "653ad57de882f528b32e810e",
                "enabled": true,
                "displayName": "English (United States)",
                "displayImageId": null,
                "redirect": false,
                "subdirectory": "",
                "tag": "en-US",
            },
            "secondary": [],
        },
        "dataCollectionEnabled": false,
        "dataCollectionType": "disabled",
    }]})))
}

/// Every token may ask about itself.
pub(super) async fn introspect(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
) -> Json<Value> {
    Json(json!({
        "authorization": {
            "id": "55818d58616600637b9a5786",
            "createdOn": state.created_on,
            "lastUsed": rfc3339(Timestamp::now()),
            "grantType": "authorization_code",
            "rateLimit": state.settings.requests_per_window,
            "scope": caller.scopes().join(","),
            "authorizedTo": {
                "siteIds": [state.site_id],
                "workspaceIds": [],
                "userIds": [],
            },
        },
        "application": {
            "id": "55131cd036c09f7d07883dfc",
            "description": "The tests of a client",
            "homepage": "https://example.com",
            "displayName": "Sandbox",
        },
    }))
}
