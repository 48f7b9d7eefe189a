//! The words that every part of the sandbox shares: a request, its operation, and the side that serves it.

use std::time::Duration;

use http::Method;

/// The service that responds to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Side {
    /// Webflow's API.
    Webflow,
    /// The S3 bucket.
    S3,
}

/// Gives the macro `$then` the table of operations. A row has the name in a rule, the variant of [`Operation`] and, for
/// those of Webflow, the method, the path below `/v2` and the function in `webflow` that serves it.
macro_rules! operations {
    ($then:ident) => {
        $then! {
            "create" => CreateAsset (POST "/sites/{site_id}/assets", create::create)
            /// The form upload to S3.
            "post" => PostObject
            "get" => GetAsset (GET "/assets/{asset_id}", asset::get)
            "delete" => DeleteAsset (DELETE "/assets/{asset_id}", asset::delete)
            "list" => ListAssets (GET "/sites/{site_id}/assets", asset::list)
            "update" => UpdateAsset (PATCH "/assets/{asset_id}", asset::update)
            "list-folders" => ListFolders (GET "/sites/{site_id}/asset_folders", folder::list)
            "create-folder" => CreateFolder (POST "/sites/{site_id}/asset_folders", folder::create)
            "get-folder" => GetFolder (GET "/asset_folders/{asset_folder_id}", folder::get)
            "list-sites" => ListSites (GET "/sites", site::list)
            "introspect" => IntrospectToken (GET "/token/introspect", site::introspect)
        }
    };
}
pub(crate) use operations;

macro_rules! declare {
    ($(
        $(#[doc = $doc:literal])*
        $name:literal => $variant:ident $(($method:ident $path:literal, $($handler:tt)*))?
    )*) => {
        /// The requests that faults can hit.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Operation {
            $(
                $(#[doc = $doc])*
                $(#[doc = concat!("`", stringify!($method), " /v2", $path, "`")])?
                ///
                #[doc = concat!("In a rule: `", $name, "`.")]
                $variant,
            )*
        }

        impl Operation {
            /// Every operation.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            fn of(side: Side, method: &Method, path: &str) -> Option<Self> {
                if side == Side::S3 {
                    return (method == Method::POST).then_some(Self::PostObject);
                }
                let path = path.strip_prefix("/v2")?;
                $($(
                    if method == Method::$method && fits(path, $path) {
                        return Some(Self::$variant);
                    }
                )?)*
                None
            }
        }
    };
}

operations!(declare);

/// How a create call is answered when the site already holds the content.
///
/// Webflow documents neither form. An asset that was created but never filled is always answered with a form, unless
/// the fault `duplicate` decides otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DuplicateAnswer {
    /// With a fresh `uploadUrl` and `uploadDetails`, signed for the existing key.
    #[default]
    WithForm,
    /// With `null` in both.
    WithoutForm,
}

/// A request that reached the sandbox. Headers and bodies are not kept, so the log holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The side that serves it.
    pub side: Side,
    /// Its operation, if it is one that faults can hit.
    pub operation: Option<Operation>,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The path of the URL, without the query.
    pub path: String,
    /// When its head had arrived, counted from the start of the sandbox.
    pub arrived: Duration,
    /// The fault that hit it, as in the text of a [`Rule`](crate::Rule).
    pub fault: Option<String>,
    /// The status of the response; `None` while there is none, when a fault withheld it, or when the client hung up
    /// before it came.
    pub status: Option<u16>,
}

impl Side {
    fn of(path: &str) -> Self {
        if path == "/v2" || path.starts_with("/v2/") {
            Self::Webflow
        } else {
            Self::S3
        }
    }
}

/// Whether a path is one of those that the template of a route stands for.
fn fits(path: &str, template: &str) -> bool {
    let mut segments = path.split('/');
    let all = template.split('/').all(|part| {
        segments
            .next()
            .is_some_and(|segment| part == segment || part.starts_with('{'))
    });
    all && segments.next().is_none()
}

impl Request {
    pub(crate) fn new(method: &Method, path: &str, arrived: Duration) -> Self {
        let side = Side::of(path);
        Self {
            side,
            operation: Operation::of(side, method, path),
            method: method.to_string(),
            path: path.to_owned(),
            arrived,
            fault: None,
            status: None,
        }
    }
}
