//! Decodes the escapes of XML, URLs, JSON, C and mails.

use quick_xml::escape::resolve_xml_entity;

/// No escape is longer: `&#x10FFFF;`.
pub(super) const LONGEST: usize = 10;

/// The bytes that escapes begin with.
pub(super) const BEGINS: &[u8] = b"%&\\=";

/// What the escape that a text begins with stands for, and its length.
pub(super) fn unescape(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (first, rest) = text.split_first()?;
    let character = |c: char, len| Some((c.to_string().into_bytes(), len));
    match first {
        // Quoted-printable, whose lines end so where the text goes on.
        b'=' if rest.starts_with(b"\r\n") => character('\n', 3),
        b'=' if rest.starts_with(b"\n") => character('\n', 2),
        b'%' | b'=' => Some((vec![byte(rest, 16, 2)?], 3)),
        b'\\' if rest.first().is_some_and(|c| b"/\\\"".contains(c)) => {
            character(char::from(rest[0]), 2)
        }
        b'\\' if rest.first().is_some_and(|c| b"nrt".contains(c)) => character('\n', 2),
        b'\\' if rest.starts_with(b"x") => Some((vec![byte(&rest[1..], 16, 2)?], 4)),
        b'\\' if rest.first().is_some_and(u8::is_ascii_digit) => Some((vec![byte(rest, 8, 3)?], 4)),
        b'\\' => {
            let digits = rest.strip_prefix(b"u")?.get(..4)?;
            character(char::from_u32(hex(digits)?)?, 6)
        }
        b'&' => {
            let len = rest.iter().take(LONGEST).position(|&byte| byte == b';')?;
            character(entity(&rest[..len])?, len + 2)
        }
        _ => None,
    }
}

/// The character of an entity: `amp`, `#47`, `#x2F`.
fn entity(name: &[u8]) -> Option<char> {
    let name = std::str::from_utf8(name).ok()?;
    match name.strip_prefix('#') {
        Some(digits) => match digits.strip_prefix(['x', 'X']) {
            Some(digits) => char::from_u32(hex(digits.as_bytes())?),
            None => char::from_u32(digits.parse().ok()?),
        },
        None => resolve_xml_entity(name)?.chars().next(),
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    number(digits, 16)
}

/// The byte that so many digits stand for.
fn byte(digits: &[u8], radix: u32, len: usize) -> Option<u8> {
    number(digits.get(..len)?, radix)?.try_into().ok()
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    // `from_str_radix` takes a sign.
    let all = digits.iter().all(u8::is_ascii_hexdigit);
    all.then(|| u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok())?
}
