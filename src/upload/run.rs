//! The steps of an upload: hash, create, form, verify; and what is undone when they fail.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::StatusCode;
use progenitor_client::{ClientInfo, Error as ApiCallError};
use tokio::time::{sleep, timeout};

use super::{
    Attempts, Outcome, Upload, Uploaded,
    age::Age,
    check::Target,
    error::{CleanUp, UploadError, UploadErrorKind},
};
use crate::{
    api::{
        context::Sent,
        retry::{self, Attempt, Retries},
        trace,
    },
    generated::{Client, types},
    s3::{self, PostForm, Stored},
    source::{Hashed, Md5},
};

/// How often a form that has run out is replaced.
const RENEWALS: u32 = 1;

/// How long a clean-up may take: whoever waits has been let down already.
const CLEAN_UP: Duration = Duration::from_secs(30);

/// One upload under way.
pub(super) struct Run<'a> {
    upload: &'a Upload,
    /// The upload's client, counting the create calls.
    creator: Client,
    creates: Arc<Sent>,
}

/// What a create call answered.
struct Created {
    asset: types::AssetUpload,
    form: Option<PostForm>,
    age: Age,
}

/// How far an upload came: what its error and its clean-up need to know.
#[derive(Default)]
struct State {
    created: Option<Created>,
    attempts: Attempts,
}

