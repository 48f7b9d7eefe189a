//! Webflow's documented limits on files, and files that should not be published.

use std::fmt;

const MIB: u64 = 1024 * 1024;

/// The largest file that Webflow signs a form for, in bytes: 30 MiB.
pub const MAX_LEN: u64 = 30 * MIB;

/// The types that Webflow documents, with the limit of each: it writes MB, and its other figures
/// are binary.
const TYPES: [(&str, u64, &[&str]); 3] = [
    (
        "images",
        4 * MIB,
        &["png", "jpg", "jpeg", "gif", "svg", "webp", "avif"],
    ),
    (
        "documents",
        10 * MIB,
        &[
            "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "csv", "odt", "ods", "odp",
        ],
    ),
    ("Lottie animations", 10 * MIB, &["json", "lottie"]),
];

/// A warning about a file that can still be uploaded.
///
/// ```
/// use webflow_assets::FileWarning;
///
/// let warnings = FileWarning::of("hero.png", 5 * 1024 * 1024);
/// assert_eq!(warnings[0].to_string(), "it has 5.0 MiB, and Webflow documents 4 MB for images");
/// assert_eq!(FileWarning::of("hero.png", 4 * 1024 * 1024), []);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileWarning {
    /// The file is empty.
    Empty,
    /// The file is larger than Webflow documents for its type.
    Large {
        /// The type, in the plural.
        files: &'static str,
        /// The length in bytes.
        len: u64,
        /// The documented limit in bytes.
        limit: u64,
    },
    /// Webflow's documentation does not list this extension.
    Type {
        /// The extension, in lower case; `None` for a name without one.
        extension: Option<String>,
    },
}

impl FileWarning {
    /// The warnings about a file with this name and length.
    #[must_use]
    pub fn of(file_name: &str, len: u64) -> Vec<Self> {
        let mut warnings = Vec::new();
        if len == 0 {
            warnings.push(Self::Empty);
        }
        let extension = file_name.rsplit_once('.').map(|(_, extension)| extension);
        let extension = extension.map(str::to_ascii_lowercase);
        let documented = TYPES.iter().find(|(.., extensions)| {
            let extension = extension.as_deref();
            extension.is_some_and(|extension| extensions.contains(&extension))
        });
        match documented {
            None => warnings.push(Self::Type { extension }),
            Some(&(files, limit, _)) if len > limit => {
                warnings.push(Self::Large { files, len, limit });
            }
            Some(_) => {}
        }
        warnings
    }
}

impl fmt::Display for FileWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::Large { files, len, limit } => {
                // Of a length in MiB, a tenth is enough.
                let tenths = len * 10 / MIB;
                write!(
                    f,
                    "it has {}.{} MiB, and Webflow documents {} MB for {files}",
                    tenths / 10,
                    tenths % 10,
                    limit / MIB
                )
            }
            Self::Type {
                extension: Some(extension),
            } => write!(f, "Webflow documents no files of type `.{extension}`"),
            Self::Type { extension: None } => {
                f.write_str("its name has no extension, which tells Webflow its type")
            }
        }
    }
}

/// Git LFS pointers have fewer bytes than this.
pub(crate) const LFS_POINTERS: usize = 1024;

/// Whether content is a Git LFS pointer: the line of text that stands in for a file which was not
/// fetched.
pub(crate) fn is_lfs_pointer(content: &[u8]) -> bool {
    content.len() < LFS_POINTERS && content.starts_with(b"version https://git-lfs.github.com/spec/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_by_its_extension_in_either_case() {
        assert_eq!(FileWarning::of("A.JPG", 1), []);
        assert_eq!(FileWarning::of("a.lottie", 10 * MIB), []);
        for (name, says) in [
            ("a.psd", "Webflow documents no files of type `.psd`"),
            (
                "a",
                "its name has no extension, which tells Webflow its type",
            ),
        ] {
            let warnings = FileWarning::of(name, 1);
            assert_eq!(warnings.len(), 1);
            assert_eq!(warnings[0].to_string(), says);
        }
    }

    #[test]
    fn an_empty_file_and_a_large_one_are_warned_about() {
        assert_eq!(FileWarning::of("a.png", 0), [FileWarning::Empty]);
        let large = FileWarning::of("a.pdf", 10 * MIB + 1);
        assert_eq!(
            large[0].to_string(),
            "it has 10.0 MiB, and Webflow documents 10 MB for documents"
        );
    }
}
