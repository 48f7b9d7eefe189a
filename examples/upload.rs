//! Puts the files that are named on the command line on a site.
//!
//! ```sh
//! WEBFLOW_API_TOKEN=… WEBFLOW_SITE_ID=… cargo run --example upload -- hero.png
//! ```

#![expect(clippy::print_stdout, reason = "it is what the example is for")]

use std::{env, error::Error, path::Path};

use webflow_assets::{Client, Outcome};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let site = env::var("WEBFLOW_SITE_ID").map_err(|_| "set WEBFLOW_SITE_ID")?;
    let client = Client::from_env()?;
    for file in env::args().skip(1) {
        let done = client.upload(&site, Path::new(&file)).send().await?;
        let url = done.url();
        match done.outcome {
            Outcome::AlreadyThere => println!("{file}: the site had it at {url}"),
            _ => println!("{file}: {url}"),
        }
    }
    Ok(())
}
