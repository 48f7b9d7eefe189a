//! The form upload against S3 servers that check what they are sent.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use webflow_assets::{
    Source,
    s3::{self, Error, PostForm, Stored, Violation},
    sandbox::Sandbox,
};

use crate::support::{
    chain, noise,
    post::{Post, SIGNED, answer},
    s3::{Judge, base64},
};

/// The sandbox's S3, which lives as long as it is held, and the one in the environment.
struct Judges(Vec<Judge>, #[expect(dead_code)] Sandbox);

impl<'a> IntoIterator for &'a Judges {
    type Item = &'a Judge;
    type IntoIter = std::slice::Iter<'a, Judge>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

async fn judges() -> Judges {
    let sandbox = Sandbox::start().await.unwrap();
    let judges = std::iter::once(Judge::of(&sandbox)).chain(Judge::from_env().await);
    Judges(judges.collect(), sandbox)
}

async fn send(form: &PostForm, source: &Source) -> Result<Stored, Error> {
    form.send(&s3::http_client().unwrap(), source).await
}

fn form(judge: &Judge, details: &Value) -> PostForm {
    PostForm::from_details(&judge.url(), details).unwrap()
}

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn what_is_stored_equals_the_file_for_sizes_around_every_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("content");
    for judge in &judges().await {
        for len in [
            0,
            1,
            256 * 1024,
            5 * MIB,
            8 * MIB - 1,
            8 * MIB,
            8 * MIB + 1,
            29 * MIB,
        ] {
            let content = noise(len);
            fs::write(&path, &content).unwrap();
            for source in [
                Source::path(&path),
                Source::bytes("content", content.clone()),
            ] {
                let hashed = source.hash().await.unwrap();
                let stored = send(&judge.form("content"), &hashed.source).await.unwrap();
                assert_eq!(stored.etag_md5().unwrap(), hashed.md5.to_string());
                let read_back = judge.get("content").await.unwrap();
                assert!(read_back == content, "{}: {len} bytes differ", judge.name);
            }
        }
    }
}

#[tokio::test]
async fn a_pull_brings_back_what_was_stored_and_an_update_leaves_it_alone() {
    for judge in &judges().await {
        let server = httpmock::MockServer::start_async().await;
        let contents = [("a b.png", noise(3000)), ("häuser.png", noise(5 * MIB))];
        let mut assets = Vec::new();
        for (number, (name, content)) in contents.iter().enumerate() {
            let source = Source::bytes(*name, content.clone());
            send(&judge.form(name), &source).await.unwrap();
            assets.push(json!({
                "id": format!("{number:024x}"),
                "originalFileName": name,
                "size": content.len(),
                "hostedUrl": judge.hosted_url(name),
            }));
        }
        let site = "580e63e98c9a982ac9b8b741";
        let answer = |path: &str, body: Value| {
            let path = path.to_owned();
            server.mock(|when, then| {
                when.path(path);
                then.status(200).json_body(body);
            })
        };
        answer(
            &format!("/sites/{site}/asset_folders"),
            json!({ "assetFolders": [] }),
        );
        answer(
            &format!("/sites/{site}/assets"),
            json!({ "assets": assets }),
        );
        answer(&format!("/assets/{:024x}", 0), assets[0].clone());
        let client = webflow_assets::Client::builder()
            .token(webflow_assets::Token::new("t0ken").unwrap())
            .base_url(server.base_url())
            .build()
            .unwrap();
        let update = client.update_asset().asset_id(format!("{:024x}", 0));
        let update = update.body_map(|body| body.alt_text("A barn".to_owned()));
        update.send().await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let report = client.pull(site, dir.path()).send().await.unwrap();
        assert_eq!((report.pulled, report.failed), (2, 0), "{}", judge.name);
        for (name, content) in contents {
            let pulled = fs::read(dir.path().join(name)).unwrap();
            assert!(pulled == content, "{}: {name} differs", judge.name);
        }
    }
}

#[tokio::test]
async fn keys_with_spaces_quotes_and_letters_beyond_ascii_arrive_verbatim() {
    for judge in &judges().await {
        for key in [
            "a b.png",
            "it's.png",
            "sa\"y.png",
            "häuser/åé漢字.png",
            "a+b&c=d%20.png",
        ] {
            let stored = send(&judge.form(key), &Source::bytes("x", "x"))
                .await
                .unwrap();
            assert_eq!(stored.key.as_deref(), Some(key), "{}", judge.name);
            assert_eq!(judge.get(key).await.unwrap(), "x");
        }
    }
}

#[tokio::test]
async fn a_wrong_signature_is_refused_and_the_refusal_names_no_secret() {
    for judge in &judges().await {
        let mut details = judge.details("signature");
        details["X-Amz-Signature"] = json!("0".repeat(64));
        let error = send(&form(judge, &details), &Source::bytes("x", "x"))
            .await
            .unwrap_err();
        assert_eq!(error.status().unwrap(), 403);
        assert_eq!(error.code(), Some("SignatureDoesNotMatch"));
        assert!(!error.is_retryable() && !error.is_expired());
        assert_hides(&error, &details);
        assert_eq!(judge.get("signature").await, None);
    }
}

#[tokio::test]
async fn a_field_that_breaks_the_policy_is_found_before_anything_is_sent() {
    for judge in &judges().await {
        let mut details = judge.details("condition");
        details["Cache-Control"] = json!("no-store");
        let error = send(&form(judge, &details), &Source::bytes("x", "x"))
            .await
            .unwrap_err();
        let name = "cache-control".to_owned();
        assert!(matches!(error, Error::Policy(Violation::Field { name: n }) if n == name));
    }
}

#[tokio::test]
async fn a_field_without_a_condition_is_for_s3_to_refuse() {
    for judge in &judges().await {
        let mut details = judge.details("extra");
        details["x-amz-meta-extra"] = json!("1");
        let error = send(&form(judge, &details), &Source::bytes("x", "x"))
            .await
            .unwrap_err();
        assert_eq!(error.status().unwrap(), 403, "{}: {error}", judge.name);
        assert_eq!(error.code(), Some("AccessDenied"));
        assert_hides(&error, &details);
    }
}

#[tokio::test]
async fn an_expired_form_is_recognised() {
    for judge in &judges().await {
        // Two hours old, and new to this machine, whose clock may be wrong: S3 decides.
        let signed = Timestamp::now() - SignedDuration::from_hours(2);
        let details = judge.sign("expired", signed, 0..=9);
        let error = send(&form(judge, &details), &Source::bytes("x", "x"))
            .await
            .unwrap_err();
        assert_eq!(error.status().unwrap(), 403, "{}: {error}", judge.name);
        assert!(
            error.is_expired() && !error.is_retryable(),
            "{}: {error:?}",
            judge.name
        );
        assert_hides(&error, &details);
    }
}

#[tokio::test]
async fn a_file_outside_the_policys_sizes_is_refused_with_both_sizes() {
    for judge in &judges().await {
        let details = judge.sign("size", Timestamp::now(), 2..=4);
        for len in [1, 5] {
            let source = Source::bytes("x", noise(len));
            let error = send(&form(judge, &details), &source).await.unwrap_err();
            let (len, min, max) = (len as u64, 2, 4);
            let expected = Violation::Size { len, min, max };
            assert!(matches!(error, Error::Policy(v) if v == expected));
        }
        assert_eq!(judge.get("size").await, None);
    }
}

#[tokio::test]
async fn what_the_check_would_find_is_refused_by_s3_too() {
    for judge in &judges().await {
        let details = judge.sign("unchecked", Timestamp::now(), 2..=4);
        let unchecked = |details: &Value| form(judge, details).skip_policy_check();
        for (len, code) in [(1, "EntityTooSmall"), (5, "EntityTooLarge")] {
            let source = Source::bytes("x", noise(len));
            let error = send(&unchecked(&details), &source).await.unwrap_err();
            assert_eq!(error.status().unwrap(), 400, "{}: {error}", judge.name);
            assert_eq!(error.code(), Some(code), "{}", judge.name);
            assert!(!error.is_retryable() && !error.is_expired());
        }
        let mut details = details;
        details["Cache-Control"] = json!("no-store");
        let source = Source::bytes("x", noise(3));
        let error = send(&unchecked(&details), &source).await.unwrap_err();
        assert_eq!(error.status().unwrap(), 403, "{}: {error}", judge.name);
        assert_eq!(error.code(), Some("AccessDenied"), "{}", judge.name);
        assert!(!error.is_expired());
        assert_hides(&error, &details);
        assert_eq!(judge.get("unchecked").await, None);
    }
}

#[tokio::test]
async fn progress_is_absolute_and_ends_at_the_length() {
    for judge in &judges().await {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let form = judge
            .form("progress")
            .on_progress(move |progress| log.lock().unwrap().push(progress));
        let source = Source::bytes("x", noise(MIB + 1));
        for _attempt in 0..2 {
            send(&form, &source).await.unwrap();
            let seen = std::mem::take(&mut *seen.lock().unwrap());
            assert!(seen.is_sorted_by(|a, b| a.sent < b.sent), "{seen:?}");
            assert_eq!(seen.last().unwrap().sent, MIB as u64 + 1);
            assert!(seen.iter().all(|progress| progress.total == MIB as u64 + 1));
        }
    }
}

/// The details of a client that this crate did not generate.
#[derive(serde::Serialize)]
struct OtherDetails<'a> {
    key: &'a str,
    bucket: Option<String>,
    acl: &'a Value,
    success_action_status: u16,
    #[serde(flatten)]
    signature: &'a serde_json::Map<String, Value>,
    token: Option<String>,
}

