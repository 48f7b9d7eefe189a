//! A world in which everything fails: requests, connections and processes. Afterwards an oracle compares the bytes on
//! the site with those in the directories.
//!
//! A seed decides on the site, the directories and their changes, the faults, and the moments of signals. What it
//! cannot decide on is how the operating system divides its time, so that a seed may have to be replayed a few times.

mod oracle;
mod process;
mod proxy;
mod tree;

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt::Write as _,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use fastrand::Rng;
use rustix::process::Signal;
use tokio::runtime::{Handle, Runtime};
use webflow_assets::sandbox::{Asset, Sandbox};

use self::{
    process::{Ended, Process, SIGNALS, Site},
    proxy::{Proxy, Weather},
    tree::Tree,
};

/// What some seeds took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) runs: usize,
    pub(crate) requests: usize,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    pub(crate) signals: BTreeMap<&'static str, u64>,
    /// Bytes that the processes wrote to files and to the network.
    written: u64,
    /// Assets that no lock file names in the end, with a file and without one.
    pub(crate) left: [usize; 2],
}

/// For how long an asset may be deleted by the upload that registered it. Longer than a request may be late.
const LEASE: &str = "3s";

impl Tally {
    fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.requests += other.requests;
        for (mine, others) in self.left.iter_mut().zip(other.left) {
            *mine += others;
        }
        for (mine, others) in [
            (&mut self.faults, &other.faults),
            (&mut self.signals, &other.signals),
        ] {
            for (name, count) in others {
                *mine.entry(name).or_default() += count;
            }
        }
    }
}

/// Lives through as many seeds, several at a time. Returns those that failed, and what the oracle found.
pub(crate) fn run_all(from: u64, seeds: u64) -> (Tally, Vec<(u64, String)>) {
    /// Most of a seed is waiting.
    const AT_ONCE: usize = 8;

    let runtime = Runtime::new().expect("a runtime");
    let next = AtomicU64::new(from);
    let work = || {
        let (mut total, mut failed) = (Tally::default(), Vec::new());
        loop {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= from + seeds {
                return (total, failed);
            }
            match run(seed, runtime.handle()) {
                Ok(tally) => total.add(&tally),
                Err(text) => failed.push((seed, text)),
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        let (mut total, mut failed) = (Tally::default(), Vec::new());
        for worker in workers {
            let (tally, more) = worker.join().expect("it does not panic");
            total.add(&tally);
            failed.extend(more);
        }
        (total, failed)
    })
}

/// How the directories and processes of a seed relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scene {
    /// One directory, and one process at a time.
    Alone,
    /// One directory, and several processes at a time.
    Crowd,
    /// Two directories with many contents in common, for two folders.
    Neighbours,
    /// A directory, and one in it that goes to another folder as well.
    Nested,
    /// One directory, and uploads of some of its files at the same time.
    Uploads,
}

const SCENES: [Scene; 5] = [
    Scene::Uploads,
    Scene::Alone,
    Scene::Crowd,
    Scene::Neighbours,
    Scene::Nested,
];

/// A directory to synchronise: the tree that it is in, its path from there, and its folder.
struct Target {
    tree: usize,
    prefix: &'static str,
    folder: &'static str,
}

struct World {
    sandbox: Sandbox,
    proxy: Proxy,
    site: Site,
    foreign: Vec<(Asset, Vec<u8>)>,
    trees: Vec<Tree>,
    targets: Vec<Target>,
    scene: Scene,
    delete: bool,
    outputs: PathBuf,
    random: Rng,
    tally: Tally,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Lives through one seed.
///
/// # Errors
///
/// What the oracle found, with all that is needed to find out why.
fn run(seed: u64, runtime: &Handle) -> std::result::Result<Tally, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut world = World::new(seed, runtime, dir.path().to_owned())
        .map_err(|error| format!("seed {seed}: {error}"))?;
    let result = world.live();
    world.tally.requests = world.proxy.requests();
    world.tally.faults = world.proxy.faults();
    result.map_err(|error| {
        let mut text = format!("seed {seed} ({:?}): {error}\n", world.scene);
        for line in world.proxy.log() {
            let _ = writeln!(text, "  {line}");
        }
        text
    })?;
    Ok(world.tally)
}

