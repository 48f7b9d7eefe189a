//! Lists that come a page at a time.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use serde::Serialize;

use super::is_hex;
use super::refusal::{FieldError, Refusal};

/// The query of a URL, in the order in which it was written.
pub(super) type Pairs = Result<Query<Vec<(String, String)>>, QueryRejection>;

const MAX_LIMIT: usize = 100;

/// What a list is asked for.
pub(super) struct Wish {
    pub(super) limit: usize,
    pub(super) offset: usize,
    pub(super) folder: Option<String>,
}

impl Wish {
    /// Names each of the parameters that is malformed. Others are passed over, `localeId` among them: a sandbox has one
    /// locale.
    pub(super) fn read(query: Pairs) -> Result<Self, Refusal> {
        let Query(pairs) = query.unwrap_or_default();
        let mut wish = Self {
            limit: MAX_LIMIT,
            offset: 0,
            folder: None,
        };
        let mut errors = Vec::new();
        for (name, value) in pairs {
            match name.as_str() {
                "limit" => match number(&value) {
                    Some(limit @ 1..=MAX_LIMIT) => wish.limit = limit,
                    _ => errors.push(FieldError::new("limit", "Must be a number from 1 to 100")),
                },
                "offset" => match number(&value) {
                    Some(offset) => wish.offset = offset,
                    None => errors.push(FieldError::new("offset", "Must be a number from 0")),
                },
                "folderId" if is_hex(&value, 24) => wish.folder = Some(value),
                "folderId" => {
                    let message = "Must be 24 hexadecimal digits";
                    errors.push(FieldError::new("folderId", message));
                }
                _ => {}
            }
        }
        if errors.is_empty() {
            Ok(wish)
        } else {
            Err(Refusal::invalid(errors))
        }
    }
}

/// Digits alone; `FromStr` would take a plus sign as well.
fn number(text: &str) -> Option<usize> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Which part of the list a page holds.
#[derive(Serialize)]
pub(super) struct Pagination {
    pub(super) limit: usize,
    pub(super) offset: usize,
    pub(super) total: usize,
}
