//! What a description lacks is reported, and the rest is made of what it has.

use crate::project::{DESCRIPTION, Project, replaced};

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
            "**The crate does not build with this fragment:** it needs what follows.\n\n- `list_assets.folderId`\n",
        ),
        (
            "        '204': { description: Nothing left }\n",
            "",
            "`delete_asset` is left out: /paths/~1assets~1{asset_id}/delete/responses: expected a status of success",
        ),
        (
            "        '204': {",
            "        default: {",
            "/delete/responses/default`: no status of success beside it; taken as 200",
        ),
        (
            "        '204': { description: Nothing left }\n",
            "        '200':\n        '201': { content: { '*/*': {} } }\n",
            "/delete/responses`: several statuses of success; 201 is taken",
        ),
        (
            "schema: { type: string } }\n    get:\n      operationId: get-asset\n",
            "schema: { type: string } }\n    head: {}\n    GET:\n      operationId: get-asset\n",
            "`/paths/~1assets~1{asset_id}/GET`: read as `get`\n- `/paths/~1assets~1{asset_id}/head`: no operation that a client can have; left out",
        ),
        (
            "paths:\n",
            "paths:\n  assets: { get: {} }\n",
            "`/paths/assets`: does not begin with `/`; left out",
        ),
        (
            "  /asset_folders/{asset_folder_id}:\n",
            "  /asset_folders/{asset_folder_id}/:\n",
            "/get`: requested as `/asset_folders/{asset_folder_id}`",
        ),
        (
            "name: folderId, in: query,",
            "name: folderId, in: query, required: 'true',",
            "/parameters/1/required`: \"true\" is neither true nor false; taken as true",
        ),
        (
            "  version: 2.0.0",
            "  version: 2.0.0é",
            "`/info/version`: not ASCII, and sent in a header; other letters are left out",
        ),
        (
            "altText: { type: string }",
            "altText: text",
            "/properties/altText`: a keyword of the schema around it; left out",
        ),
        (
            "displayName: { type: string }\n                parentFolder",
            "displayName: { $ref: 'other.yml#/a' }\n                parentFolder",
            "/properties/displayName`: `other.yml#/a` is not within the description; only `#/…` is read; taken as any value",
        ),
        (
            "  version: 2.0.0\n",
            "",
            "`/info/version`: missing; taken as 0",
        ),
        (
            "        - { name: limit, in: query, required: false, schema: { type: integer }, example: 7 }\n",
            "        - { in: query }\n        - $ref: '#/gone'\n",
            "/parameters/3`: nothing stands at `#/gone`; left out",
        ),
        (
            "        '400': { $ref: '#/components/responses/failure' }\n        '401': { $ref: '#/components/responses/failure' }\n        '404': { $ref: '#/components/responses/failure' }\n        '429': { $ref: '#/components/responses/slower' }\n        '500':\n",
            "        '400':\n        '401': { $ref: '#/gone' }\n        '404': { description: Not there }\n        '500':\n",
            "/get/responses/400`: null; taken as without a body",
        ),
        (
            "paths:\n",
            "paths:\n  /assets/{:\n    get: {}\n",
            "`/paths/~1assets~1{`: no path template; left out",
        ),
        (
            "  /assets/{asset_id}:\n",
            "  /assets/{id}:\n    get: { responses: { '204': { description: Again } } }\n  /assets/{asset_id}:\n",
            "`/paths/~1assets~1{asset_id}/get`: another path has the same template; left out",
        ),
        (
            "fileName: { type: string, title: Name }",
            "fileName: { type: string, maxLength: 50 }",
            "No drift.",
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
fn what_says_the_same_otherwise_changes_nothing() {
    let schema = "                required: [pagination, assets]\n";
    let mut texts = vec![
        format!("\u{feff}{DESCRIPTION}"),
        DESCRIPTION.replace('\n', "\r\n"),
        DESCRIPTION.replace("application/json:", "'application/json; charset=utf-8':"),
        DESCRIPTION.replace("application/json:", "application/vnd.webflow+json:"),
        DESCRIPTION.replace("application/json:", "Application/JSON:"),
        DESCRIPTION.replace("application/json:", "'*/*':"),
        DESCRIPTION.replace("#/components/responses/f", "#/components/responses/%66"),
        DESCRIPTION.replace("        '200':", "        200:"),
        format!("%YAML 1.2\n---\n{DESCRIPTION}...\n"),
    ];
    for (old, new) in [
        ("openapi: 3.1.0", "openapi: 3.1"),
        (
            "  title: A made-up reference",
            "  title:\tA made-up reference\n  x-info: {}",
        ),
        (
            "    get:\n      operationId: list-assets",
            "    x-item: { get: 1 }\n    get:\n      operationId: list-assets",
        ),
        ("paths:\n", "paths:\n  x-paths: []\n"),
        (
            schema,
            &format!("{schema}                x-rule: {{ type: 1 }}\n"),
        ),
        (
            "          description: Fine\n          content:\n            application/json:\n              schema:\n                description: Many files\n",
            "          content:\n            application/json:\n              schema:\n",
        ),
    ] {
        texts.push(replaced(DESCRIPTION, old, new));
    }
    for text in texts {
        let outcome = Project::new().spec(&text, &["--check"]);
        assert_eq!(
            outcome.code, 0,
            "{}{}\n{text:.200}",
            outcome.report, outcome.error
        );
    }
}

#[test]
fn errors_without_a_body_have_the_type_of_all_errors() {
    let body = "      content:\n        application/json:\n          schema: { $ref: '#/components/schemas/failure' }\n          example: { code: conflict }\n";
    let outcome = Project::new().spec(replaced(DESCRIPTION, body, ""), &["--check"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.report, outcome.error);
}
