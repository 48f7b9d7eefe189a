//! Generates the client from `openapi/sites.json`, with the settings of `webflow-assets`.

// In another repository: a copy of the file.
#[path = "../../build/generator.rs"]
mod generator;

use generator::Description;
use progenitor::CrateVers;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../build");
    if let Err(error) = run() {
        println!("cargo::error={error}");
    }
}

fn run() -> generator::Result<()> {
    let description = Description::read("openapi/sites.json")?;
    let mut settings = generator::settings();
    // Schemas with an `x-rust-type` of this crate are its types, not copies of them.
    settings.with_crate(
        "webflow-assets",
        CrateVers::parse("0.1.0").ok_or("no version")?,
        None,
    );
    generator::write("client.rs", &generator::client(&description, &settings)?)
}
