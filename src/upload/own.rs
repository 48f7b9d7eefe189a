//! The assets that this process registered recently.

use std::{
    collections::{HashMap, VecDeque},
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::ownership::Claim;
use crate::{
    generated::types::AssetUpload,
    id::{AssetId, Md5},
};

/// The base URL of an API, within which ids are unique, and the id of an asset.
type Key = (String, AssetId);

/// Remembered until their lease is over.
static OWN: LazyLock<Mutex<Own>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Own {
    assets: HashMap<Key, Call>,
    order: VecDeque<Key>,
}

/// The create call that registered an asset.
#[derive(Clone, Copy)]
pub(super) struct Call {
    /// The content that it is for.
    pub(super) md5: Md5,
    pub(super) claim: Claim,
    /// When the answered attempt began.
    pub(super) called: Instant,
    pub(super) answered: Instant,
    pub(super) is_filled: bool,
}

/// The asset that a create call answered with.
pub(super) struct Registered {
    pub(super) id: AssetId,
    pub(super) asset: AssetUpload,
    pub(super) call: Call,
}

impl Registered {
    /// How long the asset's clean-up may take; `None` if the asset must not be deleted.
    pub(super) fn may_delete(&self, keep: bool) -> Option<Duration> {
        self.call.claim.may_delete(self.call.called.elapsed(), keep)
    }

    /// How long to wait before checking the asset again; `None` if that is not needed.
    pub(super) fn look_after(&self) -> Option<Duration> {
        self.call.claim.look_after(self.call.answered.elapsed())
    }
}

/// The call that decides about the asset: this one, unless an earlier one of this process
/// registered the asset. `None` if that one was for other content: an answer that was repeated
/// on the way would have a file replace another one.
pub(super) fn decisive(base_url: &str, id: AssetId, call: Call) -> Option<Call> {
    let mut own = own();
    let key = (base_url.to_owned(), id);
    Some(match own.assets.get(&key) {
        Some(earlier) if earlier.md5 != call.md5 => return None,
        Some(earlier) if earlier.is_filled => Call {
            claim: call.claim.after_fill(),
            ..call
        },
        Some(earlier) => *earlier,
        None => {
            own.add(key, call);
            call
        }
    })
}

/// Notes that an asset has its file.
pub(super) fn filled(base_url: &str, id: AssetId) {
    if let Some(call) = own().assets.get_mut(&(base_url.to_owned(), id)) {
        call.is_filled = true;
    }
}

impl Own {
    fn add(&mut self, key: Key, call: Call) {
        if !call.claim.is_fresh() {
            return;
        }
        let is_over = |call: &Call| call.called.elapsed() > call.claim.lease();
        while let Some(oldest) = self.order.front()
            && self.assets.get(oldest).is_none_or(is_over)
        {
            self.assets.remove(oldest);
            self.order.pop_front();
        }
        self.assets.insert(key.clone(), call);
        self.order.push_back(key);
    }
}

fn own() -> MutexGuard<'static, Own> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}
