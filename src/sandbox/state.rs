//! What a sandbox knows: its settings, its one site, and everything that has been asked of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::asset::{Asset, DuplicateAnswer, Object};
use super::fault::{Fault, Rule, Rules};
use super::limit::{Allowance, Caller, Windows};
use super::log::Request;
use super::sign::Credentials;
use super::text::random_hex;

/// The bucket behind the sandbox's uploads.
pub(super) const BUCKET: &str = "webflow-sandbox-assets";

/// What can be set before the start.
pub(super) struct Settings {
    pub(super) max_size: u64,
    pub(super) requests_per_window: u32,
    pub(super) window: Duration,
    pub(super) policy_lifetime: Duration,
    pub(super) duplicate_answer: DuplicateAnswer,
}

#[derive(Default)]
struct World {
    assets: Vec<Asset>,
    objects: BTreeMap<String, Object>,
    requests: Vec<Request>,
    windows: Windows,
    rules: Rules,
}

/// Everything that both halves share.
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) started: Instant,
    /// `http://127.0.0.1:PORT`
    pub(super) origin: String,
    pub(super) token: String,
    pub(super) read_only_token: String,
    pub(super) site_id: String,
    pub(super) folder_id: String,
    pub(super) credentials: Credentials,
    world: Mutex<World>,
}

impl State {
    pub(super) fn new(settings: Settings, origin: String) -> Self {
        Self {
            settings,
            started: Instant::now(),
            origin,
            token: random_hex(64),
            read_only_token: random_hex(64),
            site_id: random_hex(24),
            folder_id: random_hex(24),
            credentials: Credentials {
                access_key: format!("AKIA{}", random_hex(16).to_uppercase()),
                secret_key: random_hex(40),
            },
            world: Mutex::default(),
        }
    }

    /// The lock is held for single reads and writes, never across an await. What a panic left behind is still whole.
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn caller(&self, token: Option<&str>) -> Caller {
        match token {
            Some(token) if token == self.token => Caller::Writer,
            Some(token) if token == self.read_only_token => Caller::Reader,
            _ => Caller::Stranger,
        }
    }

    /// Counts a request against its caller's window.
    pub(super) fn spend(&self, caller: Caller) -> Allowance {
        let Settings {
            requests_per_window,
            window,
            ..
        } = self.settings;
        self.world()
            .windows
            .spend(caller, requests_per_window, window)
    }

    /// The asset with this hash, or a new one made by `create`.
    pub(super) fn asset_by_hash(&self, hash: &str, create: impl FnOnce() -> Asset) -> Asset {
        let mut world = self.world();
        if let Some(known) = world.assets.iter().find(|asset| asset.file_hash == hash) {
            return world.with_size(known);
        }
        let asset = create();
        world.assets.push(asset.clone());
        asset
    }

    /// Adds an asset with its object, whatever is there already.
    pub(super) fn add_asset(&self, asset: Asset, object: Object) -> Asset {
        let mut world = self.world();
        world.objects.insert(asset.key.clone(), object);
        let known = world.with_size(&asset);
        world.assets.push(asset);
        known
    }

    /// An asset that has been filled, and its object.
    pub(super) fn filled_asset(&self, id: &str) -> Option<(Asset, Object)> {
        let world = self.world();
        let asset = world.assets.iter().find(|asset| asset.id == id)?;
        let object = world.objects.get(&asset.key)?;
        Some((world.with_size(asset), object.clone()))
    }

    /// Deletes an asset and its object; false if there is no such asset.
    pub(super) fn delete_asset(&self, id: &str) -> bool {
        let mut world = self.world();
        let Some(place) = world.assets.iter().position(|asset| asset.id == id) else {
            return false;
        };
        let asset = world.assets.remove(place);
        world.objects.remove(&asset.key);
        true
    }

    pub(super) fn assets(&self) -> Vec<Asset> {
        let world = self.world();
        world
            .assets
            .iter()
            .map(|asset| world.with_size(asset))
            .collect()
    }

    pub(super) fn stored(&self, asset_id: &str) -> Option<Bytes> {
        self.filled_asset(asset_id).map(|(_, object)| object.bytes)
    }

    pub(super) fn object(&self, key: &str) -> Option<Object> {
        self.world().objects.get(key).cloned()
    }

    pub(super) fn put_object(&self, key: String, object: Object) {
        self.world().objects.insert(key, object);
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.world().objects.keys().cloned().collect()
    }

    pub(super) fn add_rule(&self, rule: Rule) {
        self.world().rules.add(rule);
    }

    pub(super) fn clear_rules(&self) {
        self.world().rules.clear();
    }

    pub(super) fn rules(&self) -> Vec<Rule> {
        self.world().rules.all().to_vec()
    }

    /// Logs a request that has arrived; returns its place in the log and the fault that hits it.
    pub(super) fn arrived(&self, mut request: Request) -> (usize, Option<Fault>) {
        let mut world = self.world();
        let fault = request
            .operation
            .and_then(|operation| world.rules.hit(operation));
        request.fault = fault.as_ref().map(ToString::to_string);
        world.requests.push(request);
        (world.requests.len() - 1, fault)
    }

    pub(super) fn answered(&self, place: usize, status: u16) {
        if let Some(request) = self.world().requests.get_mut(place) {
            request.status = Some(status);
        }
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.world().requests.clone()
    }
}

impl World {
    fn with_size(&self, asset: &Asset) -> Asset {
        let size = self
            .objects
            .get(&asset.key)
            .map(|object| object.bytes.len() as u64);
        Asset {
            size,
            ..asset.clone()
        }
    }
}
