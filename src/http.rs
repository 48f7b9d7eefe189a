//! The HTTP clients of this crate: one user agent, one connect timeout, and where plain `http` is
//! safe.

use std::time::Duration;

use reqwest::{ClientBuilder, Url, redirect};

/// How long a connection may take to be made.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client that follows `redirects` and limits only the time to connect.
pub(crate) fn builder(redirects: redirect::Policy) -> ClientBuilder {
    reqwest::Client::builder()
        .redirect(redirects)
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("webflow-assets/", env!("CARGO_PKG_VERSION")))
}

/// Whether a URL leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}
