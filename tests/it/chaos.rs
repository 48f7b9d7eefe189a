//! A few seeds of the failing world; the benchmark `chaos` runs hundreds.

mod world;

#[test]
fn nothing_is_lost_doubled_or_stuck_in_a_failing_world() {
    let (tally, failed) = world::run_all(0, 4);
    let texts: Vec<String> = failed.into_iter().map(|(_, text)| text).collect();
    assert!(texts.is_empty(), "{}", texts.join("\n"));
    let faults: u64 = tally.faults.values().sum();
    assert!(
        faults > 20,
        "only {faults} faults in {} requests",
        tally.requests
    );
    assert!(
        !tally.signals.is_empty(),
        "no signal in {} runs",
        tally.runs
    );
}
