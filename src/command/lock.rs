//! Looks up synchronised files in their lock file.

use std::path::{Component, Path, PathBuf, absolute};

use webflow_assets::sync::{LockFile, Locked};

use crate::command::failure::Failed;

/// A lock file, and some of its files with their paths.
type Below<'a> = (&'a LockFile, Vec<(&'a str, &'a Locked)>);

/// Looks up files in a given lock file, or in the nearest one above each file.
pub(crate) struct Locks {
    given: Option<PathBuf>,
    read: Vec<(PathBuf, LockFile)>,
}

impl Locks {
    pub(crate) fn new(given: Option<&Path>) -> Self {
        Self {
            given: given.map(Path::to_owned),
            read: Vec::new(),
        }
    }

    /// The lock file of a file, and the entry that it has there.
    pub(crate) fn find(&mut self, path: &Path) -> Result<(&LockFile, &Locked), Failed> {
        let file = full(path)?;
        let (lock_file, lock) = self.lock(path, &file)?;
        let key = key(&file, &directory_of(lock_file, lock)?);
        key.and_then(|key| Some((lock, lock.get(&key)?)))
            .ok_or_else(|| unknown(path, lock_file))
    }

    /// The lock file of a directory, and the files below it with their paths there. Without a
    /// directory, those of the given lock file or of the current directory.
    pub(crate) fn below(&mut self, dir: Option<&Path>) -> Result<Below<'_>, Failed> {
        let shown = dir.unwrap_or(Path::new("."));
        let whole = dir.is_none() && self.given.is_some();
        let dir = full(shown)?;
        let (lock_file, lock) = self.lock(shown, &dir.join(LockFile::NAME))?;
        let root = directory_of(lock_file, lock)?;
        let below = if whole {
            Some(String::new())
        } else {
            key(&dir, &root)
        };
        let below = below.ok_or_else(|| unknown(shown, lock_file))?;
        let files = lock.files().filter(|(path, _)| {
            let rest = path.strip_prefix(&*below);
            rest.is_some_and(|rest| below.is_empty() || rest.starts_with('/'))
        });
        let files: Vec<_> = files.collect();
        if files.is_empty() && !below.is_empty() {
            return Err(unknown(shown, lock_file));
        }
        Ok((lock, files))
    }

    pub(crate) fn url(&mut self, path: &Path) -> Result<&str, Failed> {
        let (lock_file, _) = self.lock(path, &full(path)?)?;
        let (shown, lock_file) = (path.display(), lock_file.display());
        let text = format!("{shown}: {lock_file} has no URL for it; synchronise it with --verify");
        let url = self.find(path)?.1.url.as_deref();
        url.ok_or_else(|| Failed::of(text))
    }

    /// The lock file for a file, which is read once.
    fn lock(&mut self, path: &Path, file: &Path) -> Result<(&Path, &LockFile), Failed> {
        let lock_file = match &self.given {
            Some(given) => full(given)?,
            None => file
                .ancestors()
                .skip(1)
                .map(|dir| dir.join(LockFile::NAME))
                .find(|lock_file| lock_file.is_file())
                .ok_or_else(|| {
                    let (path, name) = (path.display(), LockFile::NAME);
                    Failed::of(format!(
                        "{path}: there is no {name} in its directory or above; `webflow-assets sync` writes \
                         one"
                    ))
                })?,
        };
        let place = self.read.iter().position(|(read, _)| *read == lock_file);
        let place = if let Some(place) = place {
            place
        } else {
            // As for `sync`: it may lead anywhere.
            if lock_file.is_symlink() {
                return Err(Failed::of(format!(
                    "{}: this is a symbolic link, which is not followed; replace it with the file",
                    lock_file.display()
                )));
            }
            let lock = LockFile::read(&lock_file).map_err(|error| Failed::from_error(&error))?;
            let lock = lock.ok_or_else(|| {
                Failed::of(format!(
                    "{}: there is no such lock file; `webflow-assets sync --lock-file` writes it",
                    lock_file.display()
                ))
            })?;
            self.read.push((lock_file, lock));
            self.read.len() - 1
        };
        let (lock_file, lock) = &self.read[place];
        Ok((lock_file, lock))
    }
}

/// The directory whose files a lock file lists.
fn directory_of(lock_file: &Path, lock: &LockFile) -> Result<PathBuf, Failed> {
    full(&lock_file.with_file_name(lock.dir()))
}

fn unknown(path: &Path, lock_file: &Path) -> Failed {
    let (path, lock_file) = (path.display(), lock_file.display());
    Failed::of(format!(
        "{path}: {lock_file} does not have it; has it been synchronised?"
    ))
}

/// The path from the root, without `.` and `..`. The file itself need not be there.
pub(crate) fn full(path: &Path) -> Result<PathBuf, Failed> {
    let absolute = absolute(path).map_err(|error| {
        Failed::caused_by(
            format!("{}: it cannot be looked up", path.display()),
            &error,
        )
    })?;
    let mut full = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                full.pop();
            }
            Component::CurDir => {}
            part => full.push(part),
        }
    }
    Ok(full)
}

/// The path under which the lock file of a directory lists a file.
pub(crate) fn key(file: &Path, dir: &Path) -> Option<String> {
    let path = file.strip_prefix(dir).ok()?;
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_by_its_path_in_the_directory() {
        let key = |file: &str, dir: &str| key(Path::new(file), Path::new(dir));
        assert_eq!(key("/a/b/c.png", "/a").as_deref(), Some("b/c.png"));
        assert_eq!(key("/b/c.png", "/a"), None);
    }

    #[cfg(unix)]
    #[test]
    fn dots_are_taken_out_of_a_path() {
        let full = |path: &str| full(Path::new(path)).expect("a path");
        assert_eq!(full("/a/./b/../c.png"), Path::new("/a/c.png"));
        assert_eq!(full("/../a"), Path::new("/a"));
    }
}
