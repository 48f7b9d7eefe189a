//! Put files on a Webflow site.

#[cfg(feature = "sandbox")]
pub mod sandbox;
