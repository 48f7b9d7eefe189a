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
    /// Its `operationId` in the description.
    pub published_as: &'static str,
    /// Whether uploading or mirroring a directory needs it. The others may go, which the
    /// report says.
    pub needed: bool,
}

const fn wanted(
    method: &'static str,
    path: &'static str,
    name: &'static str,
    published_as: &'static str,
    needed: bool,
) -> Wanted {
    Wanted {
        path,
        method,
        name,
        published_as,
        needed,
    }
}

/// The operations in the order that the fragment has them in.
#[rustfmt::skip]
pub const OPERATIONS: [Wanted; 8] = [
    wanted("get", "/sites/{site_id}/assets", "list_assets", "list-assets", true),
    wanted("post", "/sites/{site_id}/assets", "create_asset", "create-asset", true),
    wanted("get", "/assets/{asset_id}", "get_asset", "get-asset", true),
    wanted("patch", "/assets/{asset_id}", "update_asset", "patch-asset", true),
    wanted("delete", "/assets/{asset_id}", "delete_asset", "delete-asset", true),
    wanted("get", "/sites/{site_id}/asset_folders", "list_asset_folders", "list-asset-folders", true),
    wanted("post", "/sites/{site_id}/asset_folders", "create_asset_folder", "create-asset-folder", true),
    wanted("get", "/asset_folders/{asset_folder_id}", "get_asset_folder", "get-asset-folder", false),
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
