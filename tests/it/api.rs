//! The generated operations against servers that answer what Webflow documents, and what proxies
//! and outages answer instead.

use httpmock::MockServer;
use serde_json::{Value, json};
use webflow_assets::{
    Client, ClientInfo, Error, ResponseValue,
    mock::{MockServerExt, operations::CreateAssetThen},
    types::{self, ApiError, KnownErrorCode},
};

use crate::support::{SITE, TOKEN, chain, client, new_asset};

async fn create(client: &Client) -> Result<ResponseValue<types::AssetUpload>, Error<ApiError>> {
    let request = client.create_asset().site_id(SITE).body(new_asset());
    request.send().await
}

/// What a client gets from a server that gives this answer.
async fn answered(
    then: impl FnOnce(CreateAssetThen),
) -> Result<ResponseValue<types::AssetUpload>, Error<ApiError>> {
    let server = MockServer::start_async().await;
    let mock = server.create_asset(|when, answer| {
        when.site_id(&SITE.try_into().unwrap()).body(&new_asset());
        then(answer);
    });
    let result = create(&client(&server.base_url())).await;
    mock.assert_async().await;
    result
}

fn refused(
    result: Result<ResponseValue<types::AssetUpload>, Error<ApiError>>,
) -> ResponseValue<ApiError> {
    match result {
        Err(Error::ErrorResponse(response)) => response,
        other => panic!("expected an error response, got {other:?}"),
    }
}

fn api_error(code: KnownErrorCode) -> ApiError {
    ApiError::builder()
        .code(types::ErrorCode::from(code))
        .message("the reason".to_owned())
        .details(vec![json!("text"), json!({"field": "fileName"})])
        .try_into()
        .unwrap()
}

#[tokio::test]
async fn each_documented_error_arrives_with_status_headers_and_body() {
    type Answer = fn(CreateAssetThen, &ApiError) -> CreateAssetThen;
    let cases: [(u16, KnownErrorCode, Answer); 5] = [
        (400, KnownErrorCode::ValidationError, |t, e| {
            t.bad_request(e)
        }),
        (401, KnownErrorCode::MissingScopes, |t, e| t.unauthorized(e)),
        (404, KnownErrorCode::ResourceNotFound, |t, e| t.not_found(e)),
        (429, KnownErrorCode::TooManyRequests, |t, e| {
            t.too_many_requests(e)
        }),
        (500, KnownErrorCode::InternalError, |t, e| {
            t.internal_server_error(e)
        }),
    ];
    for (status, code, answer) in cases {
        let error = api_error(code);
        let response = refused(
            answered(|then| {
                let then = answer(then, &error).into_inner();
                then.header("x-ratelimit-remaining", "0");
            })
            .await,
        );
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["x-ratelimit-remaining"], "0");
        assert_eq!(json!(*response), json!(error));
        assert_eq!(response.details.as_ref().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_code_that_is_not_documented_yet_is_kept() {
    let body = json!({"code": "moon_phase_wrong", "message": "wait", "details": []});
    let response = refused(
        answered(|then| {
            then.into_inner().status(400).json_body(body);
        })
        .await,
    );
    let code = response.code.as_ref().unwrap();
    assert!(matches!(code, types::ErrorCode::Other(code) if code == "moon_phase_wrong"));
    assert_eq!(code.to_string(), "moon_phase_wrong");
}

#[tokio::test]
async fn null_in_every_field_of_an_error_is_no_field() {
    let nulls = json!({"code": null, "message": null, "externalReference": null, "details": null});
    let response = refused(
        answered(|then| {
            then.into_inner().status(404).json_body(nulls);
        })
        .await,
    );
    assert_eq!(response.status(), 404);
    assert!(response.code.is_none() && response.details.is_none());
}

#[tokio::test]
async fn bodies_that_are_not_webflows_keep_status_headers_and_text() {
    let page = "<html><body>\n<h1>502 Bad Gateway</h1></body></html>";
    let long = "x".repeat(200_000);
    let cases = [
        (page, page),
        ("", ""),
        ("{\"code\": \"not_auth", "{\"code\": \"not_auth"),
        // Decodes as an error that says nothing.
        ("{\"msg\": \"no\"}", "{\"msg\": \"no\"}"),
        ("{\"code\": 17}", "{\"code\": 17}"),
        ("[]", "[]"),
        (&long, &long[..65536]),
    ];
    for status in [400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504] {
        for (body, text) in cases {
            let response = refused(
                answered(|then| {
                    let then = then.into_inner().status(status);
                    then.header("via", "a proxy").body(body);
                })
                .await,
            );
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()["via"], "a proxy");
            assert_eq!(response.message.as_deref().unwrap_or_default(), text);
        }
    }
}

#[tokio::test]
async fn undocumented_statuses_with_webflows_body_arrive_decoded() {
    for status in [403, 409, 413, 502, 503] {
        let error = api_error(KnownErrorCode::Forbidden);
        let response = refused(
            answered(|then| {
                then.into_inner().status(status).json_body_obj(&error);
            })
            .await,
        );
        assert_eq!(response.status(), status);
        assert_eq!(json!(*response), json!(error));
    }
}

#[tokio::test]
async fn an_error_body_that_breaks_off_keeps_what_arrived() {
    let base_url = crate::support::raw_server(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 100\r\nVia: a proxy\r\n\r\nhalf a page",
    )
    .await;
    let response = refused(create(&client(&base_url)).await);
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["via"], "a proxy");
    assert_eq!(response.message.as_deref(), Some("half a page"));
}

