//! What holds of every form, every policy and every answer.

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    string::string_regex,
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use webflow_assets::{
    Source,
    s3::{Error, Policy, Violation},
};

use crate::support::{
    chain,
    post::{Part, Post, answer},
    s3::base64,
};

/// S3's limit for a form without its file, in bytes.
const FORM_LIMIT: usize = 20 * 1024;
/// A field's share of the form besides its name and value, and then some.
const AROUND: usize = 200;

/// So many cases, or as many as `PROPTEST_CASES` asks for.
fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig {
        cases: if asked { default.cases } else { cases },
        failure_persistence: None,
        ..default
    }
}

/// Members in an order of their own, some of them twice, as a generated type could serialise.
#[derive(Clone, Debug)]
struct Details(Vec<(String, Value)>);

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

fn regex(pattern: &str) -> impl Strategy<Value = String> + use<> {
    string_regex(pattern).unwrap()
}

fn any_text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..24).prop_map(String::from_iter)
}

fn name() -> impl Strategy<Value = String> {
    let known = [
        "key",
        "Key",
        "KEY",
        "acl",
        "Policy",
        "policy",
        "tagging",
        "X-Amz-Date",
        "X-Amz-Credential",
        "x-amz-signature",
        "x-amz-meta-é",
        "Content-Type",
        "content-type",
    ];
    let odd = [
        "",
        "file",
        "File",
        "FILE",
        "files",
        "a\"b",
        "a\\b",
        "a\r\nb",
        "\0",
        "\u{7f}",
        "\u{85}",
        "x; filename=y",
        " ",
        "a:b",
        "%22",
        "&quot;",
        "\u{202e}",
    ];
    prop_oneof![
        20 => select(known.to_vec()).prop_map(str::to_owned),
        20 => regex(r#"[^\p{Cc}"\\]{1,12}"#),
        1 => select(odd.to_vec()).prop_map(str::to_owned),
        1 => any_text(),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => any_text(),
        4 => regex("(\r\n|\r|\n|--|-|[0-9a-f]{16}|: |Content-Disposition: form-data; name=\"file\"|\0|\"){0,12}"),
        2 => regex(r"[a-z/]{0,4}(\$\{filename\}|\$\{FileName\}|\$)"),
        1 => (1..30_000_usize).prop_map(|len| "long ".repeat(len / 5)),
    ]
}

fn member() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
    ];
    prop_oneof![
        30 => text().prop_map(Value::from),
        6 => Just(Value::Null),
        6 => number,
        3 => any::<bool>().prop_map(Value::from),
        1 => json_value(),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((any_text(), inner), 0..5).prop_map(|pairs| pairs.into_iter().collect()),
        ]
    })
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..2000),
        regex("(\r\n|--|-|[0-9a-f]{16}){0,12}").prop_map(String::into_bytes),
    ]
}

fn file_name() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "hero.png",
            "häuser 漢字.png",
            "sa\"y.png",
            "a\\b.png",
            "a\nb",
            "",
        ][..],
    )
}

/// The fields that the details stand for, or that they are no form.
fn fields_of(details: &Details) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    for (name, value) in &details.0 {
        let value = match value {
            Value::Null => continue,
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Array(_) | Value::Object(_) => return None,
        };
        if !is_plain(name) || name.to_lowercase() == "file" {
            return None;
        }
        fields.push((name.clone(), value));
    }
    (!fields.is_empty()).then_some(fields)
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['"', '\\']) && !name.contains(char::is_control)
}

