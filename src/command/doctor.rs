//! `doctor`: finds what keeps the other commands from working, and suggests remedies.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};
use jiff::{Timestamp, fmt::rfc2822};
use serde::Serialize;
use webflow_assets::{
    Client, ClientInfo, DEFAULT_BASE_URL, Error, ResponseValue, SiteId,
    types::{ApiError, AssetList, AssetUpdate, Site, SiteList, TokenInfo},
};

use crate::{
    api::trace,
    command::{
        Exit,
        args::DoctorArgs,
        failure::{self, Result},
        output,
        site::{self, Wanted},
    },
};

/// A clock that is wrong by more seconds is reported: dates of assets are compared with it.
const SKEW: i64 = 30;

/// Where Webflow has files posted to. It says so only when an asset is created.
const UPLOADS: &str = "https://webflow-prod-assets.s3.amazonaws.com/";

const ADDRESS: &str = "check --base-url, WEBFLOW_BASE_URL, proxies and the network";
const LATER: &str = "try again later; -vv shows the requests";
const TOKEN: &str =
    "make a token for this site with the scopes assets:read, assets:write and sites:read";

type Response<T> = Result<ResponseValue<T>, Error<ApiError>>;

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

    /// What is in the way of something that can be done without.
    fn note(check: &'static str, text: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            remedy: Some(remedy),
            ..Self::good(check, text)
        }
    }

    fn bad(check: &'static str, text: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            ok: false,
            exit: Exit::Failure,
            ..Self::note(check, text, remedy)
        }
    }

    fn line(&self) -> String {
        let verdict = match (self.ok, self.remedy) {
            (false, _) => "failed",
            (true, Some(_)) => "note",
            (true, None) => "ok",
        };
        let remedy = self.remedy.map(|remedy| format!("; {remedy}"));
        let (check, text) = (self.check, &self.text);
        format!(
            "{verdict:<6}  {check:<12}  {text}{}",
            remedy.unwrap_or_default()
        )
    }
}

/// Runs the checks in order, until one fails that the others depend on.
pub(crate) async fn run(args: DoctorArgs) -> Result {
    let wanted = Wanted::read("doctor", &args.site, None);
    let client = site::client("doctor", &args.site.api)?;
    let mut exit = Exit::Success;
    for finding in check(&client, &wanted).await {
        if exit == Exit::Success {
            exit = finding.exit;
        }
        if args.json {
            output::json_line(&finding)?;
        } else {
            output::line(&output::escape(&finding.line()))?;
        }
    }
    Ok(exit)
}

async fn check(client: &Client, wanted: &Wanted) -> Vec<Finding> {
    let about = client.introspect_token().send().await;
    if let Err(error) = &about
        && let Some(unreachable) = unreachable(error)
    {
        return vec![unreachable];
    }
    let sites = client.list_sites().send().await;
    let seen = match &sites {
        Ok(list) => list.sites.as_deref().unwrap_or_default(),
        Err(_) => &[],
    };
    let id = match (wanted, &sites) {
        (Wanted::Id(id), _) => Ok(*id),
        (Wanted::ShortName(name), Ok(_)) => site::named(seen, name),
        (Wanted::ShortName(name), Err(error)) => {
            Err(format!("`{name}` was not looked up: {}", why(error)))
        }
    };
    let assets = match id {
        Ok(id) => Some(client.list_assets().site_id(id).limit(1).send().await),
        Err(_) => None,
    };
    if is_foreign(&about, &sites) {
        let text = "it answers, but not as Webflow's API does";
        return vec![Finding::bad("api", text, ADDRESS)];
    }
    let mut findings = vec![Finding::good("api", "it answers")];
    // No single response says that a token is unknown: each may be for want of a scope.
    if let (Err(error), Err(_)) = (&about, &sites)
        && refuses(&about)
        && refuses(&sites)
        && assets.as_ref().is_none_or(refuses)
    {
        let mut refused = Finding::bad("token", format!("refused with {}", why(error)), TOKEN);
        refused.exit = Exit::Refused;
        findings.push(refused);
        return findings;
    }
    findings.push(token(&about));
    findings.extend(site(id.as_ref(), seen, assets.as_ref()));
    findings.extend(assets.as_ref().and_then(reads));
    findings.push(writes(client).await);
    findings.push(lists_sites(&sites));
    findings.push(uploads(client, assets.as_ref()).await);
    let headers = about.as_ref().map(ResponseValue::headers);
    let headers = headers.or(sites.as_ref().map(ResponseValue::headers));
    let clock = headers.ok().and_then(clock);
    findings.push(clock.unwrap_or_else(|| {
        let text = "not compared: no response has a date that can be read";
        Finding::note("clock", text, "a proxy may take it out")
    }));
    let limit = rate_limit(client, about.as_ref().ok());
    findings.push(limit.unwrap_or_else(|| {
        let text = "no response states it";
        Finding::note(
            "rate limit",
            text,
            "requests wait once one is refused with 429",
        )
    }));
    findings
}

/// The end of all checks: there is no response, or one that says nothing about the token.
fn unreachable(error: &Error<ApiError>) -> Option<Finding> {
    match status(error) {
        None => Some(Finding::bad("api", why(error), ADDRESS)),
        Some(429 | 500..) => Some(Finding::bad("api", why(error), LATER)),
        Some(_) => None,
    }
}

/// Whether another server answers: one that knows neither resource, or states nothing about either.
fn is_foreign(about: &Response<TokenInfo>, sites: &Response<SiteList>) -> bool {
    fn is_unknown<T>(response: &Response<T>) -> bool {
        matches!(response, Err(Error::ErrorResponse(response))
            if response.status() == 404 && response.code.is_none())
    }
    let states_nothing = matches!((about, sites), (Ok(about), Ok(sites))
        if about.authorization.is_none() && sites.sites.is_none());
    states_nothing || (is_unknown(about) && is_unknown(sites))
}