fn all_fields() -> Value {
    let fragment: Value = serde_json::from_str(webflow_assets::OPENAPI_JSON).unwrap();
    fragment["components"]["schemas"]["AssetUpload"]["example"].clone()
}

#[tokio::test]
async fn any_success_status_decodes_and_null_is_accepted_in_every_field() {
    let mut bodies = vec![all_fields(), json!({})];
    for name in all_fields().as_object().unwrap().keys() {
        let mut body = all_fields();
        body[name] = Value::Null;
        bodies.push(body);
    }
    for name in all_fields()["uploadDetails"].as_object().unwrap().keys() {
        let mut body = all_fields();
        body["uploadDetails"][name] = Value::Null;
        bodies.push(body);
    }
    for (n, body) in bodies.into_iter().enumerate() {
        let status = [200, 201, 202][n % 3];
        let response = answered(|then| {
            then.into_inner().status(status).json_body(body.clone());
        })
        .await
        .unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(without_nulls(json!(*response)), without_nulls(body));
    }
}

fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.retain(|_, value| !value.is_null());
        for value in map.values_mut() {
            *value = without_nulls(value.take());
        }
    }
    value
}

#[tokio::test]
async fn a_field_of_the_form_that_nobody_knows_is_kept_and_redacted() {
    let mut body = all_fields();
    body["uploadDetails"]["x-new"] = json!("s3cret-of-tomorrow");
    body["uploadDetails"]["x-number"] = json!(5);
    let asset = answered(|then| {
        then.into_inner().status(202).json_body(body.clone());
    })
    .await
    .unwrap()
    .into_inner();
    let details = asset.upload_details.as_ref().unwrap();
    assert_eq!(details.extra["x-new"].expose(), "s3cret-of-tomorrow");
    let printed = format!("{asset:?}");
    for secret in [
        "s3cret-of-tomorrow",
        "e30=",
        "AKIAIOSFODNN7EXAMPLE",
        "00000000",
    ] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
    assert_eq!(json!(asset), body);
}

