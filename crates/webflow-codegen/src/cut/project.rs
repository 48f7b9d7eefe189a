//! A fragment in a project: the files beside it, and what has changed in it.

use std::path::{Path, PathBuf};

use semver::Version;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    cut::{
        Fragment, Plan, cut, diff, facts::facts, file, lock::Lock, order, provenance::Provenance,
        read, readme, recipe::Recipe, report::Report, select::Selection, share, version, words,
    },
    error::{Error, Result},
};

/// This project's fragment, from its root. Its recipe, names and provenance stand beside it.
pub const FRAGMENT: &str = "openapi/webflow-assets.json";

/// What to make and where.
#[derive(Clone, Debug)]
pub struct Job {
    /// The description.
    pub description: PathBuf,
    /// The recipe.
    pub recipe: Option<PathBuf>,
    /// Which operations.
    pub selection: Selection,
    /// Whether the description's words are taken over; the fragment's own are kept otherwise.
    pub words: bool,
    /// The packages whose types are used where schemas are equal.
    pub share: Vec<String>,
    /// The fragment.
    pub out: PathBuf,
    /// Whether nothing is written.
    pub check: bool,
}

impl Job {
    /// Makes this project's fragment at `root` from `description`.
    #[must_use]
    pub fn of_project(root: &Path, description: &Path, check: bool) -> Self {
        let out = root.join(FRAGMENT);
        Self {
            description: description.to_owned(),
            recipe: Some(out.with_extension("yaml")),
            selection: Selection::Recipe,
            words: false,
            share: Vec::new(),
            out,
            check,
        }
    }

