//! The files that a synchronisation writes, and the ones that it must not.

use std::{collections::BTreeMap, fs, path::Path};

use futures_util::TryStreamExt;
use webflow_assets::{
    sandbox::{Operation, Sandbox},
    sync::{Action, LockFile, SyncError, SyncEvent},
};

use super::{actions, client, count, counts, lock, sync, tree, write};

/// Everything below a directory: content, and the times at which files and directories changed.
fn snapshot(root: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        let changed = dir.metadata().unwrap().modified().unwrap();
        all.insert(dir.display().to_string(), format!("{changed:?}"));
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                let changed = path.metadata().unwrap().modified().unwrap();
                let text = format!("{:?} {changed:?}", fs::read(&path).unwrap());
                all.insert(path.display().to_string(), text);
            }
        }
    }
    all
}

#[tokio::test]
async fn a_plan_writes_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("d/b.txt", "b")]);
    let before = snapshot(dir.path());
    let plan = sync(&sandbox, &dir).delete(true).plan().await.unwrap();
    assert_eq!(plan.files().len(), 2);
    drop(plan);
    assert_eq!(snapshot(dir.path()), before);

    sync(&sandbox, &dir).send().await.unwrap();
    write(dir.path(), "a.txt", "c", 1800);
    fs::remove_file(dir.path().join("d/b.txt")).unwrap();
    let before = snapshot(dir.path());
    let plan = sync(&sandbox, &dir).delete(true).plan().await.unwrap();
    assert_eq!(
        actions(&plan),
        [("a.txt", Action::Changed), ("d/b.txt", Action::Gone)]
    );
    drop(plan);
    assert_eq!(snapshot(dir.path()), before);
}

#[cfg(unix)]
#[tokio::test]
async fn no_link_in_a_tree_makes_a_run_write_elsewhere() {
    use std::os::unix::fs::symlink;

    let sandbox = Sandbox::start().await.unwrap();
    let outside = tree(&[("victim", "precious")]);
    let victim = outside.path().join("victim");
    let before = snapshot(outside.path());

    // The directory and the lock file themselves are refused.
    for name in [".webflow-assets", LockFile::NAME] {
        for target in [outside.path(), &victim, Path::new("nowhere")] {
            let dir = tree(&[("a.txt", "a")]);
            symlink(target, dir.path().join(name)).unwrap();
            let error = sync(&sandbox, &dir).plan().await.unwrap_err();
            assert!(matches!(error, SyncError::Link { .. }), "{error}");
            assert!(error.to_string().contains("this is a symbolic link"));
        }
    }
    assert_eq!(sandbox.requests().len(), 0);

    // Anything in the directory is replaced or left alone, and never written through.
    let dir = tree(&[("a.txt", "a")]);
    let state = dir.path().join(".webflow-assets");
    fs::create_dir(&state).unwrap();
    for name in [
        "journal",
        "stamps.json",
        ".gitignore",
        "guard",
        "new",
        "new-1",
    ] {
        symlink(&victim, state.join(name)).unwrap();
    }
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [1, 0, 0, 0, 0]);
    assert_eq!(snapshot(outside.path()), before);
    assert!(!state.join("new-1").exists(), "it is taken for a leftover");
}

#[tokio::test]
async fn a_lock_file_of_another_directory_is_not_published() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("sub/b.txt", "b")]);
    let below = client(&sandbox).sync(sandbox.site_id(), dir.path().join("sub"));
    below.send().await.unwrap();
    assert!(dir.path().join("sub").join(LockFile::NAME).exists());
    // On some file systems these names are the same as those in lower case.
    let other = dir.path().join("other/.Webflow-Assets");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("journal"), "").unwrap();
    fs::write(dir.path().join("other/Webflow-Assets.LOCK"), "").unwrap();
    let plan = sync(&sandbox, &dir).hidden(true).plan().await.unwrap();
    assert_eq!(
        actions(&plan),
        [("a.txt", Action::New), ("sub/b.txt", Action::New)]
    );
}

