//! Runs `sync` on a tree of files, kills it again and again, and checks the result. A small run is
//! a test; a large one is a benchmark.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant, SystemTime},
};

use webflow_assets::{
    sandbox::{Operation, Sandbox},
    sync::LockFile,
};

/// The parameters of such a run.
#[derive(Clone, Copy)]
pub(crate) struct Storm {
    /// Files in the tree; every twentieth has the content of another one.
    pub(crate) files: usize,
    /// The number of times that the process is killed.
    pub(crate) kills: usize,
    /// Whether five requests in a hundred fail.
    pub(crate) faults: bool,
    pub(crate) seed: u64,
}

/// What it took.
#[derive(Debug)]
pub(crate) struct Weathered {
    pub(crate) runs: usize,
    pub(crate) requests: usize,
    /// The most memory that a run had, where the system tells.
    pub(crate) peak_kib: u64,
    /// How long a run took that had nothing to do.
    #[allow(dead_code, reason = "only the benchmark reads it")]
    pub(crate) idle: Duration,
}

/// Random faults: of a hundred requests two get a 503, two are reset and one stalls.
const FAULTS: [&str; 5] = [
    "503*2%",
    "reset-before*1%",
    "reset-after*1%",
    "stall-before-answer*0.5%",
    "stall-mid-body*0.5%",
];

