//! The steps of an upload: hash, register, fill, check again.

use std::sync::Arc;

use progenitor_client::{ClientInfo, Error};
use tokio::time::{sleep, timeout};

use super::{
    Upload,
    check::Target,
    contents::Filled,
    error::{UploadError, UploadErrorKind},
    own::{self, Registered},
    ownership::Origin,
    result::{Attempts, Outcome, Uploaded},
    turns::Turn,
};
use crate::{
    api::{
        context::Sent,
        retry::{self, Attempt, Retries},
        trace,
    },
    generated::Client,
    id::AssetId,
    s3::{self, PostForm, Stored},
    source::{Hashed, Md5},
};

/// How often an expired form is replaced.
const RENEWALS: u32 = 1;

/// How often an asset that others deleted is filled anew.
const REFILLS: u32 = 3;

/// One upload in progress.
pub(super) struct Steps<'a> {
    pub(super) upload: &'a Upload,
    /// The upload's client, counting the create calls.
    pub(super) creator: Client,
    pub(super) creates: Arc<Sent>,
}

/// How far an upload has got, for its error and its clean-up.
#[derive(Default)]
pub(super) struct Reached {
    /// Held until the clean-up is over.
    turn: Option<Turn>,
    pub(super) registered: Option<Registered>,
    /// Whether the asset has its file.
    pub(super) is_filled: bool,
    attempts: Attempts,
}

impl Upload {
    /// Uploads the file. Dropping the future stops the transfer. An asset that was registered by
    /// then stays on the site without a file, and uploading the same file again fills it.
    ///
    /// # Errors
    ///
    /// [`UploadErrorKind`](crate::UploadErrorKind) names each phase.
    pub async fn send(self) -> Result<Uploaded, UploadError> {
        Steps::new(&self).send().await
    }
}

impl<'a> Steps<'a> {
    fn new(upload: &'a Upload) -> Self {
        let creates = Arc::default();
        let Client {
            baseurl, client, ..
        } = &upload.client;
        let context = upload.client.inner().counting(&creates);
        Self {
            upload,
            creator: Client::new_with_client(baseurl, client.clone(), context),
            creates,
        }
    }

    async fn send(&self) -> Result<Uploaded, UploadError> {
        let mut reached = Reached::default();
        let all = self.all(&mut reached);
        let result = match self.upload.timeout {
            None => all.await,
            Some(limit) => match timeout(limit, all).await {
                Ok(result) => result,
                Err(_) => Err(UploadErrorKind::TimedOut { limit }),
            },
        };
        reached.attempts.create = self.creates.count();
        match result {
            Ok(mut done) => {
                done.attempts = reached.attempts;
                Ok(done)
            }
            Err(kind) => {
                let clean_up = self.clean_up(&reached).await;
                Err(UploadError::new(
                    self.upload.source.label(),
                    kind,
                    reached
                        .registered
                        .map(|registered| registered.id.to_string()),
                    reached.attempts,
                    clean_up,
                ))
            }
        }
    }

    async fn all(&self, reached: &mut Reached) -> Result<Uploaded, UploadErrorKind> {
        let (target, hashed, checked) = self.upload.examine().await?;
        if let Some(reporter) = &self.upload.reporter {
            reporter.checked(checked).await;
        }
        let turn = Turn::wait(&self.upload.client.baseurl, target.site, hashed.md5).await;
        reached.turn = Some(turn);

        let known = self.known(&target, &hashed).await;
        let (filled, stored, outcome) = match known {
            Some(filled) => (filled, None, Outcome::AlreadyThere),
            None => self.put(&target, &hashed, reached).await?,
        };
        Ok(Uploaded {
            alt_text_kept: self.describe(filled.id, filled.is_new).await?,
            id: filled.id,
            asset: filled.asset,
            outcome,
            is_new: filled.is_new && outcome == Outcome::Uploaded,
            stored,
            md5: hashed.md5,
            len: hashed.len,
            attempts: Attempts::default(),
        })
    }

    /// Puts the file on the site, where the batch does not know its content.
    async fn put(
        &self,
        target: &Target,
        hashed: &Hashed,
        reached: &mut Reached,
    ) -> Result<(Filled, Option<Stored>, Outcome), UploadErrorKind> {
        let stored = self.fill_for_good(target, hashed, reached).await?;
        let Some(Registered { id, asset, call }) = &reached.registered else {
            return Err(UploadErrorKind::Incomplete("an answer"));
        };
        let origin = call.claim.origin;
        if let Some(limit) = self.upload.wait_until_ready {
            self.ready(*id, hashed.len, limit).await?;
        }
        let filled = Filled {
            id: *id,
            asset: asset.clone(),
            is_new: origin == Origin::Fresh,
            is_certain: true,
        };
        if let Some(contents) = &self.upload.contents {
            contents.insert(target.site, hashed.md5, &filled);
        }
        let outcome = match (&stored, origin) {
            (None, _) | (_, Origin::Older) => Outcome::AlreadyThere,
            (Some(_), Origin::Fresh | Origin::Unknown) => Outcome::Uploaded,
        };
        Ok((filled, stored, outcome))
    }

