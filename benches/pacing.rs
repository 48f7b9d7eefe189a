//! How close many uploads come to the least time that a rate limit allows.
//!
//! `cargo bench --features sandbox --bench pacing` uploads 200 small files, 16 at a time, against
//! a limit of 60 in each window of 5 s, and prints the time beside the floor: the three windows
//! that must pass before the last 20 may be sent. Then it does the same with four processes, each
//! of which uploads 50 files with a client of its own and knows nothing of the others. Their windows
//! have 20 s, as a 429 states its wait in whole seconds, and Webflow's windows have 60.

#![expect(clippy::print_stdout, reason = "it is what the benchmark is for")]

use std::{
    env,
    process::{Child, Command},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use webflow_assets::{Client, Source, Token, sandbox::Sandbox};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const LIMIT: u32 = 60;
const UPLOADS: u32 = 200;

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = env::args().collect();
    if let [_, base_url, token, site, window, first, last] = args.as_slice() {
        let client = Client::builder()
            .token(Token::new(token)?)
            .base_url(base_url)
            .rate_limit_window(Duration::from_secs(window.parse()?))
            .build()?;
        return upload(&client, site, first.parse()?, last.parse()?).await;
    }
    for (processes, seconds) in [(1, 5), (4, 20)] {
        let window = Duration::from_secs(seconds);
        let sandbox = Sandbox::builder().rate_limit(LIMIT, window).start().await?;
        let start = Instant::now();
        let share = UPLOADS / processes;
        let mut children = Vec::new();
        for first in (0..UPLOADS).step_by(usize::try_from(share)?) {
            let mut child = Command::new(env::current_exe()?);
            child.args([sandbox.base_url(), sandbox.token(), sandbox.site_id()]);
            child.arg(seconds.to_string());
            child.args([first, first + share].map(|n| n.to_string()));
            children.push(child.spawn()?);
        }
        let ended = tokio::task::spawn_blocking(move || {
            let mut ended = children.iter_mut().map(Child::wait);
            ended.all(|status| status.is_ok_and(|status| status.success()))
        });
        if !ended.await? {
            return Err("an upload failed".into());
        }
        let took = start.elapsed();
        let requests = sandbox.requests();
        let refused = requests.iter().filter(|r| r.status == Some(429)).count();
        let floor = window * ((UPLOADS - 1) / LIMIT);
        println!(
            "{UPLOADS} uploads from {processes} processes, {refused} answered 429: {:.2} s, floor {:.2} s, ratio {:.3}",
            took.as_secs_f64(),
            floor.as_secs_f64(),
            took.as_secs_f64() / floor.as_secs_f64(),
        );
    }
    Ok(())
}

/// Uploads files in a process of its own.
async fn upload(client: &Client, site: &str, first: u32, last: u32) -> Result<()> {
    let uploads = stream::iter(first..last).map(|n| {
        let source = Source::bytes(format!("{n}.txt"), format!("content {n}"));
        client.upload(site, source).send()
    });
    let mut results = uploads.buffer_unordered(16);
    while let Some(result) = results.next().await {
        result?;
    }
    Ok(())
}
