//! Which files to upload: those of the command line, and those of a list.

use std::{
    io, mem,
    path::{Path, PathBuf},
};

use clap::error::ErrorKind;

use crate::command::{
    args::{self, UploadArgs},
    input, output,
};

/// Takes the files out of the arguments and reads their list, if there is one. A list that cannot
/// be read ends the process.
pub(super) fn all(args: &mut UploadArgs) -> Vec<PathBuf> {
    let mut files = mem::take(&mut args.files);
    let Some(list) = &args.files_from else {
        return files;
    };
    let text = if is_stdin(list) {
        input::read_from(io::stdin())
    } else {
        input::read(list)
    };
    match text {
        Ok(text) => {
            let lines = text.lines().filter(|line| !line.is_empty());
            files.extend(lines.map(PathBuf::from));
            files
        }
        Err(error) => {
            let list = output::escape(&list.to_string_lossy());
            let message = format!("--files-from {list} cannot be read: {error}");
            args::usage("upload", ErrorKind::Io, &message)
        }
    }
}

/// Whether a FILE is the standard input.
pub(super) fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Whether a FILE has to be read to know anything about it.
pub(super) fn is_fetched(file: &Path) -> bool {
    is_stdin(file) || url(file).is_some()
}

/// The URL that a FILE is, if it is one. One of another scheme than `https` is not taken for a path:
/// it may be mistyped, and its query secret.
pub(super) fn url(file: &Path) -> Option<&str> {
    let text = file.to_str()?;
    let (scheme, _) = text.split_once("://")?;
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    (scheme.len() > 1 && scheme.chars().all(is_scheme)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_url_is_one() {
        for text in [
            "http://example.com/a.png",
            "HTTPS://example.com",
            "ftp://example.com/a.png",
        ] {
            assert_eq!(url(Path::new(text)), Some(text));
        }
        for text in ["https:/a.png", "./https://a.png", "https", "://a.png"] {
            assert_eq!(url(Path::new(text)), None, "{text}");
        }
    }
}
