//! `upload`.

#[cfg(unix)]
use std::io::{BufRead, BufReader, Read};
use std::{collections::BTreeSet, fs, io::Write, net::TcpListener, process::Stdio};

use serde_json::Value;
use webflow_assets::sandbox::{Operation, Sandbox};

use super::*;

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
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 2);
    let failed = of(&lines, "no-such.png");
    assert_eq!(failed["error"], "no-such.png: the file cannot be read");
    assert_eq!(failed["causes"].as_array().expect("an array").len(), 1);
    assert_eq!(failed["status"], Value::Null);
    assert_eq!(failed["asset_id"], Value::Null);
    assert_eq!(of(&lines, HERO)["outcome"], "uploaded");

    let output = run(upload.env("WEBFLOW_API_TOKEN", live.sandbox.read_only_token()));
    assert_exit(&output, 3);
    let lines = json_lines(&output);
    let refused = of(&lines, HERO);
    assert!(refused["status"].is_u64(), "{refused}");
    assert_eq!(refused["causes"], Value::Array(Vec::new()));
}

/// The object of a file.
fn of<'a>(lines: &'a [Value], file: &str) -> &'a Value {
    let line = lines.iter().find(|line| line["file"] == file);
    line.expect("an object for the file")
}

/// Files of so many different contents.
fn files(test: &str, count: usize) -> Vec<String> {
    let dir = scratch(test);
    let file = |n: usize| {
        let path = dir.join(format!("{n}.txt"));
        fs::write(&path, format!("content {n}")).expect("a file is written");
        path_text(&path).to_owned()
    };
    (0..count).map(file).collect()
}

#[test]
fn lines_come_in_the_order_of_the_files_whichever_is_done_first() {
    // One of the first three is held up, and others overtake it.
    let slow = "post:delay=300ms".parse().expect("a rule");
    let live = Live::of(Sandbox::builder().fault(slow));
    let files = files("in_order", 9);
    let args: Vec<&str> = files.iter().map(String::as_str).collect();
    let output = run(live.upload(&args).args(["--concurrency", "3"]));
    assert_exit(&output, 0);
    let names: Vec<&str> = text(&output.stdout)
        .lines()
        .map(|line| line.rsplit('_').next().expect("a name"))
        .collect();
    let expected: Vec<String> = (0..9).map(|n| format!("{n}.txt")).collect();
    assert_eq!(names, expected);

    let output = run(live.upload(&args).args(["--json"]));
    let lines = json_lines(&output);
    let printed: BTreeSet<&str> = lines
        .iter()
        .map(|line| line["file"].as_str().expect("a file"))
        .collect();
    assert_eq!(printed, args.into_iter().collect());
}

#[test]
fn nothing_begins_after_a_failure_if_so_asked() {
    let live = Live::start();
    let output = run(live.upload(&["no-such.png", HERO, HERO]).args([
        "--stop-on-error",
        "--concurrency",
        "1",
    ]));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    assert!(
        stderr.ends_with("\nstopped: 2 files were not begun\n"),
        "{stderr}"
    );
    assert_eq!(live.sandbox.requests(), []);
}

