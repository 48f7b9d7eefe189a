//! Faults that break or hold the connection, seen from a bare socket and through an ordinary client.

use std::io::ErrorKind;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use webflow_assets::sandbox::{Asset, Operation, Sandbox};

use super::s3::{hand_written, head};
use super::{announce, asset, create, fields, id, md5, post, upload_url, with_faults};

/// How a connection was left by the sandbox.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    Closed,
    Reset,
    Open,
}

/// Two assets: one that is announced and not filled, and one that is there.
struct Site {
    sandbox: Sandbox,
    announced: Value,
    older: Asset,
}

impl Site {
    /// In which this fault waits for `operation`.
    async fn with(operation: Operation, fault: &str, times: &str) -> Self {
        let sandbox = Sandbox::start().await.expect("the sandbox starts");
        let announced = announce(&sandbox, "hero.css", b"hero").await;
        let older = sandbox.add_asset("older.css", &b"older"[..]);
        let rule = format!("{operation}:{fault}{times}");
        sandbox.fault(rule.parse().expect("a rule"));
        Self {
            sandbox,
            announced,
            older,
        }
    }

    /// The bytes of a request that succeeds.
    fn request(&self, operation: Operation) -> String {
        let (token, id) = (self.sandbox.token(), &self.older.id);
        let bare = |line: &str| {
            format!("{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n")
        };
        let site = self.sandbox.site_id();
        let with_body = |line: &str, body: &Value| {
            let body = body.to_string();
            let length = body.len();
            format!(
                "{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: {length}\r\n\r\n{body}"
            )
        };
        match operation {
            Operation::CreateAsset => with_body(
                &format!("POST /v2/sites/{site}/assets"),
                &json!({ "fileName": "new.css", "fileHash": md5(b"new") }),
            ),
            Operation::PostObject => {
                let body = hand_written(&fields(&self.announced), "hero");
                head(body.len()).replace("connection: close\r\n", "") + &body
            }
            Operation::GetAsset => bare(&format!("GET /v2/assets/{id}")),
            Operation::DeleteAsset => bare(&format!("DELETE /v2/assets/{id}")),
            Operation::ListAssets => bare(&format!("GET /v2/sites/{site}/assets")),
            Operation::UpdateAsset => with_body(
                &format!("PATCH /v2/assets/{id}"),
                &json!({ "altText": "updated" }),
            ),
            Operation::ListFolders => bare(&format!("GET /v2/sites/{site}/asset_folders")),
            Operation::CreateFolder => with_body(
                &format!("POST /v2/sites/{site}/asset_folders"),
                &json!({ "displayName": "new" }),
            ),
            Operation::GetFolder => {
                let folder = self.sandbox.folder_id();
                bare(&format!("GET /v2/asset_folders/{folder}"))
            }
            Operation::ListSites => bare("GET /v2/sites"),
            Operation::IntrospectToken => bare("GET /v2/token/introspect"),
            other => panic!("no request for {other}"),
        }
    }

    /// Whether the operation has had its effect; nothing where it has none.
    fn processed(&self, operation: Operation) -> Option<bool> {
        let processed = match operation {
            Operation::CreateAsset => self.sandbox.assets().len() == 3,
            Operation::PostObject => self.sandbox.stored(id(&self.announced)).is_some(),
            Operation::DeleteAsset => self.sandbox.stored(&self.older.id).is_none(),
            Operation::UpdateAsset => {
                let mut assets = self.sandbox.assets().into_iter();
                assets.any(|asset| asset.alt_text.is_some())
            }
            Operation::CreateFolder => self.sandbox.folders().len() > 1,
            _ => return None,
        };
        Some(processed)
    }

    async fn connect(&self) -> TcpStream {
        let address = self.sandbox.base_url();
        let address = address
            .trim_start_matches("http://")
            .trim_end_matches("/v2");
        TcpStream::connect(address)
            .await
            .expect("the sandbox listens")
    }
}

/// What arrives until the sandbox ends the connection, or sends nothing more for a while.
async fn listen(stream: &mut TcpStream) -> (String, Left) {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    let left = loop {
        let read = stream.read(&mut buffer);
        match tokio::time::timeout(Duration::from_millis(300), read).await {
            Err(_) => break Left::Open,
            Ok(Ok(0)) => break Left::Closed,
            Ok(Ok(read)) => answer.extend_from_slice(&buffer[..read]),
            Ok(Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                break Left::Reset;
            }
        }
    };
    (String::from_utf8(answer).expect("the answer is text"), left)
}

/// Sends one request and waits until it has been dealt with.
async fn ask(site: &Site, operation: Operation) -> (String, Left) {
    let mut stream = site.connect().await;
    let request = site
        .request(operation)
        .replacen("\r\n", "\r\nconnection: close\r\n", 1);
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the sandbox reads");
    listen(&mut stream).await
}

