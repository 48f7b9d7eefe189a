//! Answers in S3's own words.
//!
//! The S3 service decides; where its codes and texts differ from Amazon's for the same fault, they are translated, so
//! that a client is tested against what it will meet.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION, SERVER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use percent_encoding::utf8_percent_encode;
use quick_xml::escape::partial_escape;
use serde::Deserialize;

use crate::encoding::{RESERVED, random_hex};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");

/// What the store knows of an upload that it accepted; travels beside the S3 service's own answer.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) etag: String,
}

/// The part of an error document that is translated.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ErrorDocument {
    code: String,
    message: String,
}

/// A refusal with Amazon's code and text.
pub(super) struct Refusal {
    status: StatusCode,
    code: String,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
        }
    }

    pub(super) fn bad_request(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    fn policy(reason: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "AccessDenied",
            format!("Invalid according to Policy: {reason}"),
        )
    }

    pub(super) fn expired() -> Self {
        Self::policy("Policy expired.")
    }

    /// Amazon's words for what the S3 service said.
    fn translated(status: StatusCode, code: &str, message: &str) -> Self {
        match code {
            "AccessDenied" if message == "Request has expired" => Self::expired(),
            "AccessDenied" if message == "Signature is required" => {
                Self::new(status, code, "Access Denied")
            }
            "AccessDenied" if message.starts_with("Each form field") => Self::policy(&format!(
                "Extra input fields: {}",
                between(message, '"').unwrap_or_default()
            )),
            "InvalidPolicyDocument" => match failed_condition(message) {
                Some(condition) => Self::policy(&format!("Policy Condition failed: {condition}")),
                None => Self::new(status, code, message),
            },
            "SignatureDoesNotMatch" => Self::new(
                status,
                code,
                "The request signature we calculated does not match the signature you provided. Check your key and \
                 signing method.",
            ),
            "NotSignedUp" => Self::new(
                status,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
            ),
            "EntityTooLarge" => Self::new(
                status,
                code,
                "Your proposed upload exceeds the maximum allowed size",
            ),
            "MalformedPOSTRequest" => Self::malformed(),
            "InvalidRequest" if message == "failed to read file stream" => Self::malformed(),
            "InvalidRequest" if message.contains("field") => {
                Self::new(status, "InvalidArgument", message)
            }
            _ => Self::new(status, code, message),
        }
    }

    fn malformed() -> Self {
        Self::bad_request(
            "MalformedPOSTRequest",
            "The body of your POST request is not well-formed multipart/form-data.",
        )
    }

    pub(super) fn into_response(self) -> Response {
        let ids = Ids::new();
        let body = format!(
            "<Error><Code>{}</Code><Message>{}</Message><RequestId>{}</RequestId><HostId>{}</HostId></Error>",
            xml_escape(&self.code),
            xml_escape(&self.message),
            ids.request,
            ids.host,
        );
        ids.on(xml(self.status, &body))
    }
}

