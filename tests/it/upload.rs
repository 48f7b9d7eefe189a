//! A file onto the sandbox's site, in one call.

mod ownership;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use httpmock::MockServer;
use serde_json::json;
use webflow_assets::{
    CleanUp, Client, Invalid, Outcome, Source, Token, UploadError, UploadErrorKind,
    s3::{self, Violation},
    sandbox::{DuplicateAnswer, Sandbox, Side},
};

use crate::support::{SITE, TOKEN, chain, client, client_for, noise};

const MIB: usize = 1024 * 1024;

fn client_of(sandbox: &Sandbox) -> Client {
    client_for(sandbox).build().unwrap()
}

async fn upload(
    sandbox: &Sandbox,
    source: Source,
) -> Result<webflow_assets::Uploaded, UploadError> {
    client_of(sandbox)
        .upload(sandbox.site_id(), source)
        .send()
        .await
}

#[tokio::test]
async fn the_stored_bytes_equal_the_file_for_every_size_and_name() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        (0, "empty.txt"),
        (1, "one byte.png"),
        (5 * MIB, "it's \"quoted\".png"),
        (8 * MIB - 1, "häuser åé.png"),
        (8 * MIB, "漢字.webp"),
        (8 * MIB + 1, "semi;colon & percent%20.svg"),
        (29 * MIB, "😀.gif"),
    ];
    for (len, name) in cases {
        let path = folder.path().join(name);
        let content = noise(len);
        fs::write(&path, &content).unwrap();
        let done = upload(&sandbox, Source::path(&path)).await.unwrap();
        assert_eq!(done.outcome, Outcome::Uploaded);
        assert_eq!(done.len, len as u64);
        assert_eq!(done.asset.original_file_name.as_deref(), Some(name));
        let id = done.asset.id.unwrap();
        assert!(sandbox.stored(&id).unwrap() == content, "{name} differs");
        let etag = done.stored.unwrap().etag.unwrap();
        assert_eq!(etag, done.md5.to_string());
    }
    assert_eq!(sandbox.assets().len(), cases.len());
}

#[tokio::test]
async fn bytes_go_into_a_folder_under_a_name_with_progress() {
    let sandbox = Sandbox::start().await.unwrap();
    let seen = Arc::new(Mutex::new(0));
    let log = Arc::clone(&seen);
    let done = client_of(&sandbox)
        .upload(sandbox.site_id(), Source::bytes("old.png", noise(MIB)))
        .file_name("new.png")
        .parent_folder(sandbox.folder_id())
        .on_progress(move |progress| *log.lock().unwrap() = progress.sent)
        .send()
        .await
        .unwrap();
    let asset = &sandbox.assets()[0];
    assert_eq!(asset.file_name, "new.png");
    assert_eq!(asset.parent_folder.as_deref(), Some(sandbox.folder_id()));
    assert_eq!(
        done.asset.parent_folder.as_deref(),
        Some(sandbox.folder_id())
    );
    assert_eq!(*seen.lock().unwrap(), MIB as u64);
}

#[tokio::test]
async fn a_base_url_may_end_in_a_slash() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = Client::builder()
        .token(Token::new(sandbox.token()).unwrap())
        .base_url(format!("{}/", sandbox.base_url()))
        .build()
        .unwrap();
    let upload = client.upload(sandbox.site_id(), Source::bytes("a.txt", "a"));
    assert!(upload.send().await.is_ok());
}

#[tokio::test]
async fn content_that_the_site_has_is_told_apart_where_the_answer_proves_it() {
    for answer in [DuplicateAnswer::WithForm, DuplicateAnswer::WithoutForm] {
        let sandbox = Sandbox::builder()
            .duplicate_answer(answer)
            .start()
            .await
            .unwrap();
        let first = upload(&sandbox, Source::bytes("first.txt", "same"))
            .await
            .unwrap();
        assert_eq!(first.outcome, Outcome::Uploaded);
        let second = upload(&sandbox, Source::bytes("second.txt", "same"))
            .await
            .unwrap();
        assert_eq!(second.outcome, Outcome::AlreadyThere);
        assert_eq!(second.asset.id, first.asset.id);
        assert_eq!(second.stored.is_some(), answer == DuplicateAnswer::WithForm);
        assert_eq!(sandbox.assets().len(), 1);
    }
}

