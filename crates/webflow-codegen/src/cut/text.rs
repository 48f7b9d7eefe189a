//! Names made of words, and prose as documentation.

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};

/// `upload-details` and `uploadDetails` are `UploadDetails`. The name of a name is that name.
#[must_use]
pub fn pascal(name: &str) -> String {
    let mut name = name
        .replace(|c: char| !c.is_ascii_alphanumeric(), " ")
        .to_upper_camel_case();
    // Letters that were words are one word the next time: `XYZ` is `Xyz`.
    for _ in 0..4 {
        let again = name.to_upper_camel_case();
        if again == name {
            break;
        }
        name = again;
    }
    name
}

/// What a field or a parameter is called in the generated code, but for keywords.
#[must_use]
pub fn rust_name(name: &str) -> String {
    let words = name.replace('\'', "");
    let name = words.replace(|c: char| !c.is_alphanumeric(), "-");
    let name = name.to_snake_case();
    match name.chars().next() {
        Some(first) if first.is_alphabetic() => name,
        _ => format!("x{name}"),
    }
}

/// `list-assets` and `listAssets` are `list_assets`.
#[must_use]
pub fn snake(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), " ")
        .to_snake_case()
}

/// Prose of the description as documentation of Rust code: what looks like code would be run as
/// a test, and what looks like a link or a tag would lead nowhere.
#[must_use]
pub fn prose(text: &str) -> String {
    const LONGEST: usize = 2_000;
    let mut out = String::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("```") || line.starts_with("~~~") || out.len() > LONGEST {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        for letter in line.chars() {
            match letter {
                '[' | ']' | '<' | '>' => {
                    out.push('\\');
                    out.push(letter);
                }
                letter if letter.is_control() => out.push(' '),
                letter => out.push(letter),
            }
        }
    }
    out.trim().to_owned()
}
