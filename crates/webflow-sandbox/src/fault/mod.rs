//! What may go wrong between a client and the two services, on demand.

mod act;
mod queue;
mod text;

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use bytes::Bytes;

pub(super) use self::act::act;
use self::queue::MILLION;
pub(super) use self::queue::Rules;
use super::asset::DuplicateAnswer;
use super::log::Half;

/// The requests that faults can hit. In text: `create`, `post`, `get`, `delete`, `list`, `update`, `list-folders`,
/// `create-folder`, `get-folder`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `POST /v2/sites/{site_id}/assets`
    CreateAsset,
    /// The form upload to S3.
    PostObject,
    /// `GET /v2/assets/{asset_id}`
    GetAsset,
    /// `DELETE /v2/assets/{asset_id}`
    DeleteAsset,
    /// `GET /v2/sites/{site_id}/assets`
    ListAssets,
    /// `PATCH /v2/assets/{asset_id}`
    UpdateAsset,
    /// `GET /v2/sites/{site_id}/asset_folders`
    ListFolders,
    /// `POST /v2/sites/{site_id}/asset_folders`
    CreateFolder,
    /// `GET /v2/asset_folders/{asset_folder_id}`
    GetFolder,
}

/// One thing that goes wrong.
///
/// A fault hits a request before anything has looked at it: one that is *not processed* counts against no rate limit
/// and changes nothing. *Processed* means that everything happens as it would without the fault, refusals included.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The request is read, not processed, and given this answer.
    Answer(Answer),
    /// (create, post, update, create-folder) This answer comes before the body is read, and the connection is closed on
    /// whatever of it is still under way. A client may see the answer, a broken pipe or a reset; all three happen with
    /// real servers.
    EarlyRefusal(Answer),
    /// The request is processed after this time, whether or not the client still waits for it.
    Delay(Duration),
    /// The request is processed; the answer has its full `Content-Length` but breaks off halfway through the body, or
    /// halfway through the head if it has no body. Then the connection is closed.
    TruncatedBody,
    /// As [`TruncatedBody`](Self::TruncatedBody), but the connection stays open until the client leaves.
    StallMidBody,
    /// The request is processed and never answered; the connection stays open until the client leaves.
    StallBeforeAnswer,
    /// (create, post, update, create-folder) Half of the request's body is read, then no more, for as long as the
    /// sandbox runs. Some megabytes still leave the client, into the buffers of the connection. Nothing is processed.
    StallReading,
    /// The connection is reset once the request's head has arrived. Nothing is processed.
    ResetBefore,
    /// The request is processed, then the connection is reset without an answer.
    ResetAfter,
    /// (post) The bytes are stored, but the answer's `ETag` is of others.
    WrongEtag,
    /// (create) The form's policy expired a minute ago. (post) The form is not processed, for its policy expired.
    ExpiredPolicy,
    /// (create) The form may be used for this long, counted from the last full second.
    ShortPolicy(Duration),
    /// (create) The site already knows this content and answers in this form. Content that it does not know is first
    /// announced under another name, an hour ago, by somebody who has not filled it yet.
    Duplicate(DuplicateAnswer),
    /// (get) An asset that was filled less than this long ago is not found yet.
    NotYet(Duration),
}

/// An answer that replaces a service's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: AnswerBody,
}

/// The body of an [`Answer`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerBody {
    /// What the service itself writes with this status (an error document, or `{}` on success), with this code in place
    /// of the usual one.
    Document(Option<String>),
    /// A page such as proxies write.
    Html,
    /// None, and no `Content-Type`.
    Empty,
    /// These bytes, without a `Content-Type` of the sandbox's choosing.
    Bytes(Bytes),
}

/// A fault, the operation that it hits, and how often.
///
/// The rules for an operation wait in a line. Each request to it is hit by the first rule and uses it up by one; a rule
/// that is used up makes way for the next. A request is hit by one fault at most.
///
/// Rules by chance stand beside the line: a request that meets nobody in it is hit by the first of them that draws it.
/// Each draws for itself, and in [the same way](super::SandboxBuilder::seed) in every sandbox.
///
/// # As text
///
/// ```text
/// rule      = operation ":" fault [ "*" ( number | "forever" | chance ) ]      once by default
/// operation = "create" | "post" | "get" | "delete" | "list" | "update"
///           | "list-folders" | "create-folder" | "get-folder"
/// chance    = number [ "." decimals ] "%"      0.0001% to 100%
/// answer    = status *( "," header "=" value )
///             [ ",code=" value | ",body=" value | ",html" | ",empty" ]
/// duration  = number ( "ns" | "us" | "ms" | "s" | "m" )
/// ```
///
/// | fault | hits | |
/// |---|---|---|
/// | *answer* | all | [`Fault::Answer`] |
/// | `early-refusal=`*answer* | create, post, update, create-folder | [`Fault::EarlyRefusal`] |
/// | `delay=`*duration* | all | [`Fault::Delay`] |
/// | `truncated-body` | all | [`Fault::TruncatedBody`] |
/// | `stall-mid-body` | all | [`Fault::StallMidBody`] |
/// | `stall-before-answer` | all | [`Fault::StallBeforeAnswer`] |
/// | `stall-reading` | create, post, update, create-folder | [`Fault::StallReading`] |
/// | `reset-before` | all | [`Fault::ResetBefore`] |
/// | `reset-after` | all | [`Fault::ResetAfter`] |
/// | `wrong-etag` | post | [`Fault::WrongEtag`] |
/// | `expired-policy` | create, post | [`Fault::ExpiredPolicy`] |
/// | `short-policy=`*duration* | create | [`Fault::ShortPolicy`] |
/// | `duplicate=with-form`, `duplicate=without-form` | create | [`Fault::Duplicate`] |
/// | `not-yet=`*duration* | get | [`Fault::NotYet`] |
///
/// A status alone comes with the service's own error document. In a *value*, `%2C` is a comma, `%2A` an asterisk, `%25`
/// a percent sign, and any other byte can be written in the same way.
///
/// ```
/// use webflow_sandbox::Rule;
///
/// for text in [
///     "create:503*2",
///     "create:429,retry-after=1",
///     "create:502,html",
///     "post:400,code=RequestTimeout",
///     "post:reset-after*forever",
///     "get:not-yet=200ms*forever",
///     "list-folders:500*2.5%",
/// ] {
///     assert_eq!(text.parse::<Rule>()?.to_string(), text);
/// }
/// let error = "post:short-policy=1s".parse::<Rule>().unwrap_err();
/// assert_eq!(error.to_string(), "`short-policy` hits create, not post");
/// # Ok::<(), webflow_sandbox::RuleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    operation: Operation,
    fault: Fault,
    repeat: Repeat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeat {
    Times(u32),
    Forever,
    /// In millionths.
    Chance(u32),
}

