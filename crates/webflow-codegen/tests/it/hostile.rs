//! Broken and hostile descriptions: each is refused with its place, and nothing is written.

use std::{collections::BTreeSet, fmt::Write as _, fs::File, iter};

use serde_json::{Map, Value, json};
use webflow_codegen::cut::{Plan, cut, read::Input, select::Selection};

use crate::project::{DESCRIPTION, FRAGMENT, PROVENANCE, Project, replaced};

/// Runs the task, which must refuse, and returns what it says.
fn refused(description: impl AsRef<[u8]>) -> String {
    let project = Project::new();
    let files = || [FRAGMENT, PROVENANCE].map(|file| project.read(file));
    let before = files();
    let outcome = project.spec(description, &[]);
    assert_eq!(
        (outcome.code, outcome.report.as_str()),
        (2, ""),
        "{}",
        outcome.error
    );
    assert_eq!(files(), before);
    outcome.error
}

fn edited(old: &str, new: &str) -> String {
    replaced(DESCRIPTION, old, new)
}

#[test]
fn broken_files_are_refused_with_line_and_column() {
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "description.yml: empty"),
        (b"\n \n".to_vec(), "description.yml: empty"),
        (
            b"openapi: 3.1.0\nx: \xff\n".to_vec(),
            "description.yml:2:4: not UTF-8",
        ),
        (
            b"openapi: 3.1.0\ninfo:\n  version: a\n  version: b\n".to_vec(),
            "description.yml:4:3: ",
        ),
        (
            b"{\"openapi\": \"3.1.0\",\n \"a\": 1, \"a\": 2}".to_vec(),
            "description.yml:2:",
        ),
        (b"openapi: [3.1.0\n".to_vec(), "description.yml:"),
        (b"{\"openapi\": ".to_vec(), "description.yml:1:"),
        (b"a: 1\n---\nb: 2\n".to_vec(), "description.yml:"),
        (b"a: .nan\n".to_vec(), "description.yml#: has no `openapi`"),
    ];
    for (description, place) in cases {
        let error = refused(&description);
        let shown = String::from_utf8_lossy(&description);
        assert!(
            error.starts_with(&format!("error: {place}")),
            "{shown:?}: {error}"
        );
    }
}

#[test]
fn other_versions_are_refused() {
    for (version, error) in [
        (
            "swagger: '2.0'",
            "#/swagger: Swagger 2.0; expected OpenAPI 3.0 or 3.1",
        ),
        (
            "openapi: 3.2.0",
            "#/openapi: OpenAPI 3.2.0; expected 3.0 or 3.1",
        ),
        (
            "openapi: 3.10.0",
            "#/openapi: OpenAPI 3.10.0; expected 3.0 or 3.1",
        ),
        ("openapi: [3]", "#/openapi: expected a string, found a list"),
        (
            "title: none",
            "#: has no `openapi`; expected OpenAPI 3.0 or 3.1",
        ),
    ] {
        let found = refused(edited("openapi: 3.1.0", version));
        assert_eq!(found, format!("error: description.yml{error}\n"));
    }
}

#[test]
fn what_is_required_and_missing_is_an_error() {
    for (old, new, error) in [
        ("paths:\n", "path:\n", "#: has no `paths`"),
        (
            "paths:\n",
            "paths: 3\nelsewhere:\n",
            "#/paths: expected an object, found a number",
        ),
        (
            "    post:\n      operationId: create-asset\n",
            "    put:\n      operationId: create-asset\n",
            ": has no `create_asset`, which webflow-assets.yaml requires",
        ),
        (
            "uploadDetails:\n                    type: [object, 'null']\n                    properties:\n",
            "uploadDetails:\n                    type: [object, 'null']\n                    x-gone:\n",
            ": has no `UploadDetails`, which webflow-assets.yaml requires",
        ),
        (
            "fileHash: {",
            "hash: {",
            ": has no `NewAsset.fileHash`, which webflow-assets.yaml requires",
        ),
    ] {
        let found = refused(edited(old, new));
        assert!(found.starts_with("error: description.yml"), "{found}");
        assert!(found.contains(error), "{new:?}: {found}");
    }
}

