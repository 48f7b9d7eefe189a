//! Who asks, and how often.

use std::time::{Duration, Instant};

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

/// One window for each kind of caller. A window opens with the first request after the last one's end, and has a fixed
/// length.
#[derive(Default)]
pub(super) struct Windows([Window; 3]);

#[derive(Clone, Copy, Default)]
struct Window {
    opened: Option<Instant>,
    used: u32,
}

impl Windows {
    /// Counts a request against its caller's window.
    pub(super) fn spend(&mut self, caller: Caller, requests: u32, length: Duration) -> Allowance {
        let now = Instant::now();
        let window = &mut self.0[caller as usize];
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
        if window.used < requests {
            window.used += 1;
            Allowance {
                remaining: requests - window.used,
                retry_after: None,
            }
        } else {
            Allowance {
                remaining: 0,
                retry_after: Some(length.saturating_sub(elapsed)),
            }
        }
    }
}
