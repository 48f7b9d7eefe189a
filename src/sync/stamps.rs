//! The MD5s of files with their stamps, so that an unchanged file is not read again.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use crate::{id::Md5, source::Stamp};

/// The MD5 of each file, and the stamp that the file had then.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    known: BTreeMap<String, (Stamp, Md5)>,
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
        let (known, md5) = self.known.get(path)?;
        (*known == stamp).then_some(*md5)
    }

    /// Remembers the MD5 of a file, unless a later change might not change the stamp.
    pub(super) fn insert(&mut self, path: &str, stamp: Stamp, md5: Md5) {
        if stamp.is_settled() {
            self.known.insert(path.to_owned(), (stamp, md5));
            self.changed = true;
        }
    }

    /// Forgets the files that are not there any more.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        let before = self.known.len();
        self.known.retain(|path, _| keep(path));
        self.changed |= self.known.len() < before;
    }
}
