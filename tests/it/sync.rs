//! A directory onto the sandbox's site, and again.

#[path = "sync/bad_input.rs"]
mod bad_input;
#[path = "sync/deleting.rs"]
mod deleting;
#[path = "sync/errors.rs"]
mod errors;
#[path = "sync/failures.rs"]
mod failures;
#[path = "sync/files.rs"]
mod files;
#[path = "sync/interrupted.rs"]
mod interrupted;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::Path,
    time::{Duration, SystemTime},
};

use futures_util::TryStreamExt;
use tempfile::TempDir;
use webflow_assets::{
    Client, RetryPolicy,
    sandbox::{Operation, Sandbox},
    sync::{Action, DirSync, LockFile, Plan, Report, SyncEvent},
};

use crate::support::client_for;

fn client(sandbox: &Sandbox) -> Client {
    let quick = RetryPolicy::default().base_delay(Duration::from_millis(1));
    // A sync deletes nothing that it failed to fill, so that no run of a test waits for another.
    let lease = Duration::from_millis(1);
    client_for(sandbox)
        .retry(quick)
        .lease(lease)
        .build()
        .unwrap()
}

fn sync(sandbox: &Sandbox, dir: &TempDir) -> DirSync {
    client(sandbox).sync(sandbox.site_id(), dir.path())
}

/// A directory with these files, which were last modified an hour ago.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in files {
        write(dir.path(), path, content, 3600);
    }
    dir
}

/// Writes a file as if that had been so many seconds ago.
fn write(dir: &Path, path: &str, content: &str, age: u64) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    let then = SystemTime::now() - Duration::from_secs(age);
    let file = File::options().append(true).open(path).unwrap();
    file.set_modified(then).unwrap();
}

fn lock(dir: &TempDir) -> LockFile {
    let path = dir.path().join(LockFile::NAME);
    LockFile::read(path).unwrap().unwrap()
}

fn actions(plan: &Plan) -> Vec<(&str, Action)> {
    let files = plan.files().iter();
    files
        .map(|file| (file.path.as_str(), file.action))
        .collect()
}

fn count(sandbox: &Sandbox, operation: Operation) -> usize {
    let requests = sandbox.requests();
    let hit = requests.iter().filter(|r| r.operation == Some(operation));
    hit.count()
}

/// The paths of the site's filled assets, by folder names, with their content.
fn on_site(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let folders = sandbox.folders();
    let path = |mut folder: Option<String>| {
        let mut path = String::new();
        while let Some(id) = folder.take() {
            let found = folders.iter().find(|folder| folder.id == id).unwrap();
            path = format!("{}/{path}", found.display_name);
            folder.clone_from(&found.parent_folder);
        }
        path
    };
    let assets = sandbox.assets().into_iter().map(|asset| {
        let bytes = sandbox.stored(&asset.id).expect("it has a file");
        let path = path(asset.parent_folder) + &asset.file_name;
        (path, String::from_utf8(bytes.to_vec()).unwrap())
    });
    assets.collect()
}

fn counts(report: &Report) -> [usize; 5] {
    assert!(report.is_complete(), "{report:?}");
    [
        report.uploaded,
        report.already_there,
        report.unchanged,
        report.folders,
        report.deleted,
    ]
}

