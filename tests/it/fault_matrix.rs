//! Every fault of the sandbox at every operation, once, twice and for ever: what an upload makes
//! of it, what each end saw, and what is left.

mod killed;
mod others;
mod rows;
mod texts;

use std::{env, fmt::Write as _, fs, path::Path, sync::LazyLock, time::Duration};

use bytes::Bytes;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use webflow_assets::{
    CleanUp, Client, Outcome, RetryPolicy, Source, UploadError, UploadErrorKind, Uploaded,
    sandbox::{Fault, Operation, Sandbox},
    types::NewAsset,
};

use self::rows::{Cell, Cleaned, Done, Left, ROWS, Row, Step, TIMES};
use crate::support::{chain, client_for, noise};

/// How long a request, or a silence of S3, may last. Long enough for a busy machine, and short
/// beside the rows' `delay=1s`.
const LIMIT: Duration = Duration::from_millis(500);

/// Room for three requests that run into their limit, and for four polls.
const READY: Duration = Duration::from_secs(2);

/// More than the buffers of a connection hold, so that a server that stops reading is felt.
static LARGE: LazyLock<Bytes> = LazyLock::new(|| noise(8 * 1024 * 1024).into());
static SMALL: LazyLock<Bytes> = LazyLock::new(|| noise(3 * 1024).into());

/// One for all: it is the slowest thing to make.
static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
    let http = reqwest::Client::builder().no_proxy();
    http.redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
});

fn client(sandbox: &Sandbox) -> Client {
    // Tests that wait for no limit can do with a long one, on however busy a machine.
    client_with(sandbox, 4 * LIMIT, 4 * LIMIT)
}

fn client_with(sandbox: &Sandbox, request: Duration, idle: Duration) -> Client {
    let retry = RetryPolicy::default()
        .max_attempts(3)
        .base_delay(Duration::from_millis(1))
        .max_delay(Duration::from_millis(4));
    client_for(sandbox)
        .retry(retry)
        .request_timeout(request)
        .idle_timeout(idle)
        .http_client(HTTP.clone())
        .rate_limit_window(Duration::from_millis(20))
        .build()
        .unwrap()
}

async fn with_rules(rules: &[&str]) -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    for rule in rules {
        sandbox.fault(rule.parse().unwrap());
    }
    sandbox
}

async fn send(sandbox: &Sandbox, content: &Bytes) -> Result<Uploaded, UploadError> {
    let source = Source::bytes("a.txt", content.clone());
    let upload = client(sandbox).upload(sandbox.site_id(), source);
    upload.send().await
}

/// How many requests for an operation arrived.
fn seen(sandbox: &Sandbox, operation: Operation) -> u32 {
    let requests = sandbox.requests();
    let those = |request: &&_| is(request, operation);
    u32::try_from(requests.iter().filter(those).count()).unwrap()
}

fn is(request: &webflow_assets::sandbox::Request, operation: Operation) -> bool {
    request.operation == Some(operation)
}

/// What of a sandbox nobody may see in an error or a result.
fn leak(sandbox: &Sandbox, text: &str) -> Option<String> {
    let bucket = sandbox.bucket();
    let named = [
        sandbox.token(),
        bucket.access_key_id,
        bucket.secret_access_key,
        "AWS4-HMAC",
        // A policy, which begins with `{"expiration`.
        "eyJleHBpcmF0aW9u",
    ];
    if let Some(secret) = named.into_iter().find(|secret| text.contains(secret)) {
        return Some(secret.to_owned());
    }
    // A signature is known by its form alone: nothing else has 64 hexadecimal digits.
    let mut runs = text.split(|c: char| !c.is_ascii_hexdigit());
    runs.find(|run| run.len() == 64).map(str::to_owned)
}

fn left(sandbox: &Sandbox, content: &Bytes) -> Left {
    let (assets, keys) = (sandbox.assets(), sandbox.keys());
    match assets.as_slice() {
        [] if keys.is_empty() => Left::Nothing,
        [] => Left::Orphan,
        [asset] if asset.size.is_none() && keys.is_empty() => Left::Empty,
        [asset]
            if keys == [asset.key.clone()]
                && sandbox.stored(&asset.id).as_ref() == Some(content) =>
        {
            Left::Filled
        }
        [asset] if asset.size == Some(content.len() as u64) => Left::Damaged,
        _ => Left::Other,
    }
}

