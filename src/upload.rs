//! One file onto a site, in one call: hash, create, form, verify.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use http::header;
use jiff::{Timestamp, fmt::rfc2822};
use progenitor_client::{ClientInfo, ResponseValue};

use crate::{
    Client,
    error::{Invalid, UploadError, UploadErrorKind},
    s3::{PostForm, Progress, Stored},
    source::{Hashed, Md5, Source},
    types,
};

impl Client {
    /// Puts a file on a site: hashes it, announces it to Webflow, posts it to S3 with the signed
    /// form that Webflow answers, and holds S3's ETag against the MD5.
    ///
    /// ```no_run
    /// # async fn upload(client: webflow_assets::Client) -> Result<(), webflow_assets::UploadError> {
    /// use std::path::Path;
    ///
    /// let done = client.upload("580e63e98c9a982ac9b8b741", Path::new("hero.png")).send().await?;
    /// println!("{}", done.asset.hosted_url.as_deref().unwrap_or_default());
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload(&self, site: impl Into<String>, source: impl Into<Source>) -> Upload {
        Upload {
            client: self.clone(),
            site: site.into(),
            source: source.into(),
            file_name: None,
            parent_folder: None,
            on_progress: None,
        }
    }
}

/// An upload that has not begun; see [`Client::upload`].
#[must_use = "an upload does nothing until it is sent"]
pub struct Upload {
    client: Client,
    site: String,
    source: Source,
    file_name: Option<String>,
    parent_folder: Option<String>,
    on_progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
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

/// A file that is on the site.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Uploaded {
    /// What Webflow answered. The signed form is taken out: it has been used, and would let
    /// whoever reads it replace the file for the rest of its hour.
    pub asset: types::AssetUpload,
    /// What S3 answered; `None` if Webflow had the file already and gave no form.
    pub stored: Option<Stored>,
    /// Whether this call put the file there.
    pub outcome: Outcome,
    /// The MD5 of the file.
    pub md5: Md5,
    /// The length of the file in bytes.
    pub len: u64,
}

/// Whether an upload put its file there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The file was sent, and nothing in Webflow's answer says that the site had it before.
    Uploaded,
    /// The site had an asset with the same content, and Webflow answered with that one, under its
    /// first file name. Where the answer has a form, the file was sent all the same: whoever
    /// announced it first may not have.
    AlreadyThere,
}

impl Outcome {
    /// `uploaded` or `already_there`, for machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::AlreadyThere => "already_there",
        }
    }
}

impl Upload {
    /// The name of the asset, with its extension: 1 to 99 characters. The last part of the path
    /// if not set.
    pub fn file_name(mut self, file_name: impl Into<String>) -> Self {
        self.file_name = Some(file_name.into());
        self
    }

    /// The id of the asset folder to put the file in. The top of the site if not set.
    pub fn parent_folder(mut self, folder: impl Into<String>) -> Self {
        self.parent_folder = Some(folder.into());
        self
    }

