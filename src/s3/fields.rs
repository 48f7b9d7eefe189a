//! The fields of a form, from the details of a create call.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;

use super::error::Error;
use crate::redact::Secrets;

/// The fields that sign the form, in lower case. Their values appear in no error. A generated client
/// marks them with `format: password`.
const SECRET_FIELDS: [&str; 6] = [
    "awsaccesskeyid",
    "policy",
    "signature",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
];

/// The members of an object as form fields, in their order.
#[derive(Clone)]
pub(super) struct Fields(pub(super) Vec<(String, String)>);

impl Fields {
    /// Serialises the details and uses their members as fields.
    pub(super) fn of(details: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let refuse = |error: serde_json::Error| {
            let text = error.to_string();
            // A position in the serialised details would mean nothing to a user.
            let why = text.rsplit_once(" at line ").map_or(&*text, |(why, _)| why);
            Error::Form(format!("the upload details are not form fields: {why}"))
        };
        let details = serde_json::to_vec(details).map_err(refuse)?;
        let fields: Self = serde_json::from_slice(&details).map_err(refuse)?;
        if fields.0.is_empty() {
            return Err(Error::Form("the upload details have no fields".to_owned()));
        }
        fields.0.iter().try_for_each(|(name, _)| check_name(name))?;
        Ok(fields)
    }

    /// The value of a field; S3 ignores the case of names.
    pub(super) fn value_of(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The values that sign the form, to be kept out of errors.
    pub(super) fn secrets(&self) -> Secrets {
        let values = self
            .0
            .iter()
            .filter(|(name, _)| SECRET_FIELDS.contains(&name.to_ascii_lowercase().as_str()))
            .flat_map(|(name, value)| {
                // A credential is `<access key id>/<date>/<region>/…`, and S3 quotes its parts.
                let is_credential = name.eq_ignore_ascii_case("x-amz-credential");
                let id = value.split('/').next().filter(|_| is_credential);
                [Some(value.as_str()), id]
            })
            .flatten()
            // The texts of a response are read without the space around them.
            .map(str::trim);
        Secrets::new(values)
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(Error::Form(format!(
            "the upload details have a field `{}`, which cannot be a field's name",
            name.escape_debug()
        )));
    }
    if name.eq_ignore_ascii_case("file") {
        return Err(Error::Form(
            "the upload details have a field named `file`, which S3 would take for the file"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Whether a character needs no escaping in a form's header under any reading of the standards.
pub(super) fn is_plain(c: char) -> bool {
    !c.is_control() && c != '"' && c != '\\'
}

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
                                "the member `{}` is neither text nor a number",
                                name.escape_debug()
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
