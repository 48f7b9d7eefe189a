//! Assets and the objects behind them.

use bytes::Bytes;
use jiff::Timestamp;

use super::text::random_hex;

/// How a create call with a hash that the site already holds, filled, is answered.
///
/// Webflow documents neither form. An asset that was announced but never filled is always answered with a form, unless
/// a [`Fault::Duplicate`](super::Fault::Duplicate) decides otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DuplicateAnswer {
    /// With a fresh `uploadUrl` and `uploadDetails`, signed for the existing key.
    #[default]
    WithForm,
    /// With `null` in both.
    WithoutForm,
}

/// An asset that the Webflow half knows of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asset {
    /// 24 hex digits.
    pub id: String,
    /// The name under which the content was first announced.
    pub file_name: String,
    /// The MD5 of the content as announced, in lower-case hex.
    pub file_hash: String,
    /// The name that it is shown under.
    pub display_name: String,
    /// What the image shows, for those who cannot see it.
    pub alt_text: Option<String>,
    /// The folder that it was announced for.
    pub parent_folder: Option<String>,
    /// The media type that follows from the name.
    pub content_type: String,
    /// The object's key in the bucket.
    pub key: String,
    /// When the first create call came, in RFC 3339 with milliseconds.
    pub created_on: String,
    /// The stored bytes; `None` until an upload has filled the asset.
    pub size: Option<u64>,
    /// When it was announced, filled or updated, whichever came last.
    pub(super) changed_on: Timestamp,
}

impl Asset {
    /// An asset without content.
    pub(super) fn announced(
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

/// What a PATCH changes of an asset; what it leaves out stays.
pub(super) struct Change {
    pub(super) display_name: Option<String>,
    pub(super) alt_text: Option<String>,
}

/// An object in the bucket.
#[derive(Clone)]
pub(super) struct Object {
    pub(super) bytes: Bytes,
    pub(super) etag: String,
    pub(super) content_type: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) stored_on: Timestamp,
}

/// A time as Webflow writes it, with milliseconds.
pub(super) fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
