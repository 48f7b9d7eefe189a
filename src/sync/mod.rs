//! Synchronises a directory tree to the asset folders of a site; see [`Client::sync`].
//!
//! # What a run does
//!
//! 1. It compares the tree with the lock file. A file whose stamp (size, times, inode) is known is
//!    not opened; others are read once. [`DirSync::plan`] ends here, and writes nothing.
//! 2. It finds or creates the asset folders, and uploads what is new or changed, several files at
//!    a time. Files that fail for a transient reason are retried after the others. A failed
//!    upload deletes nothing: its asset is filled by the next attempt or run.
//! 3. With [`DirSync::delete`], it lists the site, and finally deletes the planned assets.
//!
//! # Files that it writes
//!
//! - `webflow-assets.lock`, the [`LockFile`]: which path is on the site as which asset. It belongs
//!   in version control. The first file that is uploaded binds it to the site and folder.
//! - `.webflow-assets/journal`: what happened since the lock file was last written. A run that is
//!   killed continues from it. The lock file is rewritten when the journal has grown to half its
//!   length, so that all bytes written stay within six times the final lock file.
//! - `.webflow-assets/stamps.json`: the MD5s of files by their stamps. It only saves work.
//!
//! With [`DirSync::lock_file`], they are elsewhere, and `.webflow-assets-NAME` is beside a lock file
//! with the name `NAME`.
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
//! - Two runs that create a folder at the same time make two. The next runs use the oldest.
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
mod guard;
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
mod texts;
mod upload;
mod walk;

use std::{collections::BTreeMap, path::PathBuf};

use self::walk::Filter;
pub use self::{
    action::{Action, Planned},
    delete::{Held, MaxDelete, MaxDeleteError, Stays},
    error::{Problem, ProblemKind, SyncError},
    events::{Failure, Report, SyncEvent, SyncEvents},
    lock_file::{LockFile, LockFileError},
    locked::{AssetTexts, Locked},
    names::LongNames,
    plan::Plan,
    pull::{Pull, PullError, PullEvent, PullReport},
};
#[cfg(feature = "cli")]
pub(crate) use self::{
    locked::{Claims, without_id},
    texts::Change as TextsChange,
};
use crate::generated::Client;

impl Client {
    /// Uploads the files of a directory to a site, and later only what has changed.
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
            lock_file: None,
            folder: String::new(),
            filter: Filter::default(),
            delete: false,
            max_delete: MaxDelete::default(),
            checksum: false,
            long_names: LongNames::default(),
            verify: false,
            texts: BTreeMap::new(),
            overwrite_texts: false,
            concurrency: None,
        }
    }
}

/// A builder for a synchronisation; see [`Client::sync`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is planned or sent"]
#[expect(clippy::struct_excessive_bools, reason = "options are bools")]
pub struct DirSync {
    client: Client,
    site: String,
    dir: PathBuf,
    lock_file: Option<PathBuf>,
    folder: String,
    filter: Filter,
    delete: bool,
    max_delete: MaxDelete,
    checksum: bool,
    long_names: LongNames,
    verify: bool,
    texts: BTreeMap<String, AssetTexts>,
    overwrite_texts: bool,
    concurrency: Option<usize>,
}

impl DirSync {
    /// The path of the asset folder that the directory goes to, such as `brand/2026`. The top of
    /// the site if not set. Folders that the site lacks are created.
    pub fn folder(mut self, path: impl AsRef<str>) -> Self {
        path.as_ref().trim_matches('/').clone_into(&mut self.folder);
        self
    }

    /// Puts the lock file at this path instead of [`LockFile::NAME`] in the directory: outside of a
    /// directory that is published as a whole, for example. What `sync` remembers between runs apart
    /// from that, a journal and the sizes and times of files, is kept beside the lock file.
    pub fn lock_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.lock_file = Some(path.into());
        self
    }

    /// Includes only files that match this pattern or another included one. Patterns are those of
    /// `.gitignore`: `*.png` matches at any depth, `/logo.svg` only at the top.
    pub fn include(mut self, glob: impl Into<String>) -> Self {
        self.filter.include.push(glob.into());
        self
    }

    /// Excludes files and directories that match this pattern.
    pub fn exclude(mut self, glob: impl Into<String>) -> Self {
        self.filter.exclude.push(glob.into());
        self
    }

    /// Includes hidden files, and the files in hidden directories.
    pub fn hidden(mut self, hidden: bool) -> Self {
        self.filter.hidden = hidden;
        self
    }

    /// Follows symbolic links. A link that leads in a circle is a [`Problem`].
    pub fn follow_links(mut self, follow: bool) -> Self {
        self.filter.follow = follow;
        self
    }

    /// Deletes assets whose file is gone or has changed, if the lock file says that they were
    /// created from this directory and no other file needs them. Implies [`verify`](Self::verify).
    pub fn delete(mut self, delete: bool) -> Self {
        self.delete = delete;
        self
    }

    /// Limits how many assets are deleted. If more would be, none is, and the report says so.
    pub fn max_delete(mut self, limit: MaxDelete) -> Self {
        self.max_delete = limit;
        self
    }

    /// Reads every file to find out whether it changed, even if its size, times and inode say that
    /// it did not.
    pub fn checksum(mut self, checksum: bool) -> Self {
        self.checksum = checksum;
        self
    }

    /// Sets how files whose names have 100 characters or more are handled.
    pub fn long_names(mut self, policy: LongNames) -> Self {
        self.long_names = policy;
        self
    }

    /// Lists the site's assets first, with one request per hundred, and uploads again the files
    /// whose assets the site lacks.
    pub fn verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Sets the alternative text of the file at a path relative to the directory. A file that is
    /// uploaded gets it as with [`Upload::alt_text`](crate::Upload::alt_text). For others, the site
    /// is listed at the end, and the text is set if the site has none or the one that was set from
    /// here the last time. The lock file remembers that. One that somebody changed on the site stays,
    /// and is [reported](SyncEvent::Described).
    pub fn alt_text(mut self, path: impl Into<String>, alt_text: impl Into<String>) -> Self {
        self.texts.entry(path.into()).or_default().alt_text = Some(alt_text.into());
        self
    }

    /// Sets the display name of the file at a path relative to the directory, in the same way.
    pub fn display_name(mut self, path: impl Into<String>, name: impl Into<String>) -> Self {
        self.texts.entry(path.into()).or_default().display_name = Some(name.into());
        self
    }

    /// Replaces texts that somebody changed on the site.
    pub fn overwrite_texts(mut self, overwrite: bool) -> Self {
        self.overwrite_texts = overwrite;
        self
    }

    /// Sets how many files are uploaded at a time, as for [`Batch`](crate::Batch::concurrency).
    pub fn concurrency(mut self, files: usize) -> Self {
        self.concurrency = Some(files.max(1));
        self
    }
}
