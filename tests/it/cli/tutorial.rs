//! The tutorial, typed as it is written.

use super::{terminal::Terminal, *};

const TUTORIAL: &str = include_str!("../../../docs/tutorial.md");

/// A shell that types all blocks of the tutorial in an empty directory.
fn typed(live: &Live, dir: &Path) -> Command {
    let blocks = TUTORIAL.split("```sh\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().expect("its end"));
    let lines = blocks.flat_map(str::lines);
    // The token is that of the sandbox.
    let lines: Vec<&str> = lines.filter(|line| !line.contains("=…")).collect();
    let bin = Path::new(env!("CARGO_BIN_EXE_webflow-assets"));
    let path = env::var_os("PATH").expect("there is a PATH");
    let path = [bin.parent().expect("a directory").to_owned()]
        .into_iter()
        .chain(env::split_paths(&path));
    let mut shell = live.point(Command::new("sh"));
    shell
        .env_remove("WEBFLOW_SITE_ID")
        .args(["-eu", "-c", &lines.join("\n")])
        .current_dir(dir)
        .env("PATH", env::join_paths(path).expect("a PATH"))
        .stdout(Stdio::piped());
    shell
}

/// Checks what the walk leads to.
fn check(live: &Live, dir: &Path) {
    let assets = live.sandbox.assets();
    let mut described: Vec<_> = assets
        .iter()
        .map(|asset| (asset.file_name.as_str(), asset.alt_text.as_deref()))
        .collect();
    described.sort_unstable();
    assert_eq!(
        described,
        [("box.svg", Some("A black box")), ("hours.txt", None)]
    );
    for path in ["hours.txt", "icons/box.svg"] {
        let read = |root: &str| fs::read(dir.join(root).join(path)).expect("a file");
        assert_eq!(read("media"), read("copy"));
    }
    // The last command sent nothing.
    let last = live.sandbox.requests().pop().expect("requests");
    assert_eq!(last.method, "GET", "{last:?}");
}

#[test]
fn the_tutorial_leads_to_a_library_and_back() {
    let live = Live::start();
    let dir = scratch("tutorial");
    let output = run(&mut typed(&live, &dir));
    assert_exit(&output, 0);
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with("no assets\n"), "{stderr}");
    assert!(stderr.ends_with("\n2 unchanged\n"), "{stderr}");
    check(&live, &dir);
}

#[test]
fn the_tutorial_does_the_same_in_a_terminal() {
    let live = Live::start();
    let dir = scratch("tutorial_terminal");
    let mut terminal = Terminal::new(100);
    let child = terminal.run(typed(&live, &dir));
    terminal.wait_for("2 unchanged");
    assert_exit(&child.wait_with_output().expect("its output"), 0);
    check(&live, &dir);
}
