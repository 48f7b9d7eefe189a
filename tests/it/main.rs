//! One binary for all tests of the public interface.

mod api;
mod batch;
mod bounds;
#[cfg(target_os = "linux")]
mod chaos;
mod cli;
mod contract;
mod errors;
mod fault_matrix;
mod generated;
mod id;
mod pacing;
mod pages;
mod properties;
mod pull;
mod readme;
mod redaction;
mod remote;
mod s3;
mod sandbox;
mod seeds;
mod source;
mod support;
mod sync;
mod upload;
