//! `GET` and `POST /v2/sites/{site_id}/asset_folders`, `GET /v2/asset_folders/{asset_folder_id}`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Request, State as Shared};
use serde::Serialize;

use super::body::Fields;
use super::guard::{PathId, checked, known_folder, known_site, needs};
use super::page::{ListQuery, Pagination, Pairs};
use super::refusal::Refusal;
use crate::folder::Folder;
use crate::rate_limit::Caller;
use crate::state::{FolderContents, State};

/// Folders at every depth, oldest first; in which order the live service gives them is not documented.
pub(super) async fn list(
    Shared(state): Shared<Arc<State>>,
    site: PathId,
    query: Pairs,
) -> Result<Json<Page>, Refusal> {
    known_site(&state, site)?;
    let query = ListQuery::read(query)?.at_most(state.settings.folders_per_page);
    let contents = state.contents();
    let (folders, pagination) = query.page(contents.folders.all().iter());
    let mut by_folder = contents.by_folder();
    let details = |folder: Folder| {
        let assets = by_folder.remove(folder.id.as_str()).unwrap_or_default();
        Details::new(&state, FolderContents { folder, assets })
    };
    Ok(Json(Page {
        asset_folders: folders.into_iter().map(details).collect(),
        pagination,
    }))
}

/// Whether the live service accepts a second folder of the same name in the same place is not documented; here it becomes
/// a folder of its own, so that a client that creates one twice is found out.
pub(super) async fn create(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    site: PathId,
    request: Request,
) -> Result<Json<Details>, Refusal> {
    needs(caller, "assets:write")?;
    known_site(&state, site)?;
    let mut fields = Fields::read(request).await?;
    let name = fields.required(
        "displayName",
        "Must be a string that is not empty",
        |name| !name.is_empty(),
    );
    let parent = fields.parent_folder();
    fields.check()?;
    known_folder(&state, parent.as_ref(), "The parent folder cannot be found")?;
    let folder = Folder::new(name, parent);
    state.contents().folders.add(folder.clone());
    let assets = Vec::new();
    Ok(Json(Details::new(
        &state,
        FolderContents { folder, assets },
    )))
}

pub(super) async fn get(
    Shared(state): Shared<Arc<State>>,
    id: PathId,
) -> Result<Json<Details>, Refusal> {
    let folder = state.folder(&checked(id, "asset_folder_id")?);
    let folder = folder.ok_or_else(|| Refusal::not_found("The folder cannot be found"))?;
    Ok(Json(Details::new(&state, folder)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    asset_folders: Vec<Details>,
    pagination: Pagination,
}

/// A folder as it is documented, its fields in the order of the documented example.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details {
    id: String,
    display_name: String,
    parent_folder: Option<String>,
    assets: Vec<String>,
    site_id: String,
    created_on: String,
    last_updated: String,
}

impl Details {
    fn new(state: &State, FolderContents { folder, assets }: FolderContents) -> Self {
        Self {
            id: folder.id,
            display_name: folder.display_name,
            parent_folder: folder.parent_folder,
            assets,
            site_id: state.site_id.clone(),
            last_updated: folder.created_on.clone(),
            created_on: folder.created_on,
        }
    }
}
