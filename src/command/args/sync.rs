//! What `sync` and `url` take.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum, ValueHint};
use webflow_assets::sync::{DirSync, LockFile, LongNames, MaxDelete};

use super::{CONCURRENCY, FolderArg, SiteArgs, number};

pub(super) const NOTES: &str = "\
Prints its plan and a summary on standard error. With --json, prints an object for each event:
folder_created, duplicate_folder, uploaded, failed, described, deleted, and at the end summary; with --dry-run,
planned for each path.

Patterns are those of .gitignore: `*.png` matches at any depth, `/logo.svg` at the top alone.

Examples:
  See what there is to do:
    webflow-assets sync public/img --folder brand/2026 --dry-run
  Keep a site in step from a build, and delete what is gone:
    webflow-assets sync public/img --folder brand/2026 --delete --yes
  Leave sources out:
    webflow-assets sync public --exclude '*.psd' --exclude '/drafts'";

pub(super) const PULL_NOTES: &str = "\
A file that has the name of an asset and other content stays as it is, unless --overwrite is given.
Names that a file system may refuse are changed: control characters and those of / \\ : * ? \" < > |
become _, as does a dot at the beginning or end, and one of two equal names is marked with its id.
With --json, prints an object for each event: pulled, kept, failed, and at the end summary.

Examples:
  Fetch a whole site:
    webflow-assets pull backup
  Fetch a folder and go on from there:
    webflow-assets pull public/img --folder brand/2026
    webflow-assets sync public/img --folder brand/2026";

#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    /// Directory to fetch into; it is created if it is missing
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,

    /// Fetch only this asset folder and those below it: a path or an id [default: that of the lock
    /// file, or all]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<FolderArg>,

    /// Lock file [default: webflow-assets.lock in the directory]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) lock_file: Option<PathBuf>,

    /// Replace files that differ from the assets whose names they have
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// How many assets to fetch at a time
    #[arg(long, value_name = "N", default_value = "8", value_parser = number(CONCURRENCY))]
    pub(crate) concurrency: usize,

    /// Print one JSON object for each event
    #[arg(long)]
    pub(crate) json: bool,

    /// Show errors only: no progress and no summary
    #[arg(long, short)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) site: SiteArgs,
}

pub(super) const URL_NOTES: &str = "\
The lock file is looked for in the directory of PATH, and in those above it. Nothing is sent, and no
token is needed. With --json, prints an object with the id and the URL of each path, and the
alternative text that `sync --texts` set.

Examples:
  webflow-assets url public/img/hero.png
  webflow-assets url --all --json public/img > assets.json";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are bools")]
pub(crate) struct SyncArgs {
    /// Directory to synchronise
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,

    /// Asset folder to put it in: a path or an id [default: that of the lock file, or none]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<FolderArg>,

    /// Lock file [default: webflow-assets.lock in the directory]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) lock_file: Option<PathBuf>,

    /// List what would be done to each path, and stop
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Change nothing if a file is left out, or if Webflow may refuse one for its type or size
    #[arg(long)]
    pub(crate) strict: bool,

    /// Only files that match; can be given more than once
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,

    /// No file or directory that matches; can be given more than once
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Hidden files too, and what is in hidden directories
    #[arg(long)]
    pub(crate) hidden: bool,

    /// Follow symbolic links
    #[arg(long)]
    pub(crate) follow: bool,

    /// Delete assets that were created from here and whose file is gone or has changed, even if a page
    /// or another directory uses them, which cannot be known
    #[arg(long)]
    pub(crate) delete: bool,

    /// Delete without asking
    #[arg(long, short, requires = "delete")]
    pub(crate) yes: bool,

    /// Delete at most so many assets, or this share of them, and none if it would be more
    /// [default: 50%]
    #[arg(long, value_name = "N|P%", requires = "delete")]
    pub(crate) max_delete: Option<MaxDelete>,

    /// How to handle names of 100 characters or more, which Webflow does not accept
    #[arg(long, value_name = "POLICY", value_enum, default_value_t)]
    pub(crate) long_names: LongNamesArg,

    /// List the site's assets first, and send again what it lacks
    #[arg(long)]
    pub(crate) verify: bool,

    /// Read every file to find out whether it changed, whatever its size and times say
    #[arg(long)]
    pub(crate) checksum: bool,

    /// CSV or JSON file with alternative texts and display names, by path
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) texts: Option<PathBuf>,

    /// Replace texts that somebody changed on the site
    #[arg(long, requires = "texts")]
    pub(crate) overwrite_texts: bool,

    /// How many files to work on at a time
    #[arg(long, value_name = "N", default_value = "4", value_parser = number(CONCURRENCY))]
    pub(crate) concurrency: usize,

    /// Print one JSON object for each event
    #[arg(long)]
    pub(crate) json: bool,

    /// Show errors only: no plan, no progress and no summary
    #[arg(long, short)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) site: SiteArgs,
}

/// The lock file that is given, or else that of the directory.
pub(crate) fn lock_file(given: Option<&PathBuf>, dir: &Path) -> PathBuf {
    given.map_or_else(|| dir.join(LockFile::NAME), PathBuf::clone)
}

impl SyncArgs {
    pub(crate) fn lock_file(&self) -> PathBuf {
        lock_file(self.lock_file.as_ref(), &self.dir)
    }

    /// Sets what is given. The folder and the texts are looked up elsewhere.
    pub(crate) fn apply(&self, sync: DirSync) -> DirSync {
        let mut sync = sync
            .hidden(self.hidden)
            .follow_links(self.follow)
            .delete(self.delete)
            .checksum(self.checksum)
            .long_names(self.long_names.into())
            .verify(self.verify)
            .overwrite_texts(self.overwrite_texts)
            .concurrency(self.concurrency);
        if let Some(lock_file) = &self.lock_file {
            sync = sync.lock_file(lock_file);
        }
        if let Some(limit) = self.max_delete {
            sync = sync.max_delete(limit);
        }
        for glob in &self.include {
            sync = sync.include(glob);
        }
        for glob in &self.exclude {
            sync = sync.exclude(glob);
        }
        sync
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum LongNamesArg {
    /// Leave such files out, and say so
    #[default]
    Refuse,
    /// Give their assets shorter names
    Shorten,
}

impl From<LongNamesArg> for LongNames {
    fn from(arg: LongNamesArg) -> Self {
        match arg {
            LongNamesArg::Refuse => Self::Refuse,
            LongNamesArg::Shorten => Self::Shorten,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct UrlArgs {
    /// File that was synchronised; with --all, the directory [default: .]
    #[arg(value_hint = ValueHint::AnyPath, required_unless_present = "all")]
    pub(crate) path: Option<PathBuf>,

    /// Print the paths and URLs of all files of a directory
    #[arg(long)]
    pub(crate) all: bool,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    /// Lock file to look it up in [default: the one in the directory of PATH, or above]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) lock_file: Option<PathBuf>,
}
