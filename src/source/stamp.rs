//! The stamp of a file: the metadata that shows whether its content has changed.

use std::{fs::Metadata, time::UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Distinguishes two states of a file without reading it.
///
/// Size and modification time can be set back by whoever writes a file; the time of the last
/// status change and the inode cannot, where the file system has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// Length in bytes.
    pub(crate) size: u64,
    /// Modification time in nanoseconds since 1970.
    modified: Option<i64>,
    /// Time of the last status change in nanoseconds since 1970.
    #[serde(default)]
    changed: Option<i64>,
    #[serde(default)]
    inode: Option<u64>,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let (changed, inode) = {
            use std::os::unix::fs::MetadataExt;

            const SECOND: i64 = 1_000_000_000;
            let seconds = metadata.ctime().checked_mul(SECOND);
            let changed = seconds.and_then(|time| time.checked_add(metadata.ctime_nsec()));
            (changed, Some(metadata.ino()))
        };
        #[cfg(not(unix))]
        let (changed, inode) = (None, None);
        Self {
            size: metadata.len(),
            modified: metadata.modified().ok().and_then(|time| {
                let since = match time.duration_since(UNIX_EPOCH) {
                    Ok(since) => i64::try_from(since.as_nanos()).ok()?,
                    Err(before) => -i64::try_from(before.duration().as_nanos()).ok()?,
                };
                Some(since)
            }),
            changed,
            inode,
        }
    }

    /// Whether a later change of the file would change the stamp. A change within the tick of the
    /// file system's clock in which the file was modified would not.
    #[cfg(feature = "sync")]
    pub(crate) fn is_settled(self) -> bool {
        const TICK: i64 = 2_000_000_000;
        let now = UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        self.modified
            .is_some_and(|modified| modified.saturating_add(TICK) < now)
    }
}
