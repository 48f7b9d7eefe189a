//! The HTTP clients of this crate: one user agent, one connect timeout.

use std::time::Duration;

use reqwest::{ClientBuilder, redirect};

/// How long a connection may take to be made.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client that follows `redirects` and limits only the time to connect.
pub(crate) fn builder(redirects: redirect::Policy) -> ClientBuilder {
    reqwest::Client::builder()
        .redirect(redirects)
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("webflow-assets/", env!("CARGO_PKG_VERSION")))
}
