//! The table. Nothing in it is computed: it says what must come out.

use std::fmt;

use Cleaned::{Deleted, Failed, Kept};
use Done::{AlreadyThere, Check, Create, Incomplete, Mismatch, NotReady, S3, Uploaded};
use Left::{Damaged, Empty, Filled, Nothing, Orphan};

/// How often a fault happens: in words, and at the end of a rule.
pub(super) const TIMES: [(&str, &str); 3] =
    [("once", ""), ("twice", "*2"), ("for ever", "*forever")];

/// At which step of an upload a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Create,
    Post,
    /// The GET of `wait_until_ready`.
    Ready,
    /// The GET before a DELETE, after S3 refused the file.
    CleanUpGet,
    /// The DELETE, after S3 refused the file.
    CleanUpDelete,
}

/// What an upload ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Uploaded,
    AlreadyThere,
    Create,
    Incomplete,
    S3,
    Mismatch,
    Check,
    NotReady,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cleaned {
    Deleted,
    Kept,
    Failed,
}

/// What the site and the bucket hold in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Nothing,
    /// One asset without a file.
    Empty,
    /// One asset and one object, which equals the file.
    Filled,
    /// One asset, whose object has other bytes than the file.
    Damaged,
    /// An object without an asset.
    Orphan,
    /// Anything else; never expected.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) done: Done,
    pub(super) creates: u32,
    pub(super) posts: u32,
    pub(super) gets: u32,
    pub(super) deletes: u32,
    pub(super) renewals: u32,
    pub(super) cleaned: Option<Cleaned>,
    pub(super) left: Left,
    /// Whether the error says that the create call may have arrived. `None` where that depends on
    /// how much the client saw.
    pub(super) maybe: Option<bool>,
}

pub(super) struct Row {
    pub(super) step: Step,
    pub(super) faults: &'static [&'static str],
    /// Once, twice, for ever; with three attempts at each request.
    pub(super) cells: [Cell; 3],
    /// Whether the site has the file before.
    pub(super) known: bool,
}

const fn cell(done: Done, creates: u32, posts: u32, left: Left) -> Cell {
    Cell {
        done,
        creates,
        posts,
        gets: 0,
        deletes: 0,
        renewals: 0,
        cleaned: None,
        left,
        maybe: None,
    }
}

const fn uploaded(creates: u32, posts: u32) -> Cell {
    cell(Uploaded, creates, posts, Filled)
}

/// No form was sent.
const fn create(creates: u32, left: Left, maybe: bool) -> Cell {
    Cell {
        maybe: Some(maybe),
        ..cell(Create, creates, 0, left)
    }
}

/// The file did not arrive, and the asset was looked at and deleted.
const fn deleted(creates: u32, posts: u32) -> Cell {
    Cell {
        gets: 1,
        deletes: 1,
        cleaned: Some(Deleted),
        ..cell(S3, creates, posts, Nothing)
    }
}

/// The file did arrive, which shows in the clean-up alone.
const fn kept(done: Done, posts: u32) -> Cell {
    Cell {
        gets: 1,
        cleaned: Some(Kept),
        ..cell(done, 1, posts, Filled)
    }
}

const fn ready(gets: u32) -> Cell {
    Cell {
        gets,
        ..uploaded(1, 1)
    }
}

const fn unready(done: Done, gets: u32) -> Cell {
    Cell {
        gets,
        ..cell(done, 1, 1, Filled)
    }
}

/// S3 refused the file; what the clean-up did then.
const fn clean_up(cleaned: Cleaned, gets: u32, deletes: u32, left: Left) -> Cell {
    Cell {
        gets,
        deletes,
        cleaned: Some(cleaned),
        ..cell(S3, 1, 1, left)
    }
}

impl Cell {
    const fn renewed(self) -> Self {
        Self {
            renewals: 1,
            ..self
        }
    }
}

const fn row(step: Step, faults: &'static [&'static str], cells: [Cell; 3]) -> Row {
    Row {
        step,
        faults,
        cells,
        known: false,
    }
}

