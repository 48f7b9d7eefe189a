//! `-v` and `-vv`: the library's `tracing` events as lines on stderr.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer, filter::Targets, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt,
};

/// Shows retries and waits at level 1, and requests from level 2 on.
pub(crate) fn start(level: u8) {
    let level = match level {
        0 => return,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // Dependencies have events of their own, which say nothing to a user of this command.
    let ours = Targets::new().with_target("webflow_assets", level);
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_target(false)
        .without_time();
    // Fails only where there is a subscriber already.
    let _ = registry().with(lines.with_filter(ours)).try_init();
}

/// Whether such lines are shown.
pub(crate) fn is_on() -> bool {
    LevelFilter::current() != LevelFilter::OFF
}