/// Why something is no [`Rule`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RuleError(String);

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 9] = [
        Self::CreateAsset,
        Self::PostObject,
        Self::GetAsset,
        Self::DeleteAsset,
        Self::ListAssets,
        Self::UpdateAsset,
        Self::ListFolders,
        Self::CreateFolder,
        Self::GetFolder,
    ];

    pub(super) fn of(method: &Method, path: &str) -> Option<Self> {
        let Half::Webflow = Half::of(path) else {
            return (method == Method::POST).then_some(Self::PostObject);
        };
        let parts: Vec<&str> = path.split('/').skip(2).collect();
        match (method.as_str(), parts.as_slice()) {
            ("POST", ["sites", _, "assets"]) => Some(Self::CreateAsset),
            ("GET", ["assets", _]) => Some(Self::GetAsset),
            ("DELETE", ["assets", _]) => Some(Self::DeleteAsset),
            ("GET", ["sites", _, "assets"]) => Some(Self::ListAssets),
            ("PATCH", ["assets", _]) => Some(Self::UpdateAsset),
            ("GET", ["sites", _, "asset_folders"]) => Some(Self::ListFolders),
            ("POST", ["sites", _, "asset_folders"]) => Some(Self::CreateFolder),
            ("GET", ["asset_folders", _]) => Some(Self::GetFolder),
            _ => None,
        }
    }
}

impl Fault {
    /// The operations that it can hit.
    #[must_use]
    pub fn hits(&self) -> &'static [Operation] {
        use Operation::{CreateAsset, CreateFolder, GetAsset, PostObject, UpdateAsset};
        match self {
            // Only these have a body to be left unread, or a policy to expire.
            Self::EarlyRefusal(_) | Self::StallReading => {
                &[CreateAsset, PostObject, UpdateAsset, CreateFolder]
            }
            Self::ExpiredPolicy => &[CreateAsset, PostObject],
            Self::WrongEtag => &[PostObject],
            Self::ShortPolicy(_) | Self::Duplicate(_) => &[CreateAsset],
            Self::NotYet(_) => &[GetAsset],
            _ => &Operation::ALL,
        }
    }
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

    /// What cannot be sent, or could not be told apart in text.
    fn check(&self) -> Result<(), RuleError> {
        if self.status.is_informational() {
            return Err(RuleError(format!(
                "status {} does not end a request",
                self.status.as_u16()
            )));
        }
        let reserved = ["content-length", "transfer-encoding", "body", "code"];
        match self
            .headers
            .iter()
            .find(|(name, _)| reserved.contains(&name.as_str()))
        {
            Some((name, _)) => Err(RuleError(format!("the header `{name}` cannot be set"))),
            None => Ok(()),
        }
    }
}

impl Rule {
    /// Lets `fault` hit one request to `operation`.
    ///
    /// # Errors
    ///
    /// When the fault does not [hit](Fault::hits) this operation, or its answer has a status or a header that cannot be
    /// sent.
    pub fn new(operation: Operation, fault: Fault) -> Result<Self, RuleError> {
        if !fault.hits().contains(&operation) {
            return Err(RuleError(format!(
                "`{}` hits {}, not {operation}",
                fault.name(),
                text::listed(fault.hits(), "and")
            )));
        }
        if let Fault::Answer(answer) | Fault::EarlyRefusal(answer) = &fault {
            answer.check()?;
        }
        Ok(Self {
            operation,
            fault,
            repeat: Repeat::Times(1),
        })
    }

    /// Lets it hit this many requests. One of 0 times is passed over.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.repeat = Repeat::Times(times);
        self
    }

    /// Lets it hit every request.
    #[must_use]
    pub fn forever(mut self) -> Self {
        self.repeat = Repeat::Forever;
        self
    }

    /// Lets it hit each request with this chance, in millionths: 50,000 of them are 5 %. A chance of 0 is passed over,
    /// and more than a million is a million.
    #[must_use]
    pub fn with_chance(mut self, millionths: u32) -> Self {
        self.repeat = Repeat::Chance(millionths.min(MILLION));
        self
    }

    /// The operation that it hits.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// What goes wrong.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// How many requests it still hits; `None` for every one, or for those that chance decides on.
    #[must_use]
    pub fn remaining(&self) -> Option<u32> {
        match self.repeat {
            Repeat::Times(times) => Some(times),
            Repeat::Forever | Repeat::Chance(_) => None,
        }
    }

    /// The chance to hit a request, in millionths; `None` where it is not left to chance.
    #[must_use]
    pub fn chance(&self) -> Option<u32> {
        match self.repeat {
            Repeat::Chance(millionths) => Some(millionths),
            Repeat::Times(_) | Repeat::Forever => None,
        }
    }
}
