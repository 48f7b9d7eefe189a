//! What a sandbox knows: its settings, its one site, and everything that has been asked of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::asset::{Asset, Change, DuplicateAnswer, Object};
use super::fault::{Fault, Rule, Rules};
use super::folder::{Folder, Folders};
use super::index::Assets;
use super::limit::{Allowance, Caller, Windows};
use super::log::Request;
use super::sign::Credentials;
use super::text::random_hex;

/// The bucket behind the sandbox's uploads.
pub(super) const BUCKET: &str = "webflow-sandbox-assets";

const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

/// What can be set before the start.
pub(super) struct Settings {
    pub(super) max_size: u64,
    pub(super) requests_per_window: u32,
    pub(super) window: Duration,
    pub(super) policy_lifetime: Duration,
    pub(super) duplicate_answer: DuplicateAnswer,
    pub(super) folders_per_page: usize,
    pub(super) seed: u64,
}

struct World {
    assets: Assets,
    folders: Folders,
    objects: BTreeMap<String, Object>,
    requests: Vec<Request>,
    windows: Windows,
    rules: Rules,
}

/// A folder, and the ids of the filled assets directly in it.
pub(super) struct FolderContents {
    pub(super) folder: Folder,
    pub(super) assets: Vec<String>,
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
        let folder = Folder::new("Folder".to_owned(), None);
        let folder_id = folder.id.clone();
        let mut world = World {
            assets: Assets::default(),
            folders: Folders::default(),
            objects: BTreeMap::new(),
            requests: Vec::new(),
            windows: Windows::default(),
            rules: Rules::new(settings.seed),
        };
        world.folders.add(folder);
        Self {
            settings,
            started: Instant::now(),
            origin,
            token: random_hex(64),
            read_only_token: random_hex(64),
            site_id: random_hex(24),
            folder_id,
            credentials: Credentials {
                access_key: format!("AKIA{}", random_hex(16).to_uppercase()),
                secret_key: random_hex(40),
            },
            world: Mutex::new(world),
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
        if let Some(known) = world.assets.with_hash(hash) {
            return known.clone();
        }
        let asset = create();
        world.assets.add(asset.clone());
        asset
    }

    /// Adds an asset with its object, whatever is there already.
    pub(super) fn add_asset(&self, asset: Asset, object: Object) {
        let mut world = self.world();
        let key = asset.key.clone();
        world.assets.add(asset);
        world.put(key, object);
    }

    /// An asset that has been filled, and its object.
    pub(super) fn filled_asset(&self, id: &str) -> Option<(Asset, Object)> {
        let world = self.world();
        let asset = world.assets.get(id)?;
        let object = world.objects.get(&asset.key)?;
        Some((asset.clone(), object.clone()))
    }

    /// Changes an asset that has been filled, and returns it as it is then.
    pub(super) fn update_asset(&self, id: &str, change: Change) -> Option<Asset> {
        let mut world = self.world();
        let asset = world.assets.get_mut(id)?;
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
    pub(super) fn delete_asset(&self, id: &str) -> bool {
        let mut world = self.world();
        let Some(asset) = world.assets.remove(id) else {
            return false;
        };
        world.objects.remove(&asset.key);
        true
    }

    pub(super) fn assets(&self) -> Vec<Asset> {
        self.world().assets.iter().cloned().collect()
    }

    /// A page of the assets that have been filled, oldest first, and how many there are on all pages. With `folder`,
    /// only those in it and below it.
    pub(super) fn filled_assets(
        &self,
        folder: Option<&str>,
        offset: usize,
        limit: usize,
    ) -> (Vec<Asset>, usize) {
        let world = self.world();
        let folders = folder.map(|folder| world.folders.below(folder));
        let wanted = |asset: &&Asset| {
            let parent = asset.parent_folder.as_deref();
            asset.size.is_some()
                && folders
                    .as_ref()
                    .is_none_or(|folders| parent.is_some_and(|parent| folders.contains(parent)))
        };
        let wanted: Vec<&Asset> = world.assets.iter().filter(wanted).collect();
        let page = wanted.iter().skip(offset).take(limit);
        (page.map(|asset| (*asset).clone()).collect(), wanted.len())
    }

    pub(super) fn add_folder(&self, folder: Folder) {
        self.world().folders.add(folder);
    }

    pub(super) fn has_folder(&self, id: &str) -> bool {
        self.world().folders.get(id).is_some()
    }

    pub(super) fn folder(&self, id: &str) -> Option<FolderContents> {
        let world = self.world();
        let folder = world.folders.get(id)?.clone();
        let assets = world.contents().remove(id).unwrap_or_default();
        Some(FolderContents { folder, assets })
    }

    pub(super) fn folders(&self) -> Vec<Folder> {
        self.world().folders.all().to_vec()
    }

    /// A page of the folders, oldest first, and how many there are on all pages.
    pub(super) fn folder_page(&self, offset: usize, limit: usize) -> (Vec<FolderContents>, usize) {
        let world = self.world();
        let mut contents = world.contents();
        let folders = world.folders.all();
        let page = folders
            .iter()
            .skip(offset)
            .take(limit)
            .map(|folder| FolderContents {
                assets: contents.remove(folder.id.as_str()).unwrap_or_default(),
                folder: folder.clone(),
            });
        (page.collect(), folders.len())
    }

    pub(super) fn stored(&self, asset_id: &str) -> Option<Bytes> {
        self.filled_asset(asset_id).map(|(_, object)| object.bytes)
    }

    pub(super) fn object(&self, key: &str) -> Option<Object> {
        self.world().objects.get(key).cloned()
    }

    pub(super) fn put_object(&self, key: String, object: Object) {
        self.world().put(key, object);
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
        self.world().rules.all()
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
    fn put(&mut self, key: String, object: Object) {
        let size = object.bytes.len() as u64;
        self.assets.filled(&key, size, object.stored_on);
        self.objects.insert(key, object);
    }

    /// The ids of the filled assets directly in each folder.
    fn contents(&self) -> HashMap<&str, Vec<String>> {
        let mut contents = HashMap::<&str, Vec<String>>::new();
        for asset in self.assets.iter().filter(|asset| asset.size.is_some()) {
            if let Some(folder) = &asset.parent_folder {
                contents.entry(folder).or_default().push(asset.id.clone());
            }
        }
        contents
    }
}
