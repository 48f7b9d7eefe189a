//! What has not changed comes out as it is committed.

use std::{
    env, fs,
    io::{self, Write as _},
    path::Path,
};

use webflow_codegen::cut::{read, readme, recipe::Recipe};

use crate::project::{DESCRIPTION, FRAGMENT, PROVENANCE, Project, replaced, root};

#[test]
fn the_made_up_description_gives_the_committed_fragment() {
    let project = Project::new();
    let outcome = project.spec(DESCRIPTION, &["--check"]);
    assert_eq!(
        (outcome.code, outcome.error.as_str()),
        (0, ""),
        "{}",
        outcome.report
    );
    assert!(
        outcome.report.contains("\nNo drift.\n"),
        "{}",
        outcome.report
    );
}

/// Without `WEBFLOW_DESCRIPTION` there is nothing to test: the description is not
/// part of the project.
#[test]
fn webflows_own_description_gives_the_committed_fragment() {
    let variable = "WEBFLOW_DESCRIPTION";
    let Some(description) = env::var_os(variable) else {
        // Not captured, as what `println!` says would be.
        let _ = writeln!(
            io::stderr(),
            "skipped: {variable} is not set to the path of Webflow's description"
        );
        return;
    };
    let project = Project::new();
    let committed = project.read(FRAGMENT);
    let outcome = project.spec_file(Path::new(&description), &["--check"]);
    assert_eq!(
        (outcome.code, outcome.error.as_str()),
        (0, ""),
        "{}",
        outcome.report
    );
    assert!(!outcome.report.contains("\n## "), "{}", outcome.report);

    let outcome = project.spec_file(Path::new(&description), &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.error);
    assert_eq!(project.read(FRAGMENT), committed);
}

#[test]
fn a_second_run_changes_nothing_and_check_never_writes() {
    let project = Project::new();
    let files = |project: &Project| [FRAGMENT, PROVENANCE].map(|f| project.read(f));
    let committed = files(&project);
    let edited = replaced(
        DESCRIPTION,
        "altText: { type: string }",
        "altText: { type: integer }",
    );
    assert_eq!(project.spec(&edited, &["--check"]).code, 1);
    assert_eq!(files(&project), committed);

    assert_eq!(project.spec(&edited, &[]).code, 0);
    let first = files(&project);
    assert_ne!(first, committed);
    // Another day does not show: the description is the same.
    let dated = first[1].replace("\"regenerated\": \"2", "\"regenerated\": \"1");
    assert_ne!(dated, first[1]);
    fs::write(project.path(PROVENANCE), &dated).unwrap();
    let second = project.spec(&edited, &[]);
    assert!(second.report.contains("\nNo drift.\n"), "{}", second.report);
    assert_eq!(files(&project), [first[0].clone(), dated]);
    assert_eq!(project.spec(&edited, &["--check"]).code, 0);
}

#[test]
fn the_order_is_neither_that_of_the_description_nor_that_of_the_fragment() {
    let project = Project::new();
    let committed = project.read(FRAGMENT);
    // Sorted, as every key order goes.
    let sorted: std::collections::BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&committed).unwrap();
    fs::write(
        project.path(FRAGMENT),
        serde_json::to_string(&sorted).unwrap(),
    )
    .unwrap();
    let reordered = replaced(
        DESCRIPTION,
        "            altText: { type: [string, 'null'] }\n            folderId: { type: string, nullable: true }\n",
        "            folderId: { type: string, nullable: true }\n            altText: { type: [string, 'null'] }\n",
    );
    let outcome = project.spec(&reordered, &["--check"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.report.contains("No drift, but the fragment is not"),
        "{}",
        outcome.report
    );
    assert_eq!(project.spec(&reordered, &[]).code, 0);
    assert_eq!(project.read(FRAGMENT), committed);
}

#[test]
fn json_says_the_same_as_yaml() {
    let project = Project::new();
    let yaml = project.path("description.yml");
    fs::write(&yaml, DESCRIPTION).unwrap();
    let document = read::read(&yaml).unwrap().document;
    let outcome = project.spec(serde_json::to_string(&document).unwrap(), &["--check"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.report, outcome.error);
}

#[test]
fn the_provenance_names_the_file_and_not_where_it_was() {
    let project = Project::new();
    project.spec(DESCRIPTION, &[]);
    let provenance: serde_json::Value = serde_json::from_str(&project.read(PROVENANCE)).unwrap();
    assert_eq!(provenance["file"], "description.yml");
    assert_eq!(provenance["version"], "2.0.0");
    assert_eq!(provenance["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn the_report_goes_to_a_file_too() {
    let project = Project::new();
    let file = project.path("report.md");
    let outcome = project.spec(
        DESCRIPTION,
        &["--check", "--report", file.to_str().unwrap()],
    );
    assert_eq!(fs::read_to_string(file).unwrap(), outcome.report);
}

#[test]
fn the_page_beside_the_fragment_has_every_action_of_the_recipe() {
    let file = root().join("openapi/webflow-assets.yaml");
    let recipe = Recipe::read(&read::read(&file).unwrap()).unwrap();
    assert!(
        recipe
            .actions
            .iter()
            .all(|action| !action.description.is_empty())
    );
    let page = fs::read_to_string(root().join("openapi/README.md")).unwrap();
    let again = readme::with_table(&page, "webflow-assets.yaml", &recipe);
    assert_eq!(again.unwrap(), page);
}
