//! The checks before anything is sent.

use super::{
    Upload,
    error::{UploadError, UploadErrorKind},
    invalid::Invalid,
    result::Attempts,
};
use crate::{
    generated::types::FileName,
    id::{FolderId, SiteId},
    source::{FileWarning, Hashed, Md5, TooLarge},
};

/// The validated destination of a file.
pub(super) struct Target {
    pub(super) site: SiteId,
    pub(super) folder: Option<FolderId>,
    pub(super) name: FileName,
}

/// A file that [`Upload::check`] found no reason to refuse.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checked {
    /// The file name that the asset would get.
    pub file_name: String,
    /// The length of the file in bytes.
    pub len: u64,
    /// The MD5 of the file.
    pub md5: Md5,
    /// What Webflow may refuse.
    pub warnings: Vec<FileWarning>,
}

impl Upload {
    /// The largest file to upload, in bytes: 30 MiB if not set, as Webflow signs no form for more.
    /// A larger one is refused before Webflow registers it.
    pub fn max_len(mut self, bytes: u64) -> Self {
        self.max_len = bytes;
        self
    }

    /// Refuses a file with warnings ([`FileWarning`]), before Webflow registers it.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Reads the file and checks all that can be checked without a request to Webflow. A URL is
    /// fetched.
    ///
    /// ```
    /// # use webflow_assets::{Client, Source, Token};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let client = Client::builder().token(Token::new("t0ken")?).build()?;
    /// let upload = client.upload("580e63e98c9a982ac9b8b741", Source::bytes("notes.md", "# Notes"));
    /// let checked = upload.check().await?;
    /// assert_eq!(checked.len, 7);
    /// assert_eq!(
    ///     checked.warnings[0].to_string(),
    ///     "Webflow documents no files of type `.md`"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`UploadErrorKind::Source`] and [`UploadErrorKind::Invalid`], as [`send`](Self::send).
    pub async fn check(&self) -> Result<Checked, UploadError> {
        let examined = self.examine().await;
        examined
            .map(|(.., checked)| checked)
            .map_err(|kind| UploadError::new(self.label(), kind, None, Attempts::default(), None))
    }

    /// Reads the file and checks it.
    pub(super) async fn examine(&self) -> Result<(Target, Hashed, Checked), UploadErrorKind> {
        let target = self.target().map_err(UploadErrorKind::Invalid)?;
        let hashed = self.hash().await?;
        let file_name = target.name.to_string();
        let warnings = FileWarning::of(&file_name, hashed.len);
        if self.strict && !warnings.is_empty() {
            return Err(UploadErrorKind::Invalid(Invalid::Warnings(warnings)));
        }
        let checked = Checked {
            warnings,
            file_name,
            len: hashed.len,
            md5: hashed.md5,
        };
        Ok((target, hashed, checked))
    }

    /// Checks everything that the create call would refuse.
    fn target(&self) -> Result<Target, Invalid> {
        let name = match &self.file_name {
            Some(name) => name.as_str(),
            None => self.source.file_name().ok_or(Invalid::NoFileName)?,
        };
        if name.contains(char::is_control) {
            return Err(Invalid::ControlCharacter);
        }
        let site = self.site.as_ref();
        let folder = self.parent_folder.as_ref().map(Result::as_ref).transpose();
        Ok(Target {
            site: *site.map_err(|error| Invalid::SiteId(error.text().to_owned()))?,
            folder: folder
                .map_err(|error| Invalid::FolderId(error.text().to_owned()))?
                .copied(),
            name: FileName::try_from(name).map_err(|_| Invalid::FileName {
                name: name.to_owned(),
                len: name.chars().count(),
            })?,
        })
    }

    /// Reads the file, and refuses one that is not to be published.
    async fn hash(&self) -> Result<Hashed, UploadErrorKind> {
        let too_large = |len| {
            let limit = self.max_len;
            UploadErrorKind::Invalid(Invalid::TooLarge { len, limit })
        };
        let hashed = self.source.hash_up_to(self.max_len).await;
        let hashed = hashed.map_err(|error| {
            match error.get_ref().and_then(|source| source.downcast_ref()) {
                Some(TooLarge(len)) => too_large(*len),
                None => UploadErrorKind::Source(error),
            }
        })?;
        if hashed.len > self.max_len {
            return Err(too_large(hashed.len));
        }
        if hashed.source.is_lfs_pointer() {
            return Err(UploadErrorKind::Invalid(Invalid::LfsPointer));
        }
        Ok(hashed)
    }
}
