//! Bounds on what a server may take: time, memory and requests.

use std::{sync::atomic::Ordering, time::Duration};

use webflow_assets::{
    Client, Error, ResponseValue, RetryPolicy, Source, Token, explain,
    s3::{self, PostForm},
    types::{ApiError, Asset},
};

use crate::support::{SITE, TOKEN, endless_server};

/// Long beside a pause of a dripping server, and short for a test.
const LIMIT: Duration = Duration::from_millis(200);
const DRIP: Duration = Duration::from_millis(5);

async fn get(base_url: &str, limit: Duration) -> Result<ResponseValue<Asset>, Error<ApiError>> {
    let client = Client::builder()
        .token(Token::new(TOKEN).unwrap())
        .base_url(base_url)
        .request_timeout(limit)
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    client.get_asset().asset_id(SITE).send().await
}

async fn post(url: &str) -> Result<s3::Stored, s3::Error> {
    let details = serde_json::json!({ "key": "x" });
    let form = PostForm::from_details(url, &details).unwrap();
    let form = form.idle_timeout(LIMIT);
    let http = s3::http_client().unwrap();
    form.send(&http, &Source::bytes("x", "x")).await
}

#[tokio::test]
async fn a_response_of_the_api_that_drips_ends_with_the_time_for_the_request() {
    let success = "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n";
    let (base_url, _) = endless_server(success, "x", DRIP).await;
    match get(&base_url, LIMIT).await {
        Err(Error::CommunicationError(error)) => assert!(error.is_timeout()),
        other => panic!("{other:?}"),
    }
    let error = "HTTP/1.1 403 Forbidden\r\nContent-Length: 100000000\r\n\r\n";
    let (base_url, _) = endless_server(error, "x", DRIP).await;
    match get(&base_url, LIMIT).await {
        Err(Error::ErrorResponse(response)) => {
            assert_eq!(response.status(), 403);
            assert!(response.message.as_deref().unwrap().starts_with('x'));
        }
        other => panic!("{other:?}"),
    }
    let (base_url, _) = endless_server("HTTP/1.1 200 OK\r\nVia: ", "x", DRIP).await;
    match get(&base_url, LIMIT).await {
        Err(Error::CommunicationError(error)) => assert!(error.is_timeout()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_response_of_s3_that_drips_ends_with_the_idle_limit() {
    let stored = "HTTP/1.1 201 Created\r\nETag: \"e\"\r\nContent-Length: 100000000\r\n\r\n";
    let (url, _) = endless_server(stored, " ", DRIP).await;
    assert_eq!(post(&url).await.unwrap().etag.as_deref(), Some("e"));

    let unconfirmed = "HTTP/1.1 201 Created\r\nContent-Length: 100000000\r\n\r\n<PostResponse>";
    let (url, _) = endless_server(unconfirmed, " ", DRIP).await;
    let error = post(&url).await.unwrap_err();
    assert!(matches!(error, s3::Error::Unconfirmed(_)), "{error:?}");

    let (url, _) = endless_server("HTTP/1.1 201 Created\r\nVia: ", "x", DRIP).await;
    let error = post(&url).await.unwrap_err();
    assert!(matches!(error, s3::Error::Stalled { .. }), "{error:?}");
}

#[tokio::test]
async fn of_an_endless_response_of_the_api_16_mib_are_read() {
    const MIB: usize = 1024 * 1024;

    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[";
    let piece = "\"endless\",".repeat(MIB / 10);
    let (base_url, sent) = endless_server(head, piece, Duration::ZERO).await;
    let error = get(&base_url, Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(
        explain(&error, "scope assets:read"),
        "200, with more than 16 MiB"
    );
    match error {
        Error::UnexpectedResponse(response) => {
            assert!(response.text().await.unwrap().len() <= MIB);
        }
        other => panic!("{other:?}"),
    }
    // What is not read is at most what the connection buffers.
    let sent = sent.load(Ordering::Relaxed);
    assert!((16 * MIB..64 * MIB).contains(&(sent + MIB)), "{sent}");
}

#[tokio::test]
async fn of_an_endless_refusal_64_kib_are_read() {
    let page = "<html>no</html>".repeat(1000);
    let head = "HTTP/1.1 403 Forbidden\r\n\r\n";
    let (url, _) = endless_server(head, page, Duration::ZERO).await;
    match get(&url, Duration::from_secs(60)).await {
        Err(Error::ErrorResponse(response)) => {
            assert_eq!(response.message.as_deref().unwrap().len(), 64 * 1024);
        }
        other => panic!("{other:?}"),
    }
    let error = post(&url).await.unwrap_err();
    let message = error.refusal().unwrap().message.as_deref().unwrap();
    assert_eq!(message.len(), 1000);
}
