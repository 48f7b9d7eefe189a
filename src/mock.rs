//! Typed [`httpmock`] helpers, one for each operation, for tests against this client.
//!
//! Each documented status has a method that takes the documented body. `into_inner` on a `When`
//! or `Then` leads to plain `httpmock`, for headers, other statuses and broken bodies. The base
//! URL of such a client is the mock server's own, without a path.

include!(concat!(env!("OUT_DIR"), "/mock.rs"));
