//! `url`.

use super::*;

#[cfg(unix)]
#[test]
fn a_lock_file_that_is_a_link_is_not_followed() {
    let dir = scratch("url_link");
    std::os::unix::fs::symlink("/proc/self/environ", dir.join("webflow-assets.lock"))
        .expect("a link");
    for args in [&["url", "a.txt"][..], &["url", "--all"]] {
        let output = run(command(args).current_dir(&dir));
        assert_exit(&output, 1);
        let stderr = text(&output.stderr);
        assert!(
            stderr.contains("this is a symbolic link, which is not followed"),
            "{stderr}"
        );
    }
}

#[test]
fn the_url_of_a_file_is_in_the_lock_file() {
    let dir = scratch("url");
    fs::create_dir_all(dir.join("img/2026")).expect("it is made");
    fs::write(dir.join("img/2026/hero.txt"), "hero").expect("a file is written");
    let live = Live::start();
    let synced = run(&mut live.command(&["sync", path_text(&dir.join("img")), "--json"]));
    assert_exit(&synced, 0);
    let lines = json_lines(&synced);
    let uploaded = lines.iter().find(|line| line["event"] == "uploaded");
    let url = uploaded.expect("an upload")["hosted_url"]
        .as_str()
        .expect("a URL");

    // No token, no site, no network.
    let look_up = |from: &str, args: &[&str]| {
        let args = ["url"].iter().chain(args).copied().collect::<Vec<_>>();
        run(command(&args).current_dir(dir.join(from)))
    };
    for (from, path) in [
        ("", "img/2026/hero.txt"),
        ("img", "2026/hero.txt"),
        ("img/2026", "hero.txt"),
        ("img/2026", "../../img/./2026/hero.txt"),
    ] {
        let output = look_up(from, &[path]);
        assert_exit(&output, 0);
        assert_eq!(text(&output.stdout), format!("{url}\n"), "{from}: {path}");
    }
    fs::copy(
        dir.join("img/webflow-assets.lock"),
        dir.join("img/other.lock"),
    )
    .expect("a copy");
    let other = ["2026/hero.txt", "--lock-file", "other.lock"];
    assert_exit(&look_up("img", &other), 0);

    for (args, says) in [
        (&["img/none.txt"][..], "does not have it"),
        (
            &["img/2026/hero.txt", "--lock-file", "no.lock"],
            "no such lock file",
        ),
        (
            &["../x", "--lock-file", "img/webflow-assets.lock"],
            "does not have it",
        ),
        (&["/hero.txt"], "`webflow-assets sync` writes one"),
        (
            &["img/2026/hero.txt", "--lock-file", "img/2026/hero.txt"],
            "this is no lock file",
        ),
    ] {
        let output = look_up("", args);
        assert_exit(&output, 1);
        let stderr = text(&output.stderr);
        assert!(
            stderr.starts_with("error: ") && stderr.contains(says),
            "{stderr}"
        );
        assert_eq!(text(&output.stdout), "");
    }
}