#[tokio::test]
async fn details_of_another_client_are_a_form_too() {
    for judge in &judges().await {
        let mut details = judge.details("other");
        let fields = details.as_object_mut().unwrap();
        let acl = fields.remove("acl").unwrap();
        let bucket = fields.remove("bucket").unwrap();
        fields.remove("key");
        fields.remove("success_action_status");
        let details = OtherDetails {
            key: "other",
            bucket: bucket.as_str().map(str::to_owned),
            acl: &acl,
            success_action_status: 201,
            signature: fields,
            token: None,
        };
        let form = PostForm::from_details(&judge.url(), &details).unwrap();
        send(&form, &Source::bytes("x", "content")).await.unwrap();
        assert_eq!(judge.get("other").await.unwrap(), "content");
    }
}

/// The error that a form with these secrets meets with this answer.
fn refused(status: u16, headers: &[(&str, &str)], body: &str) -> Error {
    let details: Value = SIGNED.into_iter().collect();
    let answer = answer(status, headers, body.as_bytes());
    let (result, _) = Post::shared().exchange(&details, &Source::bytes("x", "x"), answer);
    let error = result.unwrap_err();
    assert_hides(&error, &details);
    error
}

#[test]
fn no_part_of_a_refusal_quotes_a_secret() {
    for (_, secret) in SIGNED {
        let body = format!(
            "<Error><Code>{secret}</Code><Message>{secret}</Message>\
             <RequestId>{secret}</RequestId><HostId>{secret}</HostId></Error>"
        );
        let error = refused(403, &[("x-quoted", secret)], &body);
        let refusal = error.refusal().unwrap();
        assert_eq!(refusal.headers["x-quoted"], "[redacted]");
        for text in [
            &refusal.code,
            &refusal.message,
            &refusal.request_id,
            &refusal.host_id,
        ] {
            assert_eq!(text.as_deref(), Some("[redacted]"));
        }
        refused(403, &[("x-amz-request-id", secret)], "");
    }
}

