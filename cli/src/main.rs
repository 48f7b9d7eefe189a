#![doc = include_str!("../README.md")]

use std::process::ExitCode;

fn main() -> ExitCode {
    webflow_assets::command::main()
}
