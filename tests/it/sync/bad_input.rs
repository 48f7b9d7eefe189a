//! What cannot be synchronised as it is: a clear word, and nothing is lost.

use std::{error::Error, fs, time::Duration};

use futures_util::TryStreamExt;
use webflow_assets::{
    sandbox::{Operation, Sandbox},
    sync::{LockFile, LongNames, SyncError, SyncEvent},
};

use super::{client, count, counts, lock, sync, tree, write};
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
async fn a_name_with_a_control_character_is_a_problem_of_the_plan_and_the_others_are_sent() {
    use super::{Action, actions};

    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b\n.txt", "b"), ("d\u{1b}/c.txt", "c")]);
    let plan = sync(&sandbox, &dir).plan().await.unwrap();
    assert_eq!(actions(&plan), [("a.txt", Action::New)]);
    let problems: Vec<String> = plan.problems().iter().map(ToString::to_string).collect();
    let why = "its name has a control character, which Webflow does not take; rename it";
    assert_eq!(
        problems,
        [format!("b\n.txt: {why}"), format!("d\u{1b}/c.txt: {why}")]
    );
    let report = plan.send().await.unwrap();
    assert_eq!((report.uploaded, report.folders), (1, 0));
    assert!(report.failures.is_empty() && !report.is_complete());

    let upload = client(&sandbox).upload(sandbox.site_id(), dir.path().join("b\n.txt"));
    let requests = sandbox.requests().len();
    for error in [
        upload.check().await.unwrap_err(),
        upload.send().await.unwrap_err(),
    ] {
        assert!(error.to_string().ends_with(&format!(": {why}")), "{error}");
    }
    assert_eq!(sandbox.requests().len(), requests);
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_unread_and_in_the_plan() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a")]);
    let path = dir.path().join("large.mov");
    // Reading it would take an hour.
    let len = 1 << 40;
    fs::File::create(&path).unwrap().set_len(len).unwrap();
    let plan = sync(&sandbox, &dir).plan().await.unwrap();
    let why = format!("the file has {len} bytes and Webflow takes at most 31457280");
    assert_eq!(
        plan.problems()[0].to_string(),
        format!("large.mov: {why}; make it smaller")
    );
    let report = plan.send().await.unwrap();
    assert_eq!((report.uploaded, report.problems.len()), (1, 1));
    let upload = client(&sandbox).upload(sandbox.site_id(), path);
    let error = upload.send().await.unwrap_err();
    assert!(error.to_string().contains(&why), "{error}");
    assert_eq!(sandbox.assets().len(), 1);
}

#[tokio::test]
async fn files_of_sync_that_no_run_would_write_so_long_are_not_read() {
    let sandbox = Sandbox::start().await.unwrap();
    let huge = |path: &std::path::Path| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // No machine has the memory for it.
        fs::File::create(path).unwrap().set_len(1 << 40).unwrap();
    };
    for name in [LockFile::NAME, ".ignore"] {
        let dir = tree(&[("a.txt", "a")]);
        huge(&dir.path().join(name));
        let said = chain(&sync(&sandbox, &dir).send().await.unwrap_err());
        assert!(said.contains(name) && said.contains("too much"), "{said}");
    }
    let dir = tree(&[("a.txt", "a")]);
    for name in ["journal", "stamps.json"] {
        huge(&dir.path().join(".webflow-assets").join(name));
    }
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [1, 0, 0, 0, 0]);
}

