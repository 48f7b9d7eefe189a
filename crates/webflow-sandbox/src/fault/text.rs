//! Rules as text: the grammar in the documentation of [`Rule`].

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;

use super::{
    Answer, AnswerBody, DuplicateAnswer, Fault, MILLION, Operation, Repeat, Rule, RuleError,
};
use crate::text::{percent_decode, percent_encode};

const FOREVER: &str = "forever";
const WITH_FORM: &str = "with-form";
const WITHOUT_FORM: &str = "without-form";
/// In millionths; has four zeros, hence the four decimals below.
const PERCENT: u32 = MILLION / 100;
/// What a value may hold as it stands, besides letters and digits.
const PLAIN: &[u8] = b" !\"#$&'()+/:;<=>?@[\\]^`{|}";

/// In nanoseconds, from short to long.
const UNITS: [(&str, u128); 5] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
];

impl FromStr for Operation {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let known = Self::ALL
            .into_iter()
            .find(|operation| operation.name() == text);
        known.ok_or_else(|| {
            RuleError(format!(
                "`{text}` is no operation: expected {}",
                listed(&Self::ALL, "or")
            ))
        })
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::CreateAsset => "create",
            Self::PostObject => "post",
            Self::GetAsset => "get",
            Self::DeleteAsset => "delete",
            Self::ListAssets => "list",
            Self::UpdateAsset => "update",
            Self::ListFolders => "list-folders",
            Self::CreateFolder => "create-folder",
            Self::GetFolder => "get-folder",
        }
    }
}

/// Operations as a sentence has them, with `word` before the last.
pub(super) fn listed(operations: &[Operation], word: &str) -> String {
    let names: Vec<&str> = operations
        .iter()
        .map(|operation| operation.name())
        .collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} {word} {last}", others.join(", ")),
        None => String::new(),
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

impl FromStr for Fault {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            return Ok(Self::Answer(text.parse()?));
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let fault = match (name, value) {
            ("truncated-body", None) => Self::TruncatedBody,
            ("stall-mid-body", None) => Self::StallMidBody,
            ("stall-before-answer", None) => Self::StallBeforeAnswer,
            ("stall-reading", None) => Self::StallReading,
            ("reset-before", None) => Self::ResetBefore,
            ("reset-after", None) => Self::ResetAfter,
            ("wrong-etag", None) => Self::WrongEtag,
            ("expired-policy", None) => Self::ExpiredPolicy,
            ("early-refusal", Some(answer)) => Self::EarlyRefusal(answer.parse()?),
            ("delay", Some(time)) => Self::Delay(duration(time)?),
            ("short-policy", Some(time)) => Self::ShortPolicy(duration(time)?),
            ("not-yet", Some(time)) => Self::NotYet(duration(time)?),
            ("duplicate", Some(WITH_FORM)) => Self::Duplicate(DuplicateAnswer::WithForm),
            ("duplicate", Some(WITHOUT_FORM)) => Self::Duplicate(DuplicateAnswer::WithoutForm),
            _ => return Err(unknown(name, value)),
        };
        Ok(fault)
    }
}

/// Why a fault's name and value do not go together.
fn unknown(name: &str, value: Option<&str>) -> RuleError {
    let wanted = match name {
        "early-refusal" => "a status, as in `early-refusal=403`",
        "delay" | "short-policy" | "not-yet" => "a duration, as in `=250ms`",
        "duplicate" => "`=with-form` or `=without-form`",
        "truncated-body"
        | "stall-mid-body"
        | "stall-before-answer"
        | "stall-reading"
        | "reset-before"
        | "reset-after"
        | "wrong-etag"
        | "expired-policy" => "no value",
        _ => {
            return RuleError(format!(
                "`{name}` is no fault: expected a status, truncated-body, stall-mid-body, stall-before-answer, \
                 stall-reading, reset-before, reset-after, early-refusal, delay, wrong-etag, expired-policy, \
                 short-policy, duplicate or not-yet"
            ));
        }
    };
    match value {
        Some(value) => RuleError(format!("`{name}` takes {wanted}, not `{value}`")),
        None => RuleError(format!("`{name}` takes {wanted}")),
    }
}

impl Fault {
    /// Its name in text; that of an answer is its status.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Answer(answer) => answer.status.as_str(),
            Self::EarlyRefusal(_) => "early-refusal",
            Self::Delay(_) => "delay",
            Self::TruncatedBody => "truncated-body",
            Self::StallMidBody => "stall-mid-body",
            Self::StallBeforeAnswer => "stall-before-answer",
            Self::StallReading => "stall-reading",
            Self::ResetBefore => "reset-before",
            Self::ResetAfter => "reset-after",
            Self::WrongEtag => "wrong-etag",
            Self::ExpiredPolicy => "expired-policy",
            Self::ShortPolicy(_) => "short-policy",
            Self::Duplicate(_) => "duplicate",
            Self::NotYet(_) => "not-yet",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(answer) => return answer.fmt(f),
            _ => f.write_str(self.name())?,
        }
        match self {
            Self::EarlyRefusal(answer) => write!(f, "={answer}"),
            Self::Delay(time) | Self::ShortPolicy(time) | Self::NotYet(time) => {
                let nanos = time.as_nanos();
                let exact = UNITS[..4].iter().rev().find(|(_, unit)| nanos % unit == 0);
                let (name, unit) = exact.unwrap_or(&UNITS[0]);
                write!(f, "={}{name}", nanos / unit)
            }
            Self::Duplicate(DuplicateAnswer::WithForm) => write!(f, "={WITH_FORM}"),
            Self::Duplicate(DuplicateAnswer::WithoutForm) => write!(f, "={WITHOUT_FORM}"),
            _ => Ok(()),
        }
    }
}

impl FromStr for Answer {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
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
                        .map_err(|_| RuleError(format!("the code `{value}` is no UTF-8")))?;
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
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status.as_u16())?;
        for (name, value) in &self.headers {
            write!(f, ",{name}={}", percent_encode(value.as_bytes(), PLAIN))?;
        }
        match &self.body {
            AnswerBody::Document(None) => Ok(()),
            AnswerBody::Document(Some(code)) => write!(f, ",code={}", percent_encode(code, PLAIN)),
            AnswerBody::Html => f.write_str(",html"),
            AnswerBody::Empty => f.write_str(",empty"),
            AnswerBody::Bytes(bytes) => write!(f, ",body={}", percent_encode(bytes, PLAIN)),
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

fn decoded(value: &str) -> Result<Vec<u8>, RuleError> {
    percent_decode(value).ok_or_else(|| {
        RuleError(format!(
            "`{value}` has a `%` without two hexadecimal digits: write `%25` for the sign itself"
        ))
    })
}

fn duration(text: &str) -> Result<Duration, RuleError> {
    let parsed = UNITS.iter().find_map(|(name, unit)| {
        let nanos = number::<u128>(text.strip_suffix(name)?)?.checked_mul(*unit)?;
        let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
        let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
        Some(Duration::new(seconds, rest))
    });
    parsed.ok_or_else(|| {
        RuleError(format!(
            "`{text}` is no duration: expected a number with ns, us, ms, s or m, as in 250ms"
        ))
    })
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

/// Digits alone; `FromStr` would take a plus sign as well.
fn number<T: FromStr>(text: &str) -> Option<T> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
