//! Connections: accepting them, and ending them in ways that an HTTP server does not offer.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use futures_util::future::{Either, select};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// The S3 service refuses a form whose body comes in large pieces, one of which ends in the beginning of a boundary.
const READ_BUFFER: usize = 16 * 1024;
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How a connection ends once its last bytes are written.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Close,
    /// The client has to leave first.
    Hold,
    Reset,
}

struct Ending {
    bytes: Vec<u8>,
    end: End,
}

/// The connection that a request came on; travels with the request.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<Option<oneshot::Sender<Ending>>>>);

impl Wire {
    /// Takes the connection away from the HTTP server, writes `bytes` as they are and ends it.
    pub(crate) async fn end<T>(&self, bytes: Vec<u8>, end: End) -> T {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // A connection that is gone already has ended, too.
            let _ = sender.send(Ending { bytes, end });
        }
        // The request ends with its connection.
        pending().await
    }
}

/// Accepts connections until it is aborted, which also ends those that are open.
pub(crate) async fn serve(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, or a peer that is gone already: both pass.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(connection(stream, router.clone()));
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let (sender, ending) = oneshot::channel();
    let wire = Wire(Arc::new(Mutex::new(Some(sender))));
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(wire.clone());
        router.call(request)
    });
    let connection = http1::Builder::new()
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    // What ends a connection unasked is the client's doing, and the client's to report.
    if let Either::Right((Ok(requested), connection)) = select(connection, ending).await {
        let stream = connection.into_parts().io.into_inner();
        requested.carry_out(stream).await;
    }
}

impl Ending {
    async fn carry_out(self, mut stream: TcpStream) {
        // A client that does not listen any more has what it wants.
        let _ = stream.write_all(&self.bytes).await;
        match self.end {
            End::Close => {}
            End::Hold => {
                let mut ignored = [0; 1024];
                while matches!(stream.read(&mut ignored).await, Ok(1..)) {}
            }
            End::Reset => {
                // Without lingering, closing sends a reset.
                let _ = stream.set_zero_linger();
            }
        }
    }
}
