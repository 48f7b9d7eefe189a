//! What an edit of the description does to the report and to the fragment.

use semver::Version;
use webflow_codegen::cut::version::{Change, first_compatible, next, of_crate};

use crate::project::{DESCRIPTION, FRAGMENT, Outcome, Project, replaced};

/// An edit of the made-up description.
#[derive(Debug)]
pub(crate) struct Edit {
    pub(crate) name: &'static str,
    replace: &'static [(&'static str, &'static str)],
    /// The rows of the report's table, each without the bars around it.
    rows: &'static [&'static str],
    /// What else the report says.
    says: &'static [&'static str],
}

impl Edit {
    pub(crate) fn description(&self) -> String {
        let edits = self.replace.iter();
        edits.fold(DESCRIPTION.to_owned(), |text, (old, new)| {
            replaced(&text, old, new)
        })
    }

    fn is_breaking(&self) -> bool {
        self.rows.iter().any(|row| row.ends_with("**yes**"))
    }
}

/// The edits that the report must tell, and that the crate must build with.
pub(crate) const EDITS: [Edit; 16] = [
    Edit {
        name: "an error code that one operation adds",
        replace: &[(
            "[internal_error, service_unavailable]",
            "[internal_error, service_unavailable, teapot]",
        )],
        rows: &["value | `KnownErrorCode.teapot` | added | no"],
        says: &[],
    },
    Edit {
        name: "an error code that is gone",
        replace: &[("            - users_not_enabled\n", "")],
        rows: &["value | `KnownErrorCode.users_not_enabled` | removed | **yes**"],
        says: &[],
    },
    Edit {
        name: "a field in an answer",
        replace: &[(
            "            folderId: { type: string, nullable: true }\n",
            "            folderId: { type: string, nullable: true }\n            checksum: { type: [string, 'null'] }\n",
        )],
        rows: &["field | `Asset.checksum` | added: `string` | no"],
        says: &["- `/components/schemas/Asset/properties/checksum/description`\n"],
    },
    Edit {
        name: "an object in an answer",
        replace: &[(
            "            folderId: { type: string, nullable: true }\n",
            "            folderId: { type: string, nullable: true }\n            uploaded-by: { properties: { name: { type: string } } }\n",
        )],
        rows: &[
            "type | `AssetUploadedBy` | added: `object` | no",
            "field | `Asset.uploaded-by` | added: `AssetUploadedBy` | no",
        ],
        says: &["- `/components/schemas/AssetUploadedBy/properties/name/description`\n"],
    },
    Edit {
        name: "a field of the form",
        replace: &[(
            "acl: { const: public-read }",
            "acl: { const: public-read }\n                      x-amz-tagging: { type: string }",
        )],
        rows: &["field | `UploadDetails.x-amz-tagging` | added: `string` | no"],
        says: &[],
    },
    Edit {
        name: "an optional field of a request that may be null",
        replace: &[(
            "altText: { type: string }",
            "altText: { type: [string, 'null'] }",
        )],
        rows: &["field | `AssetUpdate.altText` | may be null now | no"],
        says: &[],
    },
    Edit {
        name: "a required field of a request that may be null",
        replace: &[(
            "displayName: { type: string }\n                parentFolder:",
            "displayName: { anyOf: [{ type: string }, { type: 'null' }] }\n                parentFolder:",
        )],
        rows: &["field | `NewAssetFolder.displayName` | may be null now | **yes**"],
        says: &[],
    },
    Edit {
        name: "a field that is gone",
        replace: &[(
            "                  quality: { type: integer, minimum: 0, maximum: 100 }\n",
            "",
        )],
        rows: &["field | `AssetVariant.quality` | removed | **yes**"],
        says: &[],
    },
    Edit {
        name: "a field of another type",
        replace: &[(
            "quality: { type: integer, minimum: 0, maximum: 100 }",
            "quality: { type: number }",
        )],
        rows: &[
            "field | `AssetVariant.quality` | type: `integer, format \"int64\"` → `number` | **yes**",
        ],
        says: &[],
    },
    Edit {
        name: "a required field in a request",
        replace: &[(
            "              required: [displayName]\n              properties:\n",
            "              required: [displayName, color]\n              properties:\n                color: { enum: [red, blue] }\n",
        )],
        rows: &[
            "type | `NewAssetFolderColor` | added: `string` | no",
            "field | `NewAssetFolder.color` | added: `NewAssetFolderColor`, required | **yes**",
        ],
        says: &[],
    },
    Edit {
        // The type may be written out, field by field.
        name: "an optional field in a request",
        replace: &[(
            "                altText: { type: string }\n",
            "                altText: { type: string }\n                color: { type: string }\n",
        )],
        rows: &["field | `AssetUpdate.color` | added: `string` | **yes**"],
        says: &[],
    },
    Edit {
        name: "an operation that is gone",
        replace: &[(
            "  /asset_folders/{asset_folder_id}:\n",
            "  /elsewhere/{asset_folder_id}:\n",
        )],
        rows: &["operation | `get_asset_folder` | removed | **yes**"],
        says: &[
            "`get_asset_folder` is missing: the description has no `GET /asset_folders/{asset_folder_id}`",
        ],
    },
    Edit {
        name: "a status",
        replace: &[(
            "        '204': { description: Nothing left }\n",
            "        '204': { description: Nothing left }\n        '403': { $ref: '#/components/responses/failure' }\n",
        )],
        rows: &["status | `delete_asset 403` | added: `ApiError` | no"],
        says: &["- `/components/responses/Forbidden/description`\n"],
    },
    Edit {
        name: "an optional parameter",
        replace: &[(
            "        - { name: folderId, in: query,",
            "        - { name: sort-by, in: query, schema: { enum: [name, date] } }\n        - { name: folderId, in: query,",
        )],
        rows: &[
            "parameter | `list_assets.sort-by` | added: `ListAssetsSortBy` | no",
            "type | `ListAssetsSortBy` | added: `string` | no",
        ],
        says: &["- `/paths/~1sites~1{site_id}~1assets/get/parameters/5/description`\n"],
    },
    Edit {
        name: "a parameter that is required now",
        replace: &[(
            "      name: localeId\n      in: query\n",
            "      name: localeId\n      in: query\n      required: true\n",
        )],
        rows: &[
            "parameter | `get_asset.localeId` | required now | **yes**",
            "parameter | `list_assets.localeId` | required now | **yes**",
            "parameter | `update_asset.localeId` | required now | **yes**",
        ],
        says: &[],
    },
    Edit {
        name: "another scope, version and place to sign in",
        replace: &[
            (
                "operationId: get-asset-folder\n      security: [{ OAuth2: ['assets:read'] }]",
                "operationId: get-asset-folder\n      security: [{ OAuth2: ['pages:read', 'assets:read'] }]",
            ),
            ("  version: 2.0.0", "  version: 2.1.0"),
            (
                "https://webflow.com/oauth/authorize",
                "https://webflow.com/oauth/sign-in",
            ),
        ],
        rows: &[
            "description | `OAuth2` | is: `oauth2 authorizationCode https://webflow.com/oauth/authorize https://api.webflow.com/oauth/token` → `oauth2 authorizationCode https://webflow.com/oauth/sign-in https://api.webflow.com/oauth/token` | no",
            "description | `version` | is: `2.0.0` → `2.1.0` | no",
            "operation | `get_asset_folder` | scopes: `[{\"OAuth2\":[\"assets:read\"]}]` → `[{\"OAuth2\":[\"assets:read\",\"pages:read\"]}]` | no",
        ],
        says: &[
            "- `/components/securitySchemes/OAuth2/flows/authorizationCode/scopes/pages:read`\n",
        ],
    },
];

