//! The `webflow-assets` command, run as its users run it.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tokio::runtime::Runtime;
use webflow_assets::sandbox::Sandbox;

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
            || ["COLUMNS", "NO_COLOR"].contains(&text.as_str())
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

/// A sandbox in this process, and what points the command at it.
struct Live {
    sandbox: Sandbox,
    _runtime: Runtime,
}

impl Live {
    fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime starts");
        let sandbox = runtime
            .block_on(Sandbox::start())
            .expect("the sandbox starts");
        Self {
            sandbox,
            _runtime: runtime,
        }
    }

    fn upload(&self, args: &[&str]) -> Command {
        let mut upload = command(&["upload"]);
        upload.args(args);
        self.point(upload)
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

#[test]
fn the_help_is_as_reviewed() {
    for (name, args) in [
        ("help.txt", &["--help"][..]),
        ("help-upload.txt", &["upload", "--help"]),
        ("help-sandbox.txt", &["sandbox", "--help"]),
        ("help-completions.txt", &["completions", "--help"]),
    ] {
        let output = run(&mut command(args));
        assert_exit(&output, 0);
        let path = Path::new("tests/it/snapshots").join(name);
        if env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::write(&path, &output.stdout).expect("the snapshot is written");
        }
        let reviewed = fs::read_to_string(&path).expect("the snapshot is there");
        assert_eq!(
            text(&output.stdout),
            reviewed,
            "{name} differs; UPDATE_SNAPSHOTS=1 takes the new text over"
        );
    }
}

#[test]
fn an_upload_prints_the_id_and_the_hosted_url() {
    let live = Live::start();
    let output = run(&mut live.upload(&[HERO]));
    assert_exit(&output, 0);
    let asset = &live.sandbox.assets()[0];
    let (id, url) = text(&output.stdout)
        .strip_suffix('\n')
        .and_then(|line| line.split_once('\t'))
        .expect("one line with a tab");
    assert_eq!(id, asset.id);
    assert!(url.ends_with(&asset.key), "{url}");
    assert_eq!(text(&output.stderr), "");
    let hero = fs::read(HERO).expect("the fixture is there");
    assert_eq!(live.stored(), [("hero.png".to_owned(), hero)]);
}

#[test]
fn name_and_folder_and_token_file_arrive() {
    let live = Live::start();
    let token = scratch("token_file").join("token");
    fs::write(&token, format!("{}\n", live.sandbox.token())).expect("the token is written");
    let output = run(live
        .upload(&[HERO, "--name", "another.png", "--json"])
        .args(["--folder", live.sandbox.folder_id()])
        .args(["--token-file", path_text(&token)])
        .env("WEBFLOW_API_TOKEN", "not-the-token"));
    assert_exit(&output, 0);
    let asset = &live.sandbox.assets()[0];
    assert_eq!(asset.file_name, "another.png");
    assert_eq!(
        asset.parent_folder.as_deref(),
        Some(live.sandbox.folder_id())
    );
    let printed: Value = serde_json::from_slice(&output.stdout).expect("one JSON line");
    assert_eq!(printed["file"], HERO);
    assert_eq!(printed["id"], asset.id);
    assert_eq!(printed["file_name"], "another.png");
    assert_eq!(printed["parent_folder"], live.sandbox.folder_id());
    assert_eq!(printed["content_type"], "image/png");
    assert_eq!(
        printed["size"],
        fs::metadata(HERO).expect("a fixture").len()
    );
    assert_eq!(printed["md5"], asset.file_hash);
    assert_eq!(printed["outcome"], "uploaded");
    assert!(printed["hosted_url"].is_string() && printed["asset_url"].is_string());
    assert_eq!(
        printed.as_object().expect("an object").len(),
        10,
        "{printed}"
    );
}

#[test]
fn one_failing_file_stops_no_other() {
    let live = Live::start();
    let output = run(&mut live.upload(&["no-such.png", HERO]));
    assert_exit(&output, 1);
    assert_eq!(text(&output.stdout).lines().count(), 1);
    let stderr = text(&output.stderr);
    let mut lines = stderr.lines();
    assert_eq!(
        lines.next(),
        Some("error: no-such.png: the file cannot be read")
    );
    let cause = lines.next().expect("a cause");
    assert!(cause.starts_with("  caused by: No such file"), "{cause}");
    assert_eq!(lines.next(), None);
    assert_eq!(live.stored()[0].0, "hero.png");
}

