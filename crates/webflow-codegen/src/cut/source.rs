//! Navigates a description: places as JSON pointers, and references.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    iter,
    rc::Rc,
};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// How much may be taken out of a description, in values and in pieces of text, those behind
/// references each time anew: a few references that each hold two others grow without end.
const MAX_TAKEN: usize = 200_000;

/// How deep it may nest, references included.
const MAX_DEPTH: usize = 200;

/// How long a note may be, in characters.
const MAX_NOTE: usize = 500;

/// How many notes are kept.
const MAX_NOTES: usize = 2_000;

/// A piece of text of this many bytes counts as much as a value.
const PIECE: usize = 256;

/// The place of a value in the description.
#[derive(Clone, Debug, Default)]
pub struct At {
    pointer: String,
    depth: usize,
    /// The references that led here: one that comes back is a cycle.
    trail: Option<Rc<Followed>>,
}

/// A reference that was followed, and the one before it.
#[derive(Debug)]
struct Followed {
    pointer: String,
    before: Option<Rc<Followed>>,
}

impl At {
    /// The place of a member or, by its index, of an element.
    #[must_use]
    pub fn child(&self, key: &(impl ToString + ?Sized)) -> Self {
        let key = key.to_string().replace('~', "~0").replace('/', "~1");
        Self {
            pointer: format!("{}/{key}", self.pointer),
            depth: self.depth + 1,
            trail: self.trail.clone(),
        }
    }

    /// The place of what this is a member of.
    #[must_use]
    pub fn parent(&self) -> Self {
        let parent = self
            .pointer
            .rsplit_once('/')
            .map_or("", |(parent, _)| parent);
        Self {
            pointer: parent.to_owned(),
            ..self.clone()
        }
    }

    /// The JSON pointer.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// An error at this place.
    pub fn error(&self, message: impl Into<String>) -> Error {
        Error::new(&self.pointer, message)
    }

    /// `value` as an object.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn object<'a>(&self, value: &'a Value) -> Result<&'a Map<String, Value>> {
        let object = value.as_object();
        object.ok_or_else(|| self.expected("an object", value))
    }

    /// `value` as a list.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn list<'a>(&self, value: &'a Value) -> Result<&'a [Value]> {
        let list = value.as_array();
        list.map(Vec::as_slice)
            .ok_or_else(|| self.expected("a list", value))
    }

    /// `value` as a string.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn string<'a>(&self, value: &'a Value) -> Result<&'a str> {
        value
            .as_str()
            .ok_or_else(|| self.expected("a string", value))
    }

    /// The member `key` of the object at this place, and its place.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn member<'a>(
        &self,
        object: &'a Map<String, Value>,
        key: &str,
    ) -> Result<(&'a Value, Self)> {
        let value = object.get(key);
        let value = value.ok_or_else(|| self.error(format!("has no `{key}`")))?;
        Ok((value, self.child(key)))
    }

    /// The error for a value of another type than `what`.
    #[must_use]
    pub fn expected(&self, what: &str, found: &Value) -> Error {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.error(format!("expected {what}, found {found}"))
    }
}

/// A description, and how much of it may still be visited.
#[derive(Debug)]
pub struct Source<'a> {
    root: &'a Value,
    left: Cell<usize>,
    exhausted: Cell<bool>,
    keeps_words: bool,
    notes: RefCell<BTreeSet<String>>,
}

impl<'a> Source<'a> {
    /// A description in OpenAPI 3.0 or 3.1.
    ///
    /// # Errors
    ///
    /// If it is in another version, or none.
    pub fn new(root: &'a Value) -> Result<Self> {
        let at = At::default();
        let document = at.object(root)?;
        let version = match (document.get("openapi"), document.get("swagger")) {
            // Without quotes, YAML has a number here.
            (Some(Value::Number(version)), _) => version.to_string(),
            (Some(version), _) => at.child("openapi").string(version)?.to_owned(),
            (None, Some(_)) => {
                return Err(at
                    .child("swagger")
                    .error("Swagger 2.0; expected OpenAPI 3.0 or 3.1"));
            }
            (None, None) => return Err(at.error("has no `openapi`; expected OpenAPI 3.0 or 3.1")),
        };
        let known = ["3.0", "3.1"].iter().any(|known| {
            let patch = version.strip_prefix(known);
            patch.is_some_and(|patch| patch.is_empty() || patch.starts_with('.'))
        });
        if !known {
            let message = format!("OpenAPI {version}; expected 3.0 or 3.1");
            return Err(at.child("openapi").error(message));
        }
        Ok(Self {
            root,
            left: Cell::new(MAX_TAKEN),
            exhausted: Cell::new(false),
            keeps_words: false,
            notes: RefCell::default(),
        })
    }

