//! Files that are fetched from a URL first.

use std::time::Duration;

use httpmock::{Method::GET, MockServer};
use webflow_assets::{Remote, Source, UploadError, UploadErrorKind, Uploaded, sandbox::Sandbox};

use crate::support::{chain, client_for, noise, raw_server};

const MIB: usize = 1024 * 1024;

async fn upload(sandbox: &Sandbox, source: impl Into<Source>) -> Result<Uploaded, UploadError> {
    let client = client_for(sandbox).build().unwrap();
    client.upload(sandbox.site_id(), source).send().await
}

/// What a source that cannot be fetched says.
async fn refusal(sandbox: &Sandbox, source: impl Into<Source>) -> String {
    let error = upload(sandbox, source).await.unwrap_err();
    assert!(
        matches!(error.kind(), UploadErrorKind::Source(_)),
        "{error:?}"
    );
    assert_eq!(sandbox.requests().len(), 0, "nothing is sent before");
    chain(&error)
}

#[tokio::test]
async fn a_url_is_fetched_whole_into_memory_or_a_file_and_without_the_token() {
    let sandbox = Sandbox::start().await.unwrap();
    let server = MockServer::start_async().await;
    for (len, name) in [
        (0, "empty.txt"),
        (10, "a%20barn.png"),
        (8 * MIB, "eight.bin"),
        (8 * MIB + 1, "more.bin"),
        (20 * MIB, "large.bin"),
    ] {
        let content = noise(len);
        let body = content.clone();
        let mock = server.mock(|when, then| {
            when.method(GET)
                .path(format!("/img/{name}"))
                .header_missing("authorization");
            then.status(200).body(body);
        });
        let done = upload(
            &sandbox,
            Source::url(server.url(format!("/img/{name}?v=1#top"))),
        )
        .await
        .unwrap();
        assert_eq!(
            done.asset.original_file_name.unwrap(),
            name.replace("%20", " ")
        );
        assert!(
            sandbox.stored(&done.asset.id.unwrap()).unwrap() == content,
            "{name}"
        );
        mock.assert_calls(1);
    }
}

#[tokio::test]
async fn a_source_that_was_fetched_is_sent_again_without_being_fetched_again() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fault("post:500*2".parse().unwrap());
    let server = MockServer::start_async().await;
    let mock = server.mock(|when, then| {
        when.path("/large.bin");
        then.status(200).body(noise(9 * MIB));
    });
    let done = upload(&sandbox, Source::url(server.url("/large.bin")))
        .await
        .unwrap();
    assert_eq!(done.attempts().s3, 3);
    mock.assert_calls(1);

    // The temporary file goes with the last source that needs it.
    let hashed = Source::url(server.url("/large.bin")).hash().await.unwrap();
    let text = format!("{:?}", hashed.source);
    let path = text.split('"').nth(3).unwrap().to_owned();
    assert!(std::path::Path::new(&path).exists(), "{text}");
    drop(hashed);
    assert!(!std::path::Path::new(&path).exists());
}

#[tokio::test]
async fn what_is_too_large_or_too_slow_or_refused_is_not_uploaded() {
    let sandbox = Sandbox::start().await.unwrap();
    let server = MockServer::start_async().await;
    server.mock(|when, then| {
        when.path("/large");
        then.status(200).body(noise(9 * MIB));
    });
    server.mock(|when, then| {
        when.path("/slow");
        then.status(200).delay(Duration::from_secs(20)).body("late");
    });
    server.mock(|when, then| {
        when.path("/gone");
        then.status(404).body("no");
    });
    let limited = Remote::new(server.url("/large")).max_len(9 * MIB as u64 - 1);
    let said = refusal(&sandbox, limited).await;
    assert!(
        said.contains("it is larger than the 9437183 bytes that are allowed"),
        "{said}"
    );
    let slow = Remote::new(server.url("/slow")).timeout(Duration::from_millis(50));
    let said = refusal(&sandbox, slow).await;
    assert!(said.contains("it took longer than 0.05 s"), "{said}");
    let said = refusal(&sandbox, Source::url(server.url("/gone"))).await;
    assert!(said.contains("the server answered 404 Not Found"), "{said}");
}

#[tokio::test]
async fn a_length_that_is_not_stated_is_counted() {
    let sandbox = Sandbox::start().await.unwrap();
    let server =
        raw_server("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nmore than ten bytes").await;
    let said = refusal(&sandbox, Remote::new(format!("{server}/a.txt")).max_len(10)).await;
    assert!(said.contains("larger than the 10 bytes"), "{said}");
    let broken = raw_server("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
    let said = refusal(&sandbox, Source::url(format!("{broken}/a.txt"))).await;
    assert!(said.contains("it cannot be fetched"), "{said}");
}

#[tokio::test]
async fn redirects_are_followed_five_times() {
    let sandbox = Sandbox::start().await.unwrap();
    let server = MockServer::start_async().await;
    for n in 0..6 {
        server.mock(|when, then| {
            when.path(format!("/{n}"));
            then.status(302).header("location", format!("/{}", n + 1));
        });
    }
    server.mock(|when, then| {
        when.path("/6");
        then.status(200).body("found");
    });
    let said = refusal(&sandbox, Source::url(server.url("/0"))).await;
    assert!(said.contains("it redirects more than five times"), "{said}");
    let done = upload(&sandbox, Source::url(server.url("/1")))
        .await
        .unwrap();
    assert_eq!(sandbox.stored(&done.asset.id.unwrap()).unwrap(), "found");
    assert_eq!(done.asset.original_file_name.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_url_that_is_none_says_so_and_its_secrets_are_printed_nowhere() {
    let sandbox = Sandbox::start().await.unwrap();
    for (url, expected) in [
        ("file:///etc/passwd", "its scheme is not `https`"),
        ("ftp://example.com/a.png", "its scheme is not `https`"),
        (
            "http://user:hunter2@127.0.0.1:1/a.png?X-Amz-Signature=hunter2#hunter2",
            "http://127.0.0.1:1/a.png: the file cannot be read",
        ),
    ] {
        let said = refusal(&sandbox, Source::url(url)).await;
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
        assert!(!format!("{:?} {:?}", Source::url(url), Remote::new(url)).contains("hunter2"));
    }
    let error = upload(&sandbox, Source::url("no url")).await.unwrap_err();
    assert!(error.to_string().contains("gives no file name"), "{error}");
    let error = upload(&sandbox, Source::url("http://127.0.0.1:1/img/"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("gives no file name"), "{error}");
}
