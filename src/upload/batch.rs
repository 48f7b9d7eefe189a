//! Uploads many files to a site: a stream of events, with bounded concurrency.

use std::{
    collections::HashSet,
    fmt, mem,
    panic::resume_unwind,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::{Stream, stream::BoxStream};
use futures_util::{StreamExt, stream};
use tokio::{sync::mpsc, task::JoinSet};

use super::{Contents, Upload, check::Checked, error::UploadError, result::Uploaded};
use crate::{
    generated::Client,
    id::{IdError, SiteId},
    s3::Progress,
    source::Source,
};

/// Uploads at a time, if not set: enough to fill a connection with small files, and few enough
/// for the buffers of large ones.
pub(crate) const CONCURRENCY: usize = 8;

/// How many contents a batch remembers. A forgotten one that is uploaded again costs a create
/// call, which Webflow answers with the existing asset.
const CONTENTS: usize = 1024;

/// How many uploads may wait to check their asset. Beyond that, a file starts when one is done.
const WAITING: usize = 1024;

impl Client {
    /// Uploads many files to a site, several at a time.
    ///
    /// Sources are pulled lazily; the iterator may be infinite. Files with equal content are
    /// registered once. For files with a folder, a name or a text of their own, see [`Batch::new`].
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use webflow_assets::{Client, Token, sandbox::Sandbox};
    /// # let sandbox = Sandbox::start().await?;
    /// # let token = Token::new(sandbox.token())?;
    /// # let client = Client::builder().token(token).base_url(sandbox.base_url()).build()?;
    /// # let site = sandbox.site_id();
    /// use futures_util::StreamExt;
    /// use webflow_assets::{Event, Source};
    ///
    /// let files = ["tests/fixtures/hero.png", "no-such.png"].map(Source::path);
    /// let mut events = client.upload_all(site, files).stream();
    /// let mut uploaded = [None, None];
    /// while let Some(event) = events.next().await {
    ///     if let Event::Finished { index, result } = event {
    ///         uploaded[index] = Some(result.is_ok());
    ///     }
    /// }
    /// assert_eq!(uploaded, [Some(true), Some(false)]);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sandbox"))]
    /// # fn main() {}
    /// ```
    pub fn upload_all<I>(
        &self,
        site: impl TryInto<SiteId, Error: Into<IdError>>,
        sources: I,
    ) -> Batch
    where
        I: IntoIterator<Item: Into<Source>, IntoIter: Send + 'static>,
    {
        let client = self.clone();
        let site = site.try_into().map_err(Into::into);
        let uploads = sources.into_iter();
        Batch::new(uploads.map(move |source| client.upload_to(site.clone(), source.into())))
    }
}

/// A builder for many uploads; see [`Client::upload_all`].
#[must_use = "a batch does nothing until it is streamed"]
pub struct Batch {
    uploads: BoxStream<'static, Upload>,
    contents: Arc<Contents>,
    concurrency: usize,
    stop_on_error: bool,
}

/// An event of a batch. `index` counts the sources, from 0.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "an event is passed on at once, and a box would be in the way of a match"
)]
pub enum Event {
    /// The upload of a file begins.
    Started {
        /// The place of the file among the sources.
        index: usize,
        /// Its path, or the name of bytes.
        file: String,
    },
    /// A file was read, and is registered next.
    Checked {
        /// The place of the file among the sources.
        index: usize,
        /// What it is, and what Webflow may refuse.
        checked: Checked,
    },
    /// A chunk of a file has been handed to the connection to S3. Each attempt starts from 0. A
    /// reader that is slow to take events misses some of these.
    Progress {
        /// The place of the file among the sources.
        index: usize,
        /// How much of the file the current attempt has sent.
        progress: Progress,
    },
    /// A file is stored, under an asset that another upload registered a moment ago and may still
    /// delete. The asset is checked again after the wait.
    Waiting {
        /// The place of the file among the sources.
        index: usize,
        /// How long it waits.
        wait: Duration,
    },
    /// A file is on the site, or its upload failed. The last event of each file.
    Finished {
        /// The place of the file among the sources.
        index: usize,
        /// What [`Upload::send`] returned.
        result: Result<Uploaded, UploadError>,
    },
    /// The batch ends before its last file: Webflow refused the token, or a file failed after
    /// [`Batch::stop_on_error`]. The last event, and only where files are left.
    Stopped {
        /// How many files were not tried; `None` if their number is not known.
        not_tried: Option<usize>,
    },
}