fn token(about: &Response<TokenInfo>) -> Finding {
    let scopes = match about {
        Ok(about) => about
            .authorization
            .as_ref()
            .and_then(|a| a.scope.as_deref()),
        Err(_) => None,
    };
    match scopes {
        Some(scopes) => Finding::good("token", format!("it has the scopes {scopes}")),
        // Webflow documents the operation for the tokens of apps alone.
        None => Finding::good("token", "it is accepted; its scopes are tried below"),
    }
}

/// Whether the token sees the site, unless that cannot be known for want of scopes.
fn site(
    id: Result<&SiteId, &String>,
    seen: &[Site],
    assets: Option<&Response<AssetList>>,
) -> Option<Finding> {
    const OTHER: &str = "pass a site that the token sees, which `webflow-assets sites` lists, \
                         or make a token for this site";

    let id = match id {
        Ok(id) => id.to_string(),
        Err(why) => {
            return Some(Finding::bad(
                "site",
                why,
                "pass --site with the id of a site",
            ));
        }
    };
    let listed = seen.iter().find(|site| site.id.as_deref() == Some(&id));
    let name = listed.and_then(|site| site.short_name.as_deref());
    let good = Finding::good(
        "site",
        match name {
            Some(name) => format!("the token sees {name} ({id})"),
            None => format!("the token sees {id}"),
        },
    );
    let error = match assets? {
        Err(error) if listed.is_none() => error,
        _ => return Some(good),
    };
    match status(error) {
        Some(401 | 403) => None,
        Some(404) => {
            let text = format!("the token does not see {id}");
            Some(Finding::bad("site", text, OTHER))
        }
        _ => Some(Finding::bad("site", why(error), LATER)),
    }
}

fn reads(assets: &Response<AssetList>) -> Option<Finding> {
    const USERS: &str = "list, get, folders, sync and pull";

    match assets {
        Ok(_) => Some(Finding::good("assets:read", format!("for {USERS}"))),
        Err(error) if status(error) == Some(404) => None,
        Err(error) => Some(lacks("assets:read", USERS, error)),
    }
}

/// Sends an empty update of an asset that no site has: Webflow checks the token's scopes first.
async fn writes(client: &Client) -> Finding {
    const NONE: &str = "000000000000000000000000";
    const USERS: &str = "upload, sync, update, rm and folders create";

    let request = client.update_asset().asset_id(NONE);
    match request.body(AssetUpdate::default()).send().await {
        Err(error) if !matches!(status(&error), Some(400 | 404)) => {
            lacks("assets:write", USERS, &error)
        }
        _ => Finding::good("assets:write", format!("for {USERS}")),
    }
}

fn lists_sites(sites: &Response<SiteList>) -> Finding {
    const USERS: &str = "sites and short names of sites";

    match sites {
        Ok(_) => Finding::good("sites:read", format!("for {USERS}")),
        Err(_) if refuses(sites) => Finding::note(
            "sites:read",
            format!("the token does not have it, which {USERS} need"),
            "make a token with the scope sites:read, or pass ids of sites",
        ),
        Err(error) => Finding::bad("sites:read", why(error), LATER),
    }
}

/// A scope that a refused request needs.
fn lacks(scope: &'static str, users: &str, error: &Error<ApiError>) -> Finding {
    match status(error) {
        Some(401 | 403) => Finding::bad(
            scope,
            format!("the token does not have it, which {users} need"),
            TOKEN,
        ),
        _ => Finding::bad(scope, why(error), LATER),
    }
}

/// Whether the place answers where files are posted to, or that of an asset where the API is not
/// Webflow's. Any status will do: the token is not for it and is not sent.
async fn uploads(client: &Client, assets: Option<&Response<AssetList>>) -> Finding {
    const TIME: Duration = Duration::from_secs(20);
    const NETWORK: &str = "check proxies, firewalls and the network: files are sent there directly";

    let hosted = match assets {
        Some(Ok(list)) => list.assets.iter().flatten().next(),
        _ => None,
    };
    let url = match hosted.and_then(|asset| asset.hosted_url.as_deref()) {
        _ if client.baseurl() == DEFAULT_BASE_URL => UPLOADS,
        Some(url) => url,
        None => {
            let text = "not tried: the site has no asset whose address it could be learnt from";
            return Finding::note("s3", text, "an upload tries it");
        }
    };
    match client.client().head(url).timeout(TIME).send().await {
        Ok(response) => {
            trace::request!("HEAD", response.url(), response.status());
            Finding::good("s3", "it answers")
        }
        Err(error) => Finding::bad("s3", output::request_error(&error), NETWORK),
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

/// What Webflow states about the limit: with each response, or else about the token.
fn rate_limit(client: &Client, about: Option<&ResponseValue<TokenInfo>>) -> Option<Finding> {
    let limit = client.rate_limit();
    let text = if let (Some(requests), Some(left)) = (limit.limit, limit.remaining) {
        format!("{requests} requests a minute, {left} of them left")
    } else {
        let requests = about?.authorization.as_ref()?.rate_limit?;
        format!("{requests} requests a minute")
    };
    Some(Finding::good("rate limit", text))
}

fn refuses<T>(response: &Response<T>) -> bool {
    let status = response.as_ref().err().and_then(status);
    matches!(status, Some(401 | 403))
}

fn status(error: &Error<ApiError>) -> Option<u16> {
    error.status().map(|status| status.as_u16())
}

fn why(error: &Error<ApiError>) -> String {
    failure::why(error, "scopes that the commands need")
}
