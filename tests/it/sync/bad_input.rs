//! What cannot be synchronised as it is: a clear word, and nothing is lost.

use std::{error::Error, fs};

use webflow_assets::{
    sandbox::{Operation, Sandbox},
    sync::{Action, LockFile, LongNames, SyncError},
};

use super::{actions, count, counts, lock, sync, tree, write};
use crate::support::chain;

#[tokio::test]
async fn a_long_name_is_refused_or_shortened_and_the_others_are_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let long = format!("{}.png", "n".repeat(120));
    // The same for the first 110 characters.
    let twin = format!("{}-twin.png", "n".repeat(115));
    let dir = tree(&[
        (&long, "a"),
        (&twin, "b"),
        ("short.png", "c"),
        (&format!("d/{long}"), "d"),
    ]);

    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!((report.uploaded, report.problems.len()), (1, 3));
    assert!(!report.is_complete());
    let problem = report.problems[1].to_string();
    assert!(
        problem.contains("its name has 124 characters and Webflow takes at most 99"),
        "{problem}"
    );

    let plan = sync(&sandbox, &dir)
        .long_names(LongNames::Shorten)
        .plan()
        .await
        .unwrap();
    assert!(plan.problems().is_empty());
    let report = plan.send().await.unwrap();
    assert_eq!(counts(&report), [3, 0, 1, 1, 0]);
    let mut names: Vec<String> = sandbox
        .assets()
        .into_iter()
        .map(|asset| asset.file_name)
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 4, "each has a name of its own: {names:?}");
    assert!(
        names
            .iter()
            .all(|name| name.len() <= 99 && name.rsplit('.').next() == Some("png"))
    );
    // The lock file knows them by their own names.
    assert!(lock(&dir).get(&long).is_some());
    let report = sync(&sandbox, &dir)
        .long_names(LongNames::Shorten)
        .send()
        .await
        .unwrap();
    assert_eq!(counts(&report), [0, 0, 4, 0, 0]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_name_that_is_no_utf8_and_a_link_to_nowhere_are_problems() {
    use std::os::unix::{ffi::OsStrExt, fs::symlink};

    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("gone.txt", "gone")]);
    sync(&sandbox, &dir).send().await.unwrap();
    fs::write(
        dir.path().join(std::ffi::OsStr::from_bytes(b"b\xff.txt")),
        "b",
    )
    .unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    fs::remove_file(dir.path().join("gone.txt")).unwrap();

    let plan = sync(&sandbox, &dir)
        .follow_links(true)
        .delete(true)
        .plan()
        .await
        .unwrap();
    let problems: Vec<String> = plan.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems[0].contains("its name is not UTF-8"),
        "{problems:?}"
    );
    assert!(
        problems[1].starts_with("dangling: it cannot be read"),
        "{problems:?}"
    );
    // Where a part cannot be read, nothing is taken for gone.
    assert_eq!(
        actions(&plan),
        [("a.txt", Action::Unchanged), ("gone.txt", Action::Gone)]
    );
    let report = plan.send().await.unwrap();
    assert_eq!(report.deleted, 0);
    assert_eq!(sandbox.assets().len(), 2);
}

#[tokio::test]
async fn a_file_that_vanishes_after_the_plan_fails_alone() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b"), ("c.txt", "c")]);
    let plan = sync(&sandbox, &dir).plan().await.unwrap();
    fs::remove_file(dir.path().join("b.txt")).unwrap();
    let report = plan.send().await.unwrap();
    assert_eq!((report.uploaded, report.failures.len()), (2, 1));
    assert_eq!(report.failures[0].path, "b.txt");
    assert!(
        report.failures[0]
            .error
            .to_string()
            .ends_with("b.txt: the file cannot be read")
    );
    assert_eq!(lock(&dir).files().count(), 2);
}