pub(super) const ROWS: &[Row] = &[
    row(
        Step::Create,
        &["400", "401", "403", "404", "409", "413", "flip"],
        [
            create(1, Nothing, false),
            create(1, Nothing, false),
            create(1, Nothing, false),
        ],
    ),
    row(
        Step::Create,
        &["429", "429,retry-after=0", "503", "503,html"],
        [uploaded(2, 1), uploaded(3, 1), create(3, Nothing, false)],
    ),
    // Nobody can tell whether the asset was registered, so none of these is repeated.
    row(
        Step::Create,
        &[
            "500",
            "502,html",
            "504,empty",
            "200,html",
            "202,empty",
            "reset-before",
            "stall-reading",
        ],
        [
            create(1, Nothing, true),
            create(1, Nothing, true),
            create(1, Nothing, true),
        ],
    ),
    row(
        Step::Create,
        &[
            "reset-after",
            "truncated-body",
            "stall-mid-body",
            "stall-before-answer",
            "delay=1s",
            "late=100ms",
        ],
        [
            create(1, Empty, true),
            create(1, Empty, true),
            create(1, Empty, true),
        ],
    ),
    // Whether the answer is seen before the reset is chance.
    row(
        Step::Create,
        &["early-refusal=413"],
        [
            cell(Create, 1, 0, Nothing),
            cell(Create, 1, 0, Nothing),
            cell(Create, 1, 0, Nothing),
        ],
    ),
    row(
        Step::Create,
        &["200"],
        [
            cell(Incomplete, 1, 0, Nothing),
            cell(Incomplete, 1, 0, Nothing),
            cell(Incomplete, 1, 0, Nothing),
        ],
    ),
    row(
        Step::Create,
        &["expired-policy"],
        [
            uploaded(2, 2).renewed(),
            deleted(2, 2).renewed(),
            deleted(2, 2).renewed(),
        ],
    ),
    // Seen before the form is sent.
    row(
        Step::Create,
        &["short-policy=0s"],
        [
            uploaded(2, 1).renewed(),
            deleted(2, 0).renewed(),
            deleted(2, 0).renewed(),
        ],
    ),
    row(
        Step::Create,
        &["duplicate=with-form"],
        [
            cell(AlreadyThere, 1, 1, Filled),
            cell(AlreadyThere, 1, 1, Filled),
            cell(AlreadyThere, 1, 1, Filled),
        ],
    ),
    Row {
        known: true,
        ..row(
            Step::Create,
            &["duplicate=without-form"],
            [
                cell(AlreadyThere, 1, 0, Filled),
                cell(AlreadyThere, 1, 0, Filled),
                cell(AlreadyThere, 1, 0, Filled),
            ],
        )
    },
    row(
        Step::Create,
        &["delay=1ms"],
        [uploaded(1, 1), uploaded(1, 1), uploaded(1, 1)],
    ),
    row(
        Step::Post,
        &["400,code=EntityTooLarge", "403", "404", "412", "501"],
        [deleted(1, 1), deleted(1, 1), deleted(1, 1)],
    ),
    // A 503, so that a client that sees the answer does what one does that sees the reset alone.
    row(
        Step::Post,
        &[
            "200,empty",
            "200,html",
            "400,code=RequestTimeout",
            "429",
            "429,retry-after=0",
            "500",
            "502,html",
            "503",
            "504,empty",
            "early-refusal=503",
            "reset-before",
            "stall-reading",
        ],
        [uploaded(1, 2), uploaded(1, 3), deleted(1, 3)],
    ),
    row(
        Step::Post,
        &["reset-after", "stall-before-answer", "delay=1s"],
        [uploaded(1, 2), uploaded(1, 3), kept(S3, 3)],
    ),
    // The asset is deleted before the form arrives.
    row(
        Step::Post,
        &["late=500ms"],
        [
            uploaded(1, 2),
            uploaded(1, 3),
            Cell {
                left: Orphan,
                ..deleted(1, 3)
            },
        ],
    ),
    row(
        Step::Post,
        &["flip"],
        [
            uploaded(1, 2),
            uploaded(1, 3),
            Cell {
                left: Damaged,
                ..kept(Mismatch, 3)
            },
        ],
    ),
    row(
        Step::Post,
        &["wrong-etag"],
        [uploaded(1, 2), uploaded(1, 3), kept(Mismatch, 3)],
    ),
    row(
        Step::Post,
        &["expired-policy"],
        [
            uploaded(2, 2).renewed(),
            deleted(2, 2).renewed(),
            deleted(2, 2).renewed(),
        ],
    ),
    row(
        Step::Post,
        &["truncated-body", "stall-mid-body", "delay=1ms"],
        [uploaded(1, 1), uploaded(1, 1), uploaded(1, 1)],
    ),
    row(
        Step::Ready,
        &["400", "401", "403", "409", "200,html"],
        [unready(Check, 1), unready(Check, 1), unready(Check, 1)],
    ),
    // Polled after 100, 200, 400 and 800 ms.
    row(
        Step::Ready,
        &["404", "200", "not-yet=1m"],
        [ready(2), ready(3), unready(NotReady, 5)],
    ),
    row(
        Step::Ready,
        &[
            "429",
            "500",
            "502,html",
            "503",
            "504,empty",
            "reset-before",
            "reset-after",
            "truncated-body",
            "stall-mid-body",
            "stall-before-answer",
            "delay=1s",
            "late=1ms",
        ],
        [ready(2), ready(3), unready(Check, 3)],
    ),
    row(Step::Ready, &["delay=1ms"], [ready(1), ready(1), ready(1)]),
    row(
        Step::CleanUpGet,
        &["400", "401", "403", "409", "200,html"],
        [
            clean_up(Failed, 1, 0, Empty),
            clean_up(Failed, 1, 0, Empty),
            clean_up(Failed, 1, 0, Empty),
        ],
    ),
    row(
        Step::CleanUpGet,
        &["200"],
        [
            clean_up(Kept, 1, 0, Empty),
            clean_up(Kept, 1, 0, Empty),
            clean_up(Kept, 1, 0, Empty),
        ],
    ),
    // A status that arrives decides, whatever becomes of its body.
    row(
        Step::CleanUpGet,
        &[
            "404",
            "not-yet=1m",
            "truncated-body",
            "stall-mid-body",
            "delay=1ms",
        ],
        [
            clean_up(Deleted, 1, 1, Nothing),
            clean_up(Deleted, 1, 1, Nothing),
            clean_up(Deleted, 1, 1, Nothing),
        ],
    ),
    row(
        Step::CleanUpGet,
        &[
            "429",
            "500",
            "502,html",
            "503",
            "504,empty",
            "reset-before",
            "reset-after",
            "stall-before-answer",
            "delay=1s",
            "late=1ms",
        ],
        [
            clean_up(Deleted, 2, 1, Nothing),
            clean_up(Deleted, 3, 1, Nothing),
            clean_up(Failed, 3, 0, Empty),
        ],
    ),
    row(
        Step::CleanUpDelete,
        &["400", "401", "403", "409"],
        [
            clean_up(Failed, 1, 1, Empty),
            clean_up(Failed, 1, 1, Empty),
            clean_up(Failed, 1, 1, Empty),
        ],
    ),
    row(
        Step::CleanUpDelete,
        &["429", "500", "502,html", "503", "504,empty", "reset-before"],
        [
            clean_up(Deleted, 1, 2, Nothing),
            clean_up(Deleted, 1, 3, Nothing),
            clean_up(Failed, 1, 3, Empty),
        ],
    ),
    row(
        Step::CleanUpDelete,
        &[
            "reset-after",
            "stall-before-answer",
            "delay=1s",
            "late=500ms",
        ],
        [
            clean_up(Deleted, 1, 2, Nothing),
            clean_up(Deleted, 1, 3, Nothing),
            clean_up(Failed, 1, 3, Nothing),
        ],
    ),
    // The second attempt's 404 arrives, if not whole.
    row(
        Step::CleanUpDelete,
        &["truncated-body", "stall-mid-body"],
        [
            clean_up(Deleted, 1, 2, Nothing),
            clean_up(Deleted, 1, 2, Nothing),
            clean_up(Deleted, 1, 2, Nothing),
        ],
    ),
    row(
        Step::CleanUpDelete,
        &["delay=1ms"],
        [
            clean_up(Deleted, 1, 1, Nothing),
            clean_up(Deleted, 1, 1, Nothing),
            clean_up(Deleted, 1, 1, Nothing),
        ],
    ),
];

