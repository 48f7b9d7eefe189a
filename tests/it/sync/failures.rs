//! What goes wrong on the way to the site.

use std::{fs, time::Duration};

use futures_util::TryStreamExt;
use webflow_assets::{
    Token,
    sandbox::{Operation, Sandbox},
    sync::{LockFile, SyncError, SyncEvent},
};

use super::{client, count, counts, lock, on_site, sync, tree};

async fn sandbox(rules: &[&str]) -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    for rule in rules {
        sandbox.fault(rule.parse().unwrap());
    }
    sandbox
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_nothing_is_there_twice() {
    let sandbox = sandbox(&[
        "create:reset-after*2",
        "create:502*2",
        "create:202,empty",
        "post:500*7",
        "create-folder:reset-after",
        "create-folder:500",
    ])
    .await;
    let dir = tree(&[
        ("a.txt", "a"),
        ("img/b.txt", "b"),
        ("img/c.txt", "c"),
        ("img/d/e.txt", "e"),
    ]);
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.uploaded + report.already_there, 4);
    assert_eq!(on_site(&sandbox).len(), 4);
    // One for those that exist at the start, and two that were created.
    assert_eq!(sandbox.folders().len(), 3);
    assert_eq!(lock(&dir).files().count(), 4);
}

#[tokio::test]
async fn a_token_that_is_refused_ends_it_at_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let files: Vec<(String, String)> = (0..50)
        .map(|n| (format!("{n}.txt"), n.to_string()))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(p, c)| (p.as_str(), c.as_str()))
        .collect();
    let dir = tree(&files);
    let reader = webflow_assets::Client::builder()
        .token(Token::new(sandbox.read_only_token()).unwrap())
        .base_url(sandbox.base_url())
        .build()
        .unwrap();
    let error = reader
        .sync(sandbox.site_id(), dir.path())
        .concurrency(2)
        .send()
        .await
        .unwrap_err();
    assert!(matches!(error, SyncError::Refused(_)), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("does it have the scope assets:write?"),
        "{error}"
    );
    assert!(count(&sandbox, Operation::CreateAsset) < 10);
}

#[tokio::test]
async fn a_file_that_is_refused_fails_alone_and_a_page_of_a_proxy_is_tried_again() {
    let sandbox = sandbox(&["create:403,html", "create:403,code=forbidden"]).await;
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b"), ("c.txt", "c")]);
    let report = sync(&sandbox, &dir).concurrency(1).send().await.unwrap();
    assert_eq!((report.uploaded, report.failures.len()), (2, 1));
    assert_eq!(report.failures[0].path, "b.txt");
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [1, 0, 2, 0, 0]);
}

#[tokio::test]
async fn where_every_file_is_refused_it_ends_before_all_are_tried() {
    let sandbox = sandbox(&["create:403,code=forbidden*forever"]).await;
    let files: Vec<String> = (0..50).map(|n| format!("{n}.txt")).collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|path| (path.as_str(), path.as_str()))
        .collect();
    let dir = tree(&files);
    let error = sync(&sandbox, &dir)
        .concurrency(1)
        .send()
        .await
        .unwrap_err();
    assert!(matches!(error, SyncError::Refused(_)), "{error:?}");
    assert_eq!(count(&sandbox, Operation::CreateAsset), 10);
    assert!(!dir.path().join(LockFile::NAME).exists());
}

#[tokio::test]
async fn an_answer_without_an_id_fails_its_file_and_is_not_written_down() {
    let sandbox = sandbox(&["create:200"]).await;
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b")]);
    let report = sync(&sandbox, &dir).concurrency(1).send().await.unwrap();
    assert_eq!((report.uploaded, report.failures.len()), (1, 1));
    let error = report.failures[0].error.to_string();
    assert!(
        error.contains("a.txt: Webflow registered the asset without"),
        "{error}"
    );
    let report = sync(&sandbox, &dir).send().await.unwrap();
    assert_eq!(counts(&report), [1, 0, 1, 0, 0]);
}

#[tokio::test]
async fn an_upload_that_fails_leaves_its_asset_to_whoever_has_the_same_content() {
    let sandbox = sandbox(&["post:403"]).await;
    let dir = tree(&[("a.txt", "same"), ("b.txt", "same")]);
    let report = sync(&sandbox, &dir).concurrency(2).send().await.unwrap();
    assert_eq!(report.uploaded + report.already_there, 1);
    assert_eq!(report.failures.len(), 1);
    assert_eq!(count(&sandbox, Operation::DeleteAsset), 0);
    assert_eq!(on_site(&sandbox).len(), 1);
    let report = sync(&sandbox, &dir).verify(true).send().await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(on_site(&sandbox).len(), 1);
}

#[tokio::test]
async fn what_cannot_be_deleted_stays_in_the_lock_file() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a"), ("b.txt", "b")]);
    sync(&sandbox, &dir).send().await.unwrap();
    fs::remove_file(dir.path().join("a.txt")).unwrap();
    sandbox.fault("delete:403".parse().unwrap());
    let report = sync(&sandbox, &dir).delete(true).send().await.unwrap();
    assert_eq!(report.not_deleted.keys().collect::<Vec<_>>(), ["a.txt"]);
    assert!(lock(&dir).get("a.txt").is_some());
    let report = sync(&sandbox, &dir).delete(true).send().await.unwrap();
    assert_eq!(counts(&report), [0, 0, 1, 0, 1]);
    assert_eq!(sandbox.assets().len(), 1);
}

#[tokio::test]
async fn dropping_it_at_any_event_leaves_a_lock_file_from_which_it_goes_on() {
    let files: Vec<(String, String)> = (0..12)
        .map(|n| (format!("d{}/{n}.txt", n % 3), n.to_string()))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(p, c)| (p.as_str(), c.as_str()))
        .collect();
    for stop in (1..40).step_by(3) {
        let sandbox = Sandbox::start().await.unwrap();
        let dir = tree(&files);
        let plan = sync(&sandbox, &dir).concurrency(3).plan().await.unwrap();
        let mut events = plan.stream();
        let (mut uploaded, mut done) = (0, false);
        for _ in 0..stop {
            match events.try_next().await.unwrap() {
                Some(SyncEvent::Uploaded { .. }) => uploaded += 1,
                Some(SyncEvent::Finished { report }) => done = report.is_complete(),
                Some(_) => {}
                None => break,
            }
        }
        drop(events);
        if !done && dir.path().join(LockFile::NAME).exists() {
            // Whatever was reported as uploaded is there.
            assert!(lock(&dir).files().count() >= uploaded);
        }
        // Uploads in progress are aborted soon, and the next run fills what it left.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let report = sync(&sandbox, &dir).send().await.unwrap();
        assert!(report.is_complete(), "{stop}: {report:?}");
        assert_eq!(on_site(&sandbox).len(), 12, "{stop}");
        assert_eq!(sandbox.folders().len(), 4, "{stop}");
        assert_eq!(client(&sandbox).rate_limit().waiting, 0);
    }
}
