//! A running sandbox.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use tokio::task::AbortHandle;

use crate::asset::{Asset, Object};
use crate::encoding::hex;
use crate::fault::Rule;
use crate::folder::Folder;
use crate::request::Request;
use crate::state::{BUCKET, SITE_SHORT_NAME, State};

/// A running sandbox; dropping it stops the server and closes its connections.
pub struct Sandbox {
    state: Arc<State>,
    base_url: String,
    server: AbortHandle,
}

/// The sandbox's S3 bucket, and the right to write to it. Its region is `us-east-1`.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Bucket<'a> {
    /// The endpoint, `http://127.0.0.1:PORT`; the bucket is the first part of the path.
    pub endpoint: &'a str,
    /// The bucket's name.
    pub name: &'a str,
    /// The access key id.
    pub access_key_id: &'a str,
    /// The secret access key.
    pub secret_access_key: &'a str,
}

impl Sandbox {
    pub(crate) fn new(state: Arc<State>, base_url: String, server: AbortHandle) -> Self {
        Self {
            state,
            base_url,
            server,
        }
    }

    /// The API's base URL, `http://127.0.0.1:PORT/v2`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A token with every scope.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.state.token
    }

    /// A token without the scope `assets:write`.
    #[must_use]
    pub fn read_only_token(&self) -> &str {
        &self.state.read_only_token
    }

    /// A token without the scope `sites:read`.
    #[must_use]
    pub fn assets_token(&self) -> &str {
        &self.state.assets_token
    }

    /// The short name of the site, which is the same in every sandbox.
    #[must_use]
    pub fn site_short_name(&self) -> &str {
        SITE_SHORT_NAME
    }

    /// The id of the one site that exists.
    #[must_use]
    pub fn site_id(&self) -> &str {
        &self.state.site_id
    }

    /// The folder that the site has from the start, at the top.
    #[must_use]
    pub fn folder_id(&self) -> &str {
        &self.state.folder_id
    }

    /// Adds an asset that somebody else uploaded an hour ago, whether or not the site has its name or content already.
    #[must_use = "the asset has an id"]
    pub fn add_asset(&self, file_name: impl Into<String>, bytes: impl Into<Bytes>) -> Asset {
        let bytes = bytes.into();
        let now = Timestamp::now();
        let then = now.checked_sub(Duration::from_hours(1)).unwrap_or(now);
        let etag = hex(&Md5::digest(&bytes));
        let mut asset = Asset::new(self.site_id(), file_name.into(), etag.clone(), then);
        asset.size = Some(bytes.len() as u64);
        let object = Object {
            bytes,
            etag,
            content_type: Some(asset.content_type.clone()),
            cache_control: None,
            stored_on: then,
        };
        let mut contents = self.state.contents();
        contents.assets.add(asset.clone());
        contents.put(asset.key.clone(), object);
        asset
    }

    /// Adds a folder to the folder `parent` or to the top of the site, whether or not there is such a parent, or such a
    /// name in it already.
    #[must_use = "the folder has an id"]
    pub fn add_folder(&self, display_name: impl Into<String>, parent: Option<&str>) -> Folder {
        let folder = Folder::new(display_name.into(), parent.map(str::to_owned));
        self.state.contents().folders.add(folder.clone());
        folder
    }

    /// Every folder at every depth, oldest first.
    #[must_use]
    pub fn folders(&self) -> Vec<Folder> {
        self.state.contents().folders.all().to_vec()
    }

    /// Every asset that was created and not deleted, filled or not, oldest first.
    #[must_use]
    pub fn assets(&self) -> Vec<Asset> {
        self.state.contents().assets.iter().cloned().collect()
    }

    /// The bytes that S3 holds for an asset; `None` for an unknown asset and for one that was never filled.
    #[must_use]
    pub fn stored(&self, asset_id: &str) -> Option<Bytes> {
        let (_, object) = self.state.filled_asset(asset_id)?;
        Some(object.bytes)
    }

    /// The keys of all objects in the bucket, also of those without an asset, in alphabetical order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.state.contents().objects.keys().cloned().collect()
    }

    /// Adds a rule behind those for the same operation that are not used up yet.
    pub fn fault(&self, rule: Rule) {
        self.state.contents().rules.add(rule);
    }

    /// The rules that are not used up yet, oldest first.
    #[must_use]
    pub fn faults(&self) -> Vec<Rule> {
        self.state.contents().rules.all()
    }

    /// Removes all rules. A request that a fault has hit already stays hit: a stalled one stays stalled.
    pub fn clear_faults(&self) {
        self.state.contents().rules.clear();
    }

    /// The bucket behind the site, for forms and requests that a test signs itself.
    #[must_use]
    pub fn bucket(&self) -> Bucket<'_> {
        Bucket {
            endpoint: &self.state.origin,
            name: BUCKET,
            access_key_id: &self.state.credentials.access_key,
            secret_access_key: &self.state.credentials.secret_key,
        }
    }

    /// Every request to either side, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.state.contents().requests.clone()
    }
}

impl fmt::Debug for Bucket<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("endpoint", &self.endpoint)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("base_url", &self.base_url)
            .field("site_id", &self.site_id())
            .field("folder_id", &self.folder_id())
            .finish_non_exhaustive()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}