#[test]
fn a_url_is_fetched_and_uploaded_and_its_query_is_not_printed() {
    let from = Live::start();
    let hero = from.sandbox.add_asset("hero.css", &b"a { }"[..]);
    let hosted = run(&mut from.command(&["get", &hero.id, "--json"]));
    let hosted = json_lines(&hosted)[0]["hosted_url"].clone();
    let hosted = hosted.as_str().expect("a URL");

    let to = Live::start();
    let signed = format!("{hosted}?signature=s3cr3t");
    let missing = format!("{hosted}.gone?signature=s3cr3t");
    let output = run(&mut to.upload(&[&signed, &missing, "--json"]));
    assert_exit(&output, 1);
    let lines = json_lines(&output);
    let (done, failed) = (of(&lines, hosted), of(&lines, &format!("{hosted}.gone")));
    assert_eq!(done["size"], 5);
    assert_eq!(
        failed["error"],
        format!("{hosted}.gone: the file cannot be read")
    );
    let stored = to.stored();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].1, b"a { }");
    assert!(stored[0].0.ends_with("hero.css"), "{stored:?}");
    for stream in [&output.stdout, &output.stderr] {
        assert!(!text(stream).contains("s3cr3t"), "{output:?}");
    }

    let named = signed.replace("://", "://me:s3cr3t@");
    let files = [&*signed, &*missing, &*named, "no/such?a.png"];
    let output = run(to.upload(&files).args(["--dry-run", "--json"]));
    assert_exit(&output, 1);
    let planned = json_lines(&output);
    assert_eq!(of(&planned, hosted)["outcome"], "planned");
    assert!(of(&planned, "no/such?a.png")["error"].is_string());
    for stream in [&output.stdout, &output.stderr] {
        assert!(!text(stream).contains("s3cr3t"), "{output:?}");
    }
}

#[test]
fn a_name_and_a_text_arrive() {
    let live = Live::start();
    let output = run(&mut live.upload(&[
        HERO,
        "--display-name",
        "The hero",
        "--alt-text",
        "A red barn",
    ]));
    assert_exit(&output, 0);
    let asset = &live.sandbox.assets()[0];
    assert_eq!(asset.display_name, "The hero");
    assert_eq!(asset.alt_text.as_deref(), Some("A red barn"));
    assert_eq!(asset.file_name, "hero.png");
}

