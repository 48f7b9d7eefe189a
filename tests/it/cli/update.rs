//! `update`, and `upload --texts`.

use serde_json::json;
use webflow_assets::sandbox::Operation;

use super::*;

fn sync(live: &Live, dir: &Path) {
    assert_exit(&run(&mut live.command(&["sync", path_text(dir)])), 0);
}

/// The alternative text of each file on the site, by file name.
fn alt_texts(live: &Live) -> Vec<(String, Option<String>)> {
    let assets = live.sandbox.assets().into_iter();
    let mut texts: Vec<_> = assets
        .map(|asset| (asset.file_name, asset.alt_text))
        .collect();
    texts.sort();
    texts
}

#[test]
fn an_asset_is_described_by_its_path_or_id() {
    let live = Live::start();
    let dir = scratch("update");
    fs::copy(HERO, dir.join("hero.png")).expect("a copy");
    sync(&live, &dir);
    let id = live.sandbox.assets()[0].id.clone();
    for (asset, text_) in [("hero.png", "A barn"), (id.as_str(), "A red barn")] {
        let mut update = live.command(&["update", asset, "--alt-text", text_]);
        let output = run(update.current_dir(&dir).env_remove("WEBFLOW_SITE_ID"));
        assert_exit(&output, 0);
        assert_eq!(text(&output.stdout), format!("{id}\tupdated\n"));
        assert_eq!(live.sandbox.assets()[0].alt_text.as_deref(), Some(text_));
    }
}

#[test]
fn texts_of_a_file_replace_no_other_text_unless_told_to() {
    let live = Live::start();
    let dir = scratch("update_texts");
    for name in ["a.png", "b.png", "c.png"] {
        fs::write(dir.join(name), name).expect("it is written");
    }
    sync(&live, &dir);
    let csv = dir.join("texts.csv");
    fs::write(&csv, "path,alt_text\na.png,A\nb.png,B\nc.png,C\n").expect("it is written");
    let b = live.sandbox.assets();
    let b = b.iter().find(|asset| asset.file_name == "b.png");
    let b = b.expect("it is there").id.clone();
    let by_hand = live
        .command(&["update", &b, "--alt-text", "by hand"])
        .output();
    assert_exit(&by_hand.expect("it runs"), 0);

    let update = ["update", "--json", "--texts", path_text(&csv)];
    let output = run(&mut live.command(&update));
    assert_exit(&output, 0);
    let outcomes = |output: &Output| -> Vec<Value> {
        let lines = json_lines(output).into_iter();
        lines.map(|line| line["outcome"].clone()).collect()
    };
    assert_eq!(outcomes(&output), ["updated", "kept", "updated"]);
    assert_eq!(
        text(&output.stderr),
        "warning: b.png: the site has another text, which stays; --overwrite-texts replaces it\n"
    );
    let some = |text: &str| Some(text.to_owned());
    let expected = |b| {
        [("a.png", "A"), ("b.png", b), ("c.png", "C")]
            .map(|(name, text)| (name.to_owned(), some(text)))
    };
    assert_eq!(alt_texts(&live), expected("by hand"));

    let output = run(&mut live.command(&update));
    assert_eq!(outcomes(&output), ["unchanged", "kept", "unchanged"]);
    let output = run(live.command(&update).arg("--overwrite-texts"));
    assert_exit(&output, 0);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(alt_texts(&live), expected("B"));
}

#[test]
fn an_asset_that_is_not_there_keeps_no_other_from_being_described() {
    let live = Live::start();
    let asset = live.sandbox.add_asset("a.png", "a");
    let missing = SITE;
    let update = [
        "update",
        missing,
        "no-such.png",
        &asset.id,
        "--alt-text",
        "A",
    ];
    let output = run(live
        .command(&update)
        .arg("--json")
        .current_dir(scratch("no_lock")));
    assert_exit(&output, 1);
    let lines = json_lines(&output);
    assert_eq!(lines[0]["status"], 404);
    assert!(
        lines[1]["error"]
            .as_str()
            .expect("a text")
            .contains("no-such.png: there is no")
    );
    assert_eq!(lines[2]["outcome"], "updated");
    assert_eq!(text(&output.stderr).lines().count(), 2, "{output:?}");

    let asked = live.sandbox.requests().len();
    let output = run(live
        .command(&update)
        .env("WEBFLOW_API_TOKEN", "wrong")
        .args(["--concurrency", "1"]));
    assert_exit(&output, 3);
    assert_eq!(live.sandbox.requests().len(), asked + 1);
}

