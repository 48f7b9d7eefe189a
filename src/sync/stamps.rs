//! The MD5s of files with their stamps, so that an unchanged file is not read again.

use std::{
    collections::{HashMap, HashSet},
    io::{self, Write},
};

use crate::{id::Md5, source::Stamp};

/// The MD5 of each file, and the stamp that the file had then. Files are known by the MD5 of their
/// path, which takes less memory.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    known: HashMap<Md5, (Stamp, Md5)>,
    /// Whether anything differs from what was read.
    pub(super) changed: bool,
}

impl Stamps {
    /// Reads what [`write`](Self::write) wrote. It only saves work: what cannot be read is
    /// forgotten.
    pub(super) fn parse(text: &[u8]) -> Self {
        Self {
            known: serde_json::from_slice(text).unwrap_or_default(),
            changed: false,
        }
    }

    pub(super) fn write(&self, to: impl Write) -> io::Result<()> {
        Ok(serde_json::to_writer(to, &self.known)?)
    }

    /// The MD5 of a file that has not changed since it was computed.
    pub(super) fn md5(&self, path: &str, stamp: Stamp) -> Option<Md5> {
        let (known, md5) = self.known.get(&key(path))?;
        (*known == stamp).then_some(*md5)
    }

    /// Remembers the MD5 of a file, unless a later change might not change the stamp.
    pub(super) fn insert(&mut self, path: &str, stamp: Stamp, md5: Md5) {
        if stamp.is_settled() {
            self.known.insert(key(path), (stamp, md5));
            self.changed = true;
        }
    }

    /// Forgets all files but these.
    pub(super) fn retain<'a>(&mut self, keep: impl Iterator<Item = &'a str>) {
        let before = self.known.len();
        let keep: HashSet<Md5> = keep.map(key).collect();
        self.known.retain(|path, _| keep.contains(path));
        self.changed |= self.known.len() < before;
    }
}

fn key(path: &str) -> Md5 {
    Md5::of(path.as_bytes())
}
