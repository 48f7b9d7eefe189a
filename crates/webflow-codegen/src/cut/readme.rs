//! The table of a recipe's actions, for the page that describes the fragment.

use std::fmt::Write as _;

use crate::cut::recipe::Recipe;

/// Puts the table of a recipe between its marks in a page, if the page has them:
/// `<!-- actions of sites.yaml -->` and `<!-- end -->`.
#[must_use]
pub fn with_table(page: &str, recipe_name: &str, recipe: &Recipe) -> Option<String> {
    let mark = format!("<!-- actions of {recipe_name} -->\n");
    let start = page.find(&mark)? + mark.len();
    let end = start + page[start..].find("<!-- end -->")?;
    let mut table = String::from("\n| where | what and why |\n|---|---|\n");
    for action in &recipe.actions {
        // Writing to a string does not fail.
        let _ = writeln!(
            table,
            "| `{}` | {} |",
            action.target.replace('|', "\\|"),
            action.description.trim().replace('|', "\\|")
        );
    }
    table.push('\n');
    Some(format!("{}{table}{}", &page[..start], &page[end..]))
}