#[tokio::test]
async fn a_lock_file_that_cannot_be_used_stops_everything_and_stays_as_it_is() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a")]);
    sync(&sandbox, &dir).send().await.unwrap();
    let path = dir.path().join(LockFile::NAME);
    let good = fs::read_to_string(&path).unwrap();
    let requests = sandbox.requests().len();
    write(dir.path(), "new.txt", "new", 3600);

    let asset = lock(&dir).get("a.txt").unwrap().asset.clone();
    let restore = "restore it from version control, or delete it";
    let cases = [
        (String::new(), restore),
        (good[..good.len() / 2].to_owned(), restore),
        (format!("<<<<<<< HEAD\n{good}"), restore),
        (good.replace("\"version\": 1", "\"version\": 2"), "has version 2, and this program knows 1"),
        (good.replace("\"size\": 1", "\"size\": \"1\""), restore),
        (good.replace(&asset, "../sites"), "the entry `a.txt` is wrong: its asset is no asset id"),
        (good.replace("\"a.txt\"", "\"../a.txt\""), "the entry `../a.txt` is wrong: it is no relative path"),
        (good.replace("\"a.txt\"", "\"/a.txt\""), "the entry `/a.txt` is wrong: it is no relative path"),
        (good.replace("\"url\"", "\"adress\""), restore),
        (good.replace(sandbox.site_id(), SITE_OF_OTHERS), "the lock file is of the site"),
        (good.replace("\"files\"", "\"folder\": \"brand\",\n  \"files\""), "the lock file is of the folder `brand`, not ``"),
        (good.replace("  \"files\": {\n", "  \"files\": {\n    \"a.txt\": {\"md5\": \"0cc175b9c0f1b6a831c399e269772661\", \"size\": 1, \"asset\": \"0123456789abcdef01234567\"},\n"), "`a.txt` stands there twice"),
    ];
    for (text, expected) in cases {
        assert_ne!(text, good, "{expected}");
        fs::write(&path, &text).unwrap();
        let error = sync(&sandbox, &dir).plan().await.unwrap_err();
        let said = chain(&error);
        assert!(said.contains(expected), "{expected}: {said}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert_eq!(sandbox.requests().len(), requests);

    // As the message says: without it, the files are found by their content.
    fs::remove_file(&path).unwrap();
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(report.uploaded + report.already_there, 2, "{report:?}");
    assert_eq!(lock(&dir).get("a.txt").unwrap().asset, asset);
    assert_eq!(sandbox.assets().len(), 2);
}

const SITE_OF_OTHERS: &str = "580e63e98c9a982ac9b8b741";

#[tokio::test]
async fn a_lock_file_that_cannot_be_written_is_known_before_anything_is_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a")]);
    // Stands in for a full disk: whoever may do everything is stopped by it too.
    let plan = sync(&sandbox, &dir).plan().await.unwrap();
    fs::create_dir(dir.path().join(LockFile::NAME)).unwrap();
    let error = plan.send().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("webflow-assets.lock: the lock file cannot be written"),
        "{error}"
    );
    assert!(error.source().is_some());
    assert_eq!(sandbox.requests().len(), 0);

    let other = tree(&[("a.txt", "a")]);
    fs::write(other.path().join(".webflow-assets"), "in the way").unwrap();
    let error = sync(&sandbox, &other).plan().await.unwrap_err();
    assert!(matches!(error, SyncError::State { .. }), "{error}");
    assert_eq!(sandbox.requests().len(), 0);
}

/// A file system of a few blocks: what is full is really full.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_fills_up_stops_the_run_and_loses_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b")]);
    let full = std::path::Path::new("/dev/full");
    assert!(full.exists());
    let plan = sync(&sandbox, &dir).plan().await.unwrap();
    // Where the lock file is prepared, every write fails for want of space.
    std::os::unix::fs::symlink(full, dir.path().join(".webflow-assets/new")).unwrap();
    let error = plan.send().await.unwrap_err();
    assert!(chain(&error).contains("No space left on device"), "{error}");
    assert!(
        error.to_string().contains("nothing further was sent"),
        "{error}"
    );
    assert!(!dir.path().join(LockFile::NAME).exists());
    assert_eq!(sandbox.requests().len(), 0);

    fs::remove_file(dir.path().join(".webflow-assets/new")).unwrap();
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [2, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_folder_name_that_the_site_has_twice_is_refused_by_id() {
    let sandbox = Sandbox::start().await.unwrap();
    let one = sandbox.add_folder("img", None);
    let two = sandbox.add_folder("img", None);
    let below = sandbox.add_folder("img", Some(&one.id));
    let dir = tree(&[("img/a.txt", "a"), ("b.txt", "b")]);
    let error = sync(&sandbox, &dir).send().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("the site has 2 folders `img`"), "{text}");
    assert!(
        text.contains(&one.id) && text.contains(&two.id) && !text.contains(&below.id),
        "{text}"
    );
    assert_eq!(count(&sandbox, Operation::CreateAsset), 0);
    assert_eq!(count(&sandbox, Operation::CreateFolder), 0);
}

#[tokio::test]
async fn the_same_directory_twice_at_once_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a")]);
    let plan = sync(&sandbox, &dir).plan().await.unwrap();
    let error = sync(&sandbox, &dir).plan().await.unwrap_err();
    assert!(matches!(error, SyncError::Busy { .. }));
    assert!(
        error.to_string().contains("is being synchronised already"),
        "{error}"
    );
    drop(plan);
    sync(&sandbox, &dir).send().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_before_anything_is_touched() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a")]);
    let cases = [
        (sync(&sandbox, &dir).include("[z-a]"), "invalid range"),
        (
            sync(&sandbox, &dir).folder("a//b"),
            "the folder path `a//b` has an empty part",
        ),
        (
            super::client(&sandbox).sync("..", dir.path()),
            "the site id `..` is not 24 hexadecimal digits",
        ),
        (
            super::client(&sandbox).sync(sandbox.site_id(), dir.path().join("nowhere")),
            "nowhere: the directory cannot be read",
        ),
        (
            super::client(&sandbox).sync(sandbox.site_id(), dir.path().join("a.txt")),
            "a.txt: the directory cannot be read",
        ),
    ];
    for (sync, expected) in cases {
        let error = sync.plan().await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(sandbox.requests().len(), 0);
}

/// No permission keeps root from reading; this does: nothing is mapped at the beginning of it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_that_cannot_be_read_fails_alone() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b")]);
    let link = dir.path().join("unreadable.bin");
    std::os::unix::fs::symlink("/proc/self/mem", link).unwrap();
    let report = sync(&sandbox, &dir)
        .follow_links(true)
        .send()
        .await
        .unwrap();
    assert_eq!((report.uploaded, report.failures.len()), (2, 1));
    assert_eq!(report.failures[0].path, "unreadable.bin");
    let said = chain(&report.failures[0].error);
    assert!(
        said.contains("unreadable.bin: the file cannot be read"),
        "{said}"
    );
    assert!(said.contains("Input/output error"), "{said}");
    assert_eq!(lock(&dir).files().count(), 2);
}
