//! A client that has every kind of parameter and body, generated for its tests.

include!(concat!(env!("OUT_DIR"), "/client.rs"));

/// Typed httpmock helpers.
pub mod mock {
    include!(concat!(env!("OUT_DIR"), "/mock.rs"));
}
