//! The hooks of generated clients: every operation passes through the client's context.

use std::marker::PhantomData;

use progenitor_client::{Error, ResponseValue};

/// Implements [`ClientHooks`](crate::ClientHooks) for a generated client whose inner value is a
/// [`Context`](crate::Context).
///
/// Every operation of the client then has the context's token, pace, retries and uniform errors.
/// The client is generated with `HooksMode::Expected` and the inner type
/// `::webflow_assets::Context`.
///
/// After a colon stand the operations whose success is checked before the generated code decodes
/// it. A success of another shape then arrives as
/// [`Error::UnexpectedResponse`](crate::Error::UnexpectedResponse), which keeps status, headers
/// and text. Where an operation is not listed, it arrives as
/// [`Error::InvalidResponsePayload`](crate::Error::InvalidResponsePayload), which has no status
/// and prints the body, secrets and all. A success that is no JSON at all keeps its status in any
/// case. Leave out operations whose success has no body or is a stream. `webflow_codegen::Build`
/// writes the call with its list into the client that it generates.
///
/// ```
/// # mod generated {
/// #     pub struct Client { baseurl: String, client: reqwest::Client, inner: webflow_assets::Context }
/// #     impl webflow_assets::ClientInfo<webflow_assets::Context> for Client {
/// #         fn api_version() -> &'static str { "2.0.0" }
/// #         fn baseurl(&self) -> &str { &self.baseurl }
/// #         fn client(&self) -> &reqwest::Client { &self.client }
/// #         fn inner(&self) -> &webflow_assets::Context { &self.inner }
/// #     }
/// #     impl Client {
/// #         pub fn get_site(&self) -> GetSite<'_> { GetSite(self) }
/// #         pub fn list_sites(&self) -> GetSite<'_> { GetSite(self) }
/// #     }
/// #     pub struct GetSite<'a>(&'a Client);
/// #     impl GetSite<'_> {
/// #         pub async fn send(
/// #             self,
/// #         ) -> Result<webflow_assets::ResponseValue<String>, webflow_assets::Error<String>> {
/// #             Err(webflow_assets::Error::InvalidRequest(self.0.baseurl.clone()))
/// #         }
/// #     }
/// # }
/// use generated::Client;
///
/// webflow_assets::client_hooks!(Client: get_site, list_sites);
/// ```
#[macro_export]
macro_rules! client_hooks {
    ($client:ty $(: $($operation:ident),+ $(,)?)?) => {
        impl $crate::ClientHooks<$crate::Context> for $client {
            async fn pre<E>(
                &self,
                request: &mut $crate::__hooks::Request,
                _: &$crate::OperationInfo,
            ) -> ::std::result::Result<(), $crate::Error<E>> {
                <Self as $crate::ClientInfo<$crate::Context>>::inner(self).pre(request);
                Ok(())
            }

            async fn exec(
                &self,
                request: $crate::__hooks::Request,
                info: &$crate::OperationInfo,
            ) -> $crate::__hooks::Result<$crate::__hooks::Response> {
                let http = <Self as $crate::ClientInfo<$crate::Context>>::client(self);
                let context = <Self as $crate::ClientInfo<$crate::Context>>::inner(self);
                let decodes = match info.operation_id {
                    $($(
                        // Names the type alone; nothing is sent.
                        stringify!($operation) => {
                            $crate::__hooks::decodes_as($crate::__hooks::answer_of(
                                |client: &Self| client.$operation().send(),
                            ))
                        }
                    )+)?
                    _ => $crate::__hooks::IS_JSON,
                };
                context.exec_as(http, request, decodes).await
            }

            async fn post<E>(
                &self,
                result: &$crate::__hooks::Result<$crate::__hooks::Response>,
                _: &$crate::OperationInfo,
            ) -> ::std::result::Result<(), $crate::Error<E>> {
                <Self as $crate::ClientInfo<$crate::Context>>::inner(self).post(result)
            }
        }
    };
}

/// The type of an operation's response, by the future that would send it.
#[must_use]
pub fn answer_of<'a, C: 'a, F, T, E>(_: impl FnOnce(&'a C) -> F) -> PhantomData<fn() -> T>
where
    F: Future<Output = Result<ResponseValue<T>, Error<E>>>,
{
    PhantomData
}
