//! Which site, and how to reach it: the options that sub-commands share.

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, ValueHint, builder::NonEmptyStringValueParser};
use jiff::SignedDuration;
use webflow_assets::FolderId;

use super::number;

// The environment is read where the options are used: clap would show its variables in the usage
// line of every error, as if they had been typed.

/// A Webflow site.
#[derive(Debug, Args)]
pub(crate) struct SiteArgs {
    #[arg(
        long = "site",
        value_name = "SITE",
        value_parser = NonEmptyStringValueParser::new(),
        help_heading = "Site",
        help = "Site to work on: its id or short name [default: $WEBFLOW_SITE_ID]"
    )]
    pub(crate) site: Option<String>,

    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

/// The API, whatever the site.
#[derive(Debug, Args)]
pub(crate) struct ApiArgs {
    #[arg(
        long,
        value_name = "PATH",
        value_hint = ValueHint::FilePath,
        help_heading = "API",
        help = "File that contains the API token [default: the token is $WEBFLOW_API_TOKEN]"
    )]
    pub(crate) token_file: Option<PathBuf>,

    #[arg(
        long,
        value_name = "URL",
        value_parser = NonEmptyStringValueParser::new(),
        value_hint = ValueHint::Url,
        help_heading = "API",
        help = "Address of the API [default: $WEBFLOW_BASE_URL, or https://api.webflow.com/v2]"
    )]
    pub(crate) base_url: Option<String>,

    /// Allow `http` to another machine, which sends the token unencrypted
    #[arg(long, help_heading = "API")]
    pub(crate) allow_http: bool,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// Time limits and retries.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// Time limit for a request to Webflow and for a stalled transfer to S3, as in 90s [default: 1m]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    /// How often a failed request is retried, if that is safe [default: 4]
    #[arg(long, value_name = "N", value_parser = number(0..=100_u32), allow_negative_numbers = true)]
    pub(crate) retries: Option<u32>,

    // The same for all that upload to a site at the same time; tests shorten it.
    /// How long after its registration an asset may be deleted by an upload that failed
    #[arg(long, value_name = "TIME", value_parser = duration, hide = true)]
    pub(crate) lease: Option<Duration>,
}

/// An asset folder: its id, or its path from the top of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FolderArg {
    Id(FolderId),
    Path(String),
}

impl FromStr for FolderArg {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        let path = text.trim_matches('/');
        if !path.split('/').all(is_folder_name) {
            return Err(
                "expected a path, as in brand/2026, or an id of 24 hexadecimal digits; no name in a \
                 path is blank, `.` or `..`, has control characters or more than 255 characters",
            );
        }
        Ok(Self::Path(path.to_owned()))
    }
}

/// Whether an asset folder may have a name. Webflow documents no limit; this is that of directories,
/// which `pull` makes of folders.
fn is_folder_name(name: &str) -> bool {
    !name.trim().is_empty()
        && ![".", ".."].contains(&name)
        && !name.contains(char::is_control)
        && name.chars().count() <= 255
}

/// A time that is not 0: `1m`, `90s` or `250ms`. A bare number is seconds.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    let time = match text.parse() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => text
            .parse::<SignedDuration>()
            .ok()
            .and_then(|time| Duration::try_from(time).ok()),
    };
    time.filter(|time| !time.is_zero())
        .ok_or("expected a time, as in 1m, 90s or 250ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_a_path_or_an_id() {
        let id = "6436b1ce5281cace05b65aea";
        assert_eq!(id.parse(), Ok(FolderArg::Id(id.parse().expect("an id"))));
        for (text, path) in [("a", "a"), ("/brand/2026/", "brand/2026"), ("a b", "a b")] {
            assert_eq!(text.parse(), Ok(FolderArg::Path(path.to_owned())));
        }
        let long = format!("a/{}", "b".repeat(256));
        for text in [
            "", "/", "a//b", " ", "a/ /b", "..", "a/../b", "./a", "a\nb", &long,
        ] {
            text.parse::<FolderArg>().expect_err(text);
        }
        long[1..].parse::<FolderArg>().expect_err("a name too long");
        long[..257].parse::<FolderArg>().expect("a name of 255");
    }

    #[test]
    fn a_duration_has_a_unit_or_is_seconds() {
        for (text, millis) in [
            ("1m", 60_000),
            ("90s", 90_000),
            ("250ms", 250),
            ("1m 30s", 90_000),
            ("1h", 3_600_000),
            ("90", 90_000),
            ("0.5", 500),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "0",
            "0s",
            "-1",
            "-5s",
            "NaN",
            "inf",
            "1e30",
            "soon",
            "1 fortnight",
        ] {
            duration(text).expect_err(text);
        }
    }
}
