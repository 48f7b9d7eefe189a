//! The form: from a create call's details to one attempt at sending it.

use std::{
    fmt, io,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{
    StreamExt,
    future::{Either, select},
};
use reqwest::{
    Body, Url,
    multipart::{Form, Part},
};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::{
    error::{Error, Violation},
    policy::Policy,
    reply::{self, Stored},
};
use crate::source::{BodyStream, Source};

/// S3's limit for a form without its file, in bytes.
const FORM_LIMIT: u64 = 20 * 1024;

/// What the file part is called. S3 stores this name nowhere, and servers read the escapes of
/// any other than a plain name differently.
const FILE_NAME: &str = "file";

/// In a form's key, S3 replaces this by the name of the file part.
const FILE_NAME_VARIABLE: &str = "${filename}";

/// The fields that sign the form, in lower case. Their values appear in no error.
const SECRET_FIELDS: [&str; 6] = [
    "awsaccesskeyid",
    "policy",
    "signature",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
];

type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// A signed form that uploads one file to S3.
///
/// The fields are sent verbatim, in the order in which the details serialise, and the file last.
/// A form can be sent more than once: it overwrites the same object.
#[derive(Clone)]
#[must_use = "a form does nothing until it is sent"]
pub struct PostForm {
    url: Url,
    fields: Vec<(String, String)>,
    policy: Option<Policy>,
    /// When the form arrived here, which is as good as when it was signed.
    received: Instant,
    idle: Duration,
    on_progress: Option<OnProgress>,
}

/// How far one attempt to send a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes of the file that were handed to the connection, in this attempt.
    pub sent: u64,
    /// Length of the file in bytes.
    pub total: u64,
}

impl PostForm {
    /// Takes the URL and the fields that a create call answered.
    ///
    /// `details` is anything that serialises as an object. Strings, numbers and booleans become
    /// fields under exactly their names, whether they are known here or not; nulls are left out.
    ///
    /// # Errors
    ///
    /// [`Error::Form`] if the URL is not an `http` or `https` URL, or the details are no object,
    /// are empty, or hold something that cannot be a form field.
    pub fn from_details(url: &str, details: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let url = match Url::parse(url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => url,
            Ok(_) => return Err(Error::Form("the upload URL is no `https` URL".to_owned())),
            Err(error) => return Err(Error::Form(format!("the upload URL is no URL: {error}"))),
        };
        let details = serde_json::to_vec(details)
            .map_err(|error| Error::Form(format!("they do not serialise: {error}")))?;
        let Fields(fields) = serde_json::from_slice(&details)
            .map_err(|error| Error::Form(format!("they are no object of fields: {error}")))?;
        if fields.is_empty() {
            return Err(Error::Form("they have no fields".to_owned()));
        }
        let fields = fields
            .into_iter()
            .map(|(name, value)| Ok((check_name(name)?, value)))
            .collect::<Result<Vec<_>, Error>>()?;
        let policy = value_of(&fields, "policy").and_then(Policy::decode);
        Ok(Self {
            url,
            fields,
            policy,
            received: Instant::now(),
            idle: Duration::from_secs(60),
            on_progress: None,
        })
    }

    /// Calls `on_progress` whenever a piece of the file has been handed to the connection.
    ///
    /// Each attempt starts from nothing; a file of 0 bytes has nothing to report.
    pub fn on_progress(mut self, on_progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(on_progress));
        self
    }

    /// Gives up when nothing moves for this long; 60 s if not set.
    pub fn idle_timeout(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// The decoded policy, if the form has one that can be decoded.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref()
    }

    /// Posts the form with this file, once.
    ///
    /// The policy is held against the file before anything is sent. The request has an exact
    /// `Content-Length` and no `Authorization` header of this crate's. `http` should follow no
    /// redirect (see [`http_client`](super::http_client)); if it does, the answer is refused.
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
        let form = self.form(source, len, content, &meter)?;

        let transfer = pin!(self.transfer(http, form, &meter));
        let stall = pin!(meter.stall(self.idle));
        match select(transfer, stall).await {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => Err(Error::Stalled {
                sent: meter.sent.load(Ordering::Relaxed),
                total: len,
                idle: self.idle,
            }),
        }
    }

    async fn transfer(
        &self,
        http: &reqwest::Client,
        form: Form,
        meter: &Meter,
    ) -> Result<Stored, Error> {
        let request = http.post(self.url.clone()).multipart(form).send();
        let response = request.await.map_err(|error| match meter.failure() {
            Some(failure) => Error::Source(failure),
            None => Error::Transport(error.without_url()),
        })?;
        meter.moved();
        reply::read(response, &self.url, &self.secrets(), || meter.moved()).await
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

    /// Everything that can be known to fail before a byte is sent.
    fn check(&self, len: u64) -> Result<(), Error> {
        let form_len = self.len_without_file();
        if form_len > FORM_LIMIT {
            return Err(Error::Policy(Violation::FormTooLarge {
                len: form_len,
                max: FORM_LIMIT,
            }));
        }
        let Some(policy) = &self.policy else {
            return Ok(());
        };
        let lifetime = policy.lifetime(value_of(&self.fields, "x-amz-date"));
        if let Some(lifetime) = lifetime
            && self.received.elapsed() >= lifetime
        {
            return Err(Error::Policy(Violation::Expired {
                lifetime: lifetime.as_secs(),
            }));
        }
        policy
            .check_len(len)
            .and_then(|()| policy.check_fields(&self.fields))
            .map_err(Error::Policy)
    }

    fn form(
        &self,
        source: &Source,
        len: u64,
        content: BodyStream,
        meter: &Arc<Meter>,
    ) -> Result<Form, Error> {
        let meter = Arc::clone(meter);
        let content = content.map(move |piece| meter.pass(piece));
        let file = Part::stream_with_length(Body::wrap_stream(content), len)
            .file_name(self.file_name(source)?);
        Ok(self
            .fields
            .iter()
            // Verbatim: the default would percent-encode a name.
            .fold(Form::new().percent_encode_noop(), |form, (name, value)| {
                form.text(name.clone(), value.clone())
            })
            .part("file", file))
    }

    fn file_name(&self, source: &Source) -> Result<String, Error> {
        let wants_name =
            value_of(&self.fields, "key").is_some_and(|key| key.contains(FILE_NAME_VARIABLE));
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

    /// The size of the form in bytes, as S3 limits it, to within a boundary's length.
    fn len_without_file(&self) -> u64 {
        // What stands around a name and a value: the boundary, the header and line ends.
        const AROUND: usize = 124;
        let fields: usize = self
            .fields
            .iter()
            .map(|(name, value)| name.len() + value.len() + AROUND)
            .sum();
        fields as u64
    }

    fn secrets(&self) -> Vec<&str> {
        self.fields
            .iter()
            .filter(|(name, _)| SECRET_FIELDS.contains(&name.to_ascii_lowercase().as_str()))
            .flat_map(|(name, value)| {
                // A credential is `<access key id>/<date>/<region>/…`, and S3 quotes its parts.
                let is_credential = name.eq_ignore_ascii_case("x-amz-credential");
                let id = value.split('/').next().filter(|_| is_credential);
                [Some(value.as_str()), id]
            })
            .flatten()
            // The texts of an answer are read without the space around them.
            .map(str::trim)
            .filter(|secret| !secret.is_empty())
            .collect()
    }
}

/// Names only: the values sign an upload.
impl fmt::Debug for PostForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("PostForm")
            .field("url", &self.url.as_str())
            .field("fields", &names)
            .finish_non_exhaustive()
    }
}

