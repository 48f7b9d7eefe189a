//! The sandbox's assets into a directory, and again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use futures_util::TryStreamExt;
use httpmock::MockServer;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use webflow_assets::{
    Client, RetryPolicy, Source, Token,
    mock::MockServerExt,
    sandbox::Sandbox,
    sync::{LockFile, Pull, PullError, PullEvent, SyncError},
};

use crate::support::{SITE, chain, client_for};

fn client(sandbox: &Sandbox) -> Client {
    let quick = RetryPolicy::default().base_delay(Duration::from_millis(1));
    client_for(sandbox).retry(quick).build().unwrap()
}

fn pull(sandbox: &Sandbox, dir: &Path) -> Pull {
    client(sandbox).pull(sandbox.site_id(), dir)
}

/// The content of every file that is not hidden, by path, without the lock file.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(next) = dirs.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && name != ".webflow-assets" {
                dirs.push(path);
            } else if path.is_file() && name != LockFile::NAME {
                let relative = path.strip_prefix(dir).unwrap().to_str().unwrap();
                found.insert(relative.to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn lock(dir: &Path) -> LockFile {
    LockFile::read(dir.join(LockFile::NAME)).unwrap().unwrap()
}

/// Synchronises a directory and returns how many requests that took.
async fn sync(sandbox: &Sandbox, dir: &Path, folder: &str) -> usize {
    let before = sandbox.requests().len();
    let sync = client(sandbox).sync(sandbox.site_id(), dir).folder(folder);
    assert!(sync.send().await.unwrap().is_complete());
    sandbox.requests().len() - before
}

#[tokio::test]
async fn what_was_synchronised_comes_back_and_is_in_step() {
    let sandbox = Sandbox::start().await.unwrap();
    let here = tempfile::tempdir().unwrap();
    for (path, content) in [
        ("hero.png", "hero"),
        ("icons/a.svg", "<svg/>"),
        ("icons/deep/b.svg", "<svg></svg>"),
        // Equal content is one asset.
        ("twin.png", "hero"),
    ] {
        let path = here.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    sync(&sandbox, here.path(), "brand/2026").await;
    let _ = sandbox.add_asset("elsewhere.txt", "elsewhere");

    let there = tempfile::tempdir().unwrap();
    let there = there.path().join("new");
    let report = pull(&sandbox, &there)
        .folder("brand/2026")
        .send()
        .await
        .unwrap();
    assert_eq!(report.pulled, 3);
    assert!(report.is_complete());
    let mut expected = files(here.path());
    let twins = [expected.remove("twin.png"), expected.remove("hero.png")];
    let mut pulled = files(&there);
    let twin = pulled
        .remove("hero.png")
        .or_else(|| pulled.remove("twin.png"));
    assert!(twins.contains(&twin));
    assert_eq!(pulled, expected);
    assert_eq!(sync(&sandbox, &there, "brand/2026").await, 0);

    // Two lists, and nothing to fetch.
    let before = sandbox.requests().len();
    let report = pull(&sandbox, &there)
        .folder("brand/2026")
        .send()
        .await
        .unwrap();
    assert_eq!((report.pulled, report.unchanged), (0, 3));
    assert_eq!(sandbox.requests().len(), before + 2);
    // What the lock file names twice is there twice again.
    fs::remove_file(here.path().join("hero.png")).unwrap();
    fs::remove_file(here.path().join("twin.png")).unwrap();
    let report = pull(&sandbox, here.path())
        .folder("brand/2026")
        .send()
        .await
        .unwrap();
    assert_eq!((report.pulled, report.unchanged), (2, 2));
    assert_eq!(sync(&sandbox, here.path(), "brand/2026").await, 0);
}

#[tokio::test]
async fn hostile_names_write_nothing_outside_the_directory_and_lose_nothing() {
    const EACH: usize = 250;
    let sandbox = Sandbox::start().await.unwrap();
    let long = "n".repeat(300);
    let names = [
        "../x",
        "CON",
        &long,
        "equal.png",
        "a\u{1b}[31m\nb.png",
        "..",
        ".ignore",
        LockFile::NAME,
    ];
    let mut contents = BTreeSet::new();
    for n in 0..EACH {
        for name in names {
            let content = format!("{name} {n}").into_bytes();
            let _ = sandbox.add_asset(name, content.clone());
            contents.insert(content);
        }
    }
    let client = client(&sandbox);
    let hostile = sandbox.add_folder("../..", None);
    for name in ["equal.png", "EQUAL.png"] {
        let upload = client.upload(sandbox.site_id(), Source::bytes(name, name));
        upload.parent_folder(&*hostile.id).send().await.unwrap();
        contents.insert(name.as_bytes().to_vec());
    }

    let around = tempfile::tempdir().unwrap();
    let dir = around.path().join("dir");
    let report = pull(&sandbox, &dir).send().await.unwrap();
    assert_eq!(report.pulled, names.len() * EACH + 2);
    let pulled = files(&dir);
    assert_eq!(pulled.len(), report.pulled);
    let lower: BTreeSet<String> = pulled.keys().map(|path| path.to_lowercase()).collect();
    assert_eq!(lower.len(), pulled.len());
    assert!(
        pulled
            .keys()
            .all(|path| path.is_ascii() && !path.contains(".."))
    );
    assert_eq!(pulled.into_values().collect::<BTreeSet<_>>(), contents);
    assert_eq!(fs::read_dir(around.path()).unwrap().count(), 1);
    assert_eq!(lock(&dir).files().count(), report.pulled);
    assert_eq!(sync(&sandbox, &dir, "").await, 0);
    let report = pull(&sandbox, &dir).send().await.unwrap();
    assert_eq!((report.pulled, report.unchanged), (0, contents.len()));
}

#[tokio::test]
async fn what_has_the_name_of_a_file_of_sync_gets_another_one() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let mut expected = BTreeMap::new();
    for (folder, name) in [
        (LockFile::NAME, "a.txt"),
        (".webflow-assets", "journal"),
        ("img", "Webflow-Assets.lock"),
    ] {
        let parent = sandbox.add_folder(folder, None);
        let upload = client.upload(sandbox.site_id(), Source::bytes(name, name));
        upload.parent_folder(&*parent.id).send().await.unwrap();
        let hosted = format!("{folder}/{name}");
        let path = hosted
            .replace(".webflow", "_webflow")
            .replace("Web", "_Web");
        expected.insert(
            path.replace("webflow-assets.lock/", "_webflow-assets.lock/"),
            hosted,
        );
    }
    let dir = tempfile::tempdir().unwrap();
    let mut events = pull(&sandbox, dir.path()).stream();
    let mut pulled = BTreeMap::new();
    while let Some(event) = events.try_next().await.unwrap() {
        if let PullEvent::Pulled { path, name, .. } = event {
            let folder = path.split_once('/').unwrap().0;
            let name = name.unwrap();
            let whole = name.contains('/').then(|| name.clone());
            pulled.insert(path.clone(), whole.unwrap_or(format!("{folder}/{name}")));
        }
    }
    assert_eq!(pulled, expected);
    assert_eq!(sync(&sandbox, dir.path(), "").await, 0);
    assert_eq!(lock(dir.path()).files().count(), 3);
}

#[tokio::test]
async fn a_file_with_other_content_stays_unless_it_is_to_be_overwritten() {
    let sandbox = Sandbox::start().await.unwrap();
    for (name, content) in [
        ("a.txt", "site"),
        ("b.txt", "site b"),
        ("c.txt", "same"),
        ("d.txt", "d"),
    ] {
        let _ = sandbox.add_asset(name, content);
    }
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| fs::write(dir.path().join(name), content).unwrap();
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    write("a.txt", "mine, longer");
    write("b.txt", "mine b");
    write("c.txt", "same");
    let report = pull(&sandbox, dir.path()).send().await.unwrap();
    assert_eq!((report.pulled, report.kept), (2, 2));
    assert!(!report.is_complete());
    assert_eq!(
        (read("a.txt"), read("b.txt")),
        ("mine, longer".to_owned(), "mine b".to_owned())
    );
    assert_eq!(read("d.txt"), "d");
    assert!(lock(dir.path()).get("c.txt").is_some() && lock(dir.path()).get("a.txt").is_none());

    // A file that was pulled and then edited is no different.
    write("d.txt", "edited");
    let report = pull(&sandbox, dir.path()).send().await.unwrap();
    assert_eq!((report.unchanged, report.kept), (1, 3));
    let report = pull(&sandbox, dir.path())
        .overwrite(true)
        .send()
        .await
        .unwrap();
    assert_eq!((report.pulled, report.unchanged), (3, 1));
    assert_eq!(
        (read("a.txt"), read("b.txt"), read("d.txt")),
        ("site".to_owned(), "site b".to_owned(), "d".to_owned())
    );
    assert_eq!(sync(&sandbox, dir.path(), "").await, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn a_pulled_file_that_was_edited_to_the_same_length_is_noticed() {
    let sandbox = Sandbox::start().await.unwrap();
    let _ = sandbox.add_asset("a.txt", "hello");
    let dir = tempfile::tempdir().unwrap();
    pull(&sandbox, dir.path()).send().await.unwrap();
    let file = dir.path().join("a.txt");
    let edited = || {
        fs::write(&file, "HELLO").unwrap();
        // As in a clone, where no stamps are.
        let _ = fs::remove_file(dir.path().join(".webflow-assets/stamps.json"));
    };
    edited();
    let report = pull(&sandbox, dir.path()).send().await.unwrap();
    assert_eq!((report.unchanged, report.kept), (0, 1));
    assert_eq!(fs::read(&file).unwrap(), b"HELLO");
    edited();
    let replaced = pull(&sandbox, dir.path()).overwrite(true);
    assert_eq!(replaced.send().await.unwrap().pulled, 1);
    assert_eq!(fs::read(&file).unwrap(), b"hello");
    let report = pull(&sandbox, dir.path()).send().await.unwrap();
    assert_eq!((report.unchanged, report.pulled), (1, 0));
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_in_the_directory_is_not_followed() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = sandbox.add_folder("img", None);
    let client = client(&sandbox);
    let upload = client.upload(sandbox.site_id(), Source::bytes("a.txt", "a"));
    upload.parent_folder(&*folder.id).send().await.unwrap();
    let _ = sandbox.add_asset("b.txt", "b");
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path(), dir.path().join("img")).unwrap();
    let victim = outside.path().join("victim");
    fs::write(&victim, "victim").unwrap();
    std::os::unix::fs::symlink(&victim, dir.path().join("b.txt")).unwrap();
    let report = pull(&sandbox, dir.path())
        .overwrite(true)
        .send()
        .await
        .unwrap();
    assert_eq!((report.pulled, report.failed), (0, 2));
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(victim).unwrap(), "victim");
}

#[tokio::test]
async fn a_pull_that_is_dropped_goes_on_where_it_was() {
    let sandbox = Sandbox::start().await.unwrap();
    for n in 0..40 {
        let _ = sandbox.add_asset(format!("{n}.txt"), format!("content {n}"));
    }
    let dir: TempDir = tempfile::tempdir().unwrap();
    let mut pulled = 0;
    {
        let mut events = pull(&sandbox, dir.path()).concurrency(2).stream();
        while pulled < 15 {
            let event = events.try_next().await.unwrap().unwrap();
            pulled += usize::from(matches!(event, PullEvent::Pulled { .. }));
        }
    }
    assert!(lock(dir.path()).files().count() >= pulled);
    let report = pull(&sandbox, dir.path()).send().await.unwrap();
    assert_eq!(report.pulled + report.unchanged, 40);
    assert!(report.unchanged >= pulled);
    assert_eq!(files(dir.path()).len(), 40);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named_and_another_site_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let error = pull(&sandbox, dir.path())
        .folder("none")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the site has no folder `none`");
    let new = dir.path().join("not/there");
    let error = pull(&sandbox, &new).folder("none").send().await;
    assert!(error.is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let _ = sandbox.add_asset("a.txt", "a");
    pull(&sandbox, dir.path()).send().await.unwrap();
    let elsewhere = client(&sandbox).pull("580e63e98c9a982ac9b8b742", dir.path());
    let error = elsewhere.send().await.unwrap_err();
    assert!(matches!(error, SyncError::Elsewhere { .. }), "{error}");
}

async fn site_without_folders() -> MockServer {
    let server = MockServer::start_async().await;
    let folders = serde_json::from_value(json!({ "assetFolders": [] })).unwrap();
    server.list_asset_folders(|_, then| drop(then.ok(&folders)));
    server
}

#[tokio::test]
async fn an_asset_without_a_valid_id_is_named_before_anything_is_written() {
    let server = site_without_folders().await;
    for odd in [
        json!({ "originalFileName": "odd.txt" }),
        json!({ "id": "../x", "originalFileName": "odd.txt" }),
    ] {
        let good = json!({ "id": format!("{:024}", 1), "originalFileName": "a.txt" });
        let assets = serde_json::from_value(json!({ "assets": [good, odd] })).unwrap();
        let mut listed = server.list_assets(|_, then| drop(then.ok(&assets)));
        let dir = tempfile::tempdir().unwrap();
        let error = crate::support::client(&server.base_url())
            .pull(SITE, dir.path())
            .send()
            .await
            .unwrap_err();
        assert!(
            matches!(&error, SyncError::NoId(name) if name == "odd.txt"),
            "{error}"
        );
        assert!(files(dir.path()).is_empty());
        listed.delete();
    }
}

#[tokio::test]
async fn a_file_whose_asset_has_another_size_on_the_site_is_not_called_unchanged() {
    let server = site_without_folders().await;
    let client = crate::support::client(&server.base_url());
    let dir = tempfile::tempdir().unwrap();
    for (content, overwrite, report) in [
        ("four", false, (1, 0, 0)),
        ("four", false, (0, 1, 0)),
        ("the nine!", false, (0, 0, 1)),
        ("the nine!", true, (1, 0, 0)),
        ("the nine!", false, (0, 1, 0)),
    ] {
        let asset = json!({
            "id": format!("{:024}", 1), "originalFileName": "a.txt", "size": content.len(),
            "hostedUrl": server.url("/a.txt"),
        });
        let assets = serde_json::from_value(json!({ "assets": [asset] })).unwrap();
        let mut listed = server.list_assets(|_, then| drop(then.ok(&assets)));
        let mut content_mock = server.mock(|when, then| {
            when.path("/a.txt");
            then.status(200).body(content);
        });
        let pull = client.pull(SITE, dir.path()).overwrite(overwrite);
        let done = pull.send().await.unwrap();
        assert_eq!((done.pulled, done.unchanged, done.kept), report);
        listed.delete();
        content_mock.delete();
    }
    assert_eq!(files(dir.path())["a.txt"], b"the nine!");
}

#[tokio::test]
async fn content_that_drips_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/a.txt", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            request_path(&mut stream).await;
            tokio::spawn(async move {
                let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
                let mut sent = stream.write_all(head).await;
                while sent.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    sent = stream.write_all(b"x").await;
                }
            });
        }
    });
    let asset =
        json!({ "id": format!("{:024}", 1), "originalFileName": "a.txt", "hostedUrl": url });
    let asset = serde_json::from_value(asset).unwrap();
    let client = Client::builder()
        .token(Token::new("t0ken").unwrap())
        .retry(RetryPolicy::none())
        .idle_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let error = client
        .download(&asset, dir.path(), false)
        .await
        .unwrap_err();
    assert!(matches!(error, PullError::Slow), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// Serves content as a bad day would. Returns its address.
async fn bad_day() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut served = BTreeMap::new();
        let mut held = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let path = request_path(&mut stream).await;
            let times = served.entry(path.clone()).or_insert(0);
            *times += 1;
            let answer: &[u8] = match (path.as_str(), *times) {
                ("/flaky", 1) => {
                    b"HTTP/1.1 503 Slow Down\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
                }
                // Cut off.
                ("/flaky", 2) => b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfla",
                ("/flaky", _) => b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nflaky",
                ("/short", _) => b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nshor",
                ("/long", _) => b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nlonger",
                // A byte is another one.
                ("/flip", 1) => b"HTTP/1.1 200 OK\r\nETag: \"e6e5fd26daa9bca985675f67015fd882\"\r\nContent-Length: 4\r\n\r\nflap",
                ("/flip", _) => b"HTTP/1.1 200 OK\r\nETag: \"e6e5fd26daa9bca985675f67015fd882\"\r\nContent-Length: 4\r\n\r\nflip",
                ("/odd", _) => b"HTTP/1.1 200 OK\r\nETag: \"e6e5fd26daa9bca985675f67015fd882\"\r\nContent-Length: 3\r\n\r\nodd",
                // Its tag is no MD5.
                ("/kms", _) => b"HTTP/1.1 200 OK\r\nETag: \"e6e5fd26daa9bca985675f67015fd882\"\r\nx-amz-server-side-encryption: aws:kms\r\nContent-Length: 3\r\n\r\nkms",
                ("/aside", _) => b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n",
                ("/stalled", _) => b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nstal",
                _ => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            };
            stream.write_all(answer).await.unwrap();
            if path == "/stalled" {
                held.push(stream);
            }
        }
    });
    address
}

