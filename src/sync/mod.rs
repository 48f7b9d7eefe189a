//! A directory tree onto the asset folders of a site; see [`Client::sync`].

mod delete;
mod draft;
mod error;
mod folders;
mod lock;
mod names;
mod plan;
mod run;
mod state;
mod walk;

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use self::walk::Filter;
pub use self::{
    error::{Problem, ProblemKind, SyncError},
    lock::{LockFile, LockFileError, Locked},
    names::LongNames,
    plan::{Action, Plan, Planned},
};
use crate::{
    generated::{Client, types},
    s3::Progress,
    upload::{Uploaded, error::UploadError},
};

impl Client {
    /// Puts the files of a directory on a site, and keeps them there in step with it.
    ///
    /// Sub-directories become asset folders. A lock file in the directory,
    /// [`webflow-assets.lock`](LockFile), says which file is on the site as which asset, so that
    /// the next time only what is new or changed is sent. It is safe to interrupt at any moment:
    /// what was uploaded and did not reach the lock file is found again by its content.
    ///
    /// ```no_run
    /// # async fn sync(client: webflow_assets::Client) -> Result<(), webflow_assets::sync::SyncError> {
    /// let report = client
    ///     .sync("580e63e98c9a982ac9b8b741", "public/img")
    ///     .folder("brand/2026")
    ///     .include("*.png")
    ///     .send()
    ///     .await?;
    /// for failure in &report.failures {
    ///     eprintln!("{}", failure.error);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn sync(&self, site: impl Into<String>, dir: impl Into<PathBuf>) -> DirSync {
        DirSync {
            client: self.clone(),
            site: site.into(),
            dir: dir.into(),
            folder: String::new(),
            filter: Filter::default(),
            delete: false,
            long_names: LongNames::default(),
            verify: false,
            concurrency: None,
        }
    }
}

/// A synchronisation that has not begun; see [`Client::sync`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is planned or sent"]
pub struct DirSync {
    client: Client,
    site: String,
    dir: PathBuf,
    folder: String,
    filter: Filter,
    delete: bool,
    long_names: LongNames,
    verify: bool,
    concurrency: Option<usize>,
}

impl DirSync {
    /// The path of the asset folder that the directory goes to, such as `brand/2026`. The top of
    /// the site if not set. Folders that the site lacks are created.
    pub fn folder(mut self, path: impl AsRef<str>) -> Self {
        path.as_ref().trim_matches('/').clone_into(&mut self.folder);
        self
    }

    /// Only files that match this pattern, or another one that is included. Patterns are those of
    /// `.gitignore`: `*.png` matches at any depth, `/logo.svg` at the top alone.
    pub fn include(mut self, glob: impl Into<String>) -> Self {
        self.filter.include.push(glob.into());
        self
    }

    /// No file or directory that matches this pattern.
    pub fn exclude(mut self, glob: impl Into<String>) -> Self {
        self.filter.exclude.push(glob.into());
        self
    }

    /// Hidden files too, and what is in hidden directories.
    pub fn hidden(mut self, hidden: bool) -> Self {
        self.filter.hidden = hidden;
        self
    }

    /// What links lead to, too. A link that leads in a circle is a [`Problem`].
    pub fn follow_links(mut self, follow: bool) -> Self {
        self.filter.follow = follow;
        self
    }

    /// Deletes assets whose file is gone or has changed, as far as the lock file says that they
    /// were created from here and no other file needs them.
    pub fn delete(mut self, delete: bool) -> Self {
        self.delete = delete;
        self
    }

    /// What becomes of files whose names have 100 characters or more.
    pub fn long_names(mut self, policy: LongNames) -> Self {
        self.long_names = policy;
        self
    }

    /// Lists the site's assets first, a request for each hundred, and sends again what the lock
    /// file names and the site lacks.
    pub fn verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// How many files are worked on at a time, as for [`Batch`](crate::Batch::concurrency).
    pub fn concurrency(mut self, files: usize) -> Self {
        self.concurrency = Some(files.max(1));
        self
    }

    /// Finds out what there is to do. Files are read where neither lock file, size nor
    /// modification time tells whether they changed. Nothing is sent, unless
    /// [`verify`](Self::verify) is set.
    ///
    /// # Errors
    ///
    /// [`SyncError`] says which of them leave everything as it was.
    pub async fn plan(self) -> Result<Plan, SyncError> {
        Plan::make(self).await
    }

    /// Plans, and does it.
    ///
    /// # Errors
    ///
    /// As [`plan`](Self::plan) and [`Plan::send`].
    pub async fn send(self) -> Result<Report, SyncError> {
        self.plan().await?.send().await
    }

    fn check(&self) -> Result<(), SyncError> {
        if types::SiteId::try_from(self.site.as_str()).is_err() {
            return Err(SyncError::SiteId(self.site.clone()));
        }
        if !self.folder.is_empty() && self.folder.split('/').any(str::is_empty) {
            return Err(SyncError::FolderPath(self.folder.clone()));
        }
        Ok(())
    }
}

/// What happens while a [`Plan`] is carried out. Paths are relative to the directory.
#[derive(Debug)]
#[non_exhaustive]
pub enum SyncEvent<'a> {
    /// An asset folder was created.
    FolderCreated {
        /// Its path, from the top of the site.
        path: &'a str,
        /// Its id.
        id: &'a str,
    },
    /// A file is being read, and will be sent.
    Started {
        /// Its path.
        path: &'a str,
    },
    /// A piece of a file has been sent. Each attempt starts from nothing.
    Progress {
        /// Its path.
        path: &'a str,
        /// How much of it the current attempt has sent.
        progress: Progress,
    },
    /// A file is on the site.
    Uploaded {
        /// Its path.
        path: &'a str,
        /// Its asset.
        uploaded: &'a Uploaded,
    },
    /// A file did not get there. If `again`, it is tried once more, after the others.
    Failed {
        /// Its path.
        path: &'a str,
        /// Why.
        error: &'a UploadError,
        /// Whether it is tried again.
        again: bool,
    },
    /// An asset was deleted.
    Deleted {
        /// The path of the file that it was for.
        path: &'a str,
        /// Its id.
        asset: &'a str,
    },
}

/// What a synchronisation came to.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Files that were uploaded.
    pub uploaded: usize,
    /// Files whose content the site had already.
    pub already_there: usize,
    /// Files that were on the site, and cost no request.
    pub unchanged: usize,
    /// Asset folders that were created.
    pub folders: usize,
    /// Assets that were deleted.
    pub deleted: usize,
    /// Files that are not on the site.
    pub failures: Vec<Failure>,
    /// Assets that could not be deleted, by the path of their file. The lock file keeps them.
    pub not_deleted: BTreeMap<String, crate::Error<types::ApiError>>,
    /// Files that were left out.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether everything that was asked for was done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty() && self.not_deleted.is_empty() && self.problems.is_empty()
    }
}

/// A file that did not get to the site.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Its path, relative to the directory.
    pub path: String,
    /// Why.
    pub error: UploadError,
}

/// Who is told what happens.
#[derive(Clone)]
struct Listener(Option<OnEvent>);

type OnEvent = Arc<dyn Fn(SyncEvent<'_>) + Send + Sync>;

impl Listener {
    fn tell(&self, event: SyncEvent<'_>) {
        if let Some(listener) = &self.0 {
            listener(event);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}
