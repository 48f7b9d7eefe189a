//! Downloads the assets of a site to a directory; see [`Client::pull`].

mod download;
pub(super) mod error;
mod fetch;
mod layout;
mod place;
mod record;
mod run;

use std::path::PathBuf;

pub use self::error::PullError;
use crate::{
    generated::Client,
    id::{AssetId, IdError, SiteId},
};

impl Client {
    /// Fetches the assets of a site into a directory, with a directory for each asset folder.
    ///
    /// A lock file records which file is which asset, so that [`Client::sync`] goes on from there
    /// and sends nothing, and so that the next pull fetches only what is new. A pull that is
    /// interrupted at any moment can be repeated. Each file has the length that Webflow states.
    /// Names that a file system may refuse are changed, and no file that is there is overwritten
    /// unless [`overwrite`](Pull::overwrite) is set.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use webflow_assets::{Client, Token, sandbox::Sandbox};
    ///
    /// let sandbox = Sandbox::start().await?;
    /// let _ = sandbox.add_asset("a.txt", "content");
    /// let token = Token::new(sandbox.token())?;
    /// let client = Client::builder().token(token).base_url(sandbox.base_url()).build()?;
    /// let dir = tempfile::tempdir()?;
    ///
    /// let report = client.pull(sandbox.site_id(), dir.path()).send().await?;
    /// assert_eq!(report.pulled, 1);
    /// assert_eq!(std::fs::read_to_string(dir.path().join("a.txt"))?, "content");
    ///
    /// let synced = client.sync(sandbox.site_id(), dir.path()).send().await?;
    /// assert_eq!((synced.unchanged, synced.uploaded), (1, 0));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sandbox"))]
    /// # fn main() {}
    /// ```
    pub fn pull(
        &self,
        site: impl TryInto<SiteId, Error: Into<IdError>>,
        dir: impl Into<PathBuf>,
    ) -> Pull {
        Pull {
            client: self.clone(),
            site: site.try_into().map_err(Into::into),
            dir: dir.into(),
            lock_file: None,
            folder: String::new(),
            overwrite: false,
            concurrency: 8,
        }
    }
}

/// A builder for a pull; see [`Client::pull`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is streamed or sent"]
pub struct Pull {
    client: Client,
    site: Result<SiteId, IdError>,
    dir: PathBuf,
    lock_file: Option<PathBuf>,
    folder: String,
    overwrite: bool,
    concurrency: usize,
}

impl Pull {
    /// Fetches only the assets in and below the folder at this path, which corresponds to the top
    /// of the directory. All assets of the site if not set.
    pub fn folder(mut self, path: impl AsRef<str>) -> Self {
        path.as_ref().trim_matches('/').clone_into(&mut self.folder);
        self
    }

    /// Sets where the lock file is, as [`DirSync::lock_file`](crate::sync::DirSync::lock_file).
    pub fn lock_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.lock_file = Some(path.into());
        self
    }

    /// Replaces files that differ from the assets whose names they have.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Sets how many assets are fetched at a time: 8 if not set, and at least 1.
    pub fn concurrency(mut self, assets: usize) -> Self {
        self.concurrency = assets.max(1);
        self
    }
}

/// An event of a pull. Paths are relative to the directory.
#[derive(Debug)]
#[non_exhaustive]
pub enum PullEvent {
    /// The site was listed, and these files are fetched. The first event.
    Planned {
        /// The path and the stated length of each.
        files: Vec<(String, Option<u64>)>,
    },
    /// A file has been fetched.
    Pulled {
        /// Its path.
        path: String,
        /// The id of the asset.
        asset: AssetId,
        /// The length in bytes.
        size: u64,
        /// The name of the asset on the site, if the file has another one, with its folders if one
        /// of them has another name.
        name: Option<String>,
    },
    /// A file has the name of an asset but different content, and is not overwritten.
    Kept {
        /// Its path.
        path: String,
        /// The id of the asset.
        asset: AssetId,
    },
    /// An asset could not be fetched or written.
    Failed {
        /// The path that the file would have.
        path: String,
        /// The id of the asset.
        asset: AssetId,
        /// Why.
        error: PullError,
    },
    /// All assets were tried. The last event.
    Finished {
        /// The results.
        report: PullReport,
    },
}

/// The results of a pull.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PullReport {
    /// Files that were fetched.
    pub pulled: usize,
    /// Files that were there already.
    pub unchanged: usize,
    /// Files that have the name of an asset but different content, and were not overwritten.
    pub kept: usize,
    /// Assets that could not be fetched or written.
    pub failed: usize,
    /// Files whose assets or folders have other names on the site.
    pub renamed: usize,
}

impl PullReport {
    /// Whether the directory has every asset.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.kept == 0 && self.failed == 0
    }
}