fn done(result: &Result<Uploaded, UploadError>) -> Done {
    match result {
        Ok(done) if done.outcome == Outcome::AlreadyThere => Done::AlreadyThere,
        Ok(_) => Done::Uploaded,
        Err(error) => match error.kind() {
            UploadErrorKind::Create(_) => Done::Create,
            UploadErrorKind::Incomplete(_) => Done::Incomplete,
            UploadErrorKind::S3(_) => Done::S3,
            UploadErrorKind::Mismatch { .. } => Done::Mismatch,
            UploadErrorKind::Check(_) => Done::Check,
            UploadErrorKind::NotReady { .. } => Done::NotReady,
            kind => panic!("no fault leads to {kind:?}"),
        },
    }
}

fn cleaned(result: &Result<Uploaded, UploadError>) -> Option<Cleaned> {
    Some(match result.as_ref().err()?.clean_up()? {
        CleanUp::Deleted => Cleaned::Deleted,
        CleanUp::Kept => Cleaned::Kept,
        CleanUp::Failed(_) => Cleaned::Failed,
        other => panic!("unknown: {other:?}"),
    })
}

/// Runs one cell; returns what is wrong.
async fn run(row: &Row, fault: &str, times: usize) -> Result<(), String> {
    let expected = &row.cells[times];
    let rule = format!("{}:{fault}{}", row.step.operation(), TIMES[times].1);
    let sandbox = match row.step {
        Step::CleanUpGet | Step::CleanUpDelete => with_rules(&[&rule, "post:403*forever"]).await,
        _ => with_rules(&[&rule]).await,
    };
    let (content, idle) = if rule.starts_with("post:stall-reading") {
        (&*LARGE, 3 * LIMIT)
    } else {
        (&*SMALL, LIMIT)
    };
    if row.known {
        let _ = sandbox.add_asset("older.txt", content.clone());
    }
    let source = Source::bytes("a.txt", content.clone());
    let mut upload = client_with(&sandbox, LIMIT, idle).upload(sandbox.site_id(), source);
    if row.step == Step::Ready {
        upload = upload.wait_until_ready(READY);
    }
    let result = upload.send().await;

    let observe = || Cell {
        done: done(&result),
        creates: seen(&sandbox, Operation::CreateAsset),
        posts: seen(&sandbox, Operation::PostObject),
        gets: seen(&sandbox, Operation::GetAsset),
        deletes: seen(&sandbox, Operation::DeleteAsset),
        renewals: attempts(&result).renewals,
        cleaned: cleaned(&result),
        left: left(&sandbox, content),
        maybe: expected.maybe,
    };
    // What the sandbox delays is processed after the client has left.
    let patience = Instant::now() + 3 * LIMIT;
    let mut found = observe();
    while found != *expected && Instant::now() < patience {
        sleep(Duration::from_millis(20)).await;
        found = observe();
    }

    let mut wrong = Vec::new();
    if found != *expected {
        wrong.push(format!("expected {expected:?}\n   found {found:?}"));
    }
    let tried = attempts(&result);
    if (tried.create, tried.s3) != (found.creates, found.posts) {
        wrong.push(format!("the log differs from {tried:?}"));
    }
    let text = match &result {
        Ok(done) => format!("{done:#?}"),
        Err(error) => chain(error),
    };
    // S3's second id for a request looks like a signature.
    let host_id = match result.as_ref().map_err(UploadError::kind) {
        Err(UploadErrorKind::S3(error)) => {
            error.refusal().and_then(|refusal| refusal.host_id.clone())
        }
        _ => None,
    };
    let searched = text.replace(host_id.as_deref().unwrap_or("\0"), "");
    if let Some(secret) = leak(&sandbox, &searched) {
        wrong.push(format!("{secret} is seen"));
    }
    if let (Some(maybe), Err(error)) = (expected.maybe, &result)
        && error.to_string().contains("it may exist nevertheless") != maybe
    {
        wrong.push(format!("says wrongly whether it may have arrived: {error}"));
    }
    if found.cleaned == Some(Cleaned::Failed) {
        let error = result.as_ref().unwrap_err();
        let id = error.asset_id().unwrap_or("(no id)");
        if !error.to_string().contains(&format!(
            "asset {id} may have no file and could not be cleaned up"
        )) {
            wrong.push(format!("does not name what is left: {error}"));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} {rule}\n{}\n   {}",
        row.step.title(),
        wrong.join("\n"),
        text.lines().last().unwrap_or_default(),
    ))
}

