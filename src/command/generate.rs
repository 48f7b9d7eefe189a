//! `completions` and `man`: files that are generated from the definition of the command line.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write},
    path::Path,
};

use clap::{CommandFactory, ValueHint};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::command::{
    Exit,
    args::Cli,
    failure::{Failed, Result},
};

pub(crate) fn completions(shell: Shell) -> Result {
    let mut script = Vec::new();
    // Into memory first: clap panics if it cannot write.
    clap_complete::generate(shell, &mut Cli::command(), "webflow-assets", &mut script);
    if shell == Shell::Bash {
        // The generator spells the sub-commands of a command with a hyphen in two ways, so its
        // script finds none of them.
        let text = String::from_utf8_lossy(&script);
        script = text
            .replace("webflow__subcmd__assets", "webflow__assets")
            .into_bytes();
    }
    if shell == Shell::Fish {
        script.extend(fish_arguments().into_bytes());
    }
    print(&script)
}

/// What fish completes arguments to that are no options, which the generator leaves out: fish would
/// offer files for all of them.
fn fish_arguments() -> String {
    let mut script = String::new();
    for command in Cli::command().get_subcommands() {
        let mut values = Vec::new();
        let mut hint = ValueHint::Other;
        for argument in command.get_positionals() {
            let possible = argument.get_possible_values();
            values.extend(possible.iter().map(|value| value.get_name().to_owned()));
            if argument.get_value_hint() != ValueHint::Unknown {
                hint = argument.get_value_hint();
            }
        }
        let values = match hint {
            ValueHint::FilePath | ValueHint::AnyPath => continue,
            ValueHint::DirPath => "(__fish_complete_directories (commandline -ct))".to_owned(),
            _ => values.join(" "),
        };
        let name = command.get_name();
        // Writing to a string does not fail.
        let _ = writeln!(
            script,
            "complete -c webflow-assets -n \"__fish_webflow_assets_using_subcommand {name}\" -f -a \"{values}\""
        );
    }
    script
}

/// Prints the manual, or writes a file for each of its pages.
pub(crate) fn man(dir: Option<&Path>) -> Result {
    let pages = pages()?;
    let Some(dir) = dir else {
        return print(
            &pages
                .into_iter()
                .flat_map(|page| page.text)
                .collect::<Vec<_>>(),
        );
    };
    let write = || {
        fs::create_dir_all(dir)?;
        pages
            .iter()
            .try_for_each(|page| fs::write(dir.join(&page.file), &page.text))
    };
    write().map_err(|error| {
        let text = format!("{}: the manual cannot be written", dir.display());
        Failed::caused_by(text, &error)
    })?;
    Ok(Exit::Success)
}

struct Page {
    file: String,
    text: Vec<u8>,
}

impl Page {
    fn new(command: &clap::Command) -> io::Result<Self> {
        let man = Man::new(command.clone()).manual("Webflow assets");
        let mut text = Vec::new();
        man.render(&mut text)?;
        Ok(Self {
            file: man.get_filename(),
            text,
        })
    }
}

/// The page of the command, and those of its sub-commands.
fn pages() -> io::Result<Vec<Page>> {
    let mut command = Cli::command();
    // Gives the sub-commands their full names.
    command.build();
    let mut pages = Vec::new();
    let mut commands = vec![&command];
    while let Some(command) = commands.pop() {
        pages.push(Page::new(command)?);
        // The help of a command covers its `help` sub-command.
        let below = command
            .get_subcommands()
            .filter(|below| below.get_name() != "help");
        commands.extend(below.collect::<Vec<_>>().into_iter().rev());
    }
    Ok(pages)
}

fn print(bytes: &[u8]) -> Result {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()?;
    Ok(Exit::Success)
}
