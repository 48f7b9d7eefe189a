//! The sandbox, judged by a plain HTTP client.

mod assets;
mod chance;
mod faults;
mod folders;
mod listing;
mod policy;
mod rules;
mod s3;
mod severed;
mod sites;
mod update;
mod webflow;

use md5::{Digest as _, Md5};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use webflow_assets::sandbox::Sandbox;

fn md5(bytes: &[u8]) -> String {
    format!("{:032x}", u128::from_be_bytes(Md5::digest(bytes).into()))
}

/// `POST /v2/sites/{site_id}/assets` for the sandbox's own site, with its own token.
async fn create(sandbox: &Sandbox, body: &Value) -> Response {
    create_with(
        sandbox,
        sandbox.token(),
        sandbox.site_id(),
        body.to_string(),
    )
    .await
}

async fn create_with(sandbox: &Sandbox, token: &str, site: &str, body: String) -> Response {
    reqwest::Client::new()
        .post(format!("{}/sites/{site}/assets", sandbox.base_url()))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .expect("the sandbox answers")
}

/// Announces `bytes` and returns the answer.
async fn announce(sandbox: &Sandbox, name: &str, bytes: &[u8]) -> Value {
    let response = create(
        sandbox,
        &json!({ "fileName": name, "fileHash": md5(bytes) }),
    )
    .await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    response.json().await.expect("the answer is JSON")
}

fn id(created: &Value) -> &str {
    created["id"].as_str().expect("the answer has an id")
}

fn upload_url(created: &Value) -> String {
    created["uploadUrl"]
        .as_str()
        .expect("the answer has an upload URL")
        .to_owned()
}

/// `GET` or `DELETE /v2/assets/{id}`, with the sandbox's own token.
async fn asset(sandbox: &Sandbox, method: Method, id: &str) -> Response {
    asset_with(sandbox, sandbox.token(), method, id).await
}

async fn asset_with(sandbox: &Sandbox, token: &str, method: Method, id: &str) -> Response {
    reqwest::Client::new()
        .request(method, format!("{}/assets/{id}", sandbox.base_url()))
        .bearer_auth(token)
        .send()
        .await
        .expect("the sandbox answers")
}

/// Any request to `path` under `/v2`, with the sandbox's own token.
async fn ask(sandbox: &Sandbox, method: Method, path: &str, body: Option<&Value>) -> Response {
    ask_with(sandbox, sandbox.token(), method, path, body).await
}

async fn ask_with(
    sandbox: &Sandbox,
    token: &str,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Response {
    let request = reqwest::Client::new()
        .request(method, format!("{}{path}", sandbox.base_url()))
        .bearer_auth(token);
    let request = match body {
        Some(body) => request.json(body),
        None => request,
    };
    request.send().await.expect("the sandbox answers")
}

/// What a `GET` of `path` is answered with.
async fn found(sandbox: &Sandbox, path: &str) -> Value {
    let response = ask(sandbox, Method::GET, path, None).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response.json().await.expect("the answer is JSON")
}

/// The strings under `name` in each entry of a list.
fn column<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    let entries = list.as_array().expect("a list");
    let text = |entry: &'a Value| entry[name].as_str().expect("a string");
    entries.iter().map(text).collect()
}

/// A sandbox in which these rules wait.
async fn with_faults(rules: &[&str]) -> Sandbox {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    for rule in rules {
        sandbox.fault(rule.parse().expect("a rule"));
    }
    sandbox
}

/// The form fields of an answer.
fn fields(created: &Value) -> Vec<(String, String)> {
    let details = created["uploadDetails"]
        .as_object()
        .expect("the answer has a form");
    let text = |value: &Value| value.as_str().expect("every field is a string").to_owned();
    details
        .iter()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

fn form(fields: &[(String, String)], file: Part) -> Form {
    let form = fields.iter().fold(Form::new(), |form, (name, value)| {
        form.text(name.clone(), value.clone())
    });
    form.part("file", file.file_name("file"))
}

async fn post_fields(url: &str, fields: &[(String, String)], bytes: Vec<u8>) -> Response {
    let form = form(fields, Part::bytes(bytes));
    reqwest::Client::new()
        .post(url)
        .multipart(form)
        .send()
        .await
        .expect("the sandbox answers")
}

async fn post(created: &Value, bytes: Vec<u8>) -> Response {
    post_fields(&upload_url(created), &fields(created), bytes).await
}

/// The text of an XML element.
fn element<'a>(document: &'a str, name: &str) -> &'a str {
    let (_, rest) = document
        .split_once(&format!("<{name}>"))
        .unwrap_or_else(|| panic!("no {name} in {document}"));
    rest.split_once(&format!("</{name}>"))
        .unwrap_or_else(|| panic!("no end of {name} in {document}"))
        .0
}

/// Asserts that S3 refused with this status and code, and returns the message.
async fn refusal(response: Response, status: u16, code: &str) -> String {
    let got = response.status().as_u16();
    let request_id = response.headers()["x-amz-request-id"]
        .to_str()
        .expect("an ASCII id")
        .to_owned();
    let document = response.text().await.expect("the refusal has a body");
    assert_eq!(
        (got, element(&document, "Code")),
        (status, code),
        "{document}"
    );
    assert_eq!(element(&document, "RequestId"), request_id);
    element(&document, "Message").to_owned()
}

