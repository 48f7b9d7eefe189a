//! The words that every part of the sandbox shares: a request, its operation, and the side that serves it.

use std::time::Duration;

use http::Method;

/// The service that responds to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Side {
    /// Webflow's API.
    Webflow,
    /// The S3 bucket.
    S3,
}

/// The requests that faults can hit. In text: `create`, `post`, `get`, `delete`, `list`, `update`, `list-folders`,
/// `create-folder`, `get-folder`, `list-sites`, `introspect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `POST /v2/sites/{site_id}/assets`
    CreateAsset,
    /// The form upload to S3.
    PostObject,
    /// `GET /v2/assets/{asset_id}`
    GetAsset,
    /// `DELETE /v2/assets/{asset_id}`
    DeleteAsset,
    /// `GET /v2/sites/{site_id}/assets`
    ListAssets,
    /// `PATCH /v2/assets/{asset_id}`
    UpdateAsset,
    /// `GET /v2/sites/{site_id}/asset_folders`
    ListFolders,
    /// `POST /v2/sites/{site_id}/asset_folders`
    CreateFolder,
    /// `GET /v2/asset_folders/{asset_folder_id}`
    GetFolder,
    /// `GET /v2/sites`
    ListSites,
    /// `GET /v2/token/introspect`
    IntrospectToken,
}

/// How a create call is answered when the site already holds the content.
///
/// Webflow documents neither form. An asset that was created but never filled is always answered with a form, unless
/// the fault `duplicate` decides otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DuplicateAnswer {
    /// With a fresh `uploadUrl` and `uploadDetails`, signed for the existing key.
    #[default]
    WithForm,
    /// With `null` in both.
    WithoutForm,
}

/// A request that reached the sandbox. Headers and bodies are not kept, so the log holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The side that serves it.
    pub side: Side,
    /// Its operation, if it is one that faults can hit.
    pub operation: Option<Operation>,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The path of the URL, without the query.
    pub path: String,
    /// When its head had arrived, counted from the start of the sandbox.
    pub arrived: Duration,
    /// The fault that hit it, as in the text of a [`Rule`](crate::Rule).
    pub fault: Option<String>,
    /// The status of the response; `None` while there is none, when a fault withheld it, or when the client hung up
    /// before it came.
    pub status: Option<u16>,
}

impl Side {
    fn of(path: &str) -> Self {
        if path == "/v2" || path.starts_with("/v2/") {
            Self::Webflow
        } else {
            Self::S3
        }
    }
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 11] = [
        Self::CreateAsset,
        Self::PostObject,
        Self::GetAsset,
        Self::DeleteAsset,
        Self::ListAssets,
        Self::UpdateAsset,
        Self::ListFolders,
        Self::CreateFolder,
        Self::GetFolder,
        Self::ListSites,
        Self::IntrospectToken,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CreateAsset => "create",
            Self::PostObject => "post",
            Self::GetAsset => "get",
            Self::DeleteAsset => "delete",
            Self::ListAssets => "list",
            Self::UpdateAsset => "update",
            Self::ListFolders => "list-folders",
            Self::CreateFolder => "create-folder",
            Self::GetFolder => "get-folder",
            Self::ListSites => "list-sites",
            Self::IntrospectToken => "introspect",
        }
    }

    fn of(side: Side, method: &Method, path: &str) -> Option<Self> {
        if side == Side::S3 {
            return (method == Method::POST).then_some(Self::PostObject);
        }
        let parts: Vec<&str> = path.split('/').skip(2).collect();
        match (method.as_str(), parts.as_slice()) {
            ("POST", ["sites", _, "assets"]) => Some(Self::CreateAsset),
            ("GET", ["assets", _]) => Some(Self::GetAsset),
            ("DELETE", ["assets", _]) => Some(Self::DeleteAsset),
            ("GET", ["sites", _, "assets"]) => Some(Self::ListAssets),
            ("PATCH", ["assets", _]) => Some(Self::UpdateAsset),
            ("GET", ["sites", _, "asset_folders"]) => Some(Self::ListFolders),
            ("POST", ["sites", _, "asset_folders"]) => Some(Self::CreateFolder),
            ("GET", ["asset_folders", _]) => Some(Self::GetFolder),
            ("GET", ["sites"]) => Some(Self::ListSites),
            ("GET", ["token", "introspect"]) => Some(Self::IntrospectToken),
            _ => None,
        }
    }
}

impl Request {
    pub(crate) fn new(method: &Method, path: &str, arrived: Duration) -> Self {
        let side = Side::of(path);
        Self {
            side,
            operation: Operation::of(side, method, path),
            method: method.to_string(),
            path: path.to_owned(),
            arrived,
            fault: None,
            status: None,
        }
    }
}
