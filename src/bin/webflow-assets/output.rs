//! What the command says: results on stdout, everything else on stderr.

use std::{
    error::Error,
    fmt::Write as _,
    io::{self, Write},
};

use serde::Serialize;

use crate::Exit;

const SIGPIPE: u8 = 13;

/// Prints a result.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

/// Prints a result for machines.
pub(crate) fn json_line(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// Prints an error and its causes, a line each.
pub(crate) fn error(text: &str, causes: &[String]) {
    let label = console::style("error:").for_stderr().red().bold();
    let mut lines = format!("{label} {}", escape(text));
    for cause in causes {
        // Writing to a string does not fail.
        let _ = write!(lines, "\n  caused by: {}", escape(cause));
    }
    raw(&lines);
}

/// Ends a sub-command that cannot begin.
pub(crate) fn fail(failure: &dyn Error) -> Exit {
    error(&failure.to_string(), &causes(failure));
    Exit::Failure
}

/// Asks a question on a terminal. Anything but a yes is a no.
pub(crate) fn ask(question: &str) -> io::Result<bool> {
    let mut stderr = io::stderr().lock();
    write!(stderr, "{} [y/N] ", escape(question))?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}

/// Prints a line for people.
pub(crate) fn say(text: &str) {
    raw(&escape(text));
}

/// Prints lines for people, which have nothing in them that others could have put there.
pub(crate) fn block(lines: &str) {
    raw(lines);
}

/// Where stderr is closed, nobody listens, which is no reason to stop.
fn raw(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Ends the command after a result that cannot be printed.
pub(crate) fn unwritable(failure: &io::Error) -> Exit {
    if failure.kind() == io::ErrorKind::BrokenPipe {
        // The reader has what it wanted: `| head -1`.
        return Exit::Signal(SIGPIPE);
    }
    error("the result cannot be written", &[failure.to_string()]);
    Exit::Failure
}

/// The causes of an error, each unless the line above says it already.
pub(crate) fn causes(error: &dyn Error) -> Vec<String> {
    let mut above = error.to_string();
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        if !above.contains(&text) {
            causes.push(text.clone());
            above = text;
        }
        next = error.source();
    }
    causes
}

/// A text without what would break its line or rearrange it on a terminal. A file name can hold
/// all of that.
pub(crate) fn escape(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut safe, c| {
            match c {
                '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    safe.extend(c.escape_unicode());
                }
                c if c.is_control() => safe.extend(c.escape_default()),
                c => safe.push(c),
            }
            safe
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_a_line_is_escaped_and_letters_are_not() {
        assert_eq!(
            escape("a\nb\r\t\u{1b}[31m \u{85}\u{202e}gnp."),
            r"a\nb\r\t\u{1b}[31m \u{85}\u{202e}gnp."
        );
        assert_eq!(escape(r#"Ærø "ship" \ 船.png"#), r#"Ærø "ship" \ 船.png"#);
    }

    #[test]
    fn a_cause_that_the_line_above_says_is_left_out() {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Layer(&'static str, #[source] Option<Box<Layer>>);

        let chain = Layer("refused by peer", None);
        let chain = Layer("it broke: refused by peer", Some(Box::new(chain)));
        let chain = Layer("no answer", Some(Box::new(chain)));
        assert_eq!(causes(&chain), ["it broke: refused by peer"]);
    }
}
