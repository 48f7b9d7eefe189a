//! The files of a directory tree.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use ignore::{
    DirEntry, WalkBuilder,
    gitignore::GitignoreBuilder,
    overrides::{Override, OverrideBuilder},
};

use super::{
    error::{Problem, ProblemKind, SyncError},
    lock_file::LockFile,
    state_dir,
};
use crate::source::{Stamp, read_regular};

/// The name of the files that say what to leave out.
const IGNORE: &str = ".ignore";

/// The longest of them that is read, in bytes.
const LONGEST_IGNORE: u64 = 1024 * 1024;

/// Which files of a tree to include.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) hidden: bool,
    pub(super) follow: bool,
}

/// What was found in a tree.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// By the path relative to the root, with `/` between its parts; sorted.
    pub(super) files: Vec<(String, Stamp)>,
    pub(super) problems: Vec<Problem>,
}

impl Filter {
    /// Finds the files below `root`. Leaves out those that an `.ignore` file names and, unless set
    /// otherwise, hidden files and links, and the lock file; never follows links in a circle.
    pub(super) fn walk(&self, root: &Path, lock_file: Option<&str>) -> Result<Tree, SyncError> {
        // Not passed to the walk, which would include even hidden and ignored files that match.
        let include = overrides(root, "", &self.include)?;
        let (hidden, follow) = (self.hidden, self.follow);
        check_ignore_file(root, follow)?;
        let unusable = Arc::new(Mutex::new(None));
        let found = Arc::clone(&unusable);
        // Called for all that is below the root and not ignored, for a directory before the walk
        // opens its ignore file.
        let filter = move |entry: &DirEntry| {
            let name = entry.file_name();
            let is_hidden = name.as_encoded_bytes().starts_with(b".");
            if state_dir::is_own(name.as_encoded_bytes()) || (is_hidden && !hidden) {
                return false;
            }
            if entry.file_type().is_some_and(|kind| kind.is_dir())
                && let Err(error) = check_ignore_file(entry.path(), follow)
            {
                *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                return false;
            }
            true
        };
        let walk = WalkBuilder::new(root)
            .standard_filters(false)
            .ignore(true)
            .follow_links(follow)
            .overrides(overrides(root, "!", &self.exclude)?)
            .filter_entry(filter)
            .build();
        let mut tree = Tree::default();
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    tree.problems.push(Problem::walk(root, error));
                    continue;
                }
            };
            if entry.file_type().is_some_and(|kind| kind.is_dir()) {
                continue;
            }
            if !include.is_empty() && !include.matched(entry.path(), false).is_whitelist() {
                continue;
            }
            if let Err(error) = tree.add(root, &entry, lock_file) {
                tree.problems.push(Problem::walk(root, error));
            }
        }
        tree.files.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let unusable = unusable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        unusable.map_or(Ok(tree), Err)
    }
}

/// Patterns in the notation of `ignore`, where `!` leaves out.
fn overrides(root: &Path, prefix: &str, globs: &[String]) -> Result<Override, SyncError> {
    let mut builder = OverrideBuilder::new(root);
    for glob in globs {
        let refuse = |reason: &str| SyncError::Glob(format!("the pattern `{glob}` {reason}"));
        // Such a pattern would silently match nothing, or the opposite.
        if glob.trim().is_empty() || glob.starts_with(['!', '#']) {
            return Err(refuse("is empty or begins with `!` or `#`"));
        }
        if has_posix_class(glob) {
            return Err(refuse(POSIX));
        }
        if let Err(error) = builder.add(&format!("{prefix}{glob}")) {
            return Err(refuse(&format!("cannot be used: {}", glob_error(error))));
        }
    }
    builder
        .build()
        .map_err(|error| SyncError::Glob(error.to_string()))
}

const POSIX: &str = "has a class such as `[:upper:]`, which is not known; write `[A-Z]`";

/// Whether a pattern has a class of git's that would be taken for its characters.
fn has_posix_class(pattern: &str) -> bool {
    let after = pattern.split_once("[:").map(|(_, after)| after);
    after.is_some_and(|after| after.contains(":]"))
}

/// What is wrong with a pattern, without the pattern.
fn glob_error(error: ignore::Error) -> String {
    match error {
        ignore::Error::Glob { err, .. } => err,
        error => error.to_string(),
    }
}

/// Checks the ignore file of a directory, if it has one. The walk would silently skip what it
/// cannot read or parse, and files that should be ignored would be published.
fn check_ignore_file(dir: &Path, follow: bool) -> Result<(), SyncError> {
    let path = dir.join(IGNORE);
    let refuse = |reason: String| SyncError::IgnoreFile {
        path: path.clone(),
        reason,
    };
    // A directory that cannot be entered is a problem of its own, and no file of it is published.
    let none = [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied];
    match path.symlink_metadata() {
        Err(error) if none.contains(&error.kind()) => return Ok(()),
        // It would read files outside the tree.
        Ok(metadata) if metadata.is_symlink() && !follow => {
            return Err(refuse("it is a symbolic link".to_owned()));
        }
        _ => {}
    }
    let text = read_regular(&path, LONGEST_IGNORE).map_err(|error| refuse(error.to_string()))?;
    let text = str::from_utf8(&text).map_err(|_| refuse("it is not valid UTF-8".to_owned()))?;
    let mut builder = GitignoreBuilder::new(dir);
    // An unclosed class would stand for itself, and ignore nothing.
    builder.allow_unclosed_class(false);
    // A pattern is not quoted: the file may be something else, such as a file of secrets.
    for (number, line) in (1..).zip(text.lines()) {
        if matches!(line.trim(), "!" | "/" | "!/") {
            return Err(refuse(format!("line {number} names nothing")));
        }
        if has_posix_class(line) {
            return Err(refuse(format!("line {number} {POSIX}")));
        }
        builder
            .add_line(None, line)
            .map_err(|error| refuse(format!("line {number}: {}", glob_error(error))))?;
    }
    builder.build().map_err(|error| refuse(error.to_string()))?;
    Ok(())
}

impl Tree {
    fn add(
        &mut self,
        root: &Path,
        entry: &DirEntry,
        lock_file: Option<&str>,
    ) -> Result<(), ignore::Error> {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return Ok(());
        }
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
        let Some(parts) = parts else {
            self.problems.push(Problem {
                path: relative.display().to_string(),
                kind: ProblemKind::NotUtf8,
            });
            return Ok(());
        };
        // A sub-directory may have a lock file too, if it is synchronised on its own.
        let path = parts.join("/");
        if !entry.file_name().eq_ignore_ascii_case(LockFile::NAME) && lock_file != Some(&path) {
            self.files.push((path, Stamp::of(&entry.metadata()?)));
        }
        Ok(())
    }
}

/// Whether nothing is at a path.
pub(super) fn is_absent(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
    })
}
