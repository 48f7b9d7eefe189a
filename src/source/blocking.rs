//! Runs blocking work off the async threads.

use std::panic::resume_unwind;

use tokio::task::spawn_blocking;

/// Runs blocking work on the runtime's blocking threads. Panics if the work panics, or if the
/// runtime shuts down before the work begins, as `tokio` itself panics without a runtime.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => resume_unwind(
            error
                .try_into_panic()
                .unwrap_or_else(|error| Box::new(error.to_string())),
        ),
    }
}
