//! `sync`.

#[cfg(unix)]
use std::io::{BufRead as _, BufReader};

use super::*;

/// A directory with these files.
fn tree(test: &str, files: &[(&str, &str)]) -> PathBuf {
    let dir = scratch(test);
    for (path, content) in files {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
        fs::write(path, content).expect("a file is written");
    }
    dir
}

/// The events of this name.
fn events<'a>(lines: &'a [Value], name: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["event"] == name).collect()
}

#[test]
fn a_directory_is_planned_sent_and_then_left_alone() {
    let dir = tree(
        "sync_twice",
        &[
            ("img/hero.txt", "hero"),
            ("logo.txt", "logo"),
            (".env", "secret"),
        ],
    );
    let live = Live::start();
    let sync = || live.command(&["sync", path_text(&dir), "--folder", "brand/2026"]);

    let output = run(sync().arg("--dry-run"));
    assert_exit(&output, 0);
    assert_eq!(
        text(&output.stdout),
        "new\t4\timg/hero.txt\nnew\t4\tlogo.txt\n"
    );
    let table =
        "             FILES        SIZE  REQUESTS\nnew              2         8 B         2\n";
    assert_eq!(text(&output.stderr), table);
    assert_eq!(live.sandbox.requests(), []);

    let output = run(&mut sync());
    assert_exit(&output, 0);
    assert_eq!(text(&output.stdout), "");
    let stderr = text(&output.stderr);
    let rest = stderr.strip_prefix(table).expect("the plan first");
    assert_eq!(
        rest,
        "created the folder brand\ncreated the folder brand/2026\n\
         created the folder brand/2026/img\n2 uploaded, 3 folders created\n"
    );
    assert_eq!(live.stored().len(), 2);

    let output = run(sync().arg("--quiet"));
    assert_exit(&output, 0);
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("", ""));
    let output = run(&mut sync());
    assert!(
        text(&output.stderr).ends_with("\n2 unchanged\n"),
        "{output:?}"
    );
}

#[test]
fn events_for_machines_say_what_happens() {
    let dir = tree(
        "sync_json",
        &[("img/hero.txt", "hero"), ("copy.txt", "hero")],
    );
    let live = Live::start();
    let sync = || live.command(&["sync", path_text(&dir), "--json"]);
    let planned = run(sync().arg("--dry-run"));
    let planned = json_lines(&planned);
    assert_eq!(
        planned[1],
        serde_json::json!(
            {"event": "planned", "action": "new", "path": "img/hero.txt", "size": 4}
        )
    );

    let output = run(&mut sync());
    assert_exit(&output, 0);
    let lines = json_lines(&output);
    let folders = events(&lines, "folder_created");
    assert_eq!((folders.len(), &folders[0]["path"]), (1, &"img".into()));
    assert!(folders[0]["id"].is_string());
    let uploaded = events(&lines, "uploaded");
    assert_eq!(uploaded.len(), 2);
    for line in &uploaded {
        assert_eq!(line["size"], 4);
        assert_eq!(line["id"], uploaded[0]["id"]);
        assert_eq!(line["hosted_url"], uploaded[0]["hosted_url"]);
        assert!(line["md5"].is_string() && line["outcome"].is_string());
    }
    assert_eq!(
        lines[lines.len() - 1],
        serde_json::json!({
            "event": "summary", "uploaded": 1, "already_there": 1, "unchanged": 0, "folders": 1,
            "deleted": 0, "failed": 0, "not_deleted": 0, "left_out": 0,
        })
    );
}

#[test]
fn what_is_gone_is_deleted_with_leave_only() {
    let dir = tree(
        "sync_delete",
        &[("a.txt", "a"), ("b.txt", "b"), ("c.txt", "c")],
    );
    let live = Live::start();
    assert_exit(&run(&mut live.command(&["sync", path_text(&dir)])), 0);
    fs::remove_file(dir.join("a.txt")).expect("it is removed");
    fs::write(dir.join("b.txt"), "another").expect("it is written");

    let before = live.sandbox.assets();
    let output = run(&mut live.command(&["sync", path_text(&dir), "--delete"]));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("\nerror: nothing was changed: "),
        "{stderr}"
    );
    assert_eq!(live.sandbox.assets(), before);

    let output = run(&mut live.command(&[
        "sync",
        path_text(&dir),
        "--delete",
        "--max-delete",
        "10%",
        "--dry-run",
    ]));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    assert!(
        stderr.ends_with(
            "error: nothing is deleted: 2 of 4 assets would be, and 10% are allowed; \
             pass --max-delete to allow more\n"
        ),
        "{stderr}"
    );

    let output = run(&mut live.command(&["sync", path_text(&dir), "--delete", "--yes", "--json"]));
    assert_exit(&output, 0);
    let lines = json_lines(&output);
    let mut deleted: Vec<&str> = events(&lines, "deleted")
        .into_iter()
        .map(|line| line["path"].as_str().expect("a path"))
        .collect();
    deleted.sort_unstable();
    assert_eq!(deleted, ["a.txt", "b.txt"]);
    let mut stored = live.stored();
    stored.sort();
    assert_eq!(
        stored,
        [
            ("b.txt".to_owned(), b"another".to_vec()),
            ("c.txt".to_owned(), b"c".to_vec())
        ]
    );
    // Nothing to delete, nothing to ask.
    let output = run(&mut live.command(&["sync", path_text(&dir), "--delete"]));
    assert_exit(&output, 0);
}

