//! Why a request failed, in words for people.

use std::{
    borrow::Cow,
    error::Error as StdError,
    fmt::{self, Write},
};

use http::StatusCode;
use progenitor_client::Error as ApiCallError;
use serde_json::Value;

use crate::{
    api::{
        response::{BODY_LIMIT, Undecodable, Why},
        retry,
    },
    generated::types::ApiError,
};

/// Says in a line why a request of a generated operation failed: status, code, message and
/// details of the response, or why there is none. What to do next is said where the token lacks
/// `scopes` or has made too many requests.
///
/// The generated error's own `Display` prints headers and debug output.
///
/// ```
/// use webflow_assets::{Client, Token, explain};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), webflow_assets::ConfigError> {
/// let client = Client::builder().token(Token::new("t0ken")?).base_url("http://127.0.0.1:1").build()?;
/// let error = client.get_asset().asset_id("no id").send().await.unwrap_err();
/// let why = explain(&error, "scope assets:read");
/// assert_eq!(why, "asset_id is not 24 hexadecimal digits");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn explain(error: &ApiCallError<ApiError>, scopes: &str) -> String {
    let mut text = Explained(error, scopes).to_string();
    let mut next = cause(error);
    while let Some(error) = next {
        // Writing to a string does not fail.
        let _ = write!(text, ": {error}");
        next = error.source();
    }
    text.split_off(2)
}

/// Why there is no response. The generated error's own layer would repeat what the response said, with
/// its headers and as debug output; only what failed below it is news.
pub(crate) fn cause(error: &ApiCallError<ApiError>) -> Option<&(dyn StdError + 'static)> {
    match error {
        ApiCallError::CommunicationError(error)
        | ApiCallError::ResponseBodyError(error)
        | ApiCallError::InvalidUpgrade(error) => Some(error),
        _ => None,
    }
}

/// The cause alone.
#[cfg(feature = "sync")]
pub(crate) fn into_cause(error: ApiCallError<ApiError>) -> Option<reqwest::Error> {
    match error {
        ApiCallError::CommunicationError(error)
        | ApiCallError::ResponseBodyError(error)
        | ApiCallError::InvalidUpgrade(error) => Some(error),
        _ => None,
    }
}

/// The response, in the words that follow a statement; nothing where there is no response, as the
/// causes then say why.
pub(crate) struct Explained<'a>(pub(crate) &'a ApiCallError<ApiError>, pub(crate) &'a str);

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, self.0)?;
        key_hint(f, self.0, self.1)
    }
}

/// Writes status, code, message and details of a response.
pub(crate) fn describe(f: &mut fmt::Formatter<'_>, error: &ApiCallError<ApiError>) -> fmt::Result {
    match error {
        ApiCallError::InvalidRequest(reason) => write!(f, ": {}", invalid(reason)),
        ApiCallError::Custom(reason) => write!(f, ": {reason}"),
        ApiCallError::ErrorResponse(response) => {
            write!(f, ": {}", response.status().as_u16())?;
            if let Some(code) = &response.code {
                write!(f, " {code}")?;
            }
            if let Some(message) = &response.message {
                write!(f, ": {}", excerpt(message))?;
                if is_page(message) && [400, 404, 405].contains(&response.status().as_u16()) {
                    f.write_str("; check the base URL: Webflow's ends in /v2")?;
                }
            }
            for detail in response.details.iter().flatten().take(5) {
                write!(f, "; {}", excerpt(&detail_text(detail)))?;
            }
            Ok(())
        }
        ApiCallError::UnexpectedResponse(response) => {
            write!(f, ": {}, with ", response.status().as_u16())?;
            match Undecodable::why(response) {
                Some(Why::TooLarge) => write!(f, "more than {} MiB", BODY_LIMIT >> 20),
                Some(Why::Partial) => f.write_str("a body that breaks off"),
                Some(Why::Page) => f.write_str("a page of HTML or XML; a proxy may have sent it"),
                Some(Why::Shape) | None => f.write_str("a body that does not decode"),
            }
        }
        // Without the body, which may hold secrets, and what the decoder quotes of it.
        ApiCallError::InvalidResponsePayload(_, error) => write!(
            f,
            ": a body that does not decode, at line {} column {}",
            error.line(),
            error.column()
        ),
        ApiCallError::CommunicationError(_)
        | ApiCallError::ResponseBodyError(_)
        | ApiCallError::InvalidUpgrade(_) => Ok(()),
    }
}

/// The reason that a generated builder gives: ``conversion to `AssetId` for asset_id failed``, and
/// for a body, why; or that something is not set.
fn invalid(reason: &str) -> Cow<'_, str> {
    let conversion = || {
        let (ty, rest) = reason
            .strip_prefix("conversion to `")?
            .split_once("` for ")?;
        let (field, why) = rest.split_once(" failed")?;
        let ty = ty.rsplit("::").next()?.trim();
        Some(match (ty, why.strip_prefix(": ")) {
            (_, Some(why)) if !why.is_empty() => invalid(why).into_owned(),
            ("AssetId" | "FolderId" | "SiteId", _) => {
                format!("{field} is not 24 hexadecimal digits")
            }
            (ty, _) => format!("{field} is not a {ty}"),
        })
    };
    let missing = || {
        let named = reason.strip_prefix("no value supplied for ");
        let field = named.or_else(|| reason.strip_suffix(" was not initialized"))?;
        Some(format!("{field} is not set"))
    };
    conversion()
        .or_else(missing)
        .map_or(Cow::Borrowed(reason), Cow::Owned)
}

/// Writes what the token lacks, or when it may send requests again.
pub(crate) fn key_hint(
    f: &mut fmt::Formatter<'_>,
    error: &ApiCallError<ApiError>,
    scopes: &str,
) -> fmt::Result {
    match error.status() {
        Some(StatusCode::UNAUTHORIZED) => {
            write!(f, " (is the token valid, and does it have the {scopes}?)")
        }
        Some(status @ StatusCode::TOO_MANY_REQUESTS) => {
            let after = match error {
                ApiCallError::ErrorResponse(response) => {
                    retry::retry_after(status, response.headers())
                }
                _ => None,
            };
            match after {
                Some(after) => write!(f, " (the API key may go on in {} s)", after.as_secs()),
                None => f.write_str(" (the API key may go on in a minute)"),
            }
        }
        _ => Ok(()),
    }
}

/// An item of `details`: a text, an object such as `{field, message}`, or whatever else was sent.
fn detail_text(detail: &Value) -> String {
    let part = |name| detail.get(name).and_then(Value::as_str);
    match (detail, part("field"), part("message")) {
        (Value::String(text), ..) => text.clone(),
        (_, Some(field), Some(message)) => format!("{field}: {message}"),
        (_, None, Some(message)) => message.to_owned(),
        _ => detail.to_string(),
    }
}

/// The start of the first line, or what the text is where that says nothing.
pub(crate) fn excerpt(text: &str) -> String {
    if is_page(text) {
        return "a page of HTML or XML".to_owned();
    }
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(200).collect()
}

fn is_page(text: &str) -> bool {
    text.trim_start().starts_with('<')
}
