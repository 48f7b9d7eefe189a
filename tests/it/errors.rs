//! What errors say: a snapshot of the whole chain of each variant of each public error.

use std::{
    collections::BTreeSet, error::Error as StdError, fmt::Debug, fs, io, path::Path, time::Duration,
};

use httpmock::MockServer;
use serde_json::json;
use syn::Item;
use webflow_assets::{
    Client, ConfigError, Error as ApiCallError, Remote, RetryPolicy, Source, Token, Upload,
    UploadError, UploadErrorKind, explain,
    s3::{self, PostForm, Violation},
    sandbox::Sandbox,
    sync::PullError,
    types::ApiError,
};

use crate::support::{
    SITE, TOKEN, client_for, endless_server,
    post::{Post, answer},
    raw_server,
};
use crate::upload::mock_create;

/// One line for each layer of each error, under what led to it.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) text: String,
    variants: BTreeSet<String>,
}

impl Table {
    /// Adds an error, whose variant its `kind` names.
    pub(crate) fn add(&mut self, cause: &str, kind: &impl Debug, error: &dyn StdError) {
        let kind = format!("{kind:?}");
        let variant = kind.split(|c: char| !c.is_alphanumeric()).next();
        self.variants.insert(variant.unwrap().to_owned());
        self.line(&format!("{}: {cause}", variant.unwrap()));
        let mut above: Vec<String> = Vec::new();
        let mut next = Some(error);
        while let Some(error) = next {
            let layer = error.to_string();
            check(&layer);
            for said in &above {
                assert!(!said.contains(&layer), "said twice: {layer}");
            }
            self.line(&format!("    {layer}"));
            above.push(layer);
            next = error.source();
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Checks that each variant of the enum in this file is there.
    pub(crate) fn covers(&self, file: &str, name: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let file = syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap();
        let declared = file.items.into_iter().find_map(|item| match item {
            Item::Enum(item) if item.ident == name => Some(item.variants),
            _ => None,
        });
        let declared = declared.unwrap().into_iter();
        let declared: BTreeSet<_> = declared.map(|variant| variant.ident.to_string()).collect();
        assert_eq!(self.variants, declared, "{name}: variants with an example");
    }
}

/// One layer is one line without a full stop, without debug output and without secrets.
fn check(layer: &str) {
    assert_eq!(layer.lines().count(), 1, "{layer:?}");
    assert!(!layer.ends_with('.'), "{layer:?}");
    for debug in ["Some(", "None", "headers", "Error {", "\\\"", TOKEN] {
        assert!(!layer.contains(debug), "{debug} in {layer:?}");
    }
}

#[test]
fn config_errors_say_what_to_do() {
    let mut table = Table::default();
    let builder = || Client::builder().token(Token::new(TOKEN).unwrap());
    let base_url = |url: &str| builder().base_url(url).build().unwrap_err();
    let no_client = reqwest::Client::builder().user_agent("\n").build();
    for (cause, error) in [
        ("nothing is set", Client::builder().build().unwrap_err()),
        (
            "a variable that is not UTF-8",
            ConfigError::NotUtf8 {
                variable: webflow_assets::TOKEN_VARIABLE,
            },
        ),
        ("an empty token", Token::new(" ").unwrap_err()),
        ("a token of two words", Token::new("two words").unwrap_err()),
        (
            "a token file that is not there",
            Token::from_file("missing").unwrap_err(),
        ),
        ("a base URL that is none", base_url("example.com")),
        (
            "a base URL of another scheme",
            base_url("ftp://example.com"),
        ),
        (
            "a base URL with a query",
            base_url("https://example.com/?a"),
        ),
        (
            "a base URL with a password",
            base_url("https://a:b@example.com"),
        ),
        ("a base URL with http", base_url("http://example.com")),
        ("a build without TLS", ConfigError::NoTls),
        ("reqwest fails", ConfigError::Http(no_client.unwrap_err())),
    ] {
        table.add(cause, &error, &error);
    }
    table.covers("src/api/token.rs", "ConfigError");
    insta::assert_snapshot!("config", table.text);
}

/// The error of one attempt to send a form to a server that answers so.
fn answered(status: u16, body: &str) -> s3::Error {
    let answer = answer(status, &[], body.as_bytes());
    let source = Source::bytes("x", "x");
    let (result, _) = Post::shared().exchange(&json!({"key": "x"}), &source, answer);
    result.unwrap_err()
}

#[tokio::test]
async fn errors_of_the_form_upload_say_what_failed() {
    let mut table = Table::default();
    let form = |url: &str, details| PostForm::from_details(url, &details).unwrap_err();
    let url = "https://example.com";
    for (cause, error) in [
        (
            "an upload URL that is none",
            form("example", json!({"key": "x"})),
        ),
        (
            "of another scheme",
            form("ftp://example.com", json!({"key": "x"})),
        ),
        (
            "with a password",
            form("https://a:b@example.com", json!({"key": "x"})),
        ),
        (
            "with a fragment",
            form("https://example.com#a", json!({"key": "x"})),
        ),
        ("details without fields", form(url, json!({}))),
        ("details in a list", form(url, json!([1]))),
        ("details in a string", form(url, json!("{}"))),
        ("a field in a field", form(url, json!({"key": {}}))),
        ("a field named file", form(url, json!({"file": "x"}))),
        (
            "a field with a line end in its name",
            form(url, json!({"a\nb": "x"})),
        ),
    ] {
        table.add(cause, &error, &error);
    }
    for violation in [
        Violation::Expired { lifetime: 3600 },
        Violation::Size {
            len: 9,
            min: 1,
            max: 5,
        },
        Violation::Size {
            len: 0,
            min: 1,
            max: 5,
        },
        Violation::Field {
            name: "acl".to_owned(),
        },
        Violation::FormTooLarge {
            len: 20_481,
            max: 20_480,
        },
    ] {
        let cause = format!("{violation:?}");
        let error = s3::Error::Policy(violation);
        table.add(cause.split(' ').next().unwrap(), &error, &error);
    }
    let form = |url: &str| PostForm::from_details(url, &json!({"key": "x"})).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let source = Source::bytes("x", "x");
    for (cause, url, source) in [
        ("plain http", "http://example.com", &source),
        ("a file that is not there", url, &Source::path("missing")),
        ("a directory", url, &Source::path("src")),
        ("no server", "http://127.0.0.1:1", &source),
        ("no response", &raw_server("").await, &source),
        (
            "a response that is not HTTP",
            &raw_server("what?\r\n\r\n").await,
            &source,
        ),
    ] {
        let error = form(url).send(&http, source).await.unwrap_err();
        table.add(cause, &error, &error);
    }
    let stalled = s3::Error::Stalled {
        sent: 4096,
        total: 65_536,
        idle: Duration::from_secs(60),
    };
    table.add("no byte moves", &stalled, &stalled);
    let document = "<Error><Code>AccessDenied</Code><Message>Access Denied.</Message>\
                    <RequestId>4442587FB7D0A2F9</RequestId></Error>";
    let cases = [
        ("an empty success", 200, ""),
        ("a page with a success", 200, "<html>\nSign in</html>"),
        ("S3's refusal", 403, document),
        ("S3's refusal with a success", 200, document),
        ("a proxy's page", 502, "<html>\n502</html>"),
        ("nothing", 503, ""),
    ];
    let errors = std::thread::spawn(move || {
        cases.map(|(cause, status, body)| (cause, answered(status, body)))
    });
    for (cause, error) in errors.join().unwrap() {
        table.add(cause, &error, &error);
    }
    table.covers("src/s3/error.rs", "Error");
    insta::assert_snapshot!("s3", table.text);
}

/// The sandbox, and a client of it that tries once.
async fn sandbox(rules: &[&str]) -> (Sandbox, Client) {
    let sandbox = Sandbox::builder().seed(1).start().await.unwrap();
    for rule in rules {
        sandbox.fault(rule.parse().unwrap());
    }
    let client = client_for(&sandbox)
        .retry(RetryPolicy::none())
        .request_timeout(Duration::from_millis(500))
        .idle_timeout(Duration::from_millis(500));
    (sandbox, client.build().unwrap())
}

/// Rules of faults, and a setter of the upload that they meet.
type Faults = (&'static [&'static str], fn(Upload) -> Upload);

/// The error of an upload to a sandbox with these faults.
async fn failed(rules: &[&str], set: fn(Upload) -> Upload) -> UploadError {
    let (sandbox, client) = sandbox(rules).await;
    let upload = client.upload(sandbox.site_id(), Source::bytes("a.txt", "a"));
    set(upload).send().await.unwrap_err()
}

/// Without what differs from run to run.
fn add_upload(table: &mut Table, cause: &str, error: &UploadError) {
    let mut own = Table::default();
    own.add(cause, error.kind(), error);
    let request = match error.kind() {
        webflow_assets::UploadErrorKind::S3(error) => error.refusal(),
        _ => None,
    };
    for (varies, name) in [
        (error.asset_id(), "ASSET"),
        (
            request.and_then(|refusal| refusal.request_id.as_deref()),
            "REQUEST",
        ),
    ] {
        if let Some(varies) = varies {
            own.text = own.text.replace(varies, name);
        }
    }
    table.text += &own.text;
    table.variants.append(&mut own.variants);
}

#[tokio::test]
async fn upload_errors_name_the_file_and_the_phase() {
    const SHORT: Duration = Duration::from_millis(50);

    let mut table = Table::default();
    let client = crate::support::client("http://127.0.0.1:1");
    let remote = raw_server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
    let (endless, _) = endless_server("HTTP/1.1 200 OK\r\n\r\n", vec![0; 1024], SHORT / 50).await;
    for (cause, source) in [
        ("a file that is not there", Source::path("missing")),
        ("a directory", Source::path("src")),
        ("a path without a name", Source::path("..")),
        ("a name that is empty", Source::bytes("", "x")),
        ("a name that is long", Source::bytes("x".repeat(100), "x")),
        ("a URL that is none", Source::url("https://")),
        ("no server", Source::bytes("a.txt", "a")),
    ] {
        let error = client.upload(SITE, source).send().await.unwrap_err();
        add_upload(&mut table, cause, &error);
    }
    for (cause, source) in [
        (
            "a URL that is not there",
            Remote::new(format!("{remote}/a.txt")),
        ),
        (
            "a URL that is large",
            Remote::new(format!("{endless}/a.txt")).max_len(5000),
        ),
        (
            "a URL that takes long",
            Remote::new(format!("{endless}/a.txt")).timeout(SHORT),
        ),
    ] {
        let mut own = Table::default();
        let error = client.upload(SITE, source).send().await.unwrap_err();
        add_upload(&mut own, cause, &error);
        table.text += &own
            .text
            .replace(&remote, "http://server")
            .replace(&endless, "http://server");
    }
    let faults: &[Faults] = &[
        (&["create:400,code=validation_error"], |upload| upload),
        (&["create:401"], |upload| upload),
        (&["create:403"], |upload| upload),
        (&["create:404"], |upload| upload),
        (&["create:429,retry-after=7"], |upload| upload),
        (&["create:500"], |upload| upload),
        (&["create:502,html"], |upload| upload),
        (&["create:503,empty"], |upload| upload),
        (&["create:200,html"], |upload| upload),
        (&["create:truncated-body"], |upload| upload),
        (&["create:200"], |upload| upload),
        (&["post:403"], |upload| upload),
        (&["post:403"], Upload::keep_on_failure),
        (&["post:503", "get:403"], |upload| upload),
        (&["post:503", "delete:429"], |upload| upload),
        (&["post:200,empty"], |upload| upload),
        (&["create:expired-policy*2"], |upload| upload),
        (&["post:wrong-etag"], |upload| upload),
        (&["get:403"], |upload| upload.wait_until_ready(SHORT * 10)),
        (&["get:not-yet=1m"], |upload| upload.wait_until_ready(SHORT)),
        (&["update:403"], |upload| upload.alt_text("a")),
        (&["create:stall-before-answer"], |upload| {
            upload.timeout(SHORT)
        }),
    ];
    for (rules, set) in faults {
        let error = failed(rules, *set).await;
        add_upload(&mut table, &rules.join(" "), &error);
    }
    let repeating = MockServer::start_async().await;
    let created =
        json!({"id": "64358b9544249dc43d390002", "createdOn": "2026-11-22T12:00:00.100Z"});
    mock_create(&repeating, created).await;
    let client = crate::support::client(&repeating.base_url());
    for content in ["a", "b"] {
        let upload = client.upload(SITE, Source::bytes("a.txt", content));
        let error = upload.send().await.unwrap_err();
        if matches!(error.kind(), UploadErrorKind::OtherContent(_)) {
            add_upload(&mut table, "an answer that is repeated", &error);
        }
    }
    table.covers("src/upload/error.rs", "UploadErrorKind");
    insta::assert_snapshot!("upload", table.text);
}

fn full() -> io::Error {
    io::Error::other("no space left on device")
}

#[test]
fn pull_errors_say_what_failed() {
    let mut table = Table::default();
    let refused = reqwest::Client::builder().user_agent("\n").build();
    for (cause, error) in [
        ("no address", PullError::NoUrl),
        ("an unsafe address", PullError::PlainHttp),
        ("a refusal", PullError::Status(http::StatusCode::NOT_FOUND)),
        ("no response", PullError::Http(refused.unwrap_err())),
        ("a drip", PullError::Slow),
        ("a pause", PullError::TimedOut(Duration::from_secs(60))),
        (
            "a part",
            PullError::Size {
                expected: 10,
                len: 9,
            },
        ),
        (
            "other bytes",
            PullError::Damaged {
                expected: "d41d8cd98f00b204e9800998ecf8427e".parse().unwrap(),
            },
        ),
        ("a link", PullError::NoDirectory("brand".to_owned())),
        ("a directory in the way", PullError::NoFile),
        ("a full disk", PullError::Write(full())),
    ] {
        table.add(cause, &error, &error);
    }
    table.covers("src/sync/pull/error.rs", "PullError");
    insta::assert_snapshot!("pull", table.text);
}

/// Says why a generated operation failed, and names the variant.
fn explained(error: &ApiCallError<ApiError>) -> String {
    let why = explain(error, "scope assets:read");
    check(&why);
    // Without a rest, so that a new variant does not compile.
    let variant = match error {
        ApiCallError::InvalidRequest(_) => "InvalidRequest",
        ApiCallError::CommunicationError(_) => "CommunicationError",
        ApiCallError::InvalidUpgrade(_) => "InvalidUpgrade",
        ApiCallError::ErrorResponse(_) => "ErrorResponse",
        ApiCallError::ResponseBodyError(_) => "ResponseBodyError",
        ApiCallError::InvalidResponsePayload(..) => "InvalidResponsePayload",
        ApiCallError::UnexpectedResponse(_) => "UnexpectedResponse",
        ApiCallError::Custom(_) => "Custom",
    };
    format!("{variant}\n    {why}\n")
}

#[tokio::test]
async fn failed_operations_are_explained_in_one_line() {
    let mut text = String::new();
    let client = crate::support::client("http://127.0.0.1:1");
    let refused = || client.get_asset().asset_id(SITE).send();
    text += &explained(&refused().await.unwrap_err());
    let failed = client.get_asset().asset_id("no id").send().await;
    text += &explained(&failed.unwrap_err());
    let failed = client.get_asset().send().await;
    text += &explained(&failed.unwrap_err());
    let body = client.create_asset().site_id(SITE);
    let failed = body.body_map(|body| body.file_name("")).send().await;
    text += &explained(&failed.unwrap_err());
    let reqwest_error = || async {
        match refused().await {
            Err(ApiCallError::CommunicationError(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    for error in [
        ApiCallError::InvalidUpgrade(reqwest_error().await),
        ApiCallError::ResponseBodyError(reqwest_error().await),
        ApiCallError::Custom("the list broke off".to_owned()),
        ApiCallError::InvalidResponsePayload(
            "secrets and all".into(),
            serde_json::from_str::<bool>("secrets").unwrap_err(),
        ),
    ] {
        text += &explained(&error);
    }
    for fault in [
        "400,code=validation_error",
        "401",
        "403",
        "404",
        "429,retry-after=7",
        "500",
        "502,html",
        "503,empty",
        "200,html",
        "truncated-body",
        "stall-before-answer",
    ] {
        let (sandbox, client) = sandbox(&[&format!("get:{fault}")]).await;
        let failed = client.get_asset().asset_id(SITE).send().await;
        let why = explained(&failed.unwrap_err()).replace(sandbox.base_url(), "http://server");
        text += fault;
        text += ": ";
        text += &why;
    }
    insta::assert_snapshot!("explain", text);
}
