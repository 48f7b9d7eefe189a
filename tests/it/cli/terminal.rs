//! What a person at a terminal sees, and is asked.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::fd::OwnedFd,
    process::Child,
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use super::*;

/// A terminal, as seen from its other side.
pub(super) struct Terminal {
    ours: File,
    theirs: Option<File>,
    seen: String,
}

impl Terminal {
    /// A terminal of 24 rows and so many columns.
    pub(super) fn new(columns: u16) -> Self {
        let ours: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).expect("it is ours");
        unlockpt(&ours).expect("it is ready");
        let size = Winsize {
            ws_row: 24,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&ours, size).expect("it has a size");
        let name = ptsname(&ours, Vec::new()).expect("it has a name");
        let theirs = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().expect("a path"))
            .expect("it opens");
        Self {
            ours: ours.into(),
            theirs: Some(theirs),
            seen: String::new(),
        }
    }

    /// Runs a command with its input and its errors here.
    pub(super) fn run(&mut self, mut command: Command) -> Child {
        let theirs = self.theirs();
        let input = theirs.try_clone().expect("another handle");
        let command = command.env("TERM", "xterm").stdin(input).stderr(theirs);
        command.spawn().expect("the command runs")
    }

    /// The other side. Once whoever has it is gone, there is nothing more to read.
    fn theirs(&mut self) -> File {
        self.theirs.take().expect("a command runs once")
    }

    fn type_in(&mut self, line: &str) {
        writeln!(self.ours, "{line}").expect("it is typed");
    }

    /// Reads on until this is to be seen.
    pub(super) fn wait_for(&mut self, text: &str) {
        let mut buffer = [0; 4096];
        while !self.seen.contains(text) {
            let n = self.ours.read(&mut buffer).unwrap_or_default();
            assert_ne!(n, 0, "it ended with {:?}", self.seen);
            self.seen += &String::from_utf8_lossy(&buffer[..n]);
        }
    }
}

#[test]
fn what_is_deleted_is_named_and_asked_about() {
    let live = Live::start();
    let barn = live.sandbox.add_asset("barn.png", "barn");
    for (answer, code, left) in [("", 1, 1), ("n", 1, 1), ("yes", 0, 0)] {
        let mut terminal = Terminal::new(80);
        let child = terminal.run(live.command(&["rm", &barn.id]));
        terminal.wait_for("Delete this asset for good? [y/N] ");
        assert!(
            terminal
                .seen
                .contains(&format!("{}  barn.png 4 B", barn.id))
        );
        terminal.type_in(answer);
        let output = child.wait_with_output().expect("its output");
        assert_exit(&output, code);
        assert_eq!(live.sandbox.assets().len(), left, "{answer}");
    }
}

#[test]
fn a_sync_asks_before_it_deletes() {
    let dir = scratch("sync_asks");
    let file = dir.join("a.txt");
    fs::write(&file, "a").expect("a file is written");
    let live = Live::start();
    assert_exit(&run(&mut live.command(&["sync", path_text(&dir)])), 0);
    fs::remove_file(file).expect("it is removed");
    for (answer, code, left) in [("no", 1, 1), ("Y", 0, 0)] {
        let mut terminal = Terminal::new(80);
        let sync = ["sync", path_text(&dir), "--delete", "--max-delete", "1"];
        let child = terminal.run(live.command(&sync));
        terminal.wait_for("what was uploaded for 1 file now gone? [y/N] ");
        terminal.type_in(answer);
        let output = child.wait_with_output().expect("its output");
        assert_exit(&output, code);
        assert_eq!(live.sandbox.assets().len(), left, "{answer}");
    }
}

