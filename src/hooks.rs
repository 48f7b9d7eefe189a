//! The generated client's hooks: every operation passes through its [`Context`].

use progenitor_client::{ClientHooks, ClientInfo, Error, OperationInfo};
use reqwest::{Request, Response};

use crate::{Client, context::Context, reply, types};

impl ClientHooks<Context> for Client {
    async fn pre<E>(&self, request: &mut Request, _: &OperationInfo) -> Result<(), Error<E>> {
        self.inner().pre(request);
        Ok(())
    }

    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        let response = self.inner().exec(self.client(), request).await?;
        // The generated error for a body of the wrong shape loses the status and prints the body,
        // which may have a signed form in it.
        match info.operation_id {
            "create_asset" => reply::check::<types::AssetUpload>(response).await,
            "get_asset" | "update_asset" => reply::check::<types::Asset>(response).await,
            "list_assets" => reply::check::<types::AssetList>(response).await,
            "create_asset_folder" | "get_asset_folder" => {
                reply::check::<types::AssetFolder>(response).await
            }
            "list_asset_folders" => reply::check::<types::AssetFolderList>(response).await,
            _ => Ok(response),
        }
    }

    async fn post<E>(
        &self,
        result: &reqwest::Result<Response>,
        _: &OperationInfo,
    ) -> Result<(), Error<E>> {
        self.inner().post(result)
    }
}
