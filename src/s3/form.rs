//! The form: built from a create call's details, and sent in one attempt.

use std::{
    fmt::{self, Write},
    hash::{BuildHasher, Hasher, RandomState},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    StreamExt,
    future::{Either, ready, select},
    stream::once,
};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Body, Url};
use serde::Serialize;
use tokio::time::Instant;

use super::{
    error::{Error, Violation},
    fields::{Fields, is_plain},
    meter::{Meter, OnProgress, Progress},
    policy::Policy,
    reply::{self, Stored},
};
use crate::{
    api::trace,
    http::is_protected,
    redact::Secrets,
    source::{BodyStream, Source},
};

/// S3's limit for a form without its file, in bytes.
const FORM_LIMIT: u64 = 20 * 1024;

/// What the file part is called. S3 stores this name nowhere, and servers read the escapes of
/// any other than a plain name differently.
const FILE_NAME: &str = "file";

/// In a form's key, S3 replaces this by the name of the file part.
const FILE_NAME_VARIABLE: &str = "${filename}";

/// A signed form that uploads one file to S3.
///
/// The fields are sent verbatim, in the order in which the details serialise, and the file last.
/// A form can be sent more than once: it overwrites the same object.
///
/// ```
/// use webflow_assets::s3::PostForm;
///
/// let details = serde_json::json!({ "key": "hero.png", "X-Amz-Signature": "5b1c0ae0" });
/// let form = PostForm::from_details("https://bucket.s3.amazonaws.com/", &details)?;
/// assert!(!format!("{form:?}").contains("5b1c0ae0"));
///
/// let error = PostForm::from_details("https://bucket.s3.amazonaws.com/", &()).unwrap_err();
/// assert!(!error.is_retryable());
/// # Ok::<(), webflow_assets::s3::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a form does nothing until it is sent"]
pub struct PostForm {
    url: Url,
    fields: Fields,
    policy: Option<Policy>,
    /// When the form was received, which was just after it was signed.
    received: Instant,
    idle: Duration,
    on_progress: Option<OnProgress>,
    skip_policy_check: bool,
    allow_http: bool,
    /// What S3 is never sent, and must not bring into an error either.
    hidden: Option<Arc<Secrets>>,
}

impl PostForm {
    /// Takes the URL and the fields that a create call returned.
    ///
    /// `details` is anything that serialises as an object. Strings, numbers and booleans become
    /// fields under exactly their names, whether they are known here or not; nulls are left out.
    ///
    /// # Errors
    ///
    /// [`Error::Form`] if the URL is not an `http` or `https` URL or has a user name, a password or a
    /// fragment, or the details are no object, are empty, or hold something that cannot be a form
    /// field.
    pub fn from_details(url: &str, details: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let url = Url::parse(url)
            .map_err(|error| Error::Form(format!("the upload URL is not a URL: {error}")))?;
        check_url(&url).map_err(|reason| Error::Form(reason.to_owned()))?;
        let fields = Fields::of(details)?;
        let policy = fields.value_of("policy").and_then(|field| {
            let policy = Policy::decode(field);
            if policy.is_none() {
                trace::warning!("the form's policy cannot be decoded, and S3 alone will judge");
            }
            policy
        });
        Ok(Self {
            url,
            fields,
            policy,
            received: Instant::now(),
            idle: Duration::from_secs(60),
            on_progress: None,
            skip_policy_check: false,
            allow_http: false,
            hidden: None,
        })
    }

