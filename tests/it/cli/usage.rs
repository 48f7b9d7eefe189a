//! What is understood, what is not, and what is said about it.

use super::*;

#[test]
fn the_help_is_as_reviewed() {
    for (name, args) in [
        ("help", &["--help"][..]),
        ("help-upload", &["upload", "--help"]),
        ("help-sync", &["sync", "--help"]),
        ("help-url", &["url", "--help"]),
        ("help-pull", &["pull", "--help"]),
        ("help-list", &["list", "--help"]),
        ("help-get", &["get", "--help"]),
        ("help-update", &["update", "--help"]),
        ("help-rm", &["rm", "--help"]),
        ("help-sites", &["sites", "--help"]),
        ("help-doctor", &["doctor", "--help"]),
        ("help-folders", &["folders", "--help"]),
        ("help-folders-create", &["folders", "create", "--help"]),
        ("help-sandbox", &["sandbox", "--help"]),
        ("help-man", &["man", "--help"]),
        ("help-completions", &["completions", "--help"]),
    ] {
        let output = run(&mut command(args));
        assert_exit(&output, 0);
        insta::assert_snapshot!(name, text(&output.stdout));
    }
}

/// Wrong usage, and what is said about it.
const WRONG: &[(&[&str], &str)] = &[
    (&["upload"], "FILE"),
    (&["upload", HERO, "--nonsense"], "--nonsense"),
    (&["upload", HERO, "--token", "t0k3n"], "--token"),
    (&["upload", HERO, HERO, "--name", "a.png"], "--name"),
    (&["upload", HERO, "--name", ""], "--name has 0 characters"),
    (&["upload", HERO, "--site", ".."], r#"site "..""#),
    (&["upload", HERO, "--site="], "'--site <SITE>'"),
    (&["upload", HERO, "--base-url="], "'--base-url <URL>'"),
    (&["sites", "--base-url", ""], "'--base-url <URL>'"),
    (&["upload", HERO, "--token-file="], "'--token-file <PATH>'"),
    (
        &["upload", HERO, "--folder", "a//b"],
        "'a//b' for '--folder",
    ),
    (
        &["upload", HERO, "--dry-run", "--folder", "a/../b"],
        "is blank, `.` or `..`",
    ),
    (&["upload", HERO, "--folder", " "], "is blank"),
    (&["list", "--folder", "a\nb\u{1b}[31m"], r"'a\nb\u{1b}[31m'"),
    (&["sync", "src", "--folder", ".."], "is blank, `.` or `..`"),
    (
        &["upload", HERO, "--name", "a\nb"],
        "--name has a control character",
    ),
    (
        &["upload", HERO, "--name", "a\nb", "--dry-run"],
        "pass another name",
    ),
    (
        &["upload", "http://"],
        "begins like a URL is none: empty host",
    ),
    (
        &["upload", "https://[", "--name", "a.png"],
        "begins like a URL is none",
    ),
    (&["upload", HERO, HERO, "--alt-text", "a"], "--alt-text"),
    (
        &["upload", HERO, HERO, "--display-name", "a"],
        "single asset",
    ),
    (
        &["upload", HERO, "--concurrency", "0"],
        "a whole number from 1 to 256",
    ),
    (
        &["upload", HERO, "--concurrency", "99999999999"],
        "a whole number from 1 to 256",
    ),
    (
        &["sync", "src", "--concurrency", "257"],
        "a whole number from 1 to 256",
    ),
    (
        &["upload", HERO, "--timeout", "0"],
        "as in 1m, 90s or 250ms",
    ),
    (&["upload", HERO, "--timeout", "NaN"], "--timeout"),
    (&["upload", HERO, "--retries", "many"], "from 0 to 100"),
    (&["upload", "-"], "pass --name"),
    (
        &["update", SITE],
        "pass --alt-text, --display-name or --texts",
    ),
    (&["update", "--texts", "no-such.csv"], "cannot be read"),
    (
        &["upload", "--files-from", "no-such-list"],
        "cannot be read",
    ),
    (
        &["list", "--folder", "/"],
        "a path, as in brand/2026, or an id",
    ),
    (&["folders", "create"], "PATH"),
    (&["folders", "create", SITE], "a path, not an id"),
    (&["list", "--site", ".."], r#"site "..""#),
    (&["get"], "ASSET_ID"),
    (&["get", ".."], "an asset id has 24 hexadecimal digits"),
    (&["get", SITE, "--site", SITE], "--site"),
    (&["rm"], "ASSET_ID"),
    (&["rm", "--yes", SITE, "x"], "'x'"),
    (&["folders", "--site", "a b"], r#"site "a b""#),
    (&["sync"], "DIR"),
    (&["sync", "src", "--yes"], "--delete"),
    (&["sync", "src", "--include", "a[", "--site", SITE], "a["),
    (&["sync", "src", "--folder", "a//b"], "a//b"),
    (&["sync", "src", "--long-names", "cut"], "refuse, shorten"),
    (&["sync", "src", "--sandbox"], "--sandbox"),
    (&["url"], "PATH"),
    (&["man", "upload"], "'upload'"),
    (&["upload", HERO, "--base-url", "nonsense"], "not a URL"),
    (
        &["upload", HERO, "--base-url", "http://192.0.2.1/v2"],
        "--allow-http",
    ),
    (
        &["upload", HERO, "--token-file", "no-such-file"],
        "the token file cannot be read: ",
    ),
    (&["upload", HERO, "--sandbox", "--site", SITE], "--sandbox"),
    (&["sandbox", "--port", "70000"], "70000"),
    (
        &["sandbox", "--fault", "503"],
        "`503` is no rule: expected `operation:fault`",
    ),
    (
        &[
            "sandbox",
            "--fault",
            "create:503",
            "--fault",
            "get:wrong-etag",
        ],
        "`wrong-etag` hits post, not get",
    ),
    (&["sandbox", "--fault", "post:503*0"], "`0` is no count"),
    (
        &["sandbox", "--rate-limit", "60"],
        "as in 60/1m or 60/500ms",
    ),
    (&["sandbox", "--rate-limit", "0/1"], "a number from 1"),
    (&["sandbox", "--rate-limit", "1/-1"], "60/500ms"),
    (&["sandbox", "--rate-limit", "1/NaN"], "60/500ms"),
    (&["frobnicate"], "frobnicate"),
];

#[test]
fn wrong_usage_sends_nothing() {
    let live = Live::start();
    let (long, folder) = ("n".repeat(100), "n".repeat(300));
    let too_long: (&[&str], &str) = (&["upload", HERO, "--name", &long], "--name has 100");
    let long_folder: (&[&str], &str) = (&["upload", HERO, "--folder", &folder], "more than 255");
    for (args, names) in WRONG.iter().chain([&too_long, &long_folder]) {
        let output = run(&mut live.point(command(args)));
        assert_exit(&output, 2);
        let stderr = text(&output.stderr);
        assert!(stderr.contains(names), "{args:?}: {stderr}");
        assert!(stderr.starts_with("error: "), "{args:?}: {stderr}");
        assert_eq!(text(&output.stdout), "", "{args:?}");
    }
    assert_eq!(live.sandbox.requests(), []);
}

#[test]
fn what_is_missing_from_the_environment_is_named() {
    let live = Live::start();
    for (name, says) in [
        ("WEBFLOW_SITE_ID", "or set WEBFLOW_SITE_ID"),
        (
            "WEBFLOW_API_TOKEN",
            "set WEBFLOW_API_TOKEN, or pass --token-file",
        ),
    ] {
        let output = run(live.upload(&[HERO]).env_remove(name));
        assert_exit(&output, 2);
        assert!(text(&output.stderr).contains(says), "{output:?}");
    }
    let output = run(live.upload(&[HERO]).env("WEBFLOW_API_TOKEN", " "));
    assert_exit(&output, 2);
    assert_eq!(live.sandbox.requests(), []);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_refused_and_an_empty_one_is_not_set() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};

    let live = Live::start();
    let names = ["WEBFLOW_SITE_ID", "WEBFLOW_API_TOKEN", "WEBFLOW_BASE_URL"];
    for name in names {
        // What is meant is all there, but for a byte.
        let mut value = live.sandbox.base_url().to_owned().into_bytes();
        value.push(0xff);
        let value = OsString::from_vec(value);
        for command in ["list", "doctor"] {
            let output = run(live.command(&[command]).env(name, &value));
            assert_exit(&output, 2);
            let says = format!("error: the environment variable {name} is not UTF-8; set it again");
            assert!(text(&output.stderr).starts_with(&says), "{output:?}");
        }
    }
    assert_eq!(live.sandbox.requests(), []);

    let base_url = live.sandbox.base_url().to_owned();
    let list = ["list", "--base-url", &base_url];
    assert_exit(&run(live.command(&list).env("WEBFLOW_BASE_URL", "")), 0);
    let output = run(live.command(&list).env("WEBFLOW_API_TOKEN", ""));
    assert_exit(&output, 2);
    assert!(text(&output.stderr).starts_with("error: no token: "));
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_an_end_is_not_read_to_it() {
    let live = Live::start();
    for (args, says) in [
        (
            &["list", "--token-file", "/dev/zero"][..],
            "the token cannot be used: its file has more than 64 KiB",
        ),
        (
            &["upload", HERO, "--texts", "/dev/zero"],
            "the texts cannot be read: it has more than 64 MiB",
        ),
        (
            &["upload", "--files-from", "/dev/zero"],
            "cannot be read: it has more than 64 MiB",
        ),
    ] {
        let output = run(&mut live.point(command(args)));
        assert_exit(&output, 2);
        assert!(text(&output.stderr).contains(says), "{output:?}");
    }
    assert_eq!(live.sandbox.requests(), []);

    // A pipe, as the shell makes it of `<(…)`, is read.
    let list = format!(
        "exec {} list --token-file <(printf '%s\\n' \"$WEBFLOW_API_TOKEN\")",
        env!("CARGO_BIN_EXE_webflow-assets")
    );
    let mut bash = Command::new("bash");
    bash.args(["-c", &list]);
    assert_exit(&run(&mut live.point(bash)), 0);
}

#[test]
fn the_environment_is_no_part_of_the_usage() {
    let live = Live::start();
    let output = run(&mut live.command(&["get"]));
    assert_exit(&output, 2);
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("Usage: webflow-assets get <ASSET_ID>..."),
        "{stderr}"
    );
}

#[test]
fn help_explains_a_command_too() {
    let long = run(&mut command(&["help", "upload"]));
    assert_exit(&long, 0);
    let short = run(&mut command(&["upload", "--help"]));
    assert_eq!(text(&long.stdout), text(&short.stdout));
}

#[test]
fn the_version_names_the_features() {
    let output = run(&mut command(&["--version"]));
    assert_exit(&output, 0);
    let stdout = text(&output.stdout);
    assert!(
        stdout.starts_with(concat!("webflow-assets ", env!("CARGO_PKG_VERSION"), "\n")),
        "{stdout}"
    );
    assert!(stdout.contains("\nfeatures: cli sandbox "), "{stdout}");
    let output = run(&mut command(&["-V"]));
    assert_eq!(text(&output.stdout).lines().count(), 1, "{output:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn too_few_files_that_may_be_open_are_an_error_and_no_panic() {
    for limit in [6, 8, 12] {
        let script = format!("ulimit -n {limit}; exec \"$0\" list --site {SITE}");
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &script, env!("CARGO_BIN_EXE_webflow-assets")]);
        let output = run(shell.env("WEBFLOW_API_TOKEN", "t0k3n"));
        assert_exit(&output, 1);
        let stderr = text(&output.stderr);
        assert!(
            stderr.starts_with("error: the command cannot start\n  caused by: Too many open files"),
            "{stderr}"
        );
    }
}
