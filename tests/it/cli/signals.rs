//! Signals that end the command.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::Child,
    thread,
    time::Duration,
};

use super::*;

/// A server that accepts a connection and never answers, and its base URL.
fn silent() -> (TcpListener, String) {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    (silent, url)
}

/// A command that waits for an answer, and its connection.
fn waiting(silent: &TcpListener, url: &str) -> (Child, TcpStream) {
    let child = command(&["upload", HERO, "--site", SITE, "--base-url", url])
        .env("WEBFLOW_API_TOKEN", "t0k3n")
        .spawn()
        .expect("the command runs");
    let (mut connection, _) = silent.accept().expect("a connection");
    assert_ne!(connection.read(&mut [0; 1]).expect("a request"), 0);
    (child, connection)
}

#[test]
fn a_hangup_ends_the_command_like_a_termination() {
    let (silent, url) = silent();
    let (child, _connection) = waiting(&silent, &url);
    signal(&child, "HUP");
    let output = child.wait_with_output().expect("its output");
    assert_exit(&output, 129);
    assert_eq!(
        text(&output.stderr),
        format!("interrupted: {HERO} was not uploaded\n")
    );
}

#[test]
fn a_fetch_that_is_ended_leaves_no_part_of_the_file() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", server.local_addr().expect("an address"));
    let dir = scratch("get_ended");
    let id = "64358b9544249dc43d37d2b7";
    let child = command(&["get", id, "--output", path_text(&dir), "--base-url", &url])
        .env("WEBFLOW_API_TOKEN", "t0k3n")
        .spawn()
        .expect("the command runs");
    let asset = format!(
        r#"{{"id":"{id}","originalFileName":"a.txt","size":100,"hostedUrl":"{url}/a.txt"}}"#
    );
    let head = |len: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n");
    let mut open = Vec::new();
    for answer in [head(asset.len()) + &asset, head(100) + "a part"] {
        let (mut connection, _) = server.accept().expect("a connection");
        assert_ne!(connection.read(&mut [0; 4096]).expect("a request"), 0);
        connection.write_all(answer.as_bytes()).expect("it answers");
        open.push(connection);
    }
    while fs::read_dir(&dir).expect("a directory").count() == 0 {
        thread::sleep(Duration::from_millis(10));
    }
    signal(&child, "TERM");
    assert_exit(&child.wait_with_output().expect("its output"), 143);
    assert_eq!(fs::read_dir(&dir).expect("a directory").count(), 0);
}

#[test]
fn an_output_that_nobody_reads_blocks_no_signal() {
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let live = Live::start();
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        fill(&mut writer);
        let mut child = live
            .upload(&[HERO, "--json"])
            .stdout(writer)
            .spawn()
            .expect("the command runs");
        while live.sandbox.keys().is_empty() {
            thread::sleep(Duration::from_millis(10));
        }
        // S3 has answered by now, and the result waits for a reader.
        thread::sleep(Duration::from_millis(300));
        assert_eq!(child.try_wait().expect("its state"), None);
        signal(&child, name);
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{name}");
        drop(reader);
    }
}

/// Fills a pipe to the last byte.
fn fill(writer: &mut std::io::PipeWriter) {
    let mut writer = writer.try_clone().expect("another handle");
    // A write that fits returns; one that does not would block, hence not more than there is room.
    for _ in 0..16 {
        writer.write_all(&[b'x'; 4096]).expect("there is room");
    }
}

#[test]
fn a_second_signal_ends_the_command_at_once() {
    let live = Live::start();
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    fill(&mut writer);
    let child = live
        .upload(&[HERO, "--json"])
        .stdout(writer)
        .spawn()
        .expect("the command runs");
    while live.sandbox.keys().is_empty() {
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(Duration::from_millis(300));
    signal(&child, "INT");
    // The first one has to be seen before the second one counts as another.
    thread::sleep(Duration::from_millis(200));
    signal(&child, "TERM");
    let output = child.wait_with_output().expect("its output");
    assert_exit(&output, 143);
    drop(reader);
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let (silent, url) = silent();
    let program = command(&["upload", HERO, "--site", SITE, "--base-url", &url]);
    // As `nohup` does.
    let child = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
        .arg(program.get_program())
        .args(program.get_args())
        .env("WEBFLOW_API_TOKEN", "t0k3n")
        .stderr(Stdio::piped())
        .spawn()
        .expect("the shell runs");
    let (mut connection, _) = silent.accept().expect("a connection");
    assert_ne!(connection.read(&mut [0; 1]).expect("a request"), 0);
    signal(&child, "HUP");
    // A signal that is not ignored ends the command and closes the connection.
    connection
        .set_read_timeout(Some(Duration::from_millis(500)))
        .expect("it is set");
    while let Ok(read) = connection.read(&mut [0; 4096]) {
        assert_ne!(read, 0, "the connection was closed");
    }
    signal(&child, "TERM");
    let output = child.wait_with_output().expect("its output");
    assert_exit(&output, 143);
}

#[cfg(target_os = "linux")]
#[test]
fn a_limit_for_files_is_an_error_and_no_sudden_end() {
    let live = Live::start();
    let _ = live.sandbox.add_asset("a.txt", "a");
    let out = scratch("file_limit").join("out");
    let mut bash = Command::new("bash");
    bash.args([
        "-c",
        "ulimit -f 0; exec \"$0\" list > \"$1\"",
        env!("CARGO_BIN_EXE_webflow-assets"),
        path_text(&out),
    ]);
    let output = run(&mut live.point(bash));
    assert_exit(&output, 1);
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with("error: the result cannot be written\n  caused by: File too large"),
        "{stderr}"
    );
}
