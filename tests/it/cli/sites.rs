//! `sites`, and sites by their short names.

use super::*;

#[test]
fn sites_are_listed_with_ids_and_short_names() {
    let live = Live::start();
    let mut sites = live.command(&["sites"]);
    // It needs no site.
    let output = run(sites.env_remove("WEBFLOW_SITE_ID"));
    assert_exit(&output, 0);
    let id = live.sandbox.site_id();
    assert_eq!(text(&output.stdout), format!("{id}\tsandbox\tSandbox\n"));

    let output = run(&mut live.command(&["sites", "--json"]));
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["id"], id);
    assert_eq!(lines[0]["short_name"], "sandbox");
    assert_eq!(lines[0]["display_name"], "Sandbox");
}

#[test]
fn a_short_name_is_looked_up_once_in_every_command_that_takes_a_site() {
    let live = Live::start();
    let dir = scratch("short_names");
    fs::copy(HERO, dir.join("hero.png")).expect("a copy");
    let dir = path_text(&dir);
    let commands: [&[&str]; 6] = [
        &["folders", "create", "brand/2026"],
        &["upload", HERO],
        &["sync", dir],
        &["list"],
        &["folders"],
        &["pull", dir],
    ];
    let mut looked_up = 0;
    for args in commands {
        let mut command = live.command(args);
        command.args(["--site", "Sandbox"]);
        assert_exit(&run(command.env_remove("WEBFLOW_SITE_ID")), 0);
        looked_up += 1;
        let requests = live.sandbox.requests();
        let sites = requests.iter().filter(|r| r.path == "/v2/sites");
        assert_eq!(sites.count(), looked_up, "{args:?}");
    }
    assert_eq!(live.sandbox.assets().len(), 1);
    // The environment takes one as well, and an id costs no request.
    let mut list = live.command(&["list"]);
    assert_exit(&run(list.env("WEBFLOW_SITE_ID", "sandbox")), 0);
    assert_exit(&run(&mut live.command(&["list"])), 0);
    let requests = live.sandbox.requests();
    let sites = requests.iter().filter(|r| r.path == "/v2/sites");
    assert_eq!(sites.count(), looked_up + 1);
}

#[test]
fn a_short_name_needs_its_scope() {
    let live = Live::start();
    let mut list = live.command(&["list", "--site", "sandbox"]);
    let output = run(list.env("WEBFLOW_API_TOKEN", live.sandbox.assets_token()));
    assert_exit(&output, 3);
    let stderr = text(&output.stderr);
    assert!(stderr.contains("the site `sandbox` was not looked up: 401"));
    assert!(stderr.contains("scope sites:read"), "{stderr}");
}
