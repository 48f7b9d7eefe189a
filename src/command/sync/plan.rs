//! Prints a plan: its totals, its files and its deletions.

use std::io;

use serde::Serialize;
use webflow_assets::sync::{Action, Held, Plan, Planned};

use crate::command::{
    output,
    progress::size,
    table::{Column, Table},
};

const ACTIONS: [Action; 6] = [
    Action::New,
    Action::Changed,
    Action::Missing,
    Action::Unchanged,
    Action::Gone,
    Action::Delete,
];

const COLUMNS: [Column; 3] = [
    Column::left("ACTION", Some(9)),
    Column::right("SIZE", Some(10)),
    Column::left("PATH", None),
];

/// A line for each kind of action that a file has.
pub(super) fn table(plan: &Plan) -> String {
    let mut rows: Vec<Row> = ACTIONS
        .into_iter()
        .map(|action| Row::of(action, plan.files()))
        .collect();
    let replaced = plan.replaced().count();
    rows.push(Row {
        what: "replaced",
        files: replaced,
        bytes: None,
        requests: replaced,
    });
    format_rows(&rows)
}

struct Row {
    what: &'static str,
    files: usize,
    /// `None` for assets of earlier content, whose size is unknown.
    bytes: Option<u64>,
    /// To Webflow, which limits them: one to create, or one to delete.
    requests: usize,
}

impl Row {
    fn of(action: Action, files: &[Planned]) -> Self {
        let of_action = || files.iter().filter(|file| file.action == action);
        let count = of_action().count();
        let costs = action.is_upload() || action == Action::Delete;
        Self {
            what: action.as_str(),
            files: count,
            bytes: Some(of_action().map(|file| file.size).sum()),
            requests: if costs { count } else { 0 },
        }
    }
}

fn format_rows(rows: &[Row]) -> String {
    let mut lines = vec![format!(
        "{:<9}  {:>7}  {:>10}  {:>8}",
        "", "FILES", "SIZE", "REQUESTS"
    )];
    let rows = rows.iter().filter(|row| row.files > 0);
    lines.extend(rows.map(|row| {
        format!(
            "{:<9}  {:>7}  {:>10}  {:>8}",
            row.what,
            row.files,
            row.bytes.map_or_else(|| "-".to_owned(), size),
            row.requests,
        )
    }));
    lines.join("\n")
}

#[derive(Serialize)]
struct PlannedLine<'a> {
    event: &'static str,
    action: &'a str,
    path: &'a str,
    size: Option<u64>,
}

/// Prints what would be done to each path.
pub(super) fn list(plan: &Plan, json: bool) -> io::Result<()> {
    let files = plan.files().iter();
    let files = files.map(|file| (file.action.as_str(), file.path.as_str(), Some(file.size)));
    let replaced = plan.replaced().map(|(path, _)| ("replaced", path, None));
    let mut table = Table::new(&COLUMNS);
    for (action, path, bytes) in files.chain(replaced) {
        if json {
            output::json_line(&PlannedLine {
                event: "planned",
                action,
                path,
                size: bytes,
            })?;
        } else {
            let bytes = match bytes {
                Some(bytes) if table.is_read() => size(bytes),
                Some(bytes) => bytes.to_string(),
                None => String::new(),
            };
            table.row(&[action, &bytes, path])?;
        }
    }
    Ok(())
}

/// The question before `--delete` deletes anything; `None` if there is nothing to delete.
pub(super) fn question(plan: &Plan) -> Option<String> {
    let replaced = plan.replaced().count();
    ask(plan.deletions().count() - replaced, replaced)
}

/// Why nothing is deleted, and what to do about it.
pub(super) fn remedy(held: &Held) -> String {
    match held {
        Held::TooMany { .. } => format!("{held}; pass --max-delete to allow more"),
        held => held.to_string(),
    }
}

fn ask(gone: usize, changed: usize) -> Option<String> {
    let files = |n: usize| match n {
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    };
    let gone = (gone > 0).then(|| format!("what was uploaded for {} now gone", files(gone)));
    let changed =
        (changed > 0).then(|| format!("the earlier content of {} now changed", files(changed)));
    let what: Vec<String> = gone.into_iter().chain(changed).collect();
    (!what.is_empty()).then(|| format!("Delete from the site {}?", what.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_a_line_for_each_action_that_it_has() {
        let row = |what, files, bytes, requests| Row {
            what,
            files,
            bytes,
            requests,
        };
        let rows = [
            row("new", 12, Some(3_565_158), 12),
            row("changed", 0, Some(0), 0),
            row("unchanged", 2000, Some(125_829_120), 0),
            row("replaced", 3, None, 3),
        ];
        assert_eq!(
            format_rows(&rows),
            "\
             \u{20}            FILES        SIZE  REQUESTS\n\
             new             12    3.40 MiB        12\n\
             unchanged     2000  120.00 MiB         0\n\
             replaced         3           -         3"
        );
    }

    #[test]
    fn what_would_be_deleted_is_asked_about() {
        assert_eq!(ask(0, 0), None);
        let asked = |gone, changed| ask(gone, changed).expect("a question");
        assert_eq!(
            asked(1, 0),
            "Delete from the site what was uploaded for 1 file now gone?"
        );
        assert_eq!(
            asked(3, 2),
            "Delete from the site what was uploaded for 3 files now gone and the earlier content \
             of 2 files now changed?"
        );
    }
}
