//! A generated client for Webflow's sites that leaves uploads to `webflow-assets`.

include!(concat!(env!("OUT_DIR"), "/client.rs"));
