//! Which media types are JSON.

use serde_json::{Map, Value};

pub(super) const JSON: &str = "application/json";

/// A media type in lower case, without parameters such as `charset=utf-8`.
pub(super) fn essence(media: &str) -> String {
    let essence = media.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The media type and the body of those in `content` that are JSON: by name, by suffix, or among
/// all types.
pub(super) fn json_in(content: &Map<String, Value>) -> Option<(&String, &Value)> {
    let is_suffixed = |media: &str| media.starts_with("application/") && media.ends_with("+json");
    let rank = |media: &str| match essence(media).as_str() {
        JSON => Some(0),
        media if is_suffixed(media) => Some(1),
        "application/*" | "*/*" => Some(2),
        _ => None,
    };
    let ranked = content
        .iter()
        .filter_map(|body| Some((rank(body.0)?, body)));
    let best = ranked.min_by_key(|(rank, _)| *rank);
    best.map(|(_, body)| body)
}

/// The same of a value that should be an object.
pub(super) fn json_of(content: &Value) -> Option<(&String, &Value)> {
    content.as_object().and_then(json_in)
}
