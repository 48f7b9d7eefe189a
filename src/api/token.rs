//! What a client is made from: the token and the base URL, each checked before use.

use std::{
    env, fmt,
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use http::HeaderValue;
use reqwest::Url;

use crate::{
    http::{is_loopback, is_protected},
    redact::Secrets,
};

/// Webflow's Data API v2, from its published description.
pub const DEFAULT_BASE_URL: &str = "https://api.webflow.com/v2";

/// The environment variable that [`Token::from_env`] reads.
pub const TOKEN_VARIABLE: &str = "WEBFLOW_API_TOKEN";

/// The environment variable that [`Client::from_env`](crate::Client::from_env) takes the base URL
/// from.
pub const BASE_URL_VARIABLE: &str = "WEBFLOW_BASE_URL";

const SCHEME: &str = "Bearer ";

/// How many bytes a file with a token may have.
const LONGEST_FILE: u64 = 64 * 1024;

/// A bearer token for Webflow's Data API. It is never printed.
///
/// ```
/// use webflow_assets::Token;
///
/// let token = Token::new("f5137c53d08dafb2\n")?;
/// assert_eq!(format!("{token:?}"), "Token([redacted])");
///
/// let error = Token::new(" ").unwrap_err();
/// assert_eq!(error.to_string(), "the token cannot be used: it is empty");
/// # Ok::<(), webflow_assets::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Token(HeaderValue);

impl Token {
    /// Takes a site token, workspace token or OAuth access token.
    ///
    /// White space around it is dropped, as it comes with most ways of storing a token.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Token`] if it is empty or has a character that no token has.
    pub fn new(token: impl AsRef<str>) -> Result<Self, ConfigError> {
        let token = token.as_ref().trim();
        if token.is_empty() {
            return Err(ConfigError::Token("it is empty"));
        }
        let word = token.split_whitespace().next().unwrap_or_default();
        if word.len() < token.len() && word.eq_ignore_ascii_case("bearer") {
            return Err(ConfigError::Token(
                "it begins with `Bearer`; leave that word out",
            ));
        }
        if token.bytes().any(|b| !b.is_ascii_graphic()) {
            return Err(ConfigError::Token(
                "it has white space or a character that is not ASCII",
            ));
        }
        let mut value = HeaderValue::try_from(format!("{SCHEME}{token}"))
            .map_err(|_| ConfigError::Token("it cannot be sent in a header"))?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// Reads the token from the environment variable `WEBFLOW_API_TOKEN`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoToken`] if the variable is not set or empty, [`ConfigError::NotUtf8`] or
    /// [`ConfigError::Token`] if its value cannot be a token.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::new(variable(TOKEN_VARIABLE)?.ok_or(ConfigError::NoToken)?)
    }

    /// Reads the token from a file that holds nothing else, of at most 64 KiB.
    ///
    /// # Errors
    ///
    /// [`ConfigError::TokenFile`] if the file cannot be read, [`ConfigError::Token`] if its
    /// content cannot be a token.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let mut token = String::new();
        // A device may have no end.
        let read = File::open(path)
            .and_then(|file| file.take(LONGEST_FILE + 1).read_to_string(&mut token))
            .map_err(ConfigError::TokenFile)?;
        if read as u64 > LONGEST_FILE {
            return Err(ConfigError::Token("its file has more than 64 KiB"));
        }
        Self::new(token)
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// The token, to be kept out of errors.
    pub(crate) fn secrets(&self) -> Secrets {
        let header = self.0.to_str().unwrap_or_default();
        Secrets::new(header.strip_prefix(SCHEME))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// The value of an environment variable. One that is set to nothing is not set.
pub(crate) fn variable(name: &'static str) -> Result<Option<String>, ConfigError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(ConfigError::NotUtf8 { variable: name }),
    }
}

/// Whether requests to a checked base URL stay on this machine, if no proxy carries them away.
pub(crate) fn stays_here(base_url: &str) -> bool {
    Url::parse(base_url).is_ok_and(|url| is_loopback(&url))
}

/// Checks a base URL and takes the slash off its end, which would double in every request.
pub(crate) fn base_url(text: &str, allow_http: bool) -> Result<String, ConfigError> {
    // What may be secret is not quoted: what stands before an `@`, and a query.
    let shown = match text.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => text.to_owned(),
    };
    let shown = shown.split(['?', '#']).next().unwrap_or_default();
    let refuse = |reason| ConfigError::BaseUrl {
        url: shown.to_owned(),
        reason,
    };
    let url =
        Url::parse(text).map_err(|_| refuse("it is not a URL, which begins with `https://`"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(
            "it has a user name or password; the token alone signs in",
        ));
    }
    match url.scheme() {
        "https" | "http" if is_protected(&url, allow_http) => {}
        "http" => {
            return Err(ConfigError::PlainHttp {
                url: shown.to_owned(),
            });
        }
        _ => return Err(refuse("its scheme is neither `https` nor `http`")),
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("it has a query or a fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No token was given.
    #[error("no token: set {TOKEN_VARIABLE}, or give one")]
    NoToken,
    /// An environment variable is not UTF-8.
    #[error("the environment variable {variable} is not UTF-8; set it again")]
    NotUtf8 {
        /// Its name.
        variable: &'static str,
    },
    /// The token cannot be one. The reason never quotes it.
    #[error("the token cannot be used: {0}")]
    Token(&'static str),
    /// The file that should hold the token cannot be read.
    #[error("the token file cannot be read")]
    TokenFile(#[source] io::Error),
    /// The base URL cannot be used.
    #[error("the base URL `{url}` cannot be used: {reason}")]
    BaseUrl {
        /// The URL as it was given, without user name and password.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The base URL is `http` and leads to another machine.
    #[error(
        "the base URL `{url}` would send the token in the clear: use `https`, or expressly allow `http`"
    )]
    PlainHttp {
        /// The URL as it was given.
        url: String,
    },
    /// The base URL needs TLS, and this build has none of its own.
    #[error("no TLS: enable the feature `rustls`, or pass a `reqwest::Client` that has TLS")]
    NoTls,
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_loses_its_slash_and_only_safe_ones_pass() {
        let ok = |text| base_url(text, false).unwrap();
        assert_eq!(ok("https://api.webflow.com/v2"), DEFAULT_BASE_URL);
        assert_eq!(ok("https://api.webflow.com/v2//"), DEFAULT_BASE_URL);
        assert_eq!(ok("https://api.webflow.com"), "https://api.webflow.com");
        for loopback in [
            "http://127.0.0.1:1/v2",
            "http://[::1]:1/v2",
            "http://localhost/v2",
        ] {
            assert_eq!(ok(loopback), loopback);
        }
        for refused in [
            "",
            "api.webflow.com/v2",
            "ftp://api.webflow.com/v2",
            "http://api.webflow.com/v2",
            "http://127.0.0.1.example.com/v2",
            "https://api.webflow.com/v2?a=b",
            "https://api.webflow.com/v2#a",
        ] {
            let error = base_url(refused, false).unwrap_err().to_string();
            let shown = refused.split(['?', '#']).next().unwrap();
            assert!(error.contains(&format!("`{shown}`")), "{error}");
        }
        assert!(base_url("http://api.webflow.com/v2", true).is_ok());
        let error = base_url("https://user:hunter2@example.com", false).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn a_token_is_trimmed_and_checked_and_never_printed() {
        let token = Token::new(" s3cr3t\n").unwrap();
        assert_eq!(token.header().to_str().unwrap(), "Bearer s3cr3t");
        assert!(!format!("{token:?} {:?}", token.header()).contains("s3cr3t"));
        for bad in [
            "",
            " ",
            "\n",
            "two words",
            "Bearer s3cr3t",
            "töken",
            "a\u{7f}",
        ] {
            let error = Token::new(bad).unwrap_err();
            assert!(matches!(error, ConfigError::Token(_)), "{bad}");
        }
    }
}
