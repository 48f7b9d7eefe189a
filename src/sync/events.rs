//! The events of a plan that is carried out, and its report.

use std::{
    collections::BTreeMap,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::{Stream, future::BoxFuture};
use futures_util::{FutureExt, StreamExt};
use progenitor_client::Error;
use tokio::sync::mpsc;

use super::{
    delete::Held,
    error::{Problem, SyncError},
};
use crate::{
    generated::types::ApiError,
    id::{AssetId, FolderId},
    s3::Progress,
    upload::{error::UploadError, result::Uploaded},
};

/// An event of a [`Plan`](super::Plan) that is carried out. Paths are relative to the directory.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "an event is passed on at once, and a box would be in the way of a match"
)]
pub enum SyncEvent {
    /// An asset folder was created.
    FolderCreated {
        /// Its path, from the top of the site.
        path: String,
        /// Its id.
        id: FolderId,
    },
    /// The site has several folders of one name, and the oldest is used.
    DuplicateFolder {
        /// Their path, from the top of the site.
        path: String,
        /// The id of the oldest.
        id: FolderId,
        /// The ids of the others.
        others: Vec<FolderId>,
    },
    /// A file is being read, and will be sent.
    Started {
        /// Its path.
        path: String,
    },
    /// A chunk of a file has been sent. Each attempt starts from 0.
    Progress {
        /// Its path.
        path: String,
        /// How much of it the current attempt has sent.
        progress: Progress,
    },
    /// A file is stored, under an asset that another run registered a moment ago and may still
    /// delete. The asset is checked again after the wait.
    Waiting {
        /// Its path.
        path: String,
        /// How long it waits.
        wait: Duration,
    },
    /// A file is on the site.
    Uploaded {
        /// Its path.
        path: String,
        /// Its asset.
        uploaded: Uploaded,
    },
    /// An upload failed. If `again`, it is retried after the others.
    Failed {
        /// Its path.
        path: String,
        /// Why.
        error: Arc<UploadError>,
        /// Whether the upload is retried.
        again: bool,
    },
    /// The texts of an asset were set, or, if `kept`, somebody changed one of them on the site and it
    /// stays.
    Described {
        /// The path of its file.
        path: String,
        /// Its id.
        asset: AssetId,
        /// Whether a text of the site stays.
        kept: bool,
    },
    /// An asset was deleted.
    Deleted {
        /// The path of the file that it was for.
        path: String,
        /// Its id.
        asset: AssetId,
    },
    /// The plan has been carried out. The last event.
    Finished {
        /// The results.
        report: Report,
    },
}

/// The results of a synchronisation.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Files that were uploaded.
    pub uploaded: usize,
    /// Files whose content the site had already.
    pub already_there: usize,
    /// Files that were on the site already, and needed no request.
    pub unchanged: usize,
    /// Asset folders that were created.
    pub folders: usize,
    /// Assets that were deleted.
    pub deleted: usize,
    /// Assets on which only texts were set.
    pub described: usize,
    /// Assets that keep a text which somebody changed on the site.
    pub texts_kept: usize,
    /// Assets whose texts could not be set, by the path of their file.
    pub not_described: BTreeMap<String, Error<ApiError>>,
    /// Files whose texts were not set, as the file that is named beside them has the same asset and
    /// other texts.
    pub texts_in_conflict: BTreeMap<String, String>,
    /// Files that are not on the site.
    pub failures: Vec<Failure>,
    /// Assets that could not be deleted, by the path of their file. The lock file keeps them.
    pub not_deleted: BTreeMap<String, Error<ApiError>>,
    /// Why nothing was deleted, if deletions were requested and needed but held back.
    pub held: Option<Held>,
    /// Files that were left out.
    pub problems: Vec<Problem>,
    /// Bytes that were written to the lock file and to `.webflow-assets`.
    pub bytes_written: u64,
}

impl Report {
    /// Whether everything that was asked for was done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty()
            && self.not_deleted.is_empty()
            && self.not_described.is_empty()
            && self.texts_in_conflict.is_empty()
            && self.held.is_none()
            && self.problems.is_empty()
    }
}

/// A file that could not be uploaded.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Its path, relative to the directory.
    pub path: String,
    /// Why.
    pub error: Arc<UploadError>,
}

/// A plan that is being carried out; see [`Plan::stream`](super::Plan::stream).
#[must_use = "a stream does nothing until it is polled"]
pub struct SyncEvents(pub(super) Work<SyncEvent>);

impl Stream for SyncEvents {
    type Item = Result<SyncEvent, SyncError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl fmt::Debug for SyncEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncEvents").finish_non_exhaustive()
    }
}

/// Work that emits events, as a stream that has its result as the last one.
pub(super) struct Work<E> {
    /// `None` once it has ended.
    run: Option<BoxFuture<'static, Result<E, SyncError>>>,
    /// The last item, until the events before it are taken.
    last: Option<Result<E, SyncError>>,
    events: mpsc::Receiver<E>,
}

impl<E> Work<E> {
    pub(super) fn new<F>(run: impl FnOnce(Emitter<E>) -> F) -> Self
    where
        F: Future<Output = Result<E, SyncError>> + Send + 'static,
    {
        let (sender, events) = mpsc::channel(1);
        Self {
            run: Some(run(Emitter(sender)).boxed()),
            last: None,
            events,
        }
    }
}

impl<E: Unpin> Stream for Work<E> {
    type Item = Result<E, SyncError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Poll::Ready(Some(event)) = this.events.poll_recv(cx) {
                return Poll::Ready(Some(Ok(event)));
            }
            let Some(run) = &mut this.run else {
                return Poll::Ready(this.last.take());
            };
            match run.poll_unpin(cx) {
                Poll::Ready(last) => {
                    this.last = Some(last);
                    this.run = None;
                }
                // It may have sent an event.
                Poll::Pending => {
                    let event = ready!(this.events.poll_recv(cx));
                    return Poll::Ready(event.map(Ok));
                }
            }
        }
    }
}

/// Hands events to the stream.
#[derive(Clone, Debug)]
pub(super) struct Emitter<E>(mpsc::Sender<E>);

impl<E> Emitter<E> {
    /// Waits until the event before this one is taken.
    pub(super) async fn emit(&self, event: E) {
        // Without a receiver, this future is about to be dropped.
        let _ = self.0.send(event).await;
    }
}
