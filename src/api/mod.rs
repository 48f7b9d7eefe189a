//! What every request to Webflow shares.

pub(crate) mod client;
pub(crate) mod context;
pub(crate) mod explain;
pub(crate) mod folders;
pub(crate) mod hooks;
pub(crate) mod pacer;
pub(crate) mod pages;
pub(crate) mod response;
pub(crate) mod retry;
pub(crate) mod token;
pub(crate) mod trace;
