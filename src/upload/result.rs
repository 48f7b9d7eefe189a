//! The result of an upload.

use crate::{generated::types, id::AssetId, s3::Stored, source::Md5};

/// A file that is on the site, as [`Upload::send`](crate::Upload::send) returns it.
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
/// use webflow_assets::{Outcome, Source};
///
/// let first = client.upload(site, Source::bytes("a.txt", "text")).send().await?;
/// assert_eq!(first.outcome, Outcome::Uploaded);
/// assert!(first.is_new());
///
/// // Webflow finds the asset by its content.
/// let second = client.upload(site, Source::bytes("b.txt", "text")).send().await?;
/// assert_eq!(second.outcome, Outcome::AlreadyThere);
/// assert_eq!(second.id(), first.id());
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sandbox"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Uploaded {
    /// Webflow's answer to the create call. The signed form is removed: it would let whoever reads
    /// it replace the file for the rest of its hour.
    pub asset: types::AssetUpload,
    /// S3's answer; `None` if Webflow had the file already and gave no form.
    pub stored: Option<Stored>,
    /// Whether this call put the file on the site.
    pub outcome: Outcome,
    /// The MD5 of the file.
    pub md5: Md5,
    /// The length of the file in bytes.
    pub len: u64,
    pub(super) id: AssetId,
    pub(super) attempts: Attempts,
    pub(super) is_new: bool,
    pub(super) alt_text_kept: bool,
}

impl Uploaded {
    /// The id of the asset.
    #[must_use]
    pub fn id(&self) -> AssetId {
        self.id
    }

    /// The address that Webflow serves the file under; empty if Webflow's answer has none.
    #[must_use]
    pub fn url(&self) -> &str {
        let asset = &self.asset;
        let url = asset.hosted_url.as_ref().or(asset.asset_url.as_ref());
        url.map_or("", String::as_str)
    }

    /// Whether Webflow's answer proves that this call registered the asset: its name is the one
    /// that the call gave, and its date is within the call, to the second.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether the alternative text was not set, because the site had the asset already, with
    /// another text.
    #[must_use]
    pub fn alt_text_kept(&self) -> bool {
        self.alt_text_kept
    }

    /// How often each step was tried.
    #[must_use]
    pub fn attempts(&self) -> Attempts {
        self.attempts
    }
}

/// How often each step of an upload was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempts {
    /// Create calls that were sent to Webflow, those for a new form among them.
    pub create: u32,
    /// Forms that were posted to S3.
    pub s3: u32,
    /// Forms that had expired and were replaced.
    pub renewals: u32,
}

/// Whether an upload put its file on the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The file was sent, and nothing in Webflow's answer says that the site had it before.
    Uploaded,
    /// The site had an asset with the same content, and Webflow answered with that one, under its
    /// first file name. If the answer has a form, the file was sent nevertheless, as the asset may
    /// have been registered and never filled. Or another file of the same batch has this content.
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
