//! Reads text files that the command line names. A device among them may have no end.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// How many bytes such a file may have.
const LIMIT: u64 = 64 * 1024 * 1024;

/// Reads a file; `-` is the file of that name.
pub(crate) fn read(file: &Path) -> io::Result<String> {
    read_from(File::open(file)?)
}

/// Reads a text, without the byte order mark that an editor or spreadsheet may put first.
pub(crate) fn read_from(reader: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    reader.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        let kind = io::ErrorKind::FileTooLarge;
        return Err(io::Error::new(kind, "it has more than 64 MiB"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))?;
    match text.strip_prefix('\u{feff}') {
        Some(text) => Ok(text.to_owned()),
        None => Ok(text),
    }
}
