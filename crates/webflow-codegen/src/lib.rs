//! Cuts a part out of Webflow's published description and generates a client from it.
//!
//! The features are apart, so that a build script compiles only what it needs: `cut` reads
//! descriptions and cuts fragments out of them, `cli` is the command `webflow-codegen`, `generate` is
//! [`Build`] for build scripts.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod error;

#[cfg(feature = "cut")]
pub mod cut;
#[cfg(feature = "generate")]
mod generate;

#[cfg(feature = "generate")]
pub use generate::{Build, Generated};
