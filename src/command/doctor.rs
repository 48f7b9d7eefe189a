//! `doctor`: finds what keeps the other commands from working, and suggests remedies.

use std::{io, time::SystemTime};

use http::{HeaderMap, header};
use jiff::{Timestamp, fmt::rfc2822};
use serde::Serialize;
use webflow_assets::{
    Client, Error, SiteId, explain,
    types::{ApiError, AssetUpdate},
};

use crate::command::{Exit, args::DoctorArgs, output, site::Site};

/// A clock that is wrong by more seconds is reported: dates of assets are compared with it.
const SKEW: i64 = 30;

/// The name of a check, and its result.
#[derive(Serialize)]
struct Finding {
    check: &'static str,
    ok: bool,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
    #[serde(skip)]
    exit: Exit,
}

impl Finding {
    fn good(check: &'static str, text: impl Into<String>) -> Self {
        Self {
            check,
            ok: true,
            text: text.into(),
            remedy: None,
            exit: Exit::Success,
        }
    }

    fn bad(check: &'static str, text: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            check,
            ok: false,
            text: text.into(),
            remedy: Some(remedy),
            exit: Exit::Failure,
        }
    }
}

/// Runs the checks in order, until one fails that the others depend on.
pub(crate) async fn run(args: DoctorArgs) -> io::Result<Exit> {
    let site = match Site::live("doctor", &args.site) {
        Ok(site) => site,
        Err(error) => return Ok(output::fail(&error)),
    };
    let mut findings = Vec::new();
    if let Some(headers) = read(&site.client, site.id, &mut findings).await {
        findings.push(write(&site.client).await);
        findings.extend(clock(&headers));
        findings.extend(rate_limit(&site.client));
    }
    let mut exit = Exit::Success;
    for finding in &findings {
        if exit == Exit::Success {
            exit = finding.exit;
        }
        if args.json {
            output::json_line(finding)?;
            continue;
        }
        let verdict = if finding.ok { "ok" } else { "failed" };
        let mut line = format!("{verdict:<6}  {:<10}  {}", finding.check, finding.text);
        if let Some(remedy) = finding.remedy {
            line += "; ";
            line += remedy;
        }
        output::line(&output::escape(&line))?;
    }
    Ok(exit)
}

/// Lists an asset of the site. Returns the headers of the answer, if there is a list.
async fn read(client: &Client, site: SiteId, findings: &mut Vec<Finding>) -> Option<HeaderMap> {
    const TOKEN: &str = "make a token with the scopes assets:read and assets:write for this site";

    let list = client.list_assets().site_id(site).limit(1).send().await;
    let error = match list {
        Ok(list) => {
            findings.push(Finding::good("api", "it answers"));
            findings.push(Finding::good("token", "it may read assets"));
            findings.push(Finding::good("site", format!("the token sees {site}")));
            return Some(list.headers().clone());
        }
        Err(error) => error,
    };
    let answered = Finding::good("api", "it answers");
    match status(&error) {
        None => {
            let why = why(&error);
            let remedy = "check --base-url, WEBFLOW_BASE_URL, proxies and the network";
            findings.push(Finding::bad("api", why, remedy));
        }
        Some(401) => {
            findings.push(answered);
            let mut refused = Finding::bad("token", format!("refused with {}", why(&error)), TOKEN);
            refused.exit = Exit::Refused;
            findings.push(refused);
        }
        Some(403) => {
            findings.push(answered);
            let text = format!("it may not read assets: {}", why(&error));
            findings.push(Finding::bad("token", text, TOKEN));
        }
        Some(404) => {
            findings.push(answered);
            findings.push(Finding::good("token", "it is accepted"));
            let text = format!("the token does not see {site}");
            let remedy = "check the site id, or make a token for this site";
            findings.push(Finding::bad("site", text, remedy));
        }
        Some(_) => {
            let remedy = "try again later; -vv shows the requests";
            findings.push(Finding::bad("api", why(&error), remedy));
        }
    }
    None
}

/// Sends an empty update of an asset that no site has: Webflow checks the token's scopes first.
async fn write(client: &Client) -> Finding {
    const NONE: &str = "000000000000000000000000";

    let request = client.update_asset().asset_id(NONE);
    let answer = request.body(AssetUpdate::default()).send().await;
    match answer {
        Ok(_) => Finding::good("write", "the token may write assets"),
        Err(error) => match status(&error) {
            Some(400 | 404) => Finding::good("write", "the token may write assets"),
            Some(401 | 403) => Finding::bad(
                "write",
                "the token may not write assets",
                "to upload, make a token with the scope assets:write",
            ),
            _ => Finding::bad(
                "write",
                why(&error),
                "try again later; -vv shows the requests",
            ),
        },
    }
}

/// Compares this machine's clock with the server's.
fn clock(headers: &HeaderMap) -> Option<Finding> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let server = rfc2822::parse(date).ok()?.timestamp();
    let now = Timestamp::try_from(SystemTime::now()).ok()?;
    let skew = now.as_second() - server.as_second();
    if skew.abs() <= SKEW {
        return Some(Finding::good("clock", "it agrees with the server's"));
    }
    Some(Finding::bad(
        "clock",
        format!("it differs from the server's by {skew} s"),
        "set this machine's clock",
    ))
}

/// What Webflow states about the limit.
fn rate_limit(client: &Client) -> Option<Finding> {
    let limit = client.rate_limit();
    let (requests, left) = (limit.limit?, limit.remaining?);
    let text = format!("{requests} requests a minute, {left} of them left");
    Some(Finding::good("rate limit", text))
}

fn status(error: &Error<ApiError>) -> Option<u16> {
    error.status().map(|status| status.as_u16())
}

fn why(error: &Error<ApiError>) -> String {
    match error {
        Error::CommunicationError(error) | Error::ResponseBodyError(error) => {
            output::request_error(error)
        }
        error => explain(error, "scope assets:read"),
    }
}
