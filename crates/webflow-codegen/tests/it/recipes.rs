//! Recipes and their actions: what they do, and what of them is refused.

use std::fs;

use serde_json::{Value, json};
use webflow_codegen::cut::{
    overlay,
    recipe::{Action, Recipe},
};

use crate::project::{DESCRIPTION, Project, replaced};

const RECIPE: &str = "openapi/webflow-assets.yaml";

fn update(target: &str, update: &Value) -> Action {
    let action = json!({ "target": target, "description": "why: so", "update": update });
    serde_json::from_value(action).unwrap()
}

fn document() -> Value {
    json!({ "paths": { "/a": { "parameters": [1, 2, 3] } }, "schemas": { "A": { "type": "string" } } })
}

#[test]
fn an_action_merges_appends_and_removes() {
    let mut document = document();
    let remove =
        |target: &str| serde_json::from_value(json!({ "target": target, "remove": true })).unwrap();
    let actions = [
        update(
            "$.schemas.A",
            &json!({ "nullable": true, "type": "integer" }),
        ),
        update("$.paths['/a'].parameters", &json!(4)),
        update("$.paths['/a'].parameters", &json!(4)),
        remove("$.paths['/a'].parameters[0, 1]"),
        update("$.schemas.B", &json!({})),
    ];
    let notes = overlay::apply(&mut document, &actions).unwrap();
    assert_eq!(
        document,
        json!({ "paths": { "/a": { "parameters": [3, 4] } }, "schemas": { "A": { "type": "integer", "nullable": true } } })
    );
    assert_eq!(notes, ["action 4 found nothing at `$.schemas.B`: why"]);
}

#[test]
fn a_path_that_could_take_unbounded_time_is_refused_with_its_place() {
    let long = format!("$.{}", "a".repeat(600));
    let deep = format!("$[?{}@.a{}]", "(".repeat(9), ")".repeat(9)).replace('(', "[?(");
    for target in [
        "schemas",
        "$[",
        "$..*..*..*",
        "$['a','a']['b','b']",
        "$..[?count(@..*) > 1]",
        "$[?@.a == $.b][?@.c]",
        &long,
        &deep,
    ] {
        let error = overlay::apply(&mut document(), &[update(target, &json!({}))]).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with("/actions/0/target: "),
            "{target}: {error}"
        );
    }
    // Marks within names mean nothing.
    let quoted = update("$['a,b..c?','..']['d,e']", &json!({}));
    overlay::apply(&mut document(), &[quoted]).unwrap();
}

#[test]
fn an_overlay_that_feeds_itself_ends() {
    let mut actions: Vec<Action> = Vec::new();
    for index in 0..100 {
        let more = json!({ format!("a{index}"): { "b": {}, "c": {} } });
        actions.push(update("$..*", &more));
    }
    let error = overlay::apply(&mut document(), &actions)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("matches more places than any fragment has"),
        "{error}"
    );
    let large = json!(vec![0; 400_000]);
    let actions: Vec<Action> = (0..3)
        .map(|index| update("$.schemas", &json!({ format!("a{index}"): large })))
        .collect();
    let error = overlay::apply(&mut document(), &actions)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the fragment grows without bound"),
        "{error}"
    );
}