impl Step {
    pub(super) const ALL: [Self; 5] = [
        Self::Create,
        Self::Post,
        Self::Ready,
        Self::CleanUpGet,
        Self::CleanUpDelete,
    ];

    /// The operation in a rule's text.
    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Post => "post",
            Self::Ready | Self::CleanUpGet => "get",
            Self::CleanUpDelete => "delete",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Post => "post to S3",
            Self::Ready => "get, waiting",
            Self::CleanUpGet => "get, cleaning up",
            Self::CleanUpDelete => "delete, cleaning up",
        }
    }
}

impl Cell {
    /// The cell in words; what goes without saying for its step is left out.
    pub(super) fn text(&self, step: Step) -> String {
        let mut parts = vec![self.done.to_string()];
        if self.maybe == Some(true) {
            parts.push("may have arrived".to_owned());
        }
        let counts = [
            (
                self.creates,
                "create",
                self.creates != 1 || step == Step::Create,
            ),
            (
                self.posts,
                "post",
                matches!(step, Step::Create | Step::Post),
            ),
            (
                self.gets,
                "get",
                matches!(step, Step::Ready | Step::CleanUpGet),
            ),
            (self.deletes, "delete", step == Step::CleanUpDelete),
        ];
        for (count, name, told) in counts {
            if told && count > 0 {
                parts.push(format!(
                    "{count} {name}{}",
                    if count == 1 { "" } else { "s" }
                ));
            }
        }
        let failed = !matches!(self.done, Uploaded | AlreadyThere);
        let left = match (self.cleaned, self.left) {
            _ if !failed => None,
            (Some(Failed), Nothing) => Some("clean-up reported as failed, nothing left"),
            (Some(Failed), _) => Some("clean-up reported as failed, empty asset left"),
            (_, Nothing) => Some("nothing left"),
            (_, Empty) => Some("empty asset left"),
            (_, Damaged) => Some("damaged file stored"),
            (_, Orphan) => Some("file stored without an asset"),
            (_, _) => Some("file stored"),
        };
        parts.extend(left.map(str::to_owned));
        parts.join(", ")
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Uploaded => "uploaded",
            AlreadyThere => "already there",
            Create => "error `Create`",
            Incomplete => "error `Incomplete`",
            S3 => "error `S3`",
            Mismatch => "error `Mismatch`",
            Check => "error `Check`",
            NotReady => "error `NotReady`",
        })
    }
}
