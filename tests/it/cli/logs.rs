//! What goes to a log, where there is no terminal.

use super::*;

#[cfg(unix)]
#[test]
fn a_wait_for_the_rate_limit_is_a_line() {
    use std::io::{BufRead, BufReader};

    let window = std::time::Duration::from_secs(600);
    let live = Live::of(Sandbox::builder().rate_limit(1, window));
    let mut child = live
        .upload(&[
            HERO,
            "openapi/provenance.json",
            "openapi/webflow-assets.json",
        ])
        .spawn()
        .expect("the command runs");
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut first = String::new();
    stderr.read_line(&mut first).expect("a line");
    assert!(first.contains("/3 files, "), "{first}");
    assert!(first.contains("; waiting for the rate limit, "), "{first}");
    signal(&child, "INT");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

#[test]
fn an_error_is_an_annotation_in_github_actions() {
    let live = Live::start();
    let output = run(live
        .upload(&["no-such%.png", HERO])
        .env("GITHUB_ACTIONS", "true"));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with(
            "::error::no-such%25.png: the file cannot be read%0Acaused by: No such file"
        ),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert_eq!(text(&output.stdout).lines().count(), 1);
}

#[test]
fn verbose_shows_retries_and_very_verbose_requests() {
    let rule = || "post:503*1".parse().expect("a rule");
    let live = Live::of(Sandbox::builder().fault(rule()));
    let output = run(&mut live.upload(&[HERO, "-v"]));
    assert_exit(&output, 0);
    let stderr = text(&output.stderr);
    assert!(stderr.contains("WARN"), "{stderr}");
    assert!(!stderr.contains("POST"), "{stderr}");
    assert!(!stderr.contains(live.sandbox.token()), "{stderr}");

    let from = Live::start();
    let asset = from.sandbox.add_asset("a.css", &b"a { }"[..]);
    let asset = run(&mut from.command(&["get", &asset.id, "--json"]));
    let fetched = json_lines(&asset)[0]["hosted_url"].clone();
    let fetched = fetched.as_str().expect("a URL");
    let output = run(&mut live.upload(&[&format!("{fetched}?signature=s3cr3t"), "-vv"]));
    assert_exit(&output, 0);
    let stderr = text(&output.stderr);
    for (method, status) in [("GET", 200), ("POST", 201)] {
        let begins = format!("request method={method} host=\"127.0.0.1\" path=\"/");
        let ends = format!("\" status={status}");
        let mut lines = stderr.lines();
        assert!(
            lines.any(|line| line.contains(&begins) && line.ends_with(&ends)),
            "{stderr}"
        );
    }
    for secret in ["s3cr3t", "X-Amz", live.sandbox.token()] {
        assert!(!stderr.contains(secret), "{stderr}");
    }

    let output = run(&mut live.command(&["-vv", "doctor"]));
    assert!(text(&output.stderr).contains("method=HEAD"), "{output:?}");

    let output = run(&mut live.command(&["-vv", "list"]));
    assert_exit(&output, 0);
    let stderr = text(&output.stderr);
    let path = format!("/sites/{}/assets", live.sandbox.site_id());
    assert!(
        stderr.contains("method=GET") && stderr.contains(&path) && stderr.contains("status=200"),
        "{stderr}"
    );
    assert!(!stderr.contains(live.sandbox.token()), "{stderr}");
}