/// The first field of this name, in any case.
fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let named = |field: &&(String, String)| field.0.to_ascii_lowercase() == name;
    fields.iter().find(named).map(|(_, value)| value.as_str())
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn what_a_parser_reads_back_is_what_was_given_or_nothing_is_sent(
        details in vec((name(), member()), 0..10).prop_map(Details),
        content in content(),
        file_name in file_name(),
    ) {
        let source = Source::bytes(file_name, content.clone());
        let (result, received) = Post::shared().exchange(&details, &source, answer(204, &[("etag", "\"e\"")], b""));
        let Some(fields) = fields_of(&details) else {
            prop_assert!(matches!(result, Err(Error::Form(_))), "{:?}", result);
            prop_assert!(received.is_none());
            return Ok(());
        };
        let len: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        let Some(received) = received else {
            match result {
                Err(Error::Policy(Violation::FormTooLarge { len: told, max, .. })) => {
                    prop_assert!(len + fields.len() * AROUND > FORM_LIMIT);
                    prop_assert!(told > max && max == FORM_LIMIT as u64);
                }
                Err(Error::Form(_)) => {
                    let key = field(&fields, "key").unwrap_or_default();
                    let takes_name = key.contains("${filename}");
                    prop_assert!(takes_name && !is_plain(file_name));
                }
                other => prop_assert!(false, "{:?}", other),
            }
            return Ok(());
        };
        prop_assert!(result.is_ok(), "{:?}", result);
        prop_assert!(received.len() - content.len() <= FORM_LIMIT + 2 * AROUND);
        prop_assert_eq!(received.header("authorization"), None);
        prop_assert_eq!(received.header("transfer-encoding"), None);
        prop_assert_eq!(received.header("content-length"), Some(&*received.len().to_string()));

        let takes_name = field(&fields, "key").is_some_and(|key| key.contains("${filename}"));
        let file_name = if takes_name { file_name } else { "file" };
        let mut parts = received.parts().unwrap();
        let file = parts.pop().unwrap();
        prop_assert_eq!(file, Part {
            name: "file".to_owned(),
            file_name: Some(file_name.to_owned()),
            content: content.into(),
        });
        let parts: Vec<(String, String)> = parts
            .into_iter()
            .map(|part| (part.name, String::from_utf8(part.content.into()).unwrap()))
            .collect();
        prop_assert_eq!(parts, fields);
    }
}

