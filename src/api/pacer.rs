//! One pacer for an API key: it spends the allowance that the server states, and no more.
//!
//! Webflow counts requests in windows of a minute and states, with every response, how many are
//! left. It does not say when a window began. The first response in a window proves that it began
//! before, so that it is over one window's length later at the latest. That first request is
//! sent alone: its response states how many may follow at once, and so when the window ends.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderMap, StatusCode};
use tokio::{sync::Notify, time::Instant};

use crate::api::{retry, trace};

const LIMIT: &str = "x-ratelimit-limit";
const REMAINING: &str = "x-ratelimit-remaining";

/// How long the request that finds out about a window may keep the others waiting.
const PATIENCE: Duration = Duration::from_secs(5);

/// No window and no wait is longer.
const LONGEST: Duration = Duration::from_secs(3600);

/// The current state of the rate limit of an API key, as far as the responses so far state it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Requests that the key may make in a window; `None` before the first response.
    pub limit: Option<u32>,
    /// Requests that were left in the window at the last response.
    pub remaining: Option<u32>,
    /// Requests that wait for a window to begin.
    pub waiting: usize,
    /// For how long they will wait at the most.
    pub resets_in: Option<Duration>,
}

/// Lets requests through as the server's allowance permits. Shared by everything that uses a key.
#[derive(Debug)]
pub(crate) struct Pacer {
    window: Duration,
    /// The longest wait that a 429 may ask for.
    patience: Duration,
    state: Mutex<Allowance>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Allowance {
    limit: Option<u32>,
    phase: Phase,
    /// Requests that were let through and have no response yet.
    in_flight: u32,
    /// Requests that wait.
    waiting: usize,
    /// Counts windows, to recognise the response to a request of an earlier one.
    window: u64,
    /// Counts responses, to know after which of them a request was sent.
    answers: u64,
}

#[derive(Clone, Copy, Debug, Default)]
enum Phase {
    /// Nothing is known of the window: one request goes and finds out.
    #[default]
    Unknown,
    /// That request is on its way. If it takes longer than this, another one goes.
    Probing { patience: Instant },
    /// The server stated how many are left.
    Metered {
        /// The least that a response in this window stated.
        left: u32,
        /// The count of responses at that time.
        stated: u64,
        /// When the window is over, at the latest.
        resets: Instant,
    },
    /// The server states no limit.
    Unmetered,
}

/// A permit to send one request. It counts as spent unless it is given a response.
#[derive(Debug)]
pub(crate) struct Permit {
    pacer: Arc<Pacer>,
    window: u64,
    after: u64,
    probe: bool,
    open: bool,
}

impl Pacer {
    /// A pacer for windows of this length, which waits after a 429 for at most `patience`.
    pub(crate) fn new(window: Duration, patience: Duration) -> Self {
        Self {
            window: window.min(LONGEST),
            patience: patience.min(LONGEST),
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Held for arithmetic only, never across an await.
    fn state(&self) -> MutexGuard<'_, Allowance> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn snapshot(&self) -> RateLimit {
        let state = self.state();
        let (remaining, resets_in) = match state.phase {
            Phase::Metered { left, resets, .. } => {
                let resets_in = resets.saturating_duration_since(Instant::now());
                (Some(left), Some(resets_in))
            }
            _ => (None, None),
        };
        RateLimit {
            limit: state.limit,
            remaining,
            waiting: state.waiting,
            resets_in,
        }
    }

    /// Waits until a request may be sent. Dropping the future gives the place up.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Permit {
        let _waiting = Waiting::new(self);
        loop {
            // Before the look at the state, or a change in between would be missed.
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            match self.try_acquire() {
                Ok(permit) => return permit,
                Err(until) => {
                    trace::debug!(
                        wait = ?until.saturating_duration_since(Instant::now()),
                        "waiting for the rate limit"
                    );
                    // Which of the two it was shows at the next look.
                    let _ = tokio::time::timeout_at(until, changed).await;
                }
            }
        }
    }

