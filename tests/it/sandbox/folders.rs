//! Asset folders: creating them, listing them, looking at one.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use webflow_assets::sandbox::Sandbox;

use super::webflow::error;
use super::{ask, ask_with, asset, column, create, found, id, md5, post};

fn folders(sandbox: &Sandbox) -> String {
    format!("/sites/{}/asset_folders", sandbox.site_id())
}

async fn create_folder(sandbox: &Sandbox, body: &Value) -> Response {
    ask(sandbox, Method::POST, &folders(sandbox), Some(body)).await
}

#[tokio::test]
async fn a_sandbox_starts_with_one_folder() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let [folder] = &sandbox.folders()[..] else {
        panic!("{:?}", sandbox.folders());
    };
    assert_eq!(
        (folder.id.as_str(), folder.display_name.as_str()),
        (sandbox.folder_id(), "Folder")
    );
    assert_eq!(folder.parent_folder, None);
}

#[tokio::test]
async fn a_created_folder_has_the_documented_fields_in_their_order() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let parent = sandbox.folder_id();
    let wish = json!({ "displayName": "B\u{e4}rns", "parentFolder": parent });
    let response = create_folder(&sandbox, &wish).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["x-ratelimit-remaining"], "5999");
    let text = response.text().await.expect("the answer has a body");

    let known = &sandbox.folders()[1];
    let (id, site, on) = (&known.id, sandbox.site_id(), &known.created_on);
    assert_eq!((id.len(), on.len()), (24, 24));
    assert_eq!(
        text,
        format!(
            r#"{{"id":"{id}","displayName":"Bärns","parentFolder":"{parent}","assets":[],"siteId":"{site}","#
        ) + &format!(r#""createdOn":"{on}","lastUpdated":"{on}"}}"#)
    );
    let created: Value = serde_json::from_str(&text).expect("the answer is JSON");
    let path = format!("/asset_folders/{id}");
    assert_eq!(found(&sandbox, &path).await, created);
    let list = found(&sandbox, &folders(&sandbox)).await;
    assert_eq!(list["assetFolders"][1], created);
}

#[tokio::test]
async fn a_second_folder_of_the_same_name_is_another_folder() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    for wish in [
        json!({ "displayName": "Barns" }),
        json!({ "displayName": "Barns", "parentFolder": null }),
    ] {
        let response = create_folder(&sandbox, &wish).await;
        let created: Value = response.json().await.expect("the answer is JSON");
        assert_eq!(created["parentFolder"], Value::Null);
    }
    let folders = sandbox.folders();
    assert_eq!(folders.len(), 3);
    assert_ne!(folders[1].id, folders[2].id);
}

#[tokio::test]
async fn each_bad_field_of_a_folder_is_named() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    for (body, names) in [
        (json!({}), vec!["displayName"]),
        (json!({ "displayName": "" }), vec!["displayName"]),
        (json!({ "displayName": null }), vec!["displayName"]),
        (
            json!({ "displayName": 1, "parentFolder": "x" }),
            vec!["displayName", "parentFolder"],
        ),
        (
            json!({ "displayName": "x", "parentFolder": 1 }),
            vec!["parentFolder"],
        ),
    ] {
        let response = create_folder(&sandbox, &body).await;
        let error = error(response, 400, "validation_error").await;
        assert_eq!(column(&error["details"], "field"), names, "{body}");
    }
    let response = create_folder(&sandbox, &json!([])).await;
    error(response, 400, "bad_request").await;
    let orphan = json!({ "displayName": "x", "parentFolder": "0".repeat(24) });
    let response = create_folder(&sandbox, &orphan).await;
    error(response, 404, "resource_not_found").await;
    assert_eq!(sandbox.folders().len(), 1);
}

#[tokio::test]
async fn creating_a_folder_needs_the_scope_and_reading_does_not() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let wish = json!({ "displayName": "Barns" });
    let list = folders(&sandbox);
    let one = format!("/asset_folders/{}", sandbox.folder_id());
    let token = sandbox.read_only_token();
    let response = ask_with(&sandbox, token, Method::POST, &list, Some(&wish)).await;
    let refused = error(response, 401, "missing_scopes").await;
    let message = refused["message"].as_str().expect("a message");
    assert!(message.contains("assets:write"), "{message}");
    for path in [&list, &one] {
        let response = ask_with(&sandbox, token, Method::GET, path, None).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
    for (method, path) in [
        (Method::POST, &list),
        (Method::GET, &list),
        (Method::GET, &one),
    ] {
        let response = ask_with(&sandbox, "wrong", method, path, Some(&wish)).await;
        error(response, 401, "not_authorized").await;
    }
    assert_eq!(sandbox.folders().len(), 1);
}

