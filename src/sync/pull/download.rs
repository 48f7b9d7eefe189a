//! Downloads the content of one asset to a file that the caller names.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    error::PullError,
    fetch::{Fetcher, size},
    layout::{name, safe},
    place::There,
};
use crate::{
    generated::{Client, types::Asset},
    sync::state_dir::create,
};

impl Client {
    /// Fetches the content of an asset into a file, and returns its path. If `to` is a directory, the
    /// file is put into it under the name of the asset, changed where a file system may refuse it.
    ///
    /// # Errors
    ///
    /// The content cannot be fetched or written, there is a file already and `overwrite` is not set,
    /// or there is something that is never overwritten, such as a link.
    pub async fn download(
        &self,
        asset: &Asset,
        to: impl AsRef<Path>,
        overwrite: bool,
    ) -> Result<PathBuf, PullError> {
        let mut file = to.as_ref().to_owned();
        if file.is_dir() {
            file.push(safe(name(asset)));
        }
        match There::at(&file) {
            There::File(_) | There::Other if !overwrite => {
                return Err(io::Error::from(io::ErrorKind::AlreadyExists).into());
            }
            There::Nothing | There::File(_) => {}
            // Not even a device is replaced.
            There::Other => return Err(PullError::NoFile),
        }
        let dir = match file.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let create = || create(dir, ".webflow-assets-");
        let fetcher = Fetcher::of(self)?;
        let url = asset.hosted_url.as_deref();
        let content = fetcher.fetch(url, size(asset), create).await?.file;
        let persisted = if overwrite {
            content.persist(&file)
        } else {
            content.persist_noclobber(&file)
        };
        persisted.map_err(|error| error.error)?;
        Ok(file)
    }
}
