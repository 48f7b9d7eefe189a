//! What S3's side refuses because the signed policy does.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use serde_json::Value;
use webflow_assets::sandbox::Sandbox;

use super::{announce, fields, id, post, post_fields, refusal, upload_url};

fn with(fields: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    let mut fields = fields.to_vec();
    let field = fields.iter_mut().find(|(field, _)| field == name);
    value.clone_into(&mut field.unwrap_or_else(|| panic!("no field {name}")).1);
    fields
}

fn value_of<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    &fields
        .iter()
        .find(|(field, _)| field == name)
        .unwrap_or_else(|| panic!("no field {name}"))
        .1
}

#[tokio::test]
async fn every_tampered_field_is_refused() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let other = announce(&sandbox, "other.css", b"other").await;
    let created = announce(&sandbox, "hero.css", b"x").await;
    let (url, fields) = (upload_url(&created), fields(&created));
    let tampered_date = format!("{}235959Z", &value_of(&fields, "X-Amz-Date")[..9]);
    let tampered_credential =
        value_of(&fields, "X-Amz-Credential").replace("us-east-1", "eu-west-1");
    let failed = |condition: &str| {
        format!("Invalid according to Policy: Policy Condition failed: {condition}")
    };

    let cases = [
        (
            "acl",
            "private",
            failed("[&quot;eq&quot;, &quot;$acl&quot;, &quot;public-read&quot;]"),
        ),
        (
            "bucket",
            "elsewhere",
            failed("[&quot;eq&quot;, &quot;$bucket&quot;]"),
        ),
        (
            "X-Amz-Credential",
            &tampered_credential,
            failed("[&quot;eq&quot;, &quot;$x-amz-credential&quot;]"),
        ),
        (
            "X-Amz-Date",
            &tampered_date,
            failed("[&quot;eq&quot;, &quot;$x-amz-date&quot;]"),
        ),
        (
            "success_action_status",
            "200",
            failed("[&quot;eq&quot;, &quot;$success_action_status&quot;, &quot;201&quot;]"),
        ),
        (
            "content-type",
            "text/html",
            failed("[&quot;eq&quot;, &quot;$content-type&quot;, &quot;text/css&quot;]"),
        ),
        (
            "Cache-Control",
            "no-cache",
            failed("[&quot;eq&quot;, &quot;$cache-control&quot;, &quot;max-age=31536000&quot;]"),
        ),
    ];
    for (name, value, message) in cases {
        let response = post_fields(&url, &with(&fields, name, value), b"x".to_vec()).await;
        assert_eq!(
            refusal(response, 403, "AccessDenied").await,
            message,
            "{name}"
        );
    }
    let other_key = other["uploadDetails"]["key"].as_str().expect("a key");
    let response = post_fields(&url, &with(&fields, "key", other_key), b"x".to_vec()).await;
    assert!(
        refusal(response, 403, "AccessDenied")
            .await
            .contains("$key")
    );
    let response = post_fields(
        &url,
        &with(&fields, "X-Amz-Algorithm", "AWS4-HMAC-SHA1"),
        b"x".to_vec(),
    )
    .await;
    refusal(response, 501, "NotImplemented").await;

    assert!(sandbox.assets().iter().all(|asset| asset.size.is_none()));
    assert_eq!(
        post_fields(&url, &fields, b"x".to_vec()).await.status(),
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn a_wrong_signature_is_refused() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"x").await;
    let (url, fields) = (upload_url(&created), fields(&created));
    let wrong = with(&fields, "X-Amz-Signature", &"0".repeat(64));
    let response = post_fields(&url, &wrong, b"x".to_vec()).await;
    assert!(
        refusal(response, 403, "SignatureDoesNotMatch")
            .await
            .starts_with("The request signature")
    );

    // A policy that permits more no longer fits its signature.
    let policy = STANDARD
        .decode(value_of(&fields, "Policy"))
        .expect("the policy is base64");
    let policy = String::from_utf8(policy)
        .expect("the policy is text")
        .replace("31457280", "99999999");
    let wrong = with(&fields, "Policy", &STANDARD.encode(policy));
    let response = post_fields(&url, &wrong, b"x".to_vec()).await;
    refusal(response, 403, "SignatureDoesNotMatch").await;
    assert_eq!(sandbox.stored(id(&created)), None);
}

