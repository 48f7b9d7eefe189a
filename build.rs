//! Generates the client, and the typed mock helpers where the feature `httpmock` is on.

use std::env;

use webflow_codegen::Build;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is_on = |feature| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    Build::new("openapi/webflow-assets.json")
        .replace("AssetId", "::webflow_assets::AssetId")
        .replace("FileHash", "::webflow_assets::Md5")
        .replace("FolderId", "::webflow_assets::FolderId")
        .replace("SiteId", "::webflow_assets::SiteId")
        .schemars(is_on("SCHEMARS"))
        .mock(is_on("HTTPMOCK"))
        .run();
}
