//! Answers of Webflow made uniform, so that none loses its status, headers or text.

use std::marker::PhantomData;

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// What is read of an error's body; a proxy may send a whole page.
const ERROR_BODY_LIMIT: usize = 64 * 1024;

/// A success that does not decode, kept in the response's extensions until the `post` hook.
#[derive(Clone)]
pub(crate) struct Undecodable {
    body: Bytes,
    /// The connection broke before the end of the body.
    partial: bool,
}

impl Undecodable {
    pub(crate) fn is_partial(response: &Response) -> bool {
        response
            .extensions()
            .get::<Self>()
            .is_some_and(|mark| mark.partial)
    }

    /// The response as it arrived, if it was marked as undecodable.
    pub(crate) fn rebuild(response: &Response) -> Option<Response> {
        let mark: &Self = response.extensions().get()?;
        Some(with_body(response, mark.body.clone()))
    }
}

/// Rewrites the body of an error that is not Webflow's, and marks a success that is not JSON.
pub(crate) async fn uniform(response: Response) -> reqwest::Result<Response> {
    if response.status().is_client_error() || response.status().is_server_error() {
        let (head, body, _) = read(response, ERROR_BODY_LIMIT).await;
        let body = if is_api_error(&body) {
            body
        } else {
            let text = String::from_utf8_lossy(&body);
            let message = match text.trim() {
                "" => Value::Null,
                text => text.into(),
            };
            json!({ "message": message }).to_string().into()
        };
        return Ok(with_body(&head, body));
    }
    check::<serde::de::IgnoredAny>(response).await
}

/// Marks a success that does not decode as the type that the value stands for.
///
/// # Errors
///
/// The time for the answer is over.
pub async fn check_as<T: DeserializeOwned>(
    _: PhantomData<fn() -> T>,
    response: Response,
) -> reqwest::Result<Response> {
    check::<T>(response).await
}

/// Marks a success whose body is not a whole `T`. An answer without a body is left alone.
async fn check<T: DeserializeOwned>(mut response: Response) -> reqwest::Result<Response> {
    if !response.status().is_success() || response.status() == http::StatusCode::NO_CONTENT {
        return Ok(response);
    }
    let extensions = std::mem::take(response.extensions_mut());
    let (head, body, end) = read(response, usize::MAX).await;
    let partial = match end {
        Err(error) if error.is_timeout() => return Err(error),
        end => end.is_err(),
    };
    let mut checked = with_body(&head, body.clone());
    *checked.extensions_mut() = extensions;
    let marked = checked.extensions().get::<Undecodable>().is_some();
    if !marked && (partial || serde_json::from_slice::<T>(&body).is_err()) {
        let mark = Undecodable { body, partial };
        checked.extensions_mut().insert(mark);
    }
    Ok(checked)
}

/// Whether the body says something in Webflow's terms. A JSON object that shares no field with
/// the schema decodes too, and would arrive as an error without a word.
fn is_api_error(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct ApiError {
        code: Option<String>,
        message: Option<String>,
        #[serde(rename = "externalReference")]
        _external_reference: Option<String>,
        #[serde(rename = "details")]
        _details: Option<Vec<serde::de::IgnoredAny>>,
    }
    serde_json::from_slice::<ApiError>(body)
        .is_ok_and(|error| error.code.is_some() || error.message.is_some())
}

/// Reads up to the limit, or up to where the connection broke: half a body says more than none.
async fn read(mut response: Response, limit: usize) -> (Response, Bytes, reqwest::Result<()>) {
    let mut body = BytesMut::new();
    let end = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = limit - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if body.len() == limit {
                    break Ok(());
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
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