#[tokio::test]
async fn an_ignore_file_or_pattern_that_is_not_understood_publishes_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    for (place, text, says) in [
        (".ignore", &b"secret\xff.txt\n"[..], "valid UTF-8"),
        (".ignore", b"[z-a]\n", "invalid range"),
        (".ignore", b"*.key[\n", "unclosed character class"),
        ("sub/.ignore", b"!\n", "names nothing"),
        (".ignore", b"a\n[[:upper:]]*.key\n", "line 2 has a class"),
        ("sub/.ignore", b"secret.txt\n[\xe9]\n", "valid UTF-8"),
    ] {
        let dir = tree(&[("secret.txt", "s"), ("sub/secret.txt", "s")]);
        fs::write(dir.path().join(place), text).unwrap();
        let error = sync(&sandbox, &dir).send().await.unwrap_err();
        assert!(matches!(error, SyncError::IgnoreFile { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains(place) && said.contains(says), "{said}");
    }
    let dir = tree(&[("secret.txt", "s")]);
    // It cannot be read, whoever reads it.
    fs::create_dir(dir.path().join(".ignore")).unwrap();
    let error = sync(&sandbox, &dir).send().await.unwrap_err();
    assert!(matches!(error, SyncError::IgnoreFile { .. }), "{error}");

    let dir = tree(&[("secret.txt", "s")]);
    for pattern in ["", "  ", "!*.png", "# all", "[[:digit:]].png"] {
        for sync in [
            sync(&sandbox, &dir).include(pattern),
            sync(&sandbox, &dir).exclude(pattern),
        ] {
            let error = sync.send().await.unwrap_err();
            assert!(matches!(error, SyncError::Glob(_)), "{pattern:?}: {error}");
        }
    }
    assert_eq!(sandbox.requests().len(), 0);
}

/// `dir` in the lock file could not tell them apart.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_directory_whose_name_is_not_utf_8_has_no_lock_file_elsewhere() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let sandbox = Sandbox::start().await.unwrap();
    let above = tree(&[]);
    let dir = above.path().join(OsStr::from_bytes(b"\xffd"));
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("a.txt"), "a").unwrap();
    let client = client(&sandbox);
    let sync = || client.sync(sandbox.site_id(), &dir);
    let elsewhere = sync().lock_file(above.path().join("l.lock")).send().await;
    let said = crate::support::chain(&elsewhere.unwrap_err());
    assert!(said.contains("is not UTF-8"), "{said}");
    assert!(sync().send().await.unwrap().is_complete());
}

/// What a link leads to may be a secret, and would decide what is published.
#[cfg(unix)]
#[tokio::test]
async fn an_ignore_file_that_is_a_link_is_neither_read_nor_quoted() {
    let sandbox = Sandbox::start().await.unwrap();
    let outside = tree(&[
        ("token", "0123456789abcdef[\n"),
        ("patterns", "secret.txt\n"),
    ]);
    let token = outside.path().join("token");
    for place in [".ignore", "sub/.ignore"] {
        let dir = tree(&[("a.txt", "a"), ("sub/secret.txt", "s")]);
        let link = dir.path().join(place);
        std::os::unix::fs::symlink(&token, &link).unwrap();
        let error = sync(&sandbox, &dir).send().await.unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains(place) && said.contains("symbolic link"),
            "{said}"
        );

        // Links are followed, but nothing of the file is shown.
        let error = sync(&sandbox, &dir).follow_links(true).send().await;
        let said = error.unwrap_err().to_string();
        assert!(
            said.contains("line 1") && !said.contains("0123456789"),
            "{said}"
        );

        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(outside.path().join("patterns"), &link).unwrap();
        let plan = sync(&sandbox, &dir).follow_links(true).plan().await;
        assert_eq!(actions(&plan.unwrap()), [("a.txt", Action::New)]);
    }
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test]
async fn a_lock_file_of_the_first_format_is_read_and_written_in_the_second() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b")]);
    sync(&sandbox, &dir).send().await.unwrap();
    let path = dir.path().join(LockFile::NAME);
    let text = fs::read_to_string(&path).unwrap();
    let old = text.replace("\"version\": 2", "\"version\": 1").replace(
        "\n  }\n}\n",
        "\n  },\n  \"replaced\": {\n    \"0123456789abcdef01234567\": \"a.txt\"\n  }\n}\n",
    );
    assert_ne!(text, old);
    fs::write(&path, old).unwrap();
    write(dir.path(), "c.txt", "c", 3600);
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [1, 0, 2, 0, 0]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("{\n  \"version\": 2,\n"), "{text}");
    assert!(!text.contains("replaced"), "{text}");
}

