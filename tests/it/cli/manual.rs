//! `completions` and `man`.

use super::*;

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&mut command(&["completions", shell]));
        assert_exit(&output, 0);
        let script = text(&output.stdout);
        assert!(script.contains("webflow-assets"), "{shell}");
        assert!(script.contains("token-file"), "{shell}");
    }
}

#[test]
fn the_manual_has_a_page_for_each_sub_command() {
    let dir = scratch("manual").join("man1");
    let output = run(&mut command(&["man", "--dir", path_text(&dir)]));
    assert_exit(&output, 0);
    assert_eq!(text(&output.stdout), "");
    let help = run(&mut command(&["--help"]));
    let help = text(&help.stdout);
    let commands = help.split("Commands:\n").nth(1).expect("sub-commands");
    let mut pages = vec!["webflow-assets.1".to_owned()];
    pages.extend(
        commands
            .lines()
            .take_while(|line| !line.is_empty())
            .map(|line| line.split_whitespace().next().expect("a name"))
            .filter(|name| *name != "help")
            .map(|name| format!("webflow-assets-{name}.1")),
    );
    let folders = pages
        .iter()
        .position(|page| page == "webflow-assets-folders.1");
    let below = folders.expect("a page") + 1;
    pages.insert(below, "webflow-assets-folders-create.1".to_owned());
    let mut printed = Vec::new();
    for page in &pages {
        let text = fs::read(dir.join(page)).expect("the page is there");
        assert!(text.starts_with(b".ie"), "{page}");
        printed.extend(text);
    }
    assert_eq!(
        fs::read_dir(&dir).expect("a directory").count(),
        pages.len()
    );
    let upload = fs::read_to_string(dir.join("webflow-assets-upload.1")).expect("a page");
    assert!(upload.contains("webflow\\-assets upload") && upload.contains("\\-\\-alt\\-text"));

    let output = run(&mut command(&["man"]));
    assert_exit(&output, 0);
    assert!(
        output.stdout == printed,
        "the pages differ from those in files"
    );
}

#[test]
fn a_manual_that_cannot_be_written_is_an_error() {
    let output = run(&mut command(&["man", "--dir", HERO]));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with(&format!("error: {HERO}: the manual cannot be written\n")));
}
