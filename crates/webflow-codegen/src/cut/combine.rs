//! Schemas that are composed of others: `$ref`, `allOf`, `anyOf` and `oneOf`.

use serde_json::{Map, Value, json};

use crate::{
    cut::{
        convert::{ANY, Converter, Side, TITLE},
        merge::{Merge, merge},
        source::At,
    },
    error::Result,
};

impl Converter<'_> {
    /// Merges the schemas of `$ref` and `allOf` into this one.
    pub(super) fn references(
        &self,
        object: &Map<String, Value>,
        at: &At,
        out: &mut Map<String, Value>,
    ) -> Result<()> {
        let mut parts = Vec::new();
        if let Some(reference) = object.get("$ref") {
            match self
                .source
                .target(reference.as_str().unwrap_or_default(), at)
            {
                Ok((target, place)) => parts.push(self.schema(target, &place)?),
                Err(e) if self.source.is_exhausted() => return Err(e),
                Err(e) => {
                    let text = format!("{}; taken as any value", e.message());
                    self.source.note(at, &text);
                    out.clear();
                    return Ok(());
                }
            }
        }
        if let Some(Value::Array(list)) = object.get("allOf") {
            let at = at.child("allOf");
            for (index, part) in list.iter().enumerate() {
                parts.push(self.schema(part, &at.child(&index))?);
            }
        }
        // Keywords beside a reference are added to those of its target.
        let beside = std::mem::take(out);
        let parts = parts.into_iter().filter_map(|part| match part {
            Value::Object(part) => Some(part),
            _ => None,
        });
        for part in parts.chain([beside]) {
            if merge(out, part, Merge::All).is_err() {
                self.source.note(at, "contradicts itself; any value");
                out.clear();
                break;
            }
        }
        Ok(())
    }

    /// `oneOf` and `anyOf`: one shape, or one and null. Of several, a response has the fields of
    /// all, and a request is one of them, if they are objects or lists.
    pub(super) fn choices(
        &self,
        object: &Map<String, Value>,
        at: &At,
        out: &mut Map<String, Value>,
    ) -> Result<()> {
        for key in ["anyOf", "oneOf"] {
            let Some(Value::Array(list)) = object.get(key) else {
                continue;
            };
            let at = at.child(key);
            let mut shapes = Vec::new();
            for (index, shape) in list.iter().enumerate() {
                if shape.get("type") == Some(&json!("null")) {
                    out.insert("nullable".to_owned(), true.into());
                } else if !only_requires(shape) {
                    let at = at.child(&index);
                    let mut converted = self.schema(shape, &at)?;
                    let target = self.source.follow(shape, at).map(|(target, _)| target);
                    let mut titles = [Some(shape), target.ok()].into_iter().flatten();
                    if let Some(title) = titles.find_map(|shape| shape.get("title")?.as_str()) {
                        converted[TITLE] = title.into();
                    }
                    shapes.push(converted);
                }
            }
            shapes.dedup();
            let is_structured = |shape: &Value| {
                let kind = shape.get("type").and_then(Value::as_str);
                matches!(kind, Some("object" | "array"))
            };
            if shapes.len() > 1
                && self.side == Side::Request
                && !out.contains_key("properties")
                && shapes.iter().all(is_structured)
            {
                // The generated type is the first variant that fits: one must not lose the
                // fields of another.
                for shape in shapes
                    .iter_mut()
                    .filter(|shape| shape.get("properties").is_some())
                {
                    if shape.get("additionalProperties").is_none() {
                        shape["additionalProperties"] = false.into();
                    }
                }
                out.insert("oneOf".to_owned(), shapes.into());
                continue;
            }
            let mut shapes = shapes.into_iter().map(|mut shape| {
                let fields = shape.as_object_mut().map(std::mem::take);
                let mut fields = fields.unwrap_or_default();
                fields.remove(TITLE);
                fields
            });
            let Some(mut one) = shapes.next() else {
                continue;
            };
            let all = shapes.try_for_each(|shape| merge(&mut one, shape, Merge::Either));
            if all.and_then(|()| merge(out, one, Merge::All)).is_err() {
                out.insert(ANY.to_owned(), true.into());
            }
        }
        Ok(())
    }
}

/// Whether a shape only says which fields are required, which Rust types cannot express.
fn only_requires(shape: &Value) -> bool {
    let says = ["required", "type", "title", "description"];
    shape.get("required").is_some()
        && shape
            .as_object()
            .is_some_and(|shape| shape.keys().all(|key| says.contains(&key.as_str())))
}