#[test]
fn filters_and_names_are_passed_on() {
    let long = "n".repeat(120) + ".txt";
    let dir = tree(
        "sync_options",
        &[
            ("a.txt", "a"),
            ("b.md", "b"),
            ("x/c.txt", "c"),
            (".d.txt", "d"),
            (&long, "long"),
        ],
    );
    let live = Live::start();
    let listed = |args: &[&str]| {
        let mut sync = live.command(&["sync", path_text(&dir), "--dry-run", "--quiet"]);
        let output = run(sync.args(args));
        let says = "rename it, or let names be shortened with --long-names shorten\n";
        assert_eq!(text(&output.stderr).contains(says), args.is_empty());
        let lines = text(&output.stdout).lines();
        let path = |line: &str| line.rsplit('\t').next().expect("a path").to_owned();
        (output.status.code(), lines.map(path).collect::<Vec<_>>())
    };
    let short = ["a.txt", "b.md", "x/c.txt"].map(str::to_owned);
    assert_eq!(listed(&[]), (Some(1), short.to_vec()));
    assert_eq!(listed(&["--long-names", "shorten"]).1.len(), 4);
    assert_eq!(listed(&["--exclude", "n*"]), (Some(0), short.to_vec()));
    assert_eq!(listed(&["--include", "*.md"]).1, ["b.md"]);
    let args = [
        "--include",
        "/a.txt",
        "--include",
        "c.txt",
        "--exclude",
        "/x",
    ];
    assert_eq!(listed(&args).1, ["a.txt"]);
    assert_eq!(listed(&["--hidden", "--include", ".d*"]).1, [".d.txt"]);

    let output = run(&mut live.command(&["sync", path_text(&dir)]));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    let problem = format!("\nerror: {long}: its name has 124 characters");
    assert!(stderr.contains(&problem), "{stderr}");
    assert!(
        stderr.ends_with("3 uploaded, 1 folder created, 1 left out\n"),
        "{stderr}"
    );

    // An asset that somebody deleted is noticed, and sent again, if so asked.
    let gone = live.sandbox.assets()[0].id.clone();
    assert_exit(&run(&mut live.command(&["rm", "--yes", &gone])), 0);
    let output = run(&mut live.command(&["sync", path_text(&dir), "--verify"]));
    assert!(
        text(&output.stderr).contains("\nmissing          1 "),
        "{output:?}"
    );
    assert_eq!(live.sandbox.assets().len(), 3);
}

#[test]
fn a_failure_is_said_once_and_counted() {
    let dir = tree("sync_failure", &[("a.txt", "a"), ("b.txt", "b")]);
    let refused = "create:400,code=validation_error".parse().expect("a rule");
    let live = Live::of(Sandbox::builder().fault(refused));
    let output = run(&mut live.command(&["sync", path_text(&dir), "--json", "--quiet"]));
    assert_exit(&output, 1);
    let lines = json_lines(&output);
    let failed = events(&lines, "failed");
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (&failed[0]["again"], &failed[0]["status"]),
        (&false.into(), &400.into())
    );
    assert_eq!(events(&lines, "summary")[0]["failed"], 1);
    let stderr = text(&output.stderr);
    assert_eq!(stderr.matches("validation_error").count(), 1, "{stderr}");

    let output = run(live
        .command(&["sync", path_text(&dir)])
        .env("WEBFLOW_API_TOKEN", "wrong"));
    assert_exit(&output, 3);
    assert!(text(&output.stderr).contains(" 401 "), "{output:?}");
    let output = run(&mut live.command(&["sync", "no-such-directory"]));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with("error: no-such-directory: "), "{stderr}");
}

