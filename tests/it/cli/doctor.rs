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
    let _ = live.sandbox.add_asset("barn.txt", "a barn");
    let output = run(&mut live.command(&["doctor"]));
    assert_exit(&output, 0);
    let stdout = text(&output.stdout).replace(live.sandbox.site_id(), "ID");
    let stdout: Vec<&str> = stdout.lines().collect();
    assert_eq!(
        stdout[..8],
        [
            "ok      api           it answers",
            "ok      token         it has the scopes assets:read,assets:write,sites:read",
            "ok      site          the token sees sandbox (ID)",
            "ok      assets:read   for list, get, folders, sync and pull",
            "ok      assets:write  for upload, sync, update, rm and folders create",
            "ok      sites:read    for sites and short names of sites",
            "ok      s3            it answers",
            "ok      clock         it agrees with the server's",
        ]
    );
    assert!(stdout[8].contains("  6000 requests a minute, "));
    assert_eq!(stdout.len(), 9);
    assert_eq!(live.sandbox.assets().len(), 1);

    let output = run(live
        .command(&["doctor", "--json"])
        .env("WEBFLOW_SITE_ID", "sandbox"));
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 9);
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
            "make a token for this site with the scopes",
        ),
        (
            "WEBFLOW_API_TOKEN",
            live.sandbox.read_only_token(),
            1,
            &[
                "ok api",
                "ok token",
                "ok site",
                "ok assets:read",
                "failed assets:write",
                "ok sites:read",
                "note s3",
                "ok clock",
                "ok rate",
            ],
            "make a token for this site with the scopes",
        ),
        (
            "WEBFLOW_SITE_ID",
            "barns",
            1,
            &[
                "ok api",
                "ok token",
                "failed site",
                "ok assets:write",
                "ok sites:read",
                "note s3",
                "ok clock",
                "ok rate",
            ],
            "it sees sandbox",
        ),
        (
            "WEBFLOW_SITE_ID",
            "580e63e98c9a982ac9b8b742",
            1,
            &[
                "ok api",
                "ok token",
                "failed site",
                "ok assets:write",
                "ok sites:read",
                "note s3",
                "ok clock",
                "ok rate",
            ],
            "`webflow-assets sites` lists",
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

#[test]
fn a_token_may_do_without_the_scope_for_sites() {
    let live = Live::start();
    let mut doctor = live.command(&["doctor"]);
    let output = run(doctor.env("WEBFLOW_API_TOKEN", live.sandbox.assets_token()));
    assert_exit(&output, 0);
    let note = text(&output.stdout).lines().nth(5).expect("a line");
    assert!(note.starts_with("note    sites:read  "), "{note}");
    assert!(note.ends_with("or pass ids of sites"), "{note}");
    // With a short name, it may not.
    let mut doctor = live.command(&["doctor", "--site", "sandbox"]);
    let output = run(doctor.env("WEBFLOW_API_TOKEN", live.sandbox.assets_token()));
    assert_exit(&output, 1);
    let failed = text(&output.stdout).lines().nth(2).expect("a line");
    assert!(failed.starts_with("failed  site "), "{failed}");
    assert!(failed.ends_with("; pass --site with the id of a site"));
}

#[test]
fn scopes_that_webflow_does_not_list_are_tried() {
    let live = Live::start();
    let rule = "introspect:403*forever".parse().expect("a rule");
    live.sandbox.fault(rule);
    let output = run(&mut live.command(&["doctor"]));
    assert_exit(&output, 0);
    let stdout = text(&output.stdout);
    assert!(stdout.contains("its scopes are tried below"), "{stdout}");
    assert_eq!(verdicts(&output)[3], "ok assets:read");
}

#[test]
fn a_place_for_files_that_does_not_answer_is_named() {
    let live = Live::start();
    let server = httpmock::MockServer::start();
    let away = "http://127.0.0.1:9/barn.txt";
    let assets = serde_json::json!({ "assets": [{ "hostedUrl": away }] });
    server.mock(|when, then| {
        when.path_suffix("/assets");
        then.status(200).json_body(assets);
    });
    server.mock(|when, then| {
        when.any_request();
        then.status(200)
            .header("date", "today")
            .json_body(serde_json::json!({ "sites": [] }));
    });
    let mut doctor = live.command(&["doctor"]);
    let output = run(doctor.env("WEBFLOW_BASE_URL", server.base_url()));
    assert_exit(&output, 1);
    assert!(verdicts(&output).ends_with(&["note clock".to_owned(), "note rate".to_owned()]));
    let failed = text(&output.stdout)
        .lines()
        .find(|line| line.starts_with("failed"));
    let failed = failed.expect("a failure");
    assert!(
        failed.starts_with("failed  s3            no connection to 127.0.0.1:9: "),
        "{failed}"
    );
    assert!(failed.contains("check proxies"), "{failed}");
}

#[test]
fn a_server_that_is_not_webflow_is_named() {
    let live = Live::start();
    for (status, body) in [(404, "<html>Not here</html>"), (200, "{}")] {
        let server = httpmock::MockServer::start();
        server.mock(|when, then| {
            when.any_request();
            then.status(status).body(body);
        });
        let mut doctor = live.command(&["doctor"]);
        let output = run(doctor.env("WEBFLOW_BASE_URL", server.base_url()));
        assert_exit(&output, 1);
        assert_eq!(
            text(&output.stdout),
            "failed  api           it answers, but not as Webflow's API does; check --base-url, \
             WEBFLOW_BASE_URL, proxies and the network\n"
        );
    }
}