fn attempts(result: &Result<Uploaded, UploadError>) -> webflow_assets::Attempts {
    match result {
        Ok(done) => done.attempts(),
        Err(error) => error.attempts(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fault_has_the_outcome_of_the_table() {
    /// Most of a cell is waiting.
    const AT_ONCE: usize = 16;

    let mut cells = ROWS.iter().flat_map(|row| {
        let faults = row.faults.iter();
        faults.flat_map(move |fault| (0..TIMES.len()).map(move |times| (row, *fault, times)))
    });
    LazyLock::force(&LARGE);
    LazyLock::force(&HTTP);
    let mut running = JoinSet::new();
    let (mut count, mut again) = (0, Vec::new());
    loop {
        while running.len() < AT_ONCE
            && let Some((row, fault, times)) = cells.next()
        {
            running.spawn(async move { (run(row, fault, times).await, (row, fault, times)) });
        }
        let Some(finished) = running.join_next().await else {
            break;
        };
        count += 1;
        if let (Err(_), cell) = finished.unwrap() {
            again.push(cell);
        }
    }
    // By itself, as a machine that is busy with the others makes for time-outs of its own.
    let mut wrong = Vec::new();
    for (row, fault, times) in again {
        wrong.extend(run(row, fault, times).await.err());
    }
    wrong.sort();
    assert!(count > 300, "only {count} cells");
    assert!(
        wrong.is_empty(),
        "{} of {count} cells differ:\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

#[test]
fn no_fault_of_the_sandbox_is_left_out() {
    for step in Step::ALL {
        for fault in Fault::all() {
            let operation: Operation = step.operation().parse().unwrap();
            let mut rows = ROWS.iter().filter(|row| row.step == step);
            let listed = rows.any(|row| {
                let mut faults = row.faults.iter();
                faults.any(|listed| listed.split(['=', ',']).next() == Some(fault.name()))
            });
            let applies = fault.hits().contains(&operation);
            assert_eq!(applies, listed, "{}: {fault}", step.title());
        }
    }
}

/// Run with `INSTA_UPDATE=always` to accept a change, as for the snapshots.
#[test]
fn the_guide_shows_the_table() {
    const BEGIN: &str = "<!-- fault table: generated by tests/it/fault_matrix.rs -->\n";
    const END: &str = "<!-- end of the fault table -->\n";

    let mut table =
        String::from("\n| at | what happens | once | twice | for ever |\n|---|---|---|---|---|\n");
    for row in ROWS {
        let faults: Vec<String> = row
            .faults
            .iter()
            .map(|fault| format!("`{fault}`"))
            .collect();
        write!(table, "| {} | {}", row.step.title(), faults.join(", ")).unwrap();
        let [once, twice, for_ever] = &row.cells;
        for (cell, before) in [(once, None), (twice, Some(once)), (for_ever, Some(twice))] {
            let text = match before {
                Some(before) if before == cell => "the same".to_owned(),
                _ => cell.text(row.step),
            };
            write!(table, " | {text}").unwrap();
        }
        table.push_str(" |\n");
    }
    table.push('\n');

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    let guide = fs::read_to_string(&path).unwrap();
    let (before, rest) = guide.split_once(BEGIN).expect("the first marker");
    let (shown, after) = rest.split_once(END).expect("the second marker");
    if env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, [before, BEGIN, &table, END, after].concat()).unwrap();
    } else {
        assert!(
            shown == table,
            "the table in docs/faults.md differs from the rows; run with INSTA_UPDATE=always and read the diff"
        );
    }
}

#[tokio::test]
async fn an_older_asset_with_the_same_content_is_never_deleted() {
    // Filled, and announced by somebody who has not filled it yet.
    for filled in [true, false] {
        let sandbox = with_rules(&["post:403*forever"]).await;
        let id = if filled {
            sandbox.add_asset("a.txt", SMALL.clone()).id
        } else {
            sandbox.fault("create:duplicate=with-form".parse().unwrap());
            String::new()
        };
        let error = send(&sandbox, &SMALL).await.unwrap_err();
        assert!(matches!(error.clean_up(), Some(CleanUp::Kept)), "{error}");
        assert_eq!(seen(&sandbox, Operation::DeleteAsset), 0);
        let assets = sandbox.assets();
        assert_eq!(assets.len(), 1);
        assert_eq!(error.asset_id(), Some(assets[0].id.as_str()));
        if filled {
            assert_eq!(assets[0].id, id);
            assert_eq!(sandbox.stored(&id).unwrap(), *SMALL);
        }
    }
}

#[tokio::test]
async fn an_asset_that_was_registered_while_this_call_waited_is_not_deleted() {
    let rules = ["create:503,retry-after=4", "post:403*forever"];
    let sandbox = with_rules(&rules).await;
    let waiting = send(&sandbox, &SMALL);
    let other = async {
        while seen(&sandbox, Operation::CreateAsset) == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        let hash = Source::bytes("a.txt", SMALL.clone())
            .hash()
            .await
            .unwrap()
            .md5;
        let body = NewAsset::builder()
            .file_name("a.txt")
            .file_hash(hash.to_string());
        let client = client(&sandbox);
        let create = client.create_asset().site_id(sandbox.site_id());
        create.body(body).send().await.unwrap().into_inner().id
    };
    let (result, id) = tokio::join!(waiting, other);
    let error = result.unwrap_err();
    assert_eq!(error.asset_id(), id.as_deref());
    assert!(matches!(error.clean_up(), Some(CleanUp::Kept)), "{error}");
    assert_eq!(left(&sandbox, &SMALL), Left::Empty);
}

#[tokio::test]
async fn an_asset_that_somebody_filled_meanwhile_is_not_deleted() {
    // S3 takes the file and says that it did not.
    let sandbox = with_rules(&["post:reset-after*forever"]).await;
    let error = send(&sandbox, &SMALL).await.unwrap_err();
    assert!(matches!(error.clean_up(), Some(CleanUp::Kept)), "{error}");
    assert_eq!(left(&sandbox, &SMALL), Left::Filled);
    assert!(
        error.to_string().contains("was left on the site"),
        "{error}"
    );
}

#[tokio::test]
async fn what_failed_is_kept_on_request() {
    let sandbox = with_rules(&["post:403*forever"]).await;
    let source = Source::bytes("a.txt", SMALL.clone());
    let upload = client(&sandbox).upload(sandbox.site_id(), source);
    let error = upload.keep_on_failure().send().await.unwrap_err();
    assert!(matches!(error.clean_up(), Some(CleanUp::Kept)), "{error}");
    assert_eq!(left(&sandbox, &SMALL), Left::Empty);
    assert_eq!(seen(&sandbox, Operation::GetAsset), 0);

    // As the documentation says, the next upload fills it.
    sandbox.clear_faults();
    let done = send(&sandbox, &SMALL).await.unwrap();
    assert_eq!(done.asset.id.as_deref(), error.asset_id());
    assert_eq!(left(&sandbox, &SMALL), Left::Filled);
}

#[tokio::test]
async fn a_clean_up_that_fails_is_reported_beside_the_first_error() {
    let sandbox = with_rules(&["post:403*forever", "delete:403*forever"]).await;
    let error = send(&sandbox, &SMALL).await.unwrap_err();
    let id = sandbox.assets()[0].id.clone();
    assert_eq!(error.asset_id(), Some(id.as_str()));
    assert!(
        matches!(error.clean_up(), Some(CleanUp::Failed(reason)) if reason.status().unwrap() == 403)
    );
    let text = chain(&error);
    assert!(
        text.contains("S3 refused the file: 403 AccessDenied"),
        "{text}"
    );
    let says = format!(
        "(asset {id} may have no file and could not be cleaned up: 403 forbidden: Forbidden)"
    );
    assert!(text.contains(&says), "{text}");
}

#[tokio::test]
async fn an_asset_whose_form_was_renewed_is_still_this_calls_own() {
    // The second answer comes seconds after the asset was registered, and names the same one.
    let rules = [
        "create:short-policy=6s",
        "post:stall-reading",
        "post:403*forever",
    ];
    let sandbox = with_rules(&rules).await;
    let patient = client_with(&sandbox, LIMIT * 4, LIMIT * 7);
    let source = Source::bytes("a.txt", SMALL.clone());
    let upload = patient.upload(sandbox.site_id(), source);
    let error = upload.send().await.unwrap_err();
    assert_eq!(error.attempts().renewals, 1, "{error}");
    assert!(
        matches!(error.clean_up(), Some(CleanUp::Deleted)),
        "{error}"
    );
}
