//! `list`, `get` and `rm`.

use super::*;

/// A site with these assets, which are called `0.txt` and so on.
fn with_assets(count: usize) -> (Live, Vec<String>) {
    let live = Live::start();
    let add = |n: usize| {
        let asset = live
            .sandbox
            .add_asset(format!("{n}.txt"), format!("content {n}"));
        asset.id
    };
    let ids = (0..count).map(add).collect();
    (live, ids)
}

#[test]
fn a_list_has_every_asset_on_every_page() {
    let (live, mut ids) = with_assets(205);
    let output = run(&mut live.command(&["list"]));
    assert_exit(&output, 0);
    let lines: Vec<Vec<&str>> = text(&output.stdout)
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    let mut listed: Vec<&str> = lines.iter().map(|line| line[0]).collect();
    listed.sort_unstable();
    ids.sort_unstable();
    assert_eq!(listed, ids);
    assert!(
        lines
            .iter()
            .any(|line| line[1..] == ["11", "text/plain", "", "123.txt"])
    );
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_list_for_machines_has_all_that_is_known() {
    let live = Live::start();
    let folder = live.sandbox.folder_id();
    let upload = run(live
        .upload(&[HERO, "--alt-text", "A barn", "--folder", folder])
        .arg("--json"));
    let uploaded = &json_lines(&upload)[0];
    let _ = live.sandbox.add_asset("elsewhere.txt", "elsewhere");

    let output = run(&mut live.command(&["list", "--json", "--folder", folder]));
    assert_exit(&output, 0);
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 1);
    let mut asset = lines[0].clone();
    let path = asset.as_object_mut().expect("an object").remove("folder");
    assert_eq!(path, Some("Folder".into()));
    for field in [
        "id",
        "hosted_url",
        "file_name",
        "content_type",
        "size",
        "parent_folder",
    ] {
        assert_eq!(asset[field], uploaded[field], "{field}");
    }
    assert_eq!(asset["alt_text"], "A barn");
    assert_eq!(asset["site"], live.sandbox.site_id());
    for field in ["display_name", "created_on", "last_updated"] {
        assert!(asset[field].is_string(), "{asset}");
    }
    assert_eq!(asset["variants"], serde_json::json!([]));
    assert_eq!(asset.as_object().expect("an object").len(), 12, "{asset}");

    let got = run(&mut live.command(&["get", asset["id"].as_str().expect("an id"), "--json"]));
    assert_eq!(json_lines(&got), [asset]);
}

#[test]
fn an_empty_list_says_so() {
    let live = Live::start();
    for args in [&["list"][..], &["list", "--json"]] {
        let output = run(&mut live.command(args));
        assert_exit(&output, 0);
        assert_eq!(text(&output.stdout), "");
        assert_eq!(text(&output.stderr), "no assets\n");
    }
}

#[test]
fn a_list_that_is_refused_is_an_error_in_a_line() {
    let live = Live::start();
    for (args, what) in [
        (["list"], "the folders were not listed: 401 "),
        (["folders"], "the folders were not listed: 401 "),
    ] {
        let output = run(live.command(&args).env("WEBFLOW_API_TOKEN", "wrong"));
        assert_exit(&output, 3);
        let stderr = text(&output.stderr);
        assert!(stderr.starts_with(&format!("error: {what}")), "{stderr}");
        assert!(stderr.contains("scope assets:read"), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    let output = run(live
        .command(&["list"])
        .env("WEBFLOW_BASE_URL", "http://127.0.0.1:9"));
    assert_exit(&output, 1);
    assert!(
        text(&output.stderr)
            .contains("the folders were not listed: no connection to 127.0.0.1:9: "),
        "{output:?}"
    );
}

#[test]
fn an_asset_is_shown_without_a_site() {
    let (live, ids) = with_assets(2);
    let output = run(live
        .command(&["get", &ids[0], SITE, &ids[1]])
        .env_remove("WEBFLOW_SITE_ID"));
    assert_exit(&output, 1);
    let stdout = text(&output.stdout);
    let assets: Vec<&str> = stdout.split("\n\n").collect();
    assert_eq!(assets.len(), 2, "{stdout}");
    for (n, asset) in assets.into_iter().enumerate() {
        let has = |line: &str| asset.lines().any(|l| l == line);
        assert!(has(&format!("id         {}", ids[n])), "{asset}");
        assert!(has(&format!("file name  {n}.txt")), "{asset}");
        assert!(has("size       9 B"), "{asset}");
    }
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with(&format!("error: {SITE}: 404 ")),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");

    let output = run(&mut live.command(&["get", "--json", SITE, &ids[1]]));
    assert_exit(&output, 1);
    let lines = json_lines(&output);
    assert_eq!(
        (&lines[0]["id"], &lines[0]["status"]),
        (&SITE.into(), &404.into())
    );
    assert!(lines[0]["error"].is_string());
    assert_eq!(lines[1]["id"], ids[1].as_str());
}

#[test]
fn nothing_is_deleted_unasked_where_nobody_can_be_asked() {
    let (live, ids) = with_assets(1);
    let output = run(&mut live.command(&["rm", &ids[0]]));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with("error: nothing was deleted: "),
        "{stderr}"
    );
    assert!(stderr.contains("--yes"), "{stderr}");
    assert_eq!(live.sandbox.requests(), []);
}

#[test]
fn an_asset_that_is_not_there_keeps_no_other_from_being_deleted() {
    let (live, ids) = with_assets(3);
    let output = run(live
        .command(&["rm", "--yes", &ids[0], SITE, &ids[0], &ids[2]])
        .env_remove("WEBFLOW_SITE_ID"));
    assert_exit(&output, 1);
    assert_eq!(text(&output.stdout), format!("{}\n{}\n", ids[0], ids[2]));
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with(&format!("error: {SITE}: not deleted: 404 ")),
        "{stderr}"
    );
    // An asset that is named twice is deleted once.
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let left: Vec<String> = live.sandbox.assets().into_iter().map(|a| a.id).collect();
    assert_eq!(left, [ids[1].as_str()]);
}

#[test]
fn a_reader_that_has_enough_ends_a_list() {
    let (live, ids) = with_assets(1);
    for args in [
        &["list"][..],
        &["list", "--json"],
        &["folders"],
        &["get", &ids[0]],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = run(live.command(args).stdout(writer));
        assert_exit(&output, 141);
        assert_eq!(text(&output.stderr), "", "{args:?}");
    }
}

#[test]
fn a_refused_token_is_tried_once() {
    let (live, ids) = with_assets(3);
    for args in [&["get", "--json"][..], &["rm", "--yes"]] {
        let asked = live.sandbox.requests().len();
        let mut command = live.command(args);
        let output = run(command.args(&ids).env("WEBFLOW_API_TOKEN", "wrong"));
        assert_exit(&output, 3);
        let stderr = text(&output.stderr);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert_eq!(live.sandbox.requests().len(), asked + 1, "{args:?}");
    }
}

#[test]
fn invisible_characters_and_backslashes_of_a_name_are_escaped() {
    let live = Live::start();
    let _ = live
        .sandbox
        .add_asset("a\u{200b}\\u{200b}\u{feff}.png", "odd");
    let output = run(&mut live.command(&["list"]));
    assert_exit(&output, 0);
    let stdout = text(&output.stdout);
    let name = stdout.trim_end().rsplit('\t').next();
    assert_eq!(name, Some(r"a\u{200b}\\u{200b}\u{feff}.png"), "{stdout}");
}
