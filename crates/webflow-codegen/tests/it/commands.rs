//! The commands beside `spec`.

use std::{fs, process::Command};

use serde_json::Value;

use crate::project::Project;

/// The exit code, what is printed, and what goes wrong.
fn run(project: &Project, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_webflow-codegen"))
        .args(arguments)
        .current_dir(project.dir.path())
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/data.yml");

#[test]
fn operations_a_tag_or_everything_are_cut_without_a_recipe() {
    for (selection, count) in [
        (vec!["--operations", "list-sites,get_site"], 2),
        (vec!["--tag", "Forms"], 3),
        (vec!["--all"], 10),
    ] {
        let project = Project::new();
        let arguments = [&["cut", DATA, "--out", "part.json"], &selection[..]].concat();
        let (code, report, error) = run(&project, &arguments);
        assert_eq!((code, error.as_str()), (0, ""), "{report}");
        assert!(
            report.contains(&format!("operations: {count}.\n")),
            "{report}"
        );
        let fragment: Value = serde_json::from_str(&project.read("part.json")).unwrap();
        assert_eq!(fragment["openapi"], "3.0.3");
        // The same again is no difference.
        let arguments = [&arguments[..], &["--check"]].concat();
        assert_eq!(run(&project, &arguments).0, 0);
    }
}

#[test]
fn what_is_asked_for_by_name_and_missing_is_an_error_that_says_what_there_is() {
    let project = Project::new();
    let cut = |selection: &[&str]| {
        run(
            &project,
            &[&["cut", DATA, "--out", "part.json"], selection].concat(),
        )
    };
    let (code, _, error) = cut(&["--operations", "list-pages"]);
    assert_eq!(code, 2);
    assert!(
        error.starts_with(&format!("error: {DATA}#/paths: no operation `list-pages`")),
        "{error}"
    );
    let (code, _, error) = cut(&["--tag", "Pages"]);
    assert_eq!(code, 2);
    assert!(
        error.ends_with("there are `Broken`, `Forms`, `Items`, `Site logs`, `Sites`\n"),
        "{error}"
    );
    // One way to select, and only one.
    assert_eq!(cut(&[]).0, 2);
    assert_eq!(cut(&["--all", "--tag", "Sites"]).0, 2);
}

#[test]
fn words_are_taken_over_on_request_without_code_and_links() {
    let project = Project::new();
    let arguments = ["cut", DATA, "--all", "--words", "--out", "part.json"];
    assert_eq!(run(&project, &arguments).0, 0);
    let fragment: Value = serde_json::from_str(&project.read("part.json")).unwrap();
    let response = &fragment["paths"]["/sites"]["get"]["responses"]["200"];
    assert_eq!(response["description"], "The sites");
    let text = webflow_codegen::cut::text::prose("See [this](a)\n```sh\n    <run>\n```\n    end");
    assert_eq!(text, "See \\[this\\](a)\n\\<run\\>\nend");
}

#[test]
fn two_versions_are_compared_as_callers_see_them() {
    let project = Project::new();
    let new = fs::read_to_string(DATA)
        .unwrap()
        .replace(
            "shortName: { type: string }",
            "shortName: { type: integer }",
        )
        .replace("operationId: delete-site", "operationId: remove-site")
        .replace("    delete:\n", "    put:\n")
        .replace("[live, draft]", "[live, draft, gone]")
        .replace(
            "{ name: ids, in: query,",
            "{ name: ids, in: query, required: true,",
        );
    fs::write(project.path("new.yml"), new).unwrap();
    let (code, report, error) = run(&project, &["diff", DATA, "new.yml"]);
    assert_eq!((code, error.as_str()), (1, ""), "{report}");
    insta::assert_snapshot!("diff", report);
    let (code, report, _) = run(&project, &["diff", DATA, "new.yml", "--format", "json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((code, &report["change"]), (1, &"breaking".into()));
    assert_eq!(report["differences"].as_array().unwrap().len(), 5);
    assert_eq!(run(&project, &["diff", DATA, DATA]).0, 0);

    let recipe = "overlay: 1.0.0\nactions: [{ target: $, update: 5 }]\n";
    fs::write(project.path("recipe.yaml"), recipe).unwrap();
    let (code, _, error) = run(&project, &["diff", DATA, DATA, "--recipe", "recipe.yaml"]);
    let place = "error: recipe.yaml#/actions/0/update: an object takes an object";
    assert!(code == 2 && error.starts_with(place), "{error}");
}

/// A description with one operation, whose body and whose response have these media types.
fn small(request: &str, response: &str) -> String {
    format!(
        "openapi: 3.1.0
info: {{ title: Small, version: '1' }}
paths:
  /a:
    put:
      operationId: put-a
      requestBody: {{ content: {{ {request} }} }}
      responses: {{ '200': {{ description: Fine, content: {{ {response} }} }} }}
components:
  schemas:
    One: {{ title: One, type: object, properties: {{ a: {{ type: string }} }} }}
    Two: {{ title: Two, type: object, properties: {{ b: {{ type: string }} }} }}
"
    )
}

#[test]
fn each_difference_that_a_caller_sees_has_a_line_and_no_other_counts() {
    let field = |schema: &str| {
        let body = format!("application/json: {{ schema: {{ properties: {{ f: {schema} }} }} }}");
        small("application/json: { schema: { type: string } }", &body)
    };
    let sent = |schema: &str| {
        let body = format!("application/json: {{ schema: {schema} }}");
        small(&body, "application/json: {}")
    };
    let own = |field| format!("{{ required: [{field}], properties: {{ {field}: {{}} }} }}");
    let one = "{ $ref: '#/components/schemas/One' }";
    let two = "{ $ref: '#/components/schemas/Two' }";
    let inline = "{ title: One, type: object, properties: { a: { type: string } } }";
    for (old, new, row) in [
        (
            field("{ items: { type: string } }"),
            field("{ items: { type: [string, 'null'] } }"),
            "| field | `PutAResponse.f` | type: `list of string` → `list of string or null` | **yes** |",
        ),
        (
            field("{ additionalProperties: { type: string } }"),
            field("{ additionalProperties: { type: string, nullable: true } }"),
            "| field | `PutAResponse.f` | type: `object, other fields: string` → `object, other fields: string or null` | **yes** |",
        ),
        (
            field("{ enum: [png, jpg] }"),
            field("{ enum: [jpg, png] }"),
            "No drift.",
        ),
        (
            sent(&format!("{{ oneOf: [{one}, {two}] }}")),
            sent(&format!("{{ oneOf: [{two}, {one}] }}")),
            "No drift.",
        ),
        (
            sent(&format!("{{ oneOf: [{inline}, {two}] }}")),
            sent(&format!("{{ oneOf: [{one}, {two}] }}")),
            "No drift.",
        ),
        (
            sent(one),
            small(
                &format!("application/x-www-form-urlencoded: {{ schema: {one} }}"),
                "application/json: {}",
            ),
            "| request body | `put_a` | media type: `application/json` → `application/x-www-form-urlencoded` | **yes** |",
        ),
        (
            sent("{ type: string }"),
            sent("{ type: [string, 'null'] }"),
            "| request body | `put_a` | may be null now | **yes** |",
        ),
        // A variant without a title has the name of a field that it requires.
        (
            sent(&format!("{{ oneOf: [{}, {}] }}", own("a"), own("b"))),
            sent(&format!(
                "{{ oneOf: [{}, {}, {}] }}",
                own("c"),
                own("b"),
                own("a")
            )),
            "Changes: 2, breaking: 1. A breaking release.",
        ),
        // One that requires none has that of its position: the report says what that is now.
        (
            sent("{ oneOf: [{ properties: { a: {} } }, { properties: { b: {} } }] }"),
            sent(
                "{ oneOf: [{ properties: { c: {} } }, { properties: { a: {} } }, { properties: { b: {} } }] }",
            ),
            "| field | `PutARequestVariant1.a` | removed | **yes** |",
        ),
    ] {
        let project = Project::new();
        fs::write(project.path("old.yml"), &old).unwrap();
        fs::write(project.path("new.yml"), &new).unwrap();
        let (code, report, error) = run(&project, &["diff", "old.yml", "new.yml"]);
        assert_eq!(code, i32::from(row != "No drift."), "{new}{report}{error}");
        assert!(report.contains(row), "{new}{report}");
    }
}

#[test]
fn nothing_is_written_over_what_is_read_and_a_damaged_fragment_is_written_anew() {
    let project = Project::new();
    fs::copy(DATA, project.path("data.yml")).unwrap();
    let cut = |arguments: &[&str]| {
        run(
            &project,
            &[&["cut", "data.yml", "--all", "--out"], arguments].concat(),
        )
    };
    for arguments in [
        &["./data.yml"][..],
        &["part.json", "--report", "data.yml"],
        &["part.json", "--report", "./part.json"],
    ] {
        let (code, _, error) = cut(arguments);
        let message = "would be overwritten; choose another file for what is written\n";
        assert!(code == 2 && error.ends_with(message), "{error}");
    }
    let data = fs::read_to_string(DATA).unwrap();
    assert_eq!(project.read("data.yml"), data);

    assert_eq!(cut(&["part.json"]).0, 0);
    let whole = project.read("part.json");
    for damaged in ["", &whole[..100]] {
        fs::write(project.path("part.json"), damaged).unwrap();
        let (code, report, error) = cut(&["part.json"]);
        let note = "- `part.json` is empty or damaged; the new one has none of its words\n";
        assert!(code == 0 && report.contains(note), "{report}{error}");
        assert_eq!(project.read("part.json"), whole);
    }
    let (code, _, error) = cut(&["Cargo.toml"]);
    let message = "error: Cargo.toml:1:2: not what this tool writes; restore or remove it";
    assert!(code == 2 && error.starts_with(message), "{error}");
    let (_, _, error) = cut(&["none/part.json"]);
    let message = "error: none/part.json: could not be written";
    assert!(error.starts_with(message), "{error}");
    let left = fs::read_dir(project.dir.path()).unwrap();
    let names = left.map(|entry| entry.unwrap().file_name());
    assert!(
        names
            .into_iter()
            .all(|name| !name.to_string_lossy().starts_with('.'))
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_instead_of_waited_for() {
    let project = Project::new();
    let made = Command::new("mkfifo").arg(project.path("pipe")).status();
    assert!(made.unwrap().success());
    for arguments in [
        ["cut", "pipe", "--all", "--out", "part.json"],
        ["cut", DATA, "--all", "--out", "pipe"],
        ["cut", DATA, "--recipe", "pipe", "--out=part.json"],
    ] {
        let (code, _, error) = run(&project, &arguments);
        let message = "error: pipe: could not be read\n  cause: not a regular file\n";
        assert_eq!((code, error.as_str()), (2, message));
    }
}

#[test]
fn braces_in_yaml_and_numbers_without_end_are_read() {
    let project = Project::new();
    for text in [
        "{openapi: 3.1.0, info: {title: a, version: '1'}, paths: {}}",
        "{\"openapi\": \"3.1.0\", \"x-large\": 1e999, \"paths\": {}}",
        "openapi: 3.1.0\npaths: {}\nx-odd: { ~: .inf }\n",
    ] {
        fs::write(project.path("a.yml"), text).unwrap();
        let (code, _, error) = run(&project, &["cut", "a.yml", "--all", "--out", "a.json"]);
        assert_eq!((code, error.as_str()), (0, ""), "{text}");
    }
}