#[tokio::test]
async fn content_under_its_old_name_is_told_apart_by_its_date() {
    for (created_on, outcome) in [
        ("2020-01-02T03:04:05.000Z", Outcome::AlreadyThere),
        ("2999-01-02T03:04:05.000Z", Outcome::Uploaded),
        ("yesterday", Outcome::Uploaded),
    ] {
        let server = MockServer::start_async().await;
        mock_s3(&server, 201, "e-1").await;
        mock_create(&server, json!({"createdOn": created_on})).await;
        let client = client(&server.base_url());
        let done = client
            .upload(SITE, Source::bytes("a.txt", "a"))
            .send()
            .await
            .unwrap();
        assert_eq!(done.outcome, outcome, "{created_on}");
    }
}

/// Answers create calls with a form for this server's `/bucket`, and these fields.
pub(crate) async fn mock_create(server: &MockServer, fields: serde_json::Value) {
    let mut body = json!({
        "id": "64358b9544249dc43d37d2b7",
        "originalFileName": "a.txt",
        "uploadUrl": server.url("/bucket"),
        "uploadDetails": {"key": "a.txt", "Policy": "cG9saWN5LXNlY3JldA", "X-Amz-Signature": "f00dfeed"},
    });
    let fields = fields.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(fields);
    server
        .mock_async(|when, then| {
            when.method("POST").path(format!("/sites/{SITE}/assets"));
            then.status(202)
                .header("date", "Sun, 22 Nov 2026 12:00:00 GMT")
                .json_body(body);
        })
        .await;
}

async fn mock_s3<'a>(server: &'a MockServer, status: u16, etag: &str) -> httpmock::Mock<'a> {
    server
        .mock_async(|when, then| {
            when.method("POST")
                .path("/bucket")
                .header_missing("authorization");
            then.status(status).header("etag", etag);
        })
        .await
}

#[tokio::test]
async fn an_etag_that_is_no_md5_of_the_file_is_a_mismatch_and_one_that_cannot_be_is_not() {
    let md5 = "0cc175b9c0f1b6a831c399e269772661"; // of "a"
    let other = "92eb5ffee6ae2fec3ad71c777531578f";
    for (etag, matches) in [
        (md5.to_owned(), true),
        (format!("\"{md5}\""), true),
        (md5.to_uppercase(), true),
        ("\"abc-2\"".to_owned(), true),
        (format!("\"{other}\""), false),
    ] {
        let server = MockServer::start_async().await;
        mock_s3(&server, 204, &etag).await;
        mock_create(&server, json!({})).await;
        let client = client(&server.base_url());
        let result = client
            .upload(SITE, Source::bytes("a.txt", "a"))
            .send()
            .await;
        assert_eq!(result.is_ok(), matches, "{etag}: {result:?}");
        if let Err(error) = result {
            assert!(matches!(error.kind(), UploadErrorKind::Mismatch { .. }));
            assert_eq!(error.asset_id(), Some("64358b9544249dc43d37d2b7"));
            let text = error.to_string();
            assert!(text.starts_with("a.txt: ") && text.contains(md5), "{text}");
        }
    }
}

