//! Any answer is read without a panic, and brings no secret into an error.

#![no_main]

use std::{error::Error, fmt::Write};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;
use webflow_assets::s3;

/// Policy, credential, its id, and signature, as the seeds quote them.
const SECRETS: [&str; 4] = [
    "eyJleHBpcmF0aW9uIjoiMjAyNi0wNy0yOVQyMjoxMzoyMloiLCJjb25kaXRpb25zIjpbXX0=",
    "AKIDEXAMPLE/20260729/us-east-1/s3/aws4_request",
    "AKIDEXAMPLE",
    "5b1c0ae0e2e5d0a8c9f0c3d4e6f7a8b95b1c0ae0e2e5d0a8c9f0c3d4e6f7a8b9",
];

/// Values are what may quote a secret; any name would only lead the search astray.
const HEADERS: [&str; 6] = [
    "etag",
    "location",
    "via",
    "x-amz-id-2",
    "x-amz-request-id",
    "x-amz-server-side-encryption",
];

fuzz_target!(|answer: &[u8]| {
    let Some((status, headers, body)) = split(answer) else {
        return;
    };
    match s3::read_reply(status, headers, body, &SECRETS) {
        Ok(stored) => {
            assert!(status.is_success());
            let _ = stored.etag_md5();
        }
        Err(error) => {
            assert_eq!(error.status(), Some(status));
            assert_eq!(error.to_string().lines().count(), 1);
            let _ = (error.is_retryable(), error.is_expired());
            let printed = chain(&error);
            for secret in SECRETS {
                assert!(!printed.contains(secret), "{printed}");
            }
        }
    }
});

/// Status, headers and body of an answer as it stands on the wire.
fn split(answer: &[u8]) -> Option<(StatusCode, HeaderMap, &[u8])> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| HEADERS.contains(name))
        .filter_map(|(name, value)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
            Some((name.parse::<HeaderName>().ok()?, value))
        })
        .collect();
    Some((status, headers, &answer[end + 4..]))
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = format!("{error:#?}\n");
    let mut next = Some(error);
    while let Some(error) = next {
        writeln!(text, "{error}").expect("a string takes all");
        next = error.source();
    }
    text
}