#[test]
fn references_go_nowhere_but_into_the_description() {
    let page = "$ref: '#/components/schemas/page'";
    for (reference, note) in [
        (
            "https://example.com/a.yml",
            "`https://example.com/a.yml` is not within the description",
        ),
        ("/etc/passwd", "`/etc/passwd` is not within the description"),
        ("#page", "`#page` is not within the description"),
        (
            "#/components/schemas/none",
            "nothing stands at `#/components/schemas/none`",
        ),
    ] {
        let description = edited(page, &format!("$ref: '{reference}'"));
        let outcome = Project::new().spec(description, &["--check"]);
        assert_eq!(outcome.code, 1, "{}", outcome.error);
        let place = "/properties/pagination`: ";
        assert!(
            outcome.report.contains(&format!("{place}{note}")),
            "{}",
            outcome.report
        );
    }
}

#[test]
fn references_that_lead_back_to_themselves_end() {
    let schema = "    page:\n      type: object\n";
    for (new, place) in [
        (
            "    page:\n      $ref: '#/components/schemas/page'\n",
            "`/components/schemas/page`: ",
        ),
        (
            "    page:\n      allOf: [{ $ref: '#/components/schemas/page' }]\n",
            "`/components/schemas/page/allOf/0`: ",
        ),
        (
            "    page:\n      items: { $ref: '#/components/schemas/two' }\n    two:\n      items: { $ref: '#/components/schemas/page' }\n    three:\n",
            "`/components/schemas/two/items`: ",
        ),
    ] {
        let outcome = Project::new().spec(edited(schema, new), &["--check"]);
        let note = format!("{place}`#/components/schemas/page` leads back to itself");
        assert!(outcome.code < 2, "{}", outcome.error);
        assert!(outcome.report.contains(&note), "{}", outcome.report);
    }
    let around = edited(
        "    failure:\n      description: No\n",
        "    failure:\n      $ref: '#/components/responses/failure'\n",
    );
    let outcome = Project::new().spec(around, &["--check"]);
    assert!(outcome.code < 2, "{}", outcome.error);
    let note = "`#/components/responses/failure` leads back to itself; left out";
    assert!(outcome.report.contains(note), "{}", outcome.report);
}

/// Schemas `s0`, `s1`… of which each has what `fields` says of the next.
fn schemas(count: usize, fields: impl Fn(usize) -> String) -> String {
    let mut text = "    page: { $ref: '#/components/schemas/s0' }\n".to_owned();
    for index in 0..count {
        writeln!(
            text,
            "    s{index}: {{ properties: {{ {} }} }}",
            fields(index + 1)
        )
        .unwrap();
    }
    writeln!(
        text,
        "    s{count}: {{ type: string }}\n    rest:\n      type: object"
    )
    .unwrap();
    edited("    page:\n      type: object\n", &text)
}

#[test]
fn references_that_multiply_or_never_end_are_refused_in_bounded_time() {
    let two = |next| {
        format!(
            "a: {{ $ref: '#/components/schemas/s{next}' }}, b: {{ $ref: '#/components/schemas/s{next}' }}"
        )
    };
    let found = refused(schemas(60, two));
    assert!(
        found.contains("values are reached, references included"),
        "{found}"
    );

    let one = |next| format!("a: {{ $ref: '#/components/schemas/s{next}' }}");
    let found = refused(schemas(5_000, one));
    assert!(found.contains("levels deep"), "{found}");

    // Long names and long values count too.
    let name = "n".repeat(100_000);
    let many = (0..900).fold(String::new(), |mut text, index| {
        write!(text, "f{index}: {{ $ref: '#/components/schemas/long' }}, ").unwrap();
        text
    });
    let long = format!(
        "    long: {{ type: string, enum: [{name}] }}\n    page:\n      properties: {{ {many} }}\n    rest:\n      type: object\n"
    );
    let found = refused(edited("    page:\n      type: object\n", &long));
    assert!(
        found.contains("values are reached, references included"),
        "{found}"
    );
}

