//! Reads the bodies of requests and responses for the fragment.

use serde_json::{Map, Value, json};

use crate::{
    cut::{
        convert::{Converter, Side},
        operation::{Reader, Request, Response},
        source::At,
    },
    error::Result,
};

const JSON: &str = "application/json";

/// The media types of bodies that the generator can send, in order of preference.
const SENT: [&str; 4] = [
    JSON,
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "text/plain",
];

/// The body in JSON, and its media type: with a character set and the like, or any type.
pub(super) fn json_of(content: &Value) -> Option<(&str, &Value)> {
    let content = content.as_object()?;
    let exact = content.get_key_value(JSON);
    let found = exact.or_else(|| {
        content.iter().find(|(media, _)| {
            let media = media.split(';').next().unwrap_or_default().trim();
            [JSON, "*/*"].contains(&media) || media.ends_with("+json")
        })
    });
    found.map(|(media, body)| (media.as_str(), body))
}

impl Reader<'_> {
    pub(super) fn request(self, value: &Value, at: At) -> Result<Option<Request>> {
        let (value, at) = self.source.follow(value, at)?;
        let object = at.object(value)?;
        let Some(content) = object.get("content").and_then(Value::as_object) else {
            self.source.note(&at, "has no content; left out");
            return Ok(None);
        };
        let found = json_of(&object["content"]);
        let Some(media) = SENT
            .iter()
            .find(|media| content.contains_key(**media) || **media == JSON && found.is_some())
        else {
            let types: Vec<&str> = content.keys().map(String::as_str).collect();
            let message = format!("bodies of type `{}` cannot be sent", types.join("`, `"));
            return Err(at.child("content").error(message));
        };
        let schema = match *media {
            "application/octet-stream" => json!({ "type": "string", "format": "binary" }),
            "text/plain" => json!({ "type": "string" }),
            media => {
                let (media, body) = found.unwrap_or_else(|| (media, &content[media]));
                let at = at.child("content").child(media);
                self.body(body, Side::Request, &at)?
            }
        };
        Ok(Some(Request {
            required: object.get("required") == Some(&json!(true)),
            media: (*media).to_owned(),
            schema,
        }))
    }

    /// The schema of a body. Its examples are not taken over.
    fn body(self, media: &Value, side: Side, at: &At) -> Result<Value> {
        let source = self.source;
        let converter = Converter { source, side };
        match media.get("schema") {
            Some(schema) => converter.schema(schema, &at.child("schema")),
            None => Ok(json!({})),
        }
    }

    pub(super) fn responses(self, object: &Map<String, Value>, at: &At) -> Result<Vec<Response>> {
        let (listed, at) = at.member(object, "responses")?;
        let mut responses = Vec::new();
        for (status, value) in at.object(listed)? {
            if status.starts_with("x-") {
                continue;
            }
            let at = at.child(status);
            let status = status.to_ascii_uppercase();
            let digits = status.trim_end_matches('X');
            let is_known = status.len() == 3
                && !digits.is_empty()
                && digits.bytes().all(|digit| digit.is_ascii_digit())
                && status.starts_with(['2', '4', '5']);
            if is_known {
                let is_error = !status.starts_with('2');
                match self.response(status.clone(), value, at.clone()) {
                    Err(e) if is_error => {
                        self.tolerated(Err::<(), _>(e), &at)?;
                        responses.push(Response::bodyless(status));
                    }
                    response => responses.push(response?),
                }
            } else {
                self.source
                    .note(&at, "no status of 2xx, 4xx or 5xx; left out");
            }
        }
        responses.sort_by(|a, b| a.status.cmp(&b.status));
        let mut successes = 0;
        responses.retain(|response| {
            successes += usize::from(!response.is_error());
            response.is_error() || successes == 1
        });
        match successes {
            0 => return Err(at.error("expected a status of success")),
            1 => {}
            _ => self
                .source
                .note(&at, "several statuses of success; the lowest is taken"),
        }
        // Every request can be refused.
        if !responses.iter().any(Response::is_error) {
            responses.push(Response::bodyless("429".to_owned()));
        }
        Ok(responses)
    }

    fn response(self, status: String, value: &Value, at: At) -> Result<Response> {
        let (value, at) = self.source.follow(value, at)?;
        let object = at.object(value)?;
        let mut headers = Map::new();
        for (name, value) in object
            .get("headers")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let (value, at) = self.source.follow(value, at.child("headers").child(name))?;
            let source = self.source;
            let converter = Converter {
                source,
                side: Side::Response,
            };
            let schema = match value.get("schema") {
                Some(schema) => converter.schema(schema, &at.child("schema"))?,
                None => json!({ "type": "string" }),
            };
            headers.insert(name.clone(), json!({ "schema": schema }));
        }
        let mut response = Response {
            headers,
            ..Response::bodyless(status)
        };
        response.words = self
            .words(object, &["description"])
            .remove("description")
            .and_then(|text| text.as_str().map(str::to_owned));
        let content = object.get("content").and_then(Value::as_object);
        if content.is_none_or(Map::is_empty) {
            return Ok(response);
        }
        response.body = match json_of(&object["content"]) {
            Some((media, body)) => {
                let at = at.child("content").child(media);
                Some((JSON.to_owned(), self.body(body, Side::Response, &at)?))
            }
            None if response.is_error() => None,
            None => {
                self.source
                    .note(&at.child("content"), "no JSON; taken as bytes");
                let schema = json!({ "type": "string", "format": "binary" });
                Some(("application/octet-stream".to_owned(), schema))
            }
        };
        Ok(response)
    }
}