#[tokio::test]
async fn an_upload_travels_the_whole_way() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let bytes = b"body { color: red }".to_vec();

    let created = announce(&sandbox, "hero.css", &bytes).await;
    assert_eq!(sandbox.stored(id(&created)), None);
    assert_eq!(sandbox.assets()[0].size, None);

    let response = post(&created, bytes.clone()).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let etag = format!("\"{}\"", md5(&bytes));
    let key = format!("{}/{}_hero.css", sandbox.site_id(), id(&created));
    assert_eq!(response.headers()["etag"], etag.as_str());
    let location = response.headers()["location"]
        .to_str()
        .expect("an ASCII URL")
        .to_owned();
    let document = response.text().await.expect("the answer has a body");
    assert!(document.contains("<PostResponse>"), "{document}");
    assert_eq!(element(&document, "Key"), key);
    assert_eq!(element(&document, "Bucket"), "webflow-sandbox-assets");
    assert_eq!(element(&document, "Location"), location);
    assert_eq!(element(&document, "ETag"), etag.replace('"', "&quot;"));

    assert_eq!(
        sandbox.stored(id(&created)).as_deref(),
        Some(bytes.as_slice())
    );
    let asset = &sandbox.assets()[0];
    assert_eq!(
        (asset.id.as_str(), asset.key.as_str()),
        (id(&created), key.as_str())
    );
    assert_eq!(
        (asset.size, asset.file_hash.as_str()),
        (Some(19), md5(&bytes).as_str())
    );

    for url in [
        location.as_str(),
        created["hostedUrl"].as_str().expect("a URL"),
    ] {
        let hosted = reqwest::get(url).await.expect("the object can be read");
        assert_eq!(hosted.headers()["content-type"], "text/css");
        assert_eq!(hosted.bytes().await.expect("the object has bytes"), bytes);
    }
}

#[tokio::test]
async fn the_log_shows_each_request_and_no_secret() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "a.txt", b"a").await;
    post(&created, b"a".to_vec()).await;
    create_with(&sandbox, "wrong", sandbox.site_id(), String::new()).await;

    let requests = sandbox.requests();
    let lines: Vec<String> = requests
        .iter()
        .map(|request| {
            format!(
                "{:?} {} {} {:?}",
                request.side, request.method, request.path, request.status
            )
        })
        .collect();
    let create_path = format!("/v2/sites/{}/assets", sandbox.site_id());
    assert_eq!(
        lines,
        [
            format!("Webflow POST {create_path} Some(202)"),
            "S3 POST /webflow-sandbox-assets/ Some(201)".to_owned(),
            format!("Webflow POST {create_path} Some(401)"),
        ]
    );

    let printed = format!("{sandbox:?} {requests:?} {:?}", sandbox.assets());
    for secret in [
        sandbox.token(),
        sandbox.read_only_token(),
        sandbox.assets_token(),
    ] {
        assert!(!printed.contains(secret));
    }
    for (name, value) in fields(&created) {
        if ["Policy", "X-Amz-Signature", "X-Amz-Credential"].contains(&name.as_str()) {
            assert!(!printed.contains(&value), "{name} is printed");
        }
    }
}

#[tokio::test]
async fn a_dropped_sandbox_hangs_up() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let url = sandbox.base_url().to_owned();
    let http = reqwest::Client::new();
    http.get(&url).send().await.expect("the sandbox answers");
    drop(sandbox);
    // The server's task ends at its next turn.
    tokio::task::yield_now().await;
    http.get(&url)
        .send()
        .await
        .expect_err("nobody listens any more");
}

#[tokio::test]
async fn a_wanted_port_is_taken_or_refused() {
    let first = Sandbox::start().await.expect("the sandbox starts");
    let port = first
        .base_url()
        .trim_end_matches("/v2")
        .rsplit_once(':')
        .expect("a port")
        .1
        .to_owned();
    let port = port.parse().expect("a number");
    Sandbox::builder()
        .port(port)
        .start()
        .await
        .expect_err("the port is taken");
    drop(first);
    tokio::task::yield_now().await;
    let second = Sandbox::builder()
        .port(port)
        .start()
        .await
        .expect("the port is free again");
    assert!(second.base_url().contains(&port.to_string()));
}

#[tokio::test]
async fn two_sandboxes_share_nothing() {
    let one = Sandbox::start().await.expect("the sandbox starts");
    let two = Sandbox::start().await.expect("the sandbox starts");
    assert_ne!((one.token(), one.site_id()), (two.token(), two.site_id()));
    let created = announce(&one, "a.txt", b"a").await;
    assert!(two.assets().is_empty());

    let url = upload_url(&announce(&two, "a.txt", b"a").await);
    let response = post_fields(&url, &fields(&created), b"a".to_vec()).await;
    refusal(response, 403, "InvalidAccessKeyId").await;
}
