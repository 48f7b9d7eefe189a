//! Many files at a time, and what is left when the reader goes away.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{StreamExt, stream};
use webflow_assets::{
    Batch, Client, Event, Events, Outcome, RetryPolicy, Source, Token, UploadErrorKind,
    sandbox::{Operation, Sandbox},
};

use crate::support::{client_for, noise, register};

fn client(sandbox: &Sandbox) -> Client {
    client_for(sandbox)
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

fn sources(count: usize) -> impl Iterator<Item = Source> + Send + 'static {
    (0..count).map(|n| Source::bytes(format!("{n}.txt"), format!("content {n}")))
}

/// The events of each file, in order, checked to be those of a file's life.
async fn lives(mut events: Events) -> BTreeMap<usize, Vec<Event>> {
    let mut lives: BTreeMap<usize, Vec<Event>> = BTreeMap::new();
    while let Some(event) = events.next().await {
        let index = match &event {
            Event::Started { index, .. }
            | Event::Checked { index, .. }
            | Event::Progress { index, .. }
            | Event::Waiting { index, .. }
            | Event::Finished { index, .. } => *index,
            Event::Stopped { .. } => {
                assert!(events.next().await.is_none());
                break;
            }
            _ => unreachable!("there is no other event"),
        };
        lives.entry(index).or_default().push(event);
    }
    for life in lives.values() {
        assert!(matches!(life[0], Event::Started { .. }));
        assert!(matches!(life[life.len() - 1], Event::Finished { .. }));
        let mut between = life[1..life.len() - 1].iter().peekable();
        between.next_if(|event| matches!(event, Event::Checked { .. }));
        assert!(
            between.all(|event| matches!(event, Event::Progress { .. } | Event::Waiting { .. }))
        );
    }
    lives
}

fn creates(sandbox: &Sandbox) -> usize {
    let requests = sandbox.requests().into_iter();
    requests
        .filter(|r| r.operation == Some(Operation::CreateAsset))
        .count()
}

#[tokio::test]
async fn every_file_has_a_life_of_its_own_and_one_failure_stops_no_other() {
    let sandbox = Sandbox::start().await.unwrap();
    let bad = [
        Source::path("no/such/file.png"),
        Source::bytes("", "no name"),
    ];
    let files = sources(20)
        .chain(bad)
        .chain(sources(1).map(|_| Source::bytes("big.bin", noise(1 << 20))));
    let lives = lives(
        client(&sandbox)
            .upload_all(sandbox.site_id(), files)
            .stream(),
    )
    .await;
    assert_eq!(lives.len(), 23);
    for (index, mut life) in lives {
        let Some(Event::Finished { result, .. }) = life.pop() else {
            unreachable!()
        };
        match index {
            20 => assert!(matches!(
                result.unwrap_err().kind(),
                UploadErrorKind::Source(_)
            )),
            21 => assert!(matches!(
                result.unwrap_err().kind(),
                UploadErrorKind::Invalid(_)
            )),
            _ => {
                let done = result.unwrap();
                assert_eq!(done.outcome, Outcome::Uploaded);
                assert!(sandbox.stored(&done.asset.id.unwrap()).is_some());
            }
        }
        if index == 22 {
            let Some(Event::Progress { progress, .. }) = life.pop() else {
                panic!("no progress")
            };
            assert_eq!((progress.sent, progress.total), (1 << 20, 1 << 20));
        }
    }
}

#[tokio::test]
async fn equal_content_is_created_once_and_its_name_and_text_are_set_for_each() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let site = sandbox.site_id().to_owned();
    let uploads = (0..40).map(move |n| {
        let source = Source::bytes(format!("{n}.txt"), format!("content {}", n % 4));
        client
            .upload(site.as_str(), source)
            .alt_text(format!("text {n}"))
    });
    let lives = lives(Batch::new(uploads).concurrency(1).stream()).await;
    let mut ids = BTreeMap::new();
    for (index, mut life) in lives {
        let Some(Event::Finished { result, .. }) = life.pop() else {
            unreachable!()
        };
        let done = result.unwrap();
        let first = index < 4;
        assert_eq!(done.outcome == Outcome::Uploaded, first);
        assert_eq!(done.attempts().create, u32::from(first));
        let id = done.asset.id.unwrap();
        assert_eq!(*ids.entry(index % 4).or_insert(id.clone()), id);
    }
    assert_eq!(creates(&sandbox), 4);
    let texts: Vec<_> = sandbox
        .assets()
        .into_iter()
        .filter_map(|asset| asset.alt_text)
        .collect();
    assert_eq!(texts, ["text 36", "text 37", "text 38", "text 39"]);
}

