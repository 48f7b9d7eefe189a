//! Everything of a kind, page after page.

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
    /// ```no_run
    /// # async fn list(client: webflow_assets::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use futures_util::TryStreamExt;
    ///
    /// let mut assets = client.list_all_assets("580e63e98c9a982ac9b8b741").stream();
    /// while let Some(asset) = assets.try_next().await? {
    ///     println!("{}", asset.display_name.unwrap_or_default());
    /// }
    /// # Ok(())
    /// # }
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
        pages(move |offset| self.clone().page(offset))
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
        Ok((page.assets.unwrap_or_default(), page.pagination))
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
    /// Webflow documents no way to ask for a second page, though its answer says whether there is
    /// one; then it is asked for as the second page of assets is.
    #[must_use = "a stream does nothing until it is polled"]
    pub fn stream(self) -> BoxStream<'static, Result<AssetFolder>> {
        pages(move |offset| self.clone().page(offset))
    }

    async fn page(self, offset: i64) -> Result<Page<AssetFolder>> {
        let site = self.site.map_err(|error| no_id(&error))?;
        let mut request = self.client.list_asset_folders().site_id(site);
        if offset > 0 {
            request = request.offset(offset);
        }
        let page = request.send().await?.into_inner();
        Ok((page.asset_folders.unwrap_or_default(), page.pagination))
    }
}

fn no_id(error: &IdError) -> Error<ApiError> {
    Error::InvalidRequest(format!("`{}`: {error}", error.text()))
}

type Page<T> = (Vec<T>, Option<Pagination>);

/// Something with an id.
trait Listed {
    fn id(&self) -> Option<&str>;
}

impl Listed for Asset {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl Listed for AssetFolder {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// Where a list stands between two pages.
#[derive(Default)]
struct Place {
    offset: i64,
    /// The id that the page before began with.
    first: Option<String>,
}

/// Asks for page after page, each by the number of entries before it.
fn pages<T, F>(fetch: impl Fn(i64) -> F + Send + 'static) -> BoxStream<'static, Result<T>>
where
    T: Listed + Send + 'static,
    F: Future<Output = Result<Page<T>>> + Send + 'static,
{
    stream::try_unfold(Some(Place::default()), move |place| {
        let page = place.map(|place| (fetch(place.offset), place));
        async move {
            let Some((page, place)) = page else {
                return Result::Ok(None);
            };
            let (entries, pagination) = page.await?;
            let next = place
                .after(&entries, pagination.as_ref())
                .map_err(Error::Custom)?;
            Ok(Some((stream::iter(entries.into_iter().map(Ok)), next)))
        }
    })
    .try_flatten()
    .boxed()
}

impl Place {
    /// The place after a page; `None` after the last one.
    fn after<T: Listed>(
        self,
        entries: &[T],
        pagination: Option<&Pagination>,
    ) -> std::result::Result<Option<Self>, String> {
        let offset = self.offset + i64::try_from(entries.len()).unwrap_or(i64::MAX);
        let total = pagination.and_then(|pagination| pagination.total);
        // Without a total, a page that is not full is the last one.
        let more = total.map_or(offset - self.offset >= PAGE, |total| offset < total);
        let first = entries.first().and_then(Listed::id).map(str::to_owned);
        // A server that does not know `offset` would answer with its first page again and again.
        let again = first.is_some() && first == self.first;
        if again || (more && entries.is_empty()) {
            let total = total.map_or("more".to_owned(), |total| total.to_string());
            return Err(format!(
                "the list broke off: it has {total} entries, and those after number {} were not given",
                self.offset
            ));
        }
        if !more {
            return Ok(None);
        }
        Ok(Some(Self { offset, first }))
    }
}
