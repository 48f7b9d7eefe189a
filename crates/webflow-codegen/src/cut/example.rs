//! What the examples of a description say of the types of responses.

use serde_json::{Map, Value};

use crate::{
    cut::{
        convert::{Converter, Side, any},
        source::At,
    },
    error::Result,
};

impl Converter<'_> {
    /// Takes a text in a response for any value where the examples of the description have a
    /// number, true or false: the description says two things, and a response must not be lost
    /// because one is wrong. `holder` has the examples, and `out` is its schema.
    pub(super) fn heed(&self, holder: &Map<String, Value>, at: &At, out: &mut Value) -> Result<()> {
        if self.side == Side::Request {
            return Ok(());
        }
        if let Some(example) = holder.get("example") {
            self.example(example, &at.child("example"), out)?;
        }
        let at = at.child("examples");
        match holder.get("examples") {
            Some(Value::Array(examples)) => {
                for (index, example) in examples.iter().enumerate() {
                    self.example(example, &at.child(&index), out)?;
                }
            }
            Some(Value::Object(examples)) => {
                for (name, example) in examples {
                    if let Some(example) = example.get("value") {
                        self.example(example, &at.child(name).child("value"), out)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn example(&self, example: &Value, at: &At, out: &mut Value) -> Result<()> {
        self.source.take(None, at)?;
        let found = match example {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let schema = out.get_mut("properties").and_then(|all| all.get_mut(name));
                    if let Some(schema) = schema {
                        self.example(value, &at.child(name), schema)?;
                    }
                }
                return Ok(());
            }
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    if let Some(schema) = out.get_mut("items") {
                        self.example(value, &at.child(&index), schema)?;
                    }
                }
                return Ok(());
            }
            Value::Null | Value::String(_) => return Ok(()),
            Value::Number(_) => "number",
            Value::Bool(_) => "boolean",
        };
        if out.get("type").is_some_and(|said| said == "string") {
            let text = format!("a {found}, but of type `string`; taken as any value");
            self.source.note(at, &text);
            if let Some(out) = out.as_object_mut() {
                any(out);
            }
        }
        Ok(())
    }
}