impl World {
    fn new(seed: u64, runtime: &Handle, dir: PathBuf) -> Result<Self> {
        let mut random = Rng::with_seed(seed);
        let builder = Sandbox::builder().rate_limit(u32::MAX, Duration::from_secs(3600));
        let sandbox = runtime.block_on(builder.start())?;
        let weather = Weather {
            seed,
            percent: random.u32(5..45),
            kinds: random.u16(..) | random.u16(..),
        };
        let proxy = Proxy::start(runtime, sandbox.base_url(), weather)?;
        let contents = {
            let count = random.usize(6..50);
            tree::contents(&mut random, count)
        };
        let foreign = (0..random.usize(..6)).map(|n| {
            let bytes = contents[random.usize(..contents.len())].clone();
            let asset = sandbox.add_asset(format!("foreign{n}.txt"), bytes.clone());
            (asset, bytes)
        });
        let foreign = foreign.collect();
        let scene = SCENES[random.usize(..SCENES.len())];
        let target = |tree, prefix, folder| Target {
            tree,
            prefix,
            folder,
        };
        let mut targets = vec![target(0, "", "main")];
        match scene {
            Scene::Alone | Scene::Crowd | Scene::Uploads => {}
            Scene::Neighbours => targets.push(target(1, "", "other/deep")),
            Scene::Nested => targets.push(target(0, "sub/", "nested")),
        }
        let trees = (0..=targets.iter().map(|target| target.tree).max().unwrap_or(0))
            .map(|n| Tree::new(dir.join(format!("tree{n}")), contents.clone()));
        let mut trees: Vec<Tree> = trees.collect::<std::io::Result<_>>()?;
        for tree in &mut trees {
            let changes = random.usize(5..80);
            tree.change(&mut random, changes)?;
        }
        let site = Site {
            token: sandbox.token().to_owned(),
            id: sandbox.site_id().to_owned(),
            base_url: proxy.base_url(),
        };
        Ok(Self {
            site,
            foreign,
            trees,
            targets,
            scene,
            delete: random.bool(),
            outputs: dir,
            tally: Tally::default(),
            sandbox,
            proxy,
            random,
        })
    }

    fn live(&mut self) -> Result<()> {
        for _ in 0..self.random.usize(2..6) {
            self.storm()?;
            let damaged = self.proxy.damaged();
            oracle::foreign_assets_are_untouched(&self.sandbox, &self.foreign, &damaged)?;
            for tree in &mut self.trees {
                let changes = self.random.usize(..16);
                tree.change(&mut self.random, changes)?;
            }
        }
        self.proxy.calm();
        self.settle()?;
        self.judge()
    }

    /// Starts processes at the same time, some of which are sent a signal, and waits for all.
    fn storm(&mut self) -> Result<()> {
        let mut targets: Vec<usize> = match self.scene {
            Scene::Alone | Scene::Uploads => vec![0],
            Scene::Crowd => vec![0; self.random.usize(2..4)],
            Scene::Neighbours | Scene::Nested => vec![0, 1],
        };
        self.random.shuffle(&mut targets);
        let mut processes = Vec::new();
        for target in targets {
            let signal = self.signal();
            let mut args = vec!["--timeout", "1"];
            if self.random.u8(..4) == 0 {
                args.push("--verify");
            }
            if self.delete && self.random.u8(..4) > 0 {
                args.extend(["--delete", "--yes", "--max-delete", "100%"]);
            }
            let process = self.start(target, &args, signal)?;
            processes.push(process);
        }
        if self.scene == Scene::Uploads {
            for _ in 0..self.random.usize(1..4) {
                let signal = self.signal();
                let files = self.trees[0].some(&mut self.random);
                processes.push(self.spawn(&["upload", "--timeout", "1"], &files, signal)?);
            }
        }
        if self.random.bool() {
            let signal = self.signal();
            let to = self.pulled();
            let args = ["pull", "--folder", "main", "--timeout", "1"];
            processes.push(self.spawn(&args, &[to], signal)?);
        }
        if let Some((asset, _)) = self.random.choice(&self.foreign) {
            let id = PathBuf::from(&asset.id);
            let signal = self.signal();
            let args = ["update", "--alt-text", "a text", "--timeout", "1"];
            processes.push(self.spawn(&args, &[id], signal)?);
        }
        if self.random.bool() {
            std::thread::sleep(Duration::from_millis(self.random.u64(..400)));
            for tree in &mut self.trees {
                let changes = self.random.usize(..4);
                tree.change(&mut self.random, changes)?;
            }
        }
        self.wait(processes)?;
        Ok(())
    }

    /// A signal for half of the processes.
    fn signal(&mut self) -> Option<(Duration, Signal)> {
        if self.random.bool() {
            return None;
        }
        let (name, signal) = SIGNALS[self.random.usize(..SIGNALS.len())];
        *self.tally.signals.entry(name).or_default() += 1;
        // More often early, while there is something to interrupt.
        let at = 5 * 2_u64.pow(self.random.u32(..9));
        Some((Duration::from_millis(self.random.u64(at..2 * at)), signal))
    }

    fn start(
        &mut self,
        target: usize,
        args: &[&str],
        signal: Option<(Duration, Signal)>,
    ) -> Result<Process> {
        let Target {
            tree,
            prefix,
            folder,
        } = self.targets[target];
        let root = self.trees[tree].root.join(prefix);
        std::fs::create_dir_all(&root)?;
        let mut all = vec!["sync", "--folder", folder];
        all.extend(args);
        self.spawn(&all, &[root], signal)
    }

