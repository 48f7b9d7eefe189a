//! What the command says of mistakes, and of the way out of each.

use std::fmt::Write as _;

use super::*;

/// Mistakes that a person makes, in a directory with some files.
const MISTAKES: &[&[&str]] = &[
    &["uplaod", "hero.png"],
    &["upload"],
    &["upload", "no-such.png"],
    &["upload", "img"],
    &["upload", "pipe.png"],
    &["upload", "pipe.png", "--dry-run"],
    &["upload", "https://files.invalid/?key=secret"],
    &["upload", "ftp://u:secret@files.invalid/a.png?key=secret"],
    &["upload", "hero.png", "--base-url", "BASE"],
    &["upload", "pointer.png"],
    &["upload", "large.png"],
    &["upload", "empty.png", "--strict", "--dry-run"],
    &["upload", "notes.psd", "--strict"],
    &["upload", "-"],
    &["upload", "hero.png", "--folder", "brand/2027"],
    &["upload", "hero.png", "--folder", "brand//2027"],
    &["upload", "hero.png", "--site", "my-site"],
    &["upload", "hero.png", "empty.png", "--alt-text", "A barn"],
    &["upload", "hero.png", "--texts", "notes.psd"],
    &["upload", "hero.png", "--texts", "no-such.csv"],
    &["upload", "hero.png", "--texts", "twice.csv"],
    &["upload", "hero.png", "--token", "t0k3n"],
    &["upload", "hero.png", "--token-file", "bearer"],
    &["upload", "hero.png", "--token-file", "no-such-token"],
    &["upload", "hero.png", "--token-file", "other-token"],
    &["upload", "hero.png", "--timeout", "soon"],
    &["upload", "hero.png", "--retries", "-1"],
    &["upload", "hero.png", "--retries", "1000"],
    &["upload", "hero.png", "--concurrency", "lots"],
    &["upload", "hero.png", "--base-url", "api.webflow.com"],
    &["upload", "hero.png", "--base-url", "http://192.0.2.1/v2"],
    &[
        "upload",
        "hero.png",
        "--base-url",
        "http://127.0.0.1:9/v2",
        "--retries",
        "0",
    ],
    &["list", "--site", "580e63e98c9a982ac9b8b742"],
    &["list", "--site", "My Site"],
    &["sites", "--token-file", "other-token"],
    &["sites", "--site", "my-site"],
    &["pull", "img", "--site", "my-site"],
    &["get", "64358b9544249dc43d37d2b7"],
    &["get", "hero.png"],
    &["get", "ASSET", "-o", "hero.png"],
    &["get", "ASSET", "-o", "-"],
    &["delete", "64358b9544249dc43d37d2b7"],
    &["rm", "64358b9544249dc43d37d2b7"],
    &["update", "hero.png", "--alt-text", "A barn"],
    &["update", "hero.png"],
    &["folders", "create", "64358b9544249dc43d37d2b7"],
    &["url", "hero.png"],
    &["sync"],
    &["sync", "no-such-directory"],
    &["sync", "img", "--lock-file", "no-such-directory/a.lock"],
    &["sync", "img", "--lock-file", ".."],
    &["url", "--all", "--lock-file", "no-such.lock"],
    &["sync", "img", "--sandbox"],
    &["pull", "pulled", "--folder", "nosuch"],
    &["pull", "pulled", "--overwrite"],
    &["sync", "img", "--yes"],
    &[
        "list",
        "--base-url",
        "https://user:s3cret@example.com/v2?s3cret",
    ],
    &["list", "--base-url", "https://example.com/v2?key=s3cret"],
    &["list", "--base-url", "http://example.com/v2?key=s3cret"],
    &["list", "--base-url", "user:s3cret@"],
    &["list", "--base-url", "TOKEN"],
    &["list", "--site", "TOKEN"],
    &["list", "--folder", "TOKEN"],
    &["update", "--texts", "urls.csv"],
];

#[test]
fn each_mistake_is_said_in_a_line_with_its_remedy() {
    let live = Live::start();
    let dir = scratch("mistakes");
    fs::create_dir(dir.join("img")).expect("it is made");
    fs::copy(HERO, dir.join("hero.png")).expect("a copy");
    let write = |name: &str, text: &str| fs::write(dir.join(name), text).expect("it is written");
    write("empty.png", "");
    write("notes.psd", "notes");
    write("twice.csv", "path,alt_text\nhero.png,A\n./hero.png,B\n");
    write(
        "urls.csv",
        "path,alt_text\nhttps://example.com/a.png?s3cret,A\n",
    );
    write("bearer", &format!("Bearer {}", live.sandbox.token()));
    write("other-token", "another-token");
    write(
        "pointer.png",
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    );
    let large = fs::File::create(dir.join("large.png")).expect("it is made");
    large.set_len(31 * 1024 * 1024).expect("it is made longer");

    let made = Command::new("mkfifo").arg(dir.join("pipe.png")).status();
    assert!(made.expect("mkfifo runs").success());
    let asset = live.sandbox.add_asset("a.txt", "site").id;
    fs::create_dir_all(dir.join("pulled/a.txt")).expect("it is made");
    let base = live.sandbox.base_url().replace("/v2", "");

    let mut said = String::new();
    for args in MISTAKES {
        let given: Vec<&str> = args
            .iter()
            .map(|arg| match *arg {
                "ASSET" => asset.as_str(),
                "TOKEN" => live.sandbox.token(),
                "BASE" => base.as_str(),
                arg => arg,
            })
            .collect();
        let output = run(live.point(command(&given)).current_dir(&dir));
        let code = output.status.code().expect("it ends by itself");
        assert_ne!(code, 0, "{args:?}");
        assert_eq!(text(&output.stdout), "", "{args:?}");
        let stderr = text(&output.stderr);
        assert!(
            !stderr.contains("Some(") && !stderr.contains("Err("),
            "{stderr}"
        );
        for secret in ["secret", "s3cret", live.sandbox.token()] {
            assert!(!stderr.contains(secret), "{stderr}");
        }
        let stderr = stderr
            .replace(path_text(&dir), "DIR")
            .replace(asset.as_str(), "ASSET");
        let args = args.join(" ");
        writeln!(said, "$ webflow-assets {args}\n{stderr}exit code {code}\n").expect("a string");
    }
    insta::assert_snapshot!("mistakes", said);
    assert_eq!(live.sandbox.assets().len(), 1);
}