#[tokio::test]
async fn a_malformed_id_differs_from_an_unknown_one() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let wish = json!({ "displayName": "Barns" });
    let unknown = "0".repeat(24);
    for method in [Method::GET, Method::POST] {
        let path = |site: &str| format!("/sites/{site}/asset_folders");
        let response = ask(&sandbox, method.clone(), &path("x"), Some(&wish)).await;
        let refused = error(response, 400, "validation_error").await;
        assert_eq!(refused["details"][0]["field"], "site_id");
        let response = ask(&sandbox, method, &path(&unknown), Some(&wish)).await;
        error(response, 404, "resource_not_found").await;
    }
    for malformed in ["x", "%FF", &sandbox.folder_id()[1..]] {
        let path = format!("/asset_folders/{malformed}");
        let response = ask(&sandbox, Method::GET, &path, None).await;
        let refused = error(response, 400, "validation_error").await;
        assert_eq!(refused["details"][0]["field"], "asset_folder_id");
    }
    let path = format!("/asset_folders/{unknown}");
    let response = ask(&sandbox, Method::GET, &path, None).await;
    error(response, 404, "resource_not_found").await;
}

#[tokio::test]
async fn folders_of_every_depth_come_a_page_at_a_time() {
    let builder = Sandbox::builder().folders_per_page(3);
    let sandbox = builder.start().await.expect("the sandbox starts");
    let mut parent = None;
    for depth in 0..7 {
        let folder = sandbox.add_folder(format!("depth {depth}"), parent.as_deref());
        assert_eq!(folder.parent_folder, parent);
        parent = Some(folder.id);
    }
    let all = sandbox.folders();
    let ids: Vec<&str> = all.iter().map(|folder| folder.id.as_str()).collect();
    assert_eq!(ids[0], sandbox.folder_id());

    for (query, expected, limit, offset) in [
        ("", 0..3, 3, 0),
        ("?offset=3", 3..6, 3, 3),
        ("?offset=6&limit=100", 6..8, 3, 6),
        ("?offset=1&limit=2", 1..3, 2, 1),
        ("?offset=8", 8..8, 3, 8),
        ("?offset=1000", 8..8, 3, 1000),
    ] {
        let page = found(&sandbox, &format!("{}{query}", folders(&sandbox))).await;
        assert_eq!(
            column(&page["assetFolders"], "id"),
            ids[expected],
            "{query}"
        );
        assert_eq!(
            page["pagination"],
            json!({ "limit": limit, "offset": offset, "total": 8 }),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_page_of_folders_has_a_hundred_at_the_most() {
    for (asked, expected) in [(0, 1), (100, 100), (1000, 100)] {
        let builder = Sandbox::builder().folders_per_page(asked);
        let sandbox = builder.start().await.expect("the sandbox starts");
        let page = found(&sandbox, &folders(&sandbox)).await;
        assert_eq!(page["pagination"]["limit"], expected, "{asked}");
    }
}

#[tokio::test]
async fn a_folder_tells_of_the_filled_assets_directly_in_it() {
    let sandbox = Sandbox::start().await.expect("the sandbox starts");
    let upper = sandbox.folder_id();
    let lower = sandbox.add_folder("lower", Some(upper)).id;
    let mut ids = Vec::new();
    for (name, folder) in [
        ("a.txt", Some(upper)),
        ("b.txt", Some(upper)),
        ("c.txt", Some(&lower)),
        ("d.txt", None),
        ("unfilled.txt", Some(upper)),
    ] {
        let wish = json!({
            "fileName": name, "fileHash": md5(name.as_bytes()), "parentFolder": folder,
        });
        let response = create(&sandbox, &wish).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED, "{name}");
        let created: Value = response.json().await.expect("the answer is JSON");
        if name != "unfilled.txt" {
            post(&created, name.into()).await;
            let details = found(&sandbox, &format!("/assets/{}", id(&created))).await;
            assert_eq!(details["folderId"], json!(folder), "{name}");
        }
        ids.push(id(&created).to_owned());
    }
    let contents = async |folder: &str| {
        found(&sandbox, &format!("/asset_folders/{folder}")).await["assets"].take()
    };
    assert_eq!(contents(upper).await, json!([ids[0], ids[1]]));
    assert_eq!(contents(&lower).await, json!([ids[2]]));
    let list = found(&sandbox, &folders(&sandbox)).await;
    assert_eq!(list["assetFolders"][0]["assets"], json!([ids[0], ids[1]]));
    assert_eq!(list["assetFolders"][1]["assets"], json!([ids[2]]));

    asset(&sandbox, Method::DELETE, &ids[0]).await;
    assert_eq!(contents(upper).await, json!([ids[1]]));
}
