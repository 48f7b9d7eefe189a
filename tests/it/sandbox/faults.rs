//! Faults whose answers arrive whole: what they say, whom they hit, and what they leave behind.

use std::time::{Duration, Instant};

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use webflow_assets::sandbox::{Operation, Sandbox};

use super::{
    announce, ask, asset, create, element, fields, id, md5, post, post_fields, refusal, upload_url,
    with_faults,
};

async fn wish(sandbox: &Sandbox, name: &str, bytes: &[u8]) -> Response {
    create(
        sandbox,
        &json!({ "fileName": name, "fileHash": md5(bytes) }),
    )
    .await
}

fn hits(sandbox: &Sandbox) -> Vec<Option<String>> {
    sandbox
        .requests()
        .into_iter()
        .map(|request| request.fault)
        .collect()
}

#[tokio::test]
async fn rules_for_an_operation_are_used_up_in_turn_and_the_log_tells_of_them() {
    let sandbox = with_faults(&["create:503*2", "post:500", "create:429,retry-after=7"]).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let response = wish(&sandbox, "a.txt", b"a").await;
        statuses.push(response.status().as_u16());
        assert_eq!(
            response.headers().contains_key("retry-after"),
            response.status() == StatusCode::TOO_MANY_REQUESTS
        );
        if response.status() == StatusCode::ACCEPTED {
            // What a fault answered was not counted.
            assert_eq!(response.headers()["x-ratelimit-remaining"], "5999");
        }
    }
    assert_eq!(statuses, [503, 503, 429, 202]);
    let fault = |text: &str| Some(text.to_owned());
    assert_eq!(
        hits(&sandbox),
        [fault("503"), fault("503"), fault("429,retry-after=7"), None]
    );
    let left: Vec<String> = sandbox.faults().iter().map(ToString::to_string).collect();
    assert_eq!(left, ["post:500"]);

    let requests = sandbox.requests();
    assert!(requests.is_sorted_by_key(|request| request.arrived));
    assert!(
        requests
            .iter()
            .all(|request| request.operation == Some(Operation::CreateAsset))
    );
}