#[test]
fn a_reader_that_has_enough_ends_a_sync_and_nothing_is_lost() {
    let dir = tree("sync_pipe", &[("a.txt", "a"), ("b.txt", "b")]);
    let live = Live::start();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = run(live
        .command(&["sync", path_text(&dir), "--json", "--quiet"])
        .args(["--concurrency", "1"])
        .stdout(writer));
    assert_exit(&output, 141);
    assert_eq!(text(&output.stderr), "");
    let output = run(&mut live.command(&["sync", path_text(&dir)]));
    assert_exit(&output, 0);
    let stderr = text(&output.stderr);
    assert!(stderr.contains("\nunchanged        1 "), "{stderr}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_sync_goes_on_the_next_time() {
    use std::io::{BufRead, BufReader};

    let dir = tree("sync_interrupt", &[("a.txt", "a"), ("b.txt", "b")]);
    let live = Live::start();
    live.sandbox
        .fault("create:delay=1ms".parse().expect("a rule"));
    live.sandbox
        .fault("create:stall-before-answer".parse().expect("a rule"));
    let mut child = live
        .command(&[
            "sync",
            path_text(&dir),
            "--json",
            "--quiet",
            "--concurrency",
            "1",
        ])
        .spawn()
        .expect("the command runs");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    stdout.read_line(&mut String::new()).expect("an event");
    signal(&child, "INT");
    let output = child.wait_with_output().expect("its output");
    assert_exit(&output, 130);
    assert!(text(&output.stderr).starts_with("interrupted: the lock file has"));
    // The signal may have come before the second request.
    live.sandbox.clear_faults();
    let output = run(&mut live.command(&["sync", path_text(&dir)]));
    assert_exit(&output, 0);
    assert!(
        text(&output.stderr).ends_with("1 unchanged\n"),
        "{output:?}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_stops_no_work_and_is_reported_once() {
    let live = Live::start();
    let dir = scratch("sync_unwritable_log");
    for n in 0..5 {
        fs::write(dir.join(format!("{n}.txt")), n.to_string()).expect("it is written");
    }
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let mut sync = live.command(&["sync", path_text(&dir), "--json"]);
    let output = run(sync.stdout(full.expect("the device opens")));
    assert_exit(&output, 1);
    let said = text(&output.stderr);
    assert_eq!(said.matches("error: ").count(), 1, "{said}");
    assert!(said.contains("error: the result cannot be written\n  caused by: "));
    assert!(said.ends_with("5 uploaded\n"), "{said}");
    assert_eq!(live.sandbox.assets().len(), 5);
    assert_exit(&run(&mut live.command(&["sync", path_text(&dir)])), 0);
}

#[test]
fn a_dry_run_that_sends_nothing_needs_no_token() {
    let live = Live::start();
    let dir = scratch("sync_no_token");
    fs::write(dir.join("a.txt"), "a").expect("it is written");
    assert_exit(&run(&mut live.command(&["sync", path_text(&dir)])), 0);
    fs::write(dir.join("b.txt"), "b").expect("it is written");
    let before = live.sandbox.requests().len();
    let dry_run = |args: &[&str]| {
        let dry_run = ["sync", path_text(&dir), "--dry-run"];
        run(command(&dry_run)
            .args(args)
            .env("WEBFLOW_BASE_URL", live.sandbox.base_url()))
    };
    let output = dry_run(&[]);
    assert_exit(&output, 0);
    assert!(
        text(&output.stdout).contains("new\t1\tb.txt\n"),
        "{output:?}"
    );
    for args in [
        &["--verify"][..],
        &["--delete"],
        &["--folder", SITE],
        &["--site", "barns"],
    ] {
        let output = dry_run(args);
        assert_exit(&output, 2);
        assert!(text(&output.stderr).contains("no token"), "{output:?}");
    }
    assert_eq!(live.sandbox.requests().len(), before);
}

#[test]
fn files_that_webflow_may_refuse_are_named_before_anything_is_sent() {
    let live = Live::start();
    let dir = scratch("sync_strict");
    fs::write(dir.join("good.png"), "good").expect("it is written");
    for n in 0..25 {
        fs::write(dir.join(format!("{n}.psd")), format!("layers {n}")).expect("it is written");
    }
    let sync = |args: &[&str]| run(live.command(&["sync", path_text(&dir)]).args(args));
    let named = |output: &Output, label: &str| {
        let lines = text(&output.stderr).lines();
        lines.filter(|line| line.starts_with(label)).count()
    };
    for args in [&["--strict"][..], &["--strict", "--dry-run"]] {
        let output = sync(args);
        assert_exit(&output, 1);
        assert_eq!(named(&output, "error: "), 21, "{output:?}");
        assert!(text(&output.stderr).contains("error: 5 more of this kind\n"));
    }
    assert_eq!(live.sandbox.requests(), []);
    let output = sync(&[]);
    assert_exit(&output, 0);
    assert_eq!(named(&output, "warning: "), 21, "{output:?}");
    assert_eq!(live.sandbox.assets().len(), 26);
    // What is on the site already is not said again.
    assert_eq!(named(&sync(&["--strict"]), "error: "), 0);

    // What is left out in any case is refused in a dry run, too, and with --strict it stops all.
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    fs::write(dir.join("pointer.png"), pointer).expect("it is written");
    fs::write(dir.join("new.png"), "new").expect("it is written");
    for args in [
        &["--dry-run"][..],
        &["--dry-run", "--strict"],
        &["--strict"],
    ] {
        let output = sync(args);
        assert_exit(&output, 1);
        assert!(text(&output.stderr).contains("error: pointer.png: it is a Git LFS pointer"));
        assert!(!text(&output.stdout).contains("pointer.png"), "{output:?}");
        assert_eq!(live.sandbox.assets().len(), 26);
    }
    assert_exit(&sync(&[]), 1);
    assert_eq!(live.sandbox.assets().len(), 27);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_with_the_file_that_it_cut_off_and_heals() {
    let live = Live::start();
    let dir = scratch("sync_full_disk");
    for n in 0..40 {
        fs::write(dir.join(format!("{n}.txt")), n.to_string()).expect("it is written");
    }
    let sync = || live.command(&["sync", path_text(&dir), "-q"]);
    let limited = |blocks: u32| {
        let program = sync();
        // Writes beyond the limit fail, as on a full disk.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).arg(program.get_program());
        live.point(shell)
            .args(program.get_args())
            .output()
            .expect("it runs")
    };
    let state = dir.join(".webflow-assets");
    let output = limited(0);
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    let says = format!(
        "error: {}: this directory cannot be written\n",
        state.display()
    );
    assert!(stderr.starts_with(&says), "{stderr}");
    assert_eq!(live.sandbox.requests().len(), 0);

    fs::write(state.join(".gitignore"), "").expect("it is emptied");
    let output = limited(1);
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    let journal = state.join("journal");
    let says = format!(
        "error: {}: this file cannot be written; nothing further was sent\n",
        journal.display()
    );
    assert!(stderr.starts_with(&says), "{stderr}");

    assert_exit(&run(&mut sync()), 0);
    let ignore = fs::read_to_string(state.join(".gitignore"));
    assert_eq!(ignore.expect("a file"), "*\n");
    assert_eq!(live.stored().len(), 40);
}

#[test]
fn a_lock_file_may_be_outside_of_the_directory() {
    let live = Live::start();
    let dir = scratch("lock_file_elsewhere");
    let root = dir.join("public/img");
    fs::create_dir_all(&root).expect("it is made");
    fs::copy(HERO, root.join("hero.png")).expect("a copy");
    let run_in = |args: &[&str]| run(live.command(args).current_dir(&dir));
    let lock = ["--lock-file", "state.lock"];
    let sync = [&["sync", "public/img", "--folder", "brand"], &lock[..]].concat();
    assert_exit(&run_in(&sync), 0);
    let names = |dir: &Path| {
        let entries = fs::read_dir(dir).expect("a directory");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(&root), ["hero.png"]);
    assert_eq!(
        names(&dir),
        [".webflow-assets-state.lock", "public", "state.lock"]
    );

    // The lock file says which directory and which site.
    let mut url = command(&[&["url", "public/img/hero.png"], &lock[..]].concat());
    let url = run(url.current_dir(&dir));
    assert_exit(&url, 0);
    let hosted = text(&url.stdout).trim();
    assert!(hosted.ends_with("_hero.png"), "{hosted}");
    let update = ["update", "public/img/hero.png", "--alt-text", "A barn"];
    assert_exit(&run_in(&[&update, &lock[..]].concat()), 0);
    let before = live.sandbox.requests().len();
    let mut again = live.command(&[&["sync", "public/img", "--json"], &lock[..]].concat());
    let again = run(again.current_dir(&dir).env_remove("WEBFLOW_SITE_ID"));
    assert_eq!(json_lines(&again)[0]["unchanged"], 1);
    assert_eq!(live.sandbox.requests().len(), before);

    // Another directory would have all of its assets taken for deleted files.
    fs::create_dir(dir.join("other")).expect("it is made");
    let other = run_in(&[&["sync", "other", "--folder", "brand"], &lock[..]].concat());
    assert_exit(&other, 1);
    assert!(
        text(&other.stderr).starts_with(
            "error: the lock file is of the directory `public/img`, not of the directory `other`; "
        ),
        "{other:?}"
    );
}

#[test]
fn a_lock_file_of_another_name_is_not_published() {
    let live = Live::start();
    let dir = scratch("lock_file_inside");
    fs::copy(HERO, dir.join("hero.png")).expect("a copy");
    let lock = dir.join("state.lock");
    let args = ["sync", path_text(&dir), "--lock-file", path_text(&lock)];
    for _ in 0..2 {
        assert_exit(
            &run(&mut live.command(&[&args[..], &["--hidden"]].concat())),
            0,
        );
    }
    assert_eq!(live.sandbox.assets().len(), 1);
}

/// Everything below a directory: content, kind, and what changes with any write.
#[cfg(target_os = "linux")]
fn fingerprint(dir: &Path) -> Vec<String> {
    use std::os::unix::fs::MetadataExt;

    let mut found = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(path) = dirs.pop() {
        let it = path.symlink_metadata().expect("it is there");
        let content = if it.is_dir() {
            let entries = fs::read_dir(&path).expect("a directory");
            dirs.extend(entries.map(|entry| entry.expect("an entry").path()));
            Vec::new()
        } else {
            fs::read(&path).expect("a file")
        };
        let times = [it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec()];
        let (ino, mode) = (it.ino(), it.mode());
        let path = path.display();
        found.push(format!("{path} {ino} {mode:o} {times:?} {content:?}"));
    }
    found.sort();
    found
}

/// Runs a command with a read-only mount of a directory, or ends with 99 where there can be none.
#[cfg(target_os = "linux")]
const READ_ONLY: &str = r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 99
    touch "$0/x" 2>/dev/null && exit 99
    exec "$@""#;

#[cfg(target_os = "linux")]
#[test]
fn a_dry_run_changes_nothing_and_is_the_same_on_a_read_only_file_system() {
    let live = Live::start();
    let dir = scratch("sync_read_only");
    let write = |name: &str, text: &str| fs::write(dir.join(name), text).expect("it is written");
    for name in ["changed.txt", "gone.txt", "same.txt"] {
        write(name, name);
    }
    assert_exit(&run(&mut live.command(&["sync", path_text(&dir)])), 0);
    write("changed.txt", "otherwise");
    write("new.txt", "new");
    fs::remove_file(dir.join("gone.txt")).expect("it is removed");
    // What a run would clean up or complete.
    write(".webflow-assets/new-left", "");
    write(".webflow-assets/.gitignore", "");
    let new = dir.join("new.txt");
    let cases: [&[&str]; 5] = [
        &["sync", path_text(&dir), "--dry-run"],
        &["sync", path_text(&dir), "--dry-run", "--delete", "--json"],
        &["sync", path_text(&dir), "--dry-run", "--verify"],
        &["sync", path_text(&dir), "--dry-run", "--checksum"],
        &["upload", path_text(&new), "--dry-run"],
    ];
    let before = fingerprint(&dir);
    for args in cases {
        let output = run(&mut live.command(args));
        assert_exit(&output, 0);
        assert_eq!(fingerprint(&dir), before, "{args:?}");

        let program = live.command(args);
        let mut unshare = Command::new("unshare");
        unshare.args(["-rm", "sh", "-c", READ_ONLY]).arg(&dir);
        unshare.arg(program.get_program()).args(program.get_args());
        let Ok(read_only) = live.point(unshare).output() else {
            continue;
        };
        if read_only.status.code() == Some(99) || text(&read_only.stderr).contains("unshare") {
            continue;
        }
        assert_eq!(read_only, output, "{args:?}");
        assert_eq!(fingerprint(&dir), before, "{args:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_sync_says_that_it_waits_for_an_asset_of_another_run() {
    let live = Live::start();
    let dirs = ["sync_first", "sync_waits"].map(|test| tree(test, &[(test, "text")]));
    let [mut first, mut second] = dirs.each_ref().map(|dir| {
        let args = ["sync", path_text(dir), "--lease", "60s"];
        live.point(command(&args))
    });
    assert_exit(&run(&mut first), 0);
    let mut child = second.spawn().expect("the command runs");
    let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut lines = stderr.lines().map(|line| line.expect("text"));
    let says = "sync_waits: stored; another run has just registered this content, so the asset is \
                checked again in ";
    assert!(lines.any(|line| line.starts_with(says)));
    signal(&child, "INT");
    assert_eq!(lines.count(), 1);
    assert_exit(&child.wait_with_output().expect("its output"), 130);
}
