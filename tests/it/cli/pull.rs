//! `pull`, `get --output` and `url --all`.

use super::*;

#[test]
fn a_site_is_fetched_and_in_step_without_being_named_again() {
    let live = Live::start();
    let brand = live.sandbox.add_folder("brand", None);
    assert_exit(&run(&mut live.upload(&[HERO, "--folder", "brand"])), 0);
    let _ = live.sandbox.add_asset("a:b.txt", "odd");
    let dir = scratch("pull").join("new");
    let output = run(&mut live.command(&["pull", path_text(&dir), "--json"]));
    assert_exit(&output, 0);
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("a_b.txt: its name on the site is `a:b.txt`"),
        "{stderr}"
    );
    assert!(stderr.ends_with("2 pulled, 1 renamed\n"), "{stderr}");
    let lines = json_lines(&output);
    assert_eq!(lines.last().expect("a summary")["pulled"], 2);
    let hero = fs::read(HERO).expect("the fixture is there");
    assert_eq!(fs::read(dir.join("brand/hero.png")).expect("a file"), hero);

    // Site and folder are in the lock file.
    let requests = live.sandbox.requests().len();
    let mut sync = live.command(&["sync", path_text(&dir)]);
    let output = run(sync.env_remove("WEBFLOW_SITE_ID"));
    assert_exit(&output, 0);
    assert_eq!(live.sandbox.requests().len(), requests);

    let some = scratch("pull_folder");
    let output = run(&mut live.command(&["pull", path_text(&some), "--folder", &brand.id, "-q"]));
    assert_exit(&output, 0);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(fs::read(some.join("hero.png")).expect("a file"), hero);
    fs::write(some.join("logo.svg"), "<svg/>").expect("it is written");
    let output = run(&mut live.command(&["sync", path_text(&some)]));
    assert_exit(&output, 0);
    let assets = live.sandbox.assets();
    let logo = assets.iter().find(|asset| asset.file_name == "logo.svg");
    assert_eq!(
        logo.expect("it is sent").parent_folder.as_ref(),
        Some(&brand.id)
    );

    let output = run(&mut command(&["url", "--all", "--json", path_text(&some)]));
    assert_exit(&output, 0);
    let urls = &json_lines(&output)[0];
    assert_eq!(urls.as_object().expect("an object").len(), 2);
    let hosted = urls["logo.svg"]["url"].as_str().expect("a URL");
    assert!(hosted.ends_with("_logo.svg"), "{hosted}");
    let output = run(command(&["url", "--all"]).current_dir(&some));
    assert!(text(&output.stdout).ends_with(&format!("logo.svg\t{hosted}\n")));
}

#[test]
fn the_urls_of_a_directory_are_those_of_its_files() {
    let live = Live::start();
    let dir = scratch("url_below");
    for (path, content) in [("a.txt", "a"), ("icons/b.txt", "b"), ("icons2/c.txt", "c")] {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("it is created");
        fs::write(path, content).expect("it is written");
    }
    assert_exit(&run(&mut live.command(&["sync", path_text(&dir)])), 0);
    let paths = |of: &str| {
        let output = run(command(&["url", "--all", of]).current_dir(&dir));
        let paths = text(&output.stdout).lines();
        let paths = paths.map(|line| line.split('\t').next().unwrap_or_default());
        (paths.collect::<Vec<_>>().join(" "), output.status.code())
    };
    assert_eq!(
        paths("."),
        ("a.txt icons/b.txt icons2/c.txt".to_owned(), Some(0))
    );
    assert_eq!(paths("icons"), ("icons/b.txt".to_owned(), Some(0)));
    for nowhere in ["no-such", "a.txt", "icon"] {
        assert_eq!(paths(nowhere), (String::new(), Some(1)));
    }
    let output = run(command(&["url", "--all", "no-such"]).current_dir(&dir));
    let lock_file = dir.join("webflow-assets.lock");
    assert_eq!(
        text(&output.stderr),
        format!(
            "error: no-such: {} does not have it; has it been synchronised?\n",
            lock_file.display()
        )
    );
}

/// As a file that any program creates, and not as a temporary one.
#[cfg(unix)]
#[test]
fn a_file_that_get_writes_has_the_permissions_of_any_other() {
    use std::os::unix::fs::PermissionsExt;

    let live = Live::start();
    let asset = live.sandbox.add_asset("a.txt", "site");
    let dir = scratch("get_mode");
    fs::write(dir.join("other.txt"), "").expect("it is written");
    let get = ["get", &asset.id, "--output", path_text(&dir)];
    assert_exit(&run(&mut live.command(&get)), 0);
    let mode = |name: &str| {
        let metadata = fs::metadata(dir.join(name)).expect("a file");
        metadata.permissions().mode()
    };
    assert_eq!(mode("a.txt"), mode("other.txt"));
}