    /// Takes the description's summaries and descriptions over.
    #[must_use]
    pub fn with_words(mut self, keep: bool) -> Self {
        self.keeps_words = keep;
        self
    }

    /// Whether the description's words are taken over.
    #[must_use]
    pub fn keeps_words(&self) -> bool {
        self.keeps_words
    }

    /// The whole description.
    #[must_use]
    pub fn root(&self) -> &'a Value {
        self.root
    }

    /// Records something at `at` that is not as it should be, and is tolerated.
    pub fn note(&self, at: &At, text: &str) {
        let mut notes = self.notes.borrow_mut();
        if notes.len() < MAX_NOTES {
            let text: String = text.chars().take(MAX_NOTE).collect();
            notes.insert(format!("`{}`: {text}", at.pointer()));
        }
    }

    /// The member `key`, if it says something: null, which nothing means, is noted.
    #[must_use]
    pub fn given<'v>(
        &self,
        object: &'v Map<String, Value>,
        key: &str,
        at: &At,
    ) -> Option<&'v Value> {
        let value = object.get(key)?;
        if value.is_null() {
            self.note(&at.child(key), "null; taken as missing");
        }
        Some(value).filter(|value| !value.is_null())
    }

    /// Whether `key` is true in `object`. What is neither true nor false is noted.
    #[must_use]
    pub fn flag(&self, object: &Map<String, Value>, key: &str, at: &At) -> bool {
        let value = object.get(key).unwrap_or(&Value::Bool(false));
        value.as_bool().unwrap_or_else(|| {
            let is_true = value == "true";
            let text = format!("{value} is neither true nor false; taken as {is_true}");
            self.note(&at.child(key), &text);
            is_true
        })
    }

    /// What was tolerated so far, with its places.
    #[must_use]
    pub fn notes(&self) -> BTreeSet<String> {
        self.notes.take()
    }

    /// Whether more was reached than any real description has, which is an error, not a note.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.exhausted.get()
    }

    /// Counts what is taken at `at`: its place, and `value` if that is copied.
    ///
    /// # Errors
    ///
    /// If it is too much, or too deep.
    pub fn take(&self, value: Option<&Value>, at: &At) -> Result<()> {
        if at.depth > MAX_DEPTH {
            self.exhausted.set(true);
            return Err(at.error(format!("more than {MAX_DEPTH} levels deep")));
        }
        let size = 1 + at.pointer.len() / PIECE + value.map_or(0, size);
        let left = self.left.get().checked_sub(size);
        self.exhausted.set(self.exhausted.get() || left.is_none());
        self.left.set(left.unwrap_or_default());
        if self.is_exhausted() {
            return Err(at.error(format!(
                "more than {MAX_TAKEN} values are reached, references included"
            )));
        }
        Ok(())
    }

    /// Returns `value` or what it refers to, and the place of that.
    ///
    /// # Errors
    ///
    /// If a reference leads outside the description, to nothing, or in a circle.
    pub fn follow<'v>(&self, mut value: &'v Value, mut at: At) -> Result<(&'v Value, At)>
    where
        'a: 'v,
    {
        while let Some(reference) = value.get("$ref") {
            let reference = at.child("$ref").string(reference)?;
            (value, at) = self.target(reference, &at)?;
        }
        Ok((value, at))
    }

    /// Returns what `reference` refers to, and the place of that.
    ///
    /// # Errors
    ///
    /// If it leads outside the description, to nothing, or in a circle.
    pub fn target(&self, reference: &str, at: &At) -> Result<(&'a Value, At)> {
        self.take(None, at)?;
        let place = at.child("$ref");
        let Some(pointer) = reference.strip_prefix('#').filter(|p| p.starts_with('/')) else {
            let message =
                format!("`{reference}` is not within the description; only `#/…` is read");
            return Err(place.error(message));
        };
        // A reference is a URI: `{` may be written `%7B`.
        let decoded = percent_decode_str(pointer).decode_utf8();
        let pointer = decoded.as_deref().unwrap_or(pointer);
        let trail = iter::successors(at.trail.as_deref(), |followed| followed.before.as_deref());
        if trail.clone().any(|followed| followed.pointer == pointer) {
            return Err(place.error(format!("`{reference}` leads back to itself")));
        }
        let target = self.root.pointer(pointer);
        let target =
            target.ok_or_else(|| place.error(format!("nothing stands at `{reference}`")))?;
        let at = At {
            pointer: pointer.to_owned(),
            depth: at.depth + 1,
            trail: Some(Rc::new(Followed {
                pointer: pointer.to_owned(),
                before: at.trail.clone(),
            })),
        };
        Ok((target, at))
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(k, v)| 1 + k.len() / PIECE + size(v))
            .sum(),
        Value::Array(list) => list.iter().map(|value| 1 + size(value)).sum(),
        Value::String(text) => text.len() / PIECE,
        _ => 0,
    }
}
