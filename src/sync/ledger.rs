//! The lock file and the journal of a run, in memory and on the disk.

use std::sync::Arc;

use super::{
    error::SyncError,
    journal::{self, Entry, Header, Journal},
    lock_file::LockFile,
    stamps::Stamps,
    state_dir::StateDir,
};
use crate::{
    id::{Md5, SiteId},
    source::blocking,
};

/// The length of a journal, in bytes, below which the lock file is not rewritten.
const SMALL: u64 = 64 * 1024;

/// The lock file, and how much of it is on the disk. Until [`begin`](Self::begin), nothing is
/// written.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) state: Arc<StateDir>,
    pub(super) lock: Arc<LockFile>,
    /// The MD5 of the lock file that was read.
    lock_md5: Option<Md5>,
    site: SiteId,
    folder: String,
    journal: Option<Journal>,
    begun: bool,
    /// The length of the lock file on the disk.
    lock_len: u64,
    /// How often it was written.
    saves: u64,
    /// The lock file in memory has more than the one on the disk.
    pub(super) changed: bool,
}

/// Writes the lock file when a run is stopped, for programs that do not read the journal.
impl Drop for Ledger {
    fn drop(&mut self) {
        if self.begun && self.changed {
            Arc::make_mut(&mut self.lock).settle();
            // An error cannot be reported any more, and the journal has the changes.
            let _ = self.state.save_lock(&self.lock, self.saves + 1);
        }
    }
}

impl Ledger {
    /// A ledger of what was read. `changed` says whether a journal added to the lock file.
    pub(super) fn new(
        state: StateDir,
        (lock, lock_md5, changed): (LockFile, Option<Md5>, bool),
        site: SiteId,
        folder: String,
    ) -> Self {
        Self {
            state: Arc::new(state),
            lock: Arc::new(lock),
            lock_md5,
            site,
            folder,
            journal: None,
            begun: false,
            lock_len: 0,
            saves: 0,
            changed,
        }
    }

    /// How many bytes have been written so far.
    pub(super) fn written(&self) -> u64 {
        self.state.written()
    }

    /// Begins the journal, unless it has begun. Entries of an earlier one are in the lock file first.
    pub(super) async fn begin(&mut self) -> Result<(), SyncError> {
        if self.begun {
            return Ok(());
        }
        let state = Arc::clone(&self.state);
        blocking(move || state.prepare()).await?;
        let state = Arc::clone(&self.state);
        let saved = blocking(move || state.saved()).await?;
        let md5 = saved.as_ref().map(|saved| saved.md5);
        if md5 != self.lock_md5 {
            return Err(SyncError::Changed {
                path: self.state.lock_file().to_owned(),
            });
        }
        self.begun = true;
        if self.changed {
            return self.save().await;
        }
        self.lock_len = saved.map_or(0, |saved| saved.len);
        self.begin_journal(md5).await
    }

    async fn begin_journal(&mut self, lock_file: Option<Md5>) -> Result<(), SyncError> {
        let state = Arc::clone(&self.state);
        let header = Header {
            site: self.site,
            folder: self.folder.clone(),
            dir: self.state.root_from_lock().to_owned(),
            lock_file,
        };
        self.journal = Some(blocking(move || state.begin_journal(&header)).await?);
        Ok(())
    }

    /// Records entries in the lock file in memory and in the journal. Writes the lock file when the
    /// journal has grown to half its length: the bytes written stay in proportion to the final
    /// length of the lock file, however long the run.
    pub(super) async fn record(&mut self, entries: Vec<Entry>) -> Result<(), SyncError> {
        if !entries.is_empty() {
            self.record_with(entries, || ()).await?;
        }
        Ok(())
    }

