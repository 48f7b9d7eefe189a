//! An upload whose process ends without a chance to clean up.

use std::{
    fs,
    process::Child,
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;
use webflow_assets::sandbox::{Operation, Sandbox};

use super::{LARGE, Left, left, seen, with_rules};
use crate::support::storm::start;

/// When a process is killed.
enum When {
    /// This many requests for the operation have arrived.
    Seen(Operation, usize),
    /// This long after its start.
    After(u64),
}

fn upload(sandbox: &Sandbox, file: &std::path::Path) -> Child {
    start(sandbox, "upload", &["--quiet", "--lease", "1ms"], file)
}

fn wait(sandbox: &Sandbox, when: &When, child: &mut Child) {
    let patience = Instant::now() + Duration::from_secs(20);
    match when {
        When::After(millis) => std::thread::sleep(Duration::from_millis(*millis)),
        When::Seen(operation, count) => {
            while (seen(sandbox, *operation) as usize) < *count {
                assert!(Instant::now() < patience, "no {operation} arrives");
                assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

#[test]
fn a_killed_upload_leaves_exactly_one_filled_asset_after_one_more_run() {
    use Operation::{CreateAsset, PostObject};
    use When::{After, Seen};

    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.txt");
    fs::write(&file, &*LARGE).unwrap();

    let points: &[(&[&str], When)] = &[
        // Before the create call is processed, after, and while it is answered.
        (&["create:delay=300ms"], Seen(CreateAsset, 1)),
        (&["create:stall-before-answer"], Seen(CreateAsset, 1)),
        (&["create:stall-mid-body"], Seen(CreateAsset, 1)),
        (&["create:503*2"], Seen(CreateAsset, 2)),
        // With the file on its way, arrived, and half acknowledged.
        (&[], Seen(PostObject, 1)),
        (&["post:stall-reading"], Seen(PostObject, 1)),
        (&["post:delay=300ms"], Seen(PostObject, 1)),
        (&["post:stall-before-answer"], Seen(PostObject, 1)),
        (&["post:500*forever"], Seen(PostObject, 2)),
        (&["create:expired-policy"], Seen(CreateAsset, 2)),
        (&[], After(0)),
        (&[], After(20)),
        (&[], After(60)),
        (&[], After(120)),
    ];
    std::thread::scope(|scope| {
        let runs: Vec<_> = points
            .iter()
            .map(|(rules, when)| {
                let (runtime, file) = (&runtime, &file);
                let run = move || {
                    let sandbox = runtime.block_on(with_rules(rules));
                    let mut child = upload(&sandbox, file);
                    wait(&sandbox, when, &mut child);
                    child.kill().unwrap();
                    child.wait().unwrap();
                    sandbox.clear_faults();
                    let again = upload(&sandbox, file).wait().unwrap();
                    assert!(again.success(), "{rules:?}: {again}");
                    // What was delayed is processed by now, too.
                    std::thread::sleep(Duration::from_millis(400));
                    assert_eq!(left(&sandbox, &LARGE), Left::Filled, "{rules:?}");
                };
                (rules, scope.spawn(run))
            })
            .collect();
        let failed: Vec<_> = runs
            .into_iter()
            .filter_map(|(rules, run)| run.join().err().map(|_| rules))
            .collect();
        assert!(failed.is_empty(), "{failed:?}");
    });
}
