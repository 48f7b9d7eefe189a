//! Rules on what is sent.

use serde_json::{Map, Value, json};

use crate::{
    cut::name::{Fragment, Note, reference, with},
    error::{Error, Result},
};

/// What is a string in the description, and more in the fragment, by place.
#[rustfmt::skip]
const PLACES: [(&str, &str); 8] = [
    ("/components/parameters/SiteId/schema", "SiteId"),
    ("/components/parameters/AssetId/schema", "AssetId"),
    ("/components/parameters/AssetFolderId/schema", "FolderId"),
    ("/components/parameters/FolderIdQuery/schema", "FolderId"),
    ("/components/schemas/NewAsset/properties/fileName", "FileName"),
    ("/components/schemas/NewAsset/properties/fileHash", "FileHash"),
    ("/components/schemas/NewAsset/properties/parentFolder", "FolderId"),
    ("/components/schemas/NewAssetFolder/properties/parentFolder", "FolderId"),
];

/// Gives ids, the hash and the file name a type of their own that checks them.
pub(super) fn constrained(fragment: &mut Fragment) -> Result<usize> {
    let mut changed = 0;
    for (place, name) in PLACES {
        let Ok(schema) = fragment.object(place) else {
            let text = format!("rule `constrained-requests` found nothing at `{place}`");
            let component = None;
            fragment.notes.insert(Note { component, text });
            continue;
        };
        let beside: Map<String, Value> = ["nullable", "deprecated"]
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), schema.remove(key)?)))
            .collect();
        schema.remove("format");
        if *schema != Map::from_iter([("type".to_owned(), json!("string"))]) {
            let found = Value::from(schema.clone());
            let message =
                format!("expected a plain string, found {found}; compare it with `{name}`");
            return Err(Error::new(place, message));
        }
        let reference = with(reference("schemas", name), beside);
        *fragment
            .document
            .pointer_mut(place)
            .unwrap_or(&mut Value::Null) = reference;
        fragment
            .schemas()?
            .insert(name.to_owned(), constraint(name));
        changed += 1;
    }
    Ok(changed)
}

/// An id such as `..` would walk up the request's path.
fn constraint(name: &str) -> Value {
    match name {
        "FileName" => json!({ "type": "string", "minLength": 1, "maxLength": 99 }),
        "FileHash" => json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" }),
        _ => json!({ "type": "string", "pattern": "^[0-9A-Fa-f]{24}$" }),
    }
}
