//! What a sandbox knows: its settings, its one site, and everything that has been asked of it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::sign::Credentials;
use super::text::random_hex;

/// The bucket behind the sandbox's uploads.
pub(super) const BUCKET: &str = "webflow-sandbox-assets";

/// How a create call with a hash that the site already holds, filled, is answered.
///
/// Webflow documents neither form. An asset that was announced but never filled is always answered with a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DuplicateAnswer {
    /// With a fresh `uploadUrl` and `uploadDetails`, signed for the existing key.
    #[default]
    WithForm,
    /// With `null` in both.
    WithoutForm,
}

/// Which of the two services answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Half {
    /// Webflow's API.
    Webflow,
    /// The S3 bucket.
    S3,
}

/// A request that reached the sandbox. Headers and bodies are not kept, so the log holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The half that answered.
    pub half: Half,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The path of the URL, without the query.
    pub path: String,
    /// The status of the answer; `None` while there is none, or when the client hung up before it came.
    pub status: Option<u16>,
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
}

/// An object in the bucket.
#[derive(Clone)]
pub(super) struct Object {
    pub(super) bytes: Bytes,
    pub(super) etag: String,
    pub(super) content_type: Option<String>,
    pub(super) cache_control: Option<String>,
}

/// What can be set before the start.
pub(super) struct Settings {
    pub(super) max_size: u64,
    pub(super) requests_per_window: u32,
    pub(super) window: Duration,
    pub(super) policy_lifetime: Duration,
    pub(super) duplicate_answer: DuplicateAnswer,
}

/// Whose token came with a request.
#[derive(Clone, Copy)]
pub(super) enum Caller {
    /// One with the scope `assets:write`.
    Writer,
    /// One without it.
    Reader,
    /// Nobody known.
    Stranger,
}

/// What the rate limiter says about one request.
pub(super) struct Allowance {
    pub(super) remaining: u32,
    /// Set when the request is refused: the rest of the window.
    pub(super) retry_after: Option<Duration>,
}

/// One fixed window of the rate limiter.
#[derive(Clone, Copy, Default)]
struct Window {
    opened: Option<Instant>,
    used: u32,
}

#[derive(Default)]
struct World {
    assets: Vec<Asset>,
    objects: HashMap<String, Object>,
    requests: Vec<Request>,
    windows: [Window; 3],
}

/// Everything that both halves share.
pub(super) struct State {
    pub(super) settings: Settings,
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
        let now = Instant::now();
        let Settings {
            requests_per_window,
            window: length,
            ..
        } = self.settings;
        let mut world = self.world();
        let window = &mut world.windows[caller as usize];
        let elapsed = window.opened.map(|opened| now.duration_since(opened));
        let elapsed = elapsed
            .filter(|elapsed| *elapsed < length)
            .unwrap_or_else(|| {
                *window = Window {
                    opened: Some(now),
                    used: 0,
                };
                Duration::ZERO
            });
        if window.used < requests_per_window {
            window.used += 1;
            Allowance {
                remaining: requests_per_window - window.used,
                retry_after: None,
            }
        } else {
            Allowance {
                remaining: 0,
                retry_after: Some(length.saturating_sub(elapsed)),
            }
        }
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

    pub(super) fn assets(&self) -> Vec<Asset> {
        let world = self.world();
        world
            .assets
            .iter()
            .map(|asset| world.with_size(asset))
            .collect()
    }

    pub(super) fn stored(&self, asset_id: &str) -> Option<Bytes> {
        let world = self.world();
        let asset = world.assets.iter().find(|asset| asset.id == asset_id)?;
        world
            .objects
            .get(&asset.key)
            .map(|object| object.bytes.clone())
    }

    pub(super) fn object(&self, key: &str) -> Option<Object> {
        self.world().objects.get(key).cloned()
    }

    pub(super) fn put_object(&self, key: String, object: Object) {
        self.world().objects.insert(key, object);
    }

    /// Logs a request that has arrived and returns its place in the log.
    pub(super) fn arrived(&self, request: Request) -> usize {
        let mut world = self.world();
        world.requests.push(request);
        world.requests.len() - 1
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
