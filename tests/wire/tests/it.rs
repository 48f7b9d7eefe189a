//! What each kind of parameter and body is on the wire: as the description says, as the generated
//! client sends it, and as the typed mock expects it.

use httpmock::{HttpMockRequest, MockServer};
use serde_json::{Value, json};
use webflow_assets::{Context, Error, Token};
use wire::{
    Client,
    mock::MockServerExt,
    types::{NewThing, NewThings, NewToken, SortOrder, Thing, ThingList, ThingUpdate},
};

const ID: &str = "64358b9544249dc43d37d2b7";

fn client(server: &MockServer) -> Client {
    Client::new(
        &server.base_url(),
        Context::new(&Token::new("t0ken").unwrap()),
    )
}

/// The part of a request's target after the question mark, character for character.
fn query(expected: &'static str) -> impl Fn(&HttpMockRequest) -> bool + Send + Sync {
    move |request| request.uri().query() == Some(expected)
}

fn thing() -> Thing {
    Thing::builder().id(ID.to_owned()).try_into().unwrap()
}

fn new_thing(name: &str) -> NewThing {
    NewThing::builder().name(name).try_into().unwrap()
}

fn json_type(request: &HttpMockRequest) -> bool {
    request.headers()["content-type"] == "application/json"
}

#[tokio::test]
async fn query_parameters_are_texts_that_repeat_for_an_array_and_keep_their_brackets() {
    let server = MockServer::start_async().await;
    let tags = vec!["a b".to_owned(), "c&d".to_owned()];
    let states = vec![SortOrder::Asc, SortOrder::Desc];
    let mock = server.list_things(|when, then| {
        when.kind("Größe")
            .limit(10)
            .live(true)
            .sort_order(SortOrder::Desc)
            .tag(&tags)
            .state(&states)
            .created_on_gte("2026-01-02T03:04:05Z")
            .created_on_lte(None::<&str>)
            .into_inner()
            .is_true(query(
                "createdOn%5Bgte%5D=2026-01-02T03%3A04%3A05Z&kind=Gr%C3%B6%C3%9Fe&limit=10&live=true\
                 &sortOrder=desc&state=asc&state=desc&tag=a+b&tag=c%26d",
            ));
        then.ok(&ThingList::builder().things(vec![thing()]).try_into().unwrap());
    });
    let list = client(&server)
        .list_things()
        .kind("Größe")
        .limit(10)
        .live(true)
        .sort_order(SortOrder::Desc)
        .tag(tags.clone())
        .state(states.clone())
        .created_on_gte("2026-01-02T03:04:05Z")
        .send()
        .await
        .unwrap();
    mock.assert();
    assert_eq!(list.things, Some(vec![thing()]));
}

#[tokio::test]
async fn a_typed_mock_refuses_an_array_that_lacks_a_value() {
    let server = MockServer::start_async().await;
    let mock = server.list_things(|when, then| {
        when.state(&vec![SortOrder::Asc, SortOrder::Desc]);
        then.ok(&ThingList::default());
    });
    let client = client(&server);
    let one = client.list_things().kind("k").state(vec![SortOrder::Asc]);
    one.send().await.unwrap_err();
    mock.assert_calls(0);
}

#[tokio::test]
async fn optional_parameters_are_left_out() {
    let server = MockServer::start_async().await;
    let mock = server.list_things(|when, then| {
        let when = when
            .limit(None)
            .live(None)
            .sort_order(None)
            .tag(None::<&Vec<String>>);
        when.into_inner().is_true(query("kind=k"));
        then.ok(&ThingList::default());
    });
    let client = client(&server);
    let request = client.list_things().kind("k").state(vec![]);
    request.send().await.unwrap();
    mock.assert();
}

#[tokio::test]
async fn headers_are_sent_under_their_names_and_path_parameters_of_the_path_are_filled_in() {
    let server = MockServer::start_async().await;
    let mock = server.get_thing(|when, then| {
        let when = when.thing_id(ID).x_revision(7).x_trace("a-b");
        when.into_inner()
            .path(format!("/things/{ID}"))
            .header("X-Revision", "7")
            .header("X-Trace", "a-b");
        then.ok(&thing());
    });
    let client = client(&server);
    let request = client.get_thing().thing_id(ID).x_revision(7);
    request.x_trace("a-b").send().await.unwrap();
    mock.assert();

    let without = server.get_thing(|when, then| {
        when.x_trace(None::<&str>);
        then.ok(&thing());
    });
    let request = client.get_thing().thing_id(ID).x_revision(7);
    request.send().await.unwrap();
    without.assert();
}

#[tokio::test]
async fn a_path_parameter_is_one_segment_whatever_is_in_it() {
    let server = MockServer::start_async().await;
    let mock = server.mock(|when, then| {
        when.is_true(|request| request.uri().path() == "/things/a%2Fb%3Fc%20d");
        then.status(200).json_body(json!({}));
    });
    let client = client(&server);
    let request = client.get_thing().thing_id("a/b?c d");
    request.x_revision(1).send().await.unwrap();
    mock.assert();
}

