//! Streams over paginated lists.

use std::collections::HashSet;

use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use progenitor_client::Error;

use crate::{
    generated::{
        Client,
        types::{ApiError, Asset, AssetFolder, FolderId, Pagination, SiteId},
    },
    id::IdError,
};

/// What a page of assets may have at the most, by Webflow's reference.
const PAGE: i64 = 100;

type Result<T> = std::result::Result<T, Error<ApiError>>;

impl Client {
    /// Lists every asset of a site, however many pages that takes.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use webflow_assets::{Client, Token, sandbox::Sandbox};
    /// # let sandbox = Sandbox::start().await?;
    /// # let token = Token::new(sandbox.token())?;
    /// # let client = Client::builder().token(token).base_url(sandbox.base_url()).build()?;
    /// # let site = sandbox.site_id();
    /// # for n in 0..150 {
    /// #     let _ = sandbox.add_asset(format!("{n}.txt"), n.to_string());
    /// # }
    /// use futures_util::TryStreamExt;
    ///
    /// let mut assets = client.list_all_assets(site).stream();
    /// let mut count = 0;
    /// while let Some(asset) = assets.try_next().await? {
    ///     assert!(asset.id.is_some());
    ///     count += 1;
    /// }
    /// assert_eq!(count, 150);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sandbox"))]
    /// # fn main() {}
    /// ```
    pub fn list_all_assets(
        &self,
        site: impl TryInto<SiteId, Error: Into<IdError>>,
    ) -> ListAllAssets {
        ListAllAssets {
            client: self.clone(),
            site: site.try_into().map_err(Into::into),
            folder: None,
            locale: None,
        }
    }

    /// Lists every asset folder of a site, at every depth.
    pub fn list_all_folders(
        &self,
        site: impl TryInto<SiteId, Error: Into<IdError>>,
    ) -> ListAllFolders {
        ListAllFolders {
            client: self.clone(),
            site: site.try_into().map_err(Into::into),
        }
    }
}

/// A list of assets that has not begun; see [`Client::list_all_assets`].
#[derive(Clone, Debug)]
#[must_use = "a list does nothing until it is streamed"]
pub struct ListAllAssets {
    client: Client,
    site: std::result::Result<SiteId, IdError>,
    folder: Option<std::result::Result<FolderId, IdError>>,
    locale: Option<String>,
}

impl ListAllAssets {
    /// Only the assets in the folder with this id, and in those below it.
    pub fn folder(mut self, folder: impl TryInto<FolderId, Error: Into<IdError>>) -> Self {
        self.folder = Some(folder.try_into().map_err(Into::into));
        self
    }

    /// Names and texts in the locale with this id; in the primary locale if not set.
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// The assets, a request for each hundred. The first error is the last item.
    ///
    /// What is added or deleted meanwhile may be missed or come twice.
    #[must_use = "a stream does nothing until it is polled"]
    pub fn stream(self) -> BoxStream<'static, Result<Asset>> {
        let page = move |offset| self.clone().page(offset);
        pages(page, |asset| asset.id.as_deref())
    }

    async fn page(self, offset: i64) -> Result<Page<Asset>> {
        let site = self.site.map_err(|error| no_id(&error))?;
        let mut request = self.client.list_assets().site_id(site).limit(PAGE);
        if offset > 0 {
            request = request.offset(offset);
        }
        if let Some(folder) = self.folder {
            request = request.folder_id(folder.map_err(|error| no_id(&error))?);
        }
        if let Some(locale) = self.locale {
            request = request.locale_id(locale);
        }
        let page = request.send().await?.into_inner();
        entries(page.assets, page.pagination).map_err(Error::Custom)
    }
}

/// A list of folders that has not begun; see [`Client::list_all_folders`].
#[derive(Clone, Debug)]
#[must_use = "a list does nothing until it is streamed"]
pub struct ListAllFolders {
    client: Client,
    site: std::result::Result<SiteId, IdError>,
}

impl ListAllFolders {
    /// The folders. The first error is the last item.
    ///
    /// Webflow documents no way to ask for a second page, though its response states whether there is
    /// one; then it is asked for as the second page of assets is.
    #[must_use = "a stream does nothing until it is polled"]
    pub fn stream(self) -> BoxStream<'static, Result<AssetFolder>> {
        let page = move |offset| self.clone().page(offset);
        pages(page, |folder| folder.id.as_deref())
    }

    async fn page(self, offset: i64) -> Result<Page<AssetFolder>> {
        let site = self.site.map_err(|error| no_id(&error))?;
        let mut request = self.client.list_asset_folders().site_id(site);
        if offset > 0 {
            request = request.offset(offset);
        }
        let page = request.send().await?.into_inner();
        entries(page.asset_folders, page.pagination).map_err(Error::Custom)
    }
}

