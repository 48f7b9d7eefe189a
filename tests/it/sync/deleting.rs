//! What `--delete` deletes, and everything that keeps it from deleting.

use std::{collections::BTreeSet, fs};

use futures_util::TryStreamExt;
use webflow_assets::{
    sandbox::Sandbox,
    sync::{Action, Held, LockFile, MaxDelete, Stays, SyncEvent},
};

use super::{actions, client, counts, lock, on_site, sync, tree, write};

#[tokio::test]
async fn a_replacement_that_fails_deletes_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b"), ("c.txt", "c")]);
    sync(&sandbox, &dir).send().await.unwrap();
    write(dir.path(), "a.txt", "other", 1800);
    fs::remove_file(dir.path().join("b.txt")).unwrap();
    sandbox.fault("create:400*forever".parse().unwrap());
    let report = sync(&sandbox, &dir).delete(true).send().await.unwrap();
    assert_eq!((report.failures.len(), report.deleted), (1, 0));
    assert_eq!(report.held, Some(Held::Failures));
    assert!(!report.is_complete());
    assert_eq!(on_site(&sandbox).len(), 3);

    sandbox.clear_faults();
    let report = sync(&sandbox, &dir).delete(true).send().await.unwrap();
    assert_eq!(counts(&report), [1, 0, 1, 0, 2]);
    assert_eq!(on_site(&sandbox).len(), 2);
}

#[tokio::test]
async fn an_empty_build_or_a_copied_lock_file_deletes_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b")]);
    sync(&sandbox, &dir).send().await.unwrap();
    let elsewhere = tree(&[]);
    fs::copy(
        dir.path().join(LockFile::NAME),
        elsewhere.path().join(LockFile::NAME),
    )
    .unwrap();
    let plan = sync(&sandbox, &elsewhere)
        .delete(true)
        .plan()
        .await
        .unwrap();
    assert_eq!(
        actions(&plan),
        [("a.txt", Action::Gone), ("b.txt", Action::Gone)]
    );
    assert_eq!(
        plan.held().map(ToString::to_string).as_deref(),
        Some("nothing is deleted: 2 of 2 assets would be, and 50% are allowed")
    );
    let report = plan.send().await.unwrap();
    assert_eq!(
        (report.deleted, report.held.is_some(), report.is_complete()),
        (0, true, false)
    );
    assert_eq!(sandbox.assets().len(), 2);

    // Whoever means it says so.
    let delete = |limit: &str| {
        let sync = sync(&sandbox, &elsewhere).delete(true);
        sync.max_delete(limit.parse().unwrap()).send()
    };
    assert_eq!(delete("1").await.unwrap().deleted, 0);
    assert_eq!(delete("2").await.unwrap().deleted, 2);
    assert!(lock(&elsewhere).files().next().is_none());
}

#[tokio::test]
async fn a_moved_file_that_is_left_out_keeps_its_asset() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b")]);
    sync(&sandbox, &dir).send().await.unwrap();
    let long = format!("{}.txt", "n".repeat(120));
    fs::rename(dir.path().join("a.txt"), dir.path().join(&long)).unwrap();
    let plan = sync(&sandbox, &dir).delete(true).plan().await.unwrap();
    assert_eq!(plan.held(), Some(&Held::Problems));
    assert_eq!(plan.deletions().count(), 0);
    let report = plan.send().await.unwrap();
    assert_eq!((report.deleted, report.problems.len()), (0, 1));
    assert_eq!(sandbox.assets().len(), 2);

    fs::remove_file(dir.path().join(&long)).unwrap();
    let report = sync(&sandbox, &dir).delete(true).send().await.unwrap();
    assert_eq!(counts(&report), [0, 0, 1, 0, 1]);
}

#[tokio::test]
async fn a_file_that_comes_back_during_the_run_keeps_its_asset() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[
        ("a.txt", "a"),
        ("b.txt", "b"),
        ("c.txt", "c"),
        ("d.txt", "d"),
    ]);
    sync(&sandbox, &dir).send().await.unwrap();
    for path in ["a.txt", "b.txt"] {
        fs::remove_file(dir.path().join(path)).unwrap();
    }
    let plan = sync(&sandbox, &dir).delete(true).plan().await.unwrap();
    assert_eq!(plan.deletions().count(), 2);
    write(dir.path(), "a.txt", "a", 1800);
    let report = plan.send().await.unwrap();
    assert_eq!(counts(&report), [0, 0, 2, 0, 1]);
    let site: Vec<String> = on_site(&sandbox).into_keys().collect();
    assert_eq!(site, ["a.txt", "c.txt", "d.txt"]);
    let plan = sync(&sandbox, &dir).delete(true).plan().await.unwrap();
    assert!(plan.files().iter().all(|it| it.action == Action::Unchanged));
}

