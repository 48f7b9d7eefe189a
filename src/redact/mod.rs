//! Redacts secrets in what servers send.

mod escape;

use std::{borrow::Cow, cmp::Reverse, collections::BTreeSet, fmt, ops::Range};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, HeaderValue};

use self::escape::unescape;
use crate::id::encode;

const REDACTED: &str = "[redacted]";

/// A response may be cut off within a secret. Less than this much of one proves nothing, and other
/// words begin likewise.
const PARTIAL: usize = 8;

/// How often a text may have been escaped.
const LAYERS: usize = 8;

/// Texts that no error and no header of a response may quote.
pub(crate) struct Secrets {
    /// The secrets, their Base64 encodings, the encodings of those, and the secrets in hexadecimal
    /// digits; in lower case and sorted.
    spellings: Vec<Spelling>,
    /// Whether a quotation may begin with a byte. Most bytes of most responses begin none.
    begins: [bool; 256],
}

/// A secret as it may be quoted, and whether it is in Base64, where the digits on both sides have
/// some of its bits.
type Spelling = (String, bool);

impl Secrets {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let secrets = secrets.into_iter().filter(|secret| !secret.is_empty());
        let mut spellings: BTreeSet<String> = secrets.map(str::to_owned).collect();
        let digits: Vec<String> = spellings
            .iter()
            .filter_map(|text| hexadecimal(text))
            .collect();
        // What is encoded in Base64 may be within something that is encoded, too.
        let mut encoded: BTreeSet<String> =
            spellings.iter().flat_map(|text| base64(text)).collect();
        let twice: Vec<String> = encoded.iter().flat_map(|text| base64(text)).collect();
        encoded.extend(twice);
        spellings.extend(digits);
        let verbatim = spellings.into_iter().map(|text| (text, false));
        let spellings: BTreeSet<Spelling> = verbatim
            .chain(encoded.into_iter().map(|text| (text, true)))
            .map(|(text, encoded)| (text.to_ascii_lowercase(), encoded))
            .collect();
        let mut begins = [false; 256];
        let firsts = spellings.iter().filter_map(|(text, _)| text.bytes().next());
        for byte in firsts.chain(escape::BEGINS.iter().copied()) {
            begins[usize::from(byte)] = true;
            begins[usize::from(byte.to_ascii_uppercase())] = true;
        }
        Self {
            spellings: spellings.into_iter().collect(),
            begins,
        }
    }

    /// These secrets and others.
    pub(crate) fn and(mut self, others: Option<&Self>) -> Self {
        if let Some(others) = others {
            self.spellings.extend_from_slice(&others.spellings);
            self.spellings.sort_unstable();
            for (begins, other) in self.begins.iter_mut().zip(others.begins) {
                *begins |= other;
            }
        }
        self
    }

    /// Replaces the secrets that a server, or a proxy on the way, quotes: verbatim, in Base64, in
    /// hexadecimal digits, escaped for XML, a URL, JSON, C or a mail, more than once as well, or
    /// broken into lines. The case of ASCII letters does not count.
    pub(crate) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut quotations = self.quotations(text.as_bytes());
        if text.bytes().any(|byte| escape::BEGINS.contains(&byte)) {
            let mut decoded = Decoded::of(text);
            for _ in 0..LAYERS {
                let Some(next) = decoded.decode() else { break };
                decoded = next;
                let found = self.quotations(&decoded.text);
                quotations.extend(found.into_iter().map(|quotation| decoded.source(quotation)));
            }
        }
        if quotations.is_empty() {
            return Cow::Borrowed(text);
        }
        quotations.sort_unstable_by_key(|quotation| (quotation.start, Reverse(quotation.end)));
        let mut clean = String::new();
        let mut kept = 0;
        for Range { start, end } in quotations {
            if start >= kept {
                clean.push_str(&text[kept..start]);
                clean.push_str(REDACTED);
            }
            kept = kept.max(end);
        }
        clean.push_str(&text[kept..]);
        Cow::Owned(clean)
    }

    /// Where a text quotes secrets, escaped at most once.
    fn quotations(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut quotations = Vec::new();
        let mut at = 0;
        let next = |byte: &u8| self.begins[usize::from(*byte)];
        while let Some(skipped) = text[at..].iter().position(next) {
            at += skipped;
            let rest = &text[at..];
            let first = &rest[0];
            let decoded = unescape(rest).and_then(|(bytes, _)| bytes.first().copied());
            let decoded = decoded.map(|byte| self.beginning_with(byte));
            let spellings = self.beginning_with(*first).iter();
            let spellings = spellings.chain(decoded.unwrap_or_default());
            // The longest: a part may begin where the whole does.
            let found = spellings.filter_map(|(s, encoded)| Some((quoted(rest, s)?, *encoded)));
            if let Some((len, encoded)) = found.max() {
                let quotation = at..at + len;
                at += len;
                quotations.push(if encoded {
                    with_neighbours(text, quotation)
                } else {
                    quotation
                });
            } else {
                at += 1;
            }
        }
        quotations
    }

    fn beginning_with(&self, byte: u8) -> &[Spelling] {
        let byte = byte.to_ascii_lowercase();
        let is_less = |(text, _): &Spelling| text.as_bytes().first() < Some(&byte);
        let from = self.spellings.partition_point(is_less);
        let rest = &self.spellings[from..];
        let is_it = |(text, _): &Spelling| text.as_bytes().first() == Some(&byte);
        &rest[..rest.partition_point(is_it)]
    }

    /// Replaces the secrets in the values of headers.
    pub(crate) fn redact_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let text = String::from_utf8_lossy(value.as_bytes());
            if let Cow::Owned(clean) = self.redact(&text) {
                *value =
                    HeaderValue::from_str(&clean).unwrap_or(HeaderValue::from_static(REDACTED));
            }
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// A text whose escapes are decoded, and what each byte was decoded from.
struct Decoded {
    text: Vec<u8>,
    sources: Vec<Range<usize>>,
}