async fn request_path(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    head.split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn content_that_does_not_arrive_whole_is_fetched_again_or_reported() {
    let cdn = bad_day().await;
    let server = site_without_folders().await;
    let assets = [
        ("flaky", 5),
        ("short", 5),
        ("long", 4),
        ("stalled", 7),
        ("gone", 4),
        ("flip", 4),
        ("odd", 3),
        ("kms", 3),
        ("aside", 3),
    ];
    let assets: Vec<_> = assets
        .iter()
        .enumerate()
        .map(|(n, (name, size))| {
            let url = format!("{cdn}/{name}");
            json!({ "id": format!("{n:024}"), "originalFileName": name, "size": size, "hostedUrl": url })
        })
        .chain([
            json!({ "id": format!("{:024}", 18), "originalFileName": "nowhere", "size": 1 }),
            json!({ "id": format!("{:024}", 19), "originalFileName": "file", "hostedUrl": "file:///etc/hostname" }),
            json!({ "id": format!("{:024}", 20), "originalFileName": "plain", "hostedUrl": "http://192.0.2.1/plain" }),
        ])
        .collect();
    let assets = serde_json::from_value(json!({ "assets": assets })).unwrap();
    server.list_assets(|_, then| drop(then.ok(&assets)));
    let quick = RetryPolicy::default()
        .base_delay(Duration::from_millis(1))
        .max_attempts(3);
    let client = Client::builder()
        .token(Token::new("t0ken").unwrap())
        .base_url(server.base_url())
        .retry(quick)
        .idle_timeout(Duration::from_millis(300))
        .build()
        .unwrap();

    let dir = tempfile::tempdir().unwrap();
    let mut events = client.pull(SITE, dir.path()).stream();
    let mut failed = BTreeMap::new();
    while let Some(event) = events.try_next().await.unwrap() {
        if let PullEvent::Failed { path, error, .. } = event {
            failed.insert(path, error);
        }
    }
    let whole = files(dir.path());
    assert_eq!(whole.keys().collect::<Vec<_>>(), ["flaky", "flip", "kms"]);
    assert!(whole.iter().all(|(name, bytes)| name.as_bytes() == bytes));
    assert!(matches!(failed["odd"], PullError::Damaged { .. }));
    let size = |name: &str| match &failed[name] {
        PullError::Size { expected, len } => (*expected, *len),
        error => panic!("{error:?}"),
    };
    assert_eq!((size("short"), size("long")), ((5, 4), (4, 6)));
    assert!(matches!(failed["stalled"], PullError::TimedOut(_)));
    assert!(matches!(failed["gone"], PullError::Status(status) if status == 404));
    for name in ["nowhere", "file"] {
        assert!(matches!(failed[name], PullError::NoUrl), "{name}");
    }
    assert!(matches!(failed["plain"], PullError::PlainHttp));
    let redirected = chain(&failed["aside"]);
    assert!(
        redirected.contains("redirects to `http` on another machine"),
        "{redirected}"
    );
    assert_eq!(failed.len(), 9);
    // Nothing of what failed is left.
    let left = fs::read_dir(dir.path().join(".webflow-assets")).unwrap();
    let mut left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [".gitignore"]);
}