    fn spawn(
        &mut self,
        args: &[&str],
        paths: &[PathBuf],
        signal: Option<(Duration, Signal)>,
    ) -> Result<Process> {
        self.tally.runs += 1;
        let output = self.outputs.join(format!("output{}", self.tally.runs));
        let args = [args, &["--retries", "2", "--lease", LEASE]].concat();
        Ok(Process::start(&self.site, &args, paths, output, signal)?)
    }

    fn wait(&mut self, processes: Vec<Process>) -> Result<Vec<Ended>> {
        let ended = process::wait(processes)?;
        // What a pull writes are files, which no bound is for.
        let counted = ended.iter().filter(|it| !it.said.starts_with("pull "));
        self.tally.written += counted.map(|process| process.written).sum::<u64>();
        Ok(ended)
    }

    /// Where the main folder is pulled to, time and again.
    fn pulled(&self) -> PathBuf {
        self.outputs.join("pulled")
    }

    fn succeed(&mut self, process: Process) -> Result<()> {
        for Ended { status, said, .. } in self.wait(vec![process])? {
            if !status.success() {
                return Err(format!("the calm run failed: {status}\n{said}").into());
            }
        }
        Ok(())
    }

    /// Pulls the main folder and describes what others put on the site, without any fault.
    fn settle_others(&mut self) -> Result<()> {
        let ids: Vec<PathBuf> = self.foreign.iter().map(|(it, _)| (&it.id).into()).collect();
        if !ids.is_empty() {
            let process = self.spawn(&["update", "--alt-text", "a text"], &ids, None)?;
            self.succeed(process)?;
        }
        let folders = self.sandbox.folders();
        if folders.iter().any(|folder| folder.display_name == "main") {
            let to = self.pulled();
            let process = self.spawn(&["pull", "--folder", "main"], &[to], None)?;
            self.succeed(process)?;
        }
        Ok(())
    }

    /// Runs the command on each directory without any fault, twice, as one directory may delete what another needs.
    fn settle(&mut self) -> Result<()> {
        for _ in 0..2 {
            for target in 0..self.targets.len() {
                let mut args = vec!["--verify"];
                if self.delete {
                    args.extend(["--delete", "--yes", "--max-delete", "100%"]);
                }
                let process = self.start(target, &args, None)?;
                self.succeed(process)?;
            }
        }
        self.settle_others()
    }

    fn judge(&mut self) -> Result<()> {
        // Whoever is handed an asset that another has filled sends the file again. If it is damaged on its way, and the
        // sender is killed before it can send it once more, then nobody else can know.
        let damaged = match self.scene {
            Scene::Alone | Scene::Crowd => BTreeSet::new(),
            Scene::Neighbours | Scene::Nested | Scene::Uploads => self.proxy.damaged(),
        };
        let (mut longest, mut named) = (0, BTreeSet::new());
        oracle::foreign_assets_are_untouched(&self.sandbox, &self.foreign, &self.proxy.damaged())?;
        for target in &self.targets {
            let tree = &self.trees[target.tree];
            let files = tree.files(target.prefix);
            let lock = tree::lock_file(&tree.root.join(target.prefix));
            let lock = match lock {
                Some(lock) => lock,
                None if files.is_empty() => continue,
                None => return Err("there is no lock file".into()),
            };
            longest = longest.max(lock.len() as u64);
            oracle::lock_file_is_true(&self.sandbox, &lock, &files, !self.delete, &damaged)?;
            oracle::nothing_is_doubled(&self.sandbox, &self.foreign, &files)?;
            named.extend(oracle::ids(&lock));
        }
        oracle::pulled_is_true(&self.sandbox, &self.pulled(), &self.proxy.once_damaged())?;
        oracle::foreign_assets_are_described(&self.sandbox, &self.foreign)?;
        for asset in self.sandbox.assets() {
            let foreign = self.foreign.iter().any(|(known, _)| known.id == asset.id);
            if !foreign && !named.contains(&asset.id) {
                self.tally.left[usize::from(asset.size.is_none())] += 1;
            }
        }

        // Nothing is left to do, and so nothing is sent.
        let before = self.proxy.requests();
        for target in 0..self.targets.len() {
            let process = self.start(target, &[], None)?;
            self.wait(vec![process])?;
        }
        let more = self.proxy.requests() - before;
        if more > 0 {
            return Err(format!("a run with nothing to do sends {more} requests").into());
        }

        // The lock file is written a few times, and what else is kept is not longer.
        let written = self.tally.written.saturating_sub(self.proxy.received());
        let bound = self.tally.runs as u64 * (6 * longest + 64 * 1024);
        if written > bound {
            return Err(
                format!("{written} bytes were written to files, of at most {bound}").into(),
            );
        }
        Ok(())
    }
}
