//! Small spellings: hex digits, random identifiers, percent and XML escapes.

use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};

/// Lower-case hex digits of `bytes`.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// `length` random lower-case hex digits.
pub(super) fn random_hex(length: usize) -> String {
    let mut text = String::with_capacity(length + 16);
    while text.len() < length {
        let _ = write!(text, "{:016x}", random());
    }
    text.truncate(length);
    text
}

/// Seeded by the operating system and different at every call. Good enough to tell sandboxes apart; nothing that is
/// worth protecting depends on it.
fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// Percent-encodes all but unreserved characters and those in `keep`.
pub(super) fn percent_encode(text: impl AsRef<[u8]>, keep: &[u8]) -> String {
    let bytes = text.as_ref();
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len()), |mut encoded, &byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || keep.contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                let _ = write!(encoded, "%{byte:02X}");
            }
            encoded
        })
}

/// The bytes that percent-encoded `text` stands for; nothing if a percent sign is not followed by two hex digits.
pub(super) fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16)?.try_into().ok();
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        decoded.push(if byte == b'%' {
            let high: u8 = digit(rest.next()?)?;
            16 * high + digit(rest.next()?)?
        } else {
            byte
        });
    }
    Some(decoded)
}

const XML_ESCAPES: [(char, &str); 5] = [
    ('&', "&amp;"),
    ('<', "&lt;"),
    ('>', "&gt;"),
    ('"', "&quot;"),
    ('\'', "&apos;"),
];

/// Escapes text for an XML element, as S3 does.
pub(super) fn xml_escape(text: &str) -> String {
    text.chars().fold(
        String::with_capacity(text.len()),
        |mut escaped, character| {
            match XML_ESCAPES.iter().find(|(plain, _)| *plain == character) {
                // S3 leaves apostrophes as they are.
                Some((plain, entity)) if *plain != '\'' => escaped.push_str(entity),
                _ => escaped.push(character),
            }
            escaped
        },
    )
}

/// The text of the first element called `name`, or nothing.
pub(super) fn xml_text(document: &str, name: &str) -> Option<String> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    // Ampersands last, so that an escaped entity is not resolved twice.
    Some(
        XML_ESCAPES
            .iter()
            .rev()
            .fold(text.to_owned(), |text, (plain, entity)| {
                text.replace(entity, plain.encode_utf8(&mut [0; 4]))
            }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_reads_back() {
        let text = r#"a < b && "c" > 'd' &lt;"#;
        let document = format!("<Error><Message>{}</Message></Error>", xml_escape(text));
        assert_eq!(xml_text(&document, "Message").as_deref(), Some(text));
        assert_eq!(xml_text(&document, "Code"), None);
    }

    #[test]
    fn identifiers_have_the_asked_length_and_differ() {
        assert_eq!(random_hex(24).len(), 24);
        assert_ne!(random_hex(24), random_hex(24));
    }

    #[test]
    fn percent_encoding_keeps_what_it_is_told_to() {
        assert_eq!(percent_encode("a/b c\u{e9}", b"/"), "a/b%20c%C3%A9");
        assert_eq!(percent_encode("a/b", b""), "a%2Fb");
    }

    #[test]
    fn percent_encoded_bytes_read_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        let encoded = percent_encode(&bytes, b" /");
        assert_eq!(percent_decode(&encoded), Some(bytes));
        for broken in ["%", "a%2", "%zz", "%+1"] {
            assert_eq!(percent_decode(broken), None, "{broken}");
        }
    }
}
