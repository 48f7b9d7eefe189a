//! Reads and writes files whole.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::error::{Error, Result};

/// A file that is longer than this is refused unread: some twenty times what Webflow publishes.
pub const MAX_BYTES: u64 = 64 << 20;

/// The bytes of a regular file: opening a pipe would wait for somebody to write into it.
///
/// # Errors
///
/// With the path, if there is no such file, or it has more than [`MAX_BYTES`].
pub fn read(path: &Path) -> Result<Vec<u8>> {
    bytes(path).map_err(|e| Error::new(path.display().to_string(), "could not be read").because(e))
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let found = fs::metadata(path)?;
    if !found.is_file() {
        let message = "not a regular file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut bytes = Vec::new();
    if found.len() <= MAX_BYTES {
        File::open(path)?
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)?;
    }
    if found.len() > MAX_BYTES || bytes.len() as u64 > MAX_BYTES {
        let message = format!("more than {} MiB", MAX_BYTES >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// The text of a file, if there is one.
///
/// # Errors
///
/// With the path, if it cannot be read or is no text.
pub fn text(path: &Path) -> Result<Option<String>> {
    match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        _ => {
            let text = String::from_utf8(read(path)?);
            let text =
                text.map_err(|e| Error::new(path.display().to_string(), "not UTF-8").because(e))?;
            Ok(Some(text))
        }
    }
}

/// Writes a file whole or not at all: first beside it, then in its place.
///
/// # Errors
///
/// With the path.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let failed = |e| Error::new(path.display().to_string(), "could not be written").because(e);
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        // A terminal, say, cannot be replaced.
        return fs::write(path, text).map_err(failed);
    }
    // A link stays one.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut beside = OsString::from(".");
    beside.push(path.file_name().unwrap_or_default());
    beside.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(beside);
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.map_err(failed)
}

/// Refuses outputs that are one of the inputs, or one file.
///
/// # Errors
///
/// With the path.
pub fn distinct(inputs: &[PathBuf], outputs: &[PathBuf]) -> Result<()> {
    let place = |path: &PathBuf| {
        let parent = path.parent().filter(|parent| *parent != Path::new(""));
        let parent = fs::canonicalize(parent.unwrap_or(Path::new(".")));
        let inner = |parent: PathBuf| parent.join(path.file_name().unwrap_or_default());
        fs::canonicalize(path)
            .or_else(|_| parent.map(inner))
            .unwrap_or_else(|_| path.clone())
    };
    let mut taken: Vec<PathBuf> = inputs.iter().map(place).collect();
    for output in outputs {
        let place = place(output);
        if taken.contains(&place) && place.is_absolute() {
            let message = "would be overwritten; choose another file for what is written";
            return Err(Error::new(output.display().to_string(), message));
        }
        taken.push(place);
    }
    Ok(())
}
