//! What the command prints: results on stdout, everything else on stderr.

use std::{
    borrow::Cow,
    env,
    error::Error,
    fmt::Write as _,
    io::{self, IsTerminal, Write},
    iter,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use console::Term;
use serde::Serialize;

use crate::{
    api::token::{TOKEN_VARIABLE, Token},
    command::Exit,
    redact::Secrets,
};

const SIGPIPE: u8 = 13;

/// Whether a result could not be printed.
static LOST: AtomicBool = AtomicBool::new(false);

/// The token, which may also have been given as something that is quoted.
static TOKEN: OnceLock<Secrets> = OnceLock::new();

/// Keeps a token out of all that is printed from now on.
pub(crate) fn hide(token: &Token) {
    // The first stays: a command has one.
    let _ = TOKEN.set(token.secrets());
}

/// A text without the token, which is that of the environment if none has been read yet.
pub(crate) fn redacted(text: &str) -> Cow<'_, str> {
    let of_environment = || Secrets::new(env::var(TOKEN_VARIABLE).iter().map(|token| token.trim()));
    TOKEN.get_or_init(of_environment).redact(text)
}

/// Prints a result. Fails if its reader is gone, who needs no more. Any other failure, such as a full
/// disk, is reported once and no reason to stop: the work may matter more than its record.
pub(crate) fn line(text: &str) -> io::Result<()> {
    match needed_line(&redacted(text)) {
        Err(failure) if failure.kind() != io::ErrorKind::BrokenPipe => {
            if !LOST.swap(true, Ordering::Relaxed) {
                unwritable(&failure);
            }
            Ok(())
        }
        result => result,
    }
}

/// Prints a result without which there is no use in going on.
pub(crate) fn needed_line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

/// Whether a result could not be printed.
pub(crate) fn is_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Prints a result for machines.
pub(crate) fn json_line(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// Prints an error and its causes, a line each.
pub(crate) fn error(text: &str, causes: &[String]) {
    if is_github() {
        return raw(&annotation("error", text, causes));
    }
    let label = console::style("error:").for_stderr().red().bold();
    let mut lines = format!("{label} {}", escape(text));
    for cause in causes {
        // Writing to a string does not fail.
        let _ = write!(lines, "\n  caused by: {}", escape(cause));
    }
    raw(&lines);
}

/// Prints a warning in one line.
pub(crate) fn warning(text: &str) {
    if is_github() {
        return raw(&annotation("warning", text, &[]));
    }
    let label = console::style("warning:").for_stderr().yellow().bold();
    raw(&format!("{label} {}", escape(text)));
}

/// Whether lines go to a log that shows annotations.
fn is_github() -> bool {
    env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// A workflow command of GitHub Actions. Escaped texts have no line breaks, so that nothing in
/// them starts a command of its own.
fn annotation(level: &str, text: &str, causes: &[String]) -> String {
    let causes = causes.iter().map(|cause| format!("caused by: {cause}"));
    let lines = iter::once(text.to_owned()).chain(causes);
    let lines: Vec<String> = lines
        .map(|line| escape(&line).replace('%', "%25"))
        .collect();
    format!("::{level}::{}", lines.join("%0A"))
}

/// Whether there is somebody to ask.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && Term::stderr().is_term()
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
    let text = escape(text);
    if is_github() && text.trim_start().starts_with("::") {
        // A file name is no workflow command.
        return raw(&format!("`{text}"));
    }
    raw(&text);
}

/// Prints lines for people that contain nothing from a file name or a server.
pub(crate) fn block(lines: &str) {
    raw(lines);
}

/// A closed stderr is no reason to stop.
fn raw(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", redacted(text));
}

/// Ends the command after a result that cannot be printed.
pub(crate) fn unwritable(failure: &io::Error) -> Exit {
    if failure.kind() == io::ErrorKind::BrokenPipe {
        // The reader needs no more, as in `| head -1`.
        return Exit::Signal(SIGPIPE);
    }
    error("the result cannot be written", &[failure.to_string()]);
    Exit::Failure
}

/// The counts that are not 0, in a line.
pub(crate) fn counts(counts: &[(usize, &str)]) -> String {
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if counts.is_empty() {
        return "no files".to_owned();
    }
    counts.join(", ")
}

/// The causes of an error, each unless the line above contains it.
pub(crate) fn causes(error: &dyn Error) -> Vec<String> {
    let mut above = error.to_string();
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(error) = next {
        let text = match error.downcast_ref() {
            Some(error) => request_error(error),
            None => error.to_string(),
        };
        if !above.contains(&text) {
            causes.push(text.clone());
            above = text;
        }
        next = error.source().filter(|_| !error.is::<reqwest::Error>());
    }
    causes
}

/// A failed request in one line: what was requested, the innermost cause, and what to do. The
/// layers between them name parts of the HTTP client.
pub(crate) fn request_error(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let (text, innermost) = (error.to_string(), innermost.to_string());
    let server = error.url().and_then(|url| {
        let host = url.host_str()?;
        let port = url.port().map(|port| format!(":{port}"));
        Some(format!("{host}{}", port.unwrap_or_default()))
    });
    if let Some(server) = server {
        if error.is_timeout() {
            return format!("{server} did not answer in time; --timeout sets the limit");
        }
        if error.is_connect() {
            return format!(
                "no connection to {server}: {innermost}; check the address and the network"
            );
        }
    }
    if text.contains(&innermost) {
        text
    } else {
        format!("{text}: {innermost}")
    }
}

/// A text without characters that would break its line, rearrange it on a terminal or be
/// invisible. A file name can contain all of these.
pub(crate) fn escape(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut safe, c| {
            match c {
                '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}' => safe.extend(c.escape_unicode()),
                c if c.is_control() => safe.extend(c.escape_default()),
                c => safe.push(c),
            }
            safe
        })
}

/// A field of a line for machines: escaped with its backslashes, so that no two texts look the
/// same and the text can be recovered.
pub(crate) fn field(text: &str) -> String {
    escape(&text.replace('\\', r"\\"))
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
        for invisible in "\u{61c}\u{200b}\u{200f}\u{2028}\u{202e}\u{2066}\u{2069}\u{feff}".chars() {
            assert!(escape(&invisible.to_string()).is_ascii(), "{invisible:?}");
        }
        assert_eq!(field("a\\n\n\tb"), r"a\\n\n\tb");
    }

    #[test]
    fn an_annotation_is_one_line_and_starts_no_other() {
        assert_eq!(
            annotation("error", "50%\n::add-mask::x", &["it\rbroke".to_owned()]),
            r"::error::50%25\n::add-mask::x%0Acaused by: it\rbroke"
        );
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
