//! Puts fetched content in place: not outside the directory, nor over a file that is to be kept.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use super::{error::PullError, fetch::Fetched};
use crate::{
    source::{Md5, Stamp},
    sync::names::split,
    time::Timestamp,
};

/// What is at the path of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum There {
    Nothing,
    /// A file of this length.
    File(u64),
    /// A directory, a link or something else.
    Other,
}

impl There {
    pub(super) fn at(path: &Path) -> Self {
        match path.symlink_metadata() {
            Ok(file) if file.is_file() => Self::File(file.len()),
            Ok(_) => Self::Other,
            Err(_) => Self::Nothing,
        }
    }
}

/// The outcome of placing fetched content.
pub(super) enum Placed {
    /// The file has the content, and this stamp.
    At(Stamp),
    /// Another file is at the path, and is kept.
    Kept,
}

/// Puts fetched content at `path` in `root`. A file that is there stays, unless it has this content
/// or is to be overwritten.
pub(super) fn place(
    root: &Path,
    path: &str,
    fetched: Fetched,
    modified: Option<Timestamp>,
    overwrite: bool,
) -> Result<Placed, PullError> {
    make_parents(root, path)?;
    let target = root.join(path);
    match There::at(&target) {
        There::Other => return Err(PullError::NoFile),
        There::File(len) if len == fetched.len && md5(&target)? == fetched.md5 => {
            return Ok(Placed::At(Stamp::of(&target.metadata()?)));
        }
        There::File(_) if !overwrite => return Ok(Placed::Kept),
        There::File(_) | There::Nothing => {}
    }
    if let Some(modified) = modified {
        // A file with the date of its asset need not be read again to know that it is unchanged.
        // Some file systems cannot store the date.
        let _ = fetched.file.as_file().set_modified(modified.into());
    }
    let persisted = if overwrite {
        fetched.file.persist(&target)
    } else {
        fetched.file.persist_noclobber(&target)
    };
    match persisted {
        Ok(file) => Ok(Placed::At(Stamp::of(&file.metadata()?))),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(Placed::Kept),
        Err(error) => Err(error.error.into()),
    }
}

/// Makes the directories above a path, and follows no link.
fn make_parents(root: &Path, path: &str) -> Result<(), PullError> {
    let mut dir = root.to_owned();
    let (parents, _) = split(path);
    for name in parents.split('/').filter(|name| !name.is_empty()) {
        dir.push(name);
        match dir.symlink_metadata() {
            Ok(there) if there.is_dir() => {}
            Ok(_) => {
                let shown = dir.strip_prefix(root).unwrap_or(&dir);
                return Err(PullError::NoDirectory(shown.display().to_string()));
            }
            Err(_) => match fs::create_dir(&dir) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(error.into());
                }
                _ => {}
            },
        }
    }
    Ok(())
}

/// The MD5 of a file.
pub(super) fn md5(path: &Path) -> io::Result<Md5> {
    Ok(Md5::read(File::open(path)?)?.0)
}
