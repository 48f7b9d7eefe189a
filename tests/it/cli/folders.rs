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

#[test]
fn a_path_is_created_as_far_as_it_is_missing() {
    let live = Live::start();
    let brand = live.sandbox.add_folder("brand", None);
    // A younger folder of the same name is not the one.
    let _ = live.sandbox.add_folder("brand", None);
    let create = |args: &[&str]| {
        let output = run(live.command(&["folders", "create"]).args(args));
        assert_exit(&output, 0);
        output
    };
    let output = create(&["brand/2026/spring", "brand/2026/autumn"]);
    let folders = live.sandbox.folders();
    let path = |path: &[&str]| {
        path.iter().fold(None, |parent: Option<String>, name| {
            let mut below = folders.iter().filter(|f| f.parent_folder == parent);
            Some(below.find(|f| f.display_name == *name)?.id.clone())
        })
    };
    let spring = path(&["brand", "2026", "spring"]).expect("it is made");
    let autumn = path(&["brand", "2026", "autumn"]).expect("it is made");
    assert_eq!(
        text(&output.stdout),
        format!("{spring}\tbrand/2026/spring\n{autumn}\tbrand/2026/autumn\n")
    );
    assert_eq!(folders.len(), 6);
    let year = path(&["brand", "2026"]);
    let year = folders.iter().find(|f| Some(&f.id) == year.as_ref());
    assert_eq!(
        year.expect("it is made").parent_folder.as_deref(),
        Some(brand.id.as_str())
    );

    let again = json_lines(&create(&["/brand/2026/spring/", "new", "--json"]));
    assert_eq!(again[0]["id"], spring.as_str());
    assert_eq!(again[0]["created"], false);
    assert_eq!(again[1]["created"], true);
    assert_eq!(live.sandbox.folders().len(), 7);
}

#[test]
fn a_folder_is_named_by_its_path() {
    let live = Live::start();
    let brand = live.sandbox.add_folder("brand", None);
    let year = live.sandbox.add_folder("2026", Some(&brand.id));
    let output = run(&mut live.upload(&[HERO, "--folder", "brand/2026"]));
    assert_exit(&output, 0);
    let asset = &live.sandbox.assets()[0];
    assert_eq!(asset.parent_folder.as_ref(), Some(&year.id));
    let _ = live.sandbox.add_asset("elsewhere.txt", "elsewhere");

    for folder in ["brand", "brand/2026", &year.id] {
        let output = run(&mut live.command(&["list", "--folder", folder]));
        assert_exit(&output, 0);
        let stdout = text(&output.stdout);
        assert!(stdout.starts_with(&asset.id), "{stdout}");
        assert!(stdout.contains("\timage/png\tbrand/2026\t"), "{stdout}");
        assert_eq!(stdout.lines().count(), 1, "{stdout}");
    }

    for args in [["upload", HERO], ["list", "--json"]] {
        let mut command = live.command(&args);
        let output = run(command.args(["--folder", "brand/2027"]));
        assert_exit(&output, 1);
        assert_eq!(
            text(&output.stderr),
            "error: the site has no folder `brand/2027`; `webflow-assets folders create` creates it\n"
        );
    }
    assert_eq!(live.sandbox.assets().len(), 2);
}
