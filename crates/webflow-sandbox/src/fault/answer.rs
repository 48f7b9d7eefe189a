//! An answer that replaces a service's own.

use axum::http::{HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};

use super::argument::{Argument, RuleError};
use crate::encoding::number;

/// What a value cannot hold as it stands.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%').add(b'*').add(b',');

/// An answer that replaces a service's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: AnswerBody,
}

/// The body of an [`Answer`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerBody {
    /// What the service itself writes with this status (an error document, or `{}` on success), with this code in place
    /// of the usual one.
    Document(Option<String>),
    /// An HTML page such as proxies write.
    Html,
    /// None, and no `Content-Type`.
    Empty,
    /// These bytes, without a `Content-Type` of the sandbox's choosing.
    Bytes(Bytes),
}

impl Answer {
    /// An answer with this status and the service's own document.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: AnswerBody::Document(None),
        }
    }

    /// Adds a header; it replaces one that the sandbox would have sent.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: AnswerBody) -> Self {
        self.body = body;
        self
    }

    pub(super) fn status(&self) -> &str {
        self.status.as_str()
    }
}

impl Argument for Answer {
    const EXPECTED: &'static str = "a status";

    fn example() -> Self {
        Self::new(StatusCode::FORBIDDEN)
    }

    fn parse(text: &str) -> Result<Self, RuleError> {
        let mut parts = text.split(',');
        let status = parts.next().unwrap_or_default();
        let known = number(status).and_then(|status| StatusCode::from_u16(status).ok());
        let mut answer =
            Self::new(known.ok_or_else(|| {
                RuleError(format!("`{status}` is no status: expected 200 to 999"))
            })?);
        let mut bodies = 0;
        for part in parts {
            let (body, header) = match part.split_once('=') {
                Some(("body", value)) => (Some(AnswerBody::Bytes(decoded(value)?.into())), None),
                Some(("code", value)) => {
                    let code = String::from_utf8(decoded(value)?)
                        .map_err(|_| RuleError(format!("the code `{value}` is not UTF-8")))?;
                    (Some(AnswerBody::Document(Some(code))), None)
                }
                Some((name, value)) => (None, Some(header(name, value)?)),
                None if part == "html" => (Some(AnswerBody::Html), None),
                None if part == "empty" => (Some(AnswerBody::Empty), None),
                None => {
                    return Err(RuleError(format!(
                        "`{part}` is no part of an answer: expected `header=value`, `code=`, `body=`, `html` or \
                         `empty`"
                    )));
                }
            };
            answer.headers.extend(header);
            if let Some(body) = body {
                answer.body = body;
                bodies += 1;
            }
        }
        if bodies > 1 {
            return Err(RuleError(format!(
                "`{text}` has more than one of `code`, `body`, `html` and `empty`"
            )));
        }
        answer.check()?;
        Ok(answer)
    }

    fn print(&self) -> String {
        let encoded = |value: &[u8]| percent_encode(value, ESCAPED).to_string();
        let mut parts = vec![self.status.as_str().to_owned()];
        let headers = self.headers.iter();
        parts.extend(headers.map(|(name, value)| format!("{name}={}", encoded(value.as_bytes()))));
        parts.extend(match &self.body {
            AnswerBody::Document(None) => None,
            AnswerBody::Document(Some(code)) => Some(format!("code={}", encoded(code.as_bytes()))),
            AnswerBody::Html => Some("html".to_owned()),
            AnswerBody::Empty => Some("empty".to_owned()),
            AnswerBody::Bytes(bytes) => Some(format!("body={}", encoded(bytes))),
        });
        parts.join(",")
    }

    /// What cannot be sent, or could not be told apart in text.
    fn check(&self) -> Result<(), RuleError> {
        const RESERVED: [&str; 4] = ["content-length", "transfer-encoding", "body", "code"];
        if self.status.is_informational() {
            let status = self.status.as_str();
            return Err(RuleError(format!("status {status} does not end a request")));
        }
        let mut names = self.headers.iter().map(|(name, _)| name.as_str());
        match names.find(|name| RESERVED.contains(name)) {
            Some(name) => Err(RuleError(format!("the header `{name}` cannot be set"))),
            None => Ok(()),
        }
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), RuleError> {
    let known = name
        .parse()
        .map_err(|_| RuleError(format!("`{name}` is no header name")))?;
    let value = HeaderValue::from_maybe_shared(Bytes::from(decoded(value)?))
        .map_err(|_| RuleError(format!("`{value}` is no value for the header `{name}`")))?;
    Ok((known, value))
}

/// Unlike a URL's, a percent sign without two digits is a mistake here.
fn decoded(value: &str) -> Result<Vec<u8>, RuleError> {
    let digits = |text: &str| {
        let mut bytes = text.bytes();
        (0..2).all(|_| bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit()))
    };
    if value.split('%').skip(1).all(digits) {
        return Ok(percent_decode_str(value).collect());
    }
    Err(RuleError(format!(
        "`{value}` has a `%` without two hexadecimal digits: write `%25` for the sign itself"
    )))
}
