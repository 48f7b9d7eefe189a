//! The table of faults.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::answer::Answer;
use super::argument::{Argument, RuleError, listed, none, required};
use crate::request::{DuplicateAnswer, Operation};

/// Declares [`Fault`] from one table. A row has the documentation, the name in a rule, the variant with its argument,
/// and the operations that the fault can hit; no operation stands for all of them.
macro_rules! faults {
    ($(
        $(#[doc = $doc:literal])*
        $name:literal => $variant:ident $(($value:ident: $argument:ty))? [$($operation:ident)*]
    )*) => {
        /// One thing that goes wrong.
        ///
        /// A fault hits a request before anything has looked at it: a request that is *not processed* counts against no
        /// rate limit and changes nothing. *Processed* means that everything happens as it would without the fault,
        /// refusals included.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Fault {
            /// The request is read, not processed, and given this answer.
            ///
            /// In a rule: the *answer* alone, such as `503`. Hits all operations.
            Answer(Answer),
            $(
                $(#[doc = $doc])*
                ///
                #[doc = concat!(
                    "In a rule: `", $name, "`", $("`=`*", stringify!($value), "*",)? ". Hits ",
                    faults!(@hits $($operation)*), "."
                )]
                $variant $(($argument))?,
            )*
        }

        impl Fault {
            /// One fault of each kind, with an example of its argument. As text, the list for a command's help.
            #[must_use]
            pub fn all() -> Vec<Self> {
                vec![Self::Answer(Answer::example()), $(faults!(@example $variant $($argument)?)),*]
            }

            /// Its name in a rule; that of an answer is its status.
            #[must_use]
            pub fn name(&self) -> &str {
                match self {
                    Self::Answer(answer) => answer.status(),
                    $(Self::$variant { .. } => $name,)*
                }
            }

            /// The operations that it can hit.
            #[must_use]
            pub fn hits(&self) -> &'static [Operation] {
                let hits: &[Operation] = match self {
                    Self::Answer(_) => &[],
                    $(Self::$variant { .. } => &[$(Operation::$operation),*],)*
                };
                if hits.is_empty() { &Operation::ALL } else { hits }
            }

            pub(super) fn check(&self) -> Result<(), RuleError> {
                match self {
                    Self::Answer(answer) => answer.check(),
                    $(Self::$variant $(($value))? => {
                        $($value.check()?;)?
                        Ok(())
                    })*
                }
            }
        }

        impl FromStr for Fault {
            type Err = RuleError;

            fn from_str(text: &str) -> Result<Self, RuleError> {
                if text.starts_with(|first: char| first.is_ascii_digit()) {
                    return Answer::parse(text).map(Self::Answer);
                }
                let (name, argument) = match text.split_once('=') {
                    Some((name, argument)) => (name, Some(argument)),
                    None => (text, None),
                };
                match name {
                    $($name => faults!(@parse argument $name, $variant $($argument)?),)*
                    _ => Err(RuleError(format!(
                        "`{name}` is no fault: expected a status, {}",
                        listed(&[$($name),*], "or")
                    ))),
                }
            }
        }

        impl fmt::Display for Fault {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::Answer(answer) => f.write_str(&answer.print()),
                    $(Self::$variant $(($value))? => {
                        f.write_str($name)?;
                        $(write!(f, "={}", $value.print())?;)?
                        Ok(())
                    })*
                }
            }
        }
    };
    (@hits) => { "all operations" };
    (@hits $first:ident $($operation:ident)*) => {
        concat!(
            "[`", stringify!($first), "`](Operation::", stringify!($first), ")"
            $(, ", [`", stringify!($operation), "`](Operation::", stringify!($operation), ")")*
        )
    };
    (@example $variant:ident) => { Self::$variant };
    (@example $variant:ident $argument:ty) => { Self::$variant(<$argument>::example()) };
    (@parse $text:ident $name:literal, $variant:ident) => {
        none($name, $text).map(|()| Self::$variant)
    };
    (@parse $text:ident $name:literal, $variant:ident $argument:ty) => {
        required::<$argument>($name, $text).map(Self::$variant)
    };
}

faults! {
    /// This answer comes before the body is read, and the connection is closed on whatever of it is still in transit. A
    /// client may see the answer, a broken pipe or a reset; all three happen with real servers.
    "early-refusal" => EarlyRefusal(answer: Answer) [CreateAsset PostObject UpdateAsset CreateFolder]
    /// The request is processed after this time, whether or not the client still waits for it.
    "delay" => Delay(duration: Duration) []
    /// The connection is reset once the request has arrived, and the request is processed after this time, when its
    /// sender has gone.
    "late" => Late(duration: Duration) []
    /// The body arrives with one bit changed: the highest of the byte that three quarters of the body precede.
    "flip" => Flip [CreateAsset PostObject UpdateAsset CreateFolder]
    /// The request is processed; the answer has its full `Content-Length` but breaks off halfway through the body, or
    /// halfway through the head if it has no body. Then the connection is closed.
    "truncated-body" => TruncatedBody []
    /// As [`TruncatedBody`](Self::TruncatedBody), but the connection stays open until the client leaves.
    "stall-mid-body" => StallMidBody []
    /// The request is processed and never answered; the connection stays open until the client leaves.
    "stall-before-answer" => StallBeforeAnswer []
    /// Half of the request's body is read, then no more, for as long as the sandbox runs. Some megabytes still leave the
    /// client, into the buffers of the connection. Nothing is processed.
    "stall-reading" => StallReading [CreateAsset PostObject UpdateAsset CreateFolder]
    /// The connection is reset once the request's head has arrived. Nothing is processed.
    "reset-before" => ResetBefore []
    /// The request is processed, then the connection is reset without an answer.
    "reset-after" => ResetAfter []
    /// The bytes are stored, but the `ETag` of the answer is that of others.
    "wrong-etag" => WrongEtag [PostObject]
    /// At create, the form's policy expired a minute ago. At post, the form is refused because its policy expired.
    "expired-policy" => ExpiredPolicy [CreateAsset PostObject]
    /// The form may be used for this long, counted from the last full second.
    "short-policy" => ShortPolicy(duration: Duration) [CreateAsset]
    /// The site already knows this content and answers in this form. Content that it does not know is first registered
    /// under another name, an hour ago, by somebody who has not filled it yet.
    "duplicate" => Duplicate(answer: DuplicateAnswer) [CreateAsset]
    /// An asset that was filled less than this long ago is not found yet.
    "not-yet" => NotYet(duration: Duration) [GetAsset]
}
