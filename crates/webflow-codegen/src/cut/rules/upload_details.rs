//! Rules on `UploadDetails`, the fields of the signed form.

use serde_json::{Value, json};

use crate::{cut::name::Fragment, error::Result};

const SCHEMA: &str = "/components/schemas/UploadDetails";

/// What the generator turns into a type that is never printed.
const SECRET: &str = "password";

/// Adds the field that an earlier description had.
pub(super) fn security_token(fragment: &mut Fragment) -> Result<usize> {
    let fields = fragment.object(&format!("{SCHEMA}/properties"))?;
    let name = "X-Amz-Security-Token";
    if fields.contains_key(name) {
        return Ok(0);
    }
    fields.insert(name.to_owned(), json!({ "type": "string" }));
    Ok(1)
}

/// Marks the fields with which anyone could upload.
pub(super) fn secrets(fragment: &mut Fragment) -> Result<usize> {
    let mut marked = 0;
    let fields = fragment.object(&format!("{SCHEMA}/properties"))?;
    for field in [
        "Policy",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
    ] {
        if let Some(field) = fields.get_mut(field).and_then(Value::as_object_mut) {
            field.insert("format".to_owned(), SECRET.into());
            marked += 1;
        }
    }
    Ok(marked)
}

/// Takes fields that are not listed too, whatever their type, and prints none of them.
pub(super) fn open(fragment: &mut Fragment) -> Result<usize> {
    let schema = fragment.object(SCHEMA)?;
    let open = json!({ "format": SECRET });
    let old = schema.insert("additionalProperties".to_owned(), open);
    Ok(usize::from(old.is_none()))
}
