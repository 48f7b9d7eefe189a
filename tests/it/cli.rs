//! The `webflow-assets` command, run as its users run it.

mod assets;
#[cfg(unix)]
mod completions;
mod doctor;
mod folders;
mod logs;
mod manual;
#[cfg(target_os = "linux")]
mod mistakes;
mod pull;
mod sandbox;
#[cfg(unix)]
mod signals;
mod sites;
mod sync;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(target_os = "linux")]
mod tutorial;
mod update;
mod upload;
mod url;
mod usage;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tokio::runtime::Runtime;
use webflow_assets::sandbox::{Sandbox, SandboxBuilder};

const HERO: &str = "tests/fixtures/hero.png";
const SITE: &str = "580e63e98c9a982ac9b8b741";

/// The command, out of reach of whatever the environment of the tests sets.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_webflow-assets"));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        if text.starts_with("WEBFLOW_")
            || text.starts_with("CLICOLOR")
            || text.ends_with("_PROXY")
            || ["COLUMNS", "GITHUB_ACTIONS", "NO_COLOR"].contains(&text.as_str())
        {
            command.env_remove(name);
        }
    }
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(command: &mut Command) -> Output {
    command.output().expect("the command runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the output is UTF-8")
}

#[track_caller]
fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
}

/// The objects that were printed, one in each line.
fn json_lines(output: &Output) -> Vec<Value> {
    let lines = text(&output.stdout).lines();
    lines
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect()
}

/// A sandbox in this process, and what points the command at it.
struct Live {
    sandbox: Sandbox,
    _runtime: Runtime,
}

impl Live {
    fn start() -> Self {
        Self::of(Sandbox::builder())
    }

    fn of(builder: SandboxBuilder) -> Self {
        let runtime = Runtime::new().expect("a runtime starts");
        let sandbox = runtime
            .block_on(builder.start())
            .expect("the sandbox starts");
        Self {
            sandbox,
            _runtime: runtime,
        }
    }

    fn upload(&self, args: &[&str]) -> Command {
        self.command(&[&["upload"], args].concat())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(args);
        // Nothing waits for an asset that another process of the test registered.
        command.args(["--lease", "1ms"]);
        self.point(command)
    }

    /// Points the command at the sandbox, through the environment.
    fn point(&self, mut command: Command) -> Command {
        command
            .env("WEBFLOW_API_TOKEN", self.sandbox.token())
            .env("WEBFLOW_SITE_ID", self.sandbox.site_id())
            .env("WEBFLOW_BASE_URL", self.sandbox.base_url());
        command
    }

    /// What is stored, by file name.
    fn stored(&self) -> Vec<(String, Vec<u8>)> {
        let stored = |id: &str| {
            self.sandbox
                .stored(id)
                .expect("the asset is filled")
                .to_vec()
        };
        self.sandbox
            .assets()
            .into_iter()
            .map(|asset| (asset.file_name, stored(&asset.id)))
            .collect()
    }
}

/// A directory for the files of one test.
fn scratch(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("the directory is made");
    path
}

fn path_text(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

#[cfg(unix)]
fn signal(child: &std::process::Child, name: &str) {
    let status = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(status.expect("kill runs").success());
}

#[test]
fn the_token_is_in_no_output() {
    let live = Live::start();
    let token = live.sandbox.token();
    let secret = scratch("secret").join("token");
    fs::write(&secret, format!("{token} {token}")).expect("the token is written");
    let cases: [(&[&str], i32); 7] = [
        (&[HERO, "--json"], 0),
        (&["no-such.png"], 1),
        (&[HERO, "--folder", "580e63e98c9a982ac9b8b741"], 1),
        (&[HERO, "--base-url", "http://127.0.0.1:9"], 1),
        (&[HERO, "--token-file", path_text(&secret)], 2),
        (&[HERO, "--token-file", token], 2),
        (&["--help"], 0),
    ];
    for (args, code) in cases {
        let output = run(&mut live.upload(args));
        assert_exit(&output, code);
        for stream in [&output.stdout, &output.stderr] {
            assert!(!text(stream).contains(token), "{args:?}");
            assert!(!text(stream).contains("X-Amz"), "{args:?}");
        }
    }
}

#[test]
fn a_closed_pipe_ends_the_command_quietly() {
    for args in [
        &["upload", "--sandbox", HERO, "-q"][..],
        &["sandbox"],
        &["completions", "zsh"],
        &["man"],
        &["--help"],
    ] {
        // Closed before the start: the command could be done before a later close.
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = run(command(args).stdout(writer));
        assert_exit(&output, 141);
        assert_eq!(text(&output.stderr), "", "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("the device opens");
    for args in [
        &["completions", "bash"][..],
        &["--help"],
        &["pull", "--help"],
        &["--version"],
    ] {
        let output = run(command(args).stdout(full.try_clone().expect("a copy")));
        assert_exit(&output, 1);
        let stderr = text(&output.stderr);
        assert!(
            stderr.starts_with("error: the result cannot be written\n  caused by: "),
            "{args:?}"
        );
    }
}

#[test]
fn nothing_but_plain_text_goes_to_a_pipe() {
    for args in [
        &["upload", "--sandbox", HERO, "no-such.png"][..],
        &["upload", "--help"],
        &["frobnicate"],
    ] {
        let output = run(command(args).env("TERM", "xterm-256color"));
        for stream in [&output.stdout, &output.stderr] {
            assert!(!stream.contains(&b'\x1b') && !stream.contains(&b'\r'));
        }
        assert!(!text(&output.stderr).contains("MiB/s"));
    }
}