#[tokio::test]
async fn a_tree_becomes_folders_and_assets_and_a_lock_file_that_reads_well() {
    let sandbox = Sandbox::builder()
        .folders_per_page(2)
        .start()
        .await
        .unwrap();
    let brand = sandbox.add_folder("brand", None);
    let dir = tree(&[
        ("logo.svg", "<svg/>"),
        ("img/hero.png", "hero"),
        ("img/2026/it's a \"barn\" & more.png", "barn"),
        ("img/2026/写真.png", "photo"),
        (".hidden/secret.txt", "secret"),
        (".env", "secret"),
    ]);
    let plan = sync(&sandbox, &dir)
        .folder("brand/2026")
        .plan()
        .await
        .unwrap();
    assert_eq!(sandbox.requests().len(), 0, "a plan sends nothing");
    let (mut folders, mut report) = (Vec::new(), None);
    let mut events = plan.stream();
    while let Some(event) = events.try_next().await.unwrap() {
        match event {
            SyncEvent::FolderCreated { path, .. } => folders.push(path),
            SyncEvent::Finished { report: last } => report = Some(last),
            _ => {}
        }
    }
    assert_eq!(counts(&report.unwrap()), [4, 0, 0, 3, 0]);
    assert_eq!(
        folders,
        ["brand/2026", "brand/2026/img", "brand/2026/img/2026"]
    );
    let site = on_site(&sandbox);
    let site: Vec<(&str, &str)> = site.iter().map(|(p, c)| (p.as_str(), c.as_str())).collect();
    assert_eq!(
        site,
        [
            ("brand/2026/img/2026/it's a \"barn\" & more.png", "barn"),
            ("brand/2026/img/2026/写真.png", "photo"),
            ("brand/2026/img/hero.png", "hero"),
            ("brand/2026/logo.svg", "<svg/>"),
        ]
    );
    assert!(
        sandbox
            .folders()
            .iter()
            .any(|folder| folder.parent_folder.as_ref() == Some(&brand.id))
    );
    // Two pages of folders, and one create each.
    assert_eq!(count(&sandbox, Operation::ListFolders), 1);
    assert_eq!(count(&sandbox, Operation::CreateFolder), 3);

    let text = fs::read_to_string(dir.path().join(LockFile::NAME)).unwrap();
    let lock = lock(&dir);
    let hero = lock.get("img/hero.png").unwrap();
    let expected = format!(
        r#"    "img/hero.png": {{
      "md5": "{}",
      "size": 4,
      "asset": "{}",
      "url": "{}"
    }},"#,
        hero.md5,
        hero.asset,
        hero.url.as_deref().unwrap()
    );
    assert!(text.contains(&expected), "{text}");
    let paths: Vec<&str> = lock.files().map(|(path, _)| path).collect();
    assert!(paths.is_sorted());
    assert_eq!(paths.len(), 4);
    let ignored = fs::read_to_string(dir.path().join(".webflow-assets/.gitignore")).unwrap();
    assert_eq!(ignored, "*\n");
}

#[tokio::test]
async fn a_second_run_sends_nothing_and_reads_nothing_that_looks_the_same() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "one"), ("b/c.txt", "two")]);
    sync(&sandbox, &dir).send().await.unwrap();
    let before = sandbox.requests().len();
    let text = fs::read(dir.path().join(LockFile::NAME)).unwrap();

    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [0, 0, 2, 0, 0]);

    // Another content under the same size and modification time shows by the time of the change.
    let path = dir.path().join("a.txt");
    let modified = path.metadata().unwrap().modified().unwrap();
    fs::write(&path, "ONE").unwrap();
    let file = File::options().append(true).open(&path).unwrap();
    file.set_modified(modified).unwrap();
    let plan = sync(&sandbox, &dir).plan().await.unwrap();
    let changed = if cfg!(unix) {
        Action::Changed
    } else {
        Action::Unchanged
    };
    assert_eq!(
        actions(&plan),
        [("a.txt", changed), ("b/c.txt", Action::Unchanged)]
    );
    drop(plan);

    // A new time is looked into, and is no change by itself.
    write(dir.path(), "b/c.txt", "two", 1800);
    write(dir.path(), "a.txt", "one", 1800);
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [0, 0, 2, 0, 0]);
    assert_eq!(sandbox.requests().len(), before);
    assert_eq!(fs::read(dir.path().join(LockFile::NAME)).unwrap(), text);
}

