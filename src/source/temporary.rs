//! A file in the system's directory for temporary files.

use std::{
    env,
    fs::{self, File, OpenOptions},
    hash::{BuildHasher as _, RandomState},
    io,
    path::{Path, PathBuf},
};

/// The path of a file that is removed when this value is dropped.
#[derive(Debug)]
pub(super) struct TempPath(PathBuf);

impl TempPath {
    /// Creates a new file, which only this user may read.
    pub(super) fn create() -> io::Result<(File, Self)> {
        // If this many random names are taken, somebody has taken them on purpose.
        const NAMES: usize = 100;

        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut names = 0..NAMES;
        loop {
            let random = RandomState::new().hash_one(names.start);
            let path = env::temp_dir().join(format!("webflow-assets-{random:016x}"));
            match options.open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    names.next().ok_or(error)?;
                }
                file => return Ok((file?, Self(path))),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        // The file may have been removed already.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_file_is_new_and_private_and_goes_with_its_path() {
        let (first, other) = (TempPath::create().unwrap(), TempPath::create().unwrap());
        assert_ne!(first.1.path(), other.1.path());
        let (file, temporary) = first;
        assert!(file.metadata().unwrap().is_file());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;

            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let path = temporary.path().to_owned();
        assert!(path.exists());
        drop(temporary);
        assert!(!path.exists());
    }
}
