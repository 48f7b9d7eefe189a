//! The create call: its request, and the checks of its response.

use std::time::Duration;

use progenitor_client::{ClientInfo, ResponseValue};
use tokio::time::Instant;

use super::{
    check::Target,
    error::UploadErrorKind,
    own::{self, Call, Registered},
    ownership::{Claim, Evidence},
    steps::Steps,
};
use crate::{
    api::retry,
    generated::types,
    id::FolderId,
    s3::{self, PostForm},
    source::Md5,
    time::Timestamp,
};

impl Steps<'_> {
    /// Registers an asset, and stores it in `registered` as soon as its id is known: an error after
    /// that can name the asset and clean it up. Returns the form, if there is one.
    pub(super) async fn register(
        &self,
        target: &Target,
        md5: Md5,
        registered: &mut Option<Registered>,
    ) -> Result<Option<PostForm>, UploadErrorKind> {
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
        let answered = Instant::now();
        // From the attempt that was answered: an asset that was registered while this call waited
        // belongs to another caller.
        let took = self.creates.elapsed();
        let evidence = evidence(&response, target, took);
        let lease = self.upload.client.inner().settings().lease;
        let mut asset = response.into_inner();
        let id = asset.id.as_deref().and_then(|id| id.parse().ok());
        let Some(id) = id else {
            return Err(UploadErrorKind::Incomplete("a valid id"));
        };
        let (url, details) = (asset.upload_url.take(), asset.upload_details.take());
        match registered {
            // A new form for the same asset makes it no older.
            Some(known) if known.id == id => known.asset = asset,
            _ => {
                let call = Call {
                    md5,
                    claim: Claim::of(&evidence, lease),
                    called: answered.checked_sub(took).unwrap_or(answered),
                    answered,
                    is_filled: false,
                };
                let call = own::decisive(self.upload.client.baseurl(), id, call)
                    .ok_or(UploadErrorKind::OtherContent(id))?;
                *registered = Some(Registered { id, asset, call });
            }
        }
        match (url, details) {
            (Some(url), Some(details)) => {
                let form = self.form(&url, &details).map_err(UploadErrorKind::S3)?;
                Ok(Some(form))
            }
            // Webflow answers with the asset it has where the content is the same.
            (None, None) => Ok(None),
            (None, Some(_)) => Err(UploadErrorKind::Incomplete("an upload URL")),
            (Some(_), None) => Err(UploadErrorKind::Incomplete("upload details")),
        }
    }

    fn form(&self, url: &str, details: &types::UploadDetails) -> Result<PostForm, s3::Error> {
        let form = PostForm::from_details(url, details)?;
        let context = self.upload.client.inner();
        let settings = context.settings();
        let form = form
            .hide(context.secrets())
            .idle_timeout(settings.idle)
            .allow_http(settings.allow_http);
        Ok(match self.upload.on_progress.clone() {
            Some(on_progress) => form.on_progress(move |progress| on_progress(progress)),
            None => form,
        })
    }
}

/// The dates that an answer states. All of them are of the server's clock.
fn evidence(
    response: &ResponseValue<types::AssetUpload>,
    target: &Target,
    took: Duration,
) -> Evidence {
    let first_name = response.original_file_name.as_deref();
    let created = response.created_on.as_deref();
    let details = response.upload_details.as_ref();
    let signed = details.and_then(|details| details.x_amz_date.as_deref());
    Evidence {
        named: first_name.map(|first| first == target.name.as_str()),
        placed: placed(response.parent_folder.as_deref(), target.folder),
        created: created.and_then(Timestamp::rfc3339),
        answered: retry::server_time(response.headers()),
        signed: signed.and_then(Timestamp::aws),
        has_form: details.is_some() || response.upload_url.is_some(),
        took,
    }
}

/// Whether an asset in the folder `found` is in the one that was asked for.
fn placed(found: Option<&str>, folder: Option<FolderId>) -> Option<bool> {
    let found: FolderId = found?.parse().ok()?;
    Some(folder == Some(found))
}
