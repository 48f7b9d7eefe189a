//! S3's response to a form: XML or headers into [`Stored`] or a [`Refusal`].

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use http::{
    HeaderMap, StatusCode,
    header::{self, AsHeaderName},
};
use quick_xml::{Reader, escape::resolve_xml_entity, events::Event};
use reqwest::{Response, Url};
use tokio::time::{Instant, timeout_at};

use super::error::{Error, Refusal};
use crate::redact::Secrets;

/// S3's responses are a few hundred bytes; a proxy's page may be long.
const BODY_LIMIT: usize = 64 * 1024;

/// How much of a body that is not S3's is kept as a message, in characters.
const EXCERPT: usize = 1000;

pub(crate) const ENCRYPTION: &str = "x-amz-server-side-encryption";
const REQUEST_ID: &str = "x-amz-request-id";
const HOST_ID: &str = "x-amz-id-2";

/// A file that S3 stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// The object's address.
    pub location: Option<String>,
    /// The bucket that holds it.
    pub bucket: Option<String>,
    /// Its key in the bucket.
    pub key: Option<String>,
    /// Its entity tag, without quotes.
    pub etag: Option<String>,
    /// How S3 encrypted it, such as `AES256` or `aws:kms`.
    pub server_side_encryption: Option<String>,
    /// Its version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// The id that S3 gave the request, which its support asks for.
    pub request_id: Option<String>,
}

impl Stored {
    /// Returns the entity tag if it is the MD5 of the content in hexadecimal.
    ///
    /// It is not for an object that S3 encrypts with a key of its key management service or of
    /// the customer, nor for one that was put together from parts.
    #[must_use]
    pub fn etag_md5(&self) -> Option<&str> {
        md5_of(
            self.etag.as_deref()?,
            self.server_side_encryption.as_deref(),
        )
    }
}

