//! Which caller may delete an asset, and which has to check it again.
//!
//! Webflow answers a create call with an existing asset where the content is the same, so that
//! several callers can hold one asset. One of them may fail and delete it while another fills it.
//! Three rules keep the content on the site:
//!
//! 1. Callers of one process that have equal content take turns, and a turn ends after the
//!    clean-up ([`Turn`](super::turns::Turn)). An asset that the process registered is its own
//!    for the lease: the next caller may fill it, and may delete it if it is still not filled.
//! 2. A caller deletes an asset only if the answer proves that this call registered it, only if it
//!    has no file, and only within its lease, which begins when it is registered. A batch and
//!    `sync` never delete: the next run fills the asset by its content.
//! 3. A caller that was handed an asset without that proof, within the lease, looks again once the
//!    lease is over, and fills the asset anew if it is gone.
//!
//! The functions here decide; they send nothing and read no clock. The tests below try all
//! interleavings of several callers against them.
//!
//! The proof is as fine as Webflow's dates. Two processes that register one content under one name
//! within one second both believe that they created the asset.

#[cfg(test)]
mod model;

use std::time::Duration;

use crate::time::Timestamp;

/// The resolution of `Date` and of the date of a form, which are cut off: in milliseconds.
const CUT: i64 = 1000;
/// How far the clocks of Webflow's servers may differ, in milliseconds.
const SKEW: i64 = 2000;
/// The resolution of `createdOn`, which is cut off: in milliseconds.
const TICK: i64 = 1;

/// What the answer to a create call says about the asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence {
    /// Whether the asset has the name that the call gave; `None` if the answer does not say.
    pub(super) named: Option<bool>,
    /// Whether the asset is in the folder that the call gave; `None` if the answer names none.
    pub(super) placed: Option<bool>,
    /// When the asset was registered.
    pub(super) created: Option<Timestamp>,
    /// When the server answered, by its `Date`.
    pub(super) answered: Option<Timestamp>,
    /// When the server signed the form.
    pub(super) signed: Option<Timestamp>,
    /// Whether the answer has a form, or a part of one: a new asset is no use without.
    pub(super) has_form: bool,
    /// How long the answered attempt took.
    pub(super) took: Duration,
}

/// Who registered an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Origin {
    /// An earlier call.
    Older,
    /// This call: the name is the one that it gave, and the date is within it.
    Fresh,
    /// The answer does not show it.
    Unknown,
}

/// What a caller knows about the asset that it was handed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Claim {
    pub(super) origin: Origin,
    lease: Duration,
    /// How long after the answer another caller may still delete the asset.
    exposed: Duration,
}

impl Evidence {
    fn origin(&self) -> Origin {
        if self.named == Some(false) || self.placed == Some(false) {
            return Origin::Older;
        }
        let (Some(created), Some(answered)) = (self.created, self.answered) else {
            return Origin::Unknown;
        };
        let took = i64::try_from(self.took.as_millis()).unwrap_or(i64::MAX);
        let signed = self.signed.unwrap_or(answered);
        let youngest = answered.min(signed).millis_since(created);
        let oldest = answered.max(signed).millis_since(created);
        if youngest > took.saturating_add(SKEW) {
            Origin::Older
        } else if oldest <= took.saturating_add(TICK)
            && oldest >= -CUT
            && answered.millis_since(created) >= -CUT - SKEW
            && self.named.is_some()
            && self.has_form
        {
            Origin::Fresh
        } else {
            // Too close to tell, or dates that contradict each other.
            Origin::Unknown
        }
    }

    /// How long after the answer the lease is over for certain.
    fn exposed(&self, lease: Duration) -> Duration {
        // Without this date no caller can prove that it created the asset, so that none deletes it.
        let Some(created) = self.created else {
            return Duration::ZERO;
        };
        let dates = [self.answered, self.signed];
        let Some(now) = dates.into_iter().flatten().min() else {
            return lease;
        };
        // All of it if the asset is younger than `Date` can say, or the dates contradict each other.
        lease.saturating_sub(now.duration_since(created))
    }
}

impl Claim {
    pub(super) fn of(evidence: &Evidence, lease: Duration) -> Self {
        Self {
            origin: evidence.origin(),
            lease,
            exposed: evidence.exposed(lease),
        }
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.origin == Origin::Fresh
    }

    pub(super) fn lease(&self) -> Duration {
        self.lease
    }

    /// The claim to an asset that an earlier call of this process registered and filled: it is
    /// not this call's, and no other process may delete it.
    pub(super) fn after_fill(self) -> Self {
        Self {
            origin: Origin::Older,
            exposed: Duration::ZERO,
            ..self
        }
    }

    /// How long a clean-up may take that begins this long after the create call was sent; `None`
    /// if the asset is to be left alone, as batches ask with `keep`. The last sixth of the lease
    /// is for a request that arrives late, and for clocks that differ.
    pub(super) fn may_delete(&self, since_call: Duration, keep: bool) -> Option<Duration> {
        if keep || !self.is_fresh() {
            return None;
        }
        let left = (self.lease * 5 / 6).checked_sub(since_call)?;
        (!left.is_zero()).then_some(left)
    }

    /// How long to wait before checking again; `None` if no other caller can delete the asset.
    pub(super) fn look_after(&self, since_answer: Duration) -> Option<Duration> {
        let is_handed = !self.is_fresh() && !self.exposed.is_zero();
        is_handed.then(|| self.exposed.saturating_sub(since_answer))
    }
}