/// Makes a named pipe, which waits for a writer if it is opened.
#[cfg(unix)]
fn pipe(path: &std::path::Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_in_the_place_of_a_file_of_sync_is_never_waited_for() {
    let sandbox = Sandbox::start().await.unwrap();
    for (name, says) in [
        (LockFile::NAME, "the lock file cannot be read"),
        (".ignore", "it is no regular file"),
        ("sub/.ignore", "it is no regular file"),
    ] {
        let dir = tree(&[("a.txt", "a")]);
        pipe(&dir.path().join(name));
        let error = sync(&sandbox, &dir).send().await.unwrap_err();
        let said = error.to_string();
        assert!(said.contains(name) && said.contains(says), "{said}");
        if name == LockFile::NAME {
            let pull = client(&sandbox).pull(sandbox.site_id(), dir.path());
            let error = pull.send().await.unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
    }
    assert_eq!(sandbox.requests().len(), 0);

    let dir = tree(&[("a.txt", "a")]);
    for name in ["journal", "stamps.json", "x.png"] {
        pipe(&dir.path().join(".webflow-assets").join(name));
    }
    pipe(&dir.path().join("x.png"));
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [1, 0, 0, 0, 0]);
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [0, 0, 1, 0, 0]);

    let upload = client(&sandbox).upload(sandbox.site_id(), dir.path().join("x.png"));
    let said = chain(&upload.send().await.unwrap_err());
    assert!(said.contains("it is no regular file"), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_name_that_is_no_utf8_and_a_link_to_nowhere_are_problems() {
    use std::os::unix::{ffi::OsStrExt, fs::symlink};

    use super::{Action, actions};

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

    let asset = lock(&dir).get("a.txt").unwrap().asset;
    let restore = "restore it from version control, or delete it";
    let cases = [
        (String::new(), restore),
        (good[..good.len() / 2].to_owned(), restore),
        (format!("<<<<<<< HEAD\n{good}"), restore),
        (good.replace("\"version\": 2", "\"version\": 3"), "has version 3, and this program knows versions up to 2; use a newer one"),
        (good.replace("\"version\": 2", "\"version\": 0"), "has version 0, which never existed; restore it"),
        (good.replace("\"size\": 1", "\"size\": \"1\""), restore),
        (good.replace(&asset.to_string(), "../sites"), "an asset id has 24 hexadecimal digits"),
        (good.replace("\"a.txt\"", "\"../a.txt\""), "the entry `../a.txt` has no relative path"),
        (good.replace("\"a.txt\"", "\"/a.txt\""), "the entry `/a.txt` has no relative path"),
        (good.replace("\"url\"", "\"adress\""), restore),
        (good.replace(sandbox.site_id(), SITE_OF_OTHERS), "the lock file is of the site"),
        (good.replace("\"files\"", "\"folder\": \"brand\",\n  \"files\""), "the lock file is of the folder `brand`, not of the top of the site"),
        (good.replace("  \"files\": {\n", "  \"files\": {\n    \"a.txt\": {\"md5\": \"0cc175b9c0f1b6a831c399e269772661\", \"size\": 1, \"asset\": \"0123456789abcdef01234567\"},\n"), "`a.txt` is there twice"),
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
            .contains("webflow-assets.lock: this file cannot be written"),
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

#[tokio::test]
async fn a_journal_that_cannot_be_written_is_known_before_anything_is_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b")]);
    fs::create_dir_all(dir.path().join(".webflow-assets/journal")).unwrap();
    let error = sync(&sandbox, &dir).send().await.unwrap_err();
    let said = chain(&error);
    assert!(said.contains("nothing further was sent"), "{said}");
    assert!(error.source().is_some());
    assert!(!dir.path().join(LockFile::NAME).exists());
    assert_eq!(sandbox.requests().len(), 0);

    fs::remove_dir(dir.path().join(".webflow-assets/journal")).unwrap();
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [2, 0, 0, 0, 0]);
}

#[tokio::test]
async fn of_two_folders_of_one_name_the_oldest_is_used_and_remembered() {
    let sandbox = Sandbox::start().await.unwrap();
    let one = sandbox.add_folder("img", None);
    // The sandbox's times have a resolution of a millisecond.
    tokio::time::sleep(Duration::from_millis(2)).await;
    let two = sandbox.add_folder("img", None);
    let dir = tree(&[("img/a.txt", "a"), ("b.txt", "b")]);
    let mut events = sync(&sandbox, &dir).plan().await.unwrap().stream();
    let mut said = Vec::new();
    while let Some(event) = events.try_next().await.unwrap() {
        if let SyncEvent::DuplicateFolder { path, id, others } = event {
            said.push((path, id.to_string(), others[0].to_string()));
        }
    }
    assert_eq!(said, [("img".to_owned(), one.id.clone(), two.id)]);
    let in_folder = |sandbox: &Sandbox| -> Vec<Option<String>> {
        let assets = sandbox.assets().into_iter();
        assets.map(|asset| asset.parent_folder).collect()
    };
    assert!(in_folder(&sandbox).contains(&Some(one.id.clone())));
    assert_eq!(count(&sandbox, Operation::CreateFolder), 0);

    // The lock file knows it by its id.
    drop(events);
    write(dir.path(), "img/c.txt", "c", 3600);
    let mut events = sync(&sandbox, &dir).plan().await.unwrap().stream();
    while let Some(event) = events.try_next().await.unwrap() {
        assert!(!matches!(event, SyncEvent::DuplicateFolder { .. }));
    }
    let of_one = in_folder(&sandbox).into_iter().flatten();
    assert_eq!(of_one.filter(|id| *id == one.id).count(), 2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_that_cannot_be_entered_is_a_problem_and_the_others_are_sent() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("closed/b.txt", "b")]);
    let closed = dir.path().join("closed");
    let set = |mode| fs::set_permissions(&closed, fs::Permissions::from_mode(mode)).unwrap();
    set(0);
    // Root may enter any.
    if fs::read_dir(&closed).is_err() {
        let plan = sync(&sandbox, &dir).plan().await.unwrap();
        let problems: Vec<_> = plan.problems().iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("closed: it cannot be read: Permission denied"));
        assert_eq!(plan.send().await.unwrap().uploaded, 1);
    }
    set(0o755);
}

