//! `folders`.

use super::*;

#[test]
fn folders_stand_below_their_parents() {
    let live = Live::of(Sandbox::builder().folders_per_page(2));
    let img = live.sandbox.add_folder("img", None);
    let heroes = live.sandbox.add_folder("two\nlines", Some(&img.id));
    let docs = live.sandbox.add_folder("docs", None);
    let output = run(&mut live.command(&["folders"]));
    assert_exit(&output, 0);
    let first = live.sandbox.folder_id();
    assert_eq!(
        text(&output.stdout),
        format!(
            "{first}\tFolder\n{}\tdocs\n{}\timg\n{}\t  two\\nlines\n",
            docs.id, img.id, heroes.id
        )
    );

    let output = run(&mut live.command(&["folders", "--json"]));
    assert_exit(&output, 0);
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 4);
    let nested = lines
        .iter()
        .find(|folder| folder["id"] == heroes.id.as_str());
    let nested = nested.expect("the folder");
    assert_eq!(nested["display_name"], "two\nlines");
    assert_eq!(nested["parent_folder"], img.id.as_str());
    assert!(nested["created_on"].is_string() && nested["last_updated"].is_string());
    assert_eq!(nested.as_object().expect("an object").len(), 5, "{nested}");
}
