//! Generates the client and its mock helpers.

fn main() {
    webflow_codegen::Build::new("openapi.json")
        .mock(true)
        .derive("::core::cmp::PartialEq")
        .run();
}
