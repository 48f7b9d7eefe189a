//! The `webflow-assets` command, from a checkout. `cargo install webflow-assets-cli` installs the same one.

use std::process::ExitCode;

fn main() -> ExitCode {
    webflow_assets::command::main()
}
