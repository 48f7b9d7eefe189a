//! Makes uploads of equal content within a process take turns.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

use crate::{id::SiteId, source::Md5};

/// The contents that are being uploaded by this process, or waited for.
static PLACES: LazyLock<Mutex<Places>> = LazyLock::new(Mutex::default);

type Places = HashMap<Key, Weak<Lock<()>>>;

/// The address of the API, the site and the content.
type Key = (String, SiteId, Md5);

/// The right to upload one content to one site. Held until the upload is done or cleaned up.
pub(super) struct Turn {
    _guard: OwnedMutexGuard<()>,
    // Dropped after the guard.
    _place: Place,
}

impl Turn {
    /// Waits for other uploads in this process of the same content to the same site.
    pub(super) async fn wait(base_url: &str, site: SiteId, md5: Md5) -> Self {
        let place = Place::of((base_url.to_owned(), site, md5));
        Self {
            _guard: Arc::clone(&place.lock).lock_owned().await,
            _place: place,
        }
    }
}

/// A share in a lock of [`PLACES`]; the last one removes it.
struct Place {
    key: Key,
    lock: Arc<Lock<()>>,
}

impl Place {
    fn of(key: Key) -> Self {
        let mut places = places();
        let known = places.get(&key).and_then(Weak::upgrade);
        let lock = known.unwrap_or_else(|| {
            let lock = Arc::default();
            places.insert(key.clone(), Arc::downgrade(&lock));
            lock
        });
        Self { key, lock }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = places();
        if Arc::strong_count(&self.lock) == 1 {
            places.remove(&self.key);
        }
    }
}

fn places() -> MutexGuard<'static, Places> {
    PLACES.lock().unwrap_or_else(PoisonError::into_inner)
}
