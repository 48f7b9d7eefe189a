//! A generated client for Webflow's sites that leaves uploads to `webflow-assets`.

mod generated {
    #![allow(
        missing_docs,
        unused_imports,
        unreachable_pub,
        clippy::all,
        clippy::pedantic
    )]

    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}

pub use generated::{Client, builder, types};

webflow_assets::client_hooks!(Client: create_asset, get_site, list_sites);