#[tokio::test]
async fn the_next_of_equal_files_takes_over_where_the_first_fails() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fault("create:400*2".parse().unwrap());
    let files = (0..5).map(|n| Source::bytes(format!("{n}.txt"), "the same"));
    let lives = lives(
        client(&sandbox)
            .upload_all(sandbox.site_id(), files)
            .stream(),
    )
    .await;
    let (mut failed, mut uploaded, mut found) = (0, 0, 0);
    for mut life in lives.into_values() {
        match life.pop() {
            Some(Event::Finished { result: Err(_), .. }) => failed += 1,
            Some(Event::Finished {
                result: Ok(done), ..
            }) if done.outcome == Outcome::Uploaded => uploaded += 1,
            _ => found += 1,
        }
    }
    assert_eq!((failed, uploaded, found), (2, 1, 2));
    assert_eq!((creates(&sandbox), sandbox.assets().len()), (3, 1));
}

#[tokio::test]
async fn no_more_files_are_worked_on_than_may_be_and_no_source_is_taken_early() {
    let sandbox = Sandbox::start().await.unwrap();
    let taken = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&taken);
    // Without number.
    let files = (0..).map(move |n| {
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Source::bytes(format!("{n}.txt"), format!("content {n}"))
    });
    let mut events = client(&sandbox)
        .upload_all(sandbox.site_id(), files)
        .concurrency(3)
        .stream();
    let (mut running, mut finished) = (0_usize, 0);
    while finished < 50 {
        match events.next().await.unwrap() {
            Event::Started { .. } => running += 1,
            Event::Finished { result, .. } => {
                result.unwrap();
                running -= 1;
                finished += 1;
            }
            _ => {}
        }
        assert!(running <= 3);
        let taken = taken.load(std::sync::atomic::Ordering::Relaxed);
        assert!(
            taken <= finished + 3,
            "{taken} were taken, {finished} are finished"
        );
    }
}

#[tokio::test]
async fn after_an_error_nothing_is_started_if_so_wished() {
    let sandbox = Sandbox::start().await.unwrap();
    let files = sources(3)
        .chain([Source::path("no/such/file")])
        .chain(sources(100));
    let batch = client(&sandbox).upload_all(sandbox.site_id(), files);
    let lives = lives(batch.concurrency(2).stop_on_error().stream()).await;
    assert!(lives.len() < 10, "{}", lives.len());
}

#[tokio::test]
async fn a_batch_ends_where_webflow_refuses_the_token_and_counts_what_it_did_not_try() {
    let sandbox = Sandbox::start().await.unwrap();
    let reader = Client::builder()
        .token(Token::new(sandbox.read_only_token()).unwrap())
        .base_url(sandbox.base_url())
        .build()
        .unwrap();
    let batch = reader.upload_all(sandbox.site_id(), sources(100).collect::<Vec<_>>());
    let mut events = batch.concurrency(4).stream();
    let (mut refused, mut left) = (0, None);
    while let Some(event) = events.next().await {
        match event {
            Event::Finished { result, .. } => {
                let error = result.unwrap_err();
                assert!(error.is_auth(), "{error}");
                assert_eq!(error.code().as_deref(), Some("missing_scopes"));
                refused += 1;
            }
            Event::Stopped { not_tried } => left = not_tried,
            _ => {}
        }
    }
    assert_eq!(left, Some(100 - refused));
    assert_eq!(creates(&sandbox), refused);
    assert!(refused <= 8, "{refused} were tried");

    // Of a number that nobody knows, none is told.
    let endless = (0..).map(|n| Source::bytes(format!("{n}.txt"), "a"));
    let mut events = reader.upload_all(sandbox.site_id(), endless).stream();
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event);
    }
    assert!(matches!(last, Some(Event::Stopped { not_tried: None })));
}