/// Where an upload reports its steps to its batch.
#[derive(Clone)]
pub(super) struct Reporter {
    index: usize,
    sender: mpsc::Sender<Event>,
}

impl Reporter {
    pub(super) async fn checked(&self, checked: Checked) {
        let index = self.index;
        self.send(Event::Checked { index, checked }).await;
    }

    pub(super) async fn waiting(&self, wait: Duration) {
        let index = self.index;
        self.send(Event::Waiting { index, wait }).await;
    }

    /// Reports a position unless the reader is slow: another one, or the last event, follows. Half of
    /// the room is for the other events.
    pub(super) fn moved(&self, progress: Progress) {
        if self.sender.capacity() > self.sender.max_capacity() / 2 {
            let index = self.index;
            let _ = self.sender.try_send(Event::Progress { index, progress });
        }
    }

    async fn send(&self, event: Event) {
        // Without a receiver, the upload is about to be aborted.
        let _ = self.sender.send(event).await;
    }
}

impl Batch {
    /// Creates a batch of uploads, each with its own folder, name and text.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use webflow_assets::{Client, Token, sandbox::Sandbox};
    /// # let sandbox = Sandbox::start().await?;
    /// # let token = Token::new(sandbox.token())?;
    /// # let client = Client::builder().token(token).base_url(sandbox.base_url()).build()?;
    /// # let site = sandbox.site_id().to_owned();
    /// use futures_util::StreamExt;
    /// use webflow_assets::{Batch, Source};
    ///
    /// let texts = [("barn.png", "A red barn"), ("pond.png", "A pond in winter")];
    /// let batch = Batch::new(texts.into_iter().map(move |(file, text)| {
    ///     client.upload(site.as_str(), Source::bytes(file, file)).alt_text(text)
    /// }));
    /// batch.concurrency(1).stream().for_each(async |_| ()).await;
    /// let assets = sandbox.assets();
    /// assert_eq!(assets[0].alt_text.as_deref(), Some("A red barn"));
    /// assert_eq!(assets[1].alt_text.as_deref(), Some("A pond in winter"));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sandbox"))]
    /// # fn main() {}
    /// ```
    pub fn new<I>(uploads: I) -> Self
    where
        I: IntoIterator<Item = Upload, IntoIter: Send + 'static>,
    {
        Self::from_stream(stream::iter(uploads))
    }

    /// Creates a batch from a stream of uploads.
    pub fn from_stream(uploads: impl Stream<Item = Upload> + Send + 'static) -> Self {
        Self {
            uploads: uploads.boxed(),
            contents: Arc::new(Contents::new(CONTENTS)),
            concurrency: CONCURRENCY,
            stop_on_error: false,
        }
    }

    /// Sets how many files are uploaded at a time: 8 if not set, and at least 1. Each takes up to
    /// 8 MiB of memory.
    pub fn concurrency(mut self, files: usize) -> Self {
        self.concurrency = files.max(1);
        self
    }

    /// Starts no further file after one that failed. Those that are in progress are finished.
    /// After a file for which Webflow refused the token, no batch starts another.
    pub fn stop_on_error(mut self) -> Self {
        self.stop_on_error = true;
        self
    }

    /// Shares a content cache with the caller.
    #[cfg(feature = "sync")]
    pub(crate) fn with_contents(mut self, contents: Arc<Contents>) -> Self {
        self.contents = contents;
        self
    }

