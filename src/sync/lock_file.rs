//! The lock file: what is on the site, for version control.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::{self, Display},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, DeserializeOwned, IgnoredAny},
};

use super::{
    journal::Entry,
    locked::{AssetTexts, Locked, Replaced},
};
use crate::{
    id::{AssetId, FolderId, Md5, SiteId},
    source::read_regular,
};

/// The format version that is written. Version 1, which has no folders and records less about
/// replaced assets, can still be read.
const VERSION: u64 = 2;

/// The longest lock file, journal or file of stamps that is read, in bytes: one of a million files
/// takes 250 MB.
pub(super) const LONGEST: u64 = 512 * 1024 * 1024;

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
    /// `None` until the first file is on the site.
    pub(super) site: Option<SiteId>,
    pub(super) folder: String,
    pub(super) dir: String,
    /// The ids of asset folders, by their paths from the top of the site.
    pub(super) folders: BTreeMap<String, FolderId>,
    pub(super) files: BTreeMap<String, Locked>,
    /// Assets of earlier content that are still on the site.
    pub(super) replaced: BTreeMap<AssetId, Replaced>,
    /// The texts that were set from here.
    pub(super) texts: BTreeMap<AssetId, AssetTexts>,
}

impl LockFile {
    /// The name of the lock file, in the directory that it is about, unless another one is chosen.
    pub const NAME: &'static str = "webflow-assets.lock";

    /// Reads a lock file; `None` if there is none.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no lock file, or has an unknown version.
    pub fn read(path: impl AsRef<Path>) -> Result<Option<Self>, LockFileError> {
        Ok(Self::load(path.as_ref())?.map(|(lock, _)| lock))
    }

    /// Reads the site and the folder of a lock file, and none of its files, which saves the memory
    /// for them; `None` if there is none.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_head(path: impl AsRef<Path>) -> Result<Option<Self>, LockFileError> {
        #[derive(Deserialize)]
        struct Head {
            version: u64,
            site: SiteId,
            #[serde(default)]
            folder: String,
        }

        let head = |text: &[u8]| match serde_json::from_slice(text) {
            Ok(Head { version, .. }) if !(1..=VERSION).contains(&version) => {
                Err(Reason::Version(version))
            }
            Ok(Head { site, folder, .. }) => Ok(Self {
                site: Some(site),
                folder,
                ..Self::default()
            }),
            Err(error) => Err(Reason::Syntax(error)),
        };
        Self::read_with(path.as_ref(), head)
    }

    /// Reads a lock file and computes the MD5 of its text.
    pub(super) fn load(path: &Path) -> Result<Option<(Self, Md5)>, LockFileError> {
        Self::read_with(path, |text| Ok((Self::parse(text)?, Md5::of(text))))
    }

    fn read_with<T>(
        path: &Path,
        parse: impl FnOnce(&[u8]) -> Result<T, Reason>,
    ) -> Result<Option<T>, LockFileError> {
        let parsed = match read_regular(path, LONGEST) {
            Ok(text) => parse(&text).map(Some),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(failure) => Err(Reason::Unreadable(failure)),
        };
        parsed.map_err(|reason| LockFileError {
            path: path.to_owned(),
            reason,
        })
    }

    /// The site that the files are on; `None` only for an empty lock file.
    #[must_use]
    pub fn site(&self) -> Option<SiteId> {
        self.site
    }

    /// The path of the asset folder that the directory goes to; empty for the top of the site.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The directory that it is about, relative to its own and with `/` between its parts; empty if
    /// it is the same.
    #[must_use]
    pub fn dir(&self) -> &str {
        &self.dir
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

    /// The texts of an asset that [`Client::sync`](crate::Client::sync) set the last time.
    #[must_use]
    pub fn texts(&self, asset: AssetId) -> Option<&AssetTexts> {
        self.texts.get(&asset)
    }

    /// Applies an entry of the journal.
    pub(super) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Folder(path, id) => drop(self.folders.insert(path, id)),
            Entry::File(path, file) => {
                self.replaced.remove(&file.asset);
                self.files.insert(path, file);
            }
            Entry::Replaced(asset, replaced) => drop(self.replaced.insert(asset, replaced)),
            Entry::Deleted(asset) => {
                self.replaced.remove(&asset);
                self.texts.remove(&asset);
                self.files.retain(|_, file| file.asset != asset);
            }
            Entry::Texts(asset, texts) => drop(self.texts.insert(asset, texts)),
            Entry::Forgotten(path) => drop(self.files.remove(&path)),
        }
    }

    /// The assets that were created from this directory.
    pub(super) fn created(&self) -> HashSet<AssetId> {
        let files = self.files.values().filter(|file| !file.existing);
        files
            .map(|file| file.asset)
            .chain(self.replaced.keys().copied())
            .collect()
    }

    /// Clears `existing` where another file is known to have created the asset: of two files with
    /// equal content, the second may be recorded first. Forgets the texts of assets that no file has.
    pub(super) fn settle(&mut self) {
        if !self.texts.is_empty() {
            let assets: HashSet<AssetId> = self.files.values().map(|file| file.asset).collect();
            self.texts.retain(|asset, _| assets.contains(asset));
        }
        let created = self.created();
        for file in self.files.values_mut() {
            file.existing &= !created.contains(&file.asset);
        }
    }

    fn parse(text: &[u8]) -> Result<Self, Reason> {
        let lock = match Document::<Replaced>::parse(text) {
            Ok(document) if document.version == VERSION => document.lock(|replaced| replaced.0),
            other => {
                // The version decides how the rest is read.
                let Version { version } = serde_json::from_slice(text).map_err(Reason::Syntax)?;
                match (version, other) {
                    (1, _) => Document::<IgnoredAny>::parse(text)?.lock(|_| BTreeMap::new()),
                    (VERSION, Err(reason)) => return Err(reason),
                    (version, _) => return Err(Reason::Version(version)),
                }
            }
        };
        // Paths are joined to the directory.
        for path in lock.files.keys() {
            let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
            if !path.split('/').all(plain) {
                return Err(Reason::Path(path.clone()));
            }
        }
        Ok(lock)
    }

    /// Writes the text of the file.
    pub(super) fn write(&self, mut to: impl Write) -> io::Result<()> {
        #[derive(Serialize)]
        struct Document<'a> {
            version: u64,
            site: Option<SiteId>,
            #[serde(skip_serializing_if = "str::is_empty")]
            folder: &'a str,
            #[serde(skip_serializing_if = "str::is_empty")]
            dir: &'a str,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            folders: &'a BTreeMap<String, FolderId>,
            files: &'a BTreeMap<String, Locked>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            replaced: &'a BTreeMap<AssetId, Replaced>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            texts: &'a BTreeMap<AssetId, AssetTexts>,
        }
        let document = Document {
            version: VERSION,
            site: self.site,
            folder: &self.folder,
            dir: &self.dir,
            folders: &self.folders,
            files: &self.files,
            replaced: &self.replaced,
            texts: &self.texts,
        };
        serde_json::to_writer_pretty(&mut to, &document)?;
        to.write_all(b"\n")
    }
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "R: DeserializeOwned")]
struct Document<R> {
    version: u64,
    site: SiteId,
    #[serde(default)]
    folder: String,
    #[serde(default)]
    dir: String,
    #[serde(default)]
    folders: Unique<String, FolderId>,
    files: Unique<String, Locked>,
    #[serde(default)]
    replaced: Unique<AssetId, R>,
    #[serde(default)]
    texts: Unique<AssetId, AssetTexts>,
}

