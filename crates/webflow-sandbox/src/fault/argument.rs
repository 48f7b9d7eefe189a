//! What may follow the name of a fault: `delay=250ms`.

use std::fmt::Display;
use std::time::Duration;

use jiff::fmt::friendly::{Spacing, SpanParser, SpanPrinter};

use crate::request::{DuplicateAnswer, Operation};

/// Why a text or a fault makes no [`Rule`](crate::Rule).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RuleError(pub(super) String);

/// The argument of a fault.
pub(super) trait Argument: Sized {
    /// Says in an error message what is expected.
    const EXPECTED: &'static str;

    fn example() -> Self;

    fn parse(text: &str) -> Result<Self, RuleError>;

    fn print(&self) -> String;

    /// What makes this argument unusable for every operation.
    fn check(&self) -> Result<(), RuleError> {
        Ok(())
    }
}

/// The argument of the fault `name`, which needs one.
pub(super) fn required<T: Argument>(name: &str, text: Option<&str>) -> Result<T, RuleError> {
    let text = text.ok_or_else(|| {
        let (expected, example) = (T::EXPECTED, T::example().print());
        RuleError(format!(
            "`{name}` takes {expected}, as in `{name}={example}`"
        ))
    })?;
    T::parse(text)
}

/// Refuses an argument of the fault `name`, which takes none.
pub(super) fn none(name: &str, text: Option<&str>) -> Result<(), RuleError> {
    text.map_or(Ok(()), |text| {
        Err(RuleError(format!("`{name}` takes no value, not `{text}`")))
    })
}

impl Argument for Duration {
    const EXPECTED: &'static str = "a duration";

    fn example() -> Self {
        Self::from_millis(250)
    }

    fn parse(text: &str) -> Result<Self, RuleError> {
        let parsed = SpanParser::new().parse_unsigned_duration(text);
        parsed.map_err(|_| {
            RuleError(format!(
                "`{text}` is not a duration: expected one such as 250ms, 2s or 1m"
            ))
        })
    }

    fn print(&self) -> String {
        SpanPrinter::new()
            .spacing(Spacing::None)
            .unsigned_duration_to_string(self)
    }
}

const WITH_FORM: &str = "with-form";
const WITHOUT_FORM: &str = "without-form";

impl Argument for DuplicateAnswer {
    const EXPECTED: &'static str = "`with-form` or `without-form`";

    fn example() -> Self {
        Self::WithForm
    }

    fn parse(text: &str) -> Result<Self, RuleError> {
        match text {
            WITH_FORM => Ok(Self::WithForm),
            WITHOUT_FORM => Ok(Self::WithoutForm),
            _ => Err(RuleError(format!(
                "`{text}` is neither `{WITH_FORM}` nor `{WITHOUT_FORM}`"
            ))),
        }
    }

    fn print(&self) -> String {
        match self {
            Self::WithForm => WITH_FORM.to_owned(),
            Self::WithoutForm => WITHOUT_FORM.to_owned(),
        }
    }
}

/// Items as a sentence lists them, with `word` before the last.
pub(super) fn listed(items: &[impl Display], word: &str) -> String {
    let names: Vec<String> = items.iter().map(ToString::to_string).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => {
            format!("{} {word} {last}", others.join(", "))
        }
        _ => names.concat(),
    }
}

impl Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Operation {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let mut all = Self::ALL.into_iter();
        all.find(|operation| operation.name() == text)
            .ok_or_else(|| {
                let expected = listed(&Self::ALL, "or");
                RuleError(format!("`{text}` is no operation: expected {expected}"))
            })
    }
}
