//! A directory tree onto the asset folders of a site, and in step with it; see [`Client::sync`].
//!
//! # What a run does
//!
//! 1. It compares the tree with the lock file. A file whose stamp (size, times, inode) is known is
//!    not opened; others are read once. [`DirSync::plan`] ends here, and writes nothing.
//! 2. It finds or creates the asset folders, and uploads what is new or changed, several files at
//!    a time. What fails for a reason that may pass is tried again after the others. A failed
//!    upload deletes nothing: its asset is filled by the next attempt or run.
//! 3. With [`DirSync::delete`], it lists the site and deletes last of all what the plan named.
//!
//! # Files that it writes
//!
//! - `webflow-assets.lock`, the [`LockFile`]: which path is on the site as which asset. It belongs
//!   into version control. The first file that gets to the site binds it to the site and folder.
//! - `.webflow-assets/journal`: what happened since the lock file was last written. A run that is
//!   killed continues from it. The lock file is rewritten when the journal has grown to half its
//!   length, so that all bytes written stay within six times the final lock file.
//! - `.webflow-assets/stamps.json`: what is known of the files. It only saves work.
//!
//! None of them is written through a symbolic link, and files are replaced as a whole.
//!
//! # What it deletes
//!
//! An asset is deleted only if the lock file records that it was created from this directory, no
//! file needs its content, its path is still absent at the end of the run, and the site lists it
//! with the id, name and size that were recorded. Nothing is deleted if a file failed or was left
//! out, or if more would be deleted than [`MaxDelete`] allows.
//!
//! # Limits
//!
//! - One writer for each folder of a site. Two runs on one directory are refused on one machine;
//!   two machines, or two directories with one folder, are not detected.
//! - Webflow's lists have no hash. [`DirSync::verify`] notices that an asset is gone or has another
//!   size, not that somebody replaced its content by as many bytes.
//! - Webflow does not tell whether a page or CMS item uses an asset. `delete` cannot know either.
//! - Equal content has one asset. If another directory or person was given the same asset, it is
//!   deleted for them too; a run of theirs with `verify` uploads it again.
//! - A run that continues what another began fills the assets that it finds without a file, and
//!   looks at them again after the [lease](crate::ClientBuilder::lease), which takes that long at
//!   the end.
//! - A change of a file that keeps its size, times and inode is found by [`DirSync::checksum`]
//!   alone.

mod action;
mod compare;
mod delete;
mod error;
mod events;
mod folders;
mod journal;
mod ledger;
mod listing;
mod lock_file;
mod locked;
mod names;
mod plan;
mod pull;
mod run;
mod stamps;
mod state_dir;
mod upload;
mod walk;

use std::{collections::BTreeMap, path::PathBuf};

use self::walk::Filter;
pub use self::{
    action::{Action, Planned},
    delete::{Held, MaxDelete, MaxDeleteError},
    error::{Problem, ProblemKind, SyncError},
    events::{Failure, Report, SyncEvent, SyncEvents},
    lock_file::{LockFile, LockFileError},
    locked::Locked,
    names::LongNames,
    plan::Plan,
    pull::{Pull, PullError, PullEvent, PullReport},
};
use crate::generated::Client;

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
            max_delete: MaxDelete::default(),
            checksum: false,
            long_names: LongNames::default(),
            verify: false,
            texts: BTreeMap::new(),
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
    max_delete: MaxDelete,
    checksum: bool,
    long_names: LongNames,
    verify: bool,
    texts: BTreeMap<String, FileTexts>,
    concurrency: Option<usize>,
}

/// What is set of the asset of a file when that is uploaded.
#[derive(Clone, Debug, Default)]
struct FileTexts {
    alt_text: Option<String>,
    display_name: Option<String>,
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
    /// were created from here and no other file needs them. Implies [`verify`](Self::verify).
    pub fn delete(mut self, delete: bool) -> Self {
        self.delete = delete;
        self
    }

    /// How many assets may be deleted. If more would be, none is, and the report says so.
    pub fn max_delete(mut self, limit: MaxDelete) -> Self {
        self.max_delete = limit;
        self
    }

    /// Reads every file to find out whether it changed, also where its size, times and inode say
    /// that it did not.
    pub fn checksum(mut self, checksum: bool) -> Self {
        self.checksum = checksum;
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

    /// The alternative text of the file at a path, which is relative to the directory. It is set
    /// when the file is uploaded, as [`Upload::alt_text`](crate::Upload::alt_text) is.
    pub fn alt_text(mut self, path: impl Into<String>, alt_text: impl Into<String>) -> Self {
        self.texts.entry(path.into()).or_default().alt_text = Some(alt_text.into());
        self
    }

    /// The display name of the file at a path, which is relative to the directory. It is set when
    /// the file is uploaded, as [`Upload::display_name`](crate::Upload::display_name) is.
    pub fn display_name(mut self, path: impl Into<String>, name: impl Into<String>) -> Self {
        self.texts.entry(path.into()).or_default().display_name = Some(name.into());
        self
    }

    /// How many files are worked on at a time, as for [`Batch`](crate::Batch::concurrency).
    pub fn concurrency(mut self, files: usize) -> Self {
        self.concurrency = Some(files.max(1));
        self
    }
}