/// The condition that a message of the S3 service names, as Amazon prints it.
fn failed_condition(message: &str) -> Option<String> {
    if let Some(rest) = message.strip_prefix("Policy condition '") {
        let (operator, rest) = rest.split_once("' for field '")?;
        let (field, rest) = rest.split_once("' failed: expected ")?;
        let value = rest
            .strip_prefix("prefix ")
            .unwrap_or(rest)
            .strip_prefix('\'')?;
        let (value, _) = value.rsplit_once("', got '")?;
        return Some(format!(r#"["{operator}", "${field}", "{value}"]"#));
    }
    if message.starts_with("Bucket in form field") {
        return Some(r#"["eq", "$bucket"]"#.to_owned());
    }
    // The service keeps these values to itself.
    let field = message.strip_suffix(" does not match policy")?;
    Some(format!(r#"["eq", "${field}"]"#))
}

fn between(text: &str, quote: char) -> Option<&str> {
    text.split(quote).nth(1)
}

/// What Amazon writes with this status: an error with `code` or its usual one, or nothing.
pub(crate) fn document(status: StatusCode, code: Option<&str>) -> Response {
    if !status.is_client_error() && !status.is_server_error() {
        return Ids::new().on(status.into_response());
    }
    let usual = match status.as_u16() {
        403 => "AccessDenied",
        404 => "NoSuchKey",
        411 => "MissingContentLength",
        412 => "PreconditionFailed",
        429 => "TooManyRequests",
        503 => "SlowDown",
        400..500 => "InvalidRequest",
        _ => "InternalError",
    };
    let message = status.canonical_reason().unwrap_or("Unknown error");
    Refusal::new(status, code.unwrap_or(usual), message).into_response()
}

/// The S3 service's answer as Amazon would have given it.
pub(super) fn finish(answer: s3s::HttpResponse, origin: &str, wrong_etag: bool) -> Response {
    let (parts, body) = answer.into_parts();
    if let (StatusCode::CREATED, Some(stored)) = (parts.status, parts.extensions.get::<Stored>()) {
        return created(stored, origin, wrong_etag);
    }
    if parts.status.is_client_error() || parts.status.is_server_error() {
        let document = body.bytes().unwrap_or_default();
        let document = String::from_utf8_lossy(&document);
        let error: ErrorDocument = quick_xml::de::from_str(&document).unwrap_or_default();
        return Refusal::translated(parts.status, &error.code, &error.message).into_response();
    }
    Ids::new().on(Response::from_parts(parts, Body::new(body)))
}

/// `PostResponse`, with the URL and the quoted `ETag` both in the document and in the headers.
fn created(stored: &Stored, origin: &str, wrong_etag: bool) -> Response {
    let etag = if wrong_etag {
        &other_hash(&stored.etag)
    } else {
        &stored.etag
    };
    let etag = format!("\"{etag}\"");
    // S3 escapes the slashes within the key, too.
    let location = format!(
        "{origin}/{}/{}",
        stored.bucket,
        utf8_percent_encode(&stored.key, RESERVED)
    );
    let body = format!(
        "<PostResponse><Location>{}</Location><Bucket>{}</Bucket><Key>{}</Key><ETag>{}</ETag></PostResponse>",
        xml_escape(&location),
        xml_escape(&stored.bucket),
        xml_escape(&stored.key),
        xml_escape(&etag),
    );
    let mut response = xml(StatusCode::CREATED, &body);
    for (name, value) in [(LOCATION, location), (ETAG, etag)] {
        // Hex digits and percent-encoded text are always valid in a header.
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ids::new().on(response)
}

/// A hash that differs in every digit.
fn other_hash(hash: &str) -> String {
    let other = |digit: char| char::from_digit(15 - digit.to_digit(16)?, 16);
    hash.chars().filter_map(other).collect()
}

/// Escapes text for an XML element as S3 does, which leaves apostrophes as they are.
fn xml_escape(text: &str) -> String {
    partial_escape(text).replace('"', "&quot;")
}

fn xml(status: StatusCode, body: &str) -> Response {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}");
    (
        status,
        [(CONTENT_TYPE, HeaderValue::from_static("application/xml"))],
        body,
    )
        .into_response()
}

/// The two identifiers that Amazon's support asks for.
struct Ids {
    request: String,
    host: String,
}

impl Ids {
    fn new() -> Self {
        Self {
            request: random_hex(16).to_uppercase(),
            host: random_hex(64),
        }
    }

    fn on(self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.insert(SERVER, HeaderValue::from_static("AmazonS3"));
        for (name, value) in [(REQUEST_ID, self.request), (HOST_ID, self.host)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(code: &str, message: &str) -> (String, String) {
        let refusal = Refusal::translated(StatusCode::BAD_REQUEST, code, message);
        (refusal.code, refusal.message)
    }

    #[test]
    fn a_failed_condition_is_printed_as_amazon_prints_it() {
        let (code, message) = translated(
            "InvalidPolicyDocument",
            "Policy condition 'eq' for field 'acl' failed: expected 'public-read', got 'private'",
        );
        assert_eq!(code, "AccessDenied");
        assert_eq!(
            message,
            r#"Invalid according to Policy: Policy Condition failed: ["eq", "$acl", "public-read"]"#
        );

        let (_, message) = translated(
            "InvalidPolicyDocument",
            "Policy condition 'starts-with' for field 'key' failed: expected prefix 'a/', got 'b/c'",
        );
        assert_eq!(
            message,
            r#"Invalid according to Policy: Policy Condition failed: ["starts-with", "$key", "a/"]"#
        );
    }

    #[test]
    fn a_field_outside_the_policy_is_named() {
        let (_, message) = translated(
            "AccessDenied",
            "Each form field that you specify in a form must appear in the list of policy conditions. \"x\" not \
             specified in the policy.",
        );
        assert_eq!(
            message,
            "Invalid according to Policy: Extra input fields: x"
        );
    }

    #[test]
    fn escaped_text_reads_back() {
        let text = r#"a < b && "c" > 'd' &lt;"#;
        let document = format!("<Error><Message>{}</Message></Error>", xml_escape(text));
        let error: ErrorDocument = quick_xml::de::from_str(&document).expect("a document");
        assert_eq!(error.message, text);
        assert_eq!(error.code, "");
    }

    #[test]
    fn what_needs_no_translation_passes() {
        assert_eq!(
            translated("NoSuchKey", "gone"),
            ("NoSuchKey".to_owned(), "gone".to_owned())
        );
    }
}