#[test]
fn an_excerpt_that_would_end_within_a_secret_hides_it() {
    for (_, secret) in SIGNED {
        let start = &secret[..secret.len() - 1];
        let filler = "x".repeat(980);
        // Cut off by the excerpt's length, by the server, and by the limit for a body.
        for body in [
            format!("{filler} {secret} and more"),
            format!("{filler} {start}"),
            format!("{}{secret}", " ".repeat(64 * 1024 - start.len())),
        ] {
            let error = refused(502, &[], &body);
            let printed = chain(&error);
            assert!(!printed.contains(&secret[..16]), "{printed}");
        }
    }
}

#[test]
fn a_secret_is_hidden_however_a_proxy_escapes_it() {
    let credential = SIGNED[1].1;
    for quoted in [
        credential.replace('/', "&#x2F;"),
        credential.replace('/', "%2F"),
        credential.replace('/', "\\/"),
    ] {
        let error = refused(400, &[], &format!("<html>what is {quoted}?</html>"));
        let message = error.refusal().unwrap().message.as_deref();
        assert_eq!(message, Some("<html>what is [redacted]?</html>"));
    }
}

/// The details of a form that the fragment describes know the same secrets as any other form.
#[test]
fn the_fields_that_the_fragment_calls_passwords_and_no_others_are_kept_out_of_refusals() {
    let fragment: Value = serde_json::from_str(webflow_assets::OPENAPI_JSON).unwrap();
    let fields = &fragment["components"]["schemas"]["UploadDetails"]["properties"];
    let mut count = 0;
    for (name, schema) in fields.as_object().unwrap() {
        let (value, encoded) = ("n0body-may-see-this", base64(b"n0body-may-see-this"));
        let mut details = json!({ "key": "x" });
        details[name] = value.into();
        let body =
            format!("<Error><Code>{value}</Code><Message>not {encoded}, {name}</Message></Error>");
        let answer = answer(403, &[("x-quoted", value)], body.as_bytes());
        let (result, _) = Post::shared().exchange(&details, &Source::bytes("x", "x"), answer);
        let printed = chain(&result.unwrap_err());
        let is_secret = schema["format"] == "password";
        assert_eq!(!printed.contains(value), is_secret, "{name}: {printed}");
        let shown = printed.contains(&encoded[..24]);
        assert_eq!(!shown, is_secret, "{name}: {printed}");
        let redacted = printed.contains("[redacted]");
        assert_eq!(redacted, is_secret, "{name}: {printed}");
        count += usize::from(is_secret);
    }
    assert!(count >= 4, "{count}");
}