impl Storm {
    /// Runs it, and checks what is left. The sandbox must be new.
    pub(crate) fn weather(self, sandbox: &Sandbox) -> Weathered {
        let mut random = Random(self.seed | 1);
        let dir = tempfile::tempdir().expect("a directory");
        let tree = self.grow(dir.path());
        if self.faults {
            for operation in ["create", "post", "list-folders", "create-folder"] {
                for fault in FAULTS {
                    let rule = format!("{operation}:{fault}");
                    sandbox.fault(rule.parse().expect("a rule"));
                }
            }
        }

        // Kills at these numbers of assets, in ascending order.
        let mut kills: Vec<usize> = (0..self.kills).map(|_| random.below(self.files)).collect();
        kills.sort_unstable();
        let (mut runs, mut peak_kib) = (0, 0);
        for kill in kills {
            let mut child = self.sync(sandbox, dir.path());
            runs += 1;
            while count(sandbox) < kill && child.try_wait().expect("a child").is_none() {
                peak_kib = peak_kib.max(memory(&child));
                // Counting copies the log.
                sleep(Duration::from_millis(1 + self.files as u64 / 100));
            }
            sleep(Duration::from_micros(random.below(20_000) as u64));
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
        // With permanent faults even many attempts may fail; the next run continues.
        loop {
            runs += 1;
            let mut child = self.sync(sandbox, dir.path());
            let status = loop {
                if let Some(status) = child.try_wait().expect("a child") {
                    break status;
                }
                peak_kib = peak_kib.max(memory(&child));
                sleep(Duration::from_millis(5));
            };
            if status.success() {
                break;
            }
            assert!(self.faults, "{status}");
            assert!(runs < self.kills + 10, "it does not come to an end");
        }
        let requests = sandbox.requests().len();
        sandbox.clear_faults();
        check(sandbox, dir.path(), &tree);

        // A last run has nothing to do.
        let start = Instant::now();
        let status = self.sync(sandbox, dir.path()).wait().expect("it ends");
        let idle = start.elapsed();
        assert!(status.success());
        assert_eq!(sandbox.requests().len(), requests);
        Weathered {
            runs,
            requests,
            peak_kib,
            idle,
        }
    }

    /// Creates the tree: nested directories, odd names, and equal content.
    fn grow(self, root: &Path) -> BTreeMap<String, String> {
        const DIRS: [&str; 9] = [
            "",
            "img",
            "img/2026",
            "img/2026/märz",
            "a b",
            "a b/c",
            "写真",
            "it's \"x\" & y",
            "d/e/f/g",
        ];
        let mut tree = BTreeMap::new();
        for n in 0..self.files {
            let content = if n % 20 == 19 { n - 10 } else { n };
            let mark = [
                "file",
                "it's",
                "a \"b\"",
                "päivä",
                "画像",
                "a+b&c=d",
                "100%",
                "semi;colon",
            ][n % 8];
            let long = if n % 50 == 7 {
                "long ".repeat(25)
            } else {
                String::new()
            };
            let name = format!("{mark} {long}{n}.txt");
            let dir = DIRS[n % DIRS.len()];
            let path = if dir.is_empty() {
                name
            } else {
                format!("{dir}/{name}")
            };
            tree.insert(
                path,
                format!("content {content} {}", "x".repeat(content % 500)),
            );
        }
        let then = SystemTime::now() - Duration::from_secs(3600);
        for (path, content) in &tree {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a directory");
            fs::write(&path, content).expect("a file");
            let file = File::options().append(true).open(path).expect("the file");
            file.set_modified(then).expect("a time");
        }
        tree
    }
}

impl Storm {
    fn sync(self, sandbox: &Sandbox, dir: &Path) -> Child {
        // Only a fault stalls a request.
        let timeout = if self.faults { "1" } else { "30" };
        let args = [
            "--quiet",
            "--long-names",
            "shorten",
            "--timeout",
            timeout,
            "--lease",
            "1ms",
        ];
        start(sandbox, "sync", &args, dir)
    }
}

/// Starts the command for a site of a sandbox, without input and output.
pub(crate) fn start(sandbox: &Sandbox, command: &str, args: &[&str], path: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_webflow-assets"))
        .arg(command)
        .args(args)
        .arg(path)
        .env("WEBFLOW_API_TOKEN", sandbox.token())
        .env("WEBFLOW_SITE_ID", sandbox.site_id())
        .env("WEBFLOW_BASE_URL", sandbox.base_url())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command")
}

/// The most memory that a process had so far, in KiB; 0 where that is not known.
fn memory(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
    peak.and_then(|peak| peak.parse().ok()).unwrap_or_default()
}

fn count(sandbox: &Sandbox) -> usize {
    let requests = sandbox.requests();
    requests
        .iter()
        .filter(|r| r.operation == Some(Operation::CreateAsset))
        .count()
}

/// Checks that each content has exactly one filled asset, and that the lock file lists all.
fn check(sandbox: &Sandbox, root: &Path, tree: &BTreeMap<String, String>) {
    let assets = sandbox.assets();
    let contents: BTreeSet<&String> = tree.values().collect();
    assert_eq!(assets.len(), contents.len(), "one asset for each content");
    let keys: BTreeSet<String> = sandbox.keys().into_iter().collect();
    let expected: BTreeSet<String> = assets.iter().map(|asset| asset.key.clone()).collect();
    assert_eq!(
        keys, expected,
        "no object without an asset, and no asset without its object"
    );
    let stored: BTreeMap<String, String> = assets
        .iter()
        .map(|asset| {
            let bytes = sandbox.stored(&asset.id).expect("it is filled");
            (
                asset.id.clone(),
                String::from_utf8_lossy(&bytes).into_owned(),
            )
        })
        .collect();

    let lock = LockFile::read(root.join(LockFile::NAME)).expect("it can be read");
    let lock = lock.expect("there is one");
    let locked: Vec<&str> = lock.files().map(|(path, _)| path).collect();
    let paths: Vec<&str> = tree.keys().map(String::as_str).collect();
    assert_eq!(locked, paths, "the lock file is complete");
    for (path, file) in lock.files() {
        assert_eq!(
            stored.get(&file.asset.to_string()),
            tree.get(path),
            "{path}"
        );
    }

    let folders = sandbox.folders();
    let names: BTreeSet<_> = folders
        .iter()
        .map(|folder| (&folder.parent_folder, &folder.display_name))
        .collect();
    assert_eq!(names.len(), folders.len(), "each folder was created once");
}

/// A generator that picks another moment each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap_or_default()
    }
}