/// A condition that is known here, or a value where one should be.
#[derive(Clone, Debug)]
enum Condition {
    Is(&'static str, String),
    Eq(&'static str, String),
    StartsWith(&'static str, String),
    Range(u64, u64, bool),
    Other(Value),
}

impl Condition {
    fn to_json(&self) -> Value {
        match self {
            Self::Is(name, value) => json!({ *name: value }),
            Self::Eq(name, value) => json!(["EQ", format!("${name}"), value]),
            Self::StartsWith(name, value) => json!(["starts-with", format!("${name}"), value]),
            Self::Range(min, max, true) => json!(["content-length-range", min, max.to_string()]),
            Self::Range(min, max, false) => json!(["Content-Length-Range", min, max]),
            Self::Other(value) => value.clone(),
        }
    }

    /// The name of the field that it does not hold for.
    fn broken_by(&self, fields: &[(String, String)]) -> Option<&'static str> {
        let (name, holds): (_, &dyn Fn(&str) -> bool) = match self {
            Self::Is(name, wanted) | Self::Eq(name, wanted) => (name, &move |is| is == wanted),
            Self::StartsWith(name, start) => (name, &move |is: &str| is.starts_with(start)),
            Self::Range(..) | Self::Other(_) => return None,
        };
        let value = field(fields, &name.to_lowercase())?;
        (!holds(value) && !value.contains("${filename}")).then_some(name)
    }
}

const NAMES: [&str; 6] = ["key", "Key", "acl", "ACL", "Content-Type", "x-amz-meta-é"];

fn short() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => regex("[ab]{0,2}"),
        1 => Just("a${filename}".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    let other = [
        json!(7),
        json!(null),
        json!([]),
        json!(["eq"]),
        json!(["ends-with", "$key", "x"]),
        json!({"key": 5, "acl": null}),
        json!(["eq", "$key", ["x"]]),
        json!(["content-length-range", 1]),
        json!(["content-length-range", -1, 2.5]),
        json!(["content-length-range", "x", {}]),
    ];
    prop_oneof![
        3 => (select(&NAMES[..]), short()).prop_map(|(name, value)| Condition::Is(name, value)),
        3 => (select(&NAMES[..]), short()).prop_map(|(name, value)| Condition::Eq(name, value)),
        6 => (select(&NAMES[..]), regex("a?")).prop_map(|(name, value)| Condition::StartsWith(name, value)),
        2 => (0..20_u64, 0..20_u64, any::<bool>()).prop_map(|(min, max, text)| Condition::Range(min, max, text)),
        2 => select(other.to_vec()).prop_map(Condition::Other),
    ]
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_policy_forbids_exactly_what_its_conditions_do_not_hold_for(
        conditions in vec(condition(), 0..5),
        mut fields in vec((select(&NAMES[..]).prop_map(str::to_owned), short()), 0..5),
        lifetime in prop_oneof![Just(None), (-5000..20_000_i64).prop_map(Some)],
        len in 0..20_usize,
        at in any::<Index>(),
    ) {
        let signed: jiff::Timestamp = "2026-07-29T21:13:22Z".parse().unwrap();
        let expires = signed + jiff::SignedDuration::from_secs(lifetime.unwrap_or(-1));
        let document = json!({
            "expiration": expires.to_string(),
            "conditions": conditions.iter().map(Condition::to_json).collect::<Vec<_>>(),
        });
        let policy = base64(document.to_string().as_bytes());
        fields.insert(at.index(fields.len() + 1), ("Policy".to_owned(), policy));
        if lifetime.is_some() {
            // Without the time of signing, a policy's end tells nothing to a wrong clock.
            fields.push(("X-Amz-Date".to_owned(), "20260729T211322Z".to_owned()));
        }
        // All ranges must hold: the largest minimum and the smallest maximum.
        let ranges = conditions.iter().filter_map(|condition| match condition {
            Condition::Range(min, max, _) => Some((*min, *max)),
            _ => None,
        });
        let range = ranges.reduce(|a, b| (a.0.max(b.0), a.1.min(b.1)));
        let wrong_size = range.filter(|(min, max)| !(*min..=*max).contains(&(len as u64)));
        let wrong_field = conditions.iter().find_map(|condition| condition.broken_by(&fields));

        let details = fields.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        let source = Source::bytes("hero.png", vec![7; len]);
        let (result, received) =
            Post::shared().exchange(&Details(details.collect()), &source, answer(204, &[("etag", "\"e\"")], b""));
        if lifetime.is_some_and(|lifetime| lifetime <= 0) {
            let Err(Error::Policy(violation)) = result else { panic!("{result:?}") };
            prop_assert!(matches!(violation, Violation::Expired { .. }), "{:?}", violation);
        } else if let Some((min, max)) = wrong_size {
            let Err(Error::Policy(violation)) = result else { panic!("{result:?}") };
            let len = len as u64;
            prop_assert!(
                matches!(violation, Violation::Size { len: l, min: n, max: x, .. } if (l, n, x) == (len, min, max)),
                "{:?}", violation
            );
        } else if let Some(wrong) = wrong_field {
            let Err(Error::Policy(Violation::Field { name, .. })) = result else { panic!("{result:?}") };
            prop_assert_eq!(name, wrong);
        } else {
            prop_assert!(result.is_ok(), "{:?}", result);
            prop_assert!(received.is_some());
            return Ok(());
        }
        prop_assert!(received.is_none());
    }
}

const POLICY: &str = r#"{"expiration":"2026-07-29T22:13:22.000Z","conditions":[{"acl":"private"},["starts-with","$key","a"],["content-length-range",0,31457280],{"X-Amz-Date":"20260729T211322Z"}]}"#;

/// A few bytes replaced, put in or taken out, and perhaps the end missing.
fn mutated(text: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<Index>(), any::<u8>(), 0..3_u8);
    (vec(edit, 0..6), proptest::option::of(any::<Index>())).prop_map(move |(edits, end)| {
        let mut text = text.clone();
        for (at, byte, how) in edits {
            let at = at.index(text.len() + 1);
            match how {
                0 => text.insert(at, byte),
                1 if at < text.len() => text[at] = byte,
                _ if at < text.len() => drop(text.remove(at)),
                _ => {}
            }
        }
        if let Some(end) = end {
            text.truncate(end.index(text.len() + 1));
        }
        text
    })
}

fn any_policy() -> impl Strategy<Value = String> {
    let document = prop_oneof![
        json_value(),
        json_value().prop_map(|conditions| json!({ "conditions": conditions })),
        (any_text(), vec(json_value(), 0..4)).prop_map(
            |(expiration, conditions)| json!({ "expiration": expiration, "conditions": conditions })
        ),
    ];
    prop_oneof![
        any_text(),
        regex("[A-Za-z0-9+/]{0,80}={0,2}"),
        document.prop_map(|document| base64(document.to_string().as_bytes())),
        mutated(POLICY.into()).prop_map(|document| base64(&document)),
        mutated(base64(POLICY.as_bytes()).into())
            .prop_map(|field| String::from_utf8_lossy(&field).into_owned()),
    ]
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn no_policy_is_too_odd_to_be_read_or_left_to_s3(
        policy in any_policy(),
        date in prop_oneof![Just("20260729T211322Z".to_owned()), any_text()],
    ) {
        let decoded = Policy::decode(&policy);
        let details = json!({ "key": "a", "acl": "private", "Policy": policy, "X-Amz-Date": date });
        let (result, received) =
            Post::shared().exchange(&details, &Source::bytes("x", "x"), answer(204, &[("etag", "\"e\"")], b""));
        match result {
            Ok(_) => prop_assert!(received.is_some()),
            Err(Error::Policy(_)) => prop_assert!(received.is_none() && decoded.is_some()),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

/// How a server quotes what it was sent.
#[derive(Clone, Copy, Debug)]
enum Quoting {
    Verbatim,
    Xml,
    XmlNumbers,
    Url,
    UrlTwice,
    UrlInXml,
}

const QUOTINGS: [Quoting; 6] = [
    Quoting::Verbatim,
    Quoting::Xml,
    Quoting::XmlNumbers,
    Quoting::Url,
    Quoting::UrlTwice,
    Quoting::UrlInXml,
];

impl Quoting {
    fn quote(self, text: &str) -> String {
        text.chars()
            .map(|c| match (self, c) {
                (Self::Xml, '&') => "&amp;".to_owned(),
                (Self::Xml, '<') => "&lt;".to_owned(),
                (Self::Xml, '>') => "&gt;".to_owned(),
                (Self::Xml, '"') => "&quot;".to_owned(),
                (Self::Xml, '\'') => "&apos;".to_owned(),
                (Self::XmlNumbers, c) if !c.is_ascii_alphanumeric() => {
                    format!("&#x{:x};", u32::from(c))
                }
                (Self::Url, c) if !c.is_ascii_alphanumeric() => format!("%{:02X}", u32::from(c)),
                (Self::UrlTwice, c) => format!("%25{:02x}", u32::from(c)),
                (Self::UrlInXml, c) => format!("&#37;{:02X}", u32::from(c)),
                _ => c.to_string(),
            })
            .collect()
    }
}

/// The fields that sign a form: policy, signature, credential, session token.
#[derive(Clone, Debug)]
struct Secrets([String; 4]);

impl Secrets {
    const NAMES: [&str; 4] = [
        "Policy",
        "X-Amz-Signature",
        "X-Amz-Credential",
        "x-amz-security-token",
    ];

    fn details(&self) -> Value {
        Self::NAMES.into_iter().zip(self.0.clone()).collect()
    }

    /// Everything that must show up nowhere.
    fn all(&self) -> impl Iterator<Item = &str> {
        let key_id = self.0[2].split('/').next();
        self.0.iter().map(String::as_str).chain(key_id)
    }
}

fn secrets() -> impl Strategy<Value = Secrets> {
    (
        regex("[A-Za-z0-9+/]{40,200}={0,2}"),
        regex("[0-9a-f]{64}"),
        regex("AKIA[A-Z0-9]{16}/20260729/us-east-1/s3/aws4_request"),
        regex(r#"[A-Za-z0-9+/=&<>'"]{16,80}"#),
    )
        .prop_map(|(policy, signature, credential, token)| {
            Secrets([policy, signature, credential, token])
        })
}

/// A part of an answer: text, bytes, or a secret by its number.
#[derive(Clone, Debug)]
enum Piece {
    Bytes(Vec<u8>),
    Quote(usize, Quoting),
}

fn piece() -> impl Strategy<Value = Piece> {
    let tags = [
        "<Error>",
        "</Error>",
        "<Error/>",
        "<PostResponse>",
        "</PostResponse>",
        "<Code>",
        "</Code>",
        "<Message>",
        "</Message>",
        "<RequestId>",
        "</RequestId>",
        "<HostId>",
        "<StringToSign>",
        "<ETag>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "&amp;",
        "&#0;",
        "&x;",
        "<?xml version=\"1.0\"?>",
        "<!DOCTYPE html><html>",
        "\u{feff}",
        "%",
        "&",
        "\r\n",
    ];
    prop_oneof![
        4 => (0..4_usize, select(&QUOTINGS[..])).prop_map(|(secret, how)| Piece::Quote(secret, how)),
        3 => select(tags.to_vec()).prop_map(|tag| Piece::Bytes(tag.into())),
        2 => any_text().prop_map(|text| Piece::Bytes(text.into())),
        1 => vec(any::<u8>(), 0..40).prop_map(Piece::Bytes),
    ]
}

/// A piece that leaves an XML document one.
fn quiet_piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        (0..3_usize, select(&QUOTINGS[..])).prop_map(|(secret, how)| Piece::Quote(secret, how)),
        select(&[Quoting::Xml, Quoting::XmlNumbers][..]).prop_map(|how| Piece::Quote(3, how)),
        regex("[^&<>\\p{Cc}]{0,12}(&amp;|&#x41;|\r\n)?").prop_map(|text| Piece::Bytes(text.into())),
    ]
}

/// A document like S3's, or a page.
fn document(piece: BoxedStrategy<Piece>) -> impl Strategy<Value = Vec<Piece>> {
    let names = [
        "Code",
        "Message",
        "RequestId",
        "HostId",
        "StringToSign",
        "ETag",
        "Key",
    ];
    let element = move |name: &'static str| {
        vec(piece.clone(), 0..3).prop_map(move |mut content| {
            content.insert(0, Piece::Bytes(format!("<{name}>").into()));
            content.push(Piece::Bytes(format!("</{name}>").into()));
            content
        })
    };
    (
        select(&["Error", "Error", "PostResponse", "PostObject", "html"][..]),
        vec(select(names.to_vec()).prop_flat_map(element), 0..5),
    )
        .prop_map(|(root, elements)| {
            let mut pieces = elements.concat();
            pieces.insert(
                0,
                Piece::Bytes(format!("<?xml version=\"1.0\"?><{root} a=\"b\">").into()),
            );
            pieces.push(Piece::Bytes(format!("</{root}>").into()));
            pieces
        })
}

fn body() -> impl Strategy<Value = Vec<Piece>> {
    prop_oneof![
        2 => document(quiet_piece().boxed()),
        1 => document(piece().boxed()),
        1 => vec(piece(), 0..8),
    ]
}

/// How much of the answer arrives.
#[derive(Clone, Copy, Debug)]
enum Framing {
    Exact,
    BrokenOff,
    UntilClose,
    NoHttp,
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn no_answer_brings_a_secret_into_an_error_or_goes_unread(
        secrets in secrets(),
        status in prop_oneof![
            3 => select(&[200_u16, 201, 204, 303, 400, 403, 429, 500, 503][..]),
            1 => 100..=999_u16,
        ],
        body in body(),
        end in proptest::option::weighted(0.2, any::<Index>()),
        header in (select(&["x-amz-request-id", "x-amz-id-2", "location", "etag", "via"][..]), 0..4_usize, select(&QUOTINGS[..])),
        framing in prop_oneof![
            8 => Just(Framing::Exact),
            1 => Just(Framing::BrokenOff),
            1 => Just(Framing::UntilClose),
            1 => Just(Framing::NoHttp),
        ],
    ) {
        let mut body: Vec<u8> = body
            .into_iter()
            .flat_map(|piece| match piece {
                Piece::Bytes(bytes) => bytes,
                Piece::Quote(secret, how) => how.quote(&secrets.0[secret]).into(),
            })
            .collect();
        if let Some(end) = end {
            body.truncate(end.index(body.len() + 1));
        }
        let (name, secret, how) = header;
        let header = format!("<{}>", how.quote(&secrets.0[secret]));
        let mut reply = answer(status, &[(name, &header)], &body);
        match framing {
            Framing::Exact => {}
            Framing::BrokenOff => reply.truncate(reply.len() - body.len() / 2),
            Framing::UntilClose => {
                reply = format!("HTTP/1.1 {status} x\r\n{name}: {header}\r\n\r\n").into();
                reply.extend(&body);
            }
            Framing::NoHttp => reply = body,
        }
        let (result, _) =
            Post::shared().exchange(&secrets.details(), &Source::bytes("x", "x"), reply);
        let Err(error) = result else {
            prop_assert!((200..300).contains(&status));
            return Ok(());
        };
        match &error {
            Error::Refused(refusal) => prop_assert_eq!(refusal.status.as_u16(), status),
            Error::Unconfirmed(refusal) => {
                prop_assert_eq!(refusal.status.as_u16(), status);
                prop_assert!((200..300).contains(&status) && refusal.code.is_none());
            }
            // An interim answer that nothing follows, or none at all.
            Error::Transport(_) => {
                prop_assert!(status < 200 || matches!(framing, Framing::NoHttp), "{:?}", error);
            }
            other => prop_assert!(false, "{:?}", other),
        }
        prop_assert_eq!(error.to_string().lines().count(), 1);
        let mut seen = vec![chain(&error)];
        if let Some(refusal) = error.refusal() {
            let texts = [&refusal.code, &refusal.message, &refusal.request_id, &refusal.host_id];
            seen.extend(texts.into_iter().flatten().cloned());
            let values = refusal.headers.values();
            seen.extend(values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()));
        }
        for (secret, how) in secrets.all().flat_map(|secret| QUOTINGS.map(|how| (secret, how))) {
            let quoted = how.quote(secret);
            for text in &seen {
                prop_assert!(!text.contains(&quoted), "{:?} {} in {}", how, secret, text);
                prop_assert!(!text.contains(&quoted.escape_debug().to_string()), "{}", text);
            }
        }
    }
}