#[tokio::test]
async fn a_file_that_waits_for_a_lease_takes_no_place_of_another() {
    let sandbox = Sandbox::start().await.unwrap();
    let _ = register(&client(&sandbox), &sandbox, "theirs.txt", "content 0").await;
    let client = client_for(&sandbox).lease(Duration::from_secs(4)).build();
    let batch = client.unwrap().upload_all(sandbox.site_id(), sources(9));
    let mut events = batch.concurrency(1).stream();
    let mut finished = Vec::new();
    while let Some(event) = events.next().await {
        if let Event::Finished { index, result } = event {
            result.unwrap();
            finished.push(index);
        }
    }
    assert_eq!(finished, [1, 2, 3, 4, 5, 6, 7, 8, 0]);
}

#[tokio::test]
async fn uploads_may_become_known_in_time() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let site = sandbox.site_id().to_owned();
    let uploads = stream::iter(0..5).then(move |n| {
        let upload = client.upload(
            site.as_str(),
            Source::bytes(format!("{n}.txt"), n.to_string()),
        );
        async move {
            tokio::time::sleep(Duration::from_millis(2)).await;
            upload
        }
    });
    let lives = lives(Batch::from_stream(uploads).stream()).await;
    assert_eq!(lives.len(), 5);
    assert_eq!(sandbox.assets().len(), 5);
}

/// The whole life of a batch, cut off after each number of events in turn.
#[tokio::test]
async fn dropped_at_any_event_it_stops_and_leaves_nothing_that_runs() {
    let mut stop = 0;
    loop {
        let sandbox = Sandbox::start().await.unwrap();
        let client = client(&sandbox);
        let files = sources(6).chain([
            Source::bytes("twin.txt", "content 0"),
            Source::path("no/such/file"),
        ]);
        let mut events = client
            .upload_all(sandbox.site_id(), files)
            .concurrency(3)
            .stream();
        let mut ended = false;
        for _ in 0..stop {
            if events.next().await.is_none() {
                ended = true;
                break;
            }
        }
        let before = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        drop(events);
        // A request that was on its way may still arrive. Then all is quiet.
        let mut quiet = 0;
        let mut seen = sandbox.requests().len();
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let now = sandbox.requests().len();
            quiet = if now == seen { quiet + 1 } else { 0 };
            seen = now;
            if quiet == 10 {
                break;
            }
        }
        assert_eq!(quiet, 10, "after {stop} events it goes on");
        let after = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        assert!(after <= before, "{after} tasks, {before} before the drop");
        assert_eq!(client.rate_limit().waiting, 0);

        // What it left is filled by the next one.
        let again = client.upload_all(sandbox.site_id(), sources(6)).stream();
        for mut life in lives(again).await.into_values() {
            let Some(Event::Finished { result, .. }) = life.pop() else {
                unreachable!()
            };
            result.unwrap();
        }
        let assets = sandbox.assets();
        assert_eq!(assets.len(), 6, "{stop}");
        assert!(
            assets
                .iter()
                .all(|asset| sandbox.stored(&asset.id).is_some()),
            "{stop}"
        );
        if ended {
            assert!(stop > 16, "every file has two events at least");
            return;
        }
        stop += 1;
    }
}

#[tokio::test]
async fn a_listener_that_panics_fails_its_own_upload_and_hangs_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let upload = |name| client.upload(sandbox.site_id(), Source::bytes(name, noise(1 << 20)));
    let bad = upload("a.bin").on_progress(|_| panic!("the listener of one upload"));
    let good = client.upload(sandbox.site_id(), Source::bytes("b.bin", "b"));
    let mut results = BTreeMap::new();
    let mut events = Batch::new([bad, good]).stream();
    while let Some(event) = events.next().await {
        if let Event::Finished { index, result } = event {
            results.insert(index, result.is_ok());
        }
    }
    assert_eq!(results, BTreeMap::from([(0, false), (1, true)]));
}
