//! How close many uploads come to the least time that a rate limit allows.
//!
//! `cargo bench --features sandbox --bench pacing` uploads 200 small files, 16 at a time, against
//! a limit of 60 in each window of 5 s, and prints the time beside the floor: the three windows
//! that must pass before the last 20 may be sent.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use webflow_assets::{Client, Source, Token, sandbox::Sandbox};

const WINDOW: Duration = Duration::from_secs(5);
const LIMIT: u32 = 60;
const UPLOADS: u32 = 200;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is what the benchmark is for")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::builder().rate_limit(LIMIT, WINDOW).start().await?;
    let client = Client::builder()
        .token(Token::new(sandbox.token())?)
        .base_url(sandbox.base_url())
        .rate_limit_window(WINDOW)
        .build()?;
    let start = Instant::now();
    let uploads = stream::iter(0..UPLOADS).map(|n| {
        let source = Source::bytes(format!("{n}.txt"), format!("content {n}"));
        client.upload(sandbox.site_id(), source).send()
    });
    let results: Vec<_> = uploads.buffer_unordered(16).collect().await;
    let took = start.elapsed();
    let failed = results.iter().filter(|result| result.is_err()).count();
    let requests = sandbox.requests();
    let refused = requests.iter().filter(|r| r.status == Some(429)).count();
    let floor = WINDOW * ((UPLOADS - 1) / LIMIT);
    println!(
        "{UPLOADS} uploads, {failed} failed, {refused} answered 429: {:.2} s, floor {:.2} s, ratio {:.3}",
        took.as_secs_f64(),
        floor.as_secs_f64(),
        took.as_secs_f64() / floor.as_secs_f64(),
    );
    Ok(())
}