/// The status line, the declared length and the length of what came of the body.
fn parts(answer: &str) -> (&str, Option<usize>, usize) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map(|length| length.parse().expect("a number"));
    (head.lines().next().unwrap_or_default(), length, body.len())
}

#[tokio::test]
async fn a_reset_before_leaves_nothing_and_one_after_leaves_everything() {
    for operation in Operation::ALL {
        for (fault, processed) in [("reset-before", false), ("reset-after", true)] {
            let site = Site::with(operation, fault, "*2").await;
            for _ in 0..2 {
                assert_eq!(ask(&site, operation).await, (String::new(), Left::Reset));
                let effect = site.processed(operation).unwrap_or(processed);
                assert_eq!(effect, processed, "{operation} {fault}");
                let request = site.sandbox.requests().pop().expect("a request");
                assert_eq!(
                    (request.fault.as_deref(), request.status),
                    (Some(fault), None)
                );
            }
            assert!(site.sandbox.faults().is_empty());
        }
    }
}

async fn half_of_an_answer(operation: Operation, fault: &str, left: Left) {
    let site = Site::with(operation, fault, "").await;
    let (answer, got) = ask(&site, operation).await;
    assert_eq!(got, left, "{operation} {fault}");
    assert_ne!(
        site.processed(operation),
        Some(false),
        "{operation} {fault}"
    );
    let (status, length, came) = parts(&answer);
    let expected = match operation {
        Operation::CreateAsset => 202,
        Operation::PostObject => 201,
        Operation::DeleteAsset => 204,
        _ => 200,
    };
    assert!(
        status.starts_with(&format!("HTTP/1.1 {expected} ")),
        "{answer}"
    );
    if expected == 204 {
        // No body: half of the head.
        assert!(!answer.contains("\r\n\r\n"), "{answer}");
    } else {
        assert_eq!(Some(came), length.map(|length| length / 2), "{answer}");
    }
    let request = site.sandbox.requests().pop().expect("a request");
    assert_eq!(request.status, Some(expected));

    // Used up: the same request is answered whole.
    let (answer, _) = ask(&site, operation).await;
    let (_, length, came) = parts(&answer);
    assert_eq!(length.unwrap_or(0), came, "{operation} {fault}");
    assert!(answer.contains("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn half_an_answer_comes_and_then_the_end() {
    for operation in Operation::ALL {
        half_of_an_answer(operation, "truncated-body", Left::Closed).await;
    }
}

#[tokio::test]
async fn half_an_answer_comes_and_then_nothing() {
    let stalled = |operation| half_of_an_answer(operation, "stall-mid-body", Left::Open);
    join_all(Operation::ALL.map(stalled)).await;
}

#[tokio::test]
async fn a_request_may_be_processed_and_never_answered() {
    let stalled = async |operation| {
        let site = Site::with(operation, "stall-before-answer", "*forever").await;
        let mut stream = site.connect().await;
        let request = site.request(operation);
        let written = stream.write_all(request.as_bytes()).await;
        written.expect("the sandbox reads");
        assert_eq!(listen(&mut stream).await, (String::new(), Left::Open));
        assert_ne!(site.processed(operation), Some(false), "{operation}");
        // The connection ends when the client leaves, and not when the rule is forgotten.
        site.sandbox.clear_faults();
        stream.shutdown().await.expect("an open connection");
        assert_eq!(listen(&mut stream).await, (String::new(), Left::Closed));
        let (answer, _) = ask(&site, operation).await;
        assert!(answer.contains("\r\n\r\n"), "{operation}: {answer}");
    };
    join_all(Operation::ALL.map(stalled)).await;
}

#[tokio::test]
async fn a_body_may_be_read_by_half() {
    // More than the buffers of both sockets hold.
    let file = "x".repeat(29 << 20);
    let site = Site::with(Operation::PostObject, "stall-reading", "").await;
    let body = hand_written(&fields(&site.announced), &file);
    let mut stream = site.connect().await;
    stream
        .write_all(head(body.len()).as_bytes())
        .await
        .expect("the sandbox reads");
    let mut sent = 0;
    loop {
        let write = stream.write(&body.as_bytes()[sent..]);
        match tokio::time::timeout(Duration::from_millis(300), write).await {
            Err(_) => break,
            Ok(length) => sent += length.expect("an open connection"),
        }
    }
    assert!((body.len() / 2..body.len()).contains(&sent), "{sent}");
    assert_eq!(site.sandbox.stored(id(&site.announced)), None);
    drop(stream);
    assert_eq!(
        post(&site.announced, b"hero".to_vec()).await.status(),
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn an_early_refusal_does_not_wait_for_the_body() {
    let refusals = [
        (
            "early-refusal=403",
            "HTTP/1.1 403 Forbidden",
            "<Code>AccessDenied</Code>",
        ),
        (
            "early-refusal=400,code=EntityTooLarge",
            "HTTP/1.1 400 Bad Request",
            "<Code>EntityTooLarge</Code>",
        ),
    ];
    for (fault, status, code) in refusals {
        let site = Site::with(Operation::PostObject, fault, "").await;
        let mut stream = site.connect().await;
        stream
            .write_all(head(8 << 20).as_bytes())
            .await
            .expect("the sandbox reads");
        let (answer, left) = listen(&mut stream).await;
        assert_eq!((parts(&answer).0, left), (status, Left::Closed));
        assert!(
            answer.contains(code) && answer.contains("connection: close"),
            "{answer}"
        );
        // What is sent now meets nobody.
        while stream.write_all(&[7; 4096]).await.is_ok() {}
        let request = site.sandbox.requests().pop().expect("a request");
        assert_eq!(request.status.map(|status| status / 100), Some(4));
        assert_eq!(site.sandbox.stored(id(&site.announced)), None);
    }
}

/// Which of the two it meets is for the network to decide, here as with real servers.
#[tokio::test]
async fn an_ordinary_client_meets_an_early_refusal_or_a_broken_connection() {
    let site = Site::with(Operation::PostObject, "early-refusal=403", "*8").await;
    for _ in 0..8 {
        let file = reqwest::multipart::Part::bytes(vec![7; 8 << 20]);
        let request = reqwest::Client::new().post(upload_url(&site.announced));
        let request = request.multipart(super::form(&fields(&site.announced), file));
        match request.send().await {
            Ok(response) => assert_eq!(response.status(), StatusCode::FORBIDDEN),
            Err(error) => assert!(error.is_request() && !error.is_timeout(), "{error:?}"),
        }
    }
    assert!(site.sandbox.faults().is_empty());
    assert_eq!(site.sandbox.stored(id(&site.announced)), None);
}

/// With a client that keeps its connections: each broken one is replaced, and the next request is unharmed.
#[tokio::test]
async fn an_ordinary_client_reports_each_and_goes_on() {
    let patience = Duration::from_millis(300);
    let http = reqwest::Client::builder()
        .timeout(patience)
        .build()
        .expect("a client");
    // The answer's head, then its body.
    let table = [
        ("reset-before", false, false),
        ("reset-after", false, false),
        ("truncated-body", true, false),
        ("stall-mid-body", true, false),
        ("stall-before-answer", false, false),
        ("delay=1s", false, false),
        ("200", true, true),
    ];
    let sandbox = with_faults(&[]).await;
    let older = sandbox.add_asset("older.css", &b"older"[..]);
    let url = format!("{}/assets/{}", sandbox.base_url(), older.id);
    let get = || http.get(&url).bearer_auth(sandbox.token()).send();
    for (fault, head, body) in table {
        get()
            .await
            .expect("the sandbox answers")
            .bytes()
            .await
            .expect("a body");
        sandbox.fault(format!("get:{fault}").parse().expect("a rule"));
        let result = get().await;
        assert_eq!(result.is_ok(), head, "{fault}: {result:?}");
        match result {
            Ok(response) => {
                let bytes = response.bytes().await;
                assert_eq!(bytes.is_ok(), body, "{fault}: {bytes:?}");
            }
            Err(error) => {
                assert_eq!(
                    error.is_timeout(),
                    !fault.starts_with("reset"),
                    "{fault}: {error:?}"
                );
            }
        }
    }
    assert!(sandbox.faults().is_empty());
}

#[tokio::test]
async fn an_upload_can_be_repeated_through_every_broken_connection() {
    let sandbox = with_faults(&[
        "create:reset-before",
        "post:reset-before",
        "post:reset-after",
        "delete:reset-after",
    ])
    .await;
    let http = reqwest::Client::new();
    let url = format!("{}/sites/{}/assets", sandbox.base_url(), sandbox.site_id());
    let body = json!({ "fileName": "hero.css", "fileHash": md5(b"hero") });
    let request = http.post(&url).bearer_auth(sandbox.token()).json(&body);
    request.send().await.expect_err("a reset");
    assert!(sandbox.assets().is_empty());
    let created: Value = create(&sandbox, &body)
        .await
        .json()
        .await
        .expect("an answer");

    for stored in [None, Some(&b"hero"[..])] {
        let file = reqwest::multipart::Part::bytes(b"hero".to_vec());
        let request = http.post(upload_url(&created));
        let request = request.multipart(super::form(&fields(&created), file));
        request.send().await.expect_err("a reset");
        assert_eq!(sandbox.stored(id(&created)).as_deref(), stored);
    }
    assert_eq!(
        post(&created, b"hero".to_vec()).await.status(),
        StatusCode::CREATED
    );
    assert_eq!(sandbox.keys().len(), 1);

    let request = http.delete(format!("{}/assets/{}", sandbox.base_url(), id(&created)));
    request
        .bearer_auth(sandbox.token())
        .send()
        .await
        .expect_err("a reset");
    assert!(sandbox.assets().is_empty() && sandbox.keys().is_empty());
    let again = asset(&sandbox, Method::DELETE, id(&created)).await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
}
