//! Completions, in the shells that complete them. A shell that is not installed is left out.

use std::io::ErrorKind;

use super::*;

/// What is typed, and what it is completed to.
const TYPED: [(&str, &str); 10] = [
    ("upd", "update"),
    ("upload --alt", "--alt-text"),
    ("upload --dr", "--dry-run"),
    ("sync --long-names sh", "shorten"),
    ("folders cr", "create"),
    ("url --al", "--all"),
    ("completions zs", "zsh"),
    ("pull --lock", "--lock-file"),
    ("sync --lock-file Cargo.to", "Cargo.toml"),
    ("upload --files-from Cargo.to", "Cargo.toml"),
];

/// Writes the completion script of a shell, for one test.
fn script(shell: &str, test: &str) -> PathBuf {
    let output = run(&mut command(&["completions", shell]));
    assert_exit(&output, 0);
    // As functions that zsh loads are called.
    let path = scratch(&format!("completions_{shell}_{test}")).join("_webflow-assets");
    fs::write(&path, &output.stdout).expect("the script is written");
    path
}

/// Runs a shell, unless it is not installed.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn in_shell(shell: &str, args: &[&str]) -> Option<String> {
    let mut command = Command::new(shell);
    let output = command.args(args).stdin(Stdio::null()).output();
    match output {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("{shell} is not installed, and its completions are not tested");
            None
        }
        Err(error) => panic!("{shell} does not run: {error}"),
    }
}

/// Calls the function that bash calls, with the words of its command line.
const BASH: &str = r#"
source "$1"
COMP_WORDS=(webflow-assets $2)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_webflow__assets webflow-assets "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
complete -p webflow-assets
"#;

#[test]
fn bash_completes_after_a_sub_command() {
    let script = script("bash", "typed");
    let complete = |typed| {
        in_shell(
            "bash",
            &["--norc", "-c", BASH, "bash", path_text(&script), typed],
        )
    };
    for (typed, expected) in TYPED {
        let Some(seen) = complete(typed) else { return };
        assert!(seen.lines().any(|line| line == expected), "{typed}: {seen}");
    }
    // A word that is no option is a file, which bash completes by itself.
    let seen = complete("upload Cargo.to").expect("it is installed");
    assert!(
        seen.starts_with('\n') && seen.contains("-o default"),
        "{seen}"
    );
}

/// Types into an interactive zsh, which is in a terminal of its own.
const ZSH: &str = r#"
zmodload zsh/zpty
zpty z TERM=dumb zsh -f -i
zpty -w z "autoload -U compinit; compinit -u -D; source $1; PS1=; echo RE''ADY"
zpty -r z seen '*READY*'
zpty -w -n z "webflow-assets $2"$'\t'
zpty -r z seen "*$3*"
print -r -- $seen
zpty -d z
"#;

#[test]
fn zsh_completes_after_a_sub_command() {
    let script = script("zsh", "typed");
    for (typed, expected) in TYPED {
        let args = ["-f", "-c", ZSH, "zsh", path_text(&script), typed, expected];
        let Some(seen) = in_shell("zsh", &args) else {
            return;
        };
        assert!(seen.contains(expected), "{typed}: {seen}");
    }
}

#[test]
fn fish_completes_after_a_sub_command() {
    const FISH: &str = "source $argv[1]; complete -C \"webflow-assets $argv[2]\"";
    let script = script("fish", "typed");
    for (typed, expected) in TYPED {
        let args = ["--no-config", "-c", FISH, path_text(&script), typed];
        let Some(seen) = in_shell("fish", &args) else {
            return;
        };
        let mut words = seen.lines().filter_map(|line| line.split('\t').next());
        assert!(words.any(|word| word == expected), "{typed}: {seen}");
    }
    // An argument is a file, a directory or neither, as the command takes it.
    for (typed, expected) in [
        ("upload Cargo.to", "Cargo.toml"),
        ("sync tests/fix", "tests/fixtures/"),
        ("pull Cargo.to", ""),
        ("list Cargo.to", ""),
        ("get Cargo.to", ""),
        ("completions Cargo.to", ""),
    ] {
        let args = ["--no-config", "-c", FISH, path_text(&script), typed];
        let seen = in_shell("fish", &args).expect("it is installed");
        let word = seen.trim_end().split('\t').next();
        assert_eq!(word, Some(expected), "{typed}");
    }
}

/// The options that the help of a command lists.
fn options(command_line: &str) -> Vec<String> {
    let output = run(&mut command(&["help", command_line]));
    let lines = text(&output.stdout).lines();
    let options = lines.filter_map(|line| {
        let (_, option) = line
            .split_once(" --")
            .filter(|(before, _)| before.len() < 8)?;
        let name = option.split(|c: char| !c.is_ascii_lowercase() && c != '-');
        Some(format!("--{}", name.into_iter().next()?))
    });
    options.collect()
}

#[test]
fn bash_and_fish_complete_every_option_of_every_command() {
    const FISH: &str = "source $argv[1]; for line in $argv[2..]
        complete -C \"webflow-assets $line --\" | string replace -r '\\t.*' ''; echo; end";
    const BASH: &str = r#"source "$1"; shift
for line; do
    COMP_WORDS=(webflow-assets $line --)
    COMP_CWORD=2
    _webflow__assets webflow-assets -- "$line"
    printf '%s\n' "${COMPREPLY[@]}" ""
done"#;
    let commands = [
        "upload", "sync", "pull", "url", "list", "get", "update", "rm", "sites", "doctor",
        "folders", "sandbox", "man",
    ];
    for (shell, flags) in [
        ("bash", &["--norc", "-c", BASH, "bash"][..]),
        ("fish", &["--no-config", "-c", FISH]),
    ] {
        let script = script(shell, "options");
        let args = [flags, &[path_text(&script)], &commands].concat();
        let Some(seen) = in_shell(shell, &args) else {
            continue;
        };
        for (command, seen) in commands.iter().zip(seen.split("\n\n")) {
            let options = options(command);
            assert!(options.len() > 1, "{command}");
            for option in options {
                let mut seen = seen.lines();
                assert!(seen.any(|it| it == option), "{shell}: {command} {option}");
            }
        }
    }
}