fn rows(outcome: &Outcome) -> Vec<&str> {
    let lines = outcome
        .report
        .lines()
        .skip_while(|line| !line.starts_with("|---"));
    let rows = lines.skip(1).map_while(|line| line.strip_prefix("| "));
    rows.map(|row| row.trim_end_matches(" |")).collect()
}

#[test]
fn each_edit_gives_its_report() {
    for edit in &EDITS {
        let project = Project::new();
        let version = of_crate(&project.path(FRAGMENT)).unwrap();
        let outcome = project.spec(edit.description(), &["--check"]);
        assert_eq!(
            (outcome.code, outcome.error.as_str()),
            (1, ""),
            "{}",
            edit.name
        );
        assert_eq!(rows(&outcome), edit.rows, "{}", edit.name);
        for line in edit.says {
            assert!(
                outcome.report.contains(line),
                "{}: {line:?} in\n{}",
                edit.name,
                outcome.report
            );
        }
        let change = if edit.is_breaking() {
            Change::Breaking
        } else {
            Change::Added
        };
        let (next, number) = next(&version, change);
        let bump = format!("{version} asks for {next} (a {number} release).");
        assert!(
            outcome.report.contains(&bump),
            "{}: {bump} in\n{}",
            edit.name,
            outcome.report
        );

        // Once written, it is no drift any more.
        assert_eq!(
            project.spec(edit.description(), &[]).code,
            0,
            "{}",
            edit.name
        );
        let again = project.spec(edit.description(), &["--check"]);
        assert_eq!(again.code, 0, "{}: {}", edit.name, again.report);
    }
}

