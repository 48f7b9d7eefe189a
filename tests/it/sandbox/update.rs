//! Changing an asset's name and its alternative text.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use webflow_assets::sandbox::Sandbox;

use super::webflow::error;
use super::{announce, ask, ask_with, asset, found, id, post};

async fn update(sandbox: &Sandbox, id: &str, body: &Value) -> Response {
    ask(sandbox, Method::PATCH, &format!("/assets/{id}"), Some(body)).await
}

/// A filled asset's id.
async fn filled(sandbox: &Sandbox, name: &str, bytes: &[u8]) -> String {
    let created = announce(sandbox, name, bytes).await;
    let response = post(&created, bytes.to_vec()).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    id(&created).to_owned()
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let id = filled(&sandbox, "barn.png", b"barn").await;
    let path = format!("/assets/{id}");
    let mut expected = found(&sandbox, &path).await;
    assert_eq!(
        (&expected["displayName"], &expected["altText"]),
        (&json!(format!("{id}_barn.png")), &Value::Null)
    );

    for body in [
        json!({ "altText": "A red barn" }),
        json!({ "displayName": "barn" }),
        json!({ "displayName": "b\u{e4}rn.png", "altText": "" }),
        json!({}),
    ] {
        let response = update(&sandbox, &id, &body).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/json");
        let answer: Value = response.json().await.expect("the answer is JSON");
        let before = expected["lastUpdated"].as_str().expect("a time");
        let after = answer["lastUpdated"].as_str().expect("a time");
        assert!(after > before, "{after} follows {before}");

        expected["lastUpdated"] = answer["lastUpdated"].clone();
        for (name, value) in body.as_object().expect("an object") {
            expected[name] = value.clone();
        }
        assert_eq!(answer, expected);
        assert_eq!(found(&sandbox, &path).await, expected);
        let page = format!("/sites/{}/assets", sandbox.site_id());
        assert_eq!(found(&sandbox, &page).await["assets"], json!([expected]));
    }
    let asset = &sandbox.assets()[0];
    assert_eq!(
        (asset.display_name.as_str(), asset.alt_text.as_deref()),
        ("b\u{e4}rn.png", Some(""))
    );
    assert_eq!(asset.file_name, "barn.png");
}

#[tokio::test]
async fn a_locale_is_accepted() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let asset = sandbox.add_asset("barn.png", &b"barn"[..]);
    let path = format!("/assets/{}?localeId=653ad57de882f528b32e810e", asset.id);
    let body = json!({ "altText": "Eine rote Scheune" });
    let response = ask(&sandbox, Method::PATCH, &path, Some(&body)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(found(&sandbox, &path).await["altText"], "Eine rote Scheune");
}

#[tokio::test]
async fn each_bad_field_of_an_update_is_named_and_nothing_changes() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let older = sandbox.add_asset("barn.png", &b"barn"[..]);
    for (body, names) in [
        (json!({ "displayName": 7 }), vec!["displayName"]),
        (json!({ "displayName": null }), vec!["displayName"]),
        (json!({ "altText": ["x"] }), vec!["altText"]),
        (json!({ "altText": null }), vec!["altText"]),
        (
            json!({ "displayName": "x", "fileName": "x" }),
            vec!["fileName"],
        ),
        (
            json!({ "displayName": {}, "altText": 1, "parentFolder": null }),
            vec!["displayName", "altText", "parentFolder"],
        ),
    ] {
        let response = update(&sandbox, &older.id, &body).await;
        let error = error(response, 400, "validation_error").await;
        assert_eq!(super::column(&error["details"], "field"), names, "{body}");
    }
    for body in [json!([]), json!("x"), json!(null)] {
        let response = update(&sandbox, &older.id, &body).await;
        error(response, 400, "bad_request").await;
    }
    assert_eq!(sandbox.assets(), [older]);
}

#[tokio::test]
async fn an_update_needs_a_filled_asset_and_the_scope() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let body = json!({ "altText": "x" });
    let announced = announce(&sandbox, "a.txt", b"a").await;
    for unknown in [id(&announced), &"0".repeat(24)] {
        let response = update(&sandbox, unknown, &body).await;
        error(response, 404, "resource_not_found").await;
    }
    let response = update(&sandbox, "x", &body).await;
    let refused = error(response, 400, "validation_error").await;
    assert_eq!(refused["details"][0]["field"], "asset_id");

    let older = sandbox.add_asset("barn.png", &b"barn"[..]);
    let path = format!("/assets/{}", older.id);
    let stranger = ask_with(&sandbox, "wrong", Method::PATCH, &path, Some(&body)).await;
    error(stranger, 401, "not_authorized").await;
    let token = sandbox.read_only_token();
    let reader = ask_with(&sandbox, token, Method::PATCH, &path, Some(&body)).await;
    let refused = error(reader, 401, "missing_scopes").await;
    let message = refused["message"].as_str().expect("a message");
    assert!(message.contains("assets:write"), "{message}");
    let unchanged = sandbox.assets();
    assert!(unchanged.iter().all(|asset| asset.alt_text.is_none()));
}

#[tokio::test]
async fn a_deleted_asset_cannot_be_updated_and_its_name_is_forgotten() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let first = filled(&sandbox, "barn.png", b"barn").await;
    update(&sandbox, &first, &json!({ "displayName": "barn" })).await;
    asset(&sandbox, Method::DELETE, &first).await;
    let response = update(&sandbox, &first, &json!({ "displayName": "gone" })).await;
    error(response, 404, "resource_not_found").await;

    let second = filled(&sandbox, "barn.png", b"barn").await;
    assert_eq!(
        found(&sandbox, &format!("/assets/{second}")).await["displayName"],
        format!("{second}_barn.png")
    );
}
