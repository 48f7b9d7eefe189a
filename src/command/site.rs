//! The site that a sub-command works on: the live one, or a sandbox inside this process.

use std::path::Path;

use clap::error::ErrorKind;
use webflow_assets::{
    BASE_URL_VARIABLE, Client, ClientBuilder, ConfigError, DEFAULT_BASE_URL, Error, FolderId,
    FolderTree, RetryPolicy, SiteId, Token,
    sync::LockFile,
    types::{self, ApiError},
};
#[cfg(feature = "sandbox")]
use webflow_assets::{IdError, sandbox::Sandbox};

#[cfg(feature = "sandbox")]
use crate::command::sandbox;
use crate::{
    api::token,
    command::{
        args::{self, ApiArgs, FolderArg, SiteArgs},
        failure::Failed,
        output,
    },
};

/// How many short names an error lists.
const SHOWN: usize = 10;

pub(crate) struct Site {
    pub(crate) client: Client,
    pub(crate) id: SiteId,
    #[cfg(feature = "sandbox")]
    pub(crate) sandbox: Option<Sandbox>,
}

/// A site, as it is given: by its id, or else by its short name.
pub(crate) enum Wanted {
    Id(SiteId),
    ShortName(String),
}

impl Wanted {
    /// The site of the command line, of the environment or of a lock file; none is wrong usage, which
    /// ends the process.
    pub(crate) fn read(subcommand: &str, args: &SiteArgs, locked: Option<SiteId>) -> Self {
        let given = given(subcommand, args.site.as_ref(), "WEBFLOW_SITE_ID");
        match (given, locked) {
            (Some(site), _) => match site.parse() {
                Ok(id) => Self::Id(id),
                Err(_) if is_slug(&site) => Self::ShortName(site),
                Err(_) => args::usage(
                    subcommand,
                    ErrorKind::ValueValidation,
                    &format!(
                        "the site {site:?} is neither an id of 24 hexadecimal digits nor a short \
                         name; `webflow-assets sites` lists both"
                    ),
                ),
            },
            (None, Some(id)) => Self::Id(id),
            (None, None) => args::usage(
                subcommand,
                ErrorKind::MissingRequiredArgument,
                "no site: pass --site with an id or a short name, or set WEBFLOW_SITE_ID; \
                 `webflow-assets sites` lists both",
            ),
        }
    }

    /// The id of the site. Only a short name needs a request.
    async fn id(&self, client: &Client) -> Result<SiteId, Failed> {
        match self {
            Self::Id(id) => Ok(*id),
            Self::ShortName(name) => {
                let what = format!("the site `{name}` was not looked up");
                let failed = |error| Failed::new(&what, &error, "sites:read");
                let sites = client.list_sites().send().await.map_err(failed)?;
                named(sites.sites.as_deref().unwrap_or_default(), name).map_err(Failed::of)
            }
        }
    }
}

/// Whether a text can be a short name.
fn is_slug(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_alphanumeric() || "-_".contains(c))
}

/// The site of a short name, or which there are.
pub(crate) fn named(sites: &[types::Site], name: &str) -> Result<SiteId, String> {
    let short_name = |site: &types::Site| site.short_name.clone().unwrap_or_default();
    let site = sites
        .iter()
        .find(|site| short_name(site).eq_ignore_ascii_case(name));
    if let Some(site) = site {
        let id = site.id.as_deref().and_then(|id| id.parse().ok());
        return id.ok_or_else(|| format!("the answer has no id for the site `{name}`"));
    }
    let mut names: Vec<String> = sites.iter().map(short_name).collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let seen = match (names.is_empty(), more) {
        (true, _) => "it sees none".to_owned(),
        (false, 0) => format!("it sees {}", names.join(", ")),
        (false, more) => format!(
            "it sees {} and {more} more, which `webflow-assets sites` lists",
            names.join(", ")
        ),
    };
    Err(format!(
        "the token sees no site with the id or short name `{name}`; {seen}"
    ))
}