#[test]
fn json_lines_tell_what_failed_and_why() {
    let live = Live::start();
    let mut upload = live.upload(&["--json", "no-such.png", HERO]);
    let output = run(&mut upload);
    assert_exit(&output, 1);
    let lines: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["file"], "no-such.png");
    assert_eq!(lines[0]["error"], "no-such.png: the file cannot be read");
    assert_eq!(lines[0]["causes"].as_array().expect("an array").len(), 1);
    assert_eq!(lines[0]["status"], Value::Null);
    assert_eq!(lines[0]["asset_id"], Value::Null);
    assert_eq!(lines[1]["outcome"], "uploaded");

    let output = run(upload.env("WEBFLOW_API_TOKEN", live.sandbox.read_only_token()));
    assert_exit(&output, 1);
    let refused: Value = text(&output.stdout)
        .lines()
        .nth(1)
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .expect("a second line");
    assert!(refused["status"].is_u64(), "{refused}");
    assert_eq!(refused["causes"], Value::Array(Vec::new()));
}

#[test]
fn an_answered_error_is_one_line() {
    let live = Live::start();
    let output = run(live.upload(&[HERO]).env("WEBFLOW_API_TOKEN", "wrong"));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains(" 401 "), "{stderr}");
    assert!(!stderr.contains("headers"), "{stderr}");
}

#[test]
fn a_refused_connection_has_its_causes_once() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let output = run(command(&["upload", HERO, "--site", SITE])
        .args(["--base-url", &format!("http://127.0.0.1:{port}")])
        .env("WEBFLOW_API_TOKEN", "t0k3n"));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    assert_eq!(stderr.matches("error sending request").count(), 1);
    assert!(stderr.contains("\n  caused by: tcp connect error\n"));
    assert!(!stderr.contains("Communication Error"), "{stderr}");
}