#[tokio::test]
async fn a_rule_for_ever_lasts_until_it_is_cleared_and_one_of_no_times_is_passed_over() {
    let rule = |text: &str| {
        text.parse::<webflow_assets::sandbox::Rule>()
            .expect("a rule")
    };
    let builder = Sandbox::builder()
        .fault(rule("create:500").times(0))
        .fault(rule("create:502*forever"))
        .fault(rule("create:503"));
    let sandbox = builder.start().await.expect("the sandbox starts");
    for _ in 0..5 {
        assert_eq!(
            wish(&sandbox, "a.txt", b"a").await.status(),
            StatusCode::BAD_GATEWAY
        );
    }
    assert_eq!(sandbox.faults()[0].remaining(), None);
    sandbox.clear_faults();
    assert!(sandbox.faults().is_empty());
    assert_eq!(
        wish(&sandbox, "a.txt", b"a").await.status(),
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn each_operation_has_its_own_faults() {
    let sandbox = with_faults(&["get:404*2", "delete:500", "post:503"]).await;
    let created = announce(&sandbox, "a.txt", b"a").await;
    let id = id(&created);
    refusal(post(&created, vec![b'a'; 1 << 20]).await, 503, "SlowDown").await;
    assert_eq!(sandbox.stored(id), None);
    assert_eq!(
        post(&created, b"a".to_vec()).await.status(),
        StatusCode::CREATED
    );
    for status in [404, 404, 200] {
        assert_eq!(
            asset(&sandbox, Method::GET, id).await.status().as_u16(),
            status
        );
    }
    for (status, left) in [(500, 1), (204, 0)] {
        assert_eq!(
            asset(&sandbox, Method::DELETE, id).await.status().as_u16(),
            status
        );
        assert_eq!(sandbox.assets().len(), left);
    }
    let operations: Vec<String> = sandbox
        .requests()
        .iter()
        .filter_map(|request| Some(request.operation?.to_string()))
        .collect();
    assert_eq!(
        operations,
        [
            "create", "post", "post", "get", "get", "get", "delete", "delete"
        ]
    );
    assert!(sandbox.faults().is_empty());
}

/// Every operation on Webflow's side.
fn on_webflow() -> impl Iterator<Item = Operation> {
    let all = Operation::ALL.into_iter();
    all.filter(|operation| *operation != Operation::PostObject)
}

/// A request to `operation` that would succeed.
async fn succeeds(sandbox: &Sandbox, operation: Operation) -> Response {
    let known = sandbox.assets().remove(0).id;
    let site = sandbox.site_id();
    let (method, path, body) = match operation {
        Operation::CreateAsset => return wish(sandbox, "a.txt", b"a").await,
        Operation::GetAsset => (Method::GET, format!("/assets/{known}"), None),
        Operation::DeleteAsset => (Method::DELETE, format!("/assets/{known}"), None),
        Operation::ListAssets => (Method::GET, format!("/sites/{site}/assets?limit=1"), None),
        Operation::UpdateAsset => (
            Method::PATCH,
            format!("/assets/{known}"),
            Some(json!({ "altText": "x" })),
        ),
        Operation::ListFolders => (
            Method::GET,
            format!("/sites/{site}/asset_folders?limit=1"),
            None,
        ),
        Operation::CreateFolder => (
            Method::POST,
            format!("/sites/{site}/asset_folders"),
            Some(json!({ "displayName": "x" })),
        ),
        Operation::GetFolder => (
            Method::GET,
            format!("/asset_folders/{}", sandbox.folder_id()),
            None,
        ),
        Operation::ListSites => (Method::GET, "/sites".to_owned(), None),
        Operation::IntrospectToken => (Method::GET, "/token/introspect".to_owned(), None),
        other => panic!("no request for {other}"),
    };
    ask(sandbox, method, &path, body.as_ref()).await
}

#[tokio::test]
async fn a_rule_hits_its_own_operation_alone() {
    for hit in on_webflow() {
        let sandbox = with_faults(&[&format!("{hit}:503,retry-after=7*forever")]).await;
        for number in 0..2_u8 {
            let _ = sandbox.add_asset(format!("{number}.txt"), vec![number]);
        }
        for operation in on_webflow() {
            let response = succeeds(&sandbox, operation).await;
            let (status, headers) = (response.status(), response.headers());
            if operation == hit {
                assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{operation}");
                assert_eq!(headers["retry-after"], "7");
                assert!(!headers.contains_key("x-ratelimit-limit"));
                let body: Value = response.json().await.expect("the answer is JSON");
                assert_eq!(body["code"], "service_unavailable");
            } else {
                assert!(status.is_success(), "{operation} with {hit}: {status}");
            }
            let request = sandbox.requests().pop().expect("a request");
            assert_eq!(request.operation, Some(operation));
            assert_eq!(request.fault.is_some(), operation == hit);
        }
    }
}

#[tokio::test]
async fn other_requests_are_not_hit() {
    let sandbox = with_faults(&["create:500", "post:500", "get:500", "delete:500"]).await;
    let older = sandbox.add_asset("older.txt", &b"a"[..]);
    let origin = sandbox.base_url().trim_end_matches("/v2");
    let bucket = sandbox.bucket().name;
    let http = reqwest::Client::new();
    for (method, url) in [
        (Method::GET, format!("{origin}/{bucket}/{}", older.key)),
        (
            Method::PATCH,
            format!("{origin}/v2/sites/{}/assets", sandbox.site_id()),
        ),
        (Method::POST, format!("{origin}/v2/assets/{}", older.id)),
        (
            Method::POST,
            format!("{origin}/v2/asset_folders/{}", sandbox.folder_id()),
        ),
        (
            Method::POST,
            format!("{origin}/v2/sites/{}/assets/x", sandbox.site_id()),
        ),
        (Method::PUT, format!("{origin}/{bucket}/x")),
    ] {
        let response = http
            .request(method, &url)
            .send()
            .await
            .expect("the sandbox answers");
        assert_ne!(
            response.status(),
            StatusCode::INTERNAL_SERVER_ERROR,
            "{url}"
        );
    }
    assert_eq!(sandbox.faults().len(), 4);
    assert!(
        sandbox
            .requests()
            .iter()
            .all(|request| request.operation.is_none())
    );
}

#[tokio::test]
async fn an_answer_may_have_any_body() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let table = [
        (
            "create:403",
            "application/json",
            r#"{"message":"Forbidden","code":"forbidden","externalReference":null,"details":[]}"#,
        ),
        (
            "create:400,code=brand_new",
            "application/json",
            r#"{"message":"Bad Request","code":"brand_new","externalReference":null,"details":[]}"#,
        ),
        ("create:200", "application/json", "{}"),
        (
            "create:502,html",
            "text/html",
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>\
             </center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
        ),
        ("create:503,empty", "", ""),
        (
            "create:200,content-type=text/x,body={\"id\":",
            "text/x",
            "{\"id\":",
        ),
    ];
    for (rule, content_type, body) in table {
        sandbox.fault(rule.parse().expect("a rule"));
        let response = wish(&sandbox, "a.txt", b"a").await;
        let got = response.headers().get("content-type");
        let got = got.map_or("", |value| value.to_str().expect("ASCII"));
        assert_eq!(got, content_type, "{rule}");
        assert_eq!(response.text().await.expect("a body"), body, "{rule}");
    }
    assert!(sandbox.assets().is_empty());

    let created = announce(&sandbox, "a.txt", b"a").await;
    sandbox.fault("post:400,code=RequestTimeout".parse().expect("a rule"));
    refusal(post(&created, b"a".to_vec()).await, 400, "RequestTimeout").await;
    sandbox.fault("post:204".parse().expect("a rule"));
    let response = post(&created, b"a".to_vec()).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(sandbox.stored(id(&created)), None);
}

#[tokio::test]
async fn a_delayed_request_is_processed_whether_or_not_the_client_waits() {
    let sandbox = with_faults(&["create:delay=60ms*2", "delete:delay=60ms"]).await;
    let began = Instant::now();
    let created = announce(&sandbox, "a.txt", b"a").await;
    assert!(began.elapsed() >= Duration::from_millis(60));

    let hurried = reqwest::Client::builder().timeout(Duration::from_millis(20));
    let hurried = hurried.build().expect("a client");
    let url = format!("{}/sites/{}/assets", sandbox.base_url(), sandbox.site_id());
    let body = json!({ "fileName": "b.txt", "fileHash": md5(b"b") });
    let request = hurried.post(url).bearer_auth(sandbox.token()).json(&body);
    assert!(request.send().await.expect_err("no time").is_timeout());
    while sandbox.assets().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    let url = format!("{}/assets/{}", sandbox.base_url(), id(&created));
    let request = hurried.delete(url).bearer_auth(sandbox.token());
    assert!(request.send().await.expect_err("no time").is_timeout());
    while sandbox.assets().len() > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_late_request_is_processed_after_its_sender_has_gone() {
    let sandbox = with_faults(&["create:late=60ms"]).await;
    let http = reqwest::Client::new();
    let url = format!("{}/sites/{}/assets", sandbox.base_url(), sandbox.site_id());
    let body = json!({ "fileName": "a.txt", "fileHash": md5(b"a") });
    let request = http.post(url).bearer_auth(sandbox.token()).json(&body);
    let error = request.send().await.expect_err("a reset");
    assert!(!error.is_timeout(), "{error:?}");
    assert_eq!(sandbox.requests()[0].status, None);
    while sandbox.assets().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_flipped_bit_is_stored_or_refused_by_where_it_is() {
    let sandbox = with_faults(&["post:flip*2", "create:flip"]).await;
    let response = wish(&sandbox, "a.txt", b"a").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(sandbox.assets().is_empty());

    // In the file, which the service cannot know to be another.
    let sent = vec![b'a'; 1 << 16];
    let created = announce(&sandbox, "a.txt", &sent).await;
    let response = post(&created, sent.clone()).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let stored = sandbox.stored(id(&created)).expect("a file");
    let differ: Vec<(&u8, &u8)> = sent.iter().zip(&stored).filter(|(a, b)| a != b).collect();
    assert_eq!(differ, [(&b'a', &(b'a' ^ 0x80))]);
    assert_eq!(stored.len(), sent.len());
    assert_ne!(response.headers()["etag"], format!("\"{}\"", md5(&sent)));

    // In the form's policy, before a file of one byte.
    let response = post(&created, b"a".to_vec()).await;
    assert!(response.status().is_client_error(), "{}", response.status());
    assert_eq!(sandbox.stored(id(&created)).expect("a file"), stored);
}

#[tokio::test]
async fn a_wrong_etag_comes_with_the_right_bytes() {
    let sandbox = with_faults(&["post:wrong-etag"]).await;
    let created = announce(&sandbox, "a.txt", b"a").await;
    for right in [false, true] {
        let response = post(&created, b"a".to_vec()).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        let etag = response.headers()["etag"]
            .to_str()
            .expect("ASCII")
            .to_owned();
        assert_eq!(etag.len(), 34);
        assert_eq!(etag == format!("\"{}\"", md5(b"a")), right, "{etag}");
        let document = response.text().await.expect("a body");
        assert_eq!(element(&document, "ETag").replace("&quot;", "\""), etag);
        assert_eq!(sandbox.stored(id(&created)).as_deref(), Some(&b"a"[..]));
    }
}

#[tokio::test]
async fn a_policy_may_be_expired_from_the_start_or_at_the_post() {
    let sandbox = with_faults(&["create:expired-policy", "post:expired-policy"]).await;
    let first = announce(&sandbox, "a.txt", b"a").await;
    let second = announce(&sandbox, "a.txt", b"a").await;
    let expired = "Invalid according to Policy: Policy expired.";
    // The rule for posts hits the first one, good or bad.
    for (created, fault) in [(&second, true), (&first, false)] {
        let response = post(created, vec![b'a'; 1 << 20]).await;
        assert_eq!(refusal(response, 403, "AccessDenied").await, expired);
        let request = sandbox.requests().pop().expect("a request");
        assert_eq!(request.fault.is_some(), fault);
    }
    assert_eq!(sandbox.stored(id(&first)), None);
    assert_eq!(
        post(&second, b"a".to_vec()).await.status(),
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn a_short_policy_is_good_for_its_time() {
    let sandbox = with_faults(&["create:short-policy=3500s", "create:short-policy=50ms"]).await;
    let created = announce(&sandbox, "a.txt", b"a").await;
    assert_eq!(
        post(&created, b"a".to_vec()).await.status(),
        StatusCode::CREATED
    );
    let created = announce(&sandbox, "b.txt", b"b").await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    let message = refusal(post(&created, b"b".to_vec()).await, 403, "AccessDenied").await;
    assert_eq!(message, "Invalid according to Policy: Policy expired.");
}

#[tokio::test]
async fn content_may_turn_out_to_be_known() {
    let sandbox = with_faults(&[
        "create:duplicate=without-form",
        "create:duplicate=with-form*2",
    ])
    .await;
    let first = announce(&sandbox, "hero.css", b"a").await;
    assert_eq!(first["originalFileName"], "older.css");
    assert_eq!(first["contentType"], "text/css");
    assert_eq!(
        (&first["uploadUrl"], &first["uploadDetails"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(sandbox.assets()[0].size, None);

    let again = announce(&sandbox, "hero.css", b"a").await;
    assert_eq!(
        (id(&again), &again["createdOn"]),
        (id(&first), &first["createdOn"])
    );
    let response = post_fields(&upload_url(&again), &fields(&again), b"a".to_vec()).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    // Filled or not, it is answered as the rule says.
    assert_eq!(
        fields(&announce(&sandbox, "hero.css", b"a").await).len(),
        11
    );
    sandbox.fault("create:duplicate=without-form".parse().expect("a rule"));
    assert!(announce(&sandbox, "hero.css", b"a").await["uploadDetails"].is_null());

    let other = announce(&sandbox, "hero.css", b"b").await;
    assert_eq!(other["originalFileName"], "hero.css");
    assert!(first["createdOn"].as_str() < other["createdOn"].as_str());
    assert_eq!(sandbox.assets().len(), 2);
}

#[tokio::test]
async fn an_asset_may_not_be_found_for_a_while_after_its_upload() {
    let sandbox = with_faults(&["get:not-yet=1m*2", "get:not-yet=1ms"]).await;
    let created = announce(&sandbox, "a.txt", b"a").await;
    post(&created, b"a".to_vec()).await;
    tokio::time::sleep(Duration::from_millis(2)).await;
    for status in [404, 404, 200] {
        let response = asset(&sandbox, Method::GET, id(&created)).await;
        assert_eq!(response.status().as_u16(), status);
    }
    assert!(sandbox.faults().is_empty());
}