#[tokio::test]
async fn an_asset_that_is_not_as_it_was_recorded_is_left_alone() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[
        ("a.txt", "a"),
        ("b.txt", "b"),
        ("c.txt", "c"),
        ("d.txt", "d"),
    ]);
    sync(&sandbox, &dir).send().await.unwrap();
    let path = dir.path().join(LockFile::NAME);
    let text = fs::read_to_string(&path).unwrap();
    // As if the asset of `a.txt` had another size on the site, and that of `b.txt` another name.
    let text = text.replacen("\"size\": 1", "\"size\": 2", 1);
    let asset = lock(&dir).get("b.txt").unwrap().asset;
    let named = format!("\"asset\": \"{asset}\",\n      \"name\": \"x.txt\"");
    fs::write(
        &path,
        text.replace(&format!("\"asset\": \"{asset}\""), &named),
    )
    .unwrap();
    for path in ["a.txt", "b.txt"] {
        fs::remove_file(dir.path().join(path)).unwrap();
    }
    let plan = sync(&sandbox, &dir).delete(true).plan().await.unwrap();
    let stays: Vec<_> = plan.stays().collect();
    assert_eq!(stays, ["a.txt", "b.txt"].map(|path| (path, Stays::Differs)));
    let report = plan.send().await.unwrap();
    assert_eq!(counts(&report), [0, 0, 2, 0, 0]);
    assert_eq!(sandbox.assets().len(), 4);
    assert_eq!(lock(&dir).files().count(), 4, "it stays known");
}

#[tokio::test]
async fn content_that_moves_takes_its_asset_along_instead_of_losing_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "content"), ("b.txt", "b")]);
    sync(&sandbox, &dir).send().await.unwrap();
    let asset = lock(&dir).get("a.txt").unwrap().asset;
    fs::rename(dir.path().join("a.txt"), dir.path().join("c.txt")).unwrap();
    let plan = sync(&sandbox, &dir).delete(true).plan().await.unwrap();
    assert_eq!(
        actions(&plan),
        [
            ("a.txt", Action::Gone),
            ("b.txt", Action::Unchanged),
            ("c.txt", Action::New)
        ]
    );
    let stays: Vec<_> = plan.stays().collect();
    assert_eq!(stays, [("a.txt", Stays::Needed)]);
    let report = plan.send().await.unwrap();
    assert_eq!(counts(&report), [0, 1, 1, 0, 0]);
    assert_eq!(lock(&dir).get("c.txt").unwrap().asset, asset);
    assert!(lock(&dir).get("a.txt").is_none());

    // Under the name that it got first, it is deleted as well as any other.
    assert_eq!(
        lock(&dir).get("c.txt").unwrap().name.as_deref(),
        Some("a.txt")
    );
    fs::remove_file(dir.path().join("c.txt")).unwrap();
    let report = sync(&sandbox, &dir).delete(true).send().await.unwrap();
    assert_eq!(counts(&report), [0, 0, 1, 0, 1]);
}

#[tokio::test]
async fn a_revert_after_a_deletion_is_found_on_the_site() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b")]);
    sync(&sandbox, &dir).send().await.unwrap();
    let lock_file = dir.path().join(LockFile::NAME);
    let before = fs::read(&lock_file).unwrap();
    fs::remove_file(dir.path().join("a.txt")).unwrap();
    let report = sync(&sandbox, &dir).delete(true).send().await.unwrap();
    assert_eq!(report.deleted, 1);

    fs::write(&lock_file, before).unwrap();
    write(dir.path(), "a.txt", "a", 1800);
    let plan = sync(&sandbox, &dir).delete(true).plan().await.unwrap();
    assert_eq!(
        actions(&plan),
        [("a.txt", Action::Missing), ("b.txt", Action::Unchanged)]
    );
    assert_eq!(counts(&plan.send().await.unwrap()), [1, 0, 1, 0, 0]);
    assert_eq!(on_site(&sandbox).len(), 2);
}

#[tokio::test]
async fn a_moved_file_is_not_mapped_to_an_asset_that_the_site_lost() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b")]);
    sync(&sandbox, &dir).send().await.unwrap();
    let lost = lock(&dir).get("a.txt").unwrap().asset;
    let client = client(&sandbox);
    client.delete_asset().asset_id(lost).send().await.unwrap();
    fs::rename(dir.path().join("a.txt"), dir.path().join("c.txt")).unwrap();
    let report = sync(&sandbox, &dir).verify(true).send().await.unwrap();
    assert_eq!(counts(&report), [1, 0, 1, 0, 0]);
    assert_ne!(lock(&dir).get("c.txt").unwrap().asset, lost);
    assert_eq!(on_site(&sandbox)["c.txt"], "a");
}

#[tokio::test]
async fn a_copy_of_a_file_whose_asset_is_gone_is_uploaded() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a")]);
    sync(&sandbox, &dir).send().await.unwrap();
    let lost = lock(&dir).get("a.txt").unwrap().asset;
    let client = client(&sandbox);
    client.delete_asset().asset_id(lost).send().await.unwrap();
    for path in ["b.txt", "c.txt"] {
        write(dir.path(), path, "a", 1800);
    }
    let report = sync(&sandbox, &dir).send().await.unwrap();
    // Nothing asks about the file that did not change.
    assert_eq!(counts(&report), [1, 1, 1, 0, 0]);
    let there = lock(&dir).get("b.txt").unwrap().asset;
    assert_ne!(there, lost);
    assert_eq!(lock(&dir).get("c.txt").unwrap().asset, there);
    assert_eq!(on_site(&sandbox).into_values().collect::<Vec<_>>(), ["a"]);
}

