//! A form with any policy is read, and held against its policy, without a panic.

#![no_main]

use base64::{Engine, engine::general_purpose::STANDARD};
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use webflow_assets::s3::{Error, Policy, PostForm};

fuzz_target!(|document: &[u8]| {
    if let Ok(field) = std::str::from_utf8(document) {
        let _ = Policy::decode(field);
    }
    let field = STANDARD.encode(document);
    let details = json!({
        "acl": "private",
        "key": "site/hero.png",
        "Content-Type": "image/png",
        "Policy": field,
        "X-Amz-Date": "20260729T211322Z",
    });
    let form = PostForm::from_details("https://bucket.s3.amazonaws.com/", &details)
        .expect("the fields are plain");
    let known = Policy::decode(&field);
    assert_eq!(form.policy().is_some(), known.is_some());
    for len in [0, 1, u64::MAX] {
        match form.preflight(len) {
            Ok(()) => {}
            Err(error @ Error::Policy(_)) => assert_eq!(error.to_string().lines().count(), 1),
            Err(other) => panic!("{other:?}"),
        }
        let allowed = known
            .as_ref()
            .and_then(|policy| policy.content_length_range.clone());
        if form.preflight(len).is_ok() {
            assert!(allowed.is_none_or(|range| range.contains(&len)));
        }
    }
});