#[test]
fn a_file_that_differs_is_kept_and_reported() {
    let live = Live::start();
    let asset = live.sandbox.add_asset("a.txt", "site");
    let dir = scratch("pull_kept");
    fs::write(dir.join("a.txt"), "mine").expect("it is written");
    let output = run(&mut live.command(&["pull", path_text(&dir)]));
    assert_exit(&output, 1);
    assert_eq!(
        text(&output.stderr),
        format!(
            "warning: a.txt: it differs from asset {} and stays; --overwrite replaces it\n1 kept\n",
            asset.id
        )
    );
    let output = run(&mut live.command(&["pull", path_text(&dir), "--overwrite"]));
    assert_exit(&output, 0);
    assert_eq!(fs::read(dir.join("a.txt")).expect("a file"), b"site");
}

#[test]
fn the_content_of_an_asset_goes_to_a_file_or_directory() {
    let live = Live::start();
    let a = live.sandbox.add_asset("a?.txt", "content a").id;
    let b = live.sandbox.add_asset("b.txt", "content b").id;
    let dir = scratch("get_output");
    let get = |args: &[&str]| run(live.command(&["get"]).args(args).current_dir(&dir));
    let output = get(&[&a, &b, "--output", "."]);
    assert_exit(&output, 0);
    assert_eq!(
        text(&output.stdout),
        format!("{a}\t./a_.txt\n{b}\t./b.txt\n")
    );
    assert_eq!(fs::read(dir.join("a_.txt")).expect("a file"), b"content a");

    let output = get(&[&a, "-o", "b.txt"]);
    assert_exit(&output, 1);
    assert_eq!(fs::read(dir.join("b.txt")).expect("a file"), b"content b");
    assert_exit(&get(&[&a, "-o", "b.txt", "--overwrite", "--json"]), 0);
    assert_eq!(fs::read(dir.join("b.txt")).expect("a file"), b"content a");
    assert_exit(&get(&[&a, &b, "-o", "b.txt"]), 2);

    #[cfg(unix)]
    {
        // Nor would /dev/null be replaced.
        std::os::unix::fs::symlink("b.txt", dir.join("link")).expect("a link");
        assert_exit(&get(&[&b, "-o", "link", "--overwrite"]), 1);
        assert!(dir.join("link").is_symlink());
        assert_eq!(fs::read(dir.join("b.txt")).expect("a file"), b"content a");
    }
}

#[cfg(unix)]
#[test]
fn a_pull_that_is_killed_ten_times_ends_whole() {
    let live = Live::start();
    for n in 0..300 {
        let _ = live
            .sandbox
            .add_asset(format!("{n}.txt"), format!("content {n}"));
    }
    let dir = scratch("pull_killed");
    let pull = || {
        let mut pull = live.command(&["pull", path_text(&dir), "--json"]);
        pull.args(["--concurrency", "2"]);
        pull
    };
    let mut killed = 0;
    for n in 0..10 {
        let mut child = pull().spawn().expect("it runs");
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(
            child.stdout.take().expect("a pipe"),
        ));
        // At another place each time.
        for _ in 0..3 * n {
            if lines.next().is_none() {
                break;
            }
        }
        child.kill().expect("it is killed");
        killed += usize::from(!child.wait().expect("it ends").success());
    }
    assert_eq!(killed, 10);
    assert_exit(&run(&mut pull()), 0);
    for n in 0..300 {
        let content = fs::read_to_string(dir.join(format!("{n}.txt"))).expect("a file");
        assert_eq!(content, format!("content {n}"));
    }
    let left = fs::read_dir(dir.join(".webflow-assets")).expect("a directory");
    let mut left: Vec<_> = left.map(|file| file.expect("a file").file_name()).collect();
    left.sort();
    assert_eq!(left, [".gitignore", "stamps.json"]);
    let requests = live.sandbox.requests().len();
    assert_exit(&run(&mut live.command(&["sync", path_text(&dir)])), 0);
    assert_eq!(live.sandbox.requests().len(), requests);
}

#[test]
fn a_pull_may_have_its_lock_file_elsewhere_and_goes_on_from_it() {
    let live = Live::start();
    let _ = live.sandbox.add_asset("barn.txt", "a barn");
    // An asset with the name of the lock file has to give way.
    let _ = live.sandbox.add_asset("state.lock", "no lock file");
    let dir = scratch("pull_lock_file");
    let run_in = |args: &[&str]| run(live.command(args).current_dir(&dir));
    for lock in ["state.lock", "copy/state.lock"] {
        let pull = ["pull", "copy", "--lock-file", lock];
        assert_exit(&run_in(&pull), 0);
        let synced = run_in(&["sync", "copy", "--lock-file", lock, "--json"]);
        assert_exit(&synced, 0);
        assert_eq!(json_lines(&synced)[0]["unchanged"], 2, "{synced:?}");
        assert_eq!(
            fs::read(dir.join("copy/barn.txt")).expect("a file"),
            b"a barn"
        );
        // Without a site, it is that of the lock file.
        let mut again = live.command(&pull);
        let again = run(again.current_dir(&dir).env_remove("WEBFLOW_SITE_ID"));
        assert_exit(&again, 0);
        assert_eq!(text(&again.stderr), "2 unchanged\n");
        fs::remove_dir_all(dir.join("copy")).expect("it is removed");
        fs::create_dir(dir.join("copy")).expect("it is made");
    }
    assert_eq!(live.sandbox.assets().len(), 2);
}
