//! The bucket: objects in memory, written by form uploads and readable by anyone.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream as _;
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use s3s::access::{S3Access, S3AccessContext};
use s3s::dto::{
    ETag, GetObjectInput, GetObjectOutput, PutObjectInput, PutObjectOutput, StreamingBlob,
};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};

use super::answer::Stored;
use crate::asset::Object;
use crate::encoding::hex;
use crate::state::{BUCKET, State};

pub(super) struct Store(pub(super) Arc<State>);

#[async_trait::async_trait]
impl S3 for Store {
    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let PutObjectInput {
            bucket,
            key,
            body,
            content_type,
            cache_control,
            ..
        } = request.input;
        if bucket != BUCKET {
            return Err(s3_error!(
                NoSuchBucket,
                "The specified bucket does not exist"
            ));
        }
        let chunks = match body {
            Some(body) => chunks(body).await?,
            None => Vec::new(),
        };
        // A gibibyte takes seconds to join and to hash: not on a thread that serves other connections.
        let (bytes, etag) = tokio::task::spawn_blocking(move || join(chunks))
            .await
            .map_err(|error| s3_error!(error, InternalError))?;
        let stored = Stored {
            bucket,
            key: key.clone(),
            etag: etag.clone(),
        };
        self.0.contents().put(
            key,
            Object {
                bytes,
                etag: etag.clone(),
                content_type,
                cache_control,
                stored_on: Timestamp::now(),
            },
        );

        let output = PutObjectOutput {
            e_tag: Some(ETag::Strong(etag)),
            ..Default::default()
        };
        let mut response = S3Response::new(output);
        response.extensions.insert(stored);
        Ok(response)
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        if request.input.bucket != BUCKET {
            return Err(s3_error!(
                NoSuchBucket,
                "The specified bucket does not exist"
            ));
        }
        let object = self.0.contents().objects.get(&request.input.key).cloned();
        let object =
            object.ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))?;
        Ok(S3Response::new(GetObjectOutput {
            content_length: i64::try_from(object.bytes.len()).ok(),
            content_type: object.content_type,
            cache_control: object.cache_control,
            e_tag: Some(ETag::Strong(object.etag)),
            body: Some(StreamingBlob::from(Body::from(object.bytes))),
            ..Default::default()
        }))
    }
}

/// Every object is uploaded with the ACL `public-read`, so reading takes no signature; all else does.
pub(super) struct PublicRead;

#[async_trait::async_trait]
impl S3Access for PublicRead {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_some() || context.s3_op().name() == "GetObject" {
            Ok(())
        } else {
            Err(s3_error!(AccessDenied, "Access Denied"))
        }
    }
}

async fn chunks(mut body: StreamingBlob) -> S3Result<Vec<Bytes>> {
    let mut chunks = Vec::new();
    while let Some(chunk) =
        std::future::poll_fn(|context| Pin::new(&mut body).poll_next(context)).await
    {
        chunks.push(chunk.map_err(|_| s3_error!(IncompleteBody))?);
    }
    Ok(chunks)
}

/// Joins `chunks`, letting go of each once it is copied, and hashes them.
fn join(chunks: Vec<Bytes>) -> (Bytes, String) {
    let mut joined = Vec::with_capacity(chunks.iter().map(Bytes::len).sum());
    let mut hash = Md5::new();
    for chunk in chunks {
        hash.update(&chunk);
        joined.extend_from_slice(&chunk);
    }
    (joined.into(), hex(&hash.finalize()))
}