#[tokio::test]
async fn a_redirect_of_the_form_is_refused_whatever_the_http_client_does() {
    let follows = reqwest::Client::new();
    for http in [s3::http_client().unwrap(), follows] {
        let server = MockServer::start_async().await;
        for status in [301, 302, 303, 307, 308] {
            server.reset_async().await;
            server
                .mock_async(|when, then| {
                    when.method("POST").path("/bucket");
                    then.status(status)
                        .header("location", server.url("/elsewhere"));
                })
                .await;
            mock_create(&server, json!({})).await;
            let client = Client::builder()
                .token(Token::new(TOKEN).unwrap())
                .base_url(server.base_url())
                .http_client(http.clone())
                .build()
                .unwrap();
            let error = client
                .upload(SITE, Source::bytes("a.txt", "a"))
                .send()
                .await
                .unwrap_err();
            assert!(
                matches!(error.kind(), UploadErrorKind::S3(s3::Error::Refused(_))),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn bad_input_is_refused_before_anything_is_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.txt");
    fs::write(&good, "good").unwrap();
    let send = async |site: &str, path: &Path, name: Option<&str>, folder: Option<&str>| {
        let mut upload = client_of(&sandbox).upload(site, path);
        if let Some(name) = name {
            upload = upload.file_name(name);
        }
        if let Some(folder) = folder {
            upload = upload.parent_folder(folder);
        }
        upload.send().await.unwrap_err()
    };
    let site = sandbox.site_id();

    for (path, cause) in [
        (folder.path().join("missing"), "No such file"),
        (folder.path().to_owned(), "it is a directory"),
        (good.join("below"), "Not a directory"),
        // Readable by its mode, even to root, and unreadable in fact.
        (PathBuf::from("/proc/self/mem"), ""),
    ] {
        let error = send(site, &path, Some("name"), None).await;
        assert!(
            matches!(error.kind(), UploadErrorKind::Source(_)),
            "{error:?}"
        );
        let text = chain(&error);
        assert!(text.contains(&format!("{}: the file cannot be read", path.display())));
        assert!(text.contains(cause), "{text}");
    }

    let long = format!("{}.png", "ä".repeat(96));
    for name in ["", &long] {
        let error = send(site, &good, Some(name), None).await;
        assert!(matches!(
            error.kind(),
            UploadErrorKind::Invalid(Invalid::FileName { name: n, .. }) if n == name
        ));
    }
    let text = send(site, &good, Some(&long), None).await.to_string();
    assert!(
        text.contains("100 characters") && text.contains("at most 99"),
        "{text}"
    );
    let error = send(site, Path::new("/"), None, None).await;
    assert!(matches!(
        error.kind(),
        UploadErrorKind::Invalid(Invalid::NoFileName)
    ));

    for id in [
        "",
        "..",
        "a/b",
        "580e63e98c9a982ac9b8b74",
        "580e63e98c9a982ac9b8b7411",
        "g80e63e98c9a982ac9b8b741",
    ] {
        let error = send(id, &good, None, None).await;
        assert!(matches!(error.kind(), UploadErrorKind::Invalid(Invalid::SiteId(i)) if i == id));
        let error = send(site, &good, None, Some(id)).await;
        assert!(matches!(error.kind(), UploadErrorKind::Invalid(Invalid::FolderId(i)) if i == id));
        assert!(error.to_string().contains(&format!("`{id}`")));
    }
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_name_of_99_characters_is_taken() {
    let sandbox = Sandbox::start().await.unwrap();
    let name = format!("{}.png", "ä".repeat(95));
    upload(&sandbox, Source::bytes(&name, "x")).await.unwrap();
    assert_eq!(sandbox.assets()[0].file_name, name);
}

#[tokio::test]
async fn a_file_over_the_policys_size_is_not_sent() {
    let sandbox = Sandbox::builder().max_size(1000).start().await.unwrap();
    let error = upload(&sandbox, Source::bytes("big.bin", noise(1001)))
        .await
        .unwrap_err();
    let (len, min, max) = (1001, 0, 1000);
    let expected = Violation::Size { len, min, max };
    assert!(matches!(error.kind(), UploadErrorKind::S3(s3::Error::Policy(v)) if *v == expected));
    assert!(error.asset_id().is_some());
    assert!(matches!(error.clean_up(), Some(CleanUp::Deleted)));
    assert!(sandbox.assets().is_empty());
    let text = chain(&error);
    assert!(text.contains("1001 bytes and at most 1000"), "{text}");
    assert!(
        sandbox
            .requests()
            .iter()
            .all(|request| request.side == Side::Webflow)
    );
}

#[tokio::test]
async fn a_file_that_changes_between_hashing_and_sending_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.bin");
    for changed_len in [9 * MIB - 1, 9 * MIB, 9 * MIB + 1] {
        fs::write(&path, noise(9 * MIB)).unwrap();
        let past = std::time::SystemTime::now() - Duration::from_secs(60);
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(past).unwrap();
        let builder = Sandbox::builder().fault("create:delay=200ms".parse().unwrap());
        let sandbox = builder.start().await.unwrap();
        let change = async {
            while sandbox.requests().is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            fs::write(&path, vec![0; changed_len]).unwrap();
        };
        let (result, ()) = tokio::join!(upload(&sandbox, Source::path(&path)), change);
        let error = result.unwrap_err();
        assert!(
            matches!(error.kind(), UploadErrorKind::S3(s3::Error::Source(_))),
            "{error:?}"
        );
        assert!(
            matches!(error.clean_up(), Some(CleanUp::Deleted)),
            "{error}"
        );
        assert!(sandbox.assets().is_empty() && sandbox.keys().is_empty());
    }
}

#[tokio::test]
async fn the_token_never_reaches_s3_and_would_be_refused_there() {
    let sandbox = Sandbox::start().await.unwrap();
    upload(&sandbox, Source::bytes("a.txt", "a")).await.unwrap();

    // The same client with the header on every request: what the sandbox must refuse.
    let mut headers = http::HeaderMap::new();
    headers.insert(
        "authorization",
        format!("Bearer {}", sandbox.token()).parse().unwrap(),
    );
    let http = reqwest::Client::builder()
        .default_headers(headers)
        .build()
        .unwrap();
    let client = client_for(&sandbox).http_client(http).build().unwrap();
    let upload = client.upload(sandbox.site_id(), Source::bytes("b.txt", "b"));
    let error = upload.send().await.unwrap_err();
    assert!(matches!(
        error.kind(),
        UploadErrorKind::S3(error) if error.code() == Some("InvalidArgument")
    ));
    assert_eq!(error.status().unwrap(), 400);
}

#[tokio::test]
async fn a_token_that_may_not_write_is_told_which_scope_it_lacks() {
    let sandbox = Sandbox::start().await.unwrap();
    for token in [sandbox.read_only_token(), "unknown"] {
        let client = Client::builder()
            .token(Token::new(token).unwrap())
            .base_url(sandbox.base_url())
            .build()
            .unwrap();
        let upload = client.upload(sandbox.site_id(), Source::bytes("a.txt", "a"));
        let error = upload.send().await.unwrap_err();
        assert_eq!(error.status().unwrap(), 401);
        assert!(error.to_string().contains("scope assets:write"), "{error}");
        assert!(!chain(&error).contains(token), "{error:?}");
    }
}

#[tokio::test]
async fn a_site_or_folder_that_does_not_exist_is_named_by_the_answer() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client_of(&sandbox);
    let no_site = client
        .upload(SITE, Source::bytes("a.txt", "a"))
        .send()
        .await;
    assert_eq!(no_site.unwrap_err().status().unwrap(), 404);
    let upload = client.upload(sandbox.site_id(), Source::bytes("a.txt", "a"));
    let no_folder = upload.parent_folder(SITE).send().await.unwrap_err();
    assert!(
        no_folder.to_string().contains("404 resource_not_found"),
        "{no_folder}"
    );
}

#[tokio::test]
async fn an_answer_without_what_the_upload_needs_says_what_is_missing() {
    for (fields, missing) in [
        (json!({"uploadUrl": null}), "an upload URL"),
        (json!({"uploadDetails": null}), "upload details"),
        (
            json!({"uploadUrl": null, "uploadDetails": null, "id": null}),
            "a valid id",
        ),
    ] {
        let server = MockServer::start_async().await;
        mock_create(&server, fields).await;
        let client = client(&server.base_url());
        let error = client
            .upload(SITE, Source::bytes("a.txt", "a"))
            .send()
            .await
            .unwrap_err();
        assert!(error.to_string().contains(missing), "{error}");
    }
}

#[tokio::test]
async fn no_secret_is_printed_whatever_fails() {
    // The forms of errors: S3's answer quotes the fields, as it does in earnest.
    let quoted = "<Error><Code>AccessDenied</Code><Message>cG9saWN5LXNlY3JldA f00dfeed</Message>\
        <StringToSign>cG9saWN5LXNlY3JldA</StringToSign></Error>";
    for (status, body) in [
        (403, quoted),
        (500, "page with f00dfeed and cG9saWN5LXNlY3JldA"),
    ] {
        let server = MockServer::start_async().await;
        server
            .mock_async(|when, then| {
                when.method("POST").path("/bucket");
                then.status(status).body(body);
            })
            .await;
        mock_create(&server, json!({})).await;
        let client = client(&server.base_url());
        let upload = client.upload(SITE, Source::bytes("a.txt", "a"));
        let before = format!("{client:?} {upload:?}");
        let text = before + &chain(&upload.send().await.unwrap_err());
        for secret in [TOKEN, "cG9saWN5LXNlY3JldA", "f00dfeed"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("[redacted]"));
    }
    let sandbox = Sandbox::start().await.unwrap();
    let done = upload(&sandbox, Source::bytes("a.txt", "a")).await.unwrap();
    let text = format!("{done:?}{}", serde_json::to_string(&done.asset).unwrap());
    assert!(
        !text.contains("Policy") && !text.contains("AWS4-HMAC-SHA256"),
        "{text}"
    );
}

#[tokio::test]
async fn a_stalled_s3_is_given_up_and_a_dropped_upload_stops() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let details = json!({"key": "k"});
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let form = s3::PostForm::from_details(&url, &details).unwrap();
    let form = form.idle_timeout(Duration::from_millis(100));
    let http = s3::http_client().unwrap();
    let error = form
        .send(&http, &Source::bytes("a", noise(16 * MIB)))
        .await
        .unwrap_err();
    assert!(
        matches!(error, s3::Error::Stalled { sent, total, .. } if sent < total),
        "{error:?}"
    );
    assert!(error.is_retryable());

    // The server sees the connection end as soon as the future is dropped.
    let source = Source::bytes("a", noise(16 * MIB));
    let (first, _) = listener.accept().await.unwrap();
    drop(first);
    {
        let transfer = form.send(&http, &source);
        let accept = listener.accept();
        let (mut stream, _) = tokio::select! {
            _ = transfer => panic!("nobody reads"),
            stream = accept => stream.unwrap(),
        };
        let mut sink = tokio::io::sink();
        tokio::io::copy(&mut stream, &mut sink).await.ok();
    }
}

#[tokio::test]
async fn name_and_text_take_one_request_after_the_upload() {
    let sandbox = Sandbox::start().await.unwrap();
    let done = client_of(&sandbox)
        .upload(sandbox.site_id(), Source::bytes("barn.png", "barn"))
        .display_name("Barn")
        .alt_text("A red barn")
        .send()
        .await
        .unwrap();
    let asset = sandbox.assets().pop().unwrap();
    assert_eq!(done.asset.id.as_deref(), Some(asset.id.as_str()));
    assert_eq!(asset.display_name.as_str(), "Barn");
    assert_eq!(asset.alt_text.as_deref(), Some("A red barn"));
    let methods: Vec<String> = sandbox.requests().into_iter().map(|r| r.method).collect();
    assert_eq!(methods, ["POST", "POST", "PATCH"]);
}

#[tokio::test]
async fn a_text_that_cannot_be_set_says_so_and_leaves_the_file_where_it_is() {
    let sandbox = Sandbox::start().await.unwrap();
    let quick = webflow_assets::RetryPolicy::default().base_delay(Duration::from_millis(1));
    let client = client_for(&sandbox).retry(quick).build().unwrap();
    // Not found yet, lost on the way back, and then taken.
    for rule in ["update:404*2", "update:reset-after", "update:502"] {
        sandbox.fault(rule.parse().unwrap());
    }
    let upload = |text: &str| {
        let source = Source::bytes(format!("{text}.png"), text.to_owned());
        client.upload(sandbox.site_id(), source).alt_text(text)
    };
    upload("one").send().await.unwrap();
    assert_eq!(sandbox.assets()[0].alt_text.as_deref(), Some("one"));

    sandbox.fault("update:400*forever".parse().unwrap());
    let error = upload("two").send().await.unwrap_err();
    assert!(matches!(error.kind(), UploadErrorKind::Update(_)));
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
    assert!(error.clean_up().is_none());
    let text = error.to_string();
    assert!(
        text.starts_with(
            "two.png: the file is on the site, and its name and text could not be set: 400"
        ),
        "{text}"
    );
    let id = error.asset_id().unwrap();
    assert_eq!(sandbox.stored(id).unwrap(), "two");
}
