//! Both clients at once: one token, one pacer, one error type, and uploads through either.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use httpmock::{Method::GET, MockServer};
use other_client::Client;
use serde_json::json;
use webflow_assets::{
    ClientBuilder, ClientInfo, Context, Error, Outcome, ResponseValue, RetryPolicy, Source, Token,
    s3::PostForm,
    sandbox::{Sandbox, Side},
    types::{ApiError, AssetUpload, KnownErrorCode, NewAsset, SiteList},
};

const TOKEN: &str = "t0ken-that-nobody-may-see";
const SITE: &str = "580e63e98c9a982ac9b8b741";

fn settings(base_url: &str, token: &str) -> ClientBuilder {
    let builder = webflow_assets::Client::builder().base_url(base_url);
    builder.token(Token::new(token).unwrap())
}

/// The other client on the pool and context of this crate's.
fn beside(assets: &webflow_assets::Client) -> Client {
    let (http, context) = (assets.client().clone(), assets.inner().clone());
    Client::new_with_client(assets.baseurl(), http, context)
}

/// A client that tries everything once.
fn client(server: &MockServer) -> Client {
    let settings = settings(&server.base_url(), TOKEN).retry(RetryPolicy::none());
    beside(&settings.build().unwrap())
}

/// A client that is made without any other.
fn client_alone(sandbox: &Sandbox) -> Client {
    let context = Context::new(&Token::new(sandbox.token()).unwrap());
    Client::new(sandbox.base_url(), context)
}

async fn new_asset(name: &str, content: &[u8]) -> NewAsset {
    let hashed = Source::bytes(name, content.to_vec()).hash().await.unwrap();
    let asset = NewAsset::builder().file_name(name);
    asset.file_hash(hashed.md5.to_string()).try_into().unwrap()
}

type Created = Result<ResponseValue<AssetUpload>, Error<ApiError>>;

/// The create operation that the other client generated for itself.
async fn create(client: &Client, sandbox: &Sandbox, name: &str, content: &[u8]) -> Created {
    let request = client.create_asset().site_id(sandbox.site_id());
    let body = new_asset(name, content).await;
    request.body(body).send().await
}

/// The create operation of `webflow-assets`: the same types, and nothing converted.
async fn create_there(
    client: &webflow_assets::Client,
    sandbox: &Sandbox,
    name: &str,
    content: &[u8],
) -> Created {
    let request = client.create_asset().site_id(sandbox.site_id());
    let body = new_asset(name, content).await;
    request.body(body).send().await
}

#[tokio::test]
async fn sites_are_of_one_type_in_both_clients() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let settings = settings(sandbox.base_url(), sandbox.token());
    let assets = settings.build().unwrap();
    let theirs: SiteList = (*beside(&assets).list_sites().send().await.unwrap()).clone();
    let ours: SiteList = (*assets.list_sites().send().await.unwrap()).clone();
    assert_eq!(json!(theirs), json!(ours));
    assert_eq!(
        theirs.sites.unwrap()[0].id.as_deref(),
        Some(sandbox.site_id())
    );
}

#[tokio::test]
async fn calls_of_both_clients_keep_to_one_limit_together() {
    const WINDOW: Duration = Duration::from_secs(1);
    let sandbox = Sandbox::builder().rate_limit(60, WINDOW).start().await;
    let sandbox = sandbox.unwrap();
    let settings = settings(sandbox.base_url(), sandbox.token()).rate_limit_window(WINDOW);
    let assets = settings.build().unwrap();
    let other = beside(&assets);
    let call = async |n: u32| {
        let (name, content) = (format!("{n}.txt"), n.to_le_bytes());
        if n.is_multiple_of(2) {
            create(&other, &sandbox, &name, &content).await
        } else {
            create_there(&assets, &sandbox, &name, &content).await
        }
    };
    let calls = stream::iter(0..61).map(call).buffer_unordered(16);
    let created: Vec<_> = calls.try_collect().await.unwrap();
    assert_eq!(created.len(), 61);

    let requests = sandbox.requests();
    assert_eq!(requests.len(), 61);
    assert!(requests.iter().all(|r| r.status != Some(429)));
    // By the sandbox's own clock: its window opens with the first request.
    let mut arrived: Vec<Duration> = requests.iter().map(|r| r.arrived).collect();
    arrived.sort();
    assert!(arrived[60] >= arrived[0] + WINDOW);
    let (here, there) = (assets.rate_limit(), other.inner().rate_limit());
    assert_eq!((there.limit, there.remaining), (Some(60), here.remaining));
}

#[tokio::test]
async fn its_own_operations_are_retried() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fault("create:503*2".parse().unwrap());
    let policy = RetryPolicy::default().base_delay(Duration::from_millis(1));
    let settings = settings(sandbox.base_url(), sandbox.token()).retry(policy);
    let other = beside(&settings.build().unwrap());
    create(&other, &sandbox, "a.txt", b"content").await.unwrap();
    let statuses: Vec<_> = sandbox.requests().iter().map(|r| r.status).collect();
    assert_eq!(statuses[..2], [Some(503); 2]);
    assert_eq!(statuses.len(), 3);
}