#[tokio::test]
async fn nothing_binds_a_directory_to_a_site_before_a_file_is_there() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("img/b.txt", "b")]);
    let lock_file = dir.path().join(LockFile::NAME);
    let mistyped = client(&sandbox).sync("580e63e98c9a982ac9b8b741", dir.path());
    mistyped.send().await.unwrap_err();
    assert!(!lock_file.exists());

    // A folder is created, and no file gets there.
    sandbox.fault("create:400*forever".parse().unwrap());
    let report = sync(&sandbox, &dir).folder("brnad").send().await.unwrap();
    assert_eq!((report.folders, report.failures.len()), (2, 2));
    assert!(!lock_file.exists());
    sandbox.clear_faults();

    let report = sync(&sandbox, &dir).folder("brand").send().await.unwrap();
    assert_eq!(counts(&report), [2, 0, 0, 2, 0]);
    assert_eq!(lock(&dir).folder(), "brand");
    let error = sync(&sandbox, &dir)
        .folder("brnad")
        .send()
        .await
        .unwrap_err();
    assert!(matches!(error, SyncError::Elsewhere { .. }), "{error}");
}

/// Runs until a file is there, and returns a copy of the directory as a kill would leave it.
async fn killed(sandbox: &Sandbox, files: &[(&str, &str)]) -> tempfile::TempDir {
    // With another one to upload, the run has not ended by then, however slow this test is.
    let more = [files, &[("zzz.txt", "zzz")]].concat();
    let dir = tree(&more);
    let plan = sync(sandbox, &dir).concurrency(1).plan().await.unwrap();
    let mut events = plan.stream();
    while let Some(event) = events.try_next().await.unwrap() {
        if matches!(event, SyncEvent::Uploaded { .. }) {
            break;
        }
    }
    let copy = tree(files);
    let state = copy.path().join(".webflow-assets");
    fs::create_dir(&state).unwrap();
    let journal = dir.path().join(".webflow-assets/journal");
    fs::copy(journal, state.join("journal")).unwrap();
    assert!(!dir.path().join(LockFile::NAME).exists());
    copy
}

#[tokio::test]
async fn what_a_killed_run_sent_is_in_its_journal() {
    let files = [("a.txt", "a"), ("b.txt", "b"), ("c.txt", "c")];
    for torn in ["", "{\"file\":[\"b.txt\",{\"md5\""] {
        let sandbox = Sandbox::start().await.unwrap();
        let dir = killed(&sandbox, &files).await;
        let journal = dir.path().join(".webflow-assets/journal");
        let text = fs::read_to_string(&journal).unwrap();
        fs::write(&journal, text.clone() + torn).unwrap();
        let plan = sync(&sandbox, &dir).plan().await.unwrap();
        assert_eq!(
            actions(&plan),
            [
                ("a.txt", Action::Unchanged),
                ("b.txt", Action::New),
                ("c.txt", Action::New)
            ]
        );
        plan.send().await.unwrap();
        assert_eq!(lock(&dir).files().count(), 3);
        assert!(!journal.exists());

        // A journal of another lock file is not read.
        fs::write(&journal, text.replace("a.txt", "x.txt")).unwrap();
        let plan = sync(&sandbox, &dir).plan().await.unwrap();
        assert!(plan.files().iter().all(|it| it.action == Action::Unchanged));
        assert_eq!(plan.files().len(), 3);
    }
}

