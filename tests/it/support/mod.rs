//! Helpers that several tests share.

pub(crate) mod post;
pub(crate) mod s3;
pub(crate) mod storm;

use std::{
    error::Error,
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use webflow_assets::{Client, ClientBuilder, RetryPolicy, Source, Token, sandbox::Sandbox, types};

/// The site of every mock.
pub(crate) const SITE: &str = "580e63e98c9a982ac9b8b741";

/// A client for a server on this machine, without retries. Its token must not appear anywhere.
pub(crate) fn client(base_url: &str) -> Client {
    Client::builder()
        .token(Token::new(TOKEN).unwrap())
        .base_url(base_url)
        .retry(RetryPolicy::none())
        .lease(Duration::ZERO)
        .build()
        .unwrap()
}

/// The builder of a client for a sandbox.
pub(crate) fn client_for(sandbox: &Sandbox) -> ClientBuilder {
    Client::builder()
        .token(Token::new(sandbox.token()).unwrap())
        .base_url(sandbox.base_url())
}

/// Registers the content as another process would.
pub(crate) async fn register(
    client: &Client,
    sandbox: &Sandbox,
    name: &str,
    content: &str,
) -> types::AssetUpload {
    let hash = Source::bytes(name, content.to_owned())
        .hash()
        .await
        .unwrap();
    let asset = types::NewAsset::builder()
        .file_name(name)
        .file_hash(hash.md5.to_string());
    let create = client.create_asset().site_id(sandbox.site_id());
    create.body(asset).send().await.unwrap().into_inner()
}

pub(crate) const TOKEN: &str = "t0ken-that-nobody-may-see";

pub(crate) fn new_asset() -> types::NewAsset {
    types::NewAsset::builder()
        .file_name("barn.png")
        .file_hash("3c7d87c9575702bc3b1e991f4d3c638e")
        .try_into()
        .unwrap()
}

/// The `Debug` output of an error, and the `Display` of it and its causes.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = format!("{error:#?}\n");
    let mut next = Some(error);
    while let Some(error) = next {
        writeln!(text, "{error}").unwrap();
        next = error.source();
    }
    text
}

/// A server that responds to the first request of every connection with these bytes, and closes it.
pub(crate) async fn raw_server(answer: &'static str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}")
}

/// A server that responds to the first request of every connection with `head`, and then with `piece`
/// again and again, `pause` after each, until the client hangs up. The second value counts the bytes
/// that the client let it send.
pub(crate) async fn endless_server(
    head: &'static str,
    piece: impl Into<Vec<u8>>,
    pause: Duration,
) -> (String, Arc<AtomicUsize>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (piece, sent) = (piece.into(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&sent);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(&piece).await.is_ok() {
                count.fetch_add(piece.len(), Ordering::Relaxed);
                tokio::time::sleep(pause).await;
            }
        }
    });
    (format!("http://{address}"), sent)
}

/// Pseudo-random bytes, in which every error of order, length or offset shows.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .collect()
}
