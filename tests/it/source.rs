//! What is hashed is what is sent, or nothing is.

use std::{fs, io::ErrorKind, path::Path, time::SystemTime};

use bytes::Bytes;
use webflow_assets::{Source, s3, sandbox::Sandbox};

use crate::support::{client_for, noise};

const MIB: usize = 1024 * 1024;
const LARGE: usize = 9 * MIB;

#[tokio::test]
async fn the_md5_is_right_on_both_sides_of_the_buffer_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zeros");
    // From `head -c N /dev/zero | md5sum`.
    for (len, md5) in [
        (0, "d41d8cd98f00b204e9800998ecf8427e"),
        (1, "93b885adfe0da089cdf634904fd59f71"),
        (8 * 1024 * 1024, "96995b58d4cbf6aaa9041b4f00c7f6ae"),
        (8 * 1024 * 1024 + 1, "cba5242e77abe5709a262350cf64d835"),
    ] {
        fs::write(&path, vec![0; len]).unwrap();
        for source in [Source::path(&path), Source::bytes("zeros", vec![0; len])] {
            let hashed = source.hash().await.unwrap();
            assert_eq!(hashed.len, len as u64);
            assert_eq!(hashed.md5.to_string(), md5);
        }
    }
}

#[tokio::test]
async fn the_md5_is_that_of_another_implementation_for_every_length_around_a_block() {
    use md5::{Digest, Md5};

    let content = noise(64 * 1024 + 130);
    for len in (0..300).chain(64 * 1024 - 130..content.len()) {
        let content = &content[..len];
        let hashed = Source::bytes("x", content.to_vec()).hash().await.unwrap();
        assert_eq!(
            hashed.md5.0,
            <[u8; 16]>::from(Md5::digest(content)),
            "{len} bytes"
        );
    }
}

#[tokio::test]
async fn a_reader_is_read_once_into_memory_or_a_file_and_sent_as_often_as_needed() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client_for(&sandbox).build().unwrap();
    for len in [0, 1, 8 * MIB, 8 * MIB + 1, 20 * MIB] {
        let content = noise(len);
        let reader = std::io::Cursor::new(content.clone());
        let source = Source::reader("content.bin", reader);
        sandbox.fault("post:503".parse().unwrap());
        let upload = client.upload(sandbox.site_id(), source.clone());
        let done = upload.send().await.unwrap();
        assert_eq!(done.attempts().s3, 2);
        assert!(
            sandbox.stored(&done.asset.id.unwrap()).unwrap() == content,
            "{len}"
        );
        let again = source.hash().await.unwrap();
        assert_eq!((again.len, again.md5), (len as u64, done.md5));
    }
}

#[tokio::test]
async fn a_reader_that_fails_or_does_not_end_or_is_given_up_says_so() {
    let endless = Source::reader("x", tokio::io::repeat(1));
    let error = endless.hash().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    assert_eq!(
        error.to_string(),
        "it is larger than the 31457280 bytes that are allowed"
    );

    let (reader, writer) = tokio::io::duplex(8);
    let stalled = Source::reader("x", reader);
    let hash = stalled.hash();
    tokio::select! {
        biased;
        _ = hash => panic!("nothing was written"),
        () = tokio::task::yield_now() => {}
    }
    drop(writer);
    let error = stalled.hash().await.unwrap_err().to_string();
    assert_eq!(error, "it was read in part before and cannot be read again");
}

#[test]
fn a_path_is_a_source_by_value_and_by_reference() {
    let path = Path::new("img/hero.png").to_owned();
    for source in [
        Source::from(&path),
        Source::from(path.as_path()),
        path.into(),
    ] {
        assert_eq!(source.file_name(), Some("hero.png"));
    }
}

#[tokio::test]
async fn what_cannot_be_read_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Source::path(folder.path().join("missing")).hash().await;
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
    let directory = Source::path(folder.path()).hash().await.unwrap_err();
    assert_eq!(directory.to_string(), "it is a directory");
    let device = Source::path("/dev/zero").hash().await.unwrap_err();
    assert_eq!(device.to_string(), "it is no regular file");
    // Has content, and a length of 0 by its metadata.
    let proc = Source::path("/proc/self/status").hash().await.unwrap_err();
    assert!(
        proc.to_string().contains("0 bytes by its metadata"),
        "{proc}"
    );
}

#[test]
fn a_name_comes_from_the_path_or_is_none() {
    let name = |path: &str| Source::from(Path::new(path)).file_name().map(str::to_owned);
    assert_eq!(name("a/b c.png").as_deref(), Some("b c.png"));
    assert_eq!(name(".."), None);
    assert_eq!(name("/"), None);
    let bytes = Source::from(("x.txt", Bytes::from_static(b"secret content")));
    assert_eq!(bytes.file_name(), Some("x.txt"));
    assert!(!format!("{bytes:?}").contains("secret"));
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let latin1 = Path::new(std::ffi::OsStr::from_bytes(b"caf\xe9.png"));
        assert_eq!(Source::from(latin1).file_name(), None);
    }
}

/// A form for a server that is never reached.
fn form() -> s3::PostForm {
    let details = serde_json::json!({"key": "k"});
    s3::PostForm::from_details("http://127.0.0.1:1/", &details).unwrap()
}

async fn send(source: &Source) -> s3::Error {
    let http = s3::http_client().unwrap();
    form().send(&http, source).await.unwrap_err()
}

#[tokio::test]
async fn a_large_file_that_changed_after_it_was_hashed_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    for changed_len in [LARGE, LARGE - 1, LARGE + 1] {
        fs::write(&path, vec![0; LARGE]).unwrap();
        let past = SystemTime::now() - std::time::Duration::from_secs(60);
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(past)
            .unwrap();
        let hashed = Source::path(&path).hash().await.unwrap();
        fs::write(&path, vec![1; changed_len]).unwrap();
        let error = send(&hashed.source).await;
        assert!(matches!(error, s3::Error::Source(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_small_file_is_sent_as_it_was_hashed_even_if_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small");
    fs::write(&path, "content").unwrap();
    let hashed = Source::path(&path).hash().await.unwrap();
    fs::remove_file(&path).unwrap();
    // Nobody listens there: the file was ready to be sent.
    let error = send(&hashed.source).await;
    assert!(matches!(error, s3::Error::Transport(_)), "{error:?}");
}