    /// Records entries, and does more work on the thread that writes the journal: to move to
    /// another thread takes longer than to write an entry. Returns the result of that work; `None`
    /// before the ledger has [begun](Self::begin).
    pub(super) async fn record_with<T: Send + 'static>(
        &mut self,
        entries: Vec<Entry>,
        more: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, SyncError> {
        let Some(mut journal) = self.journal.take() else {
            return Ok(None);
        };
        let mut text = Vec::new();
        for entry in &entries {
            journal::write(entry, &mut text).map_err(|source| SyncError::LockFile {
                path: self.state.lock_file().to_owned(),
                source,
            })?;
        }
        let lock = Arc::make_mut(&mut self.lock);
        for entry in entries {
            if let Entry::File(..) = entry
                && lock.site.is_none()
            {
                // The first success binds the lock file to the site and folder.
                lock.site = Some(self.site);
                lock.folder.clone_from(&self.folder);
                self.state.root_from_lock().clone_into(&mut lock.dir);
            }
            lock.apply(entry);
        }
        self.changed = lock.site.is_some();
        let state = Arc::clone(&self.state);
        let append = move || {
            state
                .append(&mut journal, &text)
                .map(|()| (journal, more()))
        };
        let (journal, more) = blocking(append).await?;
        let len = journal.len;
        self.journal = Some(journal);
        if self.changed && len > SMALL.max(self.lock_len / 2) {
            self.save().await?;
        }
        Ok(Some(more))
    }

    /// Writes the lock file, if it has changed, and begins a new journal.
    pub(super) async fn save(&mut self) -> Result<(), SyncError> {
        if !self.changed {
            return Ok(());
        }
        Arc::make_mut(&mut self.lock).settle();
        self.saves += 1;
        let (state, lock) = (Arc::clone(&self.state), Arc::clone(&self.lock));
        let number = self.saves;
        let saved = blocking(move || state.save_lock(&lock, number)).await?;
        self.changed = false;
        self.lock_len = saved.len;
        self.begin_journal(Some(saved.md5)).await
    }

    /// Ends the journal, when everything is in the lock file.
    pub(super) async fn end(&mut self, stamps: Stamps) -> Result<(), SyncError> {
        if !self.begun {
            return Ok(());
        }
        self.save().await?;
        let state = Arc::clone(&self.state);
        blocking(move || {
            state.end_journal();
            if stamps.changed {
                state.save_stamps(&stamps);
            }
        })
        .await;
        Ok(())
    }
}

/// Fails if the lock file belongs to another site, folder or directory.
pub(super) fn check_bound(
    lock: &LockFile,
    state: &StateDir,
    site: SiteId,
    given: &str,
) -> Result<(), SyncError> {
    let Some(locked) = lock.site else {
        return Ok(());
    };
    let dir = state.root_from_lock();
    let (locked, given) = if locked != site {
        (format!("the site `{locked}`"), format!("the site `{site}`"))
    } else if lock.dir != dir {
        (directory(&lock.dir), directory(dir))
    } else {
        (folder(&lock.folder), folder(given))
    };
    if locked == given {
        return Ok(());
    }
    Err(SyncError::Elsewhere { locked, given })
}

/// The lock file with the journal applied to it, the MD5 of the file on the disk, and whether the
/// journal adds anything.
pub(super) fn load(state: &StateDir) -> Result<(LockFile, Option<Md5>, bool), SyncError> {
    let (mut lock, md5) = match LockFile::load(state.lock_file())? {
        Some((lock, md5)) => (lock, Some(md5)),
        None => (LockFile::default(), None),
    };
    let journal = state.journal();
    let Some((header, entries)) = journal.and_then(|text| journal::read(&text, md5)) else {
        return Ok((lock, md5, false));
    };
    for entry in entries {
        lock.apply(entry);
    }
    if lock.files.is_empty() && lock.replaced.is_empty() && md5.is_none() {
        // Nothing was uploaded, and nothing is bound to the site.
        return Ok((LockFile::default(), None, false));
    }
    lock.site = Some(header.site);
    lock.folder = header.folder;
    lock.dir = header.dir;
    lock.settle();
    Ok((lock, md5, true))
}

fn directory(path: &str) -> String {
    match path {
        "" => "its own directory".to_owned(),
        path => format!("the directory `{path}`"),
    }
}

fn folder(path: &str) -> String {
    match path {
        "" => "the top of the site".to_owned(),
        path => format!("the folder `{path}`"),
    }
}
