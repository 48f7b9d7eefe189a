//! A failing world, and whether anything is lost in it.
//!
//! `cargo bench --features cli,sandbox --bench chaos -- --seeds 500` runs `sync`, `upload`, `pull` and `update` in processes of its own against a
//! proxy that fails, kills the processes, changes their directories, and compares the bytes on the site with those in
//! the directories. It ends with an error that names each failing seed; `--seed N` replays one, and `--from N` starts
//! at another than 0.

#![expect(clippy::print_stdout, reason = "it is what the benchmark is for")]

#[path = "../tests/it/chaos/world/mod.rs"]
mod world;

use std::{env, time::Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = env::args().collect();
    let number = |name: &str| -> Option<u64> {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1)?.parse().ok()
    };
    let (from, seeds) = match number("--seed") {
        Some(seed) => (seed, 1),
        None => (
            number("--from").unwrap_or(0),
            number("--seeds").unwrap_or(50),
        ),
    };
    let start = Instant::now();
    let (tally, failed) = world::run_all(from, seeds);
    for (_, text) in &failed {
        println!("{text}");
    }
    println!(
        "{seeds} seeds: {} runs, {} requests, {} faults {:?}, {} signals {:?}; {:?} assets that no lock file names, \
         with and without a file; {:.0?}",
        tally.runs,
        tally.requests,
        tally.faults.values().sum::<u64>(),
        tally.faults,
        tally.signals.values().sum::<u64>(),
        tally.signals,
        tally.left,
        start.elapsed()
    );
    if failed.is_empty() {
        return Ok(());
    }
    let mut failed: Vec<u64> = failed.into_iter().map(|(seed, _)| seed).collect();
    failed.sort_unstable();
    Err(format!("{} seeds failed: {failed:?}", failed.len()).into())
}
