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

/// An event for a request to a server other than the API, without the query of its URL.
macro_rules! request {
    ($method:literal, $url:expr, $status:expr) => {
        $crate::api::trace::trace!(
            method = %$method,
            host = $url.host_str(),
            path = $url.path(),
            status = $status.as_u16(),
            "request"
        )
    };
}

pub(crate) use {debug, request, trace, warning};
