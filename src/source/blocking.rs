//! Work that blocks, run off the async threads.

use std::panic::resume_unwind;

use tokio::task::spawn_blocking;

/// Runs blocking work on the runtime's blocking threads. A panic of the work continues here, and
/// so does a runtime that shuts down before the work began, as `tokio` panics without a runtime.
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