#[test]
fn a_list_names_more_files() {
    let live = Live::start();
    let files = files("files_from", 5);
    let list = scratch("files_from_list").join("list");
    let names = format!("\u{feff}{}", files[1..3].join("\r\n\n"));
    fs::write(&list, names).expect("a list is written");
    let output = run(&mut live.upload(&[&files[0], "--files-from", path_text(&list)]));
    assert_exit(&output, 0);
    assert_eq!(live.sandbox.assets().len(), 3);

    let mut child = live
        .upload(&["--files-from", "-", "--json"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    writeln!(stdin, "{}", files[3..].join("\n")).expect("the list is read");
    drop(stdin);
    let output = child.wait_with_output().expect("its output");
    assert_exit(&output, 0);
    assert_eq!(json_lines(&output).len(), 2);
    assert_eq!(live.sandbox.assets().len(), 5);

    // Nothing on standard input.
    let output = run(&mut live.upload(&["--files-from", "-"]));
    assert_exit(&output, 0);
    assert_eq!(text(&output.stderr), "the list names no files\n");
}

#[test]
fn requests_are_repeated_as_often_as_told() {
    let refused = || "create:503,retry-after=0".parse().expect("a rule");
    let creates = |live: &Live| {
        let requests = live.sandbox.requests();
        let create = Some(Operation::CreateAsset);
        requests.iter().filter(|r| r.operation == create).count()
    };
    let live = Live::of(Sandbox::builder().fault(refused()));
    assert_exit(&run(&mut live.upload(&[HERO, "--retries", "0"])), 1);
    assert_eq!(creates(&live), 1);
    live.sandbox.fault(refused());
    assert_exit(&run(&mut live.upload(&[HERO, "--retries", "1"])), 0);
    assert_eq!(creates(&live), 3);
}

#[test]
fn a_server_that_does_not_answer_is_given_up_in_time() {
    let stalled = ["create:stall-before-answer", "post:stall-reading"];
    for rule in stalled {
        let live = Live::of(Sandbox::builder().fault(rule.parse().expect("a rule")));
        let output = run(live
            .upload(&[HERO])
            .args(["--timeout", "0.5", "--retries", "0"]));
        assert_exit(&output, 1);
        assert_eq!(text(&output.stdout), "", "{rule}");
    }
}

#[test]
fn an_answered_error_is_one_line() {
    let live = Live::start();
    let output = run(live.upload(&[HERO]).env("WEBFLOW_API_TOKEN", "wrong"));
    assert_exit(&output, 3);
    let stderr = text(&output.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains(" 401 "), "{stderr}");
    assert!(!stderr.contains("headers"), "{stderr}");
}

#[test]
fn a_refused_connection_has_one_cause_line() {
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
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{stderr}");
    assert!(
        lines[1].starts_with("  caused by: no connection to 127.0.0.1:")
            && lines[1].contains(": Connection refused"),
        "{stderr}"
    );
    assert!(!stderr.contains("Communication Error"), "{stderr}");
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

#[cfg(unix)]
#[test]
fn an_interrupt_ends_uploads_with_a_line_for_each() {
    // Accepts a connection and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = command(&["upload", HERO, HERO, "--site", SITE, "--base-url", &url])
            .args(["--concurrency", "1"])
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
            format!("interrupted: {HERO} was not uploaded\ninterrupted: 1 file was not begun\n")
        );
    }
}

#[cfg(unix)]
#[test]
fn what_was_done_before_an_interrupt_is_printed() {
    // The first file is held up for ever, and the second one is not.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/a.png", silent.local_addr().expect("an address"));
    let live = Live::start();
    let mut child = live
        .upload(&[&url, HERO, "--json"])
        .spawn()
        .expect("the command runs");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut seen = String::new();
    stdout.read_line(&mut seen).expect("a line");
    assert!(seen.contains("hosted_url"), "{seen}");
    signal(&child, "INT");
    let output = child.wait_with_output().expect("its output");
    assert_exit(&output, 130);
    assert_eq!(
        text(&output.stderr),
        format!("interrupted: {url} was not uploaded\n")
    );

    // Without --json, its line has waited for its turn. It is done when the third file begins,
    // which fails.
    let mut child = live
        .upload(&[&url, HERO, "no-such.png", "--concurrency", "2"])
        .spawn()
        .expect("the command runs");
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut failed = String::new();
    stderr.read_line(&mut failed).expect("a line");
    assert!(failed.contains("no-such.png"), "{failed}");
    signal(&child, "INT");
    let output = child.wait_with_output().expect("its output");
    assert_exit(&output, 130);
    assert!(text(&output.stdout).starts_with(&live.sandbox.assets()[0].id));
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

    let requests = live.sandbox.requests().len();
    for dry_run in [&[][..], &["--dry-run"]] {
        let output = run(live.upload(&[file]).args(dry_run));
        assert_exit(&output, 1);
        let shown = file.replace('\n', r"\n").replace('\u{1b}', r"\u{1b}");
        let why = "its name has a control character, which Webflow does not take; rename it";
        assert_eq!(text(&output.stderr), format!("error: {shown}: {why}\n"));
    }
    assert_eq!(live.sandbox.requests().len(), requests);
    let output = run(&mut live.upload(&["no\nsuch\u{1b}[31m.png", "--name", "even.png"]));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    let starts = [r"error: no\nsuch\u{1b}[31m.png: ", "  caused by: "];
    assert_eq!(stderr.lines().count(), starts.len(), "{stderr}");
    for (line, start) in stderr.lines().zip(starts) {
        assert!(line.starts_with(start), "{stderr}");
    }
}

#[test]
fn what_webflow_may_refuse_is_warned_about_or_refused() {
    let live = Live::start();
    let dir = scratch("warnings");
    fs::write(dir.join("empty.png"), "").expect("it is written");
    fs::write(dir.join("layers.psd"), "layers").expect("it is written");
    fs::write(dir.join("good.png"), "good").expect("it is written");
    let image = fs::File::create(dir.join("large.JPG")).expect("it is made");
    image.set_len(5 << 20).expect("it is made longer");
    let files = ["empty.png", "layers.psd", "large.JPG", "good.png"];
    let says = "\
        empty.png: it is empty\n\
        layers.psd: Webflow documents no files of type `.psd`\n\
        large.JPG: it has 5.0 MiB, and Webflow documents 4 MB for images\n";
    let with = |label: &str| {
        let lines = says.lines().map(|line| format!("{label}: {line}\n"));
        lines.collect::<String>()
    };

    let output = run(live.upload(&files).arg("--strict").current_dir(&dir));
    assert_exit(&output, 1);
    assert_eq!(text(&output.stderr), with("error"));
    assert_eq!(text(&output.stdout).lines().count(), 1);
    let names = |live: &Live| {
        let assets = live.sandbox.assets().into_iter();
        assets.map(|asset| asset.file_name).collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&live), BTreeSet::from(["good.png".to_owned()]));

    let requests = live.sandbox.requests().len();
    let mut strict = live.upload(&files);
    let output = run(strict
        .args(["--strict", "--stop-on-error"])
        .current_dir(&dir));
    assert_exit(&output, 1);
    assert_eq!(live.sandbox.requests().len(), requests);

    let output = run(live.upload(&files).current_dir(&dir));
    assert_exit(&output, 0);
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with(&with("warning")), "{stderr}");
    assert_eq!(names(&live).len(), 4);
}

