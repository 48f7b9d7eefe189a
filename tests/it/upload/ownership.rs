//! Which assets a failed upload deletes, and what happens to those that others delete.

use std::time::Duration;

use futures_util::StreamExt;
use httpmock::MockServer;
use serde_json::json;
use webflow_assets::{
    Batch, CleanUp, Client, Event, Outcome, Source, UploadError, UploadErrorKind, Uploaded,
    sandbox::{Operation, Sandbox},
};

use super::{client_of, mock_create, mock_s3};
use crate::support::{SITE, client, client_for, register};

fn count(sandbox: &Sandbox, operation: Operation) -> usize {
    let requests = sandbox.requests().into_iter();
    requests.filter(|r| r.operation == Some(operation)).count()
}

/// The results of the files of a batch.
async fn results(batch: Batch) -> Vec<Result<Uploaded, UploadError>> {
    batch
        .stream()
        .filter_map(async |event| match event {
            Event::Finished { result, .. } => Some(result),
            _ => None,
        })
        .collect()
        .await
}

/// Waits until a request for the operation has been answered.
async fn answered(sandbox: &Sandbox, operation: Operation) {
    let is_answered = || {
        let mut requests = sandbox.requests().into_iter();
        requests.any(|r| r.operation == Some(operation) && r.status.is_some())
    };
    while !is_answered() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_batch_deletes_nothing_when_the_first_of_equal_files_fails() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fault("post:403".parse().unwrap());
    let files = ["a.txt", "b.txt"].map(|name| Source::bytes(name, "the same"));
    let events = client_of(&sandbox).upload_all(sandbox.site_id(), files);
    let results = results(events).await;
    let (done, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let (done, failed) = (done[0].as_ref().unwrap(), failed[0].as_ref().unwrap_err());
    assert!(matches!(failed.clean_up(), Some(CleanUp::Kept)), "{failed}");
    assert_eq!(failed.asset_id(), Some(done.id().to_string().as_str()));
    assert_eq!(sandbox.stored(&done.id().to_string()).unwrap(), "the same");
    assert_eq!(count(&sandbox, Operation::DeleteAsset), 0);
}

#[tokio::test]
async fn an_equal_upload_begins_after_the_clean_up_of_the_one_before() {
    let sandbox = Sandbox::start().await.unwrap();
    // The clean-up takes long enough for the second upload to fill an asset that is to be deleted.
    for rule in ["post:403", "get:delay=50ms", "delete:delay=50ms"] {
        sandbox.fault(rule.parse().unwrap());
    }
    let client = client_of(&sandbox);
    let upload = || {
        let source = Source::bytes("a.txt", "the same");
        client.upload(sandbox.site_id(), source).send()
    };
    let (first, second) = tokio::join!(upload(), upload());
    let (done, failed) = match (first, second) {
        (Ok(done), Err(failed)) | (Err(failed), Ok(done)) => (done, failed),
        both => panic!("one fails: {both:?}"),
    };
    assert!(
        matches!(failed.clean_up(), Some(CleanUp::Deleted)),
        "{failed}"
    );
    assert_eq!(sandbox.stored(&done.id().to_string()).unwrap(), "the same");
    assert_eq!(sandbox.assets().len(), 1);
}

#[tokio::test]
async fn an_asset_that_another_process_deletes_within_its_lease_is_filled_anew() {
    let sandbox = Sandbox::start().await.unwrap();
    let other = client_of(&sandbox);
    let theirs = register(&other, &sandbox, "theirs.txt", "the same")
        .await
        .id
        .unwrap();
    let client = client_for(&sandbox).lease(Duration::from_secs(2));
    let client = client.build().unwrap();
    let upload = client
        .upload(sandbox.site_id(), Source::bytes("ours.txt", "the same"))
        .send();
    let deletion = async {
        answered(&sandbox, Operation::PostObject).await;
        assert!(sandbox.stored(&theirs).is_some());
        other.delete_asset().asset_id(&theirs).send().await.unwrap();
    };
    let (done, ()) = tokio::join!(upload, deletion);
    let done = done.unwrap();
    assert_ne!(done.id().to_string(), theirs);
    assert_eq!(done.outcome, Outcome::Uploaded);
    assert!(done.is_new());
    assert_eq!(sandbox.stored(&done.id().to_string()).unwrap(), "the same");
}

#[tokio::test]
async fn an_asset_that_nobody_deletes_is_filled_once_and_looked_at_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let theirs = register(&client_of(&sandbox), &sandbox, "theirs.txt", "the same").await;
    let client = client_for(&sandbox).lease(Duration::from_secs(3));
    let client = client.build().unwrap();
    let upload = client.upload(sandbox.site_id(), Source::bytes("ours.txt", "the same"));
    let done = upload.send().await.unwrap();
    assert_eq!(Some(done.id().to_string()), theirs.id);
    assert_eq!(done.outcome, Outcome::AlreadyThere);
    assert!(!done.is_new());
    assert_eq!(count(&sandbox, Operation::GetAsset), 1);
    assert_eq!(done.attempts().s3, 1);
}

