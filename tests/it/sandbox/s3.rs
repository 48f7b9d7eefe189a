//! What S3's side refuses whatever the policy says, and what it must not mind.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::multipart::Part;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use webflow_assets::sandbox::Sandbox;

use super::{announce, fields, form, id, post, post_fields, refusal, upload_url};

/// Plain clients read no answer before the last byte is sent; to them an early one would look like a broken pipe.
#[tokio::test]
async fn an_early_refusal_reaches_a_client_that_is_still_sending() {
    let sandbox = Sandbox::builder()
        .max_size(1000)
        .start()
        .await
        .expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"x").await;
    let mut fields = fields(&created);
    let too_large = hand_written(&fields, &"x".repeat(8 << 20));
    let signature = fields
        .iter_mut()
        .find(|(name, _)| name == "X-Amz-Signature")
        .expect("a signature");
    signature.1 = "0".repeat(64);
    let wrong = hand_written(&fields, &"x".repeat(8 << 20));
    for (body, code) in [
        (&too_large, "EntityTooLarge"),
        (&wrong, "SignatureDoesNotMatch"),
    ] {
        let answer = raw(&sandbox, &[head(body.len()).as_bytes(), body.as_bytes()]).await;
        assert!(answer.contains(&format!("<Code>{code}</Code>")), "{answer}");
    }
    assert_eq!(
        post(&created, vec![7; 1000]).await.status(),
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn a_body_of_unknown_length_is_refused() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"x").await;
    let form = form(&fields(&created), chunked(vec![7; 1024 * 1024]));
    let response = reqwest::Client::new()
        .post(upload_url(&created))
        .multipart(form)
        .send()
        .await;
    refusal(
        response.expect("the sandbox answers"),
        411,
        "MissingContentLength",
    )
    .await;
}

#[tokio::test]
async fn an_authorization_header_is_refused() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"x").await;
    let form = form(&fields(&created), Part::bytes(vec![7; 1024 * 1024]));
    let request = reqwest::Client::new()
        .post(upload_url(&created))
        .bearer_auth(sandbox.token())
        .multipart(form);
    let message = refusal(
        request.send().await.expect("the sandbox answers"),
        400,
        "InvalidArgument",
    )
    .await;
    assert!(
        message.starts_with("Only one auth mechanism allowed"),
        "{message}"
    );
    assert!(!message.contains(sandbox.token()));
    assert_eq!(sandbox.stored(id(&created)), None);
}

#[tokio::test]
async fn a_client_that_waits_for_leave_to_send_is_refused_at_once() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let request = "POST /webflow-sandbox-assets/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\n\
                   content-length: 1000000\r\ncontent-type: multipart/form-data; boundary=b\r\n\
                   expect: 100-continue\r\n\r\n";
    let answer = raw(&sandbox, &[request.as_bytes()]).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn a_request_without_form_or_file_is_refused() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"x").await;
    let (http, url) = (reqwest::Client::new(), upload_url(&created));

    let response = http
        .post(&url)
        .body("x")
        .send()
        .await
        .expect("the sandbox answers");
    refusal(response, 412, "PreconditionFailed").await;

    let no_file = reqwest::multipart::Form::new().text("key", "x");
    let response = http
        .post(&url)
        .multipart(no_file)
        .send()
        .await
        .expect("the sandbox answers");
    let message = refusal(response, 400, "InvalidArgument").await;
    assert_eq!(
        message,
        "POST requires exactly one file upload per request."
    );

    let unsigned = form(
        &[("key".to_owned(), "x".to_owned())],
        Part::bytes(b"x".to_vec()),
    );
    let response = http
        .post(&url)
        .multipart(unsigned)
        .send()
        .await
        .expect("the sandbox answers");
    refusal(response, 403, "AccessDenied").await;

    let mut fields = fields(&created);
    fields.push(("x-ignore-padding".to_owned(), "x".repeat(20 * 1024)));
    let response = post_fields(&url, &fields, b"x".to_vec()).await;
    refusal(response, 400, "MaxPostPreDataLengthExceeded").await;
}

#[tokio::test]
async fn a_body_without_its_closing_boundary_is_refused() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"x").await;
    let body = hand_written(&fields(&created), "xyz");
    let cut = body.len() - "\r\n--b--\r\n".len();
    let answer = raw(&sandbox, &[head(cut).as_bytes(), &body.as_bytes()[..cut]]).await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("<Code>MalformedPOSTRequest</Code>"),
        "{answer}"
    );
    assert_eq!(sandbox.stored(id(&created)), None);
}

#[tokio::test]
async fn it_does_not_matter_where_the_body_is_cut() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"x").await;
    let body = hand_written(&fields(&created), "one\r\n--two");
    for cut in [
        1,
        3,
        10,
        60,
        body.len() - 12,
        body.len() - 9,
        body.len() - 1,
    ] {
        let (first, second) = body.as_bytes().split_at(cut);
        let answer = raw(&sandbox, &[head(body.len()).as_bytes(), first, second]).await;
        assert!(
            answer.starts_with("HTTP/1.1 201 "),
            "cut at {cut}: {answer}"
        );
        assert_eq!(
            sandbox.stored(id(&created)).as_deref(),
            Some(b"one\r\n--two".as_slice())
        );
    }
}

