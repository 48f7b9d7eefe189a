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

/// Whether a request to a URL may be sent: with TLS, to this machine, or where `http` is allowed.
pub(crate) fn is_protected(url: &Url, allow_http: bool) -> bool {
    url.scheme() == "https" || allow_http || is_loopback(url)
}

/// A URL without its parts that may be secret: a password, or a signature in the query.
pub(crate) fn public(mut url: Url) -> String {
    // These fail only if there is nothing to remove.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
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
