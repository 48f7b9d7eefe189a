//! A rule that finds nothing to change says so, and the others apply.

use crate::project::{DESCRIPTION, Project, replaced};

#[test]
fn a_rule_that_finds_nothing_to_change_is_reported_and_skipped() {
    let form = "acl: { const: public-read }\n";
    let more = |field: &str| format!("{form}                      {field}\n");
    let cases: Vec<(&str, &str, String)> = vec![
        (
            "folder-pages",
            "operationId: list-asset-folders\n",
            "operationId: list-asset-folders\n      parameters:\n        - { name: limit, in: query, schema: { type: integer } }\n        - { name: offset, in: query, schema: { type: integer } }\n".into(),
        ),
        ("retry-after-header", "X-RateLimit-Remaining: {", "Retry-After: { schema: { type: integer } }\n        X-RateLimit-Remaining: {".into()),
        ("whole-header-numbers", "{ type: number } }\n        X-RateLimit-Limit: { $ref: '#/components/headers/limit' }", "{ type: integer } }\n        X-RateLimit-Limit: { schema: { type: integer } }".into()),
        ("used-scopes", "            'pages:read': Not used\n            'sites:read': Not used either\n", String::new()),
        ("security-token", form, more("X-Amz-Security-Token: { type: string }")),
        ("open-upload-details", "type: [object, 'null']\n", "type: [object, 'null']\n                    additionalProperties: { type: string }\n".into()),
    ];
    for (rule, old, new) in cases {
        let project = Project::new();
        let outcome = project.spec(replaced(DESCRIPTION, old, &new), &["--check"]);
        let note = format!("- rule `{rule}` found nothing to change at `/");
        assert!(outcome.code < 2, "{rule}: {}", outcome.error);
        assert!(outcome.report.contains(&note), "{rule}: {}", outcome.report);
    }
}

#[test]
fn what_a_description_lacks_is_reported_and_skipped() {
    for (old, new, note) in [
        (
            "  /assets/{asset_id}:\n",
            "  /elsewhere/{asset_id}:\n",
            "`get_asset` is missing: the description has no `GET /assets/{asset_id}`",
        ),
        (
            "name: asset_id, in: path",
            "name: asset, in: path",
            "no parameter for `{asset_id}` in the path",
        ),
        (
            "folderId, in: query",
            "folder, in: query",
            "found nothing at `/components/parameters/FolderIdQuery/schema`",
        ),
    ] {
        let outcome = Project::new().spec(replaced(DESCRIPTION, old, new), &["--check"]);
        assert!(outcome.code < 2, "{new}: {}", outcome.error);
        assert!(outcome.report.contains(note), "{new}: {}", outcome.report);
    }
}

#[test]
fn a_path_is_found_whatever_its_parameter_and_its_operation_are_called() {
    let renamed = DESCRIPTION
        .replace("/assets/{asset_id}:", "/assets/{id}:")
        .replace("name: asset_id, in: path", "name: id, in: path")
        .replace("operationId: patch-asset", "operationId: edit-asset");
    let outcome = Project::new().spec(renamed, &["--check"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.report, outcome.error);
}

#[test]
fn errors_without_a_body_have_the_type_of_all_errors() {
    let body = "      content:\n        application/json:\n          schema: { $ref: '#/components/schemas/failure' }\n          example: { code: conflict }\n";
    let outcome = Project::new().spec(replaced(DESCRIPTION, body, ""), &["--check"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.report, outcome.error);
}

#[test]
fn a_rule_on_every_answer_notices_that_there_is_nothing_left_to_do() {
    let without = |text: &str, keys: &[&str]| {
        keys.iter()
            .fold(text.to_owned(), |text, key| text.replace(key, ""))
    };
    let required = [
        "                      required: [limit, offset, total]\n",
        "                    required: [limit, offset, total]\n",
        "      required: [limit, offset, total]\n",
        "      required: [id]\n",
        "                required: [hostedUrl]\n",
        "                required: [pagination, assets]\n",
    ];
    let project = Project::new();
    let outcome = project.spec(without(DESCRIPTION, &required), &["--check"]);
    let note = "- rule `optional-answers` found nothing to change at `/components/schemas`";
    assert!(outcome.report.contains(note), "{}", outcome.report);
}
