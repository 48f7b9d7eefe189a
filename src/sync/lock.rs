//! The lock file: what is on the site, for version control.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{generated::types, source::Md5};

/// The version of the format that is written here.
const VERSION: u64 = 1;

/// The lock file of a directory: which file is on the site as which asset.
///
/// It is JSON, sorted by path, with a line for each fact, so that it can be kept in version
/// control and merged.
///
/// ```no_run
/// use webflow_assets::sync::LockFile;
///
/// let lock = LockFile::read("site/webflow-assets.lock")?.unwrap_or_default();
/// if let Some(hero) = lock.get("img/hero.png") {
///     println!("{}", hero.url.as_deref().unwrap_or_default());
/// }
/// # Ok::<(), webflow_assets::sync::LockFileError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockFile {
    pub(super) site: String,
    /// The path of the asset folder that the directory goes to; empty for the top of the site.
    pub(super) folder: String,
    pub(super) files: BTreeMap<String, Locked>,
    /// Assets of earlier content that are still on the site, and the path that each was for.
    pub(super) replaced: BTreeMap<String, String>,
}

/// A file in a [`LockFile`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Locked {
    /// The MD5 of its content.
    pub md5: Md5,
    /// Its length in bytes.
    pub size: u64,
    /// The id of its asset.
    pub asset: String,
    /// The asset's address on Webflow's content delivery network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Nothing proves that the asset was created from here: the site may have had it before. It
    /// is never deleted from here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub existing: bool,
}

impl LockFile {
    /// The name of the lock file, in the directory that it is about.
    pub const NAME: &'static str = "webflow-assets.lock";

    /// Reads a lock file; `None` if there is none.
    ///
    /// # Errors
    ///
    /// It cannot be read, is no lock file, or is of a later version.
    pub fn read(path: impl AsRef<Path>) -> Result<Option<Self>, LockFileError> {
        let path = path.as_ref();
        let error = |reason| LockFileError {
            path: path.to_owned(),
            reason,
        };
        match fs::read(path) {
            Ok(text) => Self::parse(&text).map(Some).map_err(error),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(failure) => Err(error(Reason::Unreadable(failure))),
        }
    }

    /// The site that the files are on.
    #[must_use]
    pub fn site(&self) -> &str {
        &self.site
    }

    /// The file at a path, relative to the directory and with `/` between its parts.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Locked> {
        self.files.get(path)
    }

    /// All files, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Locked)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    fn parse(text: &[u8]) -> Result<Self, Reason> {
        // The version decides how the rest is read.
        let Version { version } = serde_json::from_slice(text).map_err(Reason::Syntax)?;
        if version != VERSION {
            return Err(Reason::Version(version));
        }
        let document: Document = serde_json::from_slice(text).map_err(Reason::Syntax)?;
        let lock = Self {
            site: document.site,
            folder: document.folder,
            files: document.files.0,
            replaced: document.replaced.0,
        };
        lock.check()
            .map_err(|(entry, what)| Reason::Entry { entry, what })?;
        Ok(lock)
    }

    /// Checks what a hand may have put there: ids reach the paths of requests.
    fn check(&self) -> Result<(), (String, &'static str)> {
        if types::SiteId::try_from(self.site.as_str()).is_err() {
            return Err(("site".to_owned(), "it is no site id"));
        }
        for (path, file) in &self.files {
            let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
            if !path.split('/').all(plain) {
                return Err((path.clone(), "it is no relative path"));
            }
            if types::AssetId::try_from(file.asset.as_str()).is_err() {
                return Err((path.clone(), "its asset is no asset id"));
            }
        }
        for (asset, path) in &self.replaced {
            if types::AssetId::try_from(asset.as_str()).is_err() {
                return Err((path.clone(), "its replaced asset is no asset id"));
            }
        }
        Ok(())
    }

    /// The text of the file.
    pub(super) fn to_json(&self) -> io::Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Document<'a> {
            version: u64,
            site: &'a str,
            #[serde(skip_serializing_if = "str::is_empty")]
            folder: &'a str,
            files: &'a BTreeMap<String, Locked>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            replaced: &'a BTreeMap<String, String>,
        }
        let mut text = serde_json::to_vec_pretty(&Document {
            version: VERSION,
            site: &self.site,
            folder: &self.folder,
            files: &self.files,
            replaced: &self.replaced,
        })?;
        text.push(b'\n');
        Ok(text)
    }
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "version")]
    _version: u64,
    site: String,
    #[serde(default)]
    folder: String,
    files: Unique<Locked>,
    #[serde(default)]
    replaced: Unique<String>,
}

/// A map that has each of its keys once. After a merge by hand it may not.
struct Unique<T>(BTreeMap<String, T>);

impl<T> Default for Unique<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Unique<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
            type Value = Unique<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Unique<T>, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, T>()? {
                    if entries.contains_key(&key) {
                        return Err(de::Error::custom(format!("`{key}` stands there twice")));
                    }
                    entries.insert(key, value);
                }
                Ok(Unique(entries))
            }
        }

        deserializer.deserialize_map(Visitor(std::marker::PhantomData))
    }
}

/// Why a lock file cannot be used. Nothing was changed.
#[derive(Debug)]
pub struct LockFileError {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    Unreadable(io::Error),
    Syntax(serde_json::Error),
    Version(u64),
    Entry { entry: String, what: &'static str },
}

impl fmt::Display for LockFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const RESTORE: &str = "restore it from version control, or delete it: what is on the site \
                               is found again by its content";
        write!(f, "{}: ", self.path.display())?;
        match &self.reason {
            Reason::Unreadable(_) => f.write_str("the lock file cannot be read"),
            Reason::Syntax(_) => write!(f, "this is no lock file; {RESTORE}"),
            Reason::Version(version) => write!(
                f,
                "the lock file has version {version}, and this program knows {VERSION}; use a newer one"
            ),
            Reason::Entry { entry, what } => {
                write!(f, "the entry `{entry}` is wrong: {what}; {RESTORE}")
            }
        }
    }
}

impl std::error::Error for LockFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::Unreadable(error) => Some(error),
            Reason::Syntax(error) => Some(error),
            Reason::Version(_) | Reason::Entry { .. } => None,
        }
    }
}
