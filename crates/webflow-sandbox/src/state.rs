//! The state of a sandbox: its settings, its site and bucket, and the log of requests.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, utf8_percent_encode};

use crate::asset::{Asset, Change, Object};
use crate::encoding::{RESERVED, random_hex};
use crate::fault::{Fault, RuleQueue};
use crate::folder::{Folder, Folders};
use crate::index::Assets;
use crate::rate_limit::{Allowance, Caller, RateLimiter};
use crate::request::{DuplicateAnswer, Request};
use crate::sign::Credentials;

/// The short name of the site.
pub(crate) const SITE_SHORT_NAME: &str = "sandbox";

/// The bucket behind the sandbox's uploads.
pub(crate) const BUCKET: &str = "webflow-sandbox-assets";

/// Slashes divide a key in a URL.
const KEY: &AsciiSet = &RESERVED.remove(b'/');
const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

/// The settings that cannot change after the start.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) max_size: u64,
    pub(crate) requests_per_window: u32,
    pub(crate) window: Duration,
    pub(crate) policy_lifetime: Duration,
    pub(crate) duplicate_answer: DuplicateAnswer,
    pub(crate) folders_per_page: usize,
    pub(crate) seed: u64,
}

/// What requests change.
pub(crate) struct Contents {
    pub(crate) assets: Assets,
    pub(crate) folders: Folders,
    pub(crate) objects: BTreeMap<String, Object>,
    pub(crate) requests: Vec<Request>,
    pub(crate) rate_limiter: RateLimiter,
    pub(crate) rules: RuleQueue,
}

/// A folder, and the ids of the filled assets directly in it.
pub(crate) struct FolderContents {
    pub(crate) folder: Folder,
    pub(crate) assets: Vec<String>,
}

/// Everything that both sides share.
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) started: Instant,
    /// `http://127.0.0.1:PORT`
    pub(crate) origin: String,
    pub(crate) token: String,
    pub(crate) read_only_token: String,
    pub(crate) assets_token: String,
    pub(crate) site_id: String,
    pub(crate) folder_id: String,
    /// When the site and its tokens were made, in RFC 3339 with milliseconds.
    pub(crate) created_on: String,
    pub(crate) credentials: Credentials,
    contents: Mutex<Contents>,
}

impl State {
    pub(crate) fn new(settings: Settings, origin: String) -> Self {
        let folder = Folder::new("Folder".to_owned(), None);
        let (folder_id, created_on) = (folder.id.clone(), folder.created_on.clone());
        let mut contents = Contents {
            assets: Assets::default(),
            folders: Folders::default(),
            objects: BTreeMap::new(),
            requests: Vec::new(),
            rate_limiter: RateLimiter::default(),
            rules: RuleQueue::new(settings.seed),
        };
        contents.folders.add(folder);
        Self {
            settings,
            started: Instant::now(),
            origin,
            token: random_hex(64),
            read_only_token: random_hex(64),
            assets_token: random_hex(64),
            site_id: random_hex(24),
            folder_id,
            created_on,
            credentials: Credentials {
                access_key: format!("AKIA{}", random_hex(16).to_uppercase()),
                secret_key: random_hex(40),
            },
            contents: Mutex::new(contents),
        }
    }

    /// Where an asset can be read: in the sandbox's own bucket.
    pub(crate) fn hosted_url(&self, asset: &Asset) -> String {
        let key = utf8_percent_encode(&asset.key, KEY);
        format!("{}/{BUCKET}/{key}", self.origin)
    }

    /// The lock is held for single reads and writes, never across an await. What a panic left behind is still whole.
    pub(crate) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn caller(&self, token: Option<&str>) -> Caller {
        match token {
            Some(token) if token == self.token => Caller::Writer,
            Some(token) if token == self.read_only_token => Caller::Reader,
            Some(token) if token == self.assets_token => Caller::AssetsOnly,
            _ => Caller::Unknown,
        }
    }

    /// Counts a request against its caller's window.
    pub(crate) fn spend(&self, caller: Caller) -> Allowance {
        let Settings {
            requests_per_window,
            window,
            ..
        } = self.settings;
        self.contents()
            .rate_limiter
            .spend(caller, requests_per_window, window)
    }

    /// The asset with this hash, or a new one made by `create`.
    pub(crate) fn asset_by_hash(&self, hash: &str, create: impl FnOnce() -> Asset) -> Asset {
        let mut contents = self.contents();
        if let Some(known) = contents.assets.with_hash(hash) {
            return known.clone();
        }
        let asset = create();
        contents.assets.add(asset.clone());
        asset
    }

    /// An asset that has been filled, and its object.
    pub(crate) fn filled_asset(&self, id: &str) -> Option<(Asset, Object)> {
        let contents = self.contents();
        let asset = contents.assets.get(id)?;
        let object = contents.objects.get(&asset.key)?;
        Some((asset.clone(), object.clone()))
    }

    /// Changes an asset that has been filled, and returns it as it is then.
    pub(crate) fn update_asset(&self, id: &str, change: Change) -> Option<Asset> {
        let mut contents = self.contents();
        let asset = contents.assets.get_mut(id)?;
        asset.size?;
        if let Some(name) = change.display_name {
            asset.display_name = name;
        }
        if change.alt_text.is_some() {
            asset.alt_text = change.alt_text;
        }
        // Answers have milliseconds: a change within the same one has to show as well.
        let later = asset.changed_on.checked_add(MILLISECOND);
        asset.changed_on = Timestamp::now().max(later.unwrap_or(Timestamp::MAX));
        Some(asset.clone())
    }

    /// Deletes an asset and its object; false if there is no such asset.
    pub(crate) fn delete_asset(&self, id: &str) -> bool {
        let mut contents = self.contents();
        let Some(asset) = contents.assets.remove(id) else {
            return false;
        };
        contents.objects.remove(&asset.key);
        true
    }

    pub(crate) fn folder(&self, id: &str) -> Option<FolderContents> {
        let contents = self.contents();
        let folder = contents.folders.get(id)?.clone();
        let assets = contents.by_folder().remove(id).unwrap_or_default();
        Some(FolderContents { folder, assets })
    }

    /// Logs a request that has arrived; returns its place in the log and the fault that hits it.
    pub(crate) fn arrived(&self, mut request: Request) -> (usize, Option<Fault>) {
        let mut contents = self.contents();
        let fault = request
            .operation
            .and_then(|operation| contents.rules.hit(operation));
        request.fault = fault.as_ref().map(ToString::to_string);
        contents.requests.push(request);
        (contents.requests.len() - 1, fault)
    }
}

impl Contents {
    pub(crate) fn put(&mut self, key: String, object: Object) {
        let size = object.bytes.len() as u64;
        self.assets.filled(&key, size, object.stored_on);
        self.objects.insert(key, object);
    }

    /// The ids of the filled assets directly in each folder.
    pub(crate) fn by_folder(&self) -> HashMap<&str, Vec<String>> {
        let mut contents = HashMap::<&str, Vec<String>>::new();
        for asset in self.assets.iter().filter(|asset| asset.size.is_some()) {
            if let Some(folder) = &asset.parent_folder {
                contents.entry(folder).or_default().push(asset.id.clone());
            }
        }
        contents
    }
}
