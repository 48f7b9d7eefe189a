//! The layer above both services: it logs each request and injects its fault.

mod exchange;
mod inject;

use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::middleware::Next;
use axum::response::Response;

use self::exchange::Exchange;
use self::inject::inject;
use crate::connection::Wire;
use crate::request;
use crate::state::State;

/// Logs every request as it arrives, injects the fault that its operation has in the queue, and logs the status of the
/// response.
pub(crate) async fn record(
    Shared(state): Shared<Arc<State>>,
    request: Request,
    next: Next,
) -> Response {
    let arrived = state.started.elapsed();
    let logged = request::Request::new(request.method(), request.uri().path(), arrived);
    let side = logged.side;
    let (place, fault) = state.arrived(logged);
    let wire = request.extensions().get::<Wire>().cloned();
    let exchange = Exchange {
        state,
        side,
        wire: wire.unwrap_or_default(),
        place,
    };
    let response = match fault {
        None => next.run(request).await,
        Some(fault) => inject(fault, &exchange, request, next).await,
    };
    exchange.answered(response.status());
    response
}
