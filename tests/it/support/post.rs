//! A server that records forms and sends prepared responses.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};
use webflow_assets::{
    Source,
    s3::{Error, PostForm, Stored},
};

/// Fields that sign a form. The seeds in `tests/fixtures/replies` quote them.
pub(crate) const SIGNED: [(&str, &str); 3] = [
    (
        "Policy",
        "eyJleHBpcmF0aW9uIjoiMjAyNi0wNy0yOVQyMjoxMzoyMloiLCJjb25kaXRpb25zIjpbXX0=",
    ),
    (
        "X-Amz-Credential",
        "AKIDEXAMPLE/20260729/us-east-1/s3/aws4_request",
    ),
    (
        "X-Amz-Signature",
        "5b1c0ae0e2e5d0a8c9f0c3d4e6f7a8b95b1c0ae0e2e5d0a8c9f0c3d4e6f7a8b9",
    ),
];

/// Received forms and their prepared responses, by the number in the URL's path.
type Exchanges = Arc<Mutex<HashMap<u64, Exchange>>>;

struct Exchange {
    answer: Vec<u8>,
    received: Option<Received>,
}

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// One part of a form, as an independent parser reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content: Bytes,
}

/// The server, and a client for it. All tests share one: starting one takes longer than a case.
pub(crate) struct Post {
    runtime: Runtime,
    http: reqwest::Client,
    address: SocketAddr,
    exchanges: Exchanges,
    next: AtomicU64,
}

impl Post {
    pub(crate) fn shared() -> &'static Self {
        static SHARED: LazyLock<Post> = LazyLock::new(Post::start);
        &SHARED
    }

    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let exchanges = Exchanges::default();
        let all = Arc::clone(&exchanges);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&all)));
            }
        });
        Self {
            runtime,
            // The server closes each connection, whether or not its response says so: reusing one
            // would be a race.
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .pool_max_idle_per_host(0)
                .no_proxy()
                .build()
                .unwrap(),
            address,
            exchanges,
            next: AtomicU64::new(0),
        }
    }

    /// Makes a form of the details and sends it; the server responds with `answer`, head and body.
    pub(crate) fn exchange(
        &self,
        details: &impl Serialize,
        source: &Source,
        answer: impl Into<Vec<u8>>,
    ) -> (Result<Stored, Error>, Option<Received>) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let exchange = Exchange {
            answer: answer.into(),
            received: None,
        };
        self.exchanges.lock().unwrap().insert(id, exchange);
        let result = PostForm::from_details(&format!("http://{}/{id}", self.address), details)
            .and_then(|form| {
                // Far more than any case needs, so that none hangs.
                let form = form.idle_timeout(Duration::from_secs(20));
                self.runtime.block_on(form.send(&self.http, source))
            });
        let exchange = self.exchanges.lock().unwrap().remove(&id).unwrap();
        (result, exchange.received)
    }
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn len(&self) -> usize {
        self.body.len()
    }

    /// The parts, in order. Panics if anything precedes the first or follows the last.
    pub(crate) fn parts(&self) -> multer::Result<Vec<Part>> {
        let boundary = multer::parse_boundary(self.header("content-type").unwrap_or_default())?;
        assert!(
            self.body
                .starts_with(format!("--{boundary}\r\n").as_bytes())
        );
        assert!(
            self.body
                .ends_with(format!("\r\n--{boundary}--\r\n").as_bytes())
        );
        let body = self.body.clone();
        let body = futures_util::stream::iter([Ok::<_, io::Error>(body)]);
        Post::shared().runtime.block_on(async {
            let mut form = multer::Multipart::new(body, boundary);
            let mut parts = Vec::new();
            while let Some(field) = form.next_field().await? {
                parts.push(Part {
                    name: field.name().unwrap_or_default().to_owned(),
                    file_name: field.file_name().map(str::to_owned),
                    content: field.bytes().await?,
                });
            }
            Ok(parts)
        })
    }
}

/// A response with an exact length, after which the connection closes.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status} x\r\nconnection: close\r\n").into_bytes();
    for (name, value) in headers {
        answer.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    answer.extend(format!("content-length: {}\r\n\r\n", body.len()).into_bytes());
    answer.extend(body);
    answer
}

async fn serve(mut stream: TcpStream, exchanges: Exchanges) -> io::Result<()> {
    let mut request = Vec::new();
    let head_len = loop {
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    };
    let mut body = request.split_off(head_len);
    let head = String::from_utf8(request).map_err(io::Error::other)?;
    let id = head
        .strip_prefix("POST /")
        .and_then(|rest| rest.split_once(' '))
        .and_then(|(id, _)| id.parse().ok())
        .ok_or_else(|| io::Error::other("another request"))?;
    let headers: Vec<(String, String)> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let len: usize = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse().ok())
        .ok_or_else(|| io::Error::other("no length"))?;
    while body.len() < len {
        if stream.read_buf(&mut body).await? == 0 {
            return Ok(());
        }
    }
    let answer = {
        let mut exchanges = exchanges.lock().unwrap();
        let Some(exchange) = exchanges.get_mut(&id) else {
            return Ok(());
        };
        let body = Bytes::from(body);
        exchange.received = Some(Received { headers, body });
        exchange.answer.clone()
    };
    stream.write_all(&answer).await?;
    stream.shutdown().await?;
    // Closing while the client still sends would reset the connection and lose the response.
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(())
}