impl<R: DeserializeOwned> Document<R> {
    fn parse(text: &[u8]) -> Result<Self, Reason> {
        serde_json::from_slice(text).map_err(Reason::Syntax)
    }

    fn lock(
        self,
        replaced: impl FnOnce(Unique<AssetId, R>) -> BTreeMap<AssetId, Replaced>,
    ) -> LockFile {
        LockFile {
            site: Some(self.site),
            folder: self.folder,
            dir: self.dir,
            folders: self.folders.0,
            files: self.files.0,
            replaced: replaced(self.replaced),
            texts: self.texts.0,
        }
    }
}

/// A map that rejects duplicate keys, which a merge by hand can leave behind.
struct Unique<K, T>(BTreeMap<K, T>);

impl<K, T> Default for Unique<K, T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, K: Deserialize<'de> + Ord + Display, T: Deserialize<'de>> Deserialize<'de>
    for Unique<K, T>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<K, T>(std::marker::PhantomData<(K, T)>);

        impl<'de, K: Deserialize<'de> + Ord + Display, T: Deserialize<'de>> de::Visitor<'de>
            for Visitor<K, T>
        {
            type Value = Unique<K, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                // A map that is made of sorted entries takes half the memory of one that grew.
                let mut entries: Vec<(K, T)> = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                entries.sort_by(|(a, _), (b, _)| a.cmp(b));
                let twice = entries.windows(2).find_map(|pair| match pair {
                    [(a, _), (b, _)] if a == b => Some(a),
                    _ => None,
                });
                if let Some(key) = twice {
                    return Err(de::Error::custom(format!("`{key}` is there twice")));
                }
                let entries = entries.into_iter().collect();
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
    Path(String),
}

impl fmt::Display for LockFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const RESTORE: &str = "restore it from version control, or delete it: what is on the site \
                               is found again by its content";
        write!(f, "{}: ", self.path.display())?;
        match &self.reason {
            Reason::Unreadable(_) => f.write_str("the lock file cannot be read"),
            Reason::Syntax(_) => write!(f, "this is no lock file; {RESTORE}"),
            Reason::Version(version) if *version > VERSION => write!(
                f,
                "the lock file has version {version}, and this program knows versions up to \
                 {VERSION}; use a newer one"
            ),
            Reason::Version(version) => write!(
                f,
                "the lock file has version {version}, which never existed; {RESTORE}"
            ),
            Reason::Path(path) => {
                write!(f, "the entry `{path}` has no relative path; {RESTORE}")
            }
        }
    }
}

impl std::error::Error for LockFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::Unreadable(error) => Some(error),
            Reason::Syntax(error) => Some(error),
            Reason::Version(_) | Reason::Path(_) => None,
        }
    }
}