#[test]
fn what_is_no_file_to_publish_is_never_registered() {
    let live = Live::start();
    let dir = scratch("refused");
    fs::create_dir(dir.join("img")).expect("it is made");
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    fs::write(dir.join("pointer.png"), pointer).expect("it is written");
    let large = fs::File::create(dir.join("large.png")).expect("it is made");
    large.set_len((30 << 20) + 1).expect("it is made longer");
    let files = ["img", "pointer.png", "large.png"];
    for more in [&[][..], &["--dry-run"]] {
        let output = run(live
            .upload(&files)
            .args(more)
            .arg("--json")
            .current_dir(&dir));
        assert_exit(&output, 1);
        let lines = json_lines(&output);
        for (file, says) in [
            ("img", "`webflow-assets sync img` uploads its files"),
            ("pointer.png", "a Git LFS pointer"),
            ("large.png", "at most 31457280"),
        ] {
            let error = of(&lines, file)["error"].as_str().expect("an error");
            assert!(error.contains(says), "{error}");
        }
    }
    assert_eq!(live.sandbox.requests(), []);
}

#[test]
fn a_dry_run_says_what_would_be_uploaded_and_sends_nothing() {
    let live = Live::start();
    let output = run(&mut live.upload(&[HERO, "no-such.png", "--dry-run"]));
    assert_exit(&output, 1);
    let size = fs::metadata(HERO).expect("a fixture").len();
    assert_eq!(text(&output.stdout), format!("{size}\thero.png\t{HERO}\n"));
    let output = run(&mut live.upload(&[HERO, "--dry-run", "--json", "--folder", "none"]));
    assert_exit(&output, 0);
    let planned = &json_lines(&output)[0];
    assert_eq!(
        (&planned["outcome"], &planned["size"]),
        (&"planned".into(), &size.into())
    );
    assert_eq!(live.sandbox.requests(), []);
}