impl Site {
    /// Checks the arguments, makes a client and looks up a short name; wrong usage ends the process.
    pub(crate) async fn live(subcommand: &str, args: &SiteArgs) -> Result<Self, Failed> {
        Self::live_or(subcommand, args, None, true).await
    }

    /// Like [`live`](Self::live), for a directory: site and folder are those of its lock file if none
    /// are given. Returns the path of the folder too. The token may be missing where nothing is sent.
    pub(crate) async fn of_directory(
        subcommand: &str,
        args: &SiteArgs,
        lock_file: &Path,
        folder: Option<&FolderArg>,
        sends: bool,
    ) -> Result<(Self, String), Failed> {
        // If it cannot be read, the work on the directory fails.
        let lock = LockFile::read_head(lock_file).ok().flatten();
        let lock = lock.unwrap_or_default();
        let site = Self::live_or(subcommand, args, lock.site(), sends).await?;
        let folder = match folder {
            None => lock.folder().to_owned(),
            Some(folder) => site.folder_path(folder).await?,
        };
        Ok((site, folder))
    }

    async fn live_or(
        subcommand: &str,
        args: &SiteArgs,
        locked: Option<SiteId>,
        sends: bool,
    ) -> Result<Self, Failed> {
        let wanted = Wanted::read(subcommand, args, locked);
        let sends = sends || matches!(wanted, Wanted::ShortName(_));
        let client = client_or(subcommand, &args.api, (!sends).then_some("none"))?;
        let id = wanted.id(&client).await?;
        Ok(Self {
            client,
            id,
            #[cfg(feature = "sandbox")]
            sandbox: None,
        })
    }

    /// Starts a sandbox in the place of a live site.
    #[cfg(feature = "sandbox")]
    pub(crate) async fn sandbox(args: &ApiArgs) -> Result<Self, Failed> {
        let sandbox = sandbox::start(Sandbox::builder()).await?;
        let client = Token::new(sandbox.token()).and_then(|token| {
            let builder = builder(args).token(token);
            builder.base_url(sandbox.base_url()).build()
        });
        let id: Result<SiteId, IdError> = sandbox.site_id().parse();
        Ok(Self {
            client: client.map_err(|error| Failed::from_error(&error))?,
            id: id.map_err(|error| Failed::from_error(&error))?,
            sandbox: Some(sandbox),
        })
    }

    /// Fetches the site's folders, in one request or more.
    pub(crate) async fn folders(&self) -> Result<FolderTree, Failed> {
        let folders = self.client.list_all_folders(self.id).tree().await;
        folders.map_err(|error| no_folders(&error))
    }

    /// The path of a folder. Only an id needs a request.
    pub(crate) async fn folder_path(&self, folder: &FolderArg) -> Result<String, Failed> {
        match folder {
            FolderArg::Path(path) => Ok(path.clone()),
            FolderArg::Id(id) => self.folders().await?.path(*id).ok_or_else(|| {
                Failed::of(format!(
                    "the site has no folder {id}; `webflow-assets folders` lists them"
                ))
            }),
        }
    }

    /// The id of a folder. Only a path needs a request.
    pub(crate) async fn folder(&self, folder: &FolderArg) -> Result<FolderId, Failed> {
        match folder {
            FolderArg::Id(id) => Ok(*id),
            FolderArg::Path(path) => find(&self.folders().await?, path),
        }
    }
}

/// The folders were asked for first, so that a site that is not there shows here.
pub(crate) fn no_folders(error: &Error<ApiError>) -> Failed {
    let mut failed = Failed::new("the folders were not listed", error, "assets:read");
    if failed.status == Some(404) {
        failed.text += "; `webflow-assets sites` lists the sites that the token sees";
    }
    failed
}

/// The folder at a path, which is expected to be there.
pub(crate) fn find(folders: &FolderTree, path: &str) -> Result<FolderId, Failed> {
    folders.find(path).ok_or_else(|| {
        Failed::of(format!(
            "the site has no folder `{path}`; `webflow-assets folders create` creates it"
        ))
    })
}