#[test]
fn files_are_uploaded_with_their_texts() {
    let live = Live::start();
    let dir = scratch("upload_texts");
    for name in ["a.png", "b.png"] {
        fs::write(dir.join(name), name).expect("it is written");
    }
    let texts = json!([{ "path": "a.png", "alt_text": "A barn", "display_name": "Barn" }]);
    fs::write(dir.join("texts.json"), texts.to_string()).expect("it is written");
    let mut upload = live.upload(&["--texts", path_text(&dir.join("texts.json"))]);
    let output = run(upload.current_dir(&dir).args(["a.png", "./b.png"]));
    assert_exit(&output, 0);
    let assets = live.sandbox.assets();
    let a = assets.iter().find(|asset| asset.file_name == "a.png");
    assert_eq!(a.expect("it is there").display_name, "Barn");
    let expected = [("a.png", Some("A barn")), ("b.png", None)]
        .map(|(name, text)| (name.to_owned(), text.map(str::to_owned)));
    assert_eq!(alt_texts(&live), expected);
    let requests = live.sandbox.requests().into_iter();
    let updates = requests.filter(|r| r.operation == Some(Operation::UpdateAsset));
    assert_eq!(updates.count(), 1);

    let output = run(&mut live.command(&["list", "--missing-alt"]));
    let stdout = text(&output.stdout);
    assert!(
        stdout.ends_with("\tb.png\n") && stdout.lines().count() == 1,
        "{stdout}"
    );
}

#[test]
fn texts_without_a_file_are_named_and_so_are_different_ones_of_an_asset() {
    let live = Live::start();
    let dir = scratch("texts_in_conflict");
    for (name, content) in [("a.png", "a"), ("b.png", "a"), ("c.png", "c")] {
        fs::write(dir.join(name), content).expect("it is written");
    }
    let csv = dir.with_extension("csv");
    let named = |name: &str| format!("texts_in_conflict/{name}");
    let write = |rows: &[(&str, &str)]| {
        let rows = rows
            .iter()
            .map(|(name, text)| format!("{},{text}\n", named(name)));
        let text = format!("path,alt_text\n{}", rows.collect::<String>());
        fs::write(&csv, text).expect("it is written");
    };
    let texts = ["--texts", path_text(&csv)];
    let sync = |more: &[&str]| {
        let mut sync = live.command(&["sync", path_text(&dir)]);
        run(sync.args(texts).args(more))
    };
    let upload = |more: &[&str]| {
        let mut upload = live.upload(&["a.png", "b.png", "c.png"]);
        run(upload.current_dir(&dir).args(texts).args(more))
    };
    write(&[("a.png", "A"), ("typo.png", "C")]);
    let typo = format!(
        "{}: there are texts for it, and no such file",
        named("typo.png")
    );
    for output in [sync(&["--strict"]), upload(&["--strict"])] {
        assert_exit(&output, 1);
        assert!(
            text(&output.stderr).contains(&format!("error: {typo}\n")),
            "{output:?}"
        );
    }
    for output in [sync(&[]), upload(&[])] {
        assert_exit(&output, 0);
        assert!(
            text(&output.stderr).contains(&format!("warning: {typo}\n")),
            "{output:?}"
        );
    }

    // A first run on another site uploads both, and settles on the first text.
    write(&[("a.png", "A"), ("b.png", "B")]);
    let elsewhere = Live::start();
    let lock_file = dir.with_extension("lock");
    let _ = fs::remove_file(&lock_file);
    let mut first = elsewhere.command(&["sync", path_text(&dir), "--concurrency", "1"]);
    let output = run(first
        .args(texts)
        .args(["--lock-file", path_text(&lock_file)]));
    assert_exit(&output, 1);
    let settled = alt_texts(&elsewhere).into_iter().next();
    assert_eq!(settled.and_then(|(_, text)| text).as_deref(), Some("A"));

    // The first text is set, and stays.
    write(&[("a.png", "A"), ("b.png", "B"), ("c.png", "C")]);
    let expected = ["A", "C"].map(|text| Some(text.to_owned()));
    for more in [&[][..], &["--overwrite-texts"], &["--overwrite-texts"]] {
        let output = sync(more);
        assert_exit(&output, 1);
        let said = text(&output.stderr);
        assert!(
            said.contains("error: b.png: its texts are not set"),
            "{said}"
        );
        let texts = alt_texts(&live).into_iter().map(|(_, text)| text);
        assert_eq!(texts.collect::<Vec<_>>(), expected);
    }
    let update = run(live.command(&["update", "--overwrite-texts"]).args(texts));
    for output in [update, upload(&[])] {
        assert_exit(&output, 1);
        let said = text(&output.stderr);
        assert!(
            said.contains("its texts are not set, as it is the same asset as"),
            "{said}"
        );
    }
}

