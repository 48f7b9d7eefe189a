//! The seeds of the fuzzing in `tests/fuzz`, through the public interface: each once, with what
//! must come of it.

use std::fs;

use serde_json::{Value, json};
use webflow_assets::{
    Source,
    s3::{Error, Policy},
};

use crate::support::{
    chain,
    post::{Post, SIGNED, answer},
    s3::base64,
};

/// The answers, and what is made of each: the ETag stored, or the refusal's text.
const REPLIES: [(&str, &str); 19] = [
    (
        "bad-policy",
        "400 InvalidPolicyDocument: Invalid Policy: [redacted] (request id 4442587FB7D0A2F9)",
    ),
    (
        "broken-document",
        "403: a page of HTML or XML (request id 4442587FB7D0A2F9)",
    ),
    (
        "condition",
        r#"403 AccessDenied: Invalid according to Policy: Policy Condition failed: ["eq", "$X-Amz-Credential", "[redacted]"] (request id 4442587FB7D0A2F9)"#,
    ),
    (
        "cut-off",
        "403 SignatureDoesNotMatch: The request signature (request id 4442587FB7D0A2F9)",
    ),
    (
        "error-with-success",
        "200 InternalError: We encountered an internal error. Please try again (request id 4442587FB7D0A2F9)",
    ),
    (
        "expired",
        "403 AccessDenied: Invalid according to Policy: Policy expired (request id 4442587FB7D0A2F9)",
    ),
    (
        "gateway-json",
        r#"429: {"message":"[redacted] may not go on yet","policy":"[redacted]"}"#,
    ),
    ("gateway-page", "502: a page of HTML or XML"),
    ("nothing", "500"),
    (
        "redirect",
        "307 TemporaryRedirect: Please re-send this request to the specified temporary endpoint (request id 4442587FB7D0A2F9)",
    ),
    (
        "slow-down",
        "503 SlowDown: Please reduce your request rate (request id 4442587FB7D0A2F9)",
    ),
    ("stored", "stored as 3c7d87c9575702bc3b1e991f4d3c638e"),
    (
        "stored-elsewhere",
        "stored as 3c7d87c9575702bc3b1e991f4d3c638e",
    ),
    (
        "stored-without-a-document",
        "stored as 3c7d87c9575702bc3b1e991f4d3c638e",
    ),
    (
        "timed-out",
        "400 RequestTimeout: Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed (request id 4442587FB7D0A2F9)",
    ),
    (
        "too-large",
        "400 EntityTooLarge: Your proposed upload exceeds the maximum allowed size (request id 4442587FB7D0A2F9)",
    ),
    (
        "unknown-key",
        "403 InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records (request id 4442587FB7D0A2F9)",
    ),
    ("utf-16", "403: \u{fffd}\u{fffd}n\0o\0 \0[redacted]\0"),
    (
        "wrong-signature",
        "403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your key and signing method (request id 4442587FB7D0A2F9)",
    ),
];

/// The policies, and what each says to a file of one byte.
const POLICIES: [(&str, &str); 8] = [
    (
        "another-key",
        "it asks for another value of the field `key`",
    ),
    ("expired", "its 0 s have run out; ask for a new form"),
    (
        "impossible-size",
        "the file has 1 bytes and at most 0 are allowed (at least 2)",
    ),
    ("no-conditions", "no policy"),
    ("no-object", "no policy"),
    ("other-spellings", "allowed"),
    ("unknown-conditions", "allowed"),
    ("webflow", "allowed"),
];

/// The names of all seeds in a directory.
fn names(directory: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_seeded_answer_is_read_as_what_it_is() {
    let details: Value = SIGNED.into_iter().collect();
    assert_eq!(
        names("tests/fixtures/replies"),
        REPLIES.map(|(name, _)| name)
    );
    for (name, outcome) in REPLIES {
        let reply = fs::read(format!("tests/fixtures/replies/{name}.http")).unwrap();
        let (result, _) = Post::shared().exchange(&details, &Source::bytes("x", "x"), reply);
        let read = match &result {
            Ok(stored) => format!("stored as {}", stored.etag.as_deref().unwrap_or_default()),
            Err(Error::Refused(refusal)) => refusal.to_string(),
            Err(other) => panic!("{name}: {other:?}"),
        };
        assert_eq!(read, outcome, "{name}");
        let Err(error) = result else { continue };
        for secret in SIGNED
            .map(|(_, secret)| secret)
            .into_iter()
            .chain(["AKIDEXAMPLE"])
        {
            let printed = chain(&error);
            assert!(!printed.contains(secret), "{name}: {printed}");
        }
    }
}

#[test]
fn every_seeded_policy_allows_or_forbids_what_it_says() {
    assert_eq!(
        names("tests/fixtures/policies"),
        POLICIES.map(|(name, _)| name)
    );
    for (name, outcome) in POLICIES {
        let document = fs::read(format!("tests/fixtures/policies/{name}.json")).unwrap();
        let policy = base64(&document);
        let details = json!({
            "acl": "private",
            "key": "site/hero.png",
            "Content-Type": "image/png",
            "Policy": policy,
            "X-Amz-Date": "20260729T211322Z",
        });
        let (result, received) = Post::shared().exchange(
            &details,
            &Source::bytes("x", "x"),
            answer(204, &[("etag", "\"e\"")], b""),
        );
        assert_eq!(result.is_ok(), received.is_some());
        let read = match result {
            Ok(_) if Policy::decode(&policy).is_none() => "no policy".to_owned(),
            Ok(_) => "allowed".to_owned(),
            Err(Error::Policy(violation)) => violation.to_string(),
            Err(other) => panic!("{name}: {other:?}"),
        };
        assert_eq!(read, outcome, "{name}");
    }
}