/// A generator of trees and of changes to them.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    /// Writes, moves, copies and removes files. Names and contents are few, so that they meet.
    fn change(&mut self, root: &std::path::Path, times: usize) {
        for _ in 0..times {
            let mut path = || format!("{}{}.txt", ["", "d/", "d/e/"][self.below(3)], self.below(4));
            let (one, two) = (path(), path());
            let (from, to) = (root.join(&one), root.join(&two));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            match self.below(5) {
                0 if from.exists() => fs::remove_file(from).unwrap(),
                1 if from.exists() => fs::rename(from, to).unwrap(),
                2 if from.exists() => drop(fs::copy(from, to).unwrap()),
                _ => {
                    let content = ["one", "two", "six", "four", "seven"][self.below(5)];
                    write(root, &one, content, 60 * self.below(60) as u64 + 60);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_run_does_what_its_plan_says_for_200_random_trees() {
    for seed in 1..=200_u64 {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let sandbox = Sandbox::start().await.unwrap();
        let client = client(&sandbox);
        let dir = tree(&[]);
        let sync = || client.sync(sandbox.site_id(), dir.path());
        for step in 0..3 {
            let context = format!("seed {seed}, step {step}");
            let changes = 1 + random.below(8);
            random.change(dir.path(), changes);
            let limit = [MaxDelete::default(), MaxDelete::Percent(100)][random.below(2)];
            let plan = sync()
                .delete(random.below(4) > 0)
                .verify(random.below(4) == 0)
                .max_delete(limit)
                .plan()
                .await
                .unwrap();
            let files = plan.files().iter();
            let planned: BTreeSet<String> = files
                .filter(|file| file.action.is_upload())
                .map(|file| file.path.clone())
                .collect();
            let deletions: BTreeSet<_> = plan.deletions().map(|(_, asset)| asset).collect();
            let held = plan.held().cloned();

            let (mut uploaded, mut deleted) = (BTreeSet::new(), BTreeSet::new());
            let mut last = None;
            let mut events = plan.stream();
            while let Some(event) = events.try_next().await.unwrap() {
                match event {
                    SyncEvent::Uploaded { path, .. } => assert!(uploaded.insert(path), "{context}"),
                    SyncEvent::Deleted { asset, .. } => assert!(deleted.insert(asset), "{context}"),
                    SyncEvent::Failed { error, .. } => panic!("{context}: {error}"),
                    SyncEvent::Finished { report } => last = Some(report),
                    _ => {}
                }
            }
            drop(events);
            assert_eq!(uploaded, planned, "{context}");
            assert_eq!(deleted, deletions, "{context}");
            assert_eq!(last.unwrap().held, held, "{context}");

            // Each file is there, with its bytes.
            if !dir.path().join(LockFile::NAME).exists() {
                continue;
            }
            let lock = lock(&dir);
            for (path, file) in lock.files() {
                if let Ok(bytes) = fs::read(dir.path().join(path)) {
                    let stored = sandbox.stored(&file.asset.to_string());
                    assert_eq!(stored.as_deref(), Some(&bytes[..]), "{context}: {path}");
                }
            }
            let plan = sync().verify(true).plan().await.unwrap();
            let left = plan.files().iter().find(|file| file.action.is_upload());
            assert_eq!(left, None, "{context}");
        }
    }
}

#[tokio::test]
async fn an_asset_that_another_folder_has_is_not_taken_for_one_from_here() {
    let sandbox = Sandbox::start().await.unwrap();
    let (here, other) = (
        tree(&[("a.txt", "a"), ("b.txt", "b")]),
        tree(&[("a.txt", "a")]),
    );
    sync(&sandbox, &other).folder("other").send().await.unwrap();
    let sync = || sync(&sandbox, &here).folder("here");
    sync().send().await.unwrap();
    assert!(lock(&here).get("a.txt").unwrap().existing);

    // As in a repository that claims it.
    let path = here.path().join(LockFile::NAME);
    let text = fs::read_to_string(&path).unwrap();
    let claim = text.replace("\"existing\": true", "\"existing\": false");
    assert_ne!(claim, text);
    fs::write(&path, claim).unwrap();
    fs::remove_file(here.path().join("a.txt")).unwrap();
    let plan = sync().delete(true).plan().await.unwrap();
    let stays: Vec<_> = plan.stays().collect();
    assert_eq!(stays, [("a.txt", Stays::Elsewhere)]);
    assert_eq!(plan.send().await.unwrap().deleted, 0);
    assert_eq!(on_site(&sandbox).len(), 2);
    assert!(lock(&here).get("a.txt").is_none(), "the file is gone");
}
