//! Puts the files that are named on the command line on the first site that the token can see.
//!
//! ```sh
//! WEBFLOW_API_TOKEN=… cargo run -p other-client -- hero.png
//! ```

use std::{env, error::Error, path::Path};

use webflow_assets::{ClientInfo, Token};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // Time limits, retries and TLS are set up here, and the other client shares them.
    let assets = webflow_assets::Client::builder()
        .token(Token::from_env()?)
        .build()?;
    let sites = other_client::Client::new_with_client(
        assets.baseurl(),
        assets.client().clone(),
        assets.inner().clone(),
    );

    let list = sites.list_sites().send().await?.into_inner();
    let first = list.sites.unwrap_or_default().into_iter().next();
    let site = first
        .and_then(|site| site.id)
        .ok_or("the token sees no site")?;
    for file in env::args().skip(1) {
        let done = assets.upload(&site, Path::new(&file)).send().await?;
        println!("{}", done.url());
    }
    Ok(())
}