#[test]
fn a_quote_that_is_not_closed_is_an_error_with_its_line() {
    let live = Live::start();
    let dir = scratch("texts_open_quote");
    fs::write(dir.join("a.png"), "a").expect("it is written");
    let csv = dir.join("texts.csv");
    fs::write(&csv, "path,alt_text\na.png,\"A\nb.png,B\n").expect("it is written");
    let sync = ["sync", path_text(&dir), "--texts", path_text(&csv)];
    let output = run(&mut live.command(&sync));
    assert_exit(&output, 2);
    let said = text(&output.stderr);
    assert!(
        said.contains("the quoted text that begins in line 2 does not end"),
        "{said}"
    );
    assert_eq!(live.sandbox.requests(), []);
}

#[test]
fn sync_keeps_texts_in_step() {
    let live = Live::start();
    let dir = scratch("sync_texts").join("img");
    fs::create_dir_all(dir.join("icons")).expect("it is made");
    for name in ["a.png", "b.png", "icons/c.png"] {
        fs::write(dir.join(name), name).expect("it is written");
    }
    let csv = dir.parent().expect("a directory").join("texts.csv");
    let write = |text: &str| fs::write(&csv, format!("path,alt_text\n{text}")).expect("written");
    let sync = |more: &[&str]| {
        let sync = ["sync", path_text(&dir), "--texts", path_text(&csv)];
        let output = run(live.command(&sync).args(more));
        assert_exit(&output, 0);
        output
    };
    let texts = |texts: [Option<&str>; 3]| {
        let names = ["a.png", "b.png", "c.png"].map(str::to_owned);
        let texts = texts.map(|text| text.map(str::to_owned));
        names.into_iter().zip(texts).collect::<Vec<_>>()
    };
    // Those of new files are set when they are uploaded.
    write("img/a.png,A\nimg/icons/c.png,C\nelsewhere.png,E\n");
    sync(&[]);
    assert_eq!(alt_texts(&live), texts([Some("A"), None, Some("C")]));

    // One list, and a change for each text that differs from the one that was set the last time.
    let requests = || live.sandbox.requests().len();
    let before = requests();
    write("img/a.png,Another\nimg/b.png,B\nimg/icons/c.png,C\n");
    let output = sync(&["--json"]);
    assert_eq!(
        alt_texts(&live),
        texts([Some("Another"), Some("B"), Some("C")])
    );
    assert_eq!(requests(), before + 3);
    let stderr = text(&output.stderr);
    assert!(stderr.ends_with("texts: 2 updated\n"), "{stderr}");
    let described = json_lines(&output).into_iter();
    let described = described.filter(|line| line["event"] == "described");
    assert_eq!(described.count(), 2);

    // A text that somebody changed on the site stays, and is reported.
    let mut assets = live.sandbox.assets().into_iter();
    let hand = assets.find(|asset| asset.file_name == "a.png");
    let hand = hand.expect("it is there");
    let update = ["update", &hand.id, "--alt-text", "by hand"];
    assert_exit(&run(&mut live.command(&update)), 0);
    let lock = dir.join("webflow-assets.lock");
    let locked = fs::read(&lock).expect("a lock file");
    let before = requests();
    let output = sync(&[]);
    assert_eq!(requests(), before + 1);
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("warning: a.png: the site has another text, which stays"),
        "{stderr}"
    );
    assert!(stderr.ends_with("texts: 1 kept\n"), "{stderr}");
    assert_eq!(fs::read(&lock).expect("a lock file"), locked);

    sync(&["--overwrite-texts"]);
    assert_eq!(
        alt_texts(&live),
        texts([Some("Another"), Some("B"), Some("C")])
    );
    let url = run(&mut command(&["url", "--all", "--json", path_text(&dir)]));
    let url: Value = serde_json::from_slice(&url.stdout).expect("JSON");
    assert_eq!(url["icons/c.png"]["alt_text"], "C");
    assert_eq!(url["a.png"]["id"], *hand.id);
}