    /// Calls `on_progress` whenever a chunk of the file has been handed to the connection.
    ///
    /// Each attempt starts from 0; there are no calls for an empty file.
    pub fn on_progress(mut self, on_progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(on_progress));
        self
    }

    /// Gives up when the transfer makes no progress for this long; 60 s if not set.
    pub fn idle_timeout(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Sends the form without checking it against the policy first. S3 checks it in any case; use
    /// this if the check here misreads a policy.
    pub fn skip_policy_check(mut self) -> Self {
        self.skip_policy_check = true;
        self
    }

    /// Keeps more secrets than the form's own out of errors.
    pub(crate) fn hide(mut self, secrets: Arc<Secrets>) -> Self {
        self.hidden = Some(secrets);
        self
    }

    /// Allows an upload URL with `http` that leads to another machine. The file and the form are
    /// then sent unencrypted.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// The decoded policy, if the form has one that can be decoded.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref()
    }

    /// Posts the form with this file, once.
    ///
    /// The file is checked against the policy before anything is sent. The request has an exact
    /// `Content-Length` and no `Authorization` header of this crate's. `http` should follow no
    /// redirect (see [`http_client`](super::http_client)); if it does, the response is refused.
    /// Dropping the future stops the transfer.
    ///
    /// # Errors
    ///
    /// Every kind of [`Error`]; only after [`Error::Transport`] and [`Error::Stalled`] may S3 have
    /// taken the file.
    pub async fn send(&self, http: &reqwest::Client, source: &Source) -> Result<Stored, Error> {
        let (len, content) = source.open().await.map_err(Error::Source)?;
        self.check(len)?;
        let meter = Arc::new(Meter::new(len, self.on_progress.clone()));
        let boundary = boundary();
        let head = self.head(&boundary, &self.file_name(source)?);
        let tail = format!("\r\n--{boundary}--\r\n");
        let total = head.len() as u64 + len + tail.len() as u64;

        // A limit that `http` has for whole requests would cut long uploads; `idle` is the limit.
        let request = http.post(self.url.clone()).timeout(Duration::MAX);
        let media_type = format!("multipart/form-data; boundary={boundary}");
        let request = request.header(CONTENT_TYPE, media_type);
        let request = request.header(CONTENT_LENGTH, total);
        let request = pin!(request.body(body(head, content, tail, &meter)).send());
        let stall = pin!(meter.stall(self.idle));
        let response = match select(request, stall).await {
            Either::Left((Ok(response), _)) => {
                trace::request!("POST", self.url, response.status());
                response
            }
            Either::Left((Err(error), _)) => {
                trace::trace!(host = self.url.host_str(), "request without a response");
                return Err(match meter.failure() {
                    Some(failure) => Error::Source(failure),
                    None => Error::Transport(error.without_url()),
                });
            }
            Either::Right(((), _)) => {
                return Err(Error::Stalled {
                    sent: meter.sent(),
                    total: len,
                    idle: self.idle,
                });
            }
        };
        let secrets = || self.fields.secrets().and(self.hidden.as_deref());
        reply::read(response, &self.url, secrets, self.idle).await
    }

    /// What is checked before anything is sent, for fuzzing alone.
    ///
    /// # Errors
    ///
    /// [`Error::Policy`] if the policy forbids a file of this length.
    #[cfg(fuzzing)]
    #[doc(hidden)]
    pub fn preflight(&self, len: u64) -> Result<(), Error> {
        self.check(len)
    }

    /// Checks everything that can be checked before a byte is sent.
    fn check(&self, len: u64) -> Result<(), Error> {
        if !is_protected(&self.url, self.allow_http) {
            return Err(Error::Form(
                "the upload URL would send the file and its signature in the clear; use `https`, \
                 or expressly allow `http`"
                    .to_owned(),
            ));
        }
        let form_len = self.len_without_file();
        if form_len > FORM_LIMIT {
            return Err(Error::Policy(Violation::FormTooLarge {
                len: form_len,
                max: FORM_LIMIT,
            }));
        }
        let policy = self.policy.as_ref().filter(|_| !self.skip_policy_check);
        let Some(policy) = policy else {
            return Ok(());
        };
        let lifetime = policy.lifetime(self.fields.value_of("x-amz-date"));
        if let Some(lifetime) = lifetime
            && self.received.elapsed() + margin(len, lifetime) >= lifetime
        {
            return Err(Error::Policy(Violation::Expired {
                lifetime: lifetime.as_secs(),
            }));
        }
        policy
            .check_len(len)
            .and_then(|()| policy.check_fields(&self.fields.0))
            .map_err(Error::Policy)
    }

    /// The form up to the content of the file. It is written as one text: in parts, it takes more
    /// calls to the system than the file.
    fn head(&self, boundary: &str, file_name: &str) -> String {
        let mut head = String::with_capacity(2048);
        let mut part = |name: &str, rest: fmt::Arguments<'_>| {
            // Writing to a string does not fail. Names are verbatim: they have nothing to escape.
            let _ = write!(
                head,
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{rest}"
            );
        };
        for (name, value) in &self.fields.0 {
            part(name, format_args!("\r\n\r\n{value}\r\n"));
        }
        part("file", format_args!("; filename=\"{file_name}\"\r\n\r\n"));
        head
    }

    fn file_name(&self, source: &Source) -> Result<String, Error> {
        let wants_name = self
            .fields
            .value_of("key")
            .is_some_and(|key| key.contains(FILE_NAME_VARIABLE));
        if !wants_name {
            return Ok(FILE_NAME.to_owned());
        }
        let name = source.file_name().unwrap_or_default();
        if name.is_empty() || !name.chars().all(is_plain) {
            return Err(Error::Form(format!(
                "the key takes the file's name in, and `{name}` cannot be sent as one"
            )));
        }
        Ok(name.to_owned())
    }

    /// The size of the form in bytes, as S3 limits it, to within a part's headers.
    fn len_without_file(&self) -> u64 {
        // The bytes around a name and a value: the boundary, the header and line ends.
        const AROUND: usize = 80;
        let fields: usize = self
            .fields
            .0
            .iter()
            .map(|(name, value)| name.len() + value.len() + AROUND)
            .sum();
        fields as u64
    }
}

/// A line that no file contains, as nobody can foresee it.
fn boundary() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// The form as it is sent.
fn body(head: String, content: BodyStream, tail: String, meter: &Arc<Meter>) -> Body {
    let meter = Arc::clone(meter);
    let text = |text| once(ready(Ok(Bytes::from(text))));
    let content = content.map(move |chunk| meter.pass(chunk));
    Body::wrap_stream(text(head).chain(content).chain(text(tail)))
}

/// Refuses URLs that cannot be used for an upload: requests leave out a fragment, and S3 refuses
/// a second way to sign in.
fn check_url(url: &Url) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err("the upload URL is not an `https` URL");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the upload URL has a user name or password; the form alone signs the upload");
    }
    if url.fragment().is_some() {
        return Err("the upload URL has a fragment, which no request carries");
    }
    Ok(())
}

/// Names only: the values sign an upload.
impl fmt::Debug for PostForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .fields
            .0
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        f.debug_struct("PostForm")
            .field("url", &self.url.as_str())
            .field("fields", &names)
            .finish_non_exhaustive()
    }
}

/// How long before it expires a form is no longer used for a file of `len` bytes: five seconds
/// plus one for each MiB, and at most half of its lifetime.
fn margin(len: u64, lifetime: Duration) -> Duration {
    Duration::from_secs(5 + len / (1024 * 1024)).min(lifetime / 2)
}
