//! What the fragment takes, what it calls it, and in which order.

/// An operation that the fragment has.
#[derive(Debug)]
pub struct Wanted {
    /// The path template.
    pub path: &'static str,
    /// The HTTP method in lower case.
    pub method: &'static str,
    /// Its name in the fragment.
    pub name: &'static str,
    /// Whether a fragment without it is an error. The others may be missing, which the report
    /// says.
    pub needed: bool,
}

const fn wanted(
    method: &'static str,
    path: &'static str,
    name: &'static str,
    needed: bool,
) -> Wanted {
    Wanted {
        path,
        method,
        name,
        needed,
    }
}

/// The operations in the order that the fragment has them in.
#[rustfmt::skip]
pub const OPERATIONS: [Wanted; 8] = [
    wanted("get", "/sites/{site_id}/assets", "list_assets", false),
    wanted("post", "/sites/{site_id}/assets", "create_asset", true),
    wanted("get", "/assets/{asset_id}", "get_asset", false),
    wanted("patch", "/assets/{asset_id}", "update_asset", false),
    wanted("delete", "/assets/{asset_id}", "delete_asset", false),
    wanted("get", "/sites/{site_id}/asset_folders", "list_asset_folders", false),
    wanted("post", "/sites/{site_id}/asset_folders", "create_asset_folder", false),
    wanted("get", "/asset_folders/{asset_folder_id}", "get_asset_folder", false),
];

/// The names of the schemas by where they stand: the operation or the schema above, and the
/// part or field of it. `error` stands for every answer of status 4xx and 5xx.
#[rustfmt::skip]
pub const SCHEMAS: [(&str, &str, &str); 17] = [
    ("create_asset", "request", "NewAsset"),
    ("update_asset", "request", "AssetUpdate"),
    ("create_asset_folder", "request", "NewAssetFolder"),
    ("list_assets", "answer", "AssetList"),
    ("create_asset", "answer", "AssetUpload"),
    ("get_asset", "answer", "Asset"),
    ("update_asset", "answer", "Asset"),
    ("list_asset_folders", "answer", "AssetFolderList"),
    ("create_asset_folder", "answer", "AssetFolder"),
    ("get_asset_folder", "answer", "AssetFolder"),
    ("AssetList", "assets", "Asset"),
    ("AssetList", "pagination", "Pagination"),
    ("AssetUpload", "uploadDetails", "UploadDetails"),
    ("Asset", "variants", "AssetVariant"),
    ("AssetFolderList", "assetFolders", "AssetFolder"),
    ("AssetFolderList", "pagination", "Pagination"),
    ("", "error", "ApiError"),
];

/// The names of the parameters, by where and what they are.
pub const PARAMETERS: [(&str, &str, &str); 7] = [
    ("path", "site_id", "SiteId"),
    ("path", "asset_id", "AssetId"),
    ("path", "asset_folder_id", "AssetFolderId"),
    ("query", "localeId", "LocaleIdQuery"),
    ("query", "offset", "Offset"),
    ("query", "limit", "Limit"),
    ("query", "folderId", "FolderIdQuery"),
];

/// The names of the answers that operations share, by status.
pub const ANSWERS: [(&str, &str); 10] = [
    ("400", "BadRequest"),
    ("401", "Unauthorized"),
    ("403", "Forbidden"),
    ("404", "NotFound"),
    ("409", "Conflict"),
    ("413", "PayloadTooLarge"),
    ("429", "TooManyRequests"),
    ("500", "InternalError"),
    ("502", "BadGateway"),
    ("503", "ServiceUnavailable"),
];

/// The schema of every error.
pub const ERROR: &str = "ApiError";

/// The codes of errors, for descriptions that list none.
#[rustfmt::skip]
pub const CODES: [&str; 30] = [
    "bad_request", "collection_not_found", "conflict", "duplicate_collection",
    "duplicate_user_email", "ecommerce_not_enabled", "forbidden", "forms_require_republish",
    "incompatible_webhook_filter", "internal_error", "invalid_auth_version", "invalid_credentials",
    "invalid_domain", "invalid_user_email", "item_not_found", "missing_scopes",
    "no_domains", "not_authorized", "not_enterprise_plan_site", "not_enterprise_plan_workspace",
    "order_not_found", "resource_not_found", "service_unavailable", "too_many_requests",
    "unsupported_version", "unsupported_webhook_trigger_type", "user_limit_reached", "user_not_found",
    "users_not_enabled", "validation_error",
];

/// The schemas without which nothing can be uploaded.
pub const NEEDED: [&str; 3] = ["NewAsset", "AssetUpload", "UploadDetails"];

/// The schemas in the order of their use: what is sent, what is answered, what goes wrong. The
/// generator needs `KnownErrorCode` before `ErrorCode` to print the latter.
#[rustfmt::skip]
pub const SCHEMA_ORDER: [&str; 19] = [
    "SiteId", "AssetId", "FolderId", "FileName", "FileHash",
    "NewAsset", "AssetUpload", "UploadDetails",
    "Asset", "AssetVariant", "AssetUpdate",
    "Pagination", "AssetList",
    "NewAssetFolder", "AssetFolder", "AssetFolderList",
    "KnownErrorCode", "ErrorCode", "ApiError",
];

/// Where a parameter or a shared answer stands in the tables.
#[must_use]
pub fn shared_rank(name: &str) -> Option<usize> {
    let parameters = PARAMETERS.iter().map(|(_, _, name)| *name);
    let mut names = parameters.chain(ANSWERS.iter().map(|(_, name)| *name));
    names.position(|known| known == name)
}
