//! Lists that take more than one page.

use futures_util::TryStreamExt;
use httpmock::MockServer;
use serde_json::json;
use webflow_assets::{
    Client,
    mock::MockServerExt,
    sandbox::{Operation, Sandbox},
    types::{AssetFolderList, AssetList},
};

use crate::support::{SITE, client, client_for};

fn client_of(sandbox: &Sandbox) -> Client {
    client_for(sandbox).build().unwrap()
}

#[tokio::test]
async fn every_asset_comes_once_in_a_request_for_each_hundred() {
    let sandbox = Sandbox::start().await.unwrap();
    for count in [0_usize, 1, 100, 101, 250] {
        while sandbox.assets().len() < count {
            let n = sandbox.assets().len();
            let _ = sandbox.add_asset(format!("{n}.txt"), n.to_string());
        }
        let before = sandbox.requests().len();
        let list = client_of(&sandbox).list_all_assets(sandbox.site_id());
        let assets: Vec<_> = list.stream().try_collect().await.unwrap();
        let names: Vec<String> = assets
            .into_iter()
            .filter_map(|asset| asset.original_file_name)
            .collect();
        let expected: Vec<String> = (0..count).map(|n| format!("{n}.txt")).collect();
        assert_eq!(names, expected);
        let requests = sandbox.requests().len() - before;
        assert_eq!(requests, count.div_ceil(100).max(1), "{count}");
    }
}

#[tokio::test]
async fn a_folder_is_listed_with_what_is_below_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let inner = sandbox.add_folder("inner", Some(sandbox.folder_id()));
    let client = client_of(&sandbox);
    for (name, folder) in [
        ("top.txt", None),
        ("outer.txt", Some(sandbox.folder_id())),
        ("inner.txt", Some(inner.id.as_str())),
    ] {
        let source = webflow_assets::Source::bytes(name, name);
        let mut upload = client.upload(sandbox.site_id(), source);
        if let Some(folder) = folder {
            upload = upload.parent_folder(folder);
        }
        upload.send().await.unwrap();
    }
    let list = client
        .list_all_assets(sandbox.site_id())
        .folder(sandbox.folder_id());
    let assets: Vec<_> = list.stream().try_collect().await.unwrap();
    let names: Vec<_> = assets
        .iter()
        .map(|asset| asset.original_file_name.as_deref().unwrap())
        .collect();
    assert_eq!(names, ["outer.txt", "inner.txt"]);
}

#[tokio::test]
async fn folders_come_from_all_pages() {
    let sandbox = Sandbox::builder()
        .folders_per_page(3)
        .start()
        .await
        .unwrap();
    for n in 0..9 {
        let _ = sandbox.add_folder(format!("{n}"), None);
    }
    let list = client_of(&sandbox).list_all_folders(sandbox.site_id());
    let folders: Vec<_> = list.stream().try_collect().await.unwrap();
    let mut names: Vec<_> = folders
        .into_iter()
        .filter_map(|folder| folder.display_name)
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "Folder"]
    );
    assert_eq!(sandbox.requests().len(), 4);
}

fn folders(value: serde_json::Value) -> AssetFolderList {
    serde_json::from_value(value).unwrap()
}

#[tokio::test]
async fn a_server_that_repeats_its_first_page_is_not_asked_for_ever() {
    let server = MockServer::start_async().await;
    // It has a second page, and no way to it.
    let mock = server.list_asset_folders(|when, then| {
        when.site_id(&SITE.try_into().unwrap());
        then.ok(&folders(json!({
            "assetFolders": [{"id": "6436b1ce5281cace05b65aea", "displayName": "img"}],
            "pagination": {"limit": 1, "offset": 0, "total": 2}
        })));
    });
    let list = client(&server.base_url()).list_all_folders(SITE);
    let error = list.stream().try_collect::<Vec<_>>().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the list broke off: it has 2 entries"),
        "{error}"
    );
    mock.assert_calls(2);
}

#[tokio::test]
async fn a_list_without_pagination_ends_with_a_page_that_is_not_full() {
    let server = MockServer::start_async().await;
    let page = |from: usize, len: usize| -> AssetList {
        let assets: Vec<_> = (from..from + len)
            .map(|n| json!({"id": format!("{n:024}")}))
            .collect();
        serde_json::from_value(json!({"assets": assets, "pagination": null})).unwrap()
    };
    let second = server.list_assets(|when, then| {
        when.offset(100);
        then.ok(&page(100, 7));
    });
    let first = server.list_assets(|when, then| {
        when.limit(100);
        then.ok(&page(0, 100));
    });
    let list = client(&server.base_url()).list_all_assets(SITE);
    let assets: Vec<_> = list.stream().try_collect().await.unwrap();
    assert_eq!(assets.len(), 107);
    first.assert_calls(1);
    second.assert_calls(1);
}

#[tokio::test]
async fn an_error_in_the_middle_is_the_last_item() {
    let sandbox = Sandbox::start().await.unwrap();
    for n in 0..150 {
        let _ = sandbox.add_asset(format!("{n}.txt"), n.to_string());
    }
    let list = client_of(&sandbox).list_all_assets(sandbox.site_id());
    let mut assets = list.stream();
    for _ in 0..100 {
        assert!(assets.try_next().await.unwrap().is_some());
    }
    sandbox.fault("list:403".parse().unwrap());
    let error = assets.try_next().await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403));
    assert!(assets.try_next().await.unwrap().is_none());
    let listed = sandbox
        .requests()
        .into_iter()
        .filter(|r| r.operation == Some(Operation::ListAssets));
    assert_eq!(listed.count(), 2);
}

#[tokio::test]
async fn ids_are_checked_before_a_request() {
    let client = client("http://127.0.0.1:9/v2");
    let error = client
        .list_all_assets("..")
        .stream()
        .try_next()
        .await
        .unwrap_err();
    assert!(
        matches!(error, webflow_assets::Error::InvalidRequest(_)),
        "{error}"
    );
    let error = client
        .list_all_folders("..")
        .stream()
        .try_next()
        .await
        .unwrap_err();
    assert!(
        matches!(error, webflow_assets::Error::InvalidRequest(_)),
        "{error}"
    );
}