#[tokio::test]
async fn only_reading_is_public() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let url = upload_url(&announce(&sandbox, "hero.css", b"x").await);
    let http = reqwest::Client::new();
    let put = http
        .put(format!("{url}key"))
        .body("x")
        .send()
        .await
        .expect("the sandbox answers");
    refusal(put, 403, "AccessDenied").await;
    let list = http.get(&url).send().await.expect("the sandbox answers");
    refusal(list, 403, "AccessDenied").await;
    let missing = http
        .get(format!("{url}key"))
        .send()
        .await
        .expect("the sandbox answers");
    refusal(missing, 404, "NoSuchKey").await;
}

/// The service behind the bucket looks for the form's boundary in what one read gives it, and fails on some lengths
/// when the reads are large.
#[tokio::test]
async fn every_size_around_the_read_buffer_arrives() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"x").await;
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for round in 0_u64..100 {
        let size = if round < 4 {
            round
        } else {
            16 * 1024 * (next() % 64 + 1) + next() % 4096 - 2048
        };
        // Mostly carriage returns and dashes: what boundaries begin with.
        let bytes: Vec<u8> = (0..size)
            .map(|_| b"\r\n--\r\n-x"[usize::from(next().to_le_bytes()[0] & 7)])
            .collect();
        let response = post(&created, bytes.clone()).await;
        assert_eq!(response.status(), StatusCode::CREATED, "{size} bytes");
        assert!(
            sandbox
                .stored(id(&created))
                .is_some_and(|stored| stored == bytes),
            "{size} bytes differ"
        );
    }
}

#[tokio::test]
async fn names_with_spaces_quotes_and_other_letters_arrive() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    for name in [
        "a b.png",
        "a\"b'.png",
        "\u{fc}ber & <co>.png",
        "${filename}",
        "a+b%20.png",
        "../x.png",
        "\u{1f600}",
    ] {
        let created = announce(&sandbox, name, name.as_bytes()).await;
        let response = post(&created, name.as_bytes().to_vec()).await;
        assert_eq!(response.status(), StatusCode::CREATED, "{name}");
        assert_eq!(
            sandbox.stored(id(&created)).as_deref(),
            Some(name.as_bytes()),
            "{name}"
        );
        let hosted = reqwest::get(created["hostedUrl"].as_str().expect("a URL"))
            .await
            .expect("the object can be read");
        assert_eq!(
            hosted.text().await.expect("the object has bytes"),
            name,
            "{name}"
        );
    }
}

/// Not part of the ordinary run: a quarter of a gibibyte through an unoptimised server.
#[tokio::test]
#[ignore = "slow"]
async fn a_large_file_arrives_when_the_limit_is_raised() {
    let size = std::env::var("SANDBOX_TEST_SIZE")
        .map_or(300 << 20, |size| size.parse().expect("a number"));
    let sandbox = Sandbox::builder()
        .max_size(size as u64)
        .start()
        .await
        .expect("the sandbox starts");
    let created = announce(&sandbox, "film.mp4", b"x").await;
    assert_eq!(
        post(&created, vec![7; size]).await.status(),
        StatusCode::CREATED
    );
    assert_eq!(sandbox.assets()[0].size, Some(size as u64));
}

fn chunked(bytes: Vec<u8>) -> Part {
    let (sender, receiver) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let mut sender = sender;
        // The server may stop reading.
        let _ = sender.write_all(&bytes).await;
    });
    Part::stream(reqwest::Body::wrap_stream(
        tokio_util::io::ReaderStream::new(receiver),
    ))
}

pub(super) fn hand_written(fields: &[(String, String)], file: &str) -> String {
    let mut parts: Vec<String> = fields
        .iter()
        .map(|(name, value)| {
            format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}")
        })
        .collect();
    parts.push(format!(
        "Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{file}"
    ));
    format!("--b\r\n{}\r\n--b--\r\n", parts.join("\r\n--b\r\n"))
}

pub(super) fn head(length: usize) -> String {
    format!(
        "POST /webflow-sandbox-assets/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\
         content-type: multipart/form-data; boundary=b\r\n\r\n"
    )
}

/// Sends `pieces` one by one and reads until the answer is whole.
async fn raw(sandbox: &Sandbox, pieces: &[&[u8]]) -> String {
    let address = sandbox
        .base_url()
        .trim_start_matches("http://")
        .trim_end_matches("/v2");
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the sandbox listens");
    stream.set_nodelay(true).expect("a TCP option");
    for piece in pieces {
        stream.write_all(piece).await.expect("the sandbox reads");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.expect("the sandbox answers");
        answer.extend_from_slice(&buffer[..read]);
        if read == 0 || answer.ends_with(b"</Error>") || answer.ends_with(b"</PostResponse>") {
            return String::from_utf8(answer).expect("the answer is text");
        }
    }
}
