//! Uploads one file to a site, in one call.

pub(crate) mod batch;
pub(crate) mod check;
mod cleanup;
mod contents;
pub(crate) mod error;
mod finish;
pub(crate) mod invalid;
mod own;
mod ownership;
mod register;
pub(crate) mod result;
mod steps;
mod turns;

use std::{fmt, sync::Arc, time::Duration};

use batch::Reporter;
pub(crate) use contents::Contents;

use crate::{
    generated::Client,
    id::{FolderId, IdError, SiteId},
    s3::{OnProgress, Progress},
    source::{MAX_LEN, Source},
};

impl Client {
    /// Uploads a file to a site: hashes it, registers it with Webflow, posts it to S3 with the
    /// signed form from Webflow's response, and compares S3's ETag with the MD5.
    ///
    /// Each step is retried as the client's [`RetryPolicy`](crate::RetryPolicy) says; an expired
    /// form is replaced once. If the file does not arrive, the asset is deleted if Webflow's answer
    /// proves that this call registered it less than a [lease](crate::ClientBuilder::lease) ago.
    ///
    /// Webflow may answer with an asset that another upload of the same content just registered.
    /// That upload may fail and delete it. So this call checks the asset again when the lease is
    /// over, and uploads the file anew if the asset is gone. Uploads of one content to one site
    /// within a process take turns.
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
    /// use std::path::Path;
    ///
    /// let done = client
    ///     .upload(site, Path::new("tests/fixtures/hero.png"))
    ///     .display_name("Hero")
    ///     .send()
    ///     .await?;
    /// assert!(done.url().ends_with("hero.png"));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sandbox"))]
    /// # fn main() {}
    /// ```
    pub fn upload(
        &self,
        site: impl TryInto<SiteId, Error: Into<IdError>>,
        source: impl Into<Source>,
    ) -> Upload {
        self.upload_to(site.try_into().map_err(Into::into), source.into())
    }

    fn upload_to(&self, site: Result<SiteId, IdError>, source: Source) -> Upload {
        Upload {
            client: self.clone(),
            site,
            source,
            file_name: None,
            parent_folder: None,
            display_name: None,
            alt_text: None,
            contents: None,
            on_progress: None,
            reporter: None,
            timeout: None,
            wait_until_ready: None,
            keep_on_failure: false,
            strict: false,
            max_len: MAX_LEN,
        }
    }
}

/// A builder for one upload; see [`Client::upload`].
#[must_use = "an upload does nothing until it is sent"]
pub struct Upload {
    client: Client,
    site: Result<SiteId, IdError>,
    source: Source,
    file_name: Option<String>,
    parent_folder: Option<Result<FolderId, IdError>>,
    display_name: Option<String>,
    alt_text: Option<String>,
    /// The contents that the batch of this upload has put on the site.
    contents: Option<Arc<Contents>>,
    on_progress: Option<OnProgress>,
    /// Where an upload of a batch reports its steps.
    reporter: Option<Reporter>,
    timeout: Option<Duration>,
    wait_until_ready: Option<Duration>,
    keep_on_failure: bool,
    strict: bool,
    max_len: u64,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("site", &self.site)
            .field("source", &self.source)
            .field("file_name", &self.file_name)
            .field("parent_folder", &self.parent_folder)
            .finish_non_exhaustive()
    }
}

impl Upload {
    /// Sets the name of the asset, with its extension: 1 to 99 characters. The last part of the
    /// path if not set.
    pub fn file_name(mut self, file_name: impl Into<String>) -> Self {
        self.file_name = Some(file_name.into());
        self
    }

    /// Sets the id of the asset folder to put the file in. The top of the site if not set.
    pub fn parent_folder(mut self, folder: impl TryInto<FolderId, Error: Into<IdError>>) -> Self {
        self.parent_folder = Some(folder.try_into().map_err(Into::into));
        self
    }

    /// Sets the name that Webflow shows for the asset: the file name if not set. It takes one more
    /// request, after the upload.
    pub fn display_name(mut self, display_name: impl Into<String>) -> Self {
        self.display_name = Some(display_name.into());
        self
    }

    /// Sets the text for people who cannot see the image. It takes one more request, after the
    /// upload, together with the display name.
    ///
    /// An asset that the site had already keeps its text, if it has one: see
    /// [`Uploaded::alt_text_kept`](crate::Uploaded::alt_text_kept).
    pub fn alt_text(mut self, alt_text: impl Into<String>) -> Self {
        self.alt_text = Some(alt_text.into());
        self
    }

    /// Calls `on_progress` whenever a chunk of the file has been handed to the connection to S3.
    pub fn on_progress(mut self, on_progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(on_progress));
        self
    }

    /// Makes this upload one of a batch, to which it reports beside its own `on_progress`.
    fn within(mut self, contents: Arc<Contents>, reporter: Reporter) -> Self {
        let progress = reporter.clone();
        self.contents = Some(contents);
        self.reporter = Some(reporter);
        self.on_progress = Some(match self.on_progress {
            None => Arc::new(move |position| progress.moved(position)),
            Some(own) => Arc::new(move |position| {
                own(position);
                progress.moved(position);
            }),
        });
        self
    }

    /// The name of the file in errors and events: a path, a file name, or a URL without the parts
    /// that may be secret.
    ///
    /// ```
    /// # use webflow_assets::{Client, Source, Token};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let client = Client::builder().token(Token::new("t0ken")?).build()?;
    /// let source = Source::url("https://me:pass@example.com/a.png?signature=1#x");
    /// let upload = client.upload("580e63e98c9a982ac9b8b741", source);
    /// assert_eq!(upload.label(), "https://example.com/a.png");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn label(&self) -> String {
        self.source.label()
    }

    /// Limits the time of the whole upload, waiting included. No limit if not set; each request to
    /// Webflow, and each pause of S3, has its own (see [`ClientBuilder`](crate::ClientBuilder)).
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// After the upload, waits until Webflow serves the asset with the file's size, for at most
    /// this long. The token needs the scope `assets:read`.
    pub fn wait_until_ready(mut self, limit: Duration) -> Self {
        self.wait_until_ready = Some(limit);
        self
    }

    /// Leaves an asset that could not be filled on the site. Uploading the same file again fills
    /// it: Webflow finds it by its content.
    pub fn keep_on_failure(mut self) -> Self {
        self.keep_on_failure = true;
        self
    }
}