#[tokio::test]
async fn only_what_changed_is_sent_and_what_moved_is_looked_up_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[
        ("same.txt", "same"),
        ("new size.txt", "1"),
        ("edit.txt", "11"),
        ("move.txt", "moved"),
    ]);
    sync(&sandbox, &dir).send().await.unwrap();
    let creates = count(&sandbox, Operation::CreateAsset);
    assert_eq!(count(&sandbox, Operation::GetAsset), 0);
    let old = lock(&dir);

    write(dir.path(), "new size.txt", "22", 1800);
    write(dir.path(), "edit.txt", "33", 1800);
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::rename(
        dir.path().join("move.txt"),
        dir.path().join("sub/moved.txt"),
    )
    .unwrap();
    write(dir.path(), "sub/twin.txt", "moved", 1800);
    let plan = sync(&sandbox, &dir).plan().await.unwrap();
    assert_eq!(
        actions(&plan),
        [
            ("edit.txt", Action::Changed),
            ("move.txt", Action::Gone),
            ("new size.txt", Action::Changed),
            ("same.txt", Action::Unchanged),
            ("sub/moved.txt", Action::New),
            ("sub/twin.txt", Action::New),
        ]
    );
    let report = plan.send().await.unwrap();
    assert_eq!(counts(&report), [2, 2, 1, 1, 0]);
    assert_eq!(count(&sandbox, Operation::CreateAsset), creates + 2);
    assert_eq!(count(&sandbox, Operation::GetAsset), 1);
    let new = lock(&dir);
    let moved = new.get("sub/moved.txt").unwrap();
    assert_eq!(moved.asset, old.get("move.txt").unwrap().asset);
    assert!(!moved.existing);
    assert_eq!(
        sandbox.assets().len(),
        6,
        "nothing is deleted unless asked for"
    );
}

#[tokio::test]
async fn deleting_takes_what_was_created_from_here_and_is_needed_no_more() {
    let sandbox = Sandbox::start().await.unwrap();
    let theirs = sandbox.add_asset("theirs.txt", "theirs");
    let dir = tree(&[
        ("gone.txt", "gone"),
        ("twin one.txt", "twin"),
        ("twin two.txt", "twin"),
        ("theirs.txt", "theirs"),
        ("edit.txt", "before"),
        ("stays.txt", "stays"),
        ("left out.log", "log"),
    ]);
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [5, 2, 0, 0, 0]);
    assert!(lock(&dir).get("theirs.txt").unwrap().existing);
    assert!(!lock(&dir).get("twin one.txt").unwrap().existing);
    assert!(!lock(&dir).get("twin two.txt").unwrap().existing);

    for path in ["gone.txt", "twin one.txt", "theirs.txt"] {
        fs::remove_file(dir.path().join(path)).unwrap();
    }
    write(dir.path(), "edit.txt", "after it", 1800);
    // Without the wish, the lock file remembers what could be deleted.
    let report = sync(&sandbox, &dir).exclude("*.log").send().await.unwrap();
    assert_eq!(counts(&report), [1, 0, 2, 0, 0]);
    assert_eq!(sandbox.assets().len(), 7);

    let plan = sync(&sandbox, &dir)
        .exclude("*.log")
        .delete(true)
        .plan()
        .await
        .unwrap();
    assert_eq!(
        actions(&plan),
        [
            ("edit.txt", Action::Unchanged),
            ("gone.txt", Action::Delete),
            ("stays.txt", Action::Unchanged),
            ("theirs.txt", Action::Gone),
            ("twin one.txt", Action::Gone),
            ("twin two.txt", Action::Unchanged),
        ]
    );
    let mut deletions: Vec<&str> = plan.deletions().map(|(path, _)| path).collect();
    deletions.sort_unstable();
    assert_eq!(deletions, ["edit.txt", "gone.txt"]);
    let replaced: Vec<&str> = plan.replaced().map(|(path, _)| path).collect();
    assert_eq!(replaced, ["edit.txt"]);
    let report = plan.send().await.unwrap();
    assert_eq!(counts(&report), [0, 0, 3, 0, 2]);
    let left: Vec<String> = on_site(&sandbox).into_values().collect();
    assert_eq!(left, ["after it", "log", "stays", "theirs", "twin"]);
    assert!(sandbox.stored(&theirs.id).is_some());
    let lock = lock(&dir);
    let paths: Vec<&str> = lock.files().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        ["edit.txt", "left out.log", "stays.txt", "twin two.txt"]
    );
}