#[tokio::test]
async fn a_failed_upload_deletes_nothing_once_the_lease_is_over() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fault("post:403*forever".parse().unwrap());
    let client = client_for(&sandbox).lease(Duration::from_nanos(1));
    let client = client.build().unwrap();
    let upload = client.upload(sandbox.site_id(), Source::bytes("a.txt", "a"));
    let error = upload.send().await.unwrap_err();
    assert!(matches!(error.clean_up(), Some(CleanUp::Kept)), "{error}");
    assert_eq!(count(&sandbox, Operation::DeleteAsset), 0);
    assert_eq!(error.asset_id(), Some(sandbox.assets()[0].id.as_str()));
}

/// The answer's `Date` is 2026-11-22 12:00:00.
#[tokio::test]
async fn dates_that_contradict_each_other_prove_nothing() {
    let cases = [
        (
            "2026-11-22T12:00:00.100Z",
            "20261122T120000Z",
            CleanUp::Deleted,
        ),
        ("2026-11-22T12:00:00.100Z", "", CleanUp::Deleted),
        // The server's `Date` is behind its other dates.
        (
            "2026-11-22T12:00:05.100Z",
            "20261122T120005Z",
            CleanUp::Kept,
        ),
        // The server's `Date` is behind: the asset is a year old.
        ("2027-11-22T12:00:00.000Z", "", CleanUp::Kept),
        (
            "2026-11-22T12:00:00.100Z",
            "20271122T120000Z",
            CleanUp::Kept,
        ),
        ("2026-11-22T12:00:02.000Z", "", CleanUp::Kept),
        (
            "2025-11-22T12:00:00.000Z",
            "20261122T120000Z",
            CleanUp::Kept,
        ),
        ("2026-11-22T11:59:50.000Z", "", CleanUp::Kept),
        ("soon", "", CleanUp::Kept),
    ];
    for (n, (created, signed, outcome)) in cases.into_iter().enumerate() {
        let server = MockServer::start_async().await;
        mock_s3(&server, 403, "").await;
        let deletion = mock_clean_up(&server).await;
        let mut form = json!({"key": "a.txt", "Policy": "cG9saWN5LXNlY3JldA"});
        if !signed.is_empty() {
            form["X-Amz-Date"] = signed.into();
        }
        // A new id for each case: the process remembers its own.
        let id = format!("64358b9544249dc43d37{n:04x}");
        mock_create(
            &server,
            json!({"id": id, "createdOn": created, "uploadDetails": form}),
        )
        .await;
        let client = Client::builder()
            .token(webflow_assets::Token::new("t0ken").unwrap())
            .base_url(server.base_url())
            .build()
            .unwrap();
        let upload = client.upload(SITE, Source::bytes("a.txt", "a"));
        let error = upload.send().await.unwrap_err();
        let is_deleted = matches!(outcome, CleanUp::Deleted);
        assert_eq!(
            deletion.calls_async().await,
            usize::from(is_deleted),
            "{created} {signed}: {error}"
        );
        let found = error.clean_up().map(std::mem::discriminant);
        assert_eq!(found, Some(std::mem::discriminant(&outcome)), "{error}");
    }
}

/// Finds no asset, and takes its deletion.
async fn mock_clean_up(server: &MockServer) -> httpmock::Mock<'_> {
    server
        .mock_async(|when, then| {
            when.method("GET").path_prefix("/assets/");
            then.status(404);
        })
        .await;
    server
        .mock_async(|when, then| {
            when.method("DELETE").path_prefix("/assets/");
            then.status(204);
        })
        .await
}