#[test]
fn several_files_have_a_line_each_below_their_total() {
    let dir = scratch("progress");
    let (a, b) = (dir.join("a.bin"), dir.join("b.bin"));
    fs::write(&a, vec![1; 300_000]).expect("a file is written");
    fs::write(&b, vec![2; 300_000]).expect("a file is written");
    let slow = || "post:delay=1s".parse().expect("a rule");
    let live = Live::of(Sandbox::builder().fault(slow()).fault(slow()));
    let mut terminal = Terminal::new(60);
    let child = terminal.run(live.upload(&[path_text(&a), path_text(&b)]));
    for seen in [
        "0/2 files",
        "  a.bin  ",
        "  b.bin  ",
        "585.94 KiB",
        "finishing",
        "1/2 files",
    ] {
        terminal.wait_for(seen);
    }
    let output = child.wait_with_output().expect("its output");
    assert_exit(&output, 0);
    assert_eq!(text(&output.stdout).lines().count(), 2);
}

#[test]
fn files_that_wait_for_the_rate_limit_are_said_to() {
    let window = std::time::Duration::from_secs(600);
    let live = Live::of(Sandbox::builder().rate_limit(1, window));
    let mut terminal = Terminal::new(100);
    let mut child = terminal.run(live.upload(&[
        HERO,
        "openapi/provenance.json",
        "openapi/webflow-assets.json",
    ]));
    terminal.wait_for("waiting for the rate limit, ");
    signal(&child, "INT");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

#[test]
fn a_table_has_titles_and_fits_the_terminal() {
    let live = Live::start();
    let name = "a-name-that-is-longer-than-there-is-room-for.png";
    let _ = live.sandbox.add_asset(name, "barn");
    let lines = listed(&live, 70, "…");
    assert!(lines[0].starts_with("ID   "), "{lines:?}");
    assert!(lines[0].ends_with("NAME"), "{lines:?}");
    assert!(
        lines[1].contains("     4 B  image/png         a-"),
        "{lines:?}"
    );
    assert!(
        lines.iter().all(|line| line.chars().count() <= 70),
        "{lines:?}"
    );
    // A narrow terminal loses columns, but not the name.
    let lines = listed(&live, 40, "…");
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        ["ID", "NAME"]
    );
    assert!(lines[1].contains("  a-name-that"), "{lines:?}");
    // A very narrow one has a line for each of the two, and nothing is cut.
    let id = live.sandbox.assets()[0].id.clone();
    let name = format!("  {name}");
    assert_eq!(listed(&live, 20, &name), ["ID", "  NAME", &id, &name]);
}

#[test]
fn progress_stays_within_a_narrow_terminal() {
    let dir = scratch("narrow");
    let files = ["a-long-name-of-a-file.png", "b.png"].map(|name| dir.join(name));
    for (file, byte) in files.iter().zip(1..) {
        fs::write(file, vec![byte; 300_000]).expect("a file is written");
    }
    let slow = || "post:delay=1s".parse().expect("a rule");
    let live = Live::of(Sandbox::builder().fault(slow()).fault(slow()));
    let columns = 20;
    let mut terminal = Terminal::new(columns);
    let child = terminal.run(live.upload(&files.each_ref().map(|file| path_text(file))));
    for seen in ["0/2 files", "  b.png", "100%", "1/2 files"] {
        terminal.wait_for(seen);
    }
    assert_exit(&child.wait_with_output().expect("its output"), 0);
    // Lines are filled up with blanks, so that the next one begins where the terminal breaks it.
    let seen = console::strip_ansi_codes(&terminal.seen);
    for drawn in seen.split(['\r', '\n']) {
        let drawn: Vec<char> = drawn.chars().collect();
        for row in drawn.chunks(columns.into()) {
            let row: String = row.iter().collect();
            let is_whole = row.trim_end().ends_with('%') || row.trim().is_empty();
            assert!(is_whole, "{row:?} of {seen:?}");
        }
    }
}

/// What `list` prints on a terminal with so many columns, up to this text.
fn listed(live: &Live, columns: u16, until: &str) -> Vec<String> {
    let mut terminal = Terminal::new(columns);
    let mut list = live.command(&["list"]);
    let mut child = list.stdout(terminal.theirs()).spawn().expect("it runs");
    // The command holds on to what it would give to another process.
    drop(list);
    terminal.wait_for(until);
    assert!(child.wait().expect("it ends").success());
    terminal.seen.lines().map(str::to_owned).collect()
}
