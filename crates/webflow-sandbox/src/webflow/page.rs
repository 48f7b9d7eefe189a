//! Paginated lists.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use serde::Serialize;

use super::guard::known_folder;
use super::refusal::{FieldError, Refusal};
use crate::asset::Asset;
use crate::encoding::{is_hex, number};
use crate::state::State;

/// The query of a URL, in the order in which it was written.
pub(super) type Pairs = Result<Query<Vec<(String, String)>>, QueryRejection>;

const MAX_LIMIT: usize = 100;

/// The query of a list request.
pub(super) struct ListQuery {
    limit: usize,
    offset: usize,
    folder: Option<String>,
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

    /// The same query of a list whose pages have so many entries at the most.
    pub(super) fn at_most(self, limit: usize) -> Self {
        Self {
            limit: self.limit.min(limit),
            ..self
        }
    }

    /// A page of the assets that have been filled. With `folderId`, only those in it and below it.
    pub(super) fn assets(&self, state: &State) -> Result<(Vec<Asset>, Pagination), Refusal> {
        known_folder(state, self.folder.as_ref(), "The folder cannot be found")?;
        let contents = state.contents();
        let folder = self.folder.as_deref();
        let folders = folder.map(|folder| contents.folders.below(folder));
        let is_wanted = |asset: &&Asset| {
            let parent = asset.parent_folder.as_deref();
            asset.size.is_some()
                && folders
                    .as_ref()
                    .is_none_or(|folders| parent.is_some_and(|parent| folders.contains(parent)))
        };
        Ok(self.page(contents.assets.iter().filter(is_wanted)))
    }

    /// A page of these entries.
    pub(super) fn page<'a, T: Clone + 'a>(
        &self,
        all: impl Iterator<Item = &'a T>,
    ) -> (Vec<T>, Pagination) {
        let all: Vec<&T> = all.collect();
        let page = all.iter().skip(self.offset).take(self.limit);
        let pagination = Pagination {
            limit: self.limit,
            offset: self.offset,
            total: all.len(),
        };
        (page.copied().cloned().collect(), pagination)
    }
}

/// Which part of the list a page holds.
#[derive(Serialize)]
pub(super) struct Pagination {
    limit: usize,
    offset: usize,
    total: usize,
}
