//! What `sync` costs, and that it survives.
//!
//! `cargo bench --features cli,sandbox --bench sync` does the first four, or the one that is named:
//!
//! - `pace`: 200 files against a limit of 60 requests in each window of 5 s, beside the least
//!   that the limit allows, and then once more without a change.
//! - `bytes`: the bytes written for 10,000 files (`bytes 1000` for another number), as a multiple
//!   of the final lock file.
//! - `kill`: 10,000 files, and the process is killed at 20 moments (`kill 2000 50` for other
//!   numbers). It ends the benchmark if anything is lost, twice there or without a file.
//! - `faults`: the same, with a fault for five requests in a hundred.
//! - `large`, only by name: 100,000 files, killed at 10 moments, with the peak memory of the runs
//!   and the time of the last one, which has nothing to do.

#![expect(clippy::print_stdout, reason = "it is what the benchmark is for")]

#[path = "../tests/it/support/storm.rs"]
mod storm;

use std::{
    env, fs,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use storm::Storm;
use tokio::runtime::Runtime;
use webflow_assets::{Client, Token, sandbox::Sandbox, sync::LockFile};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const WINDOW: Duration = Duration::from_secs(5);
const LIMIT: u32 = 60;
const FILES: usize = 200;

fn main() -> Result<()> {
    let mut args = env::args().skip(1).filter(|arg| arg != "--bench");
    let what = args.next();
    let is = |name| what.as_deref().is_none_or(|what| what == name);
    let mut number = |default| match args.next() {
        Some(text) => text.parse().map_err(|_| format!("{text} is no number")),
        None => Ok(default),
    };
    let is_large = what.as_deref() == Some("large");
    let (files, kills) = if is_large {
        (number(100_000)?, number(10)?)
    } else {
        (number(10_000)?, number(20)?)
    };
    let runtime = Runtime::new()?;
    if is("pace") {
        runtime.block_on(pace())?;
    }
    if is("bytes") {
        runtime.block_on(bytes(files))?;
    }
    for (name, faults) in [("kill", false), ("faults", true), ("large", false)] {
        if is_large == (name == "large") && is(name) {
            let sandbox = Sandbox::builder().rate_limit(u32::MAX, Duration::from_secs(3600));
            let sandbox = runtime.block_on(sandbox.start())?;
            let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
            let storm = Storm {
                files,
                kills,
                faults,
                seed,
            };
            let start = Instant::now();
            let done = storm.weather(&sandbox);
            println!(
                "{name}: {files} files, {} runs, {} requests, {:.0?}, peak memory {} MiB; \
                 a run without changes {:.2?}; nothing lost (seed {seed})",
                done.runs,
                done.requests,
                start.elapsed(),
                done.peak_kib / 1024,
                done.idle,
            );
        }
    }
    Ok(())
}

fn client(sandbox: &Sandbox) -> Result<webflow_assets::ClientBuilder> {
    Ok(Client::builder()
        .token(Token::new(sandbox.token())?)
        .base_url(sandbox.base_url()))
}

/// A directory with so many files, no two alike.
fn tree(files: usize) -> Result<tempfile::TempDir> {
    let dir = tempfile::tempdir()?;
    for n in 0..files {
        let path = dir.path().join(format!("{}/{n}.txt", n % 7));
        fs::create_dir_all(path.parent().unwrap_or(dir.path()))?;
        fs::write(path, format!("content {n}"))?;
    }
    Ok(dir)
}

async fn bytes(files: usize) -> Result<()> {
    let sandbox = Sandbox::builder().rate_limit(u32::MAX, WINDOW);
    let sandbox = sandbox.start().await?;
    let client = client(&sandbox)?.build()?;
    let dir = tree(files)?;
    let start = Instant::now();
    let report = client.sync(sandbox.site_id(), dir.path()).send().await?;
    let lock = dir.path().join(LockFile::NAME).metadata()?.len();
    println!(
        "bytes: {} files in {:.1?}, {} bytes written, lock file {lock}, ratio {}.{:02}",
        report.uploaded,
        start.elapsed(),
        report.bytes_written,
        report.bytes_written / lock,
        report.bytes_written % lock * 100 / lock,
    );
    Ok(())
}

async fn pace() -> Result<()> {
    let sandbox = Sandbox::builder().rate_limit(LIMIT, WINDOW).start().await?;
    let client = client(&sandbox)?.rate_limit_window(WINDOW).build()?;
    let dir = tree(FILES)?;
    let start = Instant::now();
    let report = client.sync(sandbox.site_id(), dir.path()).send().await?;
    let took = start.elapsed();
    let requests = sandbox.requests();
    let counted = requests.iter().filter(|r| r.path.starts_with("/v2/"));
    let counted = u32::try_from(counted.count())?;
    let refused = requests.iter().filter(|r| r.status == Some(429)).count();
    let floor = WINDOW * ((counted - 1) / LIMIT);
    println!(
        "pace: {} files uploaded, {counted} requests, {refused} answered 429: {:.2} s, floor {:.2} s, ratio {:.3}",
        report.uploaded,
        took.as_secs_f64(),
        floor.as_secs_f64(),
        took.as_secs_f64() / floor.as_secs_f64(),
    );
    let start = Instant::now();
    let report = client.sync(sandbox.site_id(), dir.path()).send().await?;
    println!(
        "pace: again, {} unchanged, {} requests, {:.0?}",
        report.unchanged,
        sandbox.requests().len() - requests.len(),
        start.elapsed()
    );
    Ok(())
}