#[test]
fn standard_input_is_uploaded_under_a_name() {
    let live = Live::start();
    let mut child = live
        .upload(&["-", "--name", "piped.png"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"piped").expect("it is read");
    drop(stdin);
    assert_exit(&child.wait_with_output().expect("its output"), 0);
    assert_eq!(live.stored(), [("piped.png".to_owned(), b"piped".to_vec())]);
}

#[test]
fn of_two_processes_with_one_file_the_one_that_fails_deletes_nothing() {
    let live = Live::start();
    // One of them fails for good while the other has been handed the same asset.
    for rule in ["post:403", "create:delay=100ms*2"] {
        live.sandbox.fault(rule.parse().expect("a rule"));
    }
    let start = || {
        let mut upload = live.upload(&[HERO]);
        upload.stdout(Stdio::piped()).stderr(Stdio::piped());
        upload.spawn().expect("the command runs")
    };
    let children = [start(), start()];
    let outputs = children.map(|child| child.wait_with_output().expect("its output"));
    let mut codes = outputs.each_ref().map(|output| output.status.code());
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(1)], "{outputs:?}");
    let hero = fs::read(HERO).expect("the file");
    assert_eq!(live.stored(), [("hero.png".to_owned(), hero)]);
    let requests = live.sandbox.requests();
    assert!(requests.iter().all(|request| request.method != "DELETE"));
    let failed = outputs.iter().find(|output| !output.status.success());
    let stderr = text(&failed.expect("one fails").stderr);
    assert!(stderr.contains("was left on the site"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn a_temporary_file_that_cannot_be_made_is_reported_with_its_directory() {
    let live = Live::start();
    let large = scratch("no_tmpdir").join("large.bin");
    fs::write(&large, vec![b'x'; (8 << 20) + 1]).expect("it is written");
    let output = run(live
        .upload(&["-", "--name", "large.bin"])
        .stdin(fs::File::open(large).expect("it opens"))
        .env("TMPDIR", "/no/such/directory"));
    assert_exit(&output, 1);
    let says = "it cannot be kept in a temporary file in /no/such/directory; \
                TMPDIR names another directory";
    assert!(text(&output.stderr).contains(says), "{output:?}");
    assert_eq!(live.sandbox.requests().len(), 0);
}

#[test]
fn what_is_piped_or_fetched_is_warned_about_or_refused_before_it_is_registered() {
    let from = Live::start();
    let fetched = from.sandbox.add_asset("layers.psd", &b"layers"[..]);
    let fetched = run(&mut from.command(&["get", &fetched.id, "--json"]));
    let fetched = json_lines(&fetched)[0]["hosted_url"].clone();
    let fetched = fetched.as_str().expect("a URL").to_owned();

    for (file, more, says) in [
        (
            "-",
            &["--name", "piped.png"][..],
            "piped.png: it is empty".to_owned(),
        ),
        (
            &*fetched,
            &[],
            format!("{fetched}: Webflow documents no files of type `.psd`"),
        ),
    ] {
        let live = Live::start();
        let upload = |options: &[&str]| run(live.upload(&[file]).args(more).args(options));
        let output = upload(&["--strict"]);
        assert_exit(&output, 1);
        assert_eq!(text(&output.stderr), format!("error: {says}\n"));
        let output = upload(&["--strict", "--json"]);
        assert_exit(&output, 1);
        assert_eq!(json_lines(&output)[0]["error"], says);
        assert_exit(&upload(&["--strict", "--dry-run"]), 1);
        let output = upload(&["--dry-run"]);
        assert_exit(&output, 0);
        assert_eq!(text(&output.stderr), format!("warning: {says}\n"));
        assert_eq!(text(&upload(&["--dry-run", "-q"]).stderr), "");
        assert_eq!(live.sandbox.requests(), []);

        let output = upload(&[]);
        assert_exit(&output, 0);
        assert_eq!(text(&output.stderr), format!("warning: {says}\n"));
        assert_eq!(live.sandbox.assets().len(), 1);
    }
}

#[cfg(unix)]
#[test]
fn a_wait_for_an_asset_of_another_run_is_said_and_an_interrupt_knows_that_the_file_is_stored() {
    let live = Live::start();
    let upload = |options: &[&str]| {
        let args = [&["upload", HERO, "--lease", "60s"], options].concat();
        live.point(command(&args))
    };
    assert_exit(&run(&mut upload(&[])), 0);
    let mut child = upload(&["--name", "other.png", "--json"])
        .spawn()
        .expect("the command runs");
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut said = String::new();
    stderr.read_line(&mut said).expect("a line");
    let says = format!(
        "{HERO}: stored; another run has just registered this content, so the asset is checked \
         again in "
    );
    assert!(said.starts_with(&says) && said.ends_with(" s\n"), "{said}");
    signal(&child, "INT");
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("text");
    assert_eq!(
        rest,
        format!(
            "interrupted: {HERO} is stored; whether its asset is still there was not checked \
             again\n"
        )
    );
    let output = child.wait_with_output().expect("its output");
    assert_exit(&output, 130);
    assert_eq!(text(&output.stdout), "");
    assert_eq!(live.stored().len(), 1);
}
