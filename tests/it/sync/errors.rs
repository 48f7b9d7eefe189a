//! What the errors of a synchronisation say.

use std::fs;

use webflow_assets::{
    Client,
    sandbox::Sandbox,
    sync::{DirSync, LockFile, Plan, PullError, SyncError},
};

use super::{client, sync, tree};
use crate::{errors::Table, support::client_for};

/// Plans and sends after what `spoil` does in between.
async fn spoilt(sync: DirSync, spoil: impl FnOnce(&Plan)) -> SyncError {
    match sync.plan().await {
        Ok(plan) => {
            spoil(&plan);
            plan.send().await.unwrap_err()
        }
        Err(error) => error,
    }
}

#[tokio::test]
async fn sync_errors_say_what_to_do() {
    let sandbox = Sandbox::start().await.unwrap();
    let dir = tree(&[("a.txt", "a")]);
    let root = dir.path();
    let mut table = Table::default();
    let mut add = |cause: &str, error: &SyncError| table.add(cause, error, error);
    let at = |dir: &str| client(&sandbox).sync(sandbox.site_id(), root.join(dir));
    let here = || sync(&sandbox, &dir);
    let nothing = |_: &Plan| {};

    add("no such directory", &spoilt(at("nowhere"), nothing).await);
    add("a file", &spoilt(at("a.txt"), nothing).await);
    let other = client(&sandbox).sync("my-site", root);
    add("a site id that is none", &spoilt(other, nothing).await);
    add(
        "an empty part",
        &spoilt(here().folder("a//b"), nothing).await,
    );
    add(
        "an empty pattern",
        &spoilt(here().include(""), nothing).await,
    );
    add(
        "a pattern that is none",
        &spoilt(here().exclude("[z-a]"), nothing).await,
    );

    fs::write(root.join(".ignore"), b"\xff").unwrap();
    add(
        "an ignore file that is not UTF-8",
        &spoilt(here(), nothing).await,
    );
    fs::remove_file(root.join(".ignore")).unwrap();

    fs::write(root.join(".webflow-assets"), "").unwrap();
    add("a file in the way", &spoilt(here(), nothing).await);
    fs::remove_file(root.join(".webflow-assets")).unwrap();
    let plan = here().plan().await.unwrap();
    add("another run", &spoilt(here(), nothing).await);
    drop(plan);
    let in_the_way = |_: &Plan| fs::create_dir(root.join(LockFile::NAME)).unwrap();
    add("a directory in the way", &spoilt(here(), in_the_way).await);
    fs::remove_dir(root.join(LockFile::NAME)).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("a.txt", root.join(LockFile::NAME)).unwrap();
        add("a link", &spoilt(here(), nothing).await);
        fs::remove_file(root.join(LockFile::NAME)).unwrap();
    }

    let wrong = client_for(&sandbox).token(webflow_assets::Token::new("wrong").unwrap());
    let wrong: Client = wrong.build().unwrap();
    let refused = || wrong.sync(sandbox.site_id(), root);
    add("a wrong token", &spoilt(refused(), nothing).await);
    add(
        "a wrong token, with a folder",
        &spoilt(refused().folder("a"), nothing).await,
    );
    for (fault, sync) in [
        ("list-folders:403", here().folder("a")),
        ("create-folder:404", here().folder("a")),
    ] {
        sandbox.fault(fault.parse().unwrap());
        add(fault, &spoilt(sync, nothing).await);
    }

    here().send().await.unwrap();
    sandbox.fault("list:502,html*forever".parse().unwrap());
    add("list:502,html", &spoilt(here().verify(true), nothing).await);
    let path = root.join(LockFile::NAME);
    let text = fs::read_to_string(&path).unwrap();
    add("another folder", &spoilt(here().folder("b"), nothing).await);
    let other = client(&sandbox).sync("580e63e98c9a982ac9b8b741", root);
    add("another site", &spoilt(other, nothing).await);
    for (cause, new) in [
        (
            "a later format",
            text.replace("\"version\": 2", "\"version\": 7"),
        ),
        (
            "a format that never was",
            text.replace("\"version\": 2", "\"version\": 0"),
        ),
        ("no JSON", "<<<<<<< HEAD".to_owned()),
        ("a path that leaves", text.replace("a.txt", "../a.txt")),
    ] {
        fs::write(&path, new).unwrap();
        add(cause, &spoilt(here(), nothing).await);
    }
    fs::write(&path, &text).unwrap();
    fs::write(root.join("b.txt"), "b").unwrap();
    let change = |_: &Plan| fs::write(&path, text.clone() + " ").unwrap();
    add("a change meanwhile", &spoilt(here(), change).await);

    // Of a pull.
    add(
        "a folder that is not there",
        &SyncError::NoFolder("brand".to_owned()),
    );
    add(
        "an asset without an id",
        &SyncError::NoId("a.txt".to_owned()),
    );
    add("no address", &SyncError::Fetch(PullError::NoUrl));

    table.covers("src/sync/error.rs", "SyncError");
    let text = table.text.replace(&root.display().to_string(), "DIR");
    let text = text.replace(sandbox.site_id(), "SITE");
    insta::assert_snapshot!("sync", text);
}