impl<'a> Run<'a> {
    pub(super) fn new(upload: &'a Upload) -> Self {
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

    pub(super) async fn send(&self) -> Result<Uploaded, UploadError> {
        let mut state = State::default();
        let steps = self.steps(&mut state);
        let result = match self.upload.timeout {
            None => steps.await,
            Some(limit) => match timeout(limit, steps).await {
                Ok(result) => result,
                Err(_) => Err(UploadErrorKind::TimedOut { limit }),
            },
        };
        state.attempts.create = self.creates.count();
        match result {
            Ok(mut done) => {
                done.attempts = state.attempts;
                Ok(done)
            }
            Err(kind) => {
                let clean_up = self.clean_up(&state, &kind).await;
                Err(UploadError::new(
                    self.upload.source.label(),
                    kind,
                    state.created.and_then(|created| created.asset.id),
                    state.attempts,
                    clean_up,
                ))
            }
        }
    }

    async fn steps(&self, state: &mut State) -> Result<Uploaded, UploadErrorKind> {
        let target = self.upload.target().map_err(UploadErrorKind::Invalid)?;
        let hashed = self.upload.hash().await?;

        // Held until the end: an equal file of the same batch waits for what becomes of this one.
        let mut same = match &self.upload.contents {
            Some(contents) => Some(contents.enter(target.site, hashed.md5).await),
            None => None,
        };
        if let Some(asset) = same.as_ref().and_then(|same| same.as_deref()) {
            self.update(asset.id.as_deref()).await?;
            return Ok(Uploaded {
                asset: asset.clone(),
                stored: None,
                outcome: Outcome::AlreadyThere,
                md5: hashed.md5,
                len: hashed.len,
                attempts: Attempts::default(),
                is_new: false,
            });
        }

        let mut retries = self.upload.client.inner().settings().retry.start();
        let stored = loop {
            let mut created = self.create(&target, hashed.md5).await?;
            // A new form for the same asset makes it no older.
            if let Some(first) = &state.created
                && first.asset.id == created.asset.id
            {
                created.age = first.age;
            }
            let created = state.created.insert(created);
            let Some(form) = &created.form else {
                break None;
            };
            let posted = self
                .post(form, &hashed, &mut retries, &mut state.attempts.s3)
                .await;
            match posted {
                Ok(stored) => break Some(stored),
                Err(UploadErrorKind::S3(error))
                    if error.is_expired() && state.attempts.renewals < RENEWALS =>
                {
                    trace::warning!("the form has run out and is replaced");
                    state.attempts.renewals += 1;
                }
                Err(kind) => return Err(kind),
            }
        };
        let Some(created) = &state.created else {
            return Err(UploadErrorKind::Incomplete("an answer"));
        };
        if let Some(limit) = self.upload.wait_until_ready {
            self.ready(created.asset.id.as_deref(), hashed.len, limit)
                .await?;
        }
        if let Some(same) = &mut same {
            **same = Some(Box::new(created.asset.clone()));
        }
        self.update(created.asset.id.as_deref()).await?;
        let outcome = match (&stored, created.age) {
            (None, _) | (_, Age::Older) => Outcome::AlreadyThere,
            (Some(_), Age::Fresh | Age::Unknown) => Outcome::Uploaded,
        };
        Ok(Uploaded {
            asset: created.asset.clone(),
            stored,
            outcome,
            md5: hashed.md5,
            len: hashed.len,
            attempts: Attempts::default(),
            is_new: created.age == Age::Fresh,
        })
    }

    async fn create(&self, target: &Target, md5: Md5) -> Result<Created, UploadErrorKind> {
        let hash = md5.to_string();
        let request = self.creator.create_asset().site_id(target.site);
        let response = request
            .body_map(|body| {
                let body = body.file_name(target.name.clone()).file_hash(hash);
                body.parent_folder(target.folder)
            })
            .send()
            .await
            .map_err(UploadErrorKind::Create)?;
        // From the attempt that was answered: an asset that was registered while this call waited
        // is somebody else's.
        let age = Age::of(&response, &target.name, self.creates.elapsed());
        let mut asset = response.into_inner();
        let form = match (asset.upload_url.take(), asset.upload_details.take()) {
            (Some(url), Some(details)) => {
                Some(self.form(&url, &details).map_err(UploadErrorKind::S3)?)
            }
            // Webflow answers with the asset it has where the content is the same.
            (None, None) if asset.id.is_some() => None,
            (None, None) => return Err(UploadErrorKind::Incomplete("an id or a form")),
            (None, Some(_)) => return Err(UploadErrorKind::Incomplete("an upload URL")),
            (Some(_), None) => return Err(UploadErrorKind::Incomplete("upload details")),
        };
        Ok(Created { asset, form, age })
    }

    fn form(&self, url: &str, details: &types::UploadDetails) -> Result<PostForm, s3::Error> {
        let form = PostForm::from_details(url, details)?;
        let settings = self.upload.client.inner().settings();
        let form = form
            .idle_timeout(settings.idle)
            .allow_http(settings.allow_http);
        Ok(match self.upload.on_progress.clone() {
            Some(on_progress) => form.on_progress(move |progress| on_progress(progress)),
            None => form,
        })
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
                // What the form's own check turned down was not sent.
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
                let otherwise = (Err(kind), sent);
                if !repeatable {
                    return Attempt::Done(otherwise);
                }
                Attempt::Again {
                    state: sent,
                    retry_after,
                    otherwise,
                }
            })
            .await;
        *attempts += sent;
        result
    }

    /// Polls the asset until Webflow states the size that was sent.
    async fn ready(
        &self,
        id: Option<&str>,
        len: u64,
        limit: Duration,
    ) -> Result<(), UploadErrorKind> {
        const LONGEST: Duration = Duration::from_secs(2);

        let start = Instant::now();
        let mut delay = Duration::from_millis(100);
        let mut size = None;
        loop {
            let left = limit.saturating_sub(start.elapsed());
            let request = self
                .upload
                .client
                .get_asset()
                .asset_id(id.unwrap_or_default());
            match timeout(left, request.send()).await {
                Ok(Ok(asset)) => size = asset.size,
                // It is not there yet.
                Ok(Err(error)) if error.status() == Some(StatusCode::NOT_FOUND) => {}
                Ok(Err(error)) => return Err(UploadErrorKind::Check(error)),
                Err(_) => return Err(UploadErrorKind::NotReady { limit, size }),
            }
            if size.and_then(|size| u64::try_from(size).ok()) == Some(len) {
                return Ok(());
            }
            if start.elapsed() + delay >= limit {
                return Err(UploadErrorKind::NotReady { limit, size });
            }
            sleep(delay).await;
            delay = LONGEST.min(delay * 2);
        }
    }

    /// Sets the asset's display name and alternative text, where there are any to set.
    async fn update(&self, id: Option<&str>) -> Result<(), UploadErrorKind> {
        let Upload {
            display_name,
            alt_text,
            client,
            ..
        } = self.upload;
        if display_name.is_none() && alt_text.is_none() {
            return Ok(());
        }
        let mut retries = client.inner().settings().retry.start();
        retries
            .run((), |(), _| async {
                let request = client.update_asset().asset_id(id.unwrap_or_default());
                let request = request.body_map(|body| {
                    let body = body.display_name(display_name.clone());
                    body.alt_text(alt_text.clone())
                });
                let Err(error) = request.send().await else {
                    return Attempt::Done(Ok(()));
                };
                // Right after an upload, Webflow does not find the asset; and setting the same
                // text twice does no harm.
                let repeatable = matches!(
                    (&error, error.status().map(|status| status.as_u16())),
                    (ApiCallError::CommunicationError(_), None) | (_, Some(404 | 500 | 502 | 504))
                );
                Attempt::of(Err(UploadErrorKind::Update(error)), repeatable, None)
            })
            .await
    }

    /// Deletes an asset that this call registered and could not fill.
    ///
    /// Two things must be proven: that the asset was registered by this call, and that it has no
    /// file. An older asset with the same content is not this call's to delete, nor is one that
    /// somebody has filled since.
    async fn clean_up(&self, state: &State, kind: &UploadErrorKind) -> Option<CleanUp> {
        let created = state.created.as_ref()?;
        let id = types::AssetId::try_from(created.asset.id.as_deref()?).ok()?;
        let stored = matches!(
            kind,
            UploadErrorKind::Check(_)
                | UploadErrorKind::NotReady { .. }
                | UploadErrorKind::Update(_)
        );
        if stored || created.form.is_none() {
            return None;
        }
        if self.upload.keep_on_failure || created.age != Age::Fresh {
            return Some(CleanUp::Kept);
        }
        let delete = self.delete_unfilled(id);
        let result = timeout(CLEAN_UP, delete).await;
        Some(result.unwrap_or_else(|_| {
            let reason = format!("it took longer than {} s", CLEAN_UP.as_secs());
            CleanUp::Failed(ApiCallError::Custom(reason))
        }))
    }

    async fn delete_unfilled(&self, id: types::AssetId) -> CleanUp {
        let client = &self.upload.client;
        match client.get_asset().asset_id(id).send().await {
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {}
            Ok(_) => return CleanUp::Kept,
            Err(error) => return CleanUp::Failed(error),
        }
        match client.delete_asset().asset_id(id).send().await {
            Ok(_) => CleanUp::Deleted,
            // A first attempt whose answer was lost has deleted it.
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => CleanUp::Deleted,
            Err(error) => CleanUp::Failed(error),
        }
    }
}

/// Holds S3's ETag against the MD5, where it is one.
fn mismatch(stored: &Stored, md5: Md5) -> Option<UploadErrorKind> {
    let etag = stored.etag_md5()?;
    (!etag.eq_ignore_ascii_case(&md5.to_string())).then(|| UploadErrorKind::Mismatch {
        md5,
        etag: etag.to_owned(),
    })
}