#[tokio::test]
async fn every_missing_field_is_refused() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"x").await;
    let (url, fields) = (upload_url(&created), fields(&created));
    for missing in 0..fields.len() {
        let mut fields = fields.clone();
        let (name, _) = fields.remove(missing);
        let response = post_fields(&url, &fields, b"x".to_vec()).await;
        // The bucket stands in the URL already.
        let expected = name == "bucket";
        assert_eq!(
            response.status().is_success(),
            expected,
            "without {name}: {}",
            response.status()
        );
    }
    assert_eq!(
        sandbox.stored(id(&created)).as_deref(),
        Some(b"x".as_slice())
    );
}

#[tokio::test]
async fn a_field_that_the_policy_does_not_name_is_refused() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"x").await;
    let mut fields = fields(&created);
    fields.push(("x-amz-meta-mine".to_owned(), "1".to_owned()));
    let response = post_fields(&upload_url(&created), &fields, b"x".to_vec()).await;
    let message = refusal(response, 403, "AccessDenied").await;
    assert_eq!(
        message,
        "Invalid according to Policy: Extra input fields: x-amz-meta-mine"
    );

    fields.pop();
    fields.push(("x-ignore-mine".to_owned(), "1".to_owned()));
    let response = post_fields(&upload_url(&created), &fields, b"x".to_vec()).await;
    assert_eq!(response.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn an_expired_policy_is_refused() {
    let builder = Sandbox::builder().policy_lifetime(Duration::from_secs(1));
    let sandbox = builder.start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"x").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let message = refusal(post(&created, b"x".to_vec()).await, 403, "AccessDenied").await;
    assert_eq!(message, "Invalid according to Policy: Policy expired.");
    assert_eq!(sandbox.stored(id(&created)), None);
}

#[tokio::test]
async fn a_policy_lives_for_exactly_an_hour_and_permits_30_mib() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"x").await;
    let policy = STANDARD
        .decode(value_of(&fields(&created), "Policy"))
        .expect("the policy is base64");
    let policy: Value = serde_json::from_slice(&policy).expect("the policy is JSON");
    let digits = |text: &Value| text.as_str().expect("a time").replace(['-', ':'], "");
    let seconds = |time: &str| {
        let number = |at: usize| time[at..at + 2].parse::<u32>().expect("a number");
        number(9) * 3600 + number(11) * 60 + number(13)
    };
    let (from, to) = (
        digits(&created["uploadDetails"]["X-Amz-Date"]),
        digits(&policy["expiration"]),
    );
    assert_eq!(
        (seconds(&to) + 24 * 3600 - seconds(&from)) % (24 * 3600),
        3600
    );
    assert!(
        policy
            .to_string()
            .contains(r#"["content-length-range",0,31457280]"#),
        "{policy}"
    );
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused_and_one_at_the_limit_is_not() {
    let sandbox = Sandbox::builder()
        .max_size(100_000)
        .start()
        .await
        .expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"x").await;
    let message = refusal(
        post(&created, vec![7; 100_001]).await,
        400,
        "EntityTooLarge",
    )
    .await;
    assert_eq!(
        message,
        "Your proposed upload exceeds the maximum allowed size"
    );
    assert_eq!(sandbox.stored(id(&created)), None);
    assert_eq!(
        post(&created, vec![7; 100_000]).await.status(),
        StatusCode::CREATED
    );
    assert_eq!(sandbox.assets()[0].size, Some(100_000));
}