#[tokio::test]
async fn its_own_create_call_and_the_form_upload_store_the_file() {
    let sandbox = Sandbox::start().await.unwrap();
    let other = client_alone(&sandbox);

    let created = create(&other, &sandbox, "a.txt", b"content").await.unwrap();
    let url = created.upload_url.as_deref().unwrap();
    let form = PostForm::from_details(url, &created.upload_details).unwrap();
    let file = Source::bytes("a.txt", "content");
    form.send(other.client(), &file).await.unwrap();

    let id = created.id.as_deref().unwrap();
    assert_eq!(sandbox.stored(id).unwrap(), "content");
}

#[tokio::test]
async fn a_client_made_from_it_uploads_in_one_call() {
    let sandbox = Sandbox::start().await.unwrap();
    let other = client_alone(&sandbox);

    let done = webflow_assets::Client::from(&other)
        .upload(sandbox.site_id(), Source::bytes("a.txt", "content"))
        .send()
        .await
        .unwrap();

    assert_eq!(done.outcome, Outcome::Uploaded);
    assert_eq!(sandbox.stored(&done.asset.id.unwrap()).unwrap(), "content");
    // The call was counted for the other client too.
    assert_eq!(other.inner().rate_limit().remaining, Some(5999));
}

#[tokio::test]
async fn an_upload_may_take_longer_than_the_pool_allows_a_request() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fault("post:delay=400ms".parse().unwrap());
    let pool = reqwest::Client::builder().timeout(Duration::from_millis(200));
    let context = Context::new(&Token::new(sandbox.token()).unwrap());
    let other = Client::new_with_client(sandbox.base_url(), pool.build().unwrap(), context);

    let upload = webflow_assets::Client::from(&other)
        .upload(sandbox.site_id(), Source::bytes("a.txt", "content"));
    upload.send().await.unwrap();

    let requests = sandbox.requests();
    assert_eq!(requests.iter().filter(|r| r.side == Side::S3).count(), 1);
}

#[tokio::test]
async fn a_request_carries_the_token_and_no_api_version() {
    let server = MockServer::start_async().await;
    let mock = server.mock(|when, then| {
        when.method(GET)
            .path(format!("/sites/{SITE}"))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header_missing("api-version");
        then.json_body(json!({"id": SITE, "timeZone": null}));
    });
    let client = client(&server);
    let site = client.get_site().site_id(SITE).send().await.unwrap();
    assert_eq!(site.id.as_deref(), Some(SITE));
    mock.assert();
}

#[tokio::test]
async fn a_page_in_place_of_an_error_keeps_its_status_and_text() {
    let page = "<h1>Bad Gateway</h1>";
    let server = MockServer::start_async().await;
    server.mock(|when, then| {
        when.method(GET).path("/sites");
        then.status(502).header("via", "a proxy").body(page);
    });
    let error = match client(&server).list_sites().send().await {
        Err(Error::ErrorResponse(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(error.status(), 502);
    assert_eq!(error.headers()["via"], "a proxy");
    let error: ApiError = error.into_inner();
    assert_eq!(error.message.as_deref(), Some(page));
}

#[tokio::test]
async fn a_success_of_another_shape_keeps_its_status_and_text() {
    for body in ["{\"sites\": 17}", "<html>Sign in to the wifi</html>", ""] {
        let server = MockServer::start_async().await;
        server.mock(|when, then| {
            when.method(GET).path("/sites");
            then.status(200).body(body);
        });
        match client(&server).list_sites().send().await {
            Err(Error::UnexpectedResponse(response)) => {
                assert_eq!(response.status(), 200);
                assert_eq!(response.text().await.unwrap(), body);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn refusals_of_both_have_one_type_and_nothing_prints_the_token() {
    let sandbox = Sandbox::start().await.unwrap();
    let assets = settings(sandbox.base_url(), TOKEN).build().unwrap();
    let other = beside(&assets);
    let refusals = [
        create(&other, &sandbox, "a.txt", b"content").await,
        create_there(&assets, &sandbox, "a.txt", b"content").await,
    ];
    for refusal in refusals {
        let printed = format!("{refusal:?} {other:?} {:?}", other.create_asset());
        assert!(!printed.contains(TOKEN), "{printed}");
        let error = match refusal {
            Err(Error::ErrorResponse(error)) => error,
            other => panic!("{other:?}"),
        };
        assert_eq!(error.status(), 401);
        let code = KnownErrorCode::NotAuthorized.to_string();
        assert_eq!(error.code.as_ref().unwrap().to_string(), code);
    }
}
