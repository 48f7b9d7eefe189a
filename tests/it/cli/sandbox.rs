//! `sandbox`.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::Child,
};

use super::*;

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
    let (served, lines) = Served::start(&["--max-size", "100"]);
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
        let mut served = served;
        signal(&served.0, "TERM");
        let status = served.0.wait().expect("the command ends");
        assert_eq!(status.code(), Some(0));
    }
    #[cfg(not(unix))]
    drop(served);
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
