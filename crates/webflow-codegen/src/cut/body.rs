//! Reads the bodies of requests and responses for the fragment.

use serde_json::{Map, Value, json};

use crate::{
    cut::{
        convert::{Converter, Side},
        media::{JSON, essence, json_in},
        operation::{Reader, Request, Response},
        source::At,
    },
    error::Result,
};

/// The media types of bodies that the generator can send, JSON aside, in order of preference.
const SENT: [&str; 3] = [
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
        let content_at = at.child("content");
        let other = || {
            SENT.iter().find_map(|sent| {
                let mut found = content.iter().filter(|(media, _)| essence(media) == *sent);
                found.next().map(|(media, body)| (*sent, media, body))
            })
        };
        let found = json_in(content).map(|(media, body)| (JSON, media, body));
        let Some((sent, media, body)) = found.or_else(other) else {
            let types: Vec<&str> = content.keys().map(String::as_str).collect();
            let message = format!("bodies of type `{}` cannot be sent", types.join("`, `"));
            return Err(content_at.error(message));
        };
        let at_body = content_at.child(media);
        if essence(media) != sent {
            self.source.note(&at_body, &format!("sent as `{sent}`"));
        }
        let schema = match sent {
            "application/octet-stream" => json!({ "type": "string", "format": "binary" }),
            "text/plain" => json!({ "type": "string" }),
            _ => self.body(body, Side::Request, &at_body)?,
        };
        Ok(Some(Request {
            required: self.source.flag(object, "required", &at),
            media: sent.to_owned(),
            schema,
        }))
    }

    /// The schema of a body.
    fn body(self, media: &Value, side: Side, at: &At) -> Result<Value> {
        let source = self.source;
        let converter = Converter { source, side };
        let mut out = match media.get("schema") {
            Some(schema) => converter.schema(schema, &at.child("schema"))?,
            None => json!({}),
        };
        if let Some(media) = media.as_object() {
            converter.heed(media, at, &mut out)?;
        }
        Ok(out)
    }

    pub(super) fn responses(self, object: &Map<String, Value>, at: &At) -> Result<Vec<Response>> {
        let (listed, at) = at.member(object, "responses")?;
        let listed = at.object(listed)?;
        let has_success = listed.keys().any(|status| status.starts_with('2'));
        let (mut errors, mut successes, mut failure) = (Vec::new(), Vec::new(), None);
        for (status, value) in listed {
            if status.starts_with("x-") {
                continue;
            }
            let at = at.child(status);
            let mut status = status.to_ascii_uppercase();
            if status == "DEFAULT" && !has_success {
                let text = "no status of success beside it; taken as 200";
                self.source.note(&at, text);
                "200".clone_into(&mut status);
            }
            let digits = status.trim_end_matches('X');
            let is_known = status.len() == 3
                && !digits.is_empty()
                && digits.bytes().all(|digit| digit.is_ascii_digit())
                && status.starts_with(['2', '4', '5']);
            if !is_known {
                self.source
                    .note(&at, "no status of 2xx, 4xx or 5xx; left out");
                continue;
            }
            let is_success = status.starts_with('2');
            match self.response(status.clone(), value, at.clone()) {
                Ok(response) if is_success => successes.push(response),
                Ok(response) => errors.push(response),
                Err(error) if is_success && !self.source.is_exhausted() => failure = Some(error),
                Err(error) => {
                    self.tolerated(Err::<(), _>(error), &at)?;
                    errors.push(Response::bodyless(status));
                }
            }
        }
        successes.sort_by(|a, b| a.status.cmp(&b.status));
        errors.sort_by(|a, b| a.status.cmp(&b.status));
        if successes.is_empty() {
            return Err(failure.unwrap_or_else(|| at.error("expected a status of success")));
        }
        let with_body = successes.iter().position(|success| success.body.is_some());
        let success = successes.swap_remove(with_body.unwrap_or_default());
        if !successes.is_empty() || failure.is_some() {
            let status = &success.status;
            let text = format!("several statuses of success; {status} is taken");
            self.source.note(&at, &text);
        }
        let mut responses = vec![success];
        responses.append(&mut errors);
        // Every request can be refused.
        if !responses.iter().any(Response::is_error) {
            responses.push(Response::bodyless("429".to_owned()));
        }
        Ok(responses)
    }

    fn response(self, status: String, value: &Value, at: At) -> Result<Response> {
        let (value, at) = self.source.follow(value, at)?;
        let mut response = Response::bodyless(status);
        if value.is_null() {
            self.source.note(&at, "null; taken as without a body");
            return Ok(response);
        }
        let object = at.object(value)?;
        let headers = object.get("headers").and_then(Value::as_object);
        for (name, value) in headers.into_iter().flatten() {
            let at = at.child("headers").child(name);
            let header = self.tolerated(self.header(value, at.clone()), &at)?;
            let header = header.map(|header| (name.clone(), header));
            response.headers.extend(header);
        }
        response.words = self
            .words(object, &["description"])
            .remove("description")
            .and_then(|text| text.as_str().map(str::to_owned));
        let content = object.get("content").and_then(Value::as_object);
        let Some(content) = content.filter(|content| !content.is_empty()) else {
            return Ok(response);
        };
        response.body = match json_in(content) {
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

    fn header(self, value: &Value, at: At) -> Result<Value> {
        let (value, at) = self.source.follow(value, at)?;
        let source = self.source;
        let side = Side::Response;
        let converter = Converter { source, side };
        let schema = match value.get("schema") {
            Some(schema) => converter.schema(schema, &at.child("schema"))?,
            None => json!({ "type": "string" }),
        };
        Ok(json!({ "schema": schema }))
    }
}
