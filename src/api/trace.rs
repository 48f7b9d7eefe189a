//! Events for the feature `tracing`, and nothing without it.

/// An event at debug level, with fields as `tracing` takes them.
macro_rules! debug {
    ($($event:tt)*) => {{
        #[cfg(feature = "tracing")]
        ::tracing::debug!($($event)*);
    }};
}

/// An event at warning level.
macro_rules! warning {
    ($($event:tt)*) => {{
        #[cfg(feature = "tracing")]
        ::tracing::warn!($($event)*);
    }};
}

/// An event at trace level.
macro_rules! trace {
    ($($event:tt)*) => {{
        #[cfg(feature = "tracing")]
        ::tracing::trace!($($event)*);
    }};
}

pub(crate) use {debug, trace, warning};
