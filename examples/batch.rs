//! Puts every file that is named on the command line on a site, several at a time.
//!
//! ```sh
//! WEBFLOW_API_TOKEN=… WEBFLOW_SITE_ID=… cargo run --example batch -- img/*.png
//! ```

#![expect(clippy::print_stdout, reason = "it is what the example is for")]

use std::{env, error::Error};

use futures_util::StreamExt;
use webflow_assets::{Client, Event, Source};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let site = env::var("WEBFLOW_SITE_ID").map_err(|_| "set WEBFLOW_SITE_ID")?;
    let client = Client::from_env()?;
    let files: Vec<String> = env::args().skip(1).collect();
    let sources = files.clone().into_iter().map(Source::path);
    let mut events = client.upload_all(site, sources).concurrency(4).stream();
    let mut failed = 0;
    while let Some(event) = events.next().await {
        match event {
            Event::Progress { index, progress } => {
                println!(
                    "{}: {}/{} bytes",
                    files[index], progress.sent, progress.total
                );
            }
            Event::Finished {
                index,
                result: Ok(done),
            } => {
                let url = done.url();
                println!("{}: {url}", files[index]);
            }
            Event::Finished {
                result: Err(error), ..
            } => {
                failed += 1;
                println!("{error}");
            }
            _ => {}
        }
    }
    if failed > 0 {
        return Err(format!("{failed} of {} files are not on the site", files.len()).into());
    }
    Ok(())
}
