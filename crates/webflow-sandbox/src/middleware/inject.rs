//! Lets a fault happen to a request.

use std::future::{pending, poll_fn};
use std::pin::Pin;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use hyper::body::{Body as _, Frame};

use super::exchange::Exchange;
use crate::connection::End;
use crate::fault::{Answer, AnswerBody, Fault};
use crate::request::Side;
use crate::{s3, webflow};

/// What nginx writes when what stands behind it does not answer.
fn html(status: StatusCode) -> String {
    format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
}

/// Answers `request` as `fault` demands, or ends its connection.
pub(super) async fn inject(
    fault: Fault,
    exchange: &Exchange,
    mut request: Request,
    next: Next,
) -> Response {
    match fault {
        Fault::Answer(answer) => {
            let mut body = request.into_body();
            while let Some(Ok(_)) = frame(&mut body).await {}
            response(&answer, exchange.side)
        }
        Fault::EarlyRefusal(answer) => {
            let mut response = response(&answer, exchange.side);
            let headers = response.headers_mut();
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
            exchange.answered(response.status());
            let bytes = whole(response).await;
            exchange
                .wire
                .end([bytes.0, bytes.1].concat(), End::Close)
                .await
        }
        Fault::Delay(time) => {
            // On its own, as the client may leave.
            let processed = tokio::spawn(async move {
                tokio::time::sleep(time).await;
                next.run(request).await
            });
            processed
                .await
                .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }
        Fault::Late(time) => {
            let (parts, body) = request.into_parts();
            // Of a request that breaks off itself nothing arrives.
            if let Ok(body) = to_bytes(body, usize::MAX).await {
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    next.run(Request::from_parts(parts, body.into())).await
                });
            }
            exchange.wire.end(Vec::new(), End::Reset).await
        }
        Fault::Flip => {
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
            let mut body = Vec::from(body);
            let place = body.len() / 4 * 3;
            if let Some(byte) = body.get_mut(place) {
                *byte ^= 0x80;
            }
            next.run(Request::from_parts(parts, body.into())).await
        }
        Fault::TruncatedBody => {
            let half = half(next.run(request).await, exchange).await;
            exchange.wire.end(half, End::Close).await
        }
        Fault::StallMidBody => {
            let half = half(next.run(request).await, exchange).await;
            exchange.wire.end(half, End::Hold).await
        }
        Fault::StallBeforeAnswer => {
            next.run(request).await;
            exchange.wire.end(Vec::new(), End::Hold).await
        }
        Fault::StallReading => {
            let length = request.headers().get(CONTENT_LENGTH);
            let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
            let mut missing = length.unwrap_or(0_usize) / 2;
            let mut body = request.into_body();
            while missing > 0 {
                let Some(Ok(frame)) = frame(&mut body).await else {
                    break;
                };
                missing = missing.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            }
            pending().await
        }
        Fault::ResetBefore => exchange.wire.end(Vec::new(), End::Reset).await,
        Fault::ResetAfter => {
            next.run(request).await;
            exchange.wire.end(Vec::new(), End::Reset).await
        }
        // The operation itself knows what to do.
        Fault::WrongEtag
        | Fault::ExpiredPolicy
        | Fault::ShortPolicy(_)
        | Fault::Duplicate(_)
        | Fault::NotYet(_) => {
            request.extensions_mut().insert(fault);
            next.run(request).await
        }
    }
}

fn response(answer: &Answer, side: Side) -> Response {
    let mut response = match &answer.body {
        AnswerBody::Document(code) => match side {
            Side::Webflow => webflow::document(answer.status, code.as_deref()),
            Side::S3 => s3::document(answer.status, code.as_deref()),
        },
        AnswerBody::Html => (
            answer.status,
            [(CONTENT_TYPE, HeaderValue::from_static("text/html"))],
            html(answer.status),
        )
            .into_response(),
        AnswerBody::Empty => answer.status.into_response(),
        AnswerBody::Bytes(bytes) => (answer.status, Body::from(bytes.clone())).into_response(),
    };
    let headers = response.headers_mut();
    for (name, _) in &answer.headers {
        headers.remove(name);
    }
    for (name, value) in &answer.headers {
        headers.append(name, value.clone());
    }
    response
}

async fn frame(body: &mut Body) -> Option<Result<Frame<Bytes>, axum::Error>> {
    poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await
}

/// The first half of an answer: up to the middle of its body, or of its head where there is no body.
async fn half(response: Response, exchange: &Exchange) -> Vec<u8> {
    exchange.answered(response.status());
    let (mut head, body) = whole(response).await;
    if body.is_empty() {
        head.truncate(head.len() / 2);
    }
    head.extend_from_slice(&body[..body.len() / 2]);
    head
}

/// An answer's head and body as they travel.
async fn whole(response: Response) -> (Vec<u8>, Vec<u8>) {
    let (parts, body) = response.into_parts();
    // The services' own answers are in memory already.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut head = format!("HTTP/1.1 {}\r\n", parts.status).into_bytes();
    for (name, value) in &parts.headers {
        if name != CONTENT_LENGTH {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
    }
    if !matches!(
        parts.status,
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
    ) {
        head.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    (head, body.into())
}
