//! How long hashing, one form and a whole upload take, beside the least that they could take.
//!
//! `cargo bench --features sandbox --bench upload` prints the times of each, and `-- ratio` instead the ratios of
//! whole uploads to the floor, in pairs of neighbours whose order alternates. The server is the sandbox, in this process and on
//! threads of its own: compare figures of one run with each other.

#![expect(clippy::print_stdout, reason = "it is what the benchmark is for")]

use std::{
    env,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    sync::LazyLock,
    time::{Duration, Instant},
};

use divan::{Bencher, counter::BytesCount};
use fast_md5::Md5 as Hasher;
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};
use webflow_assets::{Client, Source, Token, s3, sandbox::Sandbox};

const MIB: usize = 1024 * 1024;
const SIZES: [usize; 3] = [1, 16, 256];
/// The fewest pairs that ratios are taken from; smaller files have more, up to 25.
const PAIRS: usize = 5;
/// How many bytes the floor reads and sends at a time.
const CHUNK: usize = 256 * 1024;

fn main() {
    // Here, as it cannot start on the client's threads, where it is first needed.
    LazyLock::force(&SANDBOX);
    if env::args().any(|arg| arg == "ratio") {
        return SIZES.into_iter().for_each(ratio);
    }
    divan::main();
}

/// Prints how long whole uploads of so many MiB take, as a multiple of the floor.
fn ratio(mib: usize) {
    let client = client();
    let mut floor = Floor::new(mib);
    let pairs = (256 / mib).clamp(PAIRS, 5 * PAIRS);
    let mut ratios: Vec<f64> = (0..=pairs)
        .map(|pair| {
            let mut times = [0.0; 2];
            for turn in [pair % 2, 1 - pair % 2] {
                times[turn] = match turn {
                    0 => timed(|| upload(&client, mib)),
                    _ => timed(|| floor.upload()),
                };
            }
            times[0] / times[1]
        })
        // Connections are made in the first pair.
        .skip(1)
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "{mib} MiB: median {:.2} times the floor, {:.2} to {:.2}, in {pairs} pairs",
        ratios[pairs / 2],
        ratios[0],
        ratios[pairs - 1]
    );
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
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

fn client() -> Client {
    Client::builder()
        .token(Token::new(SANDBOX.token()).expect("a token"))
        .base_url(SANDBOX.base_url())
        // The floor registers the same content: an upload would wait until it cannot delete it.
        .lease(Duration::ZERO)
        .build()
        .expect("a client")
}

/// All that an upload is: read, hash, create, form, verify.
fn upload(client: &Client, mib: usize) {
    let upload = client.upload(SANDBOX.site_id(), file(mib));
    let upload = upload.max_len(u64::MAX);
    CLIENT.block_on(upload.send()).expect("uploaded");
}

#[divan::bench(args = SIZES, sample_count = 20)]
fn whole_upload(bencher: Bencher, mib: usize) {
    let client = client();
    bencher
        .counter(BytesCount::new(mib * MIB))
        .bench(|| upload(&client, mib));
}

#[divan::bench(args = SIZES, sample_count = 20)]
fn whole_upload_floor(bencher: Bencher, mib: usize) {
    let mut floor = Floor::new(mib);
    bencher
        .counter(BytesCount::new(mib * MIB))
        .bench_local(|| floor.upload());
}

/// The least that an upload is: a file is hashed, and then sent as a form whose signature depends on
/// the hash, both through one buffer, and over a bare connection.
struct Floor {
    path: PathBuf,
    head: Vec<u8>,
    connection: BufReader<TcpStream>,
    buffer: Vec<u8>,
}

const BOUNDARY: &str = "4bbd6a4f2d5f4c0a9f1e";

impl Floor {
    fn new(mib: usize) -> Self {
        let (url, fields) = CLIENT.block_on(details(mib));
        let url = reqwest::Url::parse(&url).expect("a URL");
        let address = url.socket_addrs(|| None).expect("an address");
        let part = |name: &str| {
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name={name}\r\n\r\n")
        };
        let fields = fields.iter().map(|(name, value)| {
            part(&format!("\"{name}\"")) + value.as_str().unwrap_or_default() + "\r\n"
        });
        let form = fields.collect::<String>() + &part("\"file\"; filename=\"file\"");
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n\
             Content-Length: {}\r\n\r\n{form}",
            url.path(),
            url.authority(),
            form.len() + mib * MIB + Self::tail().len(),
        );
        let connection = TcpStream::connect(&*address).expect("a connection");
        connection.set_nodelay(true).expect("an option");
        Self {
            path: file(mib),
            head: head.into_bytes(),
            connection: BufReader::new(connection),
            buffer: vec![0; CHUNK],
        }
    }

    fn tail() -> String {
        format!("\r\n--{BOUNDARY}--\r\n")
    }

    fn upload(&mut self) {
        let mut hasher = Hasher::new();
        self.read(|_, chunk| hasher.update(chunk));
        divan::black_box(hasher.finalize());
        self.connection
            .get_mut()
            .write_all(&self.head)
            .expect("sent");
        self.read(|connection, chunk| connection.get_mut().write_all(chunk).expect("sent"));
        let tail = Self::tail();
        self.connection
            .get_mut()
            .write_all(tail.as_bytes())
            .expect("sent");
        self.response();
    }

    fn read(&mut self, mut take: impl FnMut(&mut BufReader<TcpStream>, &[u8])) {
        let mut file = File::open(&self.path).expect("the file");
        loop {
            match file.read(&mut self.buffer).expect("the file") {
                0 => break,
                n => take(&mut self.connection, &self.buffer[..n]),
            }
        }
    }

    fn response(&mut self) {
        let mut line = || {
            let mut line = String::new();
            self.connection.read_line(&mut line).expect("a response");
            line.trim_end().to_ascii_lowercase()
        };
        let status = line();
        assert!(status.contains(" 201 "), "{status}");
        let mut len = 0;
        loop {
            let header = line();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                len = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; len];
        self.connection.read_exact(&mut body).expect("a body");
    }
}