#[tokio::test]
async fn an_answer_with_an_odd_id_is_an_error_before_anything_is_stored() {
    for id in [json!(null), json!(""), json!("../sites"), json!("64358b95")] {
        let server = MockServer::start_async().await;
        let form = mock_s3(&server, 201, "").await;
        mock_create(&server, json!({ "id": id })).await;
        let upload = client(&server.base_url()).upload(SITE, Source::bytes("a.txt", "a"));
        let error = upload.send().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.txt: Webflow registered the asset without a valid id"
        );
        assert!(matches!(error.kind(), UploadErrorKind::Incomplete(_)));
        assert_eq!(form.calls_async().await, 0);
    }
}

/// As from a cache, or from a proxy that repeats requests.
#[tokio::test]
async fn an_answer_that_is_repeated_for_another_file_replaces_nothing() {
    let server = MockServer::start_async().await;
    let id = "64358b9544249dc43d390001";
    mock_create(
        &server,
        json!({"id": id, "createdOn": "2026-11-22T12:00:00.100Z"}),
    )
    .await;
    let form = mock_s3(&server, 201, "").await;
    form.delete_async().await;
    let form = server
        .mock_async(|when, then| {
            when.method("POST").path("/bucket");
            then.status(201).body("<PostResponse/>");
        })
        .await;
    let files = ["a", "b"].map(|content| Source::bytes("a.txt", content));
    let batch = client(&server.base_url()).upload_all(SITE, files);
    let results = results(batch).await;
    let failed = results.into_iter().filter_map(Result::err);
    let [failed]: [_; 1] = failed.collect::<Vec<_>>().try_into().unwrap();
    assert!(matches!(failed.kind(), UploadErrorKind::OtherContent(of) if of.to_string() == id));
    assert_eq!(form.calls_async().await, 1);
}

#[tokio::test]
async fn an_asset_with_an_unusable_form_is_named_and_deleted() {
    let cases = [
        (
            json!({"uploadUrl": "ftp://example.com/"}),
            "the upload to S3 failed",
        ),
        (json!({"uploadUrl": null}), "without an upload URL"),
        (json!({"uploadDetails": null}), "without upload details"),
    ];
    for (n, (fields, names)) in cases.into_iter().enumerate() {
        let server = MockServer::start_async().await;
        let deletion = mock_clean_up(&server).await;
        // Mock servers, and with them base URLs, are used again.
        let id = format!("64358b9544249dc43d38{n:04x}");
        let mut all = json!({"id": id, "createdOn": "2026-11-22T12:00:00.100Z"});
        all.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        mock_create(&server, all).await;
        let client = Client::builder()
            .token(webflow_assets::Token::new("t0ken").unwrap())
            .base_url(server.base_url())
            .build()
            .unwrap();
        let upload = client.upload(SITE, Source::bytes("a.txt", "a"));
        let error = upload.send().await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(names), "{text}");
        assert!(
            text.ends_with(&format!("(asset {id} was deleted)")),
            "{text}"
        );
        assert_eq!(deletion.calls_async().await, 1);
    }
}

#[tokio::test]
async fn a_text_that_the_site_has_already_is_kept_and_an_empty_one_is_set() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client_of(&sandbox);
    let theirs = sandbox.add_asset("theirs.txt", "the same").id;
    let upload = |text: &str| {
        let source = Source::bytes("ours.txt", "the same");
        client
            .upload(sandbox.site_id(), source)
            .alt_text(text)
            .send()
    };
    let text = || sandbox.assets()[0].alt_text.clone();

    let done = upload("A barn").await.unwrap();
    assert_eq!(
        (done.id().to_string(), done.alt_text_kept()),
        (theirs.clone(), false)
    );
    assert_eq!(text().as_deref(), Some("A barn"));

    let update = client
        .update_asset()
        .asset_id(&theirs)
        .body_map(|body| body.alt_text("Their text".to_owned()));
    update.send().await.unwrap();
    assert!(upload("A barn").await.unwrap().alt_text_kept());
    assert_eq!(text().as_deref(), Some("Their text"));
    // It is the text that was asked for.
    assert!(!upload("Their text").await.unwrap().alt_text_kept());
}
