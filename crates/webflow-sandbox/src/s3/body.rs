//! The body of a form upload on its way to the S3 service.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use hyper::body::{Body as HttpBody, Frame};

/// What S3 allows of a form before its file.
const MAX_HEAD: usize = 20 * 1024;
/// How long the rest of a refused body is read.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// A request body with two readers, one after the other: the S3 service, which stops where it likes, and then
/// [`drain`](Self::drain).
#[derive(Clone)]
pub(super) struct SharedBody(Arc<Mutex<Body>>);

/// Why the part of a form before its file was not accepted.
pub(super) enum HeadError {
    TooLong,
    NoFile,
    /// The connection broke.
    Broken,
}

impl SharedBody {
    pub(super) fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    /// Reads up to the form's file part.
    ///
    /// Besides the length limit this keeps a client's way of cutting its body from the S3 service, which takes a form
    /// whose first line comes in two pieces for a malformed one.
    pub(super) async fn head(&self) -> Result<Bytes, HeadError> {
        let mut head = BytesMut::new();
        loop {
            match file_part(&head) {
                Some(at) if at <= MAX_HEAD => return Ok(head.freeze()),
                None if head.len() <= MAX_HEAD => {}
                _ => return Err(HeadError::TooLong),
            }
            match self.next().await {
                Some(Ok(bytes)) => head.extend_from_slice(&bytes),
                Some(Err(_)) => return Err(HeadError::Broken),
                None => return Err(HeadError::NoFile),
            }
        }
    }

    /// What the S3 service reads: `head` again, then the rest.
    pub(super) fn with_head(&self, head: Bytes) -> s3s::Body {
        s3s::Body::http_body_unsync(FormBody {
            head: Some(head),
            rest: self.clone(),
        })
    }

    /// Reads and drops the rest, so that a client still sending meets the answer and not a broken pipe.
    pub(super) async fn drain(&self) {
        let rest = async { while let Some(Ok(_)) = self.next().await {} };
        // A client slower than this has to live with a closed connection.
        let _ = tokio::time::timeout(DRAIN_TIME, rest).await;
    }

    async fn next(&self) -> Option<Result<Bytes, axum::Error>> {
        loop {
            match std::future::poll_fn(|context| self.poll(context)).await? {
                Ok(frame) => match frame.into_data() {
                    Ok(bytes) => return Some(Ok(bytes)),
                    Err(_trailers) => {}
                },
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(context)
    }
}

/// Where the header that announces the file names it.
fn file_part(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"name=\"file\"";
    head.windows(NAME.len())
        .position(|window| window.eq_ignore_ascii_case(NAME))
}

struct FormBody {
    head: Option<Bytes>,
    rest: SharedBody,
}

impl HttpBody for FormBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match self.head.take() {
            Some(head) => Poll::Ready(Some(Ok(Frame::data(head)))),
            None => self.rest.poll(context),
        }
    }
}
