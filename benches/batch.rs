//! How a batch of small files compares with a bare loop, and whether its memory grows with the
//! number of files.
//!
//! `cargo bench --features cli,sandbox --bench batch` uploads 1,000 files of 64 KiB to a sandbox in
//! a process of its own, 8 at a time, in turn by `Client::upload_all` and by a bare loop that reads
//! and hashes each file and sends the same two requests, and prints the ratios of eleven pairs, whose
//! order alternates. Then it uploads 1,000 and 10,000 such files and one of 256 MiB, each time in a
//! process of its own, and prints the peak of its memory.

#![expect(clippy::print_stdout, reason = "it is what the benchmark is for")]

mod support;

use std::{
    env,
    fs::{self, File},
    io::Write,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use md5::{Digest, Md5};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use support::{Result, Sandbox};
use webflow_assets::{Batch, Event, Source, s3};

const LEN: usize = 64 * 1024;
const FILES: usize = 1000;
const CONCURRENCY: usize = 8;
const PAIRS: usize = 11;
const LARGE: usize = 256 * 1024 * 1024;
/// More than is asked for, in a window that does not end, and larger files than Webflow takes.
const UNLIMITED: [&str; 4] = ["--rate-limit", "4000000000/3600", "--max-size", "268435456"];

fn main() -> Result<()> {
    let mut args = env::args().skip(1).filter(|arg| arg != "--bench");
    if let (Some(count), Some(len)) = (args.next(), args.next()) {
        // A process of its own: only this batch has used its memory.
        return memory(count.parse()?, len.parse()?);
    }
    let dir = tempfile::tempdir()?;
    let files = support::files(dir.path(), FILES, LEN)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let mut ratios = Vec::new();
    for pair in 0..PAIRS {
        let mut times = [Duration::ZERO; 2];
        for turn in [pair % 2, 1 - pair % 2] {
            times[turn] = match turn {
                0 => runtime.block_on(timed(&files, batch))?,
                _ => runtime.block_on(timed(&files, bare))?,
            };
        }
        let [batch, bare] = times;
        println!("{FILES} files of 64 KiB: batch {batch:.2?}, bare loop {bare:.2?}");
        ratios.push(batch.as_secs_f64() / bare.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "ratio: median {:.2}, {:.2} to {:.2}",
        ratios[PAIRS / 2],
        ratios[0],
        ratios[PAIRS - 1]
    );
    for (count, len) in [(FILES, LEN), (10 * FILES, LEN), (1, LARGE)] {
        let child = Command::new(env::current_exe()?)
            .args([count.to_string(), len.to_string()])
            .output()?;
        print!("{}", String::from_utf8_lossy(&child.stdout));
    }
    Ok(())
}

async fn timed(
    files: &[PathBuf],
    upload: impl AsyncFn(&Sandbox, &[PathBuf]) -> Result<()>,
) -> Result<Duration> {
    let sandbox = Sandbox::start(&UNLIMITED)?;
    let start = Instant::now();
    upload(&sandbox, files).await?;
    Ok(start.elapsed())
}

async fn batch(sandbox: &Sandbox, files: &[PathBuf]) -> Result<()> {
    let sources: Vec<Source> = files.iter().map(Source::path).collect();
    let batch = sandbox.client()?.upload_all(&sandbox.site, sources);
    let mut events = batch.concurrency(CONCURRENCY).stream();
    while let Some(event) = events.next().await {
        if let Event::Finished { result, .. } = event {
            result?;
        }
    }
    Ok(())
}

/// The same two requests, and no check of anything.
async fn bare(sandbox: &Sandbox, files: &[PathBuf]) -> Result<()> {
    let http = s3::http_client()?;
    let mut uploads = stream::iter(files)
        .map(|file| {
            let task = bare_upload(
                http.clone(),
                format!("{}/sites/{}/assets", sandbox.base_url, sandbox.site),
                sandbox.token.clone(),
                file.clone(),
            );
            async { tokio::spawn(task).await.expect("no panic") }
        })
        .buffer_unordered(CONCURRENCY);
    while let Some(result) = uploads.next().await {
        result.map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn bare_upload(
    http: reqwest::Client,
    url: String,
    token: String,
    file: PathBuf,
) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let bytes = tokio::fs::read(&file).await?;
    let hash = format!("{:032x}", u128::from_be_bytes(Md5::digest(&bytes).into()));
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let body = json!({"fileName": name, "fileHash": hash});
    let answer = http.post(url).bearer_auth(token).json(&body).send().await?;
    let created: Value = answer.error_for_status()?.json().await?;
    let mut form = Form::new();
    for (name, value) in created["uploadDetails"].as_object().ok_or("no form")? {
        if let Some(value) = value.as_str() {
            form = form.text(name.clone(), value.to_owned());
        }
    }
    let form = form.part("file", Part::bytes(bytes).file_name("file"));
    let url = created["uploadUrl"].as_str().ok_or("no URL")?;
    let answer = http.post(url).multipart(form).send().await?;
    answer.error_for_status()?.bytes().await?;
    Ok(())
}

/// Uploads as many files of this length, made one by one as they are taken, and prints the peak of
/// the memory.
fn memory(count: usize, len: usize) -> Result<()> {
    let sandbox = Sandbox::start(&UNLIMITED)?;
    let client = sandbox.client()?;
    let site: webflow_assets::SiteId = sandbox.site.parse()?;
    let dir = tempfile::tempdir()?;
    let root = dir.path().to_owned();
    let uploads = (0..count).map(move |n| {
        let path = root.join(format!("{n}.bin"));
        let mut file = File::create(&path).expect("room for the file");
        // What follows is zeros: all of a large file would need more memory than its upload.
        file.write_all(&support::noise(n as u64, LEN))
            .and_then(|()| file.set_len(len as u64))
            .expect("room for the file");
        client.upload(site, Source::path(path)).max_len(len as u64)
    });
    let batch = Batch::new(uploads);
    let runtime = tokio::runtime::Runtime::new()?;
    let failed = runtime.block_on(async {
        let mut events = batch.concurrency(CONCURRENCY).stream();
        let mut failed = 0;
        while let Some(event) = events.next().await {
            if let Event::Finished { result, .. } = event {
                failed += usize::from(result.is_err());
            }
        }
        failed
    });
    // Linux alone tells.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!(
        "{count} files of {} KiB, {failed} failed: peak memory {}",
        len / 1024,
        peak.map_or("unknown", str::trim)
    );
    Ok(())
}