#[test]
fn a_success_with_neither_a_document_nor_an_entity_tag_confirms_nothing() {
    let details = json!({ "key": "x" });
    for (status, body, text) in [
        (200, "", "200"),
        (204, "", "204"),
        (200, "<html>Sign in</html>", "200: a page of HTML or XML"),
        (201, "<PostResponse><Key>x</K", "201: a page of HTML or XML"),
    ] {
        let answer = answer(status, &[], body.as_bytes());
        let (result, _) = Post::shared().exchange(&details, &Source::bytes("x", "x"), answer);
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Unconfirmed(_)), "{error:?}");
        assert!(error.is_retryable() && !error.is_expired());
        let expected = format!("nothing confirms that S3 has the file: the response was {text}");
        assert_eq!(error.to_string(), expected);
    }
    for (headers, body) in [
        (&[("etag", "\"\"")][..], ""),
        (&[("etag", "e"), ("etag", "f")], ""),
        (
            &[("etag", "e")],
            "<PostResponse><ETag>f</ETag></PostResponse>",
        ),
    ] {
        let answer = answer(201, headers, body.as_bytes());
        let (result, _) = Post::shared().exchange(&details, &Source::bytes("x", "x"), answer);
        let error = result.unwrap_err();
        assert!(
            matches!(error, Error::Unconfirmed(_)),
            "{headers:?}: {error:?}"
        );
    }
    for (headers, body) in [
        (&[("etag", "e")][..], ""),
        (&[], "<PostResponse><Key>x</Key></PostResponse>"),
        (&[], "<PostResponse/>"),
        (&[("etag", "e"), ("etag", "\"e\"")], ""),
    ] {
        let answer = answer(201, headers, body.as_bytes());
        let (result, _) = Post::shared().exchange(&details, &Source::bytes("x", "x"), answer);
        result.unwrap();
    }
}

#[test]
fn an_upload_url_with_a_user_name_a_password_or_a_fragment_is_refused_and_not_quoted() {
    let details = json!({ "key": "x" });
    for (url, reason) in [
        ("https://s3cret@example.com/", "a user name or password"),
        ("https://:s3cret@example.com/", "a user name or password"),
        ("https://example.com/#s3cret", "a fragment"),
        ("https://example.com/#", "a fragment"),
        ("ftp://s3cret.example.com/", "not an `https` URL"),
        ("s3cret", "not a URL"),
    ] {
        let error = PostForm::from_details(url, &details).unwrap_err();
        let printed = chain(&error);
        assert!(error.to_string().contains(reason), "{url}: {printed}");
        assert!(!printed.contains("s3cret"), "{url}: {printed}");
    }
}

