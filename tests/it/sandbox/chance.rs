//! Faults that happen by chance.

use reqwest::{Response, StatusCode};
use serde_json::json;
use webflow_assets::sandbox::{Sandbox, SandboxBuilder};

use super::{create, md5};

async fn ask_for_one(sandbox: &Sandbox) -> Response {
    create(
        sandbox,
        &json!({ "fileName": "a.txt", "fileHash": md5(b"a") }),
    )
    .await
}

#[tokio::test]
async fn a_chance_hits_the_same_requests_for_the_same_seed() {
    let meet = async |seed: u64| {
        let rules = ["create:503*40%", "create:429*2", "create:500*40%"];
        let builder = rules
            .iter()
            .map(|rule| rule.parse().expect("a rule"))
            .fold(Sandbox::builder().seed(seed), SandboxBuilder::fault);
        let sandbox = builder.start().await.expect("the sandbox starts");
        for _ in 0..40 {
            ask_for_one(&sandbox).await;
        }
        let left: Vec<String> = sandbox.faults().iter().map(ToString::to_string).collect();
        assert_eq!(left, [rules[0], rules[2]]);
        let requests = sandbox.requests();
        for request in &requests {
            let fault = request.status.filter(|status| *status != 202);
            assert_eq!(fault.map(|status| status.to_string()), request.fault);
        }
        let statuses = requests.into_iter().filter_map(|request| request.status);
        statuses.collect::<Vec<u16>>()
    };
    let first = meet(1).await;
    // The two that are counted come first, and all that may happen does.
    assert_eq!(first[..2], [429, 429]);
    for status in [503, 500, 202] {
        assert!(first[2..].contains(&status), "{status} in {first:?}");
    }
    assert_eq!(meet(1).await, first);
    assert_ne!(meet(2).await, first);
}

#[tokio::test]
async fn a_chance_of_nothing_is_passed_over_and_one_of_all_never_fails() {
    let rule = |text: &str| {
        text.parse::<webflow_assets::sandbox::Rule>()
            .expect("a rule")
    };
    let builder = Sandbox::builder()
        .fault(rule("create:500").with_chance(0))
        .fault(rule("create:502*100%"))
        .fault(rule("create:503"));
    let sandbox = builder.start().await.expect("the sandbox starts");
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(ask_for_one(&sandbox).await.status().as_u16());
    }
    assert_eq!(statuses, [503, 502, 502, 502]);
    sandbox.clear_faults();
    assert_eq!(ask_for_one(&sandbox).await.status(), StatusCode::ACCEPTED);
}