    /// A permit, or when to look again at the latest.
    fn try_acquire(self: &Arc<Self>) -> Result<Permit, Instant> {
        let mut state = self.state();
        if let Phase::Metered { resets, .. } = state.phase
            && Instant::now() >= resets
        {
            state.phase = Phase::Unknown;
            state.window += 1;
        }
        let probe = match state.phase {
            Phase::Probing { patience } if Instant::now() < patience => return Err(patience),
            Phase::Unknown | Phase::Probing { .. } => {
                let patience = Instant::now() + PATIENCE;
                state.phase = Phase::Probing { patience };
                true
            }
            Phase::Metered { left, resets, .. } => {
                if left <= state.in_flight {
                    return Err(resets);
                }
                false
            }
            Phase::Unmetered => false,
        };
        state.in_flight += 1;
        Ok(Permit {
            pacer: Arc::clone(self),
            window: state.window,
            after: state.answers,
            probe,
            open: true,
        })
    }
}

impl Allowance {
    fn answered(&mut self, permit: &Permit, status: StatusCode, headers: &HeaderMap) {
        let length = permit.pacer.window;
        self.answers += 1;
        let now = Instant::now();
        if let Some(limit) = number(headers, LIMIT) {
            self.limit = Some(limit);
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            if permit.window != self.window && !permit.probe {
                return;
            }
            // Somebody else spends from the same key, or the window is not what it was taken for.
            let wait = retry::retry_after(status, headers).unwrap_or(length);
            self.open(0, now + wait.min(permit.pacer.patience));
            return;
        }
        let Some(remaining) = number(headers, REMAINING) else {
            if permit.probe {
                self.phase = Phase::Unmetered;
            }
            return;
        };
        match self.phase {
            Phase::Metered {
                left,
                stated,
                resets,
            } if permit.window == self.window => {
                if remaining <= left {
                    self.phase = Phase::Metered {
                        left: remaining,
                        stated: self.answers,
                        resets,
                    };
                } else if permit.after >= stated {
                    // More is left than before this request was sent: the window is a new one.
                    self.open(remaining, now + length);
                }
            }
            Phase::Unmetered => self.open(remaining, now + length),
            Phase::Unknown | Phase::Probing { .. } if permit.probe => {
                self.open(remaining, now + length);
            }
            // To a request from an earlier window: what it says of this one, the next response in
            // it says too.
            Phase::Metered { .. } | Phase::Unknown | Phase::Probing { .. } => {}
        }
    }

    /// Begins a window.
    fn open(&mut self, left: u32, resets: Instant) {
        self.window += 1;
        self.phase = Phase::Metered {
            left,
            stated: self.answers,
            resets,
        };
    }
}

impl Permit {
    /// Records what the response states about the allowance.
    pub(crate) fn answered(mut self, status: StatusCode, headers: &HeaderMap) {
        let mut state = self.pacer.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        state.answered(&self, status, headers);
        drop(state);
        self.open = false;
        self.pacer.changed.notify_waiters();
    }

    /// The request was not sent: nothing was spent.
    pub(crate) fn unsent(mut self) {
        self.close(false);
    }

    fn close(&mut self, spent: bool) {
        self.open = false;
        let mut state = self.pacer.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        let current = self.window == state.window;
        match &mut state.phase {
            // Another one finds out.
            phase @ Phase::Probing { .. } if self.probe => *phase = Phase::Unknown,
            Phase::Metered { left, .. } if spent && current => {
                *left = left.saturating_sub(1);
            }
            _ => {}
        }
        drop(state);
        self.pacer.changed.notify_waiters();
    }
}

/// Without a response, the server may have counted the request all the same.
impl Drop for Permit {
    fn drop(&mut self) {
        if self.open {
            self.close(true);
        }
    }
}

/// Counts who waits for as long as they do.
struct Waiting<'a>(&'a Pacer);

impl<'a> Waiting<'a> {
    fn new(pacer: &'a Pacer) -> Self {
        pacer.state().waiting += 1;
        Self(pacer)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;
