//! Runs `cargo xtask spec` over a made-up description and over edits of it.

mod builds;
mod conversions;
mod edits;
mod hostile;
mod project;
mod reproduces;
mod rules;
mod share;