#[test]
fn alias_bombs_are_refused() {
    let mut bomb = "openapi: 3.1.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for index in 1..12 {
        let aliases = vec![format!("*a{}", index - 1); 10].join(", ");
        writeln!(bomb, "a{index}: &a{index} [{aliases}]").unwrap();
    }
    let found = refused(bomb);
    assert!(found.starts_with("error: description.yml:"), "{found}");

    // One long text, over and over.
    let aliases = vec!["*a"; 900].join(", ");
    let found = refused(format!("a: &a {}\nb: [{aliases}]\n", "x".repeat(1_000_000)));
    assert!(found.starts_with("error: description.yml:"), "{found}");

    // Many aliases of one answer are fine.
    let once = "        '404': { $ref: '#/components/responses/failure' }\n";
    let mut many = "x-missing: &missing { description: No }\n".to_owned();
    many += &DESCRIPTION.replace(once, "        '404': *missing\n");
    writeln!(many, "x-more: [{}]", vec!["*missing"; 5_000].join(", ")).unwrap();
    let outcome = Project::new().spec(many, &["--check"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.report, outcome.error);
}

#[test]
fn more_values_than_any_description_has_are_refused() {
    let ones = "1,".repeat(1_000_000);
    let found = refused(format!("{{\"openapi\": [{ones} 1]}}"));
    assert!(found.contains("too many values"), "{found}");
}

#[test]
fn many_operations_of_one_name_and_many_required_fields_are_cut_out() {
    let count = 8_000;
    let names: Vec<String> = (0..count).map(|index| format!("n{index}")).collect();
    let fields = names
        .iter()
        .map(|name| (name.clone(), json!({ "items": {} })));
    let fields: Map<String, Value> = fields.collect();
    let mut body =
        json!({ "allOf": [{ "required": names, "properties": fields }, { "required": names }] });
    let mut paths = Map::new();
    for index in 0..count {
        let path = format!("/{}a{}", "-".repeat(index % 90), ".".repeat(index / 90));
        let schema = if index == 0 { body.take() } else { json!({}) };
        let content = json!({ "application/json": { "schema": schema } });
        let operation =
            json!({ "requestBody": { "content": content }, "responses": { "200": {} } });
        paths.insert(path, json!({ "post": operation }));
    }
    let document = json!({ "openapi": "3.1.0", "paths": paths });
    let input = Input {
        path: String::new(),
        name: String::new(),
        sha256: String::new(),
        document,
    };
    let fragment = cut(&input, &Plan::of(Selection::All)).unwrap();
    let names: BTreeSet<&String> = fragment.lock.operations.values().collect();
    assert_eq!(names.len(), count);
    assert!(names.contains(&format!("post_a_{count}")));
    let schema = &fragment.document["components"]["schemas"]["PostARequest"];
    assert_eq!(schema["required"].as_array().unwrap().len(), count);
    assert_eq!(schema["properties"]["n0"]["nullable"], Value::Null);
}

#[test]
fn deep_nesting_is_refused() {
    let depth = 100_000;
    let flow: String = iter::repeat_n('[', depth).collect();
    let json: String = iter::repeat_n("{\"a\":", depth).collect();
    let dashes: String = iter::repeat_n("- ", depth).collect();
    let mut block = String::new();
    for level in 0..2_000 {
        writeln!(block, "{}a:", " ".repeat(level)).unwrap();
    }
    for text in [flow, json, dashes, block] {
        let found = refused(text);
        assert!(found.starts_with("error: description.yml:"), "{found}");
    }
}

#[test]
fn a_file_that_is_too_large_is_refused_unread() {
    let project = Project::new();
    let path = project.path("large.yml");
    File::create(&path)
        .unwrap()
        .set_len(webflow_codegen::cut::file::MAX_BYTES + 1)
        .unwrap();
    let outcome = project.spec_file(&path, &[]);
    assert_eq!(outcome.code, 2);
    assert_eq!(
        outcome.error,
        "error: large.yml: could not be read\n  cause: more than 64 MiB\n"
    );
}

#[test]
fn a_file_that_is_missing_or_a_directory_is_refused() {
    let project = Project::new();
    for path in [project.path("none.yml"), project.path("openapi")] {
        let name = path.file_name().unwrap().to_str().unwrap();
        let outcome = project.spec_file(&path, &["--check"]);
        assert_eq!(outcome.code, 2);
        let expected = format!("error: {name}: could not be read\n  cause: ");
        assert!(outcome.error.starts_with(&expected), "{}", outcome.error);
    }
}
