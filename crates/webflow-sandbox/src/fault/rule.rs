//! A fault, the operation that it hits, and how often.

use std::fmt;
use std::str::FromStr;

use super::argument::{RuleError, listed};
use super::kind::Fault;
use crate::encoding::number;
use crate::request::Operation;

const FOREVER: &str = "forever";
/// All chances are parts of it.
pub(super) const MILLION: u32 = 1_000_000;
/// In millionths; has four zeros, hence the four decimals below.
const PERCENT: u32 = MILLION / 100;

/// A fault, the operation that it hits, and how often.
///
/// The rules for an operation form a queue. The first rule hits each request to the operation until it is used up; then
/// the next takes its place. One fault at most hits a request.
///
/// Rules with a chance are not in the queue: when it is empty, the first of them that draws a request hits it. Each has
/// its own random numbers, which are [the same](crate::SandboxBuilder::seed) in every sandbox.
///
/// # As text
///
/// ```text
/// rule      = operation ":" fault [ "*" ( number | "forever" | chance ) ]      once by default
/// operation = such as "create", "post" or "list-folders"
/// chance    = number [ "." decimals ] "%"      0.0001% to 100%
/// answer    = status *( "," header "=" value )
///             [ ",code=" value | ",body=" value | ",html" | ",empty" ]
/// duration  = such as "250ms", "1.5s" or "1m30s"
/// ```
///
/// The operations are the variants of [`Operation`], the faults those of [`Fault`]. Each says its name, and a fault its
/// argument and the operations that it can hit.
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
    pub(super) operation: Operation,
    pub(super) fault: Fault,
    pub(super) repeat: Repeat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    Times(u32),
    Forever,
    /// In millionths.
    Chance(u32),
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
                listed(fault.hits(), "and")
            )));
        }
        fault.check()?;
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

    /// Lets it hit each request with this chance, in millionths: 50,000 of them are 5 %. With 0 it never hits; more
    /// than a million is a million.
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

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (operation, fault) = text
            .split_once(':')
            .ok_or_else(|| RuleError(format!("`{text}` is no rule: expected `operation:fault`")))?;
        let operation = operation.parse()?;
        let Some((fault, times)) = fault.rsplit_once('*') else {
            return Self::new(operation, fault.parse()?);
        };
        let rule = Self::new(operation, fault.parse()?)?;
        if times == FOREVER {
            return Ok(rule.forever());
        }
        if let Some(percent) = times.strip_suffix('%') {
            return Ok(rule.with_chance(millionths(percent)?));
        }
        match number(times) {
            Some(times @ 1..) => Ok(rule.times(times)),
            _ => Err(RuleError(format!(
                "`{times}` is no count: expected a number from 1, a chance such as `5%`, or `{FOREVER}`"
            ))),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.operation, self.fault)?;
        match self.repeat {
            Repeat::Times(1) => Ok(()),
            Repeat::Times(times) => write!(f, "*{times}"),
            Repeat::Forever => write!(f, "*{FOREVER}"),
            Repeat::Chance(millionths) => {
                let (whole, rest) = (millionths / PERCENT, millionths % PERCENT);
                let decimals = format!(".{rest:04}");
                write!(f, "*{whole}{}%", decimals.trim_end_matches(['0', '.']))
            }
        }
    }
}

/// Percent as millionths.
fn millionths(percent: &str) -> Result<u32, RuleError> {
    let (whole, decimals) = percent.split_once('.').unwrap_or((percent, "0"));
    let known = number::<u32>(whole).and_then(|whole| {
        let decimals = (1..=4)
            .contains(&decimals.len())
            .then(|| format!("{decimals:0<4}"))?;
        whole.checked_mul(PERCENT)?.checked_add(number(&decimals)?)
    });
    match known {
        Some(known @ 1..=MILLION) => Ok(known),
        _ => Err(RuleError(format!(
            "`{percent}%` is no chance: expected 0.0001% to 100%, with four decimals at the most"
        ))),
    }
}
