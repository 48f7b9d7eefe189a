//! Rules on the headers of answers.

use serde_json::{Map, Value, json};

use crate::{
    cut::name::{Fragment, header_name, reference},
    error::Result,
};

const SHARED: &str = "/components/headers";

/// The headers that every answer has, of which the description speaks where requests have run
/// out.
const RATE_LIMIT: [&str; 2] = ["X-RateLimit-Limit", "X-RateLimit-Remaining"];

/// Gives every success the headers that tell how many requests are left.
pub(super) fn rate_limit(fragment: &mut Fragment) -> Result<usize> {
    let shared = fragment.object(SHARED)?;
    for name in RATE_LIMIT {
        let header = json!({ "schema": { "type": "integer" } });
        shared.entry(header_name(name)).or_insert(header);
    }
    let mut added = 0;
    let paths = fragment.object("/paths")?.values_mut();
    let operations = paths
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut);
    for operation in operations {
        let answers = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for answer in answers.into_iter().flatten() {
            let (status, Some(answer)) = (answer.0, answer.1.as_object_mut()) else {
                continue;
            };
            if !status.starts_with('2') {
                continue;
            }
            let headers = answer.entry("headers").or_insert_with(|| json!({}));
            for name in RATE_LIMIT {
                let header = reference("headers", &header_name(name));
                added += usize::from(headers.get(name).is_none());
                headers[name] = header;
            }
        }
    }
    Ok(added)
}

/// Gives the answer that comes when requests have run out the header that tells when to come
/// again.
pub(super) fn retry_after(fragment: &mut Fragment) -> Result<usize> {
    let component = header_name("Retry-After");
    let shared = fragment.object(SHARED)?;
    if shared.contains_key(&component) {
        return Ok(0);
    }
    let header = json!({ "schema": { "type": "integer" } });
    let too_many = "/components/responses/TooManyRequests";
    let Ok(answer) = fragment.object(too_many) else {
        return Ok(0);
    };
    let headers = answer.entry("headers").or_insert_with(|| json!({}));
    headers["Retry-After"] = reference("headers", &component);
    fragment.object(SHARED)?.insert(component, header);
    Ok(1)
}

/// Numbers of requests and of seconds are whole.
pub(super) fn whole_numbers(fragment: &mut Fragment) -> Result<usize> {
    let mut changed = 0;
    for name in RATE_LIMIT {
        let schema = fragment.object(&format!("{SHARED}/{}/schema", header_name(name)))?;
        if schema.get("type") == Some(&json!("number")) {
            schema.insert("type".to_owned(), "integer".into());
            changed += 1;
        }
    }
    Ok(changed)
}