/// The value of a field; S3 does not tell upper from lower case in names.
fn value_of<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

fn check_name(name: String) -> Result<String, Error> {
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(Error::Form(format!("{name:?} cannot be a field's name")));
    }
    if name.eq_ignore_ascii_case("file") {
        return Err(Error::Form(
            "they have a field named `file`, which S3 would take for the file".to_owned(),
        ));
    }
    Ok(name)
}

/// Whether a character stands for itself in a form's header, by every reading of the standards.
fn is_plain(c: char) -> bool {
    !c.is_control() && c != '"' && c != '\\'
}

/// The members of an object as form fields, in their order.
struct Fields(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object whose members are form fields")
            }

            /// The default quotes the text: the details, secrets and all, if they are JSON in a
            /// string.
            fn visit_str<E: de::Error>(self, _: &str) -> Result<Fields, E> {
                Err(E::invalid_type(de::Unexpected::Other("a string"), &self))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                // Raw: a number goes out digit for digit, however many it has.
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    let value = match value.get() {
                        "null" => continue,
                        text if text.starts_with('"') => {
                            serde_json::from_str(text).map_err(de::Error::custom)?
                        }
                        nested if nested.starts_with(['[', '{']) => {
                            return Err(de::Error::custom(format_args!(
                                "the member {name:?} is neither text nor a number"
                            )));
                        }
                        number_or_flag => number_or_flag.to_owned(),
                    };
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// What one attempt has sent, when something last moved, and why the file could not be read.
struct Meter {
    total: u64,
    sent: AtomicU64,
    start: Instant,
    /// Milliseconds from the start to the last movement.
    last: AtomicU64,
    failure: Mutex<Option<io::Error>>,
    on_progress: Option<OnProgress>,
}

impl Meter {
    fn new(total: u64, on_progress: Option<OnProgress>) -> Self {
        Self {
            total,
            sent: AtomicU64::new(0),
            start: Instant::now(),
            last: AtomicU64::new(0),
            failure: Mutex::new(None),
            on_progress,
        }
    }

    /// Counts a piece on its way to the connection, and keeps an error that the connection would
    /// bury in its own.
    fn pass(&self, piece: io::Result<bytes::Bytes>) -> io::Result<bytes::Bytes> {
        match piece {
            Ok(piece) => {
                self.moved();
                let len = piece.len() as u64;
                let sent = self.sent.fetch_add(len, Ordering::Relaxed) + len;
                if let Some(on_progress) = &self.on_progress {
                    on_progress(Progress {
                        sent,
                        total: self.total,
                    });
                }
                Ok(piece)
            }
            Err(error) => {
                let kind = error.kind();
                *self.lock() = Some(error);
                Err(kind.into())
            }
        }
    }

    fn failure(&self) -> Option<io::Error> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<io::Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moved(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// Resolves when nothing has moved for `idle`.
    async fn stall(&self, idle: Duration) {
        loop {
            let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
            let still = self.start.elapsed().saturating_sub(last);
            // `sleep` takes any duration; a sum of instants could overflow.
            match idle.checked_sub(still) {
                None | Some(Duration::ZERO) => return,
                Some(left) => tokio::time::sleep(left).await,
            }
        }
    }
}
