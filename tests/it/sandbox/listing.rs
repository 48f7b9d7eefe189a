//! The assets of a site, a page at a time.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use webflow_assets::sandbox::{Asset, Sandbox};

use super::webflow::error;
use super::{announce, ask, ask_with, asset, column, create, found, id, md5, post};

fn assets(sandbox: &Sandbox, query: &str) -> String {
    format!("/sites/{}/assets{query}", sandbox.site_id())
}

fn ids(assets: &[Asset]) -> Vec<&str> {
    assets.iter().map(|asset| asset.id.as_str()).collect()
}

#[tokio::test]
async fn an_empty_site_has_an_empty_page() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let response = ask(&sandbox, Method::GET, &assets(&sandbox, ""), None).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["x-ratelimit-remaining"], "5999");
    assert_eq!(
        response.text().await.expect("the answer has a body"),
        r#"{"assets":[],"pagination":{"limit":100,"offset":0,"total":0}}"#
    );
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_and_name_the_total() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    for number in 0..250_u8 {
        let _ = sandbox.add_asset(format!("{number}.txt"), vec![number]);
    }
    let all = sandbox.assets();
    let ids = ids(&all);
    for (query, expected, limit, offset) in [
        ("", 0..100, 100, 0),
        ("?offset=100", 100..200, 100, 100),
        ("?offset=200&limit=100", 200..250, 100, 200),
        ("?limit=1&offset=249", 249..250, 1, 249),
        ("?offset=250", 250..250, 100, 250),
        ("?localeId=x&limit=07", 0..7, 7, 0),
    ] {
        let page = found(&sandbox, &assets(&sandbox, query)).await;
        assert_eq!(column(&page["assets"], "id"), ids[expected], "{query}");
        assert_eq!(
            page["pagination"],
            json!({ "limit": limit, "offset": offset, "total": 250 }),
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_is_not_filled_is_not_listed_and_what_is_deleted_is_no_more() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let first = announce(&sandbox, "first.css", b"first").await;
    let second = announce(&sandbox, "second.css", b"second").await;
    let third = announce(&sandbox, "third.css", b"third").await;
    post(&third, b"third".to_vec()).await;
    post(&first, b"first".to_vec()).await;

    let list = async || found(&sandbox, &assets(&sandbox, "")).await;
    let page = list().await;
    // As announced, and not as filled.
    assert_eq!(column(&page["assets"], "id"), [id(&first), id(&third)]);
    assert_eq!(page["pagination"]["total"], 2);
    let one = found(&sandbox, &format!("/assets/{}", id(&first))).await;
    assert_eq!(page["assets"][0], one);

    post(&second, b"second".to_vec()).await;
    asset(&sandbox, Method::DELETE, id(&first)).await;
    let page = list().await;
    assert_eq!(column(&page["assets"], "id"), [id(&second), id(&third)]);
    assert_eq!(ids(&sandbox.assets()), [id(&second), id(&third)]);
}

#[tokio::test]
async fn a_folder_brings_its_descendants() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let upper = sandbox.folder_id().to_owned();
    let middle = sandbox.add_folder("middle", Some(&upper)).id;
    let lower = sandbox.add_folder("lower", Some(&middle)).id;
    let other = sandbox.add_folder("other", None).id;
    for (name, folder) in [
        ("top.txt", None),
        ("lower.txt", Some(&lower)),
        ("upper.txt", Some(&upper)),
        ("other.txt", Some(&other)),
        ("middle.txt", Some(&middle)),
    ] {
        let wish = json!({
            "fileName": name, "fileHash": md5(name.as_bytes()), "parentFolder": folder,
        });
        let response = create(&sandbox, &wish).await;
        let created: Value = response.json().await.expect("the answer is JSON");
        post(&created, name.into()).await;
    }
    for (folder, names) in [
        (&upper, vec!["lower.txt", "upper.txt", "middle.txt"]),
        (&middle, vec!["lower.txt", "middle.txt"]),
        (&lower, vec!["lower.txt"]),
        (&other, vec!["other.txt"]),
    ] {
        let page = found(&sandbox, &assets(&sandbox, &format!("?folderId={folder}"))).await;
        assert_eq!(column(&page["assets"], "originalFileName"), names);
        assert_eq!(page["pagination"]["total"], names.len());
    }
    let query = format!("?limit=1&folderId={upper}&offset=2");
    let page = found(&sandbox, &assets(&sandbox, &query)).await;
    assert_eq!(column(&page["assets"], "originalFileName"), ["middle.txt"]);
    assert_eq!(page["pagination"]["total"], 3);

    let query = format!("?folderId={}", "0".repeat(24));
    let response = ask(&sandbox, Method::GET, &assets(&sandbox, &query), None).await;
    error(response, 404, "resource_not_found").await;
}

#[tokio::test]
async fn each_bad_parameter_is_named() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    for (query, names) in [
        ("?limit=0", vec!["limit"]),
        ("?limit=101", vec!["limit"]),
        ("?limit=", vec!["limit"]),
        ("?limit=%2B5", vec!["limit"]),
        ("?limit=1.5", vec!["limit"]),
        ("?limit", vec!["limit"]),
        ("?offset=-1", vec!["offset"]),
        ("?offset=x", vec!["offset"]),
        ("?offset=99999999999999999999", vec!["offset"]),
        ("?offset=-1&limit=x", vec!["offset", "limit"]),
    ] {
        for list in ["assets", "asset_folders"] {
            let path = format!("/sites/{}/{list}{query}", sandbox.site_id());
            let response = ask(&sandbox, Method::GET, &path, None).await;
            let error = error(response, 400, "validation_error").await;
            assert_eq!(column(&error["details"], "field"), names, "{path}");
        }
    }
    for malformed in ["", "x", "%FF", &sandbox.folder_id()[1..]] {
        let path = assets(&sandbox, &format!("?folderId={malformed}"));
        let response = ask(&sandbox, Method::GET, &path, None).await;
        let error = error(response, 400, "validation_error").await;
        assert_eq!(column(&error["details"], "field"), ["folderId"], "{path}");
    }
}

#[tokio::test]
async fn listing_needs_a_known_site_and_a_token_of_any_scope() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let path = assets(&sandbox, "");
    let response = ask_with(&sandbox, "wrong", Method::GET, &path, None).await;
    error(response, 401, "not_authorized").await;
    let reader = sandbox.read_only_token();
    let response = ask_with(&sandbox, reader, Method::GET, &path, None).await;
    assert_eq!(response.status(), StatusCode::OK);

    let response = ask(&sandbox, Method::GET, "/sites/x/assets", None).await;
    let refused = error(response, 400, "validation_error").await;
    assert_eq!(refused["details"][0]["field"], "site_id");
    let path = format!("/sites/{}/assets", "0".repeat(24));
    let response = ask(&sandbox, Method::GET, &path, None).await;
    error(response, 404, "resource_not_found").await;
}

#[tokio::test]
async fn of_several_assets_with_one_hash_the_oldest_answers_for_all() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let first = sandbox.add_asset("first.txt", &b"same"[..]);
    let second = sandbox.add_asset("second.txt", &b"same"[..]);
    assert_eq!(id(&announce(&sandbox, "x.txt", b"same").await), first.id);
    asset(&sandbox, Method::DELETE, &first.id).await;
    assert_eq!(id(&announce(&sandbox, "x.txt", b"same").await), second.id);
    asset(&sandbox, Method::DELETE, &second.id).await;
    let third = announce(&sandbox, "x.txt", b"same").await;
    assert_eq!(third["originalFileName"], "x.txt");
    assert_eq!(ids(&sandbox.assets()), [id(&third)]);
}
