//! S3 servers that check signature, policy, expiry and size: the sandbox's, and an independent one
//! that the environment names.

use std::{collections::BTreeMap, env, ops::RangeInclusive};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use webflow_assets::{
    s3::{self, PostForm},
    sandbox::Sandbox,
};

const REGION: &str = "us-east-1";

/// An S3 server, and credentials for one of its buckets.
pub(crate) struct Judge {
    pub(crate) name: &'static str,
    endpoint: String,
    bucket: String,
    access_key_id: String,
    secret_access_key: String,
}

impl Judge {
    /// The server that `.ci/run` starts beside the tests; `None` outside of it.
    pub(crate) async fn from_env() -> Option<Self> {
        let judge = Self {
            name: "external",
            endpoint: env::var("WEBFLOW_ASSETS_TEST_S3").ok()?,
            bucket: "judge".to_owned(),
            access_key_id: env::var("AWS_ACCESS_KEY_ID").ok()?,
            secret_access_key: env::var("AWS_SECRET_ACCESS_KEY").ok()?,
        };
        let created = judge.signed(reqwest::Method::PUT, &judge.bucket).await;
        assert!(created.status().is_success() || created.status() == 409);
        Some(judge)
    }

    /// The sandbox's own S3.
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let bucket = sandbox.bucket();
        Self {
            name: "sandbox",
            endpoint: bucket.endpoint.to_owned(),
            bucket: bucket.name.to_owned(),
            access_key_id: bucket.access_key_id.to_owned(),
            secret_access_key: bucket.secret_access_key.to_owned(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/{}", self.endpoint, self.bucket)
    }

    /// The upload details of a create response: a form like Webflow's, for this key.
    pub(crate) fn details(&self, key: &str) -> Value {
        self.sign(key, Timestamp::now(), 0..=31_457_280)
    }

    /// A form that was signed at `now`, valid for an hour and for files of these lengths.
    pub(crate) fn sign(&self, key: &str, signed: Timestamp, range: RangeInclusive<u64>) -> Value {
        let stamp = stamp(signed);
        let expiration = signed + SignedDuration::from_hours(1);
        let credential = format!(
            "{}/{}/{REGION}/s3/aws4_request",
            self.access_key_id,
            &stamp[..8]
        );
        let policy = json!({
            "expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "conditions": [
                ["starts-with", "$key", ""],
                {"cache-control": "max-age=31536000"},
                {"Content-Type": "image/png"},
                {"success_action_status": "201"},
                ["content-length-range", range.start(), range.end()],
                {"acl": "private"},
                {"bucket": self.bucket},
                {"X-Amz-Algorithm": "AWS4-HMAC-SHA256"},
                {"X-Amz-Credential": credential},
                {"X-Amz-Date": stamp},
            ]
        });
        let policy = base64(policy.to_string().as_bytes());
        json!({
            "acl": "private",
            "bucket": self.bucket,
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": credential,
            "X-Amz-Date": stamp,
            "key": key,
            "X-Amz-Signature": hex(&self.signature(&stamp, &policy)),
            "Policy": policy,
            "success_action_status": "201",
            "content-type": "image/png",
            "Cache-Control": "max-age=31536000",
        })
    }

    pub(crate) fn form(&self, key: &str) -> PostForm {
        PostForm::from_details(&self.url(), &self.details(key)).unwrap()
    }

    /// The bytes of an object; `None` if there is none.
    pub(crate) async fn get(&self, key: &str) -> Option<Bytes> {
        let path = format!("{}/{}", self.bucket, encode(key, true));
        let response = self.signed(reqwest::Method::GET, &path).await;
        (response.status() != 404).then_some(())?;
        assert!(response.status().is_success(), "{response:?}");
        Some(response.bytes().await.unwrap())
    }

    /// A request URL that is signed in its query (`SigV4`).
    fn presigned(&self, method: &reqwest::Method, path: &str) -> String {
        let stamp = stamp(Timestamp::now());
        let scope = format!("{}/{REGION}/s3/aws4_request", &stamp[..8]);
        let query: String = BTreeMap::from([
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            (
                "X-Amz-Credential",
                format!("{}/{scope}", self.access_key_id),
            ),
            ("X-Amz-Date", stamp.clone()),
            ("X-Amz-Expires", "60".to_owned()),
            ("X-Amz-SignedHeaders", "host".to_owned()),
        ])
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value, false)))
        .collect::<Vec<_>>()
        .join("&");
        let host = self.endpoint.trim_start_matches("http://");
        let canonical =
            format!("{method}\n/{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
        let digest = hex(&Sha256::digest(canonical));
        let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}");
        let signature = hex(&self.signature(&stamp, &to_sign));
        format!(
            "{}/{path}?{query}&X-Amz-Signature={signature}",
            self.endpoint
        )
    }

    async fn signed(&self, method: reqwest::Method, path: &str) -> reqwest::Response {
        let url = self.presigned(&method, path);
        let http = s3::http_client().unwrap();
        http.request(method, url).send().await.unwrap()
    }

    /// Where the bytes of an object can be read by whoever has this URL.
    pub(crate) fn hosted_url(&self, key: &str) -> String {
        let path = format!("{}/{}", self.bucket, encode(key, true));
        self.presigned(&reqwest::Method::GET, &path)
    }

    fn signature(&self, stamp: &str, text: &str) -> Vec<u8> {
        let key = format!("AWS4{}", self.secret_access_key).into_bytes();
        [&stamp[..8], REGION, "s3", "aws4_request", text]
            .iter()
            .fold(key, |key, part| {
                let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
                mac.update(part.as_bytes());
                mac.finalize().into_bytes().to_vec()
            })
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn stamp(time: Timestamp) -> String {
    let time = time.to_zoned(TimeZone::UTC);
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// Percent-encodes all but the unreserved characters.
fn encode(text: &str, keep_slash: bool) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            b'/' if keep_slash => "/".to_owned(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
