//! One binary for all tests of the public interface.

mod api;
mod cli;
mod generated;
mod properties;
mod s3;
mod sandbox;
mod seeds;
mod source;
mod support;
mod upload;
