//! `doctor`.

use super::*;

/// The lines that are printed, each up to what it found.
fn verdicts(output: &Output) -> Vec<String> {
    let lines = text(&output.stdout).lines();
    let words = |line: &str| {
        line.split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" ")
    };
    lines.map(words).collect()
}

#[test]
fn everything_is_well_with_a_good_token() {
    let live = Live::start();
    let output = run(&mut live.command(&["doctor"]));
    assert_exit(&output, 0);
    assert_eq!(
        verdicts(&output),
        [
            "ok api", "ok token", "ok site", "ok write", "ok clock", "ok rate"
        ]
    );
    let stdout = text(&output.stdout);
    assert!(stdout.contains("6000 requests a minute, "), "{stdout}");
    assert_eq!(live.sandbox.assets(), []);

    let output = run(&mut live.command(&["doctor", "--json"]));
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 6);
    assert!(
        lines
            .iter()
            .all(|line| line["ok"] == true && line["text"].is_string())
    );
}

#[test]
fn what_is_wrong_is_named_with_its_remedy() {
    let live = Live::start();
    let doctor = |name: &str, value: &str| run(live.command(&["doctor"]).env(name, value));
    for (name, value, code, expected, remedy) in [
        (
            "WEBFLOW_API_TOKEN",
            "wrong",
            3,
            &["ok api", "failed token"][..],
            "make a token with the scopes",
        ),
        (
            "WEBFLOW_API_TOKEN",
            live.sandbox.read_only_token(),
            1,
            &[
                "ok api",
                "ok token",
                "ok site",
                "failed write",
                "ok clock",
                "ok rate",
            ],
            "make a token with the scope assets:write",
        ),
        (
            "WEBFLOW_SITE_ID",
            "580e63e98c9a982ac9b8b742",
            1,
            &["ok api", "ok token", "failed site"],
            "check the site id",
        ),
        (
            "WEBFLOW_BASE_URL",
            "http://127.0.0.1:9/v2",
            1,
            &["failed api"],
            "check --base-url",
        ),
    ] {
        let output = doctor(name, value);
        assert_exit(&output, code);
        assert_eq!(verdicts(&output), expected, "{value}");
        let stdout = text(&output.stdout);
        let failed = stdout.lines().find(|line| line.starts_with("failed"));
        assert!(failed.expect("a failure").contains(remedy), "{stdout}");
        assert_eq!(text(&output.stderr), "");
    }
}