#[test]
fn a_text_that_cannot_be_set_fails_alone_and_is_set_by_the_next_sync() {
    let live = Live::start();
    let dir = scratch("sync_texts_fail").join("img");
    fs::create_dir_all(&dir).expect("it is made");
    for name in ["a.png", "b.png"] {
        fs::write(dir.join(name), name).expect("it is written");
    }
    assert_exit(&run(&mut live.command(&["sync", path_text(&dir)])), 0);
    let csv = dir.parent().expect("a directory").join("texts.csv");
    fs::write(&csv, "path,alt_text\nimg/a.png,A\nimg/b.png,B\n").expect("it is written");
    let sync = ["sync", path_text(&dir), "--texts", path_text(&csv)];
    let rule = "update:400".parse().expect("a rule");
    live.sandbox.fault(rule);
    let output = run(live.command(&sync).args(["--concurrency", "1"]));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains(".png: its texts were not set: 400"),
        "{stderr}"
    );
    let count = || {
        alt_texts(&live)
            .into_iter()
            .filter(|(_, text)| text.is_some())
            .count()
    };
    assert_eq!(count(), 1);
    assert_exit(&run(&mut live.command(&sync)), 0);
    assert_eq!(count(), 2);

    fs::write(&csv, "path,alt_text\nimg/a.png,A2\nimg/b.png,B2\n").expect("it is written");
    let mut refused = live.command(&sync);
    let refused = run(refused.env("WEBFLOW_API_TOKEN", live.sandbox.read_only_token()));
    assert_exit(&refused, 3);
    let stderr = text(&refused.stderr);
    assert!(stderr.contains("scope assets:write?"), "{stderr}");
}

#[test]
fn sync_gives_a_display_name_to_an_asset_that_has_none() {
    let live = Live::start();
    let dir = scratch("sync_display_name").join("img");
    fs::create_dir_all(&dir).expect("it is made");
    fs::write(dir.join("a.png"), "a").expect("it is written");
    assert_exit(&run(&mut live.command(&["sync", path_text(&dir)])), 0);
    let csv = dir.parent().expect("a directory").join("texts.csv");
    let name = || live.sandbox.assets().remove(0).display_name;
    for (wanted, summary) in [("Barn", "texts: 1 updated"), ("Barn", "unchanged")] {
        fs::write(&csv, format!("path,display_name\nimg/a.png,{wanted}\n")).expect("written");
        let sync = ["sync", path_text(&dir), "--texts", path_text(&csv)];
        let output = run(&mut live.command(&sync));
        assert_exit(&output, 0);
        let stderr = text(&output.stderr);
        assert!(stderr.trim_end().ends_with(summary), "{stderr}");
        assert_eq!(name(), wanted);
    }
}
