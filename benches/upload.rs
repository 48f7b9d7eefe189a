//! How long hashing, one form and a whole upload take, beside the least that they could take.
//!
//! `cargo bench --features sandbox`; `cargo bench --features sandbox -- whole` for one group. The
//! server is the sandbox, in this process and on threads of its own: compare figures of one run
//! with each other.

use std::{fs, path::PathBuf, sync::LazyLock};

use divan::{Bencher, counter::BytesCount};
use md5::{Digest, Md5};
use reqwest::multipart::{Form, Part};
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};
use webflow_assets::{Client, Source, Token, s3, sandbox::Sandbox};

const MIB: usize = 1024 * 1024;
const SIZES: [usize; 3] = [1, 16, 256];

fn main() {
    // Here, as it cannot start on the client's threads, where it is first needed.
    LazyLock::force(&SANDBOX);
    divan::main();
}

/// The server's threads, apart from those of the client.
static SERVER: LazyLock<Runtime> = LazyLock::new(runtime);
static CLIENT: LazyLock<Runtime> = LazyLock::new(runtime);

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let start = Sandbox::builder().max_size(1 << 30).start();
    SERVER.block_on(start).expect("a free port")
});

static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| s3::http_client().expect("a client"));

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// A file of this many MiB, made once.
fn file(mib: usize) -> PathBuf {
    let path = std::env::temp_dir().join(format!("webflow-assets-bench-{mib}"));
    if fs::metadata(&path).map_or(0, |m| m.len()) != (mib * MIB) as u64 {
        let mut state = mib as u64 + 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        };
        let content: Vec<u8> = std::iter::repeat_with(&mut next)
            .flatten()
            .take(mib * MIB)
            .collect();
        fs::write(&path, content).expect("room for the file");
    }
    path
}

/// A form for this file, as a create call answers it, by no code of this crate.
async fn details(mib: usize) -> (String, Map<String, Value>) {
    let content = fs::read(file(mib)).expect("the file");
    let hash = webflow_assets::Md5(Md5::digest(content).into()).to_string();
    let answer = HTTP
        .post(format!(
            "{}/sites/{}/assets",
            SANDBOX.base_url(),
            SANDBOX.site_id()
        ))
        .bearer_auth(SANDBOX.token())
        .json(&json!({"fileName": "bench.bin", "fileHash": hash}))
        .send()
        .await
        .expect("an answer");
    let mut answer: Value = answer.json().await.expect("JSON");
    let url = answer["uploadUrl"].as_str().expect("a URL").to_owned();
    let Value::Object(fields) = answer["uploadDetails"].take() else {
        panic!("no fields");
    };
    (url, fields)
}

#[divan::bench]
fn md5_of_64_mib(bencher: Bencher) {
    let path = file(64);
    bencher.counter(BytesCount::new(64 * MIB)).bench(|| {
        CLIENT
            .block_on(Source::path(&path).hash())
            .expect("the file")
    });
}

/// The form alone: nothing is hashed on this side.
#[divan::bench(args = SIZES, sample_count = 20)]
fn form(bencher: Bencher, mib: usize) {
    let (url, fields) = CLIENT.block_on(details(mib));
    let form = s3::PostForm::from_details(&url, &fields).expect("a form");
    let source = Source::path(file(mib));
    bencher
        .counter(BytesCount::new(mib * MIB))
        .bench(|| CLIENT.block_on(form.send(&HTTP, &source)).expect("stored"));
}

/// All that an upload is: read, hash, create, form, verify.
#[divan::bench(args = SIZES, sample_count = 20)]
fn whole_upload(bencher: Bencher, mib: usize) {
    let client = Client::builder()
        .token(Token::new(SANDBOX.token()).expect("a token"))
        .base_url(SANDBOX.base_url())
        .build()
        .expect("a client");
    let path = file(mib);
    bencher.counter(BytesCount::new(mib * MIB)).bench(|| {
        let upload = client.upload(SANDBOX.site_id(), path.as_path());
        let upload = upload.max_len(u64::MAX);
        CLIENT.block_on(upload.send()).expect("uploaded")
    });
}

/// The floor: read the file, hash it and post it with a bare multipart form.
#[divan::bench(args = SIZES, sample_count = 20)]
fn whole_upload_floor(bencher: Bencher, mib: usize) {
    let (url, fields) = CLIENT.block_on(details(mib));
    let path = file(mib);
    let upload = async || {
        let path = path.clone();
        let content = tokio::task::spawn_blocking(move || {
            let content = fs::read(path).expect("the file");
            divan::black_box(Md5::digest(&content));
            content
        });
        let content = content.await.expect("hashed");
        let form = fields.iter().fold(Form::new(), |form, (name, value)| {
            form.text(name.clone(), value.as_str().unwrap_or_default().to_owned())
        });
        let form = form.part("file", Part::bytes(content).file_name("file"));
        let response = HTTP
            .post(&url)
            .multipart(form)
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), 201);
        response.bytes().await.expect("a body")
    };
    bencher
        .counter(BytesCount::new(mib * MIB))
        .bench(|| CLIENT.block_on(upload()));
}