fn no_id(error: &IdError) -> Error<ApiError> {
    Error::InvalidRequest(format!("`{}`: {error}", error.text()))
}

type Page<T> = (Vec<T>, Option<Pagination>);

/// The entries of a page. An answer without any list does not say that there are none.
fn entries<T>(
    entries: Option<Vec<T>>,
    pagination: Option<Pagination>,
) -> std::result::Result<Page<T>, String> {
    let total = pagination.as_ref().and_then(|pagination| pagination.total);
    match entries {
        Some(entries) => Ok((entries, pagination)),
        None if total == Some(0) => Ok((Vec::new(), pagination)),
        None => Err("the answer has no list".to_owned()),
    }
}

/// Lists end with an error after this many pages: a million assets.
const MOST_PAGES: usize = 10_000;

/// Where a list stands between two pages.
#[derive(Default)]
struct Place {
    offset: i64,
    /// How many pages there were.
    pages: usize,
    /// The ids that they began with.
    firsts: HashSet<String>,
}

/// Asks for page after page, each by the number of entries before it.
fn pages<T, F>(
    fetch: impl Fn(i64) -> F + Send + 'static,
    id: fn(&T) -> Option<&str>,
) -> BoxStream<'static, Result<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<Page<T>>> + Send + 'static,
{
    stream::try_unfold(Some(Place::default()), move |place| {
        let page = place.map(|place| (fetch(place.offset), place));
        async move {
            let Some((page, place)) = page else {
                return Result::Ok(None);
            };
            let (entries, pagination) = page.await?;
            let first = entries.first().and_then(id);
            let next = place.after(entries.len(), first, pagination.as_ref());
            let next = next.map_err(Error::Custom)?;
            Ok(Some((stream::iter(entries.into_iter().map(Ok)), next)))
        }
    })
    .try_flatten()
    .boxed()
}

impl Place {
    /// The place after a page; `None` after the last one.
    fn after(
        mut self,
        entries: usize,
        first: Option<&str>,
        pagination: Option<&Pagination>,
    ) -> std::result::Result<Option<Self>, String> {
        let before = self.offset;
        self.offset = before.saturating_add(i64::try_from(entries).unwrap_or(i64::MAX));
        self.pages += 1;
        let total = pagination.and_then(|pagination| pagination.total);
        // Without a total, a page that is not full is the last one.
        let more = total.map_or(self.offset - before >= PAGE, |total| self.offset < total);
        // A server that does not know `offset` would send the same pages again and again.
        let again = first.is_some_and(|id| !self.firsts.insert(id.to_owned()));
        if again || (more && entries == 0) {
            let total = total.map_or("more".to_owned(), |total| total.to_string());
            return Err(format!(
                "the list broke off: it has {total} entries, and those after number {before} were not given"
            ));
        }
        if more && self.pages == MOST_PAGES {
            return Err(format!(
                "the list broke off: it goes on after {MOST_PAGES} pages"
            ));
        }
        Ok(more.then_some(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entries of a list whose page after `offset` entries is `page(offset)`, and its error.
    async fn list(page: fn(i64) -> Page<Asset>) -> (usize, String) {
        let page = move |offset| std::future::ready(Ok(page(offset)));
        let entries = pages(page, |asset: &Asset| asset.id.as_deref());
        let mut entries = std::pin::pin!(entries);
        let mut count = 0;
        while let Some(entry) = entries.next().await {
            match entry {
                Ok(_) => count += 1,
                Err(error) => return (count, error.to_string()),
            }
        }
        (count, String::new())
    }

    fn page(id: i64, total: i64) -> Page<Asset> {
        let asset = serde_json::from_value(serde_json::json!({ "id": id.to_string() }));
        let pagination = serde_json::from_value(serde_json::json!({ "total": total }));
        (vec![asset.unwrap()], Some(pagination.unwrap()))
    }

    #[tokio::test]
    async fn pages_that_repeat_in_a_circle_end() {
        let (count, error) = list(|offset| page(offset % 3, 1_000)).await;
        assert_eq!(count, 3);
        assert!(
            error.contains("those after number 3 were not given"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn pages_without_end_end() {
        let (count, error) = list(|offset| page(offset, offset + 2)).await;
        assert_eq!(count, MOST_PAGES - 1);
        assert!(error.contains("it goes on after 10000 pages"), "{error}");
        assert_eq!(list(|offset| page(offset, 3)).await, (3, String::new()));
    }
}
