//! What the Webflow half refuses, and how it counts.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use webflow_assets::sandbox::{DuplicateAnswer, Sandbox};

use super::{announce, create, create_with, fields, id, md5, post};

/// Asserts the status and the code of an error, its four fields and its rate-limit headers; returns it.
pub(super) async fn error(response: Response, status: u16, code: &str) -> Value {
    assert_eq!(response.status().as_u16(), status, "{}", response.url());
    for header in ["x-ratelimit-limit", "x-ratelimit-remaining"] {
        let value = response.headers()[header]
            .to_str()
            .expect("an ASCII header");
        value.parse::<u32>().expect("a number");
    }
    let body: Value = response.json().await.expect("the error is JSON");
    assert_eq!(body["code"], code, "{body}");
    assert!(body["message"].is_string(), "{body}");
    assert!(body["externalReference"].is_null(), "{body}");
    assert!(body["details"].is_array(), "{body}");
    body
}

#[tokio::test]
async fn the_answer_has_the_fields_of_a_captured_one_in_their_order() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let hash = md5(b"x");
    let response = create(
        &sandbox,
        &json!({ "fileName": "hero.css", "fileHash": hash, "parentFolder": null }),
    )
    .await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["x-ratelimit-limit"], "6000");
    assert_eq!(response.headers()["x-ratelimit-remaining"], "5999");
    let text = response.text().await.expect("the answer has a body");

    let names: Vec<&str> = text
        .split('"')
        .filter(|part| text.contains(&format!("\"{part}\":")))
        .collect();
    assert_eq!(
        names,
        [
            "uploadDetails",
            "acl",
            "bucket",
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Date",
            "key",
            "Policy",
            "X-Amz-Signature",
            "success_action_status",
            "content-type",
            "Cache-Control",
            "contentType",
            "id",
            "parentFolder",
            "uploadUrl",
            "assetUrl",
            "hostedUrl",
            "originalFileName",
            "createdOn",
            "lastUpdated",
        ]
    );
    let created: Value = serde_json::from_str(&text).expect("the answer is JSON");
    assert_eq!(created["contentType"], "text/css");
    assert_eq!(created["uploadDetails"]["content-type"], "text/css");
    assert_eq!(created["uploadDetails"]["acl"], "public-read");
    assert_eq!(created["uploadDetails"]["success_action_status"], "201");
    assert_eq!(
        created["uploadDetails"]["Cache-Control"],
        "max-age=31536000"
    );
    assert_eq!(created["parentFolder"], Value::Null);
    assert_eq!(created["originalFileName"], "hero.css");
    let created_on = created["createdOn"].as_str().expect("a time");
    assert_eq!(
        (
            created_on.len(),
            &created_on[10..11],
            &created_on[19..20],
            &created_on[23..]
        ),
        (24, "T", ".", "Z")
    );
}

#[tokio::test]
async fn an_unknown_or_missing_token_is_not_authorized() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    for token in ["", "wrong", &sandbox.token()[1..]] {
        let response = create_with(&sandbox, token, sandbox.site_id(), "{}".to_owned()).await;
        let body = error(response, 401, "not_authorized").await;
        assert_eq!(body["message"], "Request not authorized");
    }
    let url = format!("{}/sites/{}/assets", sandbox.base_url(), sandbox.site_id());
    let response = reqwest::Client::new()
        .post(&url)
        .send()
        .await
        .expect("the sandbox answers");
    error(response, 401, "not_authorized").await;
    let response = reqwest::Client::new()
        .post(&url)
        .basic_auth(sandbox.token(), Some(""))
        .send()
        .await;
    error(
        response.expect("the sandbox answers"),
        401,
        "not_authorized",
    )
    .await;
    assert!(sandbox.assets().is_empty());
}

#[tokio::test]
async fn a_token_without_the_scope_is_told_which() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let response = create_with(
        &sandbox,
        sandbox.read_only_token(),
        sandbox.site_id(),
        "{}".to_owned(),
    )
    .await;
    let body = error(response, 401, "missing_scopes").await;
    assert!(
        body["message"]
            .as_str()
            .is_some_and(|message| message.contains("assets:write")),
        "{body}"
    );
}

