//! Ids and digests: values of a fixed number of hexadecimal digits.

#[cfg(feature = "sync")]
use std::io::{self, Read};
use std::{convert::Infallible, fmt, str::FromStr};

use fast_md5::Md5 as Hasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The text is not the id or digest that is expected.
///
/// ```
/// use webflow_assets::SiteId;
///
/// let error = "my-site".parse::<SiteId>().unwrap_err();
/// assert_eq!(error.to_string(), "a site id has 24 hexadecimal digits");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} has {digits} hexadecimal digits")]
pub struct IdError {
    what: &'static str,
    digits: usize,
    text: String,
}

impl IdError {
    /// The text that was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// What is an id already always converts.
impl From<Infallible> for IdError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Declares a type that holds `$len` bytes and is written as twice as many hexadecimal digits.
///
/// `$schema` is its name in the OpenAPI fragment. Where `$lower` is true, the fragment allows no
/// upper-case digits, and neither does deserialization.
macro_rules! hexadecimal {
    ($(#[$doc:meta])* $name:ident($vis:vis [u8; $len:literal]), $what:literal, $schema:literal, $pattern:literal, lower: $lower:literal) => {
        $(#[$doc])*
        ///
        /// `Display` and serialization write lower-case digits; parsing accepts either case.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name($vis [u8; $len]);

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                decode(text).map(Self).ok_or_else(|| IdError {
                    what: $what,
                    digits: 2 * $len,
                    text: text.to_owned(),
                })
            }
        }

        impl TryFrom<&str> for $name {
            type Error = IdError;

            fn try_from(text: &str) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl TryFrom<&String> for $name {
            type Error = IdError;

            fn try_from(text: &String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        // A builder takes what converts into the type, and callers often have a reference.
        impl From<&$name> for $name {
            fn from(value: &$name) -> Self {
                *value
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 2 * $len];
                for (digits, byte) in text.chunks_exact_mut(2).zip(self.0) {
                    digits.copy_from_slice(&encode(byte));
                }
                f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // Without a copy where the format has the text at hand.
                struct Visitor;

                impl de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "{} of {} hexadecimal digits", $what, 2 * $len)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        if $lower && text.bytes().any(|byte| byte.is_ascii_uppercase()) {
                            let text = de::Unexpected::Str(text);
                            return Err(E::invalid_value(text, &"lower-case digits"));
                        }
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Visitor)
            }
        }

        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $schema.into()
            }

            fn schema_id() -> std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($name)).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

hexadecimal! {
    /// The id of a site: 24 hexadecimal digits.
    ///
    /// ```
    /// use webflow_assets::SiteId;
    ///
    /// let id: SiteId = "580E63E98C9A982AC9B8B741".parse()?;
    /// assert_eq!(id, SiteId::try_from("580e63e98c9a982ac9b8b741")?);
    /// assert_eq!(id.to_string(), "580e63e98c9a982ac9b8b741");
    /// # Ok::<(), webflow_assets::IdError>(())
    /// ```
    SiteId([u8; 12]), "a site id", "SiteId", "^[0-9A-Fa-f]{24}$", lower: false
}

hexadecimal! {
    /// The id of an asset: 24 hexadecimal digits.
    ///
    /// ```
    /// use webflow_assets::AssetId;
    ///
    /// let id: AssetId = "64358b9544249dc43d37d2b7".parse()?;
    /// assert_eq!(id.to_string(), "64358b9544249dc43d37d2b7");
    /// assert!("..".parse::<AssetId>().is_err());
    /// # Ok::<(), webflow_assets::IdError>(())
    /// ```
    AssetId([u8; 12]), "an asset id", "AssetId", "^[0-9A-Fa-f]{24}$", lower: false
}

hexadecimal! {
    /// The id of an asset folder: 24 hexadecimal digits.
    ///
    /// ```
    /// use webflow_assets::FolderId;
    ///
    /// let id: FolderId = "6436b1ce5281cace05b65aea".parse()?;
    /// assert_eq!(id.to_string(), "6436b1ce5281cace05b65aea");
    /// # Ok::<(), webflow_assets::IdError>(())
    /// ```
    FolderId([u8; 12]), "a folder id", "FolderId", "^[0-9A-Fa-f]{24}$", lower: false
}

hexadecimal! {
    /// The MD5 digest of a file's content: 32 hexadecimal digits, lower-case in JSON.
    ///
    /// ```
    /// use webflow_assets::Md5;
    ///
    /// let md5: Md5 = "3c7d87c9575702bc3b1e991f4d3c638e".parse()?;
    /// assert_eq!(md5.0[0], 0x3c);
    /// assert_eq!(md5.to_string(), "3c7d87c9575702bc3b1e991f4d3c638e");
    /// # Ok::<(), webflow_assets::IdError>(())
    /// ```
    Md5(pub [u8; 16]), "an MD5", "FileHash", "^[0-9a-f]{32}$", lower: true
}

impl Md5 {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(bytes);
        Self(hasher.finalize())
    }

    /// The MD5 of all that a reader has, and the length of that in bytes.
    #[cfg(feature = "sync")]
    pub(crate) fn read(mut reader: impl Read) -> io::Result<(Self, u64)> {
        let mut hasher = Hasher::new();
        let mut buffer = vec![0; 64 * 1024];
        let mut len = 0;
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok((Self(hasher.finalize()), len)),
                n => {
                    hasher.update(&buffer[..n]);
                    len += n as u64;
                }
            }
        }
    }
}

/// The bytes that exactly `2 * N` hexadecimal digits stand for.
fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}

/// The digits of a byte, in lower case.
pub(crate) fn encode(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)])
}

fn digit(ascii: u8) -> Option<u8> {
    // A hexadecimal digit fits in four bits.
    char::from(ascii)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
