//! A directory of files that changes at random.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use fastrand::Rng;

/// The contents that files have: fewer than files, so that many are equal.
pub(crate) type Contents = Arc<[Vec<u8>]>;

/// As many contents, no two of them equal.
pub(crate) fn contents(random: &mut Rng, count: usize) -> Contents {
    (0..count)
        .map(|n| {
            let size = if random.u8(..8) == 0 { 60_000 } else { 3_000 };
            let noise = std::iter::repeat_with(|| random.alphanumeric() as u8);
            let mut content = format!("{n} ").into_bytes();
            let more = fastrand::Rng::with_seed(n as u64).usize(1..size);
            content.extend(noise.take(more));
            content
        })
        .collect()
}

/// A directory, and what it should hold: for each path the number of its content.
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    contents: Contents,
    files: BTreeMap<String, usize>,
    past: Vec<BTreeMap<String, usize>>,
}

const DIRS: [&str; 6] = ["", "a/", "a/b/", "c d/", "sub/", "sub/é/"];

impl Tree {
    pub(crate) fn new(root: PathBuf, contents: Contents) -> io::Result<Self> {
        fs::create_dir_all(&root)?;
        Ok(Self {
            root,
            contents,
            files: BTreeMap::new(),
            past: Vec::new(),
        })
    }

    /// The bytes of each file under `prefix`, by its path from there.
    pub(crate) fn files(&self, prefix: &str) -> BTreeMap<String, &[u8]> {
        let files = self.files.iter();
        let below = files.filter_map(|(path, content)| Some((path.strip_prefix(prefix)?, content)));
        below
            .map(|(path, content)| (path.to_owned(), self.contents[*content].as_slice()))
            .collect()
    }

    /// The paths of some of the files.
    pub(crate) fn some(&self, random: &mut Rng) -> Vec<PathBuf> {
        let count = random.usize(1..4);
        let paths = random.choose_multiple(self.files.keys(), count);
        paths.into_iter().map(|path| self.root.join(path)).collect()
    }

    /// Makes up to `changes` changes: new files, other contents, moves, deletions, and back to an earlier state.
    pub(crate) fn change(&mut self, random: &mut Rng, changes: usize) -> io::Result<()> {
        self.past.push(self.files.clone());
        for _ in 0..changes {
            let known = (!self.files.is_empty()).then(|| random.usize(..self.files.len()));
            let known = known.and_then(|n| self.files.keys().nth(n).cloned());
            let path = format!(
                "{}f{}.txt",
                DIRS[random.usize(..DIRS.len())],
                random.u8(..30)
            );
            let content = random.usize(..self.contents.len());
            match (random.u8(..12), known) {
                (0..3, _) | (_, None) => self.write(&path, content)?,
                (3..6, Some(known)) => self.write(&known, content)?,
                (6..9, Some(known)) => self.rename(&known, &path)?,
                (9..11, Some(known)) => self.remove(&known)?,
                (_, Some(_)) => {
                    let earlier = self.past[random.usize(..self.past.len())].clone();
                    self.revert(&earlier)?;
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, path: &str, content: usize) -> io::Result<()> {
        let file = self.root.join(path);
        fs::create_dir_all(file.parent().unwrap_or(&self.root))?;
        fs::write(file, &self.contents[content])?;
        self.files.insert(path.to_owned(), content);
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let file = self.root.join(to);
        fs::create_dir_all(file.parent().unwrap_or(&self.root))?;
        fs::rename(self.root.join(from), file)?;
        if let Some(content) = self.files.remove(from) {
            self.files.insert(to.to_owned(), content);
        }
        Ok(())
    }

    fn remove(&mut self, path: &str) -> io::Result<()> {
        fs::remove_file(self.root.join(path))?;
        self.files.remove(path);
        Ok(())
    }

    fn revert(&mut self, earlier: &BTreeMap<String, usize>) -> io::Result<()> {
        for path in self.files.keys().cloned().collect::<Vec<_>>() {
            if !earlier.contains_key(&path) {
                self.remove(&path)?;
            }
        }
        for (path, content) in earlier {
            if self.files.get(path) != Some(content) {
                self.write(path, *content)?;
            }
        }
        Ok(())
    }
}

/// The lock file of a directory, if it has one.
pub(crate) fn lock_file(root: &Path) -> Option<Vec<u8>> {
    fs::read(root.join("webflow-assets.lock")).ok()
}
