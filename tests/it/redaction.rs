//! No error prints the token, wherever and however a server quotes it.

use httpmock::MockServer;
use serde_json::{Value, json};
use webflow_assets::{Client, Error, Source, explain, mock::MockServerExt};

use crate::support::{SITE, TOKEN, chain, client, new_asset, s3::base64};

/// The token as servers and proxies quote it, and a part that must not be printed.
fn quotations() -> Vec<(String, String)> {
    let each = |quote: fn(u8) -> String| {
        let quoted: String = TOKEN.bytes().map(quote).collect();
        (quoted.clone(), quoted)
    };
    let broken = TOKEN.replacen('-', "-\n  ", 1);
    let (_, end) = TOKEN.split_once('-').unwrap();
    let twice = |escape: char, again: &str| {
        let (once, _) = match escape {
            '%' => each(|byte| format!("%{byte:02X}")),
            '&' => each(|byte| format!("&#{byte};")),
            _ => each(|byte| format!("\\u{byte:04x}")),
        };
        let quoted = once.replace(escape, again);
        (quoted.clone(), quoted)
    };
    let mut quotations = vec![
        twice('%', "%25"),
        twice('%', "%2525"),
        twice('&', "&amp;"),
        twice('&', "%26"),
        twice('\\', "\\\\\\\\"),
        (TOKEN.to_owned(), TOKEN.to_owned()),
        each(|byte| format!("%{byte:02x}")),
        each(|byte| format!("&#{byte};")),
        each(|byte| format!("&#x{byte:X};")),
        each(|byte| format!("\\u{byte:04x}")),
        each(|byte| format!("\\x{byte:02x}")),
        each(|byte| format!("\\{byte:03o}")),
        each(|byte| format!("={byte:02X}")),
        each(|byte| format!("{byte:02x}")),
        each(|byte| format!("{byte:02X}")),
        each(|byte| byte.to_ascii_uppercase().escape_ascii().to_string()),
        (broken, end.to_owned()),
    ];
    for before in ["", "a", "ab"] {
        let encoded = base64(format!("{before}{TOKEN}").as_bytes());
        // The digits at both ends depend on what surrounds the token, too.
        let own = encoded[4..encoded.len() - 4].to_owned();
        quotations.push((encoded, own));
        let encoded = base64(base64(format!("{before}{TOKEN}").as_bytes()).as_bytes());
        let own = encoded[12..encoded.len() - 12].to_owned();
        quotations.push((encoded, own));
    }
    quotations
}

/// The bodies that quote the token so: a page, Webflow's errors, and a document of another shape.
fn bodies(quoted: &str) -> Vec<String> {
    let escaped = quoted.replace('\n', "\\n");
    vec![
        format!("<p>Bearer {quoted}</p>"),
        // An excerpt of it ends within the token.
        format!("{} {quoted}", "x".repeat(190)),
        format!(r#"{{"code": "{escaped}", "message": "Bearer {escaped}"}}"#),
        format!(r#"{{"message": "no", "details": [{{"field": "{escaped}"}}, "{escaped}"]}}"#),
        format!(r#"{{"id": 17, "displayName": "{escaped}"}}"#),
        // Longer than what is read of an error.
        format!("{}{quoted}", " ".repeat(64 * 1024 - quoted.len() + 1)),
    ]
}

/// Everything that a caller can print of an error.
async fn printed(error: Error<webflow_assets::types::ApiError>) -> String {
    let text = chain(&error) + &explain(&error, "scope assets:write");
    match error {
        Error::ErrorResponse(response) => {
            format!("{text}{:?}{}", response.headers(), json!(*response))
        }
        Error::UnexpectedResponse(response) => {
            let headers = format!("{:?}", response.headers());
            text + &headers + &response.text().await.unwrap()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn no_error_of_the_api_prints_the_token_that_an_answer_quotes() {
    let server = MockServer::start_async().await;
    let client = client(&server.base_url());
    for (quoted, hidden) in quotations() {
        for (status, body) in [401, 502, 200, 302]
            .into_iter()
            .flat_map(|status| bodies(&quoted).into_iter().map(move |body| (status, body)))
        {
            let mut mock = server.create_asset(|_, then| {
                then.into_inner()
                    .status(status)
                    .header("www-authenticate", format!("Bearer {TOKEN}"))
                    .header("x-quoted", quoted.replace('\n', ""))
                    .body(&body);
            });
            let request = client.create_asset().site_id(SITE).body(new_asset());
            let result = request.send().await;
            mock.delete();
            let Err(error) = result else {
                assert!(status == 200 && body.contains("message"), "{body}");
                continue;
            };
            let printed = printed(error).await;
            assert!(printed.contains("[redacted]"), "{status} {body}: {printed}");
            for secret in [TOKEN, &hidden] {
                assert!(!printed.contains(secret), "{status} {body}: {printed}");
            }
        }
    }
}

/// Uploads to a server that refuses with this body, and checks what is printed.
async fn a_failed_upload_hides(client: &Client, hidden: &str, body: &str) {
    let upload = client.upload(SITE, Source::bytes("x.txt", "x"));
    let printed = chain(&upload.send().await.unwrap_err());
    for secret in [TOKEN, hidden] {
        assert!(!printed.contains(secret), "{body}: {printed}");
    }
}

#[tokio::test]
async fn no_failed_upload_prints_the_token_that_an_answer_quotes() {
    let server = MockServer::start_async().await;
    let client = client(&server.base_url());
    for (quoted, hidden) in quotations() {
        for body in bodies(&quoted) {
            let mut mock = server.create_asset(|_, then| {
                then.into_inner().status(403).body(&body);
            });
            a_failed_upload_hides(&client, &hidden, &body).await;
            mock.delete();
        }
    }
}

/// S3 is never sent the token, but whoever answers in its place may know it.
#[tokio::test]
async fn no_failed_form_prints_the_token_that_an_answer_quotes() {
    let server = MockServer::start_async().await;
    let client = client(&server.base_url());
    let asset = json!({
        "id": "64358b9544249dc43d390003", "uploadUrl": server.url("/bucket"),
        "uploadDetails": {"key": "x.txt", "X-Amz-Signature": "f00dfeed"},
    });
    server.create_asset(|_, then| {
        then.into_inner().status(202).json_body(asset.clone());
    });
    for (quoted, hidden) in quotations() {
        for body in bodies(&quoted) {
            let mut mock = server.mock(|when, then| {
                when.path("/bucket");
                then.status(403)
                    .header("x-amz-request-id", TOKEN)
                    .body(&body);
            });
            a_failed_upload_hides(&client, &hidden, &body).await;
            mock.delete();
        }
    }
}

#[tokio::test]
async fn a_success_that_decodes_arrives_as_it_is() {
    let server = MockServer::start_async().await;
    let body = json!({"id": SITE, "originalFileName": TOKEN});
    server.create_asset(|_, then| {
        then.into_inner().status(200).json_body(body.clone());
    });
    let client = client(&server.base_url());
    let request = client.create_asset().site_id(SITE).body(new_asset());
    let asset: Value = json!(request.send().await.unwrap().into_inner());
    assert_eq!(asset, body);
}