#[tokio::test]
async fn two_directories_at_once_with_one_lock_file_are_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let around = tree(&[("a/1.txt", "1"), ("a/2.txt", "2"), ("b/3.txt", "3")]);
    let lock_file = around.path().join("x.lock");
    let sync = |name: &str| {
        let sync = client(&sandbox).sync(sandbox.site_id(), around.path().join(name));
        sync.lock_file(&lock_file).concurrency(1)
    };
    let late = sync("b").plan().await.unwrap();
    let mut events = sync("a").plan().await.unwrap().stream();
    while !matches!(
        events.try_next().await.unwrap().unwrap(),
        SyncEvent::Uploaded { .. }
    ) {}
    let error = late.send().await.unwrap_err();
    assert!(matches!(error, SyncError::Busy { .. }), "{error}");
    while events.try_next().await.unwrap().is_some() {}
    let lock = LockFile::read(&lock_file).unwrap().unwrap();
    assert_eq!(lock.files().count(), 2);
}

#[tokio::test]
async fn two_runs_that_both_created_a_folder_settle_on_the_oldest() {
    let sandbox = Sandbox::start().await.unwrap();
    let dirs = [tree(&[("a.txt", "a")]), tree(&[("b.txt", "b")])];
    // Neither run sees the folder of the other.
    let slow = "create-folder:delay=300ms*2".parse().unwrap();
    sandbox.fault(slow);
    let run = |dir| sync(&sandbox, dir).folder("new").send();
    let (one, two) = tokio::join!(run(&dirs[0]), run(&dirs[1]));
    assert!(one.unwrap().is_complete() && two.unwrap().is_complete());
    let folders = |sandbox: &Sandbox| {
        let folders = sandbox.folders().into_iter();
        folders
            .filter(|folder| folder.display_name == "new")
            .count()
    };
    assert_eq!(folders(&sandbox), 2, "the site has two folders of one name");

    let mut settled = Vec::new();
    for (dir, name) in dirs.iter().zip(["c.txt", "d.txt"]) {
        write(dir.path(), name, name, 3600);
        assert!(run(dir).await.unwrap().is_complete());
        let mut assets = sandbox.assets().into_iter();
        let asset = assets.find(|asset| asset.file_name == name);
        settled.push(asset.unwrap().parent_folder.unwrap());
    }
    assert_eq!(settled[0], settled[1]);
    assert_eq!(folders(&sandbox), 2);
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