#[test]
fn what_changes_where_the_recipe_overrides_it_is_reported_once() {
    let project = Project::new();
    let edited = replaced(
        DESCRIPTION,
        "name: folderId, in: query,",
        "name: folderId, in: query, required: true,",
    );
    let edited = replaced(
        &edited,
        "fileName: { type: string, title: Name }",
        "fileName: { type: integer }",
    );
    let outcome = project.spec(&edited, &["--check"]);
    assert_eq!(outcome.code, 1, "{}", outcome.error);
    for row in [
        "description | `field NewAsset.fileName` | where the recipe overrides it: `string, required` → `integer, format \"int64\", required` | no",
        "description | `parameter list_assets.folderId` | where the recipe overrides it: `query, string` → `query, string, required` | no",
    ] {
        assert!(rows(&outcome).contains(&row), "{}", outcome.report);
    }
    assert_eq!(project.spec(&edited, &[]).code, 0);
    assert_eq!(project.spec(&edited, &["--check"]).code, 0);
}

#[test]
fn a_parameter_that_differs_in_one_operation_keeps_its_name_in_the_others() {
    // The first operation says of the site what no other says.
    let edited = replaced(
        DESCRIPTION,
        "          required: true\n          schema: { type: string, format: objectid, default: null }\n        - {",
        "          required: true\n          schema: { type: integer }\n        - {",
    );
    let outcome = Project::new().spec(edited, &["--check"]);
    let row = "parameter | `list_assets.site_id` | type: `SiteId` → `integer, format \"int64\"` | **yes**";
    assert_eq!(rows(&outcome), [row]);
    let note = "`list_assets.site_id` is not the `SiteId` of most operations";
    assert!(outcome.report.contains(note), "{}", outcome.report);
}

#[test]
fn what_the_rules_level_and_what_only_words_say_is_no_drift() {
    for (old, new) in [
        // Words.
        ("title: A made-up reference", "title: Another reference"),
        ("summary: Files, please", "summary: Files"),
        (
            "description: In other words",
            "description: In yet other words",
        ),
        (
            "example: { code: conflict }",
            "example: { code: not_found }",
        ),
        // Answers have neither nulls nor requiredness nor formats.
        (
            "originalFileName: { type: string }\n                  createdOn:",
            "originalFileName: { type: [string, 'null'] }\n                  createdOn:",
        ),
        ("    place:\n      required: [id]\n", "    place:\n"),
        (
            "format: { type: string, enum: [png] }",
            "format: { type: string, format: media-type }",
        ),
        // Never sent.
        (
            "displayName: { type: string }\n                parentFolder: { type: string, default: null }",
            "displayName: { type: string }\n                parentFolder: { type: string, default: top }",
        ),
        // Other operations.
        ("operationId: something-else", "operationId: anything-else"),
    ] {
        let project = Project::new();
        let outcome = project.spec(replaced(DESCRIPTION, old, new), &["--check"]);
        assert_eq!(
            outcome.code, 0,
            "{old:?}: {}{}",
            outcome.report, outcome.error
        );
    }
}

#[test]
fn words_go_with_what_they_describe() {
    let project = Project::new();
    let edited = replaced(
        DESCRIPTION,
        "                  quality: { type: integer, minimum: 0, maximum: 100 }\n",
        "",
    );
    assert!(project.read(FRAGMENT).contains("The quality of the image"));
    assert_eq!(project.spec(edited, &[]).code, 0);
    assert!(!project.read(FRAGMENT).contains("The quality of the image"));
    let fragment = project.fragment();
    let example = fragment
        .pointer("/components/schemas/Asset/example/variants/0")
        .unwrap();
    assert!(
        example.get("width").is_some() && example.get("quality").is_none(),
        "{example}"
    );
    assert!(
        project
            .spec(DESCRIPTION, &[])
            .report
            .contains("## Words to write")
    );
}

#[test]
fn an_answer_that_differs_between_operations_has_what_both_have() {
    let project = Project::new();
    let edited = replaced(
        DESCRIPTION,
        "                      total: { type: integer }\n",
        "                      total: { type: integer }\n                      cursor: { type: string }\n",
    );
    let outcome = project.spec(edited, &["--check"]);
    assert_eq!(
        rows(&outcome),
        ["field | `Pagination.cursor` | added: `string` | no"]
    );

    let edited = replaced(
        DESCRIPTION,
        "                      total: { type: integer }\n",
        "                      total: { type: string }\n",
    );
    let outcome = project.spec(edited, &["--check"]);
    // A number at one place and a string at another is any value.
    assert_eq!(
        rows(&outcome),
        ["field | `Pagination.total` | type: `integer, format \"int64\"` → `anything` | **yes**"]
    );
}

#[test]
fn the_version_that_is_asked_for_follows_from_the_current_one() {
    for (now, added, breaking, first) in [
        ("0.1.0", "0.1.1", "0.2.0", "0.1.0"),
        ("0.3.7", "0.3.8", "0.4.0", "0.3.0"),
        ("1.2.3", "1.3.0", "2.0.0", "1.0.0"),
    ] {
        let now: Version = now.parse().unwrap();
        assert_eq!(next(&now, Change::Added).0.to_string(), added);
        assert_eq!(next(&now, Change::Breaking).0.to_string(), breaking);
        assert_eq!(first_compatible(&now).to_string(), first);
    }
}
