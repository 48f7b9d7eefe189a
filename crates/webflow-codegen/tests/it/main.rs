//! Runs the command over made-up descriptions and over edits of them, and over Webflow's own where
//! `WEBFLOW_DESCRIPTION` names it.

mod builds;
mod commands;
mod compiled;
mod conversions;
mod edits;
mod examples;
mod hostile;
mod judge;
mod project;
mod recipes;
mod reproduces;
mod rules;
mod share;
mod whole;
