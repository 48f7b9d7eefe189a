//! The client that `build.rs` generates, and the only place that silences lints.
#![allow(
    missing_docs,
    unused_imports,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]

include!(concat!(env!("OUT_DIR"), "/client.rs"));
