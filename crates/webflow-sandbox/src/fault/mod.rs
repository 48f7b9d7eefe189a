//! What goes wrong on demand between a client and the two services.

mod answer;
mod argument;
mod kind;
mod queue;
mod rule;

pub use self::answer::{Answer, AnswerBody};
pub use self::argument::RuleError;
pub use self::kind::Fault;
pub(crate) use self::queue::RuleQueue;
pub use self::rule::Rule;