impl Decoded {
    fn of(text: &str) -> Self {
        Self {
            text: text.as_bytes().to_vec(),
            sources: (0..text.len()).map(|at| at..at + 1).collect(),
        }
    }

    /// Decodes each escape once; `None` if there is none.
    fn decode(&self) -> Option<Self> {
        let mut next = Self {
            text: Vec::with_capacity(self.text.len()),
            sources: Vec::with_capacity(self.text.len()),
        };
        let mut at = 0;
        while let Some(byte) = self.text.get(at) {
            if let Some((bytes, len)) = unescape(&self.text[at..]) {
                let source = self.source(at..at + len);
                next.sources.extend(vec![source; bytes.len()]);
                next.text.extend(bytes);
                at += len;
            } else {
                next.sources.push(self.sources[at].clone());
                next.text.push(*byte);
                at += 1;
            }
        }
        (next.text.len() < self.text.len()).then_some(next)
    }

    /// The part of the original text that a part of this one was decoded from.
    fn source(&self, part: Range<usize>) -> Range<usize> {
        self.sources[part.start].start..self.sources[part.end - 1].end
    }
}

/// A part of a text that is in Base64, with the digit on each side and the padding.
fn with_neighbours(text: &[u8], part: Range<usize>) -> Range<usize> {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let before = text[..part.start].last().is_some_and(is_digit);
    let start = part.start - usize::from(before);
    let after = text.get(part.end).is_some_and(is_digit);
    let end = part.end + usize::from(after);
    let padding = text[end..].iter().take(2).take_while(|byte| **byte == b'=');
    start..end + padding.count()
}

/// How Base64 spells a secret, in both alphabets and wherever it stands in what was encoded. The
/// digits at both ends that also depend on its neighbours are left out.
fn base64(secret: &str) -> impl Iterator<Item = String> {
    let spell = |before: usize| {
        let bytes = [&vec![0; before], secret.as_bytes()].concat();
        let own = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
        [
            STANDARD_NO_PAD.encode(&bytes)[own.clone()].to_owned(),
            URL_SAFE_NO_PAD.encode(&bytes)[own].to_owned(),
        ]
    };
    // Other words have as few digits in common.
    (0..3)
        .flat_map(spell)
        .filter(|spelling| spelling.len() >= PARTIAL)
}

/// A secret in hexadecimal digits, unless other texts have as few in common.
fn hexadecimal(secret: &str) -> Option<String> {
    let digits: String = secret.bytes().flat_map(encode).map(char::from).collect();
    (digits.len() >= PARTIAL).then_some(digits)
}

/// How many bytes of a text quote a secret, which is in lower case, from its first byte on, if they
/// do.
fn quoted(text: &[u8], secret: &str) -> Option<usize> {
    let verbatim = text.get(..secret.len());
    if verbatim.is_some_and(|text| text.eq_ignore_ascii_case(secret.as_bytes())) {
        return Some(secret.len());
    }
    let mut left = secret.as_bytes();
    let mut rest = text;
    while let Some(first) = left.first() {
        let matched = secret.len() - left.len();
        let escape = unescape(rest);
        if let Some((bytes, len)) = &escape
            && let Some(after) = left.strip_prefix(bytes.to_ascii_lowercase().as_slice())
        {
            left = after;
            rest = &rest[*len..];
        } else if rest.first().map(u8::to_ascii_lowercase) == Some(*first) {
            left = &left[1..];
            rest = &rest[1..];
        } else if matched > 0 && rest.first().is_some_and(|&byte| is_blank(byte)) {
            rest = &rest[1..];
        } else if let Some((bytes, len)) = escape
            && matched > 0
            && bytes.iter().all(|&byte| is_blank(byte))
        {
            rest = &rest[len..];
        } else if matched > 0 && is_blank(*first) {
            left = &left[1..];
        } else if matched >= PARTIAL && is_cut_off(rest) {
            return Some(text.len());
        } else {
            return None;
        }
    }
    Some(text.len() - rest.len())
}

