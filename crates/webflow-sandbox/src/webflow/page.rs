//! Paginated lists.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use serde::Serialize;

use super::refusal::{FieldError, Refusal};
use crate::encoding::{is_hex, number};

/// The query of a URL, in the order in which it was written.
pub(super) type Pairs = Result<Query<Vec<(String, String)>>, QueryRejection>;

const MAX_LIMIT: usize = 100;

/// The query of a list request.
pub(super) struct ListQuery {
    pub(super) limit: usize,
    pub(super) offset: usize,
    pub(super) folder: Option<String>,
}

impl ListQuery {
    /// Names each malformed parameter. Unknown ones are ignored, as is `localeId`: a sandbox has one locale.
    pub(super) fn read(query: Pairs) -> Result<Self, Refusal> {
        let Query(pairs) = query.unwrap_or_default();
        let mut list = Self {
            limit: MAX_LIMIT,
            offset: 0,
            folder: None,
        };
        let mut errors = Vec::new();
        for (name, value) in pairs {
            match name.as_str() {
                "limit" => match number(&value) {
                    Some(limit @ 1..=MAX_LIMIT) => list.limit = limit,
                    _ => errors.push(FieldError::new("limit", "Must be a number from 1 to 100")),
                },
                "offset" => match number(&value) {
                    Some(offset) => list.offset = offset,
                    None => errors.push(FieldError::new("offset", "Must be a number from 0")),
                },
                "folderId" if is_hex(&value, 24) => list.folder = Some(value),
                "folderId" => {
                    let message = "Must be 24 hexadecimal digits";
                    errors.push(FieldError::new("folderId", message));
                }
                _ => {}
            }
        }
        if errors.is_empty() {
            Ok(list)
        } else {
            Err(Refusal::invalid(errors))
        }
    }
}

/// Which part of the list a page holds.
#[derive(Serialize)]
pub(super) struct Pagination {
    pub(super) limit: usize,
    pub(super) offset: usize,
    pub(super) total: usize,
}
