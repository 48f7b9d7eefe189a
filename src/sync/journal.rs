//! The journal: what happened on the site since the lock file was last written.

use std::{
    fs::File,
    io::{self, Write},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::locked::{AssetTexts, Locked, Replaced};
use crate::id::{AssetId, FolderId, Md5, SiteId};

/// How long entries may wait before they are synced to the disk. A killed process loses nothing;
/// files whose entries are lost in a crash of the machine are found again by their content.
const SYNC: Duration = Duration::from_secs(1);

/// A change of the lock file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    /// The id of the asset folder at a path.
    Folder(String, FolderId),
    /// A file is on the site.
    File(String, Locked),
    /// An asset is no longer needed.
    Replaced(AssetId, Replaced),
    /// An asset is no longer on the site.
    Deleted(AssetId),
    /// The texts of an asset were set.
    Texts(AssetId, AssetTexts),
    /// The file at a path is gone, and its asset is left on the site.
    Forgotten(String),
}

/// The first line: the site, folder and lock file that the entries apply to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) site: SiteId,
    pub(super) folder: String,
    /// The synchronised directory, from that of the lock file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) dir: String,
    /// The MD5 of the lock file that the entries change, if there was one.
    pub(super) lock_file: Option<Md5>,
}

/// A journal that is being written, an entry on each line.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    pub(super) len: u64,
    synced: Instant,
}

impl Journal {
    /// Begins a journal in an empty file.
    pub(super) fn new(mut file: File, header: &Header) -> io::Result<Self> {
        let mut text = Vec::new();
        write(header, &mut text)?;
        file.write_all(&text)?;
        Ok(Self {
            file,
            len: text.len() as u64,
            synced: Instant::now(),
        })
    }

    /// Appends entries. On return, they outlive the process.
    pub(super) fn append(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.write_all(text)?;
        self.len += text.len() as u64;
        if self.synced.elapsed() >= SYNC {
            self.file.sync_data()?;
            self.synced = Instant::now();
        }
        Ok(())
    }
}

/// Appends the line of an entry or header to a text.
pub(super) fn write(value: &impl Serialize, text: &mut Vec<u8>) -> io::Result<()> {
    serde_json::to_writer(&mut *text, value)?;
    text.push(b'\n');
    Ok(())
}

/// The entries of a journal, if they change the lock file with this MD5 or the absence of one.
/// A truncated line ends them.
pub(super) fn read(text: &[u8], lock_file: Option<Md5>) -> Option<(Header, Vec<Entry>)> {
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let header: Header = serde_json::from_slice(lines.next()?).ok()?;
    if header.lock_file != lock_file {
        return None;
    }
    let whole = lines.take_while(|line| line.ends_with(b"\n"));
    let entries = whole.map_while(|line| serde_json::from_slice(line).ok());
    Some((header, entries.collect()))
}
