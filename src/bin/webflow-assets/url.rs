//! `url`: where a file that was synchronised is hosted, by the lock file.

use std::{
    io,
    path::{Component, Path, PathBuf, absolute},
};

use webflow_assets::sync::{LockFile, LockFileError};

use crate::{Exit, args::UrlArgs, output};

/// Why there is no URL to print.
#[derive(Debug, thiserror::Error)]
enum UrlError {
    #[error("{path}: it cannot be looked up")]
    Path { path: String, source: io::Error },
    #[error(
        "{path}: there is no {} in its directory or above; `webflow-assets sync` writes one",
        LockFile::NAME
    )]
    NoLockFile { path: String },
    #[error("{lock_file}: there is no such lock file")]
    Missing { lock_file: String },
    #[error(transparent)]
    LockFile(#[from] LockFileError),
    #[error("{path}: {lock_file} does not have it; has it been synchronised?")]
    Unknown { path: String, lock_file: String },
    #[error("{path}: {lock_file} has no URL for it; synchronise it with --verify")]
    NoUrl { path: String, lock_file: String },
}

/// Prints the URL.
pub(crate) fn run(args: &UrlArgs) -> io::Result<Exit> {
    match find(args) {
        Ok(url) => {
            output::line(&output::escape(&url))?;
            Ok(Exit::Success)
        }
        Err(error) => Ok(output::fail(&error)),
    }
}

fn find(args: &UrlArgs) -> Result<String, UrlError> {
    let path = args.path.display().to_string();
    let full = |given: &Path| {
        full(given).map_err(|source| UrlError::Path {
            path: given.display().to_string(),
            source,
        })
    };
    let file = full(&args.path)?;
    let lock_file = match &args.lock_file {
        Some(given) => full(given)?,
        None => file
            .ancestors()
            .skip(1)
            .map(|dir| dir.join(LockFile::NAME))
            .find(|lock_file| lock_file.is_file())
            .ok_or_else(|| UrlError::NoLockFile { path: path.clone() })?,
    };
    let shown = lock_file.display().to_string();
    let Some(lock) = LockFile::read(&lock_file)? else {
        return Err(UrlError::Missing { lock_file: shown });
    };
    let key = lock_file.parent().and_then(|dir| key(&file, dir));
    let Some(locked) = key.and_then(|key| lock.get(&key)) else {
        return Err(UrlError::Unknown {
            path,
            lock_file: shown,
        });
    };
    locked.url.clone().ok_or(UrlError::NoUrl {
        path,
        lock_file: shown,
    })
}

/// The path from the root, without `.` and `..`. The file itself need not be there.
fn full(path: &Path) -> io::Result<PathBuf> {
    let mut full = PathBuf::new();
    for part in absolute(path)?.components() {
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

/// What the lock file of a directory calls a file.
fn key(file: &Path, dir: &Path) -> Option<String> {
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