    /// Calls `on_progress` whenever a piece of the file has been handed to the connection to S3.
    pub fn on_progress(mut self, on_progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(on_progress));
        self
    }

    /// Uploads the file. Dropping the future stops the transfer.
    ///
    /// # Errors
    ///
    /// [`UploadErrorKind`] names each phase.
    pub async fn send(self) -> Result<Uploaded, UploadError> {
        let label = self.source.label();
        let fail = |kind| UploadError::new(label.clone(), kind);
        let target = self
            .target()
            .map_err(|invalid| fail(UploadErrorKind::Invalid(invalid)))?;
        let hashed = self
            .source
            .hash()
            .await
            .map_err(|error| fail(UploadErrorKind::Source(error)))?;

        let (mut asset, is_older) = self.create(&target, hashed.md5).await.map_err(&fail)?;
        let upload_url = asset.upload_url.take();
        let details = asset.upload_details.take();
        let result = match (upload_url, details) {
            // An older asset too: whoever announced it may never have sent the file.
            (Some(url), Some(details)) => self.post(&url, &details, &hashed).await.map(|stored| {
                let outcome = if is_older {
                    Outcome::AlreadyThere
                } else {
                    Outcome::Uploaded
                };
                (Some(stored), outcome)
            }),
            (None, None) if asset.id.is_some() => Ok((None, Outcome::AlreadyThere)),
            (None, None) => Err(UploadErrorKind::Incomplete("an id or a form")),
            (None, Some(_)) => Err(UploadErrorKind::Incomplete("an upload URL")),
            (Some(_), None) => Err(UploadErrorKind::Incomplete("upload details")),
        };
        let (stored, outcome) = result.map_err(|kind| fail(kind).with_asset(asset.id.clone()))?;
        Ok(Uploaded {
            asset,
            stored,
            outcome,
            md5: hashed.md5,
            len: hashed.len,
        })
    }

    /// Checks everything that the create call would refuse.
    fn target(&self) -> Result<Target, Invalid> {
        let name = match &self.file_name {
            Some(name) => name.as_str(),
            None => self.source.file_name().ok_or(Invalid::NoFileName)?,
        };
        Ok(Target {
            site: types::SiteId::try_from(self.site.as_str())
                .map_err(|_| Invalid::SiteId(self.site.clone()))?,
            folder: self
                .parent_folder
                .as_ref()
                .map(|id| {
                    types::FolderId::try_from(id.as_str())
                        .map_err(|_| Invalid::FolderId(id.clone()))
                })
                .transpose()?,
            name: types::FileName::try_from(name).map_err(|_| Invalid::FileName {
                name: name.to_owned(),
                len: name.chars().count(),
            })?,
        })
    }

    /// Announces the file. The flag tells whether the answer proves that the asset is older than
    /// this call.
    async fn create(
        &self,
        target: &Target,
        md5: Md5,
    ) -> Result<(types::AssetUpload, bool), UploadErrorKind> {
        let hash = md5.to_string();
        let start = Instant::now();
        let response = self
            .client
            .create_asset()
            .site_id(target.site.clone())
            .body_map(|body| {
                let body = body.file_name(target.name.clone()).file_hash(hash);
                body.parent_folder(target.folder.clone())
            })
            .send()
            .await
            .map_err(UploadErrorKind::Create)?;
        let is_older = is_older(&response, &target.name, start.elapsed());
        Ok((response.into_inner(), is_older))
    }

    async fn post(
        &self,
        url: &str,
        details: &types::UploadDetails,
        hashed: &Hashed,
    ) -> Result<Stored, UploadErrorKind> {
        let mut form = PostForm::from_details(url, details)
            .map_err(UploadErrorKind::S3)?
            .idle_timeout(self.client.inner().limits().idle);
        if let Some(on_progress) = &self.on_progress {
            let on_progress = Arc::clone(on_progress);
            form = form.on_progress(move |progress| on_progress(progress));
        }
        let stored = form
            .send(self.client.client(), &hashed.source)
            .await
            .map_err(UploadErrorKind::S3)?;
        match stored.etag_md5() {
            Some(etag) if !etag.eq_ignore_ascii_case(&hashed.md5.to_string()) => {
                Err(UploadErrorKind::Mismatch {
                    md5: hashed.md5,
                    etag: etag.to_owned(),
                })
            }
            _ => Ok(stored),
        }
    }
}

/// Whether an answer proves that its asset is older than the call that it answers.
///
/// Webflow finds an asset by its content and answers with the first one, under the name and date
/// that it got then. Both dates compared here are of the server's clock.
fn is_older(response: &ResponseValue<types::AssetUpload>, name: &str, elapsed: Duration) -> bool {
    if response
        .original_file_name
        .as_deref()
        .is_some_and(|first| first != name)
    {
        return true;
    }
    let created = response
        .created_on
        .as_deref()
        .and_then(|text| text.parse::<Timestamp>().ok());
    let answered = response.headers().get(header::DATE);
    let answered = answered
        .and_then(|date| date.to_str().ok())
        .and_then(|date| rfc2822::parse(date).ok())
        .map(|date| date.timestamp());
    match (created, answered) {
        // `Date` has whole seconds, and the answer took a moment to be written.
        (Some(created), Some(answered)) => {
            let age = Duration::try_from(answered.duration_since(created)).unwrap_or_default();
            age > elapsed + Duration::from_secs(2)
        }
        _ => false,
    }
}

/// Where a file goes, checked.
struct Target {
    site: types::SiteId,
    folder: Option<types::FolderId>,
    name: types::FileName,
}