#[tokio::test]
async fn a_malformed_site_id_differs_from_an_unknown_one() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let body = json!({ "fileName": "a.txt", "fileHash": md5(b"a") }).to_string();
    for site in [
        "abc",
        "zzzzzzzzzzzzzzzzzzzzzzzz",
        "%FF",
        &sandbox.site_id()[1..],
        "a%2Fb",
    ] {
        let response = create_with(&sandbox, sandbox.token(), site, body.clone()).await;
        error(response, 400, "validation_error").await;
    }
    let response = create_with(&sandbox, sandbox.token(), &"0".repeat(24), body).await;
    error(response, 404, "resource_not_found").await;
}

#[tokio::test]
async fn other_routes_and_methods_get_errors_of_the_same_shape() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let ask = async |method: Method, path: &str| {
        let url = format!("{}{path}", sandbox.base_url());
        let request = reqwest::Client::new()
            .request(method, url)
            .bearer_auth(sandbox.token());
        request.send().await.expect("the sandbox answers")
    };
    for path in ["", "/", "/nothing", "/sites/x"] {
        error(ask(Method::POST, path).await, 404, "resource_not_found").await;
    }
    let path = format!("/sites/{}/assets", sandbox.site_id());
    error(ask(Method::PUT, &path).await, 405, "bad_request").await;
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_a_bad_request() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    for body in ["", "{", "[]", "null", "\"x\""] {
        let response = create_with(
            &sandbox,
            sandbox.token(),
            sandbox.site_id(),
            body.to_owned(),
        )
        .await;
        error(response, 400, "bad_request").await;
    }
}

#[tokio::test]
async fn each_bad_field_is_named() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let hash = md5(b"a");
    let cases = [
        (json!({}), vec!["fileName", "fileHash"]),
        (
            json!({ "fileName": "", "fileHash": hash }),
            vec!["fileName"],
        ),
        (
            json!({ "fileName": "a".repeat(100), "fileHash": hash }),
            vec!["fileName"],
        ),
        (
            json!({ "fileName": "a\nb", "fileHash": hash }),
            vec!["fileName"],
        ),
        (json!({ "fileName": 7, "fileHash": hash }), vec!["fileName"]),
        (
            json!({ "fileName": "a", "fileHash": hash.to_uppercase() }),
            vec!["fileHash"],
        ),
        (
            json!({ "fileName": "a", "fileHash": &hash[1..] }),
            vec!["fileHash"],
        ),
        (
            json!({ "fileName": "a", "fileHash": "g".repeat(32) }),
            vec!["fileHash"],
        ),
        (
            json!({ "fileName": "a", "fileHash": null }),
            vec!["fileHash"],
        ),
        (
            json!({ "fileName": "a", "fileHash": hash, "parentFolder": "x" }),
            vec!["parentFolder"],
        ),
        (
            json!({ "fileName": "a", "fileHash": hash, "parentFolder": 1 }),
            vec!["parentFolder"],
        ),
    ];
    for (body, names) in cases {
        let body = error(create(&sandbox, &body).await, 400, "validation_error").await;
        let details = body["details"].as_array().expect("details");
        let fields: Vec<&str> = details
            .iter()
            .filter_map(|detail| detail["field"].as_str())
            .collect();
        assert_eq!(fields, names, "{body}");
        assert!(
            details.iter().all(|detail| detail["message"].is_string()),
            "{body}"
        );
    }
    assert!(sandbox.assets().is_empty());
}

#[tokio::test]
async fn a_name_is_counted_in_characters() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let name = "\u{e9}".repeat(99);
    let created = announce(&sandbox, &name, b"a").await;
    assert_eq!(created["originalFileName"], name);
    assert_eq!(created["contentType"], "application/octet-stream");
}

#[tokio::test]
async fn only_the_folder_that_exists_is_accepted() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let wish = |folder: &str| json!({ "fileName": "a.txt", "fileHash": md5(b"a"), "parentFolder": folder });
    error(
        create(&sandbox, &wish(&"0".repeat(24))).await,
        404,
        "resource_not_found",
    )
    .await;
    let response = create(&sandbox, &wish(sandbox.folder_id())).await;
    let created: Value = response.json().await.expect("the answer is JSON");
    assert_eq!(created["parentFolder"], sandbox.folder_id());
    assert_eq!(
        sandbox.assets()[0].parent_folder.as_deref(),
        Some(sandbox.folder_id())
    );
}