#[test]
fn wrong_usage_sends_nothing() {
    let live = Live::start();
    let long = "n".repeat(100);
    let cases: [(&[&str], &str); 22] = [
        (&["upload"], "FILE"),
        (&["upload", HERO, "--nonsense"], "--nonsense"),
        (&["upload", HERO, "--token", "t0k3n"], "--token"),
        (&["upload", HERO, HERO, "--name", "a.png"], "--name"),
        (&["upload", HERO, "--name", ""], "--name has 0 characters"),
        (&["upload", HERO, "--name", &long], "--name has 100"),
        (&["upload", HERO, "--site", ".."], r#"site id "..""#),
        (&["upload", HERO, "--site", ""], "no site"),
        (&["upload", HERO, "--folder", "a/b"], r#"folder id "a/b""#),
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
        (&["sandbox", "--rate-limit", "60"], "as in 60/60 or 60/0.5"),
        (&["sandbox", "--rate-limit", "0/1"], "a number from 1"),
        (&["sandbox", "--rate-limit", "1/-1"], "60/0.5"),
        (&["sandbox", "--rate-limit", "1/NaN"], "60/0.5"),
        (&["frobnicate"], "frobnicate"),
    ];
    for (args, names) in cases {
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
        ("WEBFLOW_SITE_ID", "pass --site, or set WEBFLOW_SITE_ID"),
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
fn a_sandbox_inside_needs_no_account_and_no_network() {
    let output = run(command(&["upload", "--sandbox", HERO])
        .env("WEBFLOW_SITE_ID", "nonsense")
        .env("WEBFLOW_BASE_URL", "http://192.0.2.1")
        .env("WEBFLOW_API_TOKEN", "")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("http_proxy", "http://127.0.0.1:9"));
    assert_exit(&output, 0);
    let size = fs::metadata(HERO).expect("a fixture").len();
    assert_eq!(
        text(&output.stderr),
        format!("sandbox: 1 asset, {size} bytes stored; nothing left this machine\n")
    );
    let output = run(&mut command(&["upload", "--sandbox", "--quiet", HERO]));
    assert_exit(&output, 0);
    assert_eq!(text(&output.stderr), "");
}

/// A `sandbox` sub-command that is stopped at the latest when the test ends.
struct Served(Child);

impl Served {
    fn start(args: &[&str]) -> (Self, Vec<String>) {
        let mut child = command(&["sandbox"])
            .args(args)
            .spawn()
            .expect("the command runs");
        let stdout = child.stdout.take().expect("a pipe");
        let lines = BufReader::new(stdout)
            .lines()
            .take(3)
            .collect::<Result<_, _>>()
            .expect("three lines");
        (Self(child), lines)
    }

    /// An upload to a sandbox that printed these lines.
    fn upload(lines: &[String], file: &str) -> Command {
        let exported = lines.iter().map(|line| {
            line.strip_prefix("export ")
                .and_then(|line| line.split_once('='))
                .expect("an export line")
        });
        let mut upload = command(&["upload", file]);
        upload.envs(exported);
        upload
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_second_process_can_use_the_export_lines() {
    let (mut served, lines) = Served::start(&["--max-size", "100"]);
    let exported: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| {
            line.strip_prefix("export ")
                .and_then(|line| line.split_once('='))
                .expect("an export line")
        })
        .collect();
    let names: Vec<&str> = exported.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        ["WEBFLOW_API_TOKEN", "WEBFLOW_SITE_ID", "WEBFLOW_BASE_URL"]
    );
    for (_, value) in &exported {
        // A shell must read it as it is.
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:".contains(c);
        assert!(value.chars().all(plain), "{value}");
    }

    let dir = scratch("export_lines");
    let (fits, too_big) = (dir.join("fits.txt"), dir.join("too-big.txt"));
    fs::write(&fits, [b'a'; 100]).expect("a file is written");
    fs::write(&too_big, [b'a'; 101]).expect("a file is written");
    let upload =
        |file: &Path| run(command(&["upload", path_text(file)]).envs(exported.iter().copied()));
    assert_exit(&upload(&fits), 0);
    let output = upload(&too_big);
    assert_exit(&output, 1);
    assert!(text(&output.stderr).contains("101 bytes"), "{output:?}");

    #[cfg(unix)]
    {
        signal(&served.0, "TERM");
        let status = served.0.wait().expect("the command ends");
        assert_eq!(status.code(), Some(0));
    }
}

#[test]
fn a_sandbox_fails_as_often_as_it_is_told() {
    // Faults that no client repeats a request for.
    let (_served, lines) = Served::start(&[
        "--fault",
        "create:400,code=validation_error",
        "--fault",
        "post:400,code=InvalidPolicyDocument",
    ]);
    for names in ["validation_error", "InvalidPolicyDocument"] {
        let output = run(&mut Served::upload(&lines, HERO));
        assert_exit(&output, 1);
        let stderr = text(&output.stderr);
        assert!(stderr.contains(names), "{stderr}");
        assert_eq!(text(&output.stdout), "");
    }
    assert_exit(&run(&mut Served::upload(&lines, HERO)), 0);
}

#[tokio::test]
async fn a_sandbox_takes_as_many_requests_in_a_window_as_it_is_told() {
    let (_served, lines) = Served::start(&["--rate-limit", "2/600"]);
    let value = |name: &str| {
        let line = lines.iter().find(|line| line.contains(name));
        line.and_then(|line| line.split_once('='))
            .expect("an export line")
            .1
    };
    let url = format!("{}/assets/580e63e98c9a982ac9b8b741", value("BASE_URL"));
    let http = reqwest::Client::new();
    for status in [404, 404, 429] {
        let request = http.get(&url).bearer_auth(value("TOKEN"));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["x-ratelimit-limit"], "2");
    }
}

#[test]
fn a_taken_port_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let output = run(&mut command(&["sandbox", "--port", &port]));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with("error: the sandbox cannot start\n  caused by: "));
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(status.expect("kill runs").success());
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_an_upload_with_a_line() {
    // Accepts a connection and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = command(&["upload", HERO, HERO, "--site", SITE, "--base-url", &url])
            .env("WEBFLOW_API_TOKEN", "t0k3n")
            .spawn()
            .expect("the command runs");
        let (mut connection, _) = silent.accept().expect("a connection");
        assert_ne!(connection.read(&mut [0; 1]).expect("a request"), 0);
        signal(&child, name);
        assert_eq!(child.wait().expect("it ends").code(), Some(code));
        let output = child.wait_with_output().expect("its output");
        assert_eq!(text(&output.stdout), "");
        assert_eq!(
            text(&output.stderr),
            format!("interrupted: {HERO} was not uploaded\n")
        );
    }
}

#[test]
fn a_closed_pipe_ends_the_command_quietly() {
    for args in [
        &["upload", "--sandbox", HERO, HERO][..],
        &["sandbox"],
        &["completions", "zsh"],
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
    let output = run(command(&["completions", "bash"]).stdout(full));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with("error: the result cannot be written\n  caused by: "));
}

#[cfg(unix)]
#[test]
fn a_name_with_line_breaks_breaks_no_line() {
    let file = scratch("odd_names").join("two\nlines\u{1b}[31m.png");
    fs::write(&file, "odd").expect("a file is written");
    let file = path_text(&file);
    let live = Live::start();
    // The service takes no such name, and is asked for none.
    let output = run(&mut live.upload(&[file, "--name", "even.png", "--json"]));
    assert_exit(&output, 0);
    let printed: Value = serde_json::from_slice(&output.stdout).expect("one JSON line");
    assert_eq!(printed["file"], file);
    assert_eq!(text(&output.stdout).lines().count(), 1);

    let output = run(&mut live.upload(&["no\nsuch\u{1b}[31m.png", file]));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    let starts = [
        r"error: no\nsuch\u{1b}[31m.png: ".to_owned(),
        "  caused by: ".to_owned(),
        format!(
            "error: {}: ",
            file.replace('\n', r"\n").replace('\u{1b}', r"\u{1b}")
        ),
    ];
    assert_eq!(stderr.lines().count(), starts.len(), "{stderr}");
    for (line, start) in stderr.lines().zip(&starts) {
        assert!(line.starts_with(start), "{stderr}");
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

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&mut command(&["completions", shell]));
        assert_exit(&output, 0);
        let script = text(&output.stdout);
        assert!(script.contains("webflow-assets"), "{shell}");
        assert!(script.contains("token-file"), "{shell}");
    }
}
