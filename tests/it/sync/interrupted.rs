//! A process that is killed again and again.

use tokio::runtime::Runtime;
use webflow_assets::sandbox::Sandbox;

use crate::support::storm::Storm;

fn weather(storm: Storm) {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let done = storm.weather(&sandbox);
    assert!(done.runs > storm.kills);
    assert!(done.requests > storm.files);
    assert!(done.peak_kib < 160 * 1024, "{done:?}");
}

#[test]
fn a_killed_sync_ends_with_one_asset_for_each_content_and_a_whole_lock_file() {
    weather(Storm {
        files: 240,
        kills: 8,
        faults: false,
        seed: 20_261_122,
    });
}

#[test]
fn a_killed_sync_among_faults_ends_the_same() {
    weather(Storm {
        files: 160,
        kills: 4,
        faults: true,
        seed: 20_261_122,
    });
}