/// A client without a site; wrong usage ends the process.
pub(crate) fn client(subcommand: &str, args: &ApiArgs) -> Result<Client, Failed> {
    client_or(subcommand, args, None)
}

/// Like [`client`], with another token if there is none.
fn client_or(subcommand: &str, args: &ApiArgs, otherwise: Option<&str>) -> Result<Client, Failed> {
    let token = match &args.token_file {
        Some(path) => Token::from_file(path),
        None => Token::from_env(),
    };
    let token = match (token, otherwise) {
        (Err(ConfigError::NoToken), Some(token)) => Token::new(token),
        (token, _) => token,
    };
    let client = token.and_then(|token| {
        output::hide(&token);
        let base_url = given(subcommand, args.base_url.as_ref(), BASE_URL_VARIABLE);
        builder(args)
            .token(token)
            .base_url(base_url.as_deref().unwrap_or(DEFAULT_BASE_URL))
            .allow_http(args.allow_http)
            .build()
    });
    match client {
        Ok(client) => Ok(client),
        Err(error @ ConfigError::Http(_)) => Err(Failed::from_error(&error)),
        Err(error) => args::usage(
            subcommand,
            ErrorKind::ValueValidation,
            &output::escape(&explain(&error)),
        ),
    }
}

/// A builder with the time limits and retries of the command line.
fn builder(args: &ApiArgs) -> ClientBuilder {
    let mut builder = Client::builder();
    if let Some(limit) = args.network.timeout {
        builder = builder.request_timeout(limit).idle_timeout(limit);
    }
    if let Some(lease) = args.network.lease {
        builder = builder.lease(lease);
    }
    if let Some(retries) = args.network.retries {
        builder = builder.retry(RetryPolicy::default().max_attempts(retries.saturating_add(1)));
    }
    builder
}

/// The value of an option, or else of an environment variable, of which an empty one is not set. One
/// that is not UTF-8 is wrong usage, which ends the process: without it, the token would go to another
/// place than the one that is meant.
fn given(subcommand: &str, option: Option<&String>, variable: &'static str) -> Option<String> {
    if let Some(value) = option {
        return Some(value.clone());
    }
    token::variable(variable).unwrap_or_else(|error| {
        args::usage(subcommand, ErrorKind::ValueValidation, &error.to_string())
    })
}

/// The error and its causes in a line, in terms of this command's options.
fn explain(error: &ConfigError) -> String {
    match error {
        ConfigError::NoToken => "no token: set WEBFLOW_API_TOKEN, or pass --token-file".to_owned(),
        ConfigError::PlainHttp { url } => format!(
            "the base URL `{url}` would send the token in the clear: use `https`, or pass --allow-http"
        ),
        error => Failed::from_error(error).line(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(id: &str, short_name: &str) -> types::Site {
        let site = types::Site::builder().id(id.to_owned());
        let site = site.short_name(short_name.to_owned());
        site.try_into().expect("a site")
    }

    #[test]
    fn a_site_is_found_by_its_short_name_and_others_are_listed() {
        const ID: &str = "580e63e98c9a982ac9b8b741";
        let mut sites = vec![site(ID, "red-barns"), site("no id", "broken")];
        assert_eq!(named(&sites, "Red-Barns"), Ok(ID.parse().expect("an id")));
        let failure = |sites: &[types::Site], name| named(sites, name).expect_err("no site");
        assert_eq!(
            failure(&sites, "broken"),
            "the answer has no id for the site `broken`"
        );
        assert!(failure(&sites, "barns").ends_with("`barns`; it sees broken, red-barns"));
        assert!(failure(&[], "barns").ends_with("; it sees none"));
        sites.extend((0..10).map(|number| site(ID, &format!("s{number}"))));
        let many = failure(&sites, "barns");
        assert!(
            many.ends_with("s7 and 2 more, which `webflow-assets sites` lists"),
            "{many}"
        );
    }
}