/// A line end, or the zeros between the letters of UTF-16.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte.is_ascii_control()
}

/// Whether a text ends here, or with an escape that its end cuts off.
fn is_cut_off(rest: &[u8]) -> bool {
    rest.is_empty() || (rest.len() < escape::LONGEST && escape::BEGINS.contains(&rest[0]))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const SECRET: &str = "AKIDEXAMPLE/2026+07&29==";

    #[test]
    fn a_secret_is_found_however_it_is_quoted() {
        for quoted in [
            SECRET,
            "AKIDEXAMPLE/2026+07&amp;29==",
            "AKIDEXAMPLE&#x2F;2026&#43;07&#x26;29&#61;=",
            "AKIDEXAMPLE%2F2026%2b07%2629%3D%3D",
            r"AKIDEXAMPLE\/2026+07\u002629==",
            "AKIDEXAMPLE/20\r\n  26+07&29\n==",
            r"AKIDEXAMPLE/20\r\n\t26+07&29==",
            "AKIDEXAMPLE%252F2026%25252b07&amp;amp;29%26%2361%3b=",
            r"\\u0041KIDEXAMPLE\\\/2026\\\\u002b07&29==",
            "AKIDEXAMPLE/20%0D%0A26+07&29&#10;==",
            "akidEXAMPLE/2026%2b07&29==",
            r"\x41KIDEXAMPLE\x2F2026\x2b07&29==",
            r"\101KIDEXAMPLE\0572026\05307&29\075=",
            "=41KIDEXAMPLE=2F20=\r\n26+07&29=3D=3D",
            "=41KIDEXAMPLE=252F20=\n26+07&29=3d=3D",
            "414b49444558414d504c452f323032362b30372632393d3d",
            "414B49444558414D504C452F\n323032362B30372632393D3D",
            "A\0K\0I\0D\0E\0X\0A\0M\0P\0L\0E\0/2026+07&29==",
        ] {
            let text = format!("say `{quoted}` & {quoted}; 100%");
            assert_eq!(
                Secrets::new([SECRET]).redact(&text),
                "say `[redacted]` & [redacted]; 100%"
            );
        }
    }

    #[test]
    fn secrets_within_secrets_are_hidden_once() {
        let secrets = ["AKIDEXAMPLE", SECRET, "redacted", ""];
        assert_eq!(
            Secrets::new(secrets).redact(&format!("{SECRET}AKIDEXAMPLE é")),
            "[redacted][redacted] é"
        );
    }

    #[test]
    fn the_beginning_of_a_secret_at_the_end_is_hidden() {
        let secrets = Secrets::new([SECRET]);
        assert_eq!(secrets.redact("é AKIDEXAMPLE%2F2026%2"), "é [redacted]");
        assert_eq!(
            secrets.redact("é AKIDEXAMPLE%252F2026%25252"),
            "é [redacted]"
        );
        assert_eq!(secrets.redact("é AKIDEXA"), "é AKIDEXA");
    }

    #[test]
    fn what_quotes_no_secret_stays_as_it_is() {
        for text in ["", "%", "%zz&;&#;&#xffffffff;\\u12", "&amp;%2F\\/ é\n"] {
            let clean = Secrets::new([SECRET]).redact(text);
            assert!(matches!(clean, Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn a_secret_in_base64_is_hidden_with_the_digits_that_it_shares_with_its_neighbours() {
        let secrets = Secrets::new([SECRET]);
        for before in ["", "a", "ab", "user:"] {
            let text = format!("{before}{SECRET}?>");
            for encoded in [STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                let clean = secrets.redact(&encoded).into_owned();
                let left = clean.replacen(REDACTED, "", 1);
                assert_eq!(clean.len(), left.len() + REDACTED.len(), "{encoded}");
                let shared = (before.len() + "?>".len()) * 8 / 6;
                assert!(left.len() <= shared, "{clean}");
            }
        }
        for secret in [SECRET, "AKIDEXAMPLE", "AKIDEXAMPLE/"] {
            let encoded = STANDARD.encode(secret);
            let clean = Secrets::new([secret]).redact(&encoded).into_owned();
            assert_eq!(clean, REDACTED, "{encoded}");
        }
        let twice = STANDARD_NO_PAD.encode(STANDARD_NO_PAD.encode(format!("user:{SECRET}")));
        let clean = secrets.redact(&twice).into_owned();
        assert!(clean.contains(REDACTED) && clean.len() < 30, "{clean}");
        // Too short to be told from other text.
        assert_eq!(Secrets::new(["abc"]).redact("YWJj abc"), "YWJj [redacted]");
    }
}
