//! Makes the responses of Webflow uniform, so that none loses its status, headers or text.

use std::{borrow::Cow, marker::PhantomData};

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Value, json};

use crate::redact::Secrets;

/// What is read of a body that is not a success; a proxy may send a whole page.
const ERROR_BODY_LIMIT: usize = 64 * 1024;

/// What is read of a success. A page of a hundred assets takes 200 KB.
pub(crate) const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// A success that does not decode, kept in the response's extensions until the `post` hook.
#[derive(Clone)]
pub(crate) struct Undecodable {
    body: Bytes,
    why: Why,
}

/// Why a success does not decode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It is no JSON, or not of the expected type.
    Shape,
    /// It is HTML or XML.
    Page,
    /// The connection broke before its end.
    Partial,
    /// It is larger than [`BODY_LIMIT`].
    TooLarge,
}

impl Undecodable {
    /// Why the response was marked as undecodable, if it was.
    pub(crate) fn why(response: &Response) -> Option<Why> {
        response.extensions().get::<Self>().map(|mark| mark.why)
    }

    /// The response as it arrived but for the secrets in its body, if it was marked as undecodable.
    pub(crate) fn rebuild(response: &Response, secrets: &Secrets) -> Option<Response> {
        let mark: &Self = response.extensions().get()?;
        let body = match secrets.redact(&String::from_utf8_lossy(&mark.body)) {
            Cow::Owned(clean) => clean.into(),
            Cow::Borrowed(_) => mark.body.clone(),
        };
        let mut rebuilt = with_body(response, body.clone());
        rebuilt.extensions_mut().insert(Self {
            body,
            why: mark.why,
        });
        Some(rebuilt)
    }
}

/// Redacts the secrets of a response, rewrites the body of an error that is not Webflow's, and
/// marks a success that does not decode.
pub(crate) async fn uniform(
    mut response: Response,
    secrets: &Secrets,
    decodes: Decodes,
) -> reqwest::Result<Response> {
    secrets.redact_headers(response.headers_mut());
    let status = response.status();
    if status.is_success() {
        return check(response, decodes).await;
    }
    let (head, body, _) = read(response, ERROR_BODY_LIMIT).await;
    let text = String::from_utf8_lossy(&body);
    let text = secrets.redact(&text);
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || is_api_error(&text) {
        let body = text.into_owned().into();
        return Ok(with_body(&head, body));
    }
    let message = match text.trim() {
        "" => Value::Null,
        text => text.into(),
    };
    Ok(with_body(
        &head,
        json!({ "message": message }).to_string().into(),
    ))
}

/// Whether a body decodes.
pub(crate) type Decodes = fn(&[u8]) -> bool;

/// Whether a body is JSON.
pub const IS_JSON: Decodes = |body| serde_json::from_slice::<IgnoredAny>(body).is_ok();

/// Whether a body decodes as the type that the value stands for.
#[must_use]
pub fn decodes_as<T: DeserializeOwned>(_: PhantomData<fn() -> T>) -> Decodes {
    |body| serde_json::from_slice::<T>(body).is_ok()
}

/// Marks a success whose body is not whole or does not decode. A response without a body is left
/// alone.
async fn check(response: Response, decodes: Decodes) -> reqwest::Result<Response> {
    if response.status() == http::StatusCode::NO_CONTENT {
        return Ok(response);
    }
    let (head, mut body, end) = read(response, BODY_LIMIT).await;
    let why = match end {
        End::Broken(error) if error.is_timeout() => return Err(error),
        End::Broken(_) => Some(Why::Partial),
        End::Cut => {
            // Enough to see what it is.
            body = Bytes::copy_from_slice(&body[..ERROR_BODY_LIMIT]);
            Some(Why::TooLarge)
        }
        End::Whole if decodes(&body) => None,
        End::Whole if body.trim_ascii_start().starts_with(b"<") => Some(Why::Page),
        End::Whole => Some(Why::Shape),
    };
    let mut checked = with_body(&head, body.clone());
    if let Some(why) = why {
        checked.extensions_mut().insert(Undecodable { body, why });
    }
    Ok(checked)
}

/// Whether the body says something in Webflow's terms. A JSON object that shares no field with
/// the schema decodes too, and would arrive as an error without a word.
fn is_api_error(body: &str) -> bool {
    #[derive(Deserialize)]
    struct ApiError {
        code: Option<String>,
        message: Option<String>,
        #[serde(rename = "externalReference")]
        _external_reference: Option<String>,
        #[serde(rename = "details")]
        _details: Option<Vec<IgnoredAny>>,
    }
    serde_json::from_str::<ApiError>(body)
        .is_ok_and(|error| error.code.is_some() || error.message.is_some())
}

/// How the reading of a body ended.
enum End {
    Whole,
    /// At the limit, before the end of the body.
    Cut,
    Broken(reqwest::Error),
}

/// Reads up to the limit, or up to where the connection broke: half a body says more than none.
async fn read(mut response: Response, limit: usize) -> (Response, Bytes, End) {
    let mut body = BytesMut::new();
    let end = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if chunk.len() > limit - body.len() => {
                body.extend_from_slice(&chunk[..limit - body.len()]);
                break End::Cut;
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break End::Whole,
            Err(error) => break End::Broken(error),
        }
    };
    (with_body(&response, Bytes::new()), body.freeze(), end)
}

/// A response with this head and another body.
fn with_body(head: &Response, body: Bytes) -> Response {
    let mut response = http::Response::new(body);
    *response.status_mut() = head.status();
    *response.version_mut() = head.version();
    *response.headers_mut() = head.headers().clone();
    response.into()
}
