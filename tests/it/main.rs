//! One binary for all tests of the public interface.

mod api;
mod cli;
mod fault_matrix;
mod generated;
mod pacing;
mod properties;
mod s3;
mod sandbox;
mod seeds;
mod source;
mod support;
mod upload;