    /// Streams the events of the batch. It begins when the stream is polled, on the `tokio` runtime
    /// that polls it; files that have begun go on while nothing polls. Dropping the stream stops
    /// them: an asset that was registered by then and not filled stays on the site without a file,
    /// and uploading the same file again fills it.
    #[must_use = "a stream does nothing until it is polled"]
    pub fn stream(self) -> Events {
        // Room for some events while the reader is busy.
        let (sender, receiver) = mpsc::channel(8 * self.concurrency);
        Events {
            batch: self,
            next: 0,
            ended: false,
            running: 0,
            waiting: HashSet::new(),
            stopped: false,
            tasks: JoinSet::new(),
            sender,
            receiver,
        }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("concurrency", &self.concurrency)
            .field("stop_on_error", &self.stop_on_error)
            .finish_non_exhaustive()
    }
}

/// The events of a batch; see [`Batch::stream`].
#[derive(Debug)]
#[must_use = "a stream does nothing until it is polled"]
pub struct Events {
    batch: Batch,
    /// The index of the next upload.
    next: usize,
    /// No more uploads are taken.
    ended: bool,
    /// Files that are being uploaded.
    running: usize,
    /// Files that are stored, and whose asset is checked again later.
    waiting: HashSet<usize>,
    /// Files are left out.
    stopped: bool,
    /// Aborted when they are dropped.
    tasks: JoinSet<()>,
    /// Held so that the channel stays open between two files.
    sender: mpsc::Sender<Event>,
    receiver: mpsc::Receiver<Event>,
}

impl Events {
    /// Starts the upload of a file.
    fn start(&mut self, upload: Upload) -> Event {
        let index = self.next;
        self.next += 1;
        self.running += 1;
        let reporter = Reporter {
            index,
            sender: self.sender.clone(),
        };
        let contents = Arc::clone(&self.batch.contents);
        let file = upload.label();
        self.tasks.spawn(async move {
            // In a box: it has 10 KB, and a task is moved several times before it runs.
            let upload = Box::pin(upload.within(contents, reporter.clone()).send());
            let result = upload.await;
            reporter.send(Event::Finished { index, result }).await;
        });
        Event::Started { index, file }
    }
}

impl Events {
    fn finished(&mut self, index: usize, result: &Result<Uploaded, UploadError>) {
        if !self.waiting.remove(&index) {
            self.running -= 1;
        }
        let Err(error) = result else { return };
        if !self.ended && (self.batch.stop_on_error || error.is_auth()) {
            self.ended = true;
            self.stopped = true;
        }
    }

    /// The last event, if files are left.
    fn left(&mut self) -> Option<Event> {
        let not_tried = match self.batch.uploads.size_hint() {
            (least, Some(most)) if least == most => Some(most),
            _ => None,
        };
        let is_left = mem::take(&mut self.stopped) && not_tried != Some(0);
        is_left.then_some(Event::Stopped { not_tried })
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let has_room = self.running < self.batch.concurrency && self.waiting.len() < WAITING;
        if !self.ended && has_room {
            match self.batch.uploads.poll_next_unpin(cx) {
                Poll::Ready(Some(upload)) => return Poll::Ready(Some(self.start(upload))),
                Poll::Ready(None) => self.ended = true,
                Poll::Pending => {}
            }
        }
        while let Poll::Ready(Some(ended)) = self.tasks.poll_join_next(cx) {
            // A task that panicked sends no last event.
            if let Err(error) = ended
                && error.is_panic()
            {
                resume_unwind(error.into_panic());
            }
        }
        match self.receiver.poll_recv(cx) {
            Poll::Ready(Some(event)) => {
                match &event {
                    Event::Finished { index, result } => self.finished(*index, result),
                    // There is room for another file.
                    Event::Waiting { index, .. } => {
                        self.running -= 1;
                        self.waiting.insert(*index);
                    }
                    _ => {}
                }
                Poll::Ready(Some(event))
            }
            // The stream holds a sender.
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending if self.ended && self.running == 0 && self.waiting.is_empty() => {
                Poll::Ready(self.left())
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
