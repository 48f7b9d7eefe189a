//! Sites and tokens.

use std::time::Duration;

use super::{webflow::error, *};

async fn get(sandbox: &Sandbox, token: &str, path: &str) -> Response {
    ask_with(sandbox, token, Method::GET, path, None).await
}

#[tokio::test]
async fn the_one_site_has_an_id_and_a_short_name() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let list = found(&sandbox, "/sites").await;
    assert_eq!(column(&list["sites"], "id"), [sandbox.site_id()]);
    assert_eq!(
        column(&list["sites"], "shortName"),
        [sandbox.site_short_name()]
    );
}

#[tokio::test]
async fn listing_sites_needs_its_scope_and_asking_about_a_token_does_not() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let refused = get(&sandbox, sandbox.assets_token(), "/sites").await;
    let refused = error(refused, 401, "missing_scopes").await;
    let message = refused["message"].as_str().expect("a message");
    assert!(message.ends_with(" - sites:read"), "{message}");
    for (token, scopes) in [
        (sandbox.token(), "assets:read,assets:write,sites:read"),
        (sandbox.read_only_token(), "assets:read,sites:read"),
        (sandbox.assets_token(), "assets:read,assets:write"),
    ] {
        let response = get(&sandbox, token, "/token/introspect").await;
        let info: Value = response.json().await.expect("JSON");
        let authorization = &info["authorization"];
        assert_eq!(authorization["scope"], scopes);
        assert_eq!(authorization["rateLimit"], 6000);
        let sites = &authorization["authorizedTo"]["siteIds"];
        assert_eq!(*sites, json!([sandbox.site_id()]));
    }
    for path in ["/sites", "/token/introspect"] {
        let response = get(&sandbox, "wrong", path).await;
        error(response, 401, "not_authorized").await;
        let response = ask(&sandbox, Method::POST, path, None).await;
        error(response, 405, "bad_request").await;
    }
}

#[tokio::test]
async fn the_rate_limit_counts_them_too() {
    let builder = Sandbox::builder().rate_limit(2, Duration::from_mins(1));
    let sandbox = builder.start().await.expect("the sandbox starts");
    found(&sandbox, "/sites").await;
    found(&sandbox, "/token/introspect").await;
    for path in ["/sites", "/token/introspect"] {
        let response = ask(&sandbox, Method::GET, path, None).await;
        error(response, 429, "too_many_requests").await;
    }
    // Each token has a window of its own.
    let response = get(&sandbox, sandbox.assets_token(), "/token/introspect").await;
    assert_eq!(response.status(), StatusCode::OK);
}
