//! Assets and the objects behind them.

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

use crate::encoding::random_hex;

/// An asset of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asset {
    /// 24 hex digits.
    pub id: String,
    /// The name in the first create call.
    pub file_name: String,
    /// The MD5 in the create call, in lower-case hex.
    pub file_hash: String,
    /// The name that it is shown under.
    pub display_name: String,
    /// The alternative text of the image.
    pub alt_text: Option<String>,
    /// The folder in the create call.
    pub parent_folder: Option<String>,
    /// The media type that follows from the name.
    pub content_type: String,
    /// The object's key in the bucket.
    pub key: String,
    /// When the first create call came, in RFC 3339 with milliseconds.
    pub created_on: String,
    /// The stored bytes; `None` until an upload has filled the asset.
    pub size: Option<u64>,
    /// When it was created, filled or updated, whichever came last.
    pub(crate) changed_on: Timestamp,
}

impl Asset {
    /// An asset without content.
    pub(crate) fn new(
        site_id: &str,
        file_name: String,
        file_hash: String,
        created_on: Timestamp,
    ) -> Self {
        let id = random_hex(24);
        Self {
            key: format!("{site_id}/{id}_{file_name}"),
            content_type: mime_guess::from_path(&file_name)
                .first_or_octet_stream()
                .to_string(),
            display_name: format!("{id}_{file_name}"),
            alt_text: None,
            created_on: rfc3339(created_on),
            changed_on: created_on,
            id,
            file_name,
            file_hash,
            parent_folder: None,
            size: None,
        }
    }
}

/// The fields that a PATCH changes; `None` leaves a field as it is.
pub(crate) struct Change {
    pub(crate) display_name: Option<String>,
    pub(crate) alt_text: Option<String>,
}

/// An asset as it is documented, its fields in the order of the documented example.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Details {
    id: String,
    original_file_name: String,
    display_name: String,
    content_type: String,
    size: u64,
    site_id: String,
    created_on: String,
    last_updated: String,
    hosted_url: String,
    variants: [(); 0],
    alt_text: Option<String>,
    folder_id: Option<String>,
}

impl Details {
    pub(crate) fn new(asset: Asset, site_id: String, hosted_url: String) -> Self {
        Self {
            hosted_url,
            size: asset.size.unwrap_or_default(),
            site_id,
            last_updated: rfc3339(asset.changed_on),
            display_name: asset.display_name,
            id: asset.id,
            original_file_name: asset.file_name,
            content_type: asset.content_type,
            created_on: asset.created_on,
            variants: [],
            alt_text: asset.alt_text,
            folder_id: asset.parent_folder,
        }
    }
}

/// An object in the bucket.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) bytes: Bytes,
    pub(crate) etag: String,
    pub(crate) content_type: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) stored_on: Timestamp,
}

/// A time as Webflow writes it, with milliseconds.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