    /// The files that are read, and those that are written.
    #[must_use]
    pub fn files(&self) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let mut inputs = vec![self.description.clone()];
        let mut outputs = vec![self.out.clone()];
        if let Some(recipe) = &self.recipe {
            inputs.push(recipe.clone());
            outputs.push(self.names());
            outputs.push(self.provenance());
        }
        (inputs, outputs)
    }

    fn names(&self) -> PathBuf {
        self.out.with_extension("names.json")
    }

    fn provenance(&self) -> PathBuf {
        self.out.with_file_name("provenance.json")
    }

    /// The fragment as it is, and its text: none if that is empty or damaged. A file that is no
    /// fragment at all is an error, and not overwritten.
    fn committed(&self) -> Result<Option<(String, Value)>> {
        let Some(text) = file::text(&self.out)? else {
            return Ok(None);
        };
        match parse(&self.out, &text) {
            Ok(value) => Ok(Some((text, value))),
            Err(_) if text.trim().is_empty() || text.starts_with('{') => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn share_types(&self, fragment: &mut Fragment) -> Result<()> {
        for package in &self.share {
            let theirs = share::fragment_of(package)?;
            let shared = share::share(&mut fragment.document, &theirs);
            let names = Vec::from_iter(shared).join(", ");
            fragment.notes.push(format!("types of {package}: {names}"));
        }
        Ok(())
    }

    /// Makes the fragment, and writes it with its names and its provenance unless `check` is
    /// set.
    ///
    /// # Errors
    ///
    /// With file and place, if the description or the recipe is not what it should be, or a file
    /// cannot be read or written.
    pub fn run(&self) -> Result<Report> {
        let recipe = match &self.recipe {
            Some(path) => Recipe::read(&read::read(path)?)?,
            None => Recipe::default(),
        };
        let version = match recipe.settings.owner {
            Some(_) => Some(version::of_crate(&self.out)?),
            None => None,
        };
        let names = self.names();
        let lock: Lock = read_json(&names)?.unwrap_or_default();
        let committed = self.committed()?;
        let is_damaged = committed.is_none() && self.out.exists();
        let input = read::read(&self.description)?;
        let plan = Plan {
            selection: self.selection.clone(),
            recipe,
            lock,
            words: self.words,
            crate_version: version.clone(),
        };
        let recipe_name = self.recipe.as_deref().map(name_of).unwrap_or_default();
        let recipe_path = self.recipe.as_deref().map(Path::display);
        let recipe_path = recipe_path.map(|path| path.to_string()).unwrap_or_default();
        let mut fragment = cut(&input, &plan).map_err(|e| e.within(&recipe_path))?;
        self.share_types(&mut fragment)?;
        let nothing = json!({});
        let old = committed.as_ref().map_or(&nothing, |(_, value)| value);
        order::order(&mut fragment.document, &plan.recipe.settings);
        let missing_words = if self.words {
            words::fill(&mut fragment.document);
            Vec::new()
        } else {
            words::carry_over(&mut fragment.document, old)
        };
        order::order(&mut fragment.document, &plan.recipe.settings);
        let new_text = pretty(&fragment.document);
        let page = self.out.with_file_name("README.md");
        let old_page = file::text(&page)?.unwrap_or_default();
        let new_page = readme::with_table(&old_page, &recipe_name, &plan.recipe);
        let new_page = new_page.filter(|new| *new != old_page);
        let known = facts(&fragment.document);
        let is_missing = |need: &&String| !known.keys().any(|(_, place)| place == *need);
        let settings = &plan.recipe.settings;
        if let Some(required) = settings.requires.iter().find(is_missing) {
            let message = format!("has no `{required}`, which {recipe_name} requires");
            return Err(Error::new(&input.path, message));
        }
        let needed = settings.needs.iter().filter(is_missing);
        let mut notes = plan.lock.renamed(&fragment.lock);
        if is_damaged {
            let out = self.out.display();
            notes.push(format!(
                "`{out}` is empty or damaged; the new one has none of its words"
            ));
        }
        notes.extend(fragment.notes);
        let is_recipe = self.recipe.is_some();
        let mut differences = match &committed {
            Some((_, old)) => diff::diff(old, &fragment.document),
            None => Vec::new(),
        };
        differences.extend(plan.lock.overridden(&fragment.lock));
        let report = Report {
            file: input.name.clone(),
            version: text_at(&fragment.document, "/info/version"),
            sha256: input.sha256.clone(),
            crate_version: version,
            operations: known
                .keys()
                .filter(|(kind, _)| *kind == crate::cut::facts::Kind::Operation)
                .count(),
            needed: needed.cloned().collect(),
            missing: fragment.missing,
            differs: !differences.is_empty()
                || new_page.is_some()
                || committed.as_ref().is_none_or(|(text, _)| *text != new_text),
            differences,
            missing_words: if is_recipe { missing_words } else { Vec::new() },
            notes,
        };
        if !self.check {
            file::write(&self.out, &new_text)?;
            if let Some(text) = new_page {
                file::write(&page, &text)?;
            }
            if is_recipe {
                file::write(&names, &pretty(&plan.lock.with(fragment.lock)))?;
                let place = self.provenance();
                let old = read_json(&place)?;
                let provenance = Provenance::of(&input, &report.version, old);
                file::write(&place, &pretty(&provenance))?;
            }
        }
        Ok(report)
    }
}

/// What has changed between two descriptions, in the operations of a recipe or in all.
///
/// # Errors
///
/// With file and place, if a file cannot be read or is not what it should be.
pub fn compare(old: &Path, new: &Path, recipe: Option<&Path>) -> Result<Report> {
    let mut plan = Plan::of(Selection::All);
    if let Some(recipe) = recipe {
        plan.recipe = Recipe::read(&read::read(recipe)?)?;
        plan.selection = Selection::Recipe;
    }
    let cut = |input: &read::Input, plan: &Plan| {
        let of_recipe = recipe.unwrap_or(Path::new("")).display().to_string();
        let mut fragment = cut(input, plan).map_err(|e| e.within(&of_recipe))?;
        order::order(&mut fragment.document, &plan.recipe.settings);
        Ok(fragment)
    };
    let before = cut(&read::read(old)?, &plan)?;
    // Equal parts get equal names.
    plan.lock = before.lock;
    let input = read::read(new)?;
    let after = cut(&input, &plan)?;
    let mut differences = diff::diff(&before.document, &after.document);
    differences.extend(plan.lock.overridden(&after.lock));
    // Only what is new.
    let without = |new: Vec<String>, old: &[String]| {
        let new = new.into_iter().filter(|text| !old.contains(text));
        new.collect::<Vec<_>>()
    };
    Ok(Report {
        file: input.name,
        version: text_at(&after.document, "/info/version"),
        sha256: input.sha256,
        crate_version: None::<Version>,
        operations: after.lock.operations.len(),
        needed: Vec::new(),
        missing: without(after.missing, &before.missing),
        differs: !differences.is_empty(),
        differences,
        missing_words: Vec::new(),
        notes: without(after.notes, &before.notes),
    })
}

fn text_at(document: &Value, pointer: &str) -> String {
    let text = document.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    file::text(path)?.map(|text| parse(path, &text)).transpose()
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| {
        let place = format!("{}:{}:{}", path.display(), e.line(), e.column());
        Error::new(place, "not what this tool writes; restore or remove it").because(e)
    })
}

fn pretty(value: &impl Serialize) -> String {
    // Neither a value nor a struct of strings has a key that is no string.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
