//! Which site, and how to reach it: the options that sub-commands share.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueHint};

/// A site of Webflow's.
#[derive(Debug, Args)]
pub(crate) struct SiteArgs {
    /// Site to work on
    #[arg(
        long = "site",
        value_name = "ID",
        env = "WEBFLOW_SITE_ID",
        hide_env_values = true,
        help_heading = "Site"
    )]
    pub(crate) id: Option<String>,

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
        help = "File that holds the API token [default: WEBFLOW_API_TOKEN holds it]"
    )]
    pub(crate) token_file: Option<PathBuf>,

    #[arg(
        long,
        value_name = "URL",
        env = "WEBFLOW_BASE_URL",
        hide_env_values = true,
        value_hint = ValueHint::Url,
        help_heading = "API",
        help = "Address of the API [default: https://api.webflow.com/v2]"
    )]
    pub(crate) base_url: Option<String>,

    /// Allow `http` to another machine, where the token travels in the clear
    #[arg(long, help_heading = "API")]
    pub(crate) allow_http: bool,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// How patient to be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// Longest time for a request to Webflow, and for a pause of a transfer to S3 [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,

    /// How often a request that failed is sent again, if that is safe [default: 4]
    #[arg(long, value_name = "N")]
    pub(crate) retries: Option<u32>,
}

/// A time that is not 0: `90`, or `0.5`.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse().map(Duration::try_from_secs_f64) {
        Ok(Ok(time)) if !time.is_zero() => Ok(time),
        _ => Err("expected seconds, as in 90 or 0.5".to_owned()),
    }
}