#[tokio::test]
async fn patterns_hidden_files_and_ignore_files_decide_what_is_taken() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[
        ("a.png", "a"),
        ("b.jpg", "b"),
        ("img/c.png", "c"),
        ("img/old/d.png", "d"),
        ("img/.thumb.png", "e"),
        ("drafts/f.png", "f"),
        (".ignore", "drafts/\n"),
    ]);
    let paths =
        |plan: Plan| -> Vec<String> { plan.files().iter().map(|file| file.path.clone()).collect() };
    let plan = sync(&sandbox, &dir).plan().await.unwrap();
    assert_eq!(
        paths(plan),
        ["a.png", "b.jpg", "img/c.png", "img/old/d.png"]
    );
    let plan = sync(&sandbox, &dir)
        .include("*.png")
        .exclude("old")
        .plan()
        .await
        .unwrap();
    assert_eq!(paths(plan), ["a.png", "img/c.png"]);
    let plan = sync(&sandbox, &dir).include("/*.png").plan().await.unwrap();
    assert_eq!(paths(plan), ["a.png"]);
    let plan = sync(&sandbox, &dir)
        .hidden(true)
        .include("*.png")
        .plan()
        .await
        .unwrap();
    assert_eq!(
        paths(plan),
        ["a.png", "img/.thumb.png", "img/c.png", "img/old/d.png"]
    );
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed_on_request_and_a_circle_is_a_problem() {
    use std::os::unix::fs::symlink;

    let sandbox = Sandbox::start().await.unwrap();
    let elsewhere = tree(&[("far.txt", "far")]);
    let dir = tree(&[("a.txt", "a"), ("sub/b.txt", "b")]);
    symlink(elsewhere.path(), dir.path().join("link")).unwrap();
    symlink(dir.path(), dir.path().join("sub/circle")).unwrap();
    let plan = sync(&sandbox, &dir).plan().await.unwrap();
    assert_eq!(plan.files().len(), 2);
    assert!(plan.problems().is_empty());
    drop(plan);

    let plan = sync(&sandbox, &dir)
        .follow_links(true)
        .plan()
        .await
        .unwrap();
    assert_eq!(
        actions(&plan),
        [
            ("a.txt", Action::New),
            ("link/far.txt", Action::New),
            ("sub/b.txt", Action::New)
        ]
    );
    let problems: Vec<String> = plan.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].starts_with("sub/circle: it cannot be read: it is a link in a circle"),
        "{problems:?}"
    );
}

#[tokio::test]
async fn equal_content_is_created_once_and_is_ours() {
    let sandbox = Sandbox::start().await.unwrap();
    let files: Vec<(String, String)> = (0..60)
        .map(|n| (format!("d{}/{n}.txt", n % 7), format!("content {}", n % 20)))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(p, c)| (p.as_str(), c.as_str()))
        .collect();
    let dir = tree(&files);
    let report = sync(&sandbox, &dir).concurrency(16).send().await.unwrap();
    assert_eq!(counts(&report), [20, 40, 0, 7, 0]);
    assert_eq!(count(&sandbox, Operation::CreateAsset), 20);
    assert_eq!(count(&sandbox, Operation::PostObject), 20);
    assert!(lock(&dir).files().all(|(_, file)| !file.existing));
}

#[tokio::test]
async fn what_the_site_lost_is_sent_again_if_it_is_looked_for() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b")]);
    sync(&sandbox, &dir).send().await.unwrap();
    let lost = lock(&dir).get("a.txt").unwrap().asset;
    client(&sandbox)
        .delete_asset()
        .asset_id(lost)
        .send()
        .await
        .unwrap();

    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [0, 0, 2, 0, 0]);
    let plan = sync(&sandbox, &dir).verify(true).plan().await.unwrap();
    assert_eq!(
        actions(&plan),
        [("a.txt", Action::Missing), ("b.txt", Action::Unchanged)]
    );
    let report = plan.send().await.unwrap();
    assert_eq!(counts(&report), [1, 0, 1, 0, 0]);
    assert_ne!(lock(&dir).get("a.txt").unwrap().asset, lost);
    assert_eq!(on_site(&sandbox).len(), 2);
}

#[tokio::test]
async fn an_asset_that_is_gone_already_is_forgotten_without_a_complaint() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b")]);
    sync(&sandbox, &dir).send().await.unwrap();
    let asset = lock(&dir).get("a.txt").unwrap().asset;
    client(&sandbox)
        .delete_asset()
        .asset_id(asset)
        .send()
        .await
        .unwrap();
    fs::remove_file(dir.path().join("a.txt")).unwrap();
    let report = sync(&sandbox, &dir).delete(true).send().await.unwrap();
    assert_eq!(counts(&report), [0, 0, 1, 0, 0]);
    assert_eq!(lock(&dir).files().count(), 1);
}
