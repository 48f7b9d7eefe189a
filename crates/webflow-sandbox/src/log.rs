//! The log of requests, and the place where faults step in.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use super::connection::Wire;
use super::fault::{Operation, act};
use super::state::State;

/// Which of the two services answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Half {
    /// Webflow's API.
    Webflow,
    /// The S3 bucket.
    S3,
}

/// A request that reached the sandbox. Headers and bodies are not kept, so the log holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The half that answered.
    pub half: Half,
    /// What was asked for, if it is something that faults can hit.
    pub operation: Option<Operation>,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The path of the URL, without the query.
    pub path: String,
    /// When its head had arrived, counted from the start of the sandbox.
    pub arrived: Duration,
    /// The fault that hit it, as in the text of a [`Rule`](super::Rule).
    pub fault: Option<String>,
    /// The status of the answer; `None` while there is none, when a fault withheld it, or when the client hung up
    /// before it came.
    pub status: Option<u16>,
}

impl Half {
    pub(super) fn of(path: &str) -> Self {
        if path == "/v2" || path.starts_with("/v2/") {
            Self::Webflow
        } else {
            Self::S3
        }
    }
}

/// A request's place in the log.
pub(super) struct Entry {
    state: Arc<State>,
    half: Half,
    place: usize,
}

impl Entry {
    pub(super) fn half(&self) -> Half {
        self.half
    }

    pub(super) fn answered(&self, status: StatusCode) {
        self.state.answered(self.place, status.as_u16());
    }
}

/// Logs every request as it arrives, lets the fault that waits for it happen, and logs the answer's status.
pub(super) async fn record(
    Shared(state): Shared<Arc<State>>,
    request: axum::extract::Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let half = Half::of(path);
    let (place, fault) = state.arrived(Request {
        half,
        operation: Operation::of(request.method(), path),
        method: request.method().to_string(),
        path: path.to_owned(),
        arrived: state.started.elapsed(),
        fault: None,
        status: None,
    });
    let entry = Entry { state, half, place };
    let response = match fault {
        None => next.run(request).await,
        Some(fault) => {
            let wire = request.extensions().get::<Wire>().cloned();
            act(fault, wire.unwrap_or_default(), &entry, request, next).await
        }
    };
    entry.answered(response.status());
    response
}