#[tokio::test]
async fn plain_http_is_for_this_machine_or_where_it_is_allowed() {
    let server = crate::support::raw_server("HTTP/1.1 204 No Content\r\nETag: e\r\n\r\n").await;
    let port = server.rsplit(':').next().unwrap();
    // Another machine, by its name.
    let http = reqwest::Client::builder()
        .no_proxy()
        .resolve("bucket.example", ([127, 0, 0, 1], 0).into())
        .build()
        .unwrap();
    let form = |host: &str| {
        let url = format!("http://{host}:{port}/");
        PostForm::from_details(&url, &json!({ "key": "x" })).unwrap()
    };
    let source = Source::bytes("x", "x");
    let error = form("bucket.example")
        .send(&http, &source)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Form(why) if why.contains("in the clear")),
        "{error:?}"
    );
    assert!(!error.is_retryable());
    let allowed = form("bucket.example").allow_http(true);
    allowed.send(&http, &source).await.unwrap();
    for host in ["127.0.0.1", "localhost"] {
        form(host).send(&http, &source).await.unwrap();
    }
}

#[tokio::test]
async fn an_upload_sends_no_file_in_the_clear() {
    use httpmock::MockServer;
    use webflow_assets::{UploadErrorKind, mock::MockServerExt};

    let api = MockServer::start_async().await;
    api.create_asset(|_, then| {
        then.into_inner().status(202).json_body(json!({
            "id": crate::support::SITE,
            "uploadUrl": "http://bucket.example/",
            "uploadDetails": { "key": "x" },
        }));
    });
    let client = crate::support::client(&api.base_url());
    let upload = client.upload(crate::support::SITE, Source::bytes("x", "x"));
    let error = upload.send().await.unwrap_err();
    match error.kind() {
        UploadErrorKind::S3(Error::Form(why)) => assert!(why.contains("in the clear"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refusal_is_one_line_of_text() {
    let error = refused(
        400,
        &[],
        "<Error><Code>A\nb</Code><Message>C.\nd</Message><RequestId>e\nf</RequestId></Error>",
    );
    assert_eq!(
        error.to_string(),
        "S3 refused the file: 400 A: C (request id e)"
    );
}

#[test]
fn an_error_document_without_content_is_a_refusal() {
    for body in ["<Error/>", "<Error></Error>"] {
        let error = refused(200, &[], body);
        assert_eq!(error.to_string(), "S3 refused the file: 200");
    }
}

#[test]
fn a_number_is_sent_digit_for_digit() {
    #[derive(serde::Serialize)]
    struct Details {
        large: u128,
        small: f64,
    }

    let details = Details {
        large: u128::MAX,
        small: 2.385_412_391_231_112e-51,
    };
    let (result, received) = Post::shared().exchange(
        &details,
        &Source::bytes("x", "x"),
        answer(204, &[("etag", "\"e\"")], b""),
    );
    result.unwrap();
    let parts = received.unwrap().parts().unwrap();
    assert_eq!(parts[0].content, u128::MAX.to_string());
    assert_eq!(parts[1].content, "2.385412391231112e-51");
}

#[test]
fn details_in_a_string_are_refused_and_not_quoted() {
    let details: Value = SIGNED.into_iter().collect();
    let error = PostForm::from_details("https://example.com", &details.to_string()).unwrap_err();
    assert!(matches!(error, Error::Form(_)), "{error:?}");
    assert_hides(&error, &details);
    let text = error.to_string();
    assert!(text.contains("a string, expected an object"), "{text}");
}

fn assert_hides(error: &Error, details: &Value) {
    let printed = chain(error);
    for field in ["Policy", "X-Amz-Credential", "X-Amz-Signature"] {
        let secret = details[field].as_str().unwrap();
        assert!(!printed.contains(secret), "{field} in {printed}");
    }
    let credential = details["X-Amz-Credential"].as_str().unwrap();
    let key_id = credential.split('/').next().unwrap();
    assert!(!printed.contains(key_id), "{printed}");
}
