//! The rate limit of each token.

use std::time::{Duration, Instant};

/// The scopes of the token that came with a request.
#[derive(Clone, Copy)]
pub(crate) enum Caller {
    /// All of them.
    Writer,
    /// All but `assets:write`.
    Reader,
    /// `assets:read` and `assets:write`: all but `sites:read`.
    AssetsOnly,
    /// No token, or an unknown one.
    Unknown,
}

/// What the rate limiter says about one request.
pub(crate) struct Allowance {
    pub(crate) remaining: u32,
    /// Set when the request is refused: the rest of the window.
    pub(crate) retry_after: Option<Duration>,
}

/// One window for each kind of caller. A window opens with the first request after the last one's end, and has a fixed
/// length.
#[derive(Default)]
pub(crate) struct RateLimiter([Window; 4]);

#[derive(Clone, Copy, Default)]
struct Window {
    opened: Option<Instant>,
    used: u32,
}

impl Caller {
    pub(crate) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Writer => &["assets:read", "assets:write", "sites:read"],
            Self::Reader => &["assets:read", "sites:read"],
            Self::AssetsOnly => &["assets:read", "assets:write"],
            Self::Unknown => &[],
        }
    }
}

impl RateLimiter {
    /// Counts a request against its caller's window.
    pub(crate) fn spend(&mut self, caller: Caller, requests: u32, length: Duration) -> Allowance {
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
