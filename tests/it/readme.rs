//! The commands that the README promises, typed as they stand there.

use std::{env, fs, path::Path, process::Command};

use tokio::runtime::Runtime;
use webflow_assets::sandbox::Sandbox;

const README: &str = include_str!("../../README.md");

/// The first block of shell commands under a heading.
fn commands(heading: &str) -> &'static str {
    let section = README.split(heading).nth(1).expect("the heading");
    let block = section.split("```sh\n").nth(1).expect("a block");
    block.split("```").next().expect("its end")
}

#[cfg(unix)]
#[test]
fn what_ci_should_run_publishes_and_the_next_time_sends_nothing() {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let img = dir.path().join("public/img");
    fs::create_dir_all(img.join("icons")).unwrap();
    fs::write(img.join("hero.png"), "hero").unwrap();
    fs::write(img.join("icons/a.svg"), "<svg/>").unwrap();

    let bin = Path::new(env!("CARGO_BIN_EXE_webflow-assets"))
        .parent()
        .unwrap();
    let mut path = env::split_paths(&env::var_os("PATH").unwrap()).collect::<Vec<_>>();
    path.insert(0, bin.to_owned());
    let run = || {
        let output = Command::new("sh")
            .args(["-eu", "-c", commands("## Publish assets from CI")])
            .current_dir(dir.path())
            .env("PATH", env::join_paths(&path).unwrap())
            .env("WEBFLOW_API_TOKEN", sandbox.token())
            .env("WEBFLOW_SITE_ID", sandbox.site_id())
            .env("WEBFLOW_BASE_URL", sandbox.base_url())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    let stdout = run();
    let url = stdout.lines().last().unwrap();
    let asset = sandbox
        .assets()
        .into_iter()
        .find(|asset| asset.file_name == "hero.png")
        .unwrap();
    assert!(url.ends_with(&asset.key), "{url}");
    assert_eq!(sandbox.assets().len(), 2);
    let log = fs::read_to_string(dir.path().join("sync.jsonl")).unwrap();
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
    );

    let requests = sandbox.requests().len();
    assert_eq!(run().lines().last(), Some(url));
    assert_eq!(sandbox.requests().len(), requests);
}
