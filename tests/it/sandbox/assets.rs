//! Looking at an asset, and deleting it.

use reqwest::{Method, StatusCode};
use serde_json::Value;
use webflow_assets::sandbox::Sandbox;

use super::webflow::error;
use super::{announce, asset, asset_with, id, md5, post};

#[tokio::test]
async fn a_filled_asset_has_the_documented_fields_in_their_order() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"xyz").await;
    post(&created, b"xyz".to_vec()).await;

    let response = asset(&sandbox, Method::GET, id(&created)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["x-ratelimit-remaining"], "5998");
    let text = response.text().await.expect("the answer has a body");
    let got: Value = serde_json::from_str(&text).expect("the answer is JSON");
    let updated = got["lastUpdated"].as_str().expect("a time");
    let created_on = created["createdOn"].as_str().expect("a time");
    assert!(updated >= created_on && updated.len() == created_on.len());
    let (id, site) = (id(&created), sandbox.site_id());
    let hosted = created["hostedUrl"].as_str().expect("a URL");
    assert_eq!(
        text,
        format!(
            r#"{{"id":"{id}","originalFileName":"hero.css","displayName":"{id}_hero.css","contentType":"text/css","#
        ) + &format!(
            r#""size":3,"siteId":"{site}","createdOn":"{created_on}","lastUpdated":"{updated}","#
        ) + &format!(r#""hostedUrl":"{hosted}","variants":[],"altText":null,"folderId":null}}"#)
    );
}

#[tokio::test]
async fn what_is_not_filled_is_not_found_but_can_be_deleted() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "hero.css", b"xyz").await;
    let response = asset(&sandbox, Method::GET, id(&created)).await;
    error(response, 404, "resource_not_found").await;
    let response = asset(&sandbox, Method::DELETE, id(&created)).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert!(sandbox.assets().is_empty());
}

#[tokio::test]
async fn deleting_takes_the_object_along_and_frees_the_hash() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let created = announce(&sandbox, "first.css", b"xyz").await;
    post(&created, b"xyz".to_vec()).await;
    assert_eq!(sandbox.keys(), [sandbox.assets()[0].key.as_str()]);

    let response = asset(&sandbox, Method::DELETE, id(&created)).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(response.headers()["x-ratelimit-remaining"], "5998");
    assert_eq!(response.text().await.expect("a body that is empty"), "");
    assert_eq!(sandbox.stored(id(&created)), None);
    assert!(sandbox.assets().is_empty() && sandbox.keys().is_empty());
    for method in [Method::GET, Method::DELETE] {
        error(
            asset(&sandbox, method, id(&created)).await,
            404,
            "resource_not_found",
        )
        .await;
    }

    let again = announce(&sandbox, "second.css", b"xyz").await;
    assert_ne!(id(&again), id(&created));
    assert_eq!(again["originalFileName"], "second.css");

    // A form that was handed out before outlives its asset; what it brings belongs to nobody.
    post(&created, b"xyz".to_vec()).await;
    assert_eq!(sandbox.keys().len(), 1);
    assert_eq!(sandbox.assets()[0].size, None);
}

#[tokio::test]
async fn a_malformed_id_an_unknown_one_and_a_token_without_the_scope_are_refused() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let known = sandbox.add_asset("older.css", &b"xyz"[..]);
    for method in [Method::GET, Method::DELETE] {
        for malformed in ["x", &known.id[1..], &"g".repeat(24), "%FF"] {
            let body = error(
                asset(&sandbox, method.clone(), malformed).await,
                400,
                "validation_error",
            )
            .await;
            assert_eq!(body["details"][0]["field"], "asset_id", "{malformed}");
        }
        let unknown = asset(&sandbox, method.clone(), &"0".repeat(24)).await;
        error(unknown, 404, "resource_not_found").await;
        let stranger = asset_with(&sandbox, "wrong", method, &known.id).await;
        error(stranger, 401, "not_authorized").await;
    }
    let reader = sandbox.read_only_token();
    let response = asset_with(&sandbox, reader, Method::DELETE, &known.id).await;
    let body = error(response, 401, "missing_scopes").await;
    let message = body["message"].as_str().expect("a message");
    assert!(message.contains("assets:write"), "{message}");
    let response = asset_with(&sandbox, reader, Method::GET, &known.id).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(sandbox.assets().len(), 1);
}

#[tokio::test]
async fn an_asset_that_was_there_before_is_a_duplicate_like_any_other() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let older = sandbox.add_asset("older.css", &b"xyz"[..]);
    assert_eq!(
        (older.size, older.file_hash.as_str()),
        (Some(3), md5(b"xyz").as_str())
    );
    assert_eq!(sandbox.assets(), std::slice::from_ref(&older));
    assert_eq!(sandbox.stored(&older.id).as_deref(), Some(&b"xyz"[..]));

    let created = announce(&sandbox, "newer.css", b"xyz").await;
    assert_eq!(id(&created), older.id);
    assert_eq!(created["originalFileName"], "older.css");
    assert_eq!(created["createdOn"], older.created_on.as_str());
    let hosted = reqwest::get(created["hostedUrl"].as_str().expect("a URL")).await;
    let hosted = hosted.expect("the object can be read");
    assert_eq!(hosted.headers()["content-type"], "text/css");
    assert_eq!(hosted.text().await.expect("the object has bytes"), "xyz");
}