#[tokio::test]
async fn a_body_with_alternatives_is_the_one_that_was_given() {
    let many = vec![new_thing("a"), new_thing("b")];
    let cases: [(NewThings, Value); 2] = [
        (NewThings::from(new_thing("a")), json!({"name": "a"})),
        (NewThings::from(many), json!([{"name": "a"}, {"name": "b"}])),
    ];
    for (body, sent) in cases {
        let server = MockServer::start_async().await;
        let mock = server.create_things(|when, then| {
            let when = when.body(&body).into_inner();
            when.is_true(json_type).json_body(sent);
            then.accepted(&ThingList::default());
        });
        client(&server)
            .create_things()
            .body(body.clone())
            .send()
            .await
            .unwrap();
        mock.assert();
    }
}

#[tokio::test]
async fn an_update_sends_only_the_fields_that_are_set() {
    let server = MockServer::start_async().await;
    let body: ThingUpdate = ThingUpdate::builder()
        .name("b".to_owned())
        .try_into()
        .unwrap();
    let mock = server.update_thing(|when, then| {
        let when = when.thing_id(ID).body(&body).into_inner();
        when.body(r#"{"name":"b"}"#);
        then.ok(&thing());
    });
    let client = client(&server);
    let request = client.update_thing().thing_id(ID);
    request.body(body.clone()).send().await.unwrap();
    mock.assert();
}

#[tokio::test]
async fn a_form_body_is_a_form_and_its_secrets_are_never_printed() {
    let server = MockServer::start_async().await;
    let body: NewToken = NewToken::builder()
        .grant_type("client_credentials")
        .client_secret("s3cret & more")
        .expires_in(60)
        .try_into()
        .unwrap();
    let mock = server.create_token(|when, then| {
        when.body(&body)
            .into_inner()
            .body("client_secret=s3cret+%26+more&expires_in=60&grant_type=client_credentials");
        then.into_inner()
            .status(200)
            .json_body(json!({"access_token": "acc3ss"}));
    });
    let token = client(&server)
        .create_token()
        .body(body.clone())
        .send()
        .await
        .unwrap();
    mock.assert();
    assert_eq!(token.access_token.as_ref().unwrap().expose(), "acc3ss");
    let printed = format!("{body:?} {token:?}");
    assert!(
        !printed.contains("s3cret") && !printed.contains("acc3ss"),
        "{printed}"
    );
}

#[tokio::test]
async fn a_typed_mock_refuses_another_form() {
    let server = MockServer::start_async().await;
    let form = |kind: &str| -> NewToken {
        let form = NewToken::builder().grant_type(kind).client_secret("s");
        form.try_into().unwrap()
    };
    let mock = server.create_token(|when, then| {
        when.body(&form("a"));
        then.into_inner().status(200).json_body(json!({}));
    });
    client(&server)
        .create_token()
        .body(form("b"))
        .send()
        .await
        .unwrap_err();
    mock.assert_calls(0);
}

#[tokio::test]
async fn a_text_body_is_the_text_and_a_success_without_a_body_is_one() {
    let server = MockServer::start_async().await;
    let mock = server.put_note(|when, then| {
        let when = when.thing_id(ID).body("a note\n".to_owned()).into_inner();
        when.header("content-type", "text/plain");
        then.no_content();
    });
    let client = client(&server);
    let request = client.put_note().thing_id(ID).body("a note\n");
    assert_eq!(request.send().await.unwrap().status(), 204);
    mock.assert();

    let mock = server.delete_thing(|when, then| {
        when.thing_id(ID).into_inner().body("");
        then.no_content();
    });
    let request = client.delete_thing().thing_id(ID);
    assert_eq!(request.send().await.unwrap().status(), 204);
    mock.assert();
}

#[tokio::test]
async fn an_error_without_a_documented_body_has_the_type_of_all_errors() {
    let server = MockServer::start_async().await;
    server.delete_thing(|_, then| {
        then.too_many_requests().into_inner().body("slow down");
    });
    let assets = webflow_assets::Client::builder().base_url(server.base_url());
    let assets = assets
        .token(Token::new("t0ken").unwrap())
        .retry(webflow_assets::RetryPolicy::none());
    let context = webflow_assets::ClientInfo::inner(&assets.build().unwrap()).clone();
    let client = Client::new(&server.base_url(), context);
    match client.delete_thing().thing_id(ID).send().await {
        Err(Error::ErrorResponse(error)) => {
            assert_eq!(error.status(), 429);
            assert_eq!(error.message.as_deref(), Some("slow down"));
        }
        other => panic!("{other:?}"),
    }
}