#[tokio::test]
async fn a_success_that_does_not_decode_keeps_status_headers_and_text_and_prints_no_secret() {
    let mut wrong_shape = all_fields();
    wrong_shape["id"] = json!(17);
    let wrong_shape = wrong_shape.to_string();
    for body in [
        "<html>Sign in to the wifi</html>",
        "",
        "{\"id\": ",
        &wrong_shape,
    ] {
        let result = answered(|then| {
            then.into_inner()
                .status(200)
                .header("via", "a proxy")
                .body(body);
        })
        .await;
        let printed = chain(result.as_ref().unwrap_err());
        assert!(!printed.contains("AKIAIOSFODNN7EXAMPLE"), "{printed}");
        match result {
            Err(Error::UnexpectedResponse(response)) => {
                assert_eq!(response.status(), 200);
                assert_eq!(response.headers()["via"], "a proxy");
                assert_eq!(response.text().await.unwrap(), body);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_success_that_breaks_off_keeps_its_status() {
    let base_url =
        crate::support::raw_server("HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{\"id\":")
            .await;
    match create(&client(&base_url)).await {
        Err(Error::UnexpectedResponse(response)) => {
            assert_eq!(response.status(), 202);
            assert_eq!(response.text().await.unwrap(), "{\"id\":");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_carries_the_token_and_no_api_version() {
    let server = MockServer::start_async().await;
    let mock = server.create_asset(|when, then| {
        when.into_inner()
            .header("authorization", format!("Bearer {TOKEN}"))
            .header(
                "user-agent",
                concat!("webflow-assets/", env!("CARGO_PKG_VERSION")),
            )
            .header_missing("api-version");
        then.ok(&types::AssetUpload::default());
    });
    create(&client(&server.base_url())).await.unwrap();
    // A slash at the end of the base URL would make `//sites`.
    create(&client(&format!("{}/", server.base_url())))
        .await
        .unwrap();
    mock.assert_calls_async(2).await;
}

#[tokio::test]
async fn ids_that_would_leave_the_path_are_refused_before_a_request() {
    let client = client("http://127.0.0.1:1");
    for id in [
        "..",
        "a/b",
        "",
        "580e63e98c9a982ac9b8b74",
        "580e63e98c9a982ac9b8b7411",
        "zzze63e98c9a982ac9b8b741",
    ] {
        let result = client
            .create_asset()
            .site_id(id)
            .body(new_asset())
            .send()
            .await;
        assert!(
            matches!(result, Err(Error::InvalidRequest(_))),
            "{id}: {result:?}"
        );
    }
}

#[tokio::test]
async fn a_client_from_another_generated_client_shares_its_address_and_context() {
    let server = MockServer::start_async().await;
    let mock = server.create_asset(|when, then| {
        when.into_inner()
            .header("authorization", format!("Bearer {TOKEN}"));
        then.ok(&types::AssetUpload::default());
    });
    let other = client(&server.base_url());
    let client = Client::from(&other);
    assert_eq!(client.baseurl(), other.baseurl());
    create(&client).await.unwrap();
    mock.assert_async().await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::builder()
        .token(webflow_assets::Token::new(TOKEN).unwrap())
        .base_url(format!("http://{}", listener.local_addr().unwrap()))
        .request_timeout(std::time::Duration::from_millis(50))
        .build()
        .unwrap();
    match create(&client).await {
        Err(Error::CommunicationError(error)) => assert!(error.is_timeout()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_token_does_not_follow_a_redirect() {
    let (server, target) = (
        MockServer::start_async().await,
        MockServer::start_async().await,
    );
    let mock = target.mock(|_, then| {
        then.status(200).body("{}");
    });
    server.mock(|_, then| {
        then.status(307).header("location", target.url("/assets"));
    });
    match create(&client(&server.base_url())).await {
        Err(Error::UnexpectedResponse(response)) => assert_eq!(response.status(), 307),
        other => panic!("{other:?}"),
    }
    mock.assert_calls_async(0).await;
}

#[test]
fn a_client_needs_a_token_and_a_base_url_that_is_safe() {
    use webflow_assets::{ConfigError, Token};

    assert!(matches!(
        Client::builder().build(),
        Err(ConfigError::NoToken)
    ));
    let builder = || Client::builder().token(Token::new(TOKEN).unwrap());
    let refused = builder().base_url("http://api.example.com/v2").build();
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("in the clear"), "{error}");
    let allowed = builder()
        .base_url("http://api.example.com/v2/")
        .allow_http(true);
    assert_eq!(
        allowed.build().unwrap().baseurl(),
        "http://api.example.com/v2"
    );
    let printed = format!("{:?} {:?}", builder(), builder().build().unwrap());
    assert!(!printed.contains(TOKEN), "{printed}");
}

/// In a process of its own, as its environment is one for all tests.
#[test]
fn a_client_takes_token_and_base_url_from_the_environment() {
    const CHILD: &str = "WEBFLOW_ASSETS_TEST_CHILD";
    const NAME: &str = "api::a_client_takes_token_and_base_url_from_the_environment";

    if let Ok(expected) = std::env::var(CHILD) {
        let outcome = match Client::from_env() {
            Ok(client) => client.baseurl().to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(outcome, expected);
        return;
    }
    let run = |child: &mut std::process::Command| {
        let output = child.args(["--exact", NAME]).output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && stdout.contains("1 passed"),
            "{stdout}"
        );
    };
    for (token, base_url, outcome) in [
        (Some(TOKEN), None, "https://api.webflow.com/v2"),
        (Some(TOKEN), Some(""), "https://api.webflow.com/v2"),
        (
            Some(TOKEN),
            Some("http://127.0.0.1:1/v2/"),
            "http://127.0.0.1:1/v2",
        ),
        (
            Some(""),
            None,
            "no token: set WEBFLOW_API_TOKEN, or give one",
        ),
        (None, None, "no token: set WEBFLOW_API_TOKEN, or give one"),
        (
            Some(TOKEN),
            Some("http://example.com"),
            "the base URL `http://example.com` would send the token in the clear: use `https`, or \
             expressly allow `http`",
        ),
    ] {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.env(CHILD, outcome);
        for (name, value) in [("WEBFLOW_API_TOKEN", token), ("WEBFLOW_BASE_URL", base_url)] {
            match value {
                Some(value) => child.env(name, value),
                None => child.env_remove(name),
            };
        }
        run(&mut child);
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;

        let base_url = std::ffi::OsStr::from_bytes(b"https://example.com/\xff");
        let outcome = "the environment variable WEBFLOW_BASE_URL is not UTF-8; set it again";
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.env(CHILD, outcome).env("WEBFLOW_API_TOKEN", TOKEN);
        run(child.env("WEBFLOW_BASE_URL", base_url));
    }
}

#[test]
fn public_types_cross_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Client>();
    check::<webflow_assets::ClientBuilder>();
    check::<webflow_assets::Context>();
    check::<webflow_assets::Source>();
    check::<webflow_assets::Upload>();
    check::<webflow_assets::Uploaded>();
    check::<webflow_assets::UploadError>();
    check::<webflow_assets::ConfigError>();
    check::<webflow_assets::s3::PostForm>();
    check::<webflow_assets::s3::Stored>();
    check::<webflow_assets::s3::Error>();
    check::<webflow_assets::Remote>();
    check::<webflow_assets::ListAllAssets>();
    check::<webflow_assets::ListAllFolders>();
    check::<webflow_assets::sync::DirSync>();
    check::<webflow_assets::sync::Plan>();
    check::<webflow_assets::sync::Report>();
    check::<webflow_assets::sync::SyncError>();
    check::<webflow_assets::sync::LockFile>();
}

#[test]
fn futures_and_streams_may_be_spawned() {
    fn moves<T: Send + 'static>(_: T) {}

    let client = client("http://127.0.0.1:9/v2");
    moves(
        client
            .upload_all(SITE, [webflow_assets::Source::path("a")])
            .stream(),
    );
    moves(
        client
            .upload(SITE, webflow_assets::Source::path("a"))
            .send(),
    );
    moves(client.sync(SITE, "dir").send());
    moves(client.list_all_assets(SITE).stream());
}
