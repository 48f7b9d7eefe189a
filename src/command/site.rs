//! The site that a sub-command works on: the live one, or a sandbox inside this process.

use std::env;

use clap::error::ErrorKind;
use webflow_assets::{
    Client, ClientBuilder, ConfigError, DEFAULT_BASE_URL, FolderId, FolderTree, RetryPolicy,
    SiteId, Token,
};
#[cfg(feature = "sandbox")]
use webflow_assets::{IdError, sandbox::Sandbox};

use crate::command::{
    api_error::Failed,
    args::{self, ApiArgs, FolderArg, SiteArgs},
    output,
};

pub(crate) struct Site {
    pub(crate) client: Client,
    pub(crate) id: SiteId,
    #[cfg(feature = "sandbox")]
    pub(crate) sandbox: Option<Sandbox>,
}

/// Why the client or the sandbox cannot be set up. Wrong usage is reported earlier.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SiteError {
    #[cfg(feature = "sandbox")]
    #[error("the sandbox cannot start")]
    Sandbox(#[source] std::io::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[cfg(feature = "sandbox")]
    #[error(transparent)]
    Id(#[from] IdError),
}

impl Site {
    /// Checks the arguments and makes a client; wrong usage ends the process.
    pub(crate) fn live(subcommand: &str, args: &SiteArgs) -> Result<Self, SiteError> {
        Self::live_or(subcommand, args, None)
    }

    /// Like [`live`](Self::live), with the site of a lock file if none is given.
    pub(crate) fn live_or(
        subcommand: &str,
        args: &SiteArgs,
        locked: Option<SiteId>,
    ) -> Result<Self, SiteError> {
        let id = given(args.id.as_ref(), "WEBFLOW_SITE_ID");
        let id = id.or_else(|| locked.map(String::from)).unwrap_or_else(|| {
            args::usage(
                subcommand,
                ErrorKind::MissingRequiredArgument,
                "no site: pass --site, or set WEBFLOW_SITE_ID",
            )
        });
        let id = id.parse().unwrap_or_else(|_| {
            args::usage(
                subcommand,
                ErrorKind::ValueValidation,
                &format!("the site id {id:?} is not 24 hexadecimal digits"),
            )
        });
        Ok(Self {
            client: client(subcommand, &args.api)?,
            id,
            #[cfg(feature = "sandbox")]
            sandbox: None,
        })
    }

    #[cfg(feature = "sandbox")]
    /// Starts a sandbox in the place of a live site.
    pub(crate) async fn sandbox(args: &ApiArgs) -> Result<Self, SiteError> {
        let sandbox = Sandbox::start().await.map_err(SiteError::Sandbox)?;
        let client = builder(args)
            .token(Token::new(sandbox.token())?)
            .base_url(sandbox.base_url())
            .build()?;
        Ok(Self {
            client,
            id: sandbox.site_id().parse()?,
            sandbox: Some(sandbox),
        })
    }
}

impl Site {
    /// Fetches the site's folders, in one request or more.
    pub(crate) async fn folders(&self) -> Result<FolderTree, Failed> {
        let folders = self.client.list_all_folders(self.id).tree().await;
        folders.map_err(|error| Failed::new("the folders were not listed", &error, "assets:read"))
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

/// The folder at a path, which is expected to be there.
pub(crate) fn find(folders: &FolderTree, path: &str) -> Result<FolderId, Failed> {
    folders.find(path).ok_or_else(|| {
        Failed::of(format!(
            "the site has no folder `{path}`; `webflow-assets folders create` creates it"
        ))
    })
}

/// A client without a site; wrong usage ends the process.
pub(crate) fn client(subcommand: &str, args: &ApiArgs) -> Result<Client, SiteError> {
    let token = match &args.token_file {
        Some(path) => Token::from_file(path),
        None => Token::from_env(),
    };
    let client = token.and_then(|token| {
        let base_url = given(args.base_url.as_ref(), "WEBFLOW_BASE_URL");
        builder(args)
            .token(token)
            .base_url(base_url.as_deref().unwrap_or(DEFAULT_BASE_URL))
            .allow_http(args.allow_http)
            .build()
    });
    match client {
        Ok(client) => Ok(client),
        Err(error @ ConfigError::Http(_)) => Err(error.into()),
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

/// The value of an option, or else of an environment variable. An empty one counts as not set.
fn given(option: Option<&String>, variable: &str) -> Option<String> {
    let value = option.cloned().or_else(|| env::var(variable).ok());
    value.filter(|value| !value.is_empty())
}

/// The error and its causes in a line, in terms of this command's options.
fn explain(error: &ConfigError) -> String {
    match error {
        ConfigError::NoToken => "no token: set WEBFLOW_API_TOKEN, or pass --token-file".to_owned(),
        ConfigError::PlainHttp { url } => format!(
            "the base URL `{url}` would send the token in the clear: use `https`, or pass --allow-http"
        ),
        error => {
            let mut lines = vec![error.to_string()];
            lines.extend(output::causes(error));
            lines.join(": ")
        }
    }
}
