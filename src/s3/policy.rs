//! Decodes the POST policy, and compares it with what is about to be sent.

use std::{
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::error::Violation;
use crate::time::Timestamp;

/// What a signed form may upload, and until when.
///
/// Decoded from the form's `Policy` field. S3 decides; the check here comes before the transfer.
///
/// ```
/// use webflow_assets::s3::Policy;
///
/// // {"expiration":"2026-07-29T22:13:22Z","conditions":[["content-length-range",1,31457280]]}
/// let field = "eyJleHBpcmF0aW9uIjoiMjAyNi0wNy0yOVQyMjoxMzoyMloiLCJjb25kaXRpb25zIjpbWyJjb250ZW50LWxlbmd0\
///              aC1yYW5nZSIsMSwzMTQ1NzI4MF1dfQ==";
/// let policy = Policy::decode(field).expect("it is a policy");
/// assert_eq!(policy.content_length_range, Some(1..=31_457_280));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// When the policy expires, by the clock of the signer.
    pub expiration: Option<SystemTime>,
    /// The file lengths that are allowed, in bytes.
    pub content_length_range: Option<RangeInclusive<u64>>,
    conditions: Vec<Condition>,
}

#[derive(Clone)]
struct Condition {
    name: String,
    matching: Matching,
}

#[derive(Clone)]
enum Matching {
    Equal(String),
    StartsWith(String),
}

/// A condition's value may be a credential.
impl std::fmt::Debug for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Policy {
    /// Decodes a `Policy` field; `None` if it is not Base64 of a policy document.
    #[must_use]
    pub fn decode(field: &str) -> Option<Self> {
        let document: Value = serde_json::from_slice(&STANDARD.decode(field.trim()).ok()?).ok()?;
        let mut policy = Self {
            expiration: document
                .get("expiration")
                .and_then(Value::as_str)
                .and_then(Timestamp::rfc3339)
                .map(SystemTime::from),
            content_length_range: None,
            conditions: Vec::new(),
        };
        for condition in document.get("conditions")?.as_array()? {
            policy.add(condition);
        }
        Some(policy)
    }

    /// Adds one condition. One in an unknown format is left to S3.
    fn add(&mut self, condition: &Value) {
        match condition {
            Value::Object(pairs) => {
                for (name, value) in pairs {
                    self.push(name, value, Matching::Equal);
                }
            }
            Value::Array(items) => match items.as_slice() {
                [Value::String(operator), Value::String(name), value] => {
                    let name = name.strip_prefix('$').unwrap_or(name);
                    match operator.to_ascii_lowercase().as_str() {
                        "eq" => self.push(name, value, Matching::Equal),
                        "starts-with" => self.push(name, value, Matching::StartsWith),
                        _ => {}
                    }
                }
                [Value::String(operator), min, max]
                    if operator.eq_ignore_ascii_case("content-length-range") =>
                {
                    if let (Some(min), Some(max)) = (number(min), number(max)) {
                        // All of them must hold.
                        let range = self.content_length_range.take().unwrap_or(0..=u64::MAX);
                        self.content_length_range =
                            Some(min.max(*range.start())..=max.min(*range.end()));
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn push(&mut self, name: &str, value: &Value, matching: fn(String) -> Matching) {
        if let Value::String(value) = value {
            self.conditions.push(Condition {
                name: name.to_owned(),
                matching: matching(value.clone()),
            });
        }
    }

    /// How long the form was valid when it was signed (`X-Amz-Date` to expiration).
    ///
    /// The signer's clock alone decides: this machine's may be wrong, and the form reached it
    /// just after it was signed.
    pub(super) fn lifetime(&self, amz_date: Option<&str>) -> Option<Duration> {
        let signed = SystemTime::from(Timestamp::aws(amz_date?)?);
        let lifetime = self.expiration?.duration_since(signed);
        Some(lifetime.unwrap_or_default())
    }

    /// Compares a file's length in bytes with the allowed range.
    pub(super) fn check_len(&self, len: u64) -> Result<(), Violation> {
        match &self.content_length_range {
            Some(range) if !range.contains(&len) => Err(Violation::Size {
                len,
                min: *range.start(),
                max: *range.end(),
            }),
            _ => Ok(()),
        }
    }

    /// Compares the fields with the conditions. A condition on a field that is not sent is left to
    /// S3, which knows some (`bucket`) from elsewhere.
    pub(super) fn check_fields(&self, fields: &[(String, String)]) -> Result<(), Violation> {
        for condition in &self.conditions {
            let value = fields
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(&condition.name));
            let holds = match (value, &condition.matching) {
                (None, _) => true,
                // S3 inserts the file's name before it compares.
                (Some((_, value)), _) if value.contains("${filename}") => true,
                (Some((_, value)), Matching::Equal(wanted)) => value == wanted,
                (Some((_, value)), Matching::StartsWith(prefix)) => value.starts_with(prefix),
            };
            if !holds {
                return Err(Violation::Field {
                    name: condition.name.clone(),
                });
            }
        }
        Ok(())
    }
}

/// A bound of `content-length-range`; some signers write it as a string.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(document: &Value) -> Policy {
        Policy::decode(&STANDARD.encode(document.to_string())).unwrap()
    }

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn each_kind_of_condition_holds_or_names_its_field() {
        let policy = policy(&json!({
            "expiration": "2026-07-29T22:13:22Z",
            "conditions": [
                {"acl": "public-read"},
                ["eq", "$Content-Type", "text/css"],
                ["starts-with", "$key", "site/"],
                ["starts-with", "$Cache-Control", ""],
                ["content-length-range", 0, "10"],
                ["content-length-range", 1, 99],
                {"bucket": "b"},
                ["unheard-of", "$key", "x"],
                7
            ]
        }));
        let check = |pairs: &[(&str, &str)]| policy.check_fields(&fields(pairs));
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&[("ACL", "public-read"), ("key", "site/a")]), Ok(()));
        for (pair, named) in [
            (("acl", "private"), "acl"),
            (("content-type", "text/html"), "Content-Type"),
            (("key", "other/a"), "key"),
        ] {
            let name = named.to_owned();
            assert_eq!(check(&[pair]), Err(Violation::Field { name }));
        }
        assert_eq!(check(&[("key", "${filename}")]), Ok(()));
        assert_eq!(policy.content_length_range, Some(1..=10));
        assert_eq!(policy.check_len(10), Ok(()));
        for len in [0, 11] {
            let (min, max) = (1, 10);
            assert_eq!(
                policy.check_len(len),
                Err(Violation::Size { len, min, max })
            );
        }
    }

    #[test]
    fn a_lifetime_runs_from_signing_to_expiration() {
        let policy = policy(&json!({"expiration": "2026-07-29T22:13:22Z", "conditions": []}));
        let lifetime = |date| policy.lifetime(date);
        assert_eq!(
            lifetime(Some("20260729T211322Z")),
            Some(Duration::from_secs(3600))
        );
        assert_eq!(lifetime(Some("20260729T221323Z")), Some(Duration::ZERO));
        assert_eq!(lifetime(Some("yesterday")), None);
        assert_eq!(lifetime(None), None);
    }

    #[test]
    fn what_is_no_policy_is_none() {
        for field in ["", "%%%", "e30=", "bnVsbA==", "eyJjb25kaXRpb25zIjp7fX0="] {
            assert!(Policy::decode(field).is_none(), "{field}");
        }
    }
}
