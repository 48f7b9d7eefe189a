//! Hex digits, numbers, and what may stand unescaped in URLs and XML.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// All but the unreserved characters of a URL.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Lower-case hex digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    format!("{:x}", Bytes::copy_from_slice(bytes))
}

/// `length` random lower-case hex digits. They tell sandboxes apart; nothing worth protecting depends on them.
pub(crate) fn random_hex(length: usize) -> String {
    std::iter::repeat_with(|| fastrand::digit(16))
        .take(length)
        .collect()
}

pub(crate) fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Digits alone; `FromStr` would accept a plus sign as well.
pub(crate) fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