/// The MD5 that an entity tag without quotes is, for content that is encrypted as S3 states.
pub(crate) fn md5_of<'a>(tag: &'a str, encryption: Option<&str>) -> Option<&'a str> {
    if encryption.is_some_and(|sse| !sse.eq_ignore_ascii_case("AES256")) {
        return None;
    }
    Some(tag).filter(|tag| tag.len() == 32 && tag.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Reads the response to a form that was posted to `url`, for at most `limit`. `secrets` are kept out
/// of what is returned; they are asked for only where S3 refuses, as finding all of their
/// spellings takes as long as sending a small file.
pub(super) async fn read(
    mut response: Response,
    url: &Url,
    secrets: impl FnOnce() -> Secrets,
    limit: Duration,
) -> Result<Stored, Error> {
    let status = response.status();
    let redirected = response.url() != url;
    let mut body = Vec::new();
    // The limit is for the whole body, not for each chunk: a byte a second would never end.
    let deadline = Instant::now().checked_add(limit);
    let mut next = async || match deadline {
        Some(deadline) => timeout_at(deadline, response.chunk()).await.ok()?.ok()?,
        None => response.chunk().await.ok()?,
    };
    // The status has arrived, and it decides. Part of a body that breaks off or stalls is better
    // than none.
    while let Some(chunk) = next().await {
        let room = BODY_LIMIT - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == BODY_LIMIT {
            break;
        }
    }
    let mut headers = std::mem::take(response.headers_mut());
    if redirected {
        let message = "the HTTP client followed a redirect away from the form";
        secrets().redact_headers(&mut headers);
        let refusal = refusal(status, headers, message.to_owned());
        return Err(Error::Refused(Box::new(refusal)));
    }
    parse(status, headers, &body, secrets)
}

/// Interprets a response whose body has ended or broken off.
pub(super) fn parse(
    status: StatusCode,
    mut headers: HeaderMap,
    body: &[u8],
    secrets: impl FnOnce() -> Secrets,
) -> Result<Stored, Error> {
    let document = Document::parse(body);
    let is_error = document.as_ref().is_some_and(|d| d.root == Root::Error);
    // S3 sends an entity tag for every file that it stored, even if the document is cut off.
    let of_document = document.as_ref().and_then(|d| d.fields.get("ETag"));
    let of_headers = headers.get_all(header::ETAG).iter();
    let tags = of_headers.filter_map(|tag| tag.to_str().ok());
    let tags: BTreeSet<&str> = tags
        .chain(of_document.map(String::as_str))
        .map(unquoted)
        .filter(|tag| !tag.is_empty())
        .collect();
    let is_proof = match tags.len() {
        0 => document.as_ref().is_some_and(|d| d.is_whole),
        // Tags that differ prove nothing.
        number => number == 1,
    };
    if status.is_success() && is_proof && !is_error {
        return Ok(document.unwrap_or_default().stored(&headers));
    }
    let secrets = secrets();
    secrets.redact_headers(&mut headers);
    let refusal = match document {
        Some(document) if is_error => document.refusal(status, headers, &secrets),
        _ => {
            let text = String::from_utf8_lossy(body);
            // The excerpt is cut last, so that the cut cannot split a secret.
            let excerpt = secrets.redact(text.trim()).chars().take(EXCERPT).collect();
            refusal(status, headers, excerpt)
        }
    };
    Err(if status.is_success() && !is_error {
        Error::Unconfirmed(Box::new(refusal))
    } else {
        Error::Refused(Box::new(refusal))
    })
}

/// A refusal that is not in S3's format.
fn refusal(status: StatusCode, headers: HeaderMap, message: String) -> Refusal {
    Refusal {
        status,
        code: None,
        message: Some(message).filter(|text| !text.is_empty()),
        request_id: text(&headers, REQUEST_ID),
        host_id: text(&headers, HOST_ID),
        headers,
    }
}

fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// An entity tag without its quotes.
fn unquoted(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"')
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Root {
    #[default]
    Stored,
    Error,
}

/// One of S3's XML documents: a root element, and below it elements that hold text.
#[derive(Debug, Default)]
struct Document {
    root: Root,
    /// Whether the document is complete, up to the end of its root.
    is_whole: bool,
    fields: BTreeMap<String, String>,
}

impl Document {
    /// Reads a document; `None` if it is not one of S3's. Namespaces and their prefixes differ
    /// between servers and mean nothing here.
    ///
    /// It is read event by event: a deserializer returns nothing for a truncated document, of which
    /// the part that arrived may say why S3 refused.
    fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_reader(body);
        let mut path: Vec<String> = Vec::new();
        let mut root = None;
        let mut fields = BTreeMap::<String, String>::new();
        let root_of = |name: &str| match name {
            "PostResponse" | "PostObject" => Some(Root::Stored),
            "Error" => Some(Root::Error),
            _ => None,
        };
        let mut append = |path: &[String], text: &str| {
            if let [_, name] = path {
                fields.entry(name.clone()).or_default().push_str(text);
            }
        };
        loop {
            match reader.read_event().ok()? {
                Event::Start(element) => {
                    let name = element.local_name();
                    path.push(String::from_utf8_lossy(name.as_ref()).into_owned());
                    if path.len() == 1 {
                        root = Some(root_of(&path[0])?);
                    }
                }
                Event::Empty(element) if path.is_empty() => {
                    let name = element.local_name();
                    root = Some(root_of(&String::from_utf8_lossy(name.as_ref()))?);
                }
                Event::End(_) => {
                    path.pop();
                }
                Event::Text(text) => append(&path, &text.decode().ok()?),
                Event::CData(text) => append(&path, &text.decode().ok()?),
                Event::GeneralRef(entity) => {
                    if let Some(c) = entity.resolve_char_ref().ok()? {
                        append(&path, c.encode_utf8(&mut [0; 4]));
                    } else {
                        append(&path, resolve_xml_entity(&entity.decode().ok()?)?);
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        Some(Self {
            root: root?,
            is_whole: path.is_empty(),
            fields,
        })
    }

    /// The text of an element; `None` if it is missing or blank.
    fn take(&mut self, name: &str) -> Option<String> {
        let text = self.fields.remove(name)?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn stored(mut self, headers: &HeaderMap) -> Stored {
        let etag = self.take("ETag").or_else(|| text(headers, header::ETAG));
        Stored {
            location: self
                .take("Location")
                .or_else(|| text(headers, header::LOCATION)),
            bucket: self.take("Bucket"),
            key: self.take("Key"),
            etag: etag.map(|tag| unquoted(&tag).to_owned()),
            server_side_encryption: text(headers, ENCRYPTION),
            version_id: text(headers, "x-amz-version-id"),
            request_id: text(headers, REQUEST_ID),
        }
    }

    /// S3 quotes the fields of a form whose policy or signature it does not accept.
    fn refusal(mut self, status: StatusCode, headers: HeaderMap, secrets: &Secrets) -> Refusal {
        let mut take = |name| Some(secrets.redact(&self.take(name)?).into_owned());
        Refusal {
            status,
            code: take("Code"),
            message: take("Message"),
            request_id: take("RequestId").or_else(|| text(&headers, REQUEST_ID)),
            host_id: take("HostId").or_else(|| text(&headers, HOST_ID)),
            headers,
        }
    }
}