#[tokio::test]
async fn a_known_hash_is_answered_with_the_first_asset_and_a_fresh_form() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let first = announce(&sandbox, "first.txt", b"same").await;
    post(&first, b"same".to_vec()).await;
    // A form signed within the same second would be the same form.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let second = announce(&sandbox, "second.css", b"same").await;

    for field in [
        "id",
        "originalFileName",
        "contentType",
        "createdOn",
        "hostedUrl",
    ] {
        assert_eq!(first[field], second[field], "{field}");
    }
    assert_eq!(
        first["uploadDetails"]["key"],
        second["uploadDetails"]["key"]
    );
    assert_ne!(
        first["uploadDetails"]["X-Amz-Signature"],
        second["uploadDetails"]["X-Amz-Signature"]
    );
    assert_eq!(sandbox.assets().len(), 1);
    assert_eq!(
        post(&second, b"same".to_vec()).await.status(),
        StatusCode::CREATED
    );
    assert_eq!(
        sandbox.stored(id(&first)).as_deref(),
        Some(b"same".as_slice())
    );
}

#[tokio::test]
async fn a_filled_duplicate_may_come_without_a_form_but_an_empty_one_never_does() {
    let builder = Sandbox::builder().duplicate_answer(DuplicateAnswer::WithoutForm);
    let sandbox = builder.start().await.expect("the sandbox starts");
    let first = announce(&sandbox, "first.txt", b"same").await;
    let unfilled = announce(&sandbox, "second.txt", b"same").await;
    assert_eq!(id(&first), id(&unfilled));
    assert_eq!(fields(&unfilled).len(), 11);

    post(&unfilled, b"same".to_vec()).await;
    let filled = announce(&sandbox, "third.txt", b"same").await;
    assert_eq!(id(&first), id(&filled));
    assert_eq!(filled["originalFileName"], "first.txt");
    for field in ["uploadUrl", "uploadDetails"] {
        assert_eq!(filled.get(field), Some(&Value::Null), "{field}");
    }
}

#[tokio::test]
async fn the_rate_limit_counts_down_and_refuses() {
    let builder = Sandbox::builder().rate_limit(3, Duration::from_secs(60));
    let sandbox = builder.start().await.expect("the sandbox starts");
    let ask =
        async |token: &str| create_with(&sandbox, token, sandbox.site_id(), "{}".to_owned()).await;
    for remaining in ["2", "1", "0"] {
        let response = ask(sandbox.token()).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()["x-ratelimit-limit"], "3");
        assert_eq!(response.headers()["x-ratelimit-remaining"], remaining);
        assert!(!response.headers().contains_key("retry-after"));
    }
    let response = ask(sandbox.token()).await;
    let after = response.headers()["retry-after"]
        .to_str()
        .expect("a number");
    assert!(
        (1..=60).contains(&after.parse().expect("a number")),
        "{after}"
    );
    assert_eq!(response.headers()["x-ratelimit-remaining"], "0");
    error(response, 429, "too_many_requests").await;

    // Another token has an allowance of its own.
    assert_eq!(
        ask(sandbox.read_only_token()).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_window_ends_and_may_be_shorter_than_a_second() {
    let window = Duration::from_millis(200);
    let builder = Sandbox::builder().rate_limit(1, window);
    let sandbox = builder.start().await.expect("the sandbox starts");
    let ask = || {
        create_with(
            &sandbox,
            sandbox.token(),
            sandbox.site_id(),
            "{}".to_owned(),
        )
    };
    assert_eq!(ask().await.status(), StatusCode::BAD_REQUEST);
    // However slow the test: what was refused came within the window of something that was not.
    let refused = loop {
        let response = ask().await;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            break response;
        }
    };
    assert_eq!(refused.headers()["retry-after"], "1");
    tokio::time::sleep(window).await;
    let response = ask().await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(response.headers()["x-ratelimit-remaining"], "0");
}
