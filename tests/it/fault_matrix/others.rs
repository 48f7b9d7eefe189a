//! What the faults of lists and of updates do to a pull and to an update of texts.

use std::{fs, path::Path};

use tokio::task::JoinSet;
use webflow_assets::sandbox::{Fault, Operation, Sandbox};

use super::{LIMIT, SMALL, TIMES, chain, client_with, leak, seen, with_rules};

/// Whether it succeeds, and after how many requests: where the fault happens once, twice and for ever.
type Cells = [(bool, u32); 3];

/// Faults with the same outcome.
type Row = (&'static [&'static str], Cells);

const REFUSED: Cells = [(false, 1); 3];
const REPEATED: Cells = [(true, 2), (true, 3), (false, 3)];
const UNHARMED: Cells = [(true, 1); 3];

/// The lists that a pull begins with.
const LISTS: &[Row] = &[
    (
        &["200", "200,html", "400", "401", "403", "404", "409"],
        REFUSED,
    ),
    (
        &[
            "429",
            "500",
            "502,html",
            "503",
            "504,empty",
            "reset-before",
            "reset-after",
            "truncated-body",
            "stall-mid-body",
            "stall-before-answer",
            "delay=1s",
            "late=1ms",
        ],
        REPEATED,
    ),
    (&["delay=1ms"], UNHARMED),
];

/// An update, which HTTP does not call idempotent: it is repeated only if it did not arrive.
const UPDATE: &[Row] = &[
    (
        &[
            "200,html",
            "400",
            "401",
            "403",
            "404",
            "409",
            "500",
            "502,html",
            "504,empty",
            "early-refusal=413",
            "flip",
            "reset-before",
            "reset-after",
            "stall-reading",
            "truncated-body",
            "stall-mid-body",
            "stall-before-answer",
            "delay=1s",
            "late=1ms",
        ],
        REFUSED,
    ),
    (&["429", "503"], REPEATED),
    (&["200", "delay=1ms"], UNHARMED),
];

/// The operations, and their rows.
const ROWS: [(Operation, &[Row]); 3] = [
    (Operation::ListAssets, LISTS),
    (Operation::ListFolders, LISTS),
    (Operation::UpdateAsset, UPDATE),
];

/// Pulls the site into a directory. What is in there, whatever happened, is whole.
async fn pull(sandbox: &Sandbox, dir: &Path) -> Result<(), String> {
    let client = client_with(sandbox, LIMIT, LIMIT);
    let report = client.pull(sandbox.site_id(), dir).send().await;
    let file = dir.join("a.txt");
    let there = fs::read(&file).ok();
    assert!(there.is_none_or(|bytes| bytes == *SMALL), "a partial file");
    let report = report.map_err(|error| chain(&error))?;
    assert!(report.is_complete() && file.is_file(), "{report:?}");
    Ok(())
}

/// Sets the text of an asset. Whatever happened, it has this text or none.
async fn update(sandbox: &Sandbox) -> Result<(), String> {
    let id = sandbox.assets()[0].id.clone();
    let client = client_with(sandbox, LIMIT, LIMIT);
    let request = client.update_asset().asset_id(id);
    let request = request.body_map(|body| body.alt_text("A barn".to_owned()));
    let sent = request.send().await;
    let text = sandbox.assets()[0].alt_text.clone();
    assert!(text.is_none_or(|text| text == "A barn"), "another text");
    sent.map(drop)
        .map_err(|error| webflow_assets::explain(&error, "scope assets:write"))
}

async fn act(sandbox: &Sandbox, operation: Operation, dir: &Path) -> Result<(), String> {
    match operation {
        Operation::UpdateAsset => update(sandbox).await,
        _ => pull(sandbox, dir).await,
    }
}

/// Runs one cell; returns what is wrong.
async fn run(operation: Operation, fault: &str, times: usize, cells: Cells) -> Result<(), String> {
    let rule = format!("{operation}:{fault}{}", TIMES[times].1);
    let sandbox = with_rules(&[&rule]).await;
    let _ = sandbox.add_asset("a.txt", SMALL.clone());
    let dir = tempfile::tempdir().unwrap();
    let result = act(&sandbox, operation, dir.path()).await;
    let found = (result.is_ok(), seen(&sandbox, operation));
    if found != cells[times] {
        let expected = cells[times];
        return Err(format!(
            "{rule}: expected {expected:?}, found {found:?}: {result:?}"
        ));
    }
    if let Some(secret) = result.err().and_then(|text| leak(&sandbox, &text)) {
        return Err(format!("{rule}: {secret} is seen"));
    }
    // The next one does all.
    sandbox.clear_faults();
    let again = act(&sandbox, operation, dir.path()).await;
    let text = sandbox.assets()[0].alt_text.is_some();
    if again.is_err() || text != (operation == Operation::UpdateAsset) {
        return Err(format!("{rule}: afterwards {again:?}"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fault_of_a_list_or_an_update_has_its_outcome() {
    let mut running = JoinSet::new();
    let mut again = Vec::new();
    for (operation, rows) in ROWS {
        for (faults, cells) in rows {
            for fault in *faults {
                for times in 0..TIMES.len() {
                    running.spawn(async move {
                        let cell = (operation, *fault, times, *cells);
                        (run(operation, fault, times, *cells).await, cell)
                    });
                }
            }
        }
        while let Some(finished) = running.join_next().await {
            if let (Err(_), cell) = finished.unwrap() {
                again.push(cell);
            }
        }
    }
    // By itself, as a machine that is busy with the others makes for time-outs of its own.
    let mut wrong = Vec::new();
    for (operation, fault, times, cells) in again {
        wrong.extend(run(operation, fault, times, cells).await.err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_fault_of_a_list_or_an_update_is_left_out() {
    for (operation, rows) in ROWS {
        for fault in Fault::all() {
            let mut listed = rows.iter().flat_map(|(faults, _)| *faults);
            let listed = listed.any(|it| it.split(['=', ',']).next() == Some(fault.name()));
            let applies = fault.hits().contains(&operation);
            assert_eq!(applies, listed, "{operation}: {fault}");
        }
    }
}