#[tokio::test]
async fn a_journal_alone_becomes_a_lock_file() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = killed(&sandbox, &[("a.txt", "a")]).await;
    let creates = count(&sandbox, Operation::CreateAsset);
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [0, 0, 1, 0, 0]);
    assert_eq!(lock(&dir).files().count(), 1);
    assert_eq!(count(&sandbox, Operation::CreateAsset), creates);
}

#[tokio::test]
async fn the_bytes_written_stay_in_proportion_to_the_lock_file() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    for n in 0..1500 {
        fs::write(dir.path().join(format!("{n}.txt")), n.to_string()).unwrap();
    }
    let report = sync(&sandbox, &dir).concurrency(16).send().await.unwrap();
    assert_eq!(report.uploaded, 1500);
    let len = dir.path().join(LockFile::NAME).metadata().unwrap().len();
    assert!(
        report.bytes_written > len && report.bytes_written <= 6 * len,
        "{} for {len}",
        report.bytes_written
    );
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(report.unchanged, 1500);
}

#[tokio::test]
async fn a_checksum_run_trusts_no_stamp() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a")]);
    sync(&sandbox, &dir).send().await.unwrap();
    // As if the file had changed and its stamp had not.
    let md5 = lock(&dir).get("a.txt").unwrap().md5.to_string();
    let other = "00000000000000000000000000000000";
    for path in [LockFile::NAME, ".webflow-assets/stamps.json"] {
        let path = dir.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(&md5), "{text}");
        fs::write(path, text.replace(&md5, other)).unwrap();
    }
    let plan = sync(&sandbox, &dir).plan().await.unwrap();
    assert_eq!(actions(&plan), [("a.txt", Action::Unchanged)]);
    drop(plan);
    let plan = sync(&sandbox, &dir).checksum(true).plan().await.unwrap();
    assert_eq!(actions(&plan), [("a.txt", Action::Changed)]);
}

#[tokio::test]
async fn a_lock_file_that_changed_since_the_plan_is_not_overwritten() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a")]);
    sync(&sandbox, &dir).send().await.unwrap();
    write(dir.path(), "b.txt", "b", 3600);
    let plan = sync(&sandbox, &dir).plan().await.unwrap();
    let path = dir.path().join(LockFile::NAME);
    let text = fs::read_to_string(&path).unwrap() + "\n";
    fs::write(&path, &text).unwrap();
    let error = plan.send().await.unwrap_err();
    assert!(matches!(error, SyncError::Changed { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(count(&sandbox, Operation::CreateAsset), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_second_run_opens_no_file_that_looks_the_same() {
    use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};

    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b")]);
    sync(&sandbox, &dir).send().await.unwrap();
    let requests = sandbox.requests().len();

    let watch = inotify::init(CreateFlags::NONBLOCK).unwrap();
    inotify::add_watch(&watch, dir.path(), WatchFlags::OPEN).unwrap();
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [0, 0, 2, 0, 0]);
    let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
    let mut events = Reader::new(&watch, &mut buffer);
    let mut opened = Vec::new();
    while let Ok(event) = events.next() {
        let name = event
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        opened.extend(name.filter(|name| !name.starts_with('.')));
    }
    opened.dedup();
    assert_eq!(opened, [LockFile::NAME]);
    assert_eq!(sandbox.requests().len(), requests);
}

#[tokio::test]
async fn the_head_of_a_lock_file_has_its_site_and_folder_and_no_files() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a")]);
    let path = dir.path().join(LockFile::NAME);
    assert_eq!(LockFile::read_head(&path).unwrap(), None);

    let sync = sync(&sandbox, &dir).folder("brand/2026");
    sync.send().await.unwrap();
    let head = LockFile::read_head(&path).unwrap().unwrap();
    assert_eq!(head.site(), lock(&dir).site());
    assert_eq!(head.folder(), "brand/2026");
    assert_eq!(head.files().count(), 0);

    let newer = fs::read_to_string(&path).unwrap();
    fs::write(&path, newer.replace("\"version\": 2", "\"version\": 9")).unwrap();
    let error = LockFile::read_head(&path).unwrap_err().to_string();
    assert!(error.contains("has version 9"), "{error}");
}