#[test]
fn what_is_no_recipe_is_refused_with_its_file_and_place() {
    let text = Project::new().read(RECIPE);
    for (old, new, error) in [
        (
            "overlay: 1.0.0",
            "overlay: 2.0.0",
            "webflow-assets.yaml#/overlay: Overlay `2.0.0`; expected 1.0",
        ),
        (
            "POST /sites/{site_id}/assets\"",
            "sites\"",
            "webflow-assets.yaml#/x-webflow-codegen/operations/1: expected a request such as `GET /sites`",
        ),
        (
            "list_asset_folders.response: AssetFolderList",
            "list_asset_folders.response: [3]",
            "webflow-assets.yaml#/x-webflow-codegen/schemas/list_asset_folders.response: expected a name",
        ),
        (
            "target: $.components.parameters.SiteId",
            "target: components",
            "webflow-assets.yaml#/actions/4/target: not a JSONPath (RFC 9535)",
        ),
        (
            "  crate: webflow-assets",
            "  crates: a",
            "webflow-assets.yaml#/x-webflow-codegen/crates: not a recipe",
        ),
        (
            "name: get_asset,",
            "name: list_assets,",
            "webflow-assets.yaml#/x-webflow-codegen/operations/2: `list_assets` or `GET /assets/{asset_id}` stands twice",
        ),
        (
            "name: get_asset,",
            "name: 'get asset!',",
            "webflow-assets.yaml#/x-webflow-codegen/operations/2: `get asset!` is no name such as `list_sites`",
        ),
        (
            "GET /token",
            "FETCH /token",
            "webflow-assets.yaml#/x-webflow-codegen/operations/9: expected a request such as `GET /sites`",
        ),
        (
            "name: site_id, as: SiteId",
            "name: [], as: SiteId",
            "webflow-assets.yaml#/x-webflow-codegen/parameters/0/name: not a recipe",
        ),
        (
            "fileHash\n    description: A file's hash is a `FileHash`.\n    update: { $ref: \"#/components/schemas/FileHash\" }",
            "fileHash\n    update: { $ref: \"#/components/schemas/Hash\" }",
            "webflow-assets.yaml#/actions/9/update: nothing stands at `#/components/schemas/Hash` in the fragment",
        ),
        (
            "target: $.components.schemas.UploadDetails\n",
            "target: $\n    update: 5\n  - target: $.components.schemas.UploadDetails\n",
            "webflow-assets.yaml#/actions/11/update: an object takes an object",
        ),
        (
            "target: $.components.schemas.UploadDetails\n",
            "target: $\n    update: { paths: null }\n  - target: $.components.schemas.UploadDetails\n",
            "webflow-assets.yaml#/actions/11: `/paths` of the fragment is no longer an object",
        ),
        (
            "overlay: 1.0.0",
            "a: &a [x, x, x]\nb: &b [*a, *a]\noverlay: 1.0.0\noverlay: 1.0.0",
            "webflow-assets.yaml:5:1: not a YAML document that can be used",
        ),
    ] {
        let project = Project::new();
        fs::write(project.path(RECIPE), replaced(&text, old, new)).unwrap();
        let outcome = project.spec(DESCRIPTION, &["--check"]);
        assert_eq!(outcome.code, 2, "{}", outcome.report);
        assert!(
            outcome
                .error
                .starts_with(&format!("error: openapi/{error}")),
            "{}",
            outcome.error
        );
    }
}

#[test]
fn the_recipes_own_names_come_first_and_a_new_name_is_reported() {
    let project = Project::new();
    let text = project.read(RECIPE);
    let renamed = replaced(
        &text,
        "create_asset.response: AssetUpload",
        "create_asset.response: Upload",
    );
    fs::write(
        project.path(RECIPE),
        renamed.replace("- AssetUpload.", "- Upload."),
    )
    .unwrap();
    let outcome = project.spec(DESCRIPTION, &["--check"]);
    let note = "- `AssetUpload` is renamed `Upload` (at `create_asset.response`)\n";
    assert_eq!(outcome.code, 1, "{}", outcome.error);
    assert!(outcome.report.contains(note), "{}", outcome.report);
}

#[test]
fn the_smallest_recipe_is_an_overlay_without_actions() {
    let recipe: Recipe = serde_json::from_value(json!({ "overlay": "1.0.0" })).unwrap();
    assert!(recipe.actions.is_empty() && recipe.settings.operations.is_empty());
}

#[test]
fn what_a_recipe_names_and_the_fragment_lacks_is_reported() {
    let project = Project::new();
    let text = project.read(RECIPE);
    let text = replaced(
        &text,
        "    list_assets.response:",
        "    list_asset.response:",
    );
    let text = replaced(&text, "name: localeId, as", "name: locale, as");
    let text = replaced(&text, "    - SiteLocales\n", "    - SiteLocals\n");
    fs::write(project.path(RECIPE), text).unwrap();
    let report = project.spec(DESCRIPTION, &["--check"]).report;
    for line in [
        "- `schemas` of the recipe: the fragment has no `list_asset.response`\n",
        "- `parameters` of the recipe: the fragment has no `LocaleIdQuery`\n",
        "- `order` of the recipe: the fragment has no `SiteLocals`\n",
    ] {
        assert!(report.contains(line), "{report}");
    }
}
