//! Runs the commands of the README and the guides as they are written there.

#![cfg(unix)]

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use webflow_assets::sandbox::Sandbox;

const README: &str = include_str!("../../README.md");
const COMMAND_LINE: &str = include_str!("../../docs/command-line.md");
const SECURITY: &str = include_str!("../../docs/security.md");
const CI: &str = include_str!("../../docs/ci.md");

/// The first block of shell commands under a heading, without the line that sets the environment.
fn commands(text: &str, heading: &str) -> String {
    let section = text.split(heading).nth(1).expect("the heading");
    let block = section.split("```sh\n").nth(1).expect("a block");
    let block = block.split("```").next().expect("its end");
    block
        .lines()
        .filter(|line| !line.starts_with("export "))
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// An empty site, and a directory with two images.
struct Shell {
    _runtime: Runtime,
    sandbox: Sandbox,
    dir: TempDir,
}

impl Shell {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let sandbox = runtime.block_on(Sandbox::start()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let img = dir.path().join("public/img");
        fs::create_dir_all(img.join("icons")).unwrap();
        fs::write(img.join("hero.png"), "hero").unwrap();
        fs::write(img.join("icons/a.svg"), "<svg/>").unwrap();
        Self {
            _runtime: runtime,
            sandbox,
            dir,
        }
    }

    /// Runs a script; the command is on its `PATH`.
    fn run(&self, script: &str) -> String {
        let bin = Path::new(env!("CARGO_BIN_EXE_webflow-assets"));
        let path = env::var_os("PATH").unwrap();
        let path = [bin.parent().unwrap().to_owned()]
            .into_iter()
            .chain(env::split_paths(&path));
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new("sh")
            .args(["-eu", "-c", script])
            .current_dir(self.dir.path())
            .env("PATH", env::join_paths(path).unwrap())
            .env("WEBFLOW_API_TOKEN", self.sandbox.token())
            .env("WEBFLOW_SITE_ID", self.sandbox.site_id())
            .env("WEBFLOW_BASE_URL", self.sandbox.base_url())
            .output()
            .unwrap();
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }
}

#[test]
fn the_pipeline_publishes_and_its_second_run_only_lists_the_site() {
    let shell = Shell::new();
    let script = commands(CI, "# Publish assets from CI");
    let stdout = shell.run(&script);
    let url = stdout.lines().last().unwrap();
    let assets = shell.sandbox.assets();
    let asset = assets.iter().find(|asset| asset.file_name == "hero.png");
    assert!(url.ends_with(&asset.unwrap().key), "{url}");
    assert_eq!(assets.len(), 2);
    let log = fs::read_to_string(shell.dir.path().join("sync.jsonl")).unwrap();
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );

    let requests = shell.sandbox.requests().len();
    assert_eq!(shell.run(&script).lines().last(), Some(url));
    let again = shell.sandbox.requests().split_off(requests);
    assert!(
        again.iter().all(|request| request.method == "GET"),
        "{again:?}"
    );
}

#[test]
fn the_quick_start_uploads_synchronises_and_lists() {
    let shell = Shell::new();
    fs::create_dir(shell.dir.path().join("img")).unwrap();
    fs::write(shell.dir.path().join("img/barn.png"), "barn").unwrap();
    let stdout = shell.run(&commands(README, "## From the command line"));
    let mut names = shell
        .sandbox
        .assets()
        .into_iter()
        .map(|asset| asset.file_name)
        .collect::<Vec<_>>();
    names.sort();
    assert_eq!(names, ["a.svg", "barn.png", "hero.png"]);
    for name in names {
        assert!(stdout.contains(&name), "{name} is not in {stdout}");
    }
}

#[test]
fn the_sandbox_serves_another_command() {
    let shell = Shell::new();
    let hero = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fs::create_dir(shell.dir.path().join("tests")).unwrap();
    std::os::unix::fs::symlink(hero, shell.dir.path().join("tests/fixtures")).unwrap();
    let script = commands(COMMAND_LINE, "## The sandbox for other programs");
    let stdout = shell.run(&format!("trap 'kill $!' EXIT\n{script}"));
    assert!(stdout.contains("hero.png"), "{stdout}");
    // The request went to the sandbox that the script started.
    assert_eq!(shell.sandbox.requests(), []);
}

#[test]
fn each_test_that_the_security_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    let mut directories = vec![root.join("src"), root.join("tests/it")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                code += &fs::read_to_string(path).unwrap();
            }
        }
    }
    // In code spans, every second part; settings have at most one underscore.
    let names: Vec<&str> = SECURITY
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.matches('_').count() > 1 && name.starts_with(char::is_lowercase))
        .collect();
    assert!(names.len() >= 30, "{names:?}");
    for name in names {
        assert!(code.contains(&format!("fn {name}(")), "no test `{name}`");
    }
}
