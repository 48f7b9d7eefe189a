//! The form that Webflow hands out: a POST policy and its AWS Signature Version 4.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sha2::Sha256;

use crate::encoding::hex;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const REGION: &str = "us-east-1";
const SERVICE: &str = "s3";
const ACL: &str = "public-read";
const CACHE_CONTROL: &str = "max-age=31536000";
const SUCCESS_STATUS: &str = "201";

/// The key pair of the account that owns the bucket.
pub(crate) struct Credentials {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
}

/// What one form permits.
pub(crate) struct Terms<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) site_id: &'a str,
    pub(crate) key: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) max_size: u64,
    pub(crate) signed_at: Timestamp,
    pub(crate) lifetime: Duration,
}

/// `uploadDetails`: the eleven form fields under the names, and in the order, that Webflow gives them.
#[derive(Serialize)]
pub(crate) struct UploadDetails {
    acl: &'static str,
    bucket: String,
    #[serde(rename = "X-Amz-Algorithm")]
    algorithm: &'static str,
    #[serde(rename = "X-Amz-Credential")]
    credential: String,
    #[serde(rename = "X-Amz-Date")]
    date: String,
    key: String,
    #[serde(rename = "Policy")]
    policy: String,
    #[serde(rename = "X-Amz-Signature")]
    signature: String,
    success_action_status: &'static str,
    #[serde(rename = "content-type")]
    content_type: String,
    #[serde(rename = "Cache-Control")]
    cache_control: &'static str,
}

#[derive(Serialize)]
struct Policy {
    expiration: String,
    conditions: serde_json::Value,
}

impl UploadDetails {
    /// Writes the policy that Webflow writes, condition by condition, and signs it.
    pub(crate) fn sign(credentials: &Credentials, terms: &Terms<'_>) -> Self {
        // A lifetime too long to add is as good as one that never ends.
        let expires_at = terms
            .signed_at
            .checked_add(terms.lifetime)
            .unwrap_or(Timestamp::MAX);
        let date = terms.signed_at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = terms.signed_at.strftime("%Y%m%d").to_string();
        let credential = format!(
            "{}/{day}/{REGION}/{SERVICE}/aws4_request",
            credentials.access_key
        );

        // Webflow writes whole seconds; S3 reads milliseconds just as well, and a shorter lifetime needs them.
        let expiration = if terms.lifetime.subsec_nanos() == 0 {
            "%Y-%m-%dT%H:%M:%SZ"
        } else {
            "%Y-%m-%dT%H:%M:%S%.3fZ"
        };
        let policy = Policy {
            expiration: expires_at.strftime(expiration).to_string(),
            conditions: json!([
                ["starts-with", "$key", format!("{}/", terms.site_id)],
                { "cache-control": CACHE_CONTROL },
                { "Content-Type": terms.content_type },
                { "success_action_status": SUCCESS_STATUS },
                ["starts-with", "$Content-Type", terms.content_type],
                ["content-length-range", 0, terms.max_size],
                { "acl": ACL },
                { "bucket": terms.bucket },
                { "X-Amz-Algorithm": ALGORITHM },
                { "X-Amz-Credential": credential },
                { "X-Amz-Date": date },
                { "key": terms.key },
            ]),
        };
        // Strings and numbers under string keys always serialise, so the empty policy (which S3 refuses) is never sent.
        let policy = STANDARD.encode(serde_json::to_vec(&policy).unwrap_or_default());
        let signature = signature(&credentials.secret_key, &day, &policy);

        Self {
            acl: ACL,
            bucket: terms.bucket.to_owned(),
            algorithm: ALGORITHM,
            credential,
            date,
            key: terms.key.to_owned(),
            policy,
            signature,
            success_action_status: SUCCESS_STATUS,
            content_type: terms.content_type.to_owned(),
            cache_control: CACHE_CONTROL,
        }
    }
}

/// The signature of a POST policy: its base64 text is the string to sign, as it stands.
fn signature(secret_key: &str, day: &str, policy: &str) -> String {
    let key = hmac(format!("AWS4{secret_key}").as_bytes(), day);
    let key = hmac(&key, REGION);
    let key = hmac(&key, SERVICE);
    let key = hmac(&key, "aws4_request");
    hex(&hmac(&key, policy))
}

fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS's published example of a signed POST policy (Amazon S3 API reference, "Browser-Based Upload using HTTP
    /// POST"); its lines end in CRLF.
    const PUBLISHED_POLICY: &str = r#"{ "expiration": "2015-12-30T12:00:00.000Z",
  "conditions": [
    {"bucket": "sigv4examplebucket"},
    ["starts-with", "$key", "user/user1/"],
    {"acl": "public-read"},
    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},
    ["starts-with", "$Content-Type", "image/"],
    {"x-amz-meta-uuid": "14365123651274"},
    {"x-amz-server-side-encryption": "AES256"},
    ["starts-with", "$x-amz-meta-tag", ""],

    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},
    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
    {"x-amz-date": "20151229T000000Z" }
  ]
}"#;

    #[test]
    fn the_published_example_gets_the_published_signature() {
        let policy = STANDARD.encode(PUBLISHED_POLICY.replace('\n', "\r\n"));
        assert_eq!(policy.len(), 864);
        assert_eq!(
            signature(
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "20151229",
                &policy
            ),
            "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
        );
    }

    #[test]
    fn the_policy_equals_the_one_that_the_live_service_signs() {
        let credentials = Credentials {
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: "secret".to_owned(),
        };
        let details = UploadDetails::sign(
            &credentials,
            &Terms {
                bucket: "webflow-prod-assets",
                site_id: "68108c29063eeb5d1bd7ae4a",
                key: "68108c29063eeb5d1bd7ae4a/6a6a6cf2fdc1b486e861e6c9_hero.css",
                content_type: "text/css",
                max_size: 31_457_280,
                signed_at: "2026-07-29T21:13:22Z".parse().expect("a valid timestamp"),
                lifetime: Duration::from_hours(1),
            },
        );
        let policy = STANDARD
            .decode(&details.policy)
            .expect("the policy is base64");
        assert_eq!(
            String::from_utf8(policy).expect("the policy is text"),
            concat!(
                r#"{"expiration":"2026-07-29T22:13:22Z","conditions":[["starts-with","$key","68108c29063eeb5d1bd7ae4a/"],"#,
                r#"{"cache-control":"max-age=31536000"},{"Content-Type":"text/css"},{"success_action_status":"201"},"#,
                r#"["starts-with","$Content-Type","text/css"],["content-length-range",0,31457280],{"acl":"public-read"},"#,
                r#"{"bucket":"webflow-prod-assets"},{"X-Amz-Algorithm":"AWS4-HMAC-SHA256"},"#,
                r#"{"X-Amz-Credential":"AKIAIOSFODNN7EXAMPLE/20260729/us-east-1/s3/aws4_request"},"#,
                r#"{"X-Amz-Date":"20260729T211322Z"},"#,
                r#"{"key":"68108c29063eeb5d1bd7ae4a/6a6a6cf2fdc1b486e861e6c9_hero.css"}]}"#,
            )
        );
        assert_eq!(details.date, "20260729T211322Z");
    }
}
