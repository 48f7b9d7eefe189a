//! Warnings about the files that a plan uploads, before any of them is sent.

use webflow_assets::{FileWarning, sync::Plan};

use crate::command::{
    output,
    texts::{Texts, no_file},
};

/// How many files are named.
const NAMED: usize = 20;

/// Says of files that are gone why their assets are not deleted.
pub(super) fn say_what_stays(plan: &Plan) {
    let mut stays = plan.stays();
    for (path, why) in stays.by_ref().take(NAMED) {
        output::say(&format!("{path}: its asset is not deleted, as {why}"));
    }
    match stays.count() {
        0 => {}
        left => output::say(&format!("{left} more whose assets are not deleted")),
    }
}

/// Prints what Webflow may refuse, and for what texts there is no file, as warnings or as errors.
/// Returns whether there is anything.
pub(super) fn warn(plan: &Plan, texts: Option<&Texts>, strict: bool, quiet: bool) -> bool {
    let print = |text: &str| {
        if strict {
            output::error(text, &[]);
        } else if !quiet {
            output::warning(text);
        }
    };
    let files = plan.files().iter();
    let unmatched = texts.map(|texts| {
        let paths = files.clone();
        texts.unmatched(paths.map(|file| plan.dir().join(&file.path)))
    });
    let unmatched = unmatched.unwrap_or_default();
    let mut found = files
        .filter(|file| file.action.is_upload())
        .flat_map(|file| {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            let warnings = FileWarning::of(name, file.size).into_iter();
            warnings.map(|warning| format!("{}: {warning}", file.path))
        })
        .chain(unmatched.into_iter().map(no_file));
    let mut any = false;
    for text in found.by_ref().take(NAMED) {
        any = true;
        print(&text);
    }
    match found.count() {
        0 => {}
        left => print(&format!("{left} more of this kind")),
    }
    any
}
