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

impl Reader<'_> {
    pub(super) fn request(self, value: &Value, at: At) -> Result<Option<Request>> {
        let (value, at) = self.source.follow(value, at)?;
        let object = at.object(value)?;
        let Some(content) = object.get("content").and_then(Value::as_object) else {
            self.source.note(&at, "has no content; left out");
            return Ok(None);
        };
        let Some(media) = SENT.iter().find(|media| content.contains_key(**media)) else {
            let types: Vec<&str> = content.keys().map(String::as_str).collect();
            let message = format!("bodies of type `{}` cannot be sent", types.join("`, `"));
            return Err(at.child("content").error(message));
        };
        let schema = match *media {
            "application/octet-stream" => json!({ "type": "string", "format": "binary" }),
            "text/plain" => json!({ "type": "string" }),
            media => self.body(
                &content[media],
                Side::Request,
                &at.child("content").child(media),
            )?,
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
                responses.push(self.response(status, value, at)?);
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
            responses.push(Response {
                status: "429".to_owned(),
                headers: Map::new(),
                body: None,
                words: None,
            });
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
            status,
            headers,
            body: None,
            words: None,
        };
        response.words = self
            .words(object, &["description"])
            .remove("description")
            .and_then(|text| text.as_str().map(str::to_owned));
        let content = object.get("content").and_then(Value::as_object);
        let Some(content) = content.filter(|content| !content.is_empty()) else {
            return Ok(response);
        };
        response.body = match content.get(JSON) {
            Some(media) => {
                let at = at.child("content").child(JSON);
                Some((JSON.to_owned(), self.body(media, Side::Response, &at)?))
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
