//! Many uploads against a rate limit, in windows that are shorter than Webflow's minute.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use webflow_assets::{
    Client, Source,
    sandbox::{Request, Sandbox, Side},
};

use crate::support::client_for;

const WINDOW: Duration = Duration::from_secs(1);

async fn limited() -> Sandbox {
    let builder = Sandbox::builder().rate_limit(60, WINDOW);
    builder.start().await.unwrap()
}

fn client_of(sandbox: &Sandbox) -> Client {
    client_for(sandbox)
        .rate_limit_window(WINDOW)
        .build()
        .unwrap()
}

/// Uploads 200 files, 16 at a time, through clones of one client.
async fn upload_200(sandbox: &Sandbox) {
    let client = client_of(sandbox);
    let uploads = stream::iter(0..200).map(|n| {
        let source = Source::bytes(format!("{n}.txt"), format!("content {n}"));
        client.clone().upload(sandbox.site_id(), source).send()
    });
    let results: Vec<_> = uploads.buffer_unordered(16).collect().await;
    assert_eq!(results.len(), 200);
    for result in results {
        result.unwrap();
    }
}

fn refused(requests: &[Request]) -> usize {
    let status = |request: &&Request| request.status == Some(429);
    requests.iter().filter(status).count()
}

#[tokio::test]
async fn two_hundred_uploads_provoke_no_429_and_spend_each_window() {
    let sandbox = limited().await;
    upload_200(&sandbox).await;
    let requests = sandbox.requests();
    assert_eq!(refused(&requests), 0);
    let creates: Vec<_> = requests
        .iter()
        .filter(|r| r.side == Side::Webflow)
        .collect();
    assert_eq!(creates.len(), 200);
    assert!(sandbox.assets().iter().all(|asset| asset.size.is_some()));
}

#[tokio::test]
async fn all_arrive_beside_another_consumer_that_spends_half_of_the_allowance() {
    let sandbox = limited().await;
    let http = reqwest::Client::new();
    let other = async {
        loop {
            tokio::time::sleep(WINDOW / 30).await;
            let url = format!("{}/assets/{}", sandbox.base_url(), sandbox.site_id());
            http.get(url)
                .bearer_auth(sandbox.token())
                .send()
                .await
                .unwrap();
        }
    };
    tokio::select! {
        () = upload_200(&sandbox) => {}
        () = other => unreachable!(),
    }
    assert!(sandbox.assets().iter().all(|asset| asset.size.is_some()));
}

#[tokio::test]
async fn waiting_is_visible_and_a_dropped_upload_waits_no_more() {
    let sandbox = Sandbox::builder()
        .rate_limit(1, Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let client = client_of(&sandbox);
    let upload = |n: u32| {
        let source = Source::bytes(format!("{n}.txt"), format!("content {n}"));
        client.upload(sandbox.site_id(), source).send()
    };
    upload(0).await.unwrap();
    let waiting = client.rate_limit();
    assert_eq!(
        (waiting.limit, waiting.remaining, waiting.waiting),
        (Some(1), Some(0), 0)
    );
    let mut second = Box::pin(upload(1));
    let seen = async {
        while client.rate_limit().waiting == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        _ = &mut second => panic!("the limit is spent"),
        () = seen => {}
    }
    drop(second);
    assert_eq!(client.rate_limit().waiting, 0);
    assert_eq!(sandbox.assets().len(), 1);
}
