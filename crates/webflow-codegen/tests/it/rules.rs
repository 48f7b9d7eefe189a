//! A rule that finds nothing to change, or not what it expects, says so.

use crate::project::{DESCRIPTION, Project};

#[test]
fn a_rule_that_finds_nothing_to_change_is_an_error_with_its_name_and_place() {
    let form = "acl: { const: public-read }\n";
    let more = |field: &str| format!("{form}                      {field}\n");
    let cases: Vec<(&str, &str, String, &str)> = vec![
        ("operation-names", "operationId: patch-asset", "operationId: edit-asset".into(), "/paths/~1assets~1{asset_id}/patch/operationId: "),
        (
            "folder-pages",
            "operationId: list-asset-folders\n",
            "operationId: list-asset-folders\n      parameters:\n        - { name: limit, in: query, schema: { type: integer } }\n        - { name: offset, in: query, schema: { type: integer } }\n".into(),
            "/paths/~1sites~1{site_id}~1asset_folders/get/parameters: ",
        ),
        ("rate-limit-headers", "X-RateLimit-Remaining", "X-Left".into(), "/components/headers: "),
        ("retry-after-header", "X-RateLimit-Remaining: {", "Retry-After: { schema: { type: integer } }\n        X-RateLimit-Remaining: {".into(), "/components/responses/TooManyRequests/headers: "),
        ("whole-header-numbers", "{ type: number } }\n        X-RateLimit-Limit: { $ref: '#/components/headers/limit' }", "{ type: integer } }\n        X-RateLimit-Limit: { schema: { type: integer } }".into(), "/components/headers: "),
        ("used-scopes", "            'pages:read': Not used\n            'sites:read': Not used either\n", String::new(), "/components/securitySchemes/OAuth2: "),
        ("constrained-requests", "fileName: { type: string, ", "fileName: { type: string, maxLength: 50, ".into(), "/components/schemas/NewAsset/properties/fileName: "),
        ("security-token", form, more("X-Amz-Security-Token: { type: string }"), "/components/schemas/UploadDetails: "),
        ("secrets", "Policy: {", "policy: {".into(), "/components/schemas/UploadDetails/properties/Policy: "),
        ("open-upload-details", "type: [object, 'null']\n", "type: [object, 'null']\n                    additionalProperties: { type: string }\n".into(), "/components/schemas/UploadDetails: "),
    ];
    for (rule, old, new, place) in cases {
        let project = Project::new();
        assert_eq!(DESCRIPTION.matches(old).count(), 1, "{rule}");
        let outcome = project.spec(DESCRIPTION.replace(old, &new), &["--check"]);
        let expected = format!("error: openapi/webflow-assets.json#{place}rule `{rule}`: ");
        assert_eq!(outcome.code, 2, "{rule}: {}", outcome.report);
        assert!(
            outcome.error.starts_with(&expected),
            "{rule}: {}",
            outcome.error
        );
    }
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
    let expected = "error: openapi/webflow-assets.json#/components/schemas: rule `optional-answers`: nothing to change";
    assert!(outcome.error.starts_with(expected), "{}", outcome.error);
}