    /// The asset that has this content already, as far as the batch knows.
    async fn known(&self, target: &Target, hashed: &Hashed) -> Option<Filled> {
        let contents = self.upload.contents.as_deref()?;
        let mut filled = contents.get(target.site, hashed.md5)?;
        if !filled.is_certain {
            // If the request fails, the create call decides: it is answered with an asset that
            // exists.
            let request = self.upload.client.get_asset().asset_id(filled.id);
            let size = request.send().await.ok()?.size;
            if size.is_some_and(|size| u64::try_from(size) != Ok(hashed.len)) {
                return None;
            }
            filled.is_certain = true;
            contents.insert(target.site, hashed.md5, &filled);
        }
        Some(filled)
    }

    /// Fills an asset that no caller can delete any more under the rules of
    /// [`ownership`](super::ownership).
    async fn fill_for_good(
        &self,
        target: &Target,
        hashed: &Hashed,
        reached: &mut Reached,
    ) -> Result<Option<Stored>, UploadErrorKind> {
        let mut refills = 0;
        let mut missed = None;
        loop {
            let stored = self.fill(target, hashed, reached).await?;
            reached.is_filled = true;
            let Some(registered) = &reached.registered else {
                return Ok(stored);
            };
            let id = registered.id;
            own::filled(self.upload.client.baseurl(), id);
            let Some(wait) = registered.look_after() else {
                return Ok(stored);
            };
            // Webflow did not find it at once, and knows it by its content.
            if missed == Some(id) {
                return Ok(stored);
            }
            trace::debug!(?wait, "another upload may still delete the asset");
            if refills == 0
                && let Some(reporter) = &self.upload.reporter
            {
                reporter.waiting(wait).await;
            }
            sleep(wait).await;
            if self.is_there(id).await {
                return Ok(stored);
            }
            if refills == REFILLS {
                let reason = "other uploads of this content deleted it each time";
                return Err(UploadErrorKind::Create(Error::Custom(reason.to_owned())));
            }
            refills += 1;
            missed = Some(id);
            trace::warning!("the asset is gone and is filled anew");
            reached.registered = None;
            reached.is_filled = false;
        }
    }

    /// Whether Webflow has the asset. If the request fails, the asset is filled anew: if it exists,
    /// Webflow answers with it.
    async fn is_there(&self, id: AssetId) -> bool {
        let request = self.upload.client.get_asset().asset_id(id);
        request.send().await.is_ok()
    }

    /// Registers an asset and posts its form, a second one if the first has expired. Returns S3's
    /// response, or `None` if Webflow gave no form.
    async fn fill(
        &self,
        target: &Target,
        hashed: &Hashed,
        reached: &mut Reached,
    ) -> Result<Option<Stored>, UploadErrorKind> {
        let mut retries = self.upload.client.inner().settings().retry.start();
        loop {
            let form = self
                .register(target, hashed.md5, &mut reached.registered)
                .await?;
            let Some(form) = form else {
                return Ok(None);
            };
            let posted = self
                .post(&form, hashed, &mut retries, &mut reached.attempts.s3)
                .await;
            match posted {
                Err(UploadErrorKind::S3(error))
                    if error.is_expired() && reached.attempts.renewals < RENEWALS =>
                {
                    trace::warning!("the form has run out and is replaced");
                    reached.attempts.renewals += 1;
                }
                result => return result.map(Some),
            }
        }
    }

    /// Posts a form, and again until S3 accepts the file or the error is permanent.
    async fn post(
        &self,
        form: &PostForm,
        hashed: &Hashed,
        retries: &mut Retries,
        attempts: &mut u32,
    ) -> Result<Stored, UploadErrorKind> {
        let (result, sent) = retries
            .run(0, |sent, _| async move {
                let result = form.send(self.upload.client.client(), &hashed.source).await;
                // A form that failed its own check was not sent.
                let unsent = matches!(result, Err(s3::Error::Policy(_) | s3::Error::Form(_)));
                let sent = sent + u32::from(!unsent);
                let (kind, repeatable, retry_after) = match result {
                    Ok(stored) => match mismatch(&stored, hashed.md5) {
                        None => return Attempt::Done((Ok(stored), sent)),
                        // A form sent again overwrites what went wrong.
                        Some(kind) => (kind, true, None),
                    },
                    Err(error) => {
                        let retry_after = error.refusal().and_then(|refusal| {
                            retry::retry_after(refusal.status, &refusal.headers)
                        });
                        let repeatable = error.is_retryable();
                        (UploadErrorKind::S3(error), repeatable, retry_after)
                    }
                };
                Attempt::of((Err(kind), sent), repeatable.then_some(sent), retry_after)
            })
            .await;
        *attempts += sent;
        result
    }
}

/// Compares S3's ETag with the MD5, if the ETag is an MD5.
fn mismatch(stored: &Stored, md5: Md5) -> Option<UploadErrorKind> {
    let etag = stored.etag_md5()?;
    (!etag.eq_ignore_ascii_case(&md5.to_string())).then(|| UploadErrorKind::Mismatch {
        md5,
        etag: etag.to_owned(),
    })
}
