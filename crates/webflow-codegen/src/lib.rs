//! Cuts a part out of Webflow's published description and generates a client from it.
//!
//! The features are apart, so that a build script compiles only what it needs: `cut` reads
//! descriptions, `cli` is the command `webflow-codegen`.

pub mod error;

#[cfg(feature = "cut")]
pub mod cut;
