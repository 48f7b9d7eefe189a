//! Generates the client.

fn main() {
    webflow_codegen::Build::new("openapi/sites.json").run();
}
