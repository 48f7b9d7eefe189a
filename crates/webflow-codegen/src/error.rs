//! What went wrong, and where.

use std::fmt::{self, Write as _};

/// An error with the place that it is about: a file with line and column, or a JSON pointer.
#[derive(Debug)]
pub struct Error {
    place: String,
    message: String,
    is_in_file: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of every step.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error at `place`: one line in lower case that says what to do next, where it can.
    pub fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
            is_in_file: false,
            source: None,
        }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// What went wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Puts the name of the file before a place that is a JSON pointer.
    #[must_use]
    pub fn within(mut self, file: &str) -> Self {
        let is_pointer = self.place.is_empty() || self.place.starts_with('/');
        if is_pointer && !self.is_in_file {
            self.place = format!("{file}#{}", self.place);
            self.is_in_file = true;
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Short(&self.place), Short(&self.message))
    }
}

/// Text that may come from the description: without control characters, and of bounded length.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LENGTH: usize = 300;
        for letter in self.0.chars().take(LENGTH) {
            f.write_char(if letter.is_control() { ' ' } else { letter })?;
        }
        match self.0.char_indices().nth(LENGTH) {
            Some(_) => f.write_char('…'),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
