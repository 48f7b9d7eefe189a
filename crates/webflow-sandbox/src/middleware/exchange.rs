//! A request in progress.

use std::sync::Arc;

use axum::http::StatusCode;

use crate::connection::Wire;
use crate::request::Side;
use crate::state::State;

/// A request in progress: its connection, and its place in the log.
pub(super) struct Exchange {
    pub(super) state: Arc<State>,
    pub(super) side: Side,
    pub(super) wire: Wire,
    pub(super) place: usize,
}

impl Exchange {
    /// Logs the status of the response.
    pub(super) fn answered(&self, status: StatusCode) {
        if let Some(request) = self.state.contents().requests.get_mut(self.place) {
            request.status = Some(status.as_u16());
        }
    }
}
