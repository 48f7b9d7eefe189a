//! S3's side: a real S3 service, behind the checks that it lacks and the wording that differs from Amazon's.

mod answer;
mod body;
mod store;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use s3s::auth::SimpleAuth;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};

pub(super) use self::answer::document;
use self::answer::{Refusal, finish};
use self::body::{HeadError, SharedBody};
use self::store::{PublicRead, Store};
use crate::fault::Fault;
use crate::state::State;

/// Everything that is not Webflow's.
pub(super) fn router(state: &Arc<State>) -> Router {
    let bucket = Bucket {
        origin: state.origin.clone().into(),
        service: service(state),
    };
    Router::new().fallback(answer).with_state(bucket)
}

#[derive(Clone)]
struct Bucket {
    origin: Arc<str>,
    service: S3Service,
}

fn service(state: &Arc<State>) -> S3Service {
    let mut config = S3Config::default();
    // The policy is what limits the size; the service's own limit must not come first.
    config.post_object_max_file_size = state.settings.max_size;
    // By default a form is refused when its `X-Amz-Date` is 15 minutes old, although its policy lives for an hour.
    config.presigned_url_max_skew_time_secs = 7 * 24 * 60 * 60;

    let mut builder = S3ServiceBuilder::new(Store(Arc::clone(state)));
    builder.set_auth(SimpleAuth::from_single(
        state.credentials.access_key.as_str(),
        state.credentials.secret_key.as_str(),
    ));
    builder.set_access(PublicRead);
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
    builder.build()
}

async fn answer(Shared(bucket): Shared<Bucket>, request: Request) -> Response {
    if request.method() != Method::POST {
        return bucket.ask(request.map(s3s::Body::http_body_unsync)).await;
    }
    let (parts, body) = request.into_parts();
    let body = SharedBody::new(body);
    let response = match check(&parts.headers) {
        // A client that waits for leave to send its body is told before it sends any.
        Err(refusal) if parts.headers.contains_key(EXPECT) => return refusal.into_response(),
        Err(refusal) => refusal.into_response(),
        Ok(()) if parts.extensions.get() == Some(&Fault::ExpiredPolicy) => {
            Refusal::expired().into_response()
        }
        Ok(()) => match body.head().await {
            Err(error) => refused_head(&error).into_response(),
            Ok(head) => {
                bucket
                    .ask(Request::from_parts(parts, body.with_head(head)))
                    .await
            }
        },
    };
    body.drain().await;
    response
}

/// What S3 refuses of a form upload by its headers alone, and the service does not.
fn check(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(AUTHORIZATION) {
        return Err(Refusal::bad_request(
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
             parameter or the Authorization header should be specified",
        ));
    }
    if !headers.contains_key(CONTENT_LENGTH) {
        return Err(Refusal::new(
            StatusCode::LENGTH_REQUIRED,
            "MissingContentLength",
            "You must provide the Content-Length HTTP header.",
        ));
    }
    let content_type = headers
        .get(CONTENT_TYPE)
        .map(|value| value.as_bytes().to_ascii_lowercase());
    if !content_type.is_some_and(|value| value.starts_with(b"multipart/form-data")) {
        return Err(Refusal::new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            "Bucket POST must be of the enclosure-type multipart/form-data",
        ));
    }
    Ok(())
}

fn refused_head(error: &HeadError) -> Refusal {
    match error {
        HeadError::TooLong => Refusal::bad_request(
            "MaxPostPreDataLengthExceeded",
            "Your POST request fields preceding the upload file were too large.",
        ),
        HeadError::NoFile => Refusal::bad_request(
            "InvalidArgument",
            "POST requires exactly one file upload per request.",
        ),
        HeadError::Broken => {
            Refusal::bad_request("IncompleteBody", "The request body terminated unexpectedly")
        }
    }
}

impl Bucket {
    async fn ask(&self, request: s3s::HttpRequest) -> Response {
        let wrong_etag = request.extensions().get() == Some(&Fault::WrongEtag);
        match self.service.call(request).await {
            Ok(answer) => finish(answer, &self.origin, wrong_etag),
            Err(_) => Refusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalError",
                "We encountered an internal error. Please try again.",
            )
            .into_response(),
        }
    }
}
