//! What an error says: enough to go on with.

use std::time::Duration;

use webflow_assets::{Client, RetryPolicy, Source, Token, UploadError, sandbox::Sandbox};

use super::{HTTP, SMALL, client, send, with_rules};
use crate::support::{chain, client_for};

/// The error of an upload to which this happens, with all its causes.
async fn text(rules: &[&str]) -> String {
    let sandbox = with_rules(rules).await;
    chain(&send(&sandbox, &SMALL).await.unwrap_err())
}

#[tokio::test]
async fn a_401_names_the_scope_that_may_be_missing() {
    let says = text(&["create:401*forever"]).await;
    assert!(says.contains("scope assets:write"), "{says}");

    let sandbox = with_rules(&["get:401*forever"]).await;
    let error = ready(&sandbox).await;
    assert!(error.to_string().contains("scope assets:read?"), "{error}");

    for rule in ["get:401*forever", "delete:401*forever"] {
        let says = text(&["post:403*forever", rule]).await;
        let scopes = "scopes assets:read and assets:write";
        assert!(says.contains(scopes), "{says}");
    }
}

async fn ready(sandbox: &Sandbox) -> UploadError {
    let source = Source::bytes("a.txt", SMALL.clone());
    let upload = client(sandbox).upload(sandbox.site_id(), source);
    let upload = upload.wait_until_ready(Duration::from_secs(2));
    upload.send().await.unwrap_err()
}

#[tokio::test]
async fn a_429_says_when_the_key_may_go_on() {
    let sandbox = with_rules(&["create:429,retry-after=37*forever"]).await;
    let hasty = Client::builder()
        .token(Token::new(sandbox.token()).unwrap())
        .base_url(sandbox.base_url())
        .http_client(HTTP.clone())
        .retry(RetryPolicy::default().max_elapsed(Duration::from_secs(1)))
        .build()
        .unwrap();
    let source = Source::bytes("a.txt", SMALL.clone());
    let upload = hasty.upload(sandbox.site_id(), source);
    let says = upload.send().await.unwrap_err().to_string();
    assert!(says.contains("may go on in 37 s"), "{says}");
    assert!(!says.contains("may have all the same"), "{says}");

    let says = text(&["create:429*forever"]).await;
    assert!(says.contains("may go on in a minute"), "{says}");
}

#[tokio::test]
async fn a_size_refusal_says_both_sizes() {
    let sandbox = Sandbox::builder().max_size(1000).start().await.unwrap();
    let says = chain(&send(&sandbox, &SMALL).await.unwrap_err());
    assert!(says.contains("3072 bytes and at most 1000"), "{says}");
}

#[tokio::test]
async fn an_expired_form_says_that_it_was_renewed_and_how_often() {
    for rule in [
        "create:expired-policy*forever",
        "create:short-policy=0s*forever",
        "post:expired-policy*forever",
    ] {
        let says = text(&[rule]).await;
        assert!(says.contains("had run out and was renewed once"), "{says}");
    }
}

#[tokio::test]
async fn a_create_call_that_may_have_arrived_says_so_and_the_next_upload_finds_it() {
    for rule in [
        "create:reset-after",
        "create:stall-before-answer",
        "create:truncated-body",
    ] {
        let sandbox = with_rules(&[rule]).await;
        let error = send(&sandbox, &SMALL).await.unwrap_err();
        let says = error.to_string();
        let what_to_do = "; it may exist nevertheless: upload the same file again, and Webflow \
                          will find it by its content";
        assert!(says.contains(what_to_do), "{says}");
        assert!(!error.is_retryable(), "{says}");
        assert_eq!(error.attempts().create, 1, "{says}");
        assert_eq!(sandbox.requests().len(), 1, "{says}");

        // Without a lease, so that it does not look again at the asset that another call registered.
        let next = client_for(&sandbox).lease(Duration::ZERO).build().unwrap();
        let source = Source::bytes("a.txt", SMALL.clone());
        next.upload(sandbox.site_id(), source).send().await.unwrap();
        let assets = sandbox.assets();
        assert_eq!(assets.len(), 1, "{rule}");
        assert_eq!(sandbox.stored(&assets[0].id).unwrap(), *SMALL);
    }
}
