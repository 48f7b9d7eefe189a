//! A proxy between client and sandbox that fails by a seed.
//!
//! What happens to a request depends on the seed, on what the request is about, and on how often that was asked before;
//! not on the order in which requests of several processes arrive. So a seed meets much the same faults again.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Handle,
    task::AbortHandle,
    time::sleep,
};

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    ResetBefore,
    ResetAfter,
    /// A byte of the request arrives changed; of JSON the highest bit, so that it shows.
    Flip,
    /// As [`Flip`](Self::Flip), of the response.
    FlipResponse,
    Truncate,
    BadGatewayBefore,
    BadGatewayAfter,
    /// The sender sees a reset; the request arrives later.
    Late(Duration),
    /// The request arrives once more, later.
    Twice(Duration),
    /// The response's `Date` is this many seconds off.
    Date(i64),
    Slow(Duration),
    Stall,
    Busy,
}

const FAULTS: usize = 13;

/// Seconds by which clocks are off: little, around the age of what others put on the site, and much.
const SKEWS: [i64; 8] = [-5, 5, -300, 300, -3_599, -3_605, 86_400, -31_536_000];

impl Fault {
    fn draw(random: &mut Rng, kinds: u16) -> Option<Self> {
        let pause = Duration::from_millis(random.u64(20..900));
        let skew = SKEWS[random.usize(..SKEWS.len())];
        let all: [Self; FAULTS] = [
            Self::ResetBefore,
            Self::ResetAfter,
            Self::Flip,
            Self::FlipResponse,
            Self::Truncate,
            Self::BadGatewayBefore,
            Self::BadGatewayAfter,
            Self::Late(pause),
            Self::Twice(pause),
            Self::Date(skew),
            Self::Slow(pause),
            Self::Stall,
            Self::Busy,
        ];
        let kind = random.usize(..FAULTS);
        (kinds & (1 << kind) != 0).then(|| all[kind])
    }

    fn name(self) -> &'static str {
        match self {
            Self::ResetBefore => "reset before",
            Self::ResetAfter => "reset after",
            Self::Flip => "flip",
            Self::FlipResponse => "flip of the response",
            Self::Truncate => "truncate",
            Self::BadGatewayBefore => "502 before",
            Self::BadGatewayAfter => "502 after",
            Self::Late(_) => "late",
            Self::Twice(_) => "twice",
            Self::Date(_) => "date",
            Self::Slow(_) => "slow",
            Self::Stall => "stall",
            Self::Busy => "429",
        }
    }
}

/// How often and in which ways the proxy fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) seed: u64,
    /// Of a hundred requests this many draw a fault.
    pub(crate) percent: u32,
    /// A bit for each kind of fault that happens.
    pub(crate) kinds: u16,
}

#[derive(Default)]
struct Book {
    /// How often each subject was asked for.
    asked: HashMap<u64, u64>,
    /// What each asset is about.
    subjects: HashMap<String, u64>,
    /// The assets whose file arrived changed when it last arrived.
    damaged: BTreeSet<String>,
    /// Those that were damaged at some time: a pull may have fetched them then.
    once_damaged: BTreeSet<String>,
    faults: BTreeMap<&'static str, u64>,
    log: Vec<String>,
}

struct Shared {
    upstream: String,
    origin: String,
    weather: Weather,
    calm: AtomicBool,
    requests: AtomicUsize,
    /// The bytes that clients sent.
    received: AtomicUsize,
    /// Requests that are still to be delivered.
    pending: AtomicUsize,
    book: Mutex<Book>,
}

/// A running proxy; dropping it ends it.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    server: AbortHandle,
}

impl Proxy {
    /// Starts a proxy in front of `base_url`.
    pub(crate) fn start(runtime: &Handle, base_url: &str, weather: Weather) -> io::Result<Self> {
        let upstream = base_url.trim_end_matches("/v2").to_owned();
        // Addresses in responses are replaced by others of the same length.
        let listener = loop {
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
            if format!("http://{}", listener.local_addr()?).len() == upstream.len() {
                break listener;
            }
        };
        let shared = Arc::new(Shared {
            upstream,
            origin: format!("http://{}", listener.local_addr()?),
            weather,
            calm: AtomicBool::new(false),
            requests: AtomicUsize::new(0),
            received: AtomicUsize::new(0),
            pending: AtomicUsize::new(0),
            book: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        let server = runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(Arc::clone(&serving), stream));
            }
        });
        Ok(Self {
            shared,
            server: server.abort_handle(),
        })
    }

    pub(crate) fn base_url(&self) -> String {
        format!("{}/v2", self.shared.origin)
    }

    /// Ends all faults, and waits until what is late has arrived.
    pub(crate) fn calm(&self) {
        self.shared.calm.store(true, Ordering::SeqCst);
        while self.shared.pending.load(Ordering::SeqCst) > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// The bytes of all requests, whole or not.
    pub(crate) fn received(&self) -> u64 {
        self.shared.received.load(Ordering::SeqCst) as u64
    }

    /// The faults that happened, by kind.
    pub(crate) fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.shared.book().faults.clone()
    }

    /// The assets whose file arrived changed when it last arrived.
    pub(crate) fn damaged(&self) -> BTreeSet<String> {
        self.shared.book().damaged.clone()
    }

    pub(crate) fn once_damaged(&self) -> BTreeSet<String> {
        self.shared.book().once_damaged.clone()
    }

    /// A line for each request.
    pub(crate) fn log(&self) -> Vec<String> {
        self.shared.book().log.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// An HTTP message whose body has the length that its head says.
#[derive(Clone)]
struct Message {
    head: String,
    body: Vec<u8>,
}

impl Message {
    /// `None` if the sender leaves before the end. Adds the bytes that were read to `count`.
    async fn read(stream: &mut TcpStream, count: &AtomicUsize) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(at) = find(&bytes, b"\r\n\r\n") {
                break at + 4;
            }
            match stream.read_buf(&mut bytes).await? {
                0 => return Ok(None),
                read => count.fetch_add(read, Ordering::SeqCst),
            };
        };
        let body = bytes.split_off(end);
        let mut message = Self {
            head: String::from_utf8_lossy(&bytes).into_owned(),
            body,
        };
        let length = message.header("content-length");
        let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        while message.body.len() < length {
            match stream.read_buf(&mut message.body).await? {
                0 => return Ok(None),
                read => count.fetch_add(read, Ordering::SeqCst),
            };
        }
        Ok(Some(message))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.trim())
    }

    fn set_header(&mut self, name: &str, value: &str) {
        let mut head = String::new();
        for (n, line) in self.head.trim_end().lines().enumerate() {
            let known = line
                .split_once(':')
                .is_some_and(|(known, _)| known.eq_ignore_ascii_case(name));
            if n == 0 || !known {
                head += line;
                head += "\r\n";
            }
        }
        self.head = head + name + ": " + value + "\r\n\r\n";
    }

    fn first_line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), &self.body].concat()
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// The string after `"name":"` in JSON.
fn field<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\":\""))?;
    rest.split('"').next()
}

/// The asset that a form is for, from its key.
fn form_id(form: &str) -> Option<&str> {
    let (_, key) = form.split_once("name=\"key\"\r\n\r\n")?;
    key.split_once('/')?.1.get(..24)
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a request is about: the content of an asset, or the request itself. Asset ids are different in each run.
    fn subject(&self, request: &Message) -> u64 {
        let line = request.first_line();
        let (method, path) = line.split_once(' ').unwrap_or((line, ""));
        let text = String::from_utf8_lossy(&request.body);
        if let Some(md5) = field(&text, "fileHash") {
            return hash(("create", md5));
        }
        let id = match path.strip_prefix("/v2/assets/") {
            Some(rest) => rest.get(..24),
            None => form_id(&text),
        };
        let known = id.and_then(|id| self.book().subjects.get(id).copied());
        match known {
            Some(subject) => hash((method, subject)),
            None => hash((method, path.split('?').next().map(str::len), text.len())),
        }
    }

    /// The fault that happens to a request.
    fn fault(&self, request: &Message) -> Option<Fault> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let subject = self.subject(request);
        let mut book = self.book();
        let asked = book.asked.entry(subject).or_default();
        *asked += 1;
        let Weather {
            seed,
            percent,
            kinds,
        } = self.weather;
        let mut random = Rng::with_seed(hash((seed, subject, *asked)));
        // With some subjects the same goes wrong nearly always, however often it is tried.
        let mut fate = Rng::with_seed(hash((seed, subject)));
        let fault = if self.calm.load(Ordering::SeqCst) {
            None
        } else if fate.u8(..8) == 0 && random.u8(..8) > 0 {
            Fault::draw(&mut fate, kinds)
        } else if random.u32(..100) < percent {
            Fault::draw(&mut random, kinds)
        } else {
            None
        };
        if let Some(fault) = fault {
            *book.faults.entry(fault.name()).or_default() += 1;
        }
        fault
    }

    /// Sends a request on, and returns the response as the client is to see it.
    async fn forward(&self, mut request: Message, flipped: bool) -> io::Result<Message> {
        request.set_header("connection", "close");
        let address = self.upstream.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&request.bytes()).await?;
        let response = Message::read(&mut stream, &AtomicUsize::new(0)).await?;
        let mut response = response.ok_or(io::ErrorKind::UnexpectedEof)?;
        if let Ok(json) = String::from_utf8(response.body.clone()) {
            let text = String::from_utf8_lossy(&request.body);
            if let (Some(md5), Some(id)) = (field(&text, "fileHash"), field(&json, "id")) {
                let subject = hash(md5);
                self.book().subjects.insert(id.to_owned(), subject);
            }
            response.body = json.replace(&self.upstream, &self.origin).into_bytes();
        }
        if response.first_line().contains(" 201 ") {
            let text = String::from_utf8_lossy(&request.body);
            let id = form_id(&text).unwrap_or_default().to_owned();
            let mut book = self.book();
            if flipped {
                book.once_damaged.insert(id.clone());
                book.damaged.insert(id);
            } else {
                book.damaged.remove(&id);
            }
        }
        response.set_header("connection", "close");
        Ok(response)
    }

    fn note(&self, request: &Message, fault: Option<Fault>, response: Option<&Message>) {
        let text = String::from_utf8_lossy(&request.body);
        let about = ["fileName", "fileHash", "displayName"]
            .iter()
            .filter_map(|name| field(&text, name));
        let about: Vec<&str> = about.collect();
        let status = response.map_or("-", |response| response.first_line());
        let body = response.map(|response| String::from_utf8_lossy(&response.body));
        let id = body
            .as_deref()
            .and_then(|body| field(body, "id"))
            .unwrap_or_default();
        let line = format!(
            "{} {} {about:?} {fault:?} -> {status} {id}",
            Timestamp::now().strftime("%H:%M:%S%.3f"),
            request.first_line(),
        );
        self.book().log.push(line);
    }
}

const BAD_GATEWAY: &[u8] =
    b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 29\r\n\
    connection: close\r\n\r\n<html><h1>502</h1></html>    ";
const BUSY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Delivers a request when its sender has gone, or once more.
fn deliver(shared: &Arc<Shared>, request: Message, pause: Duration) {
    shared.pending.fetch_add(1, Ordering::SeqCst);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        sleep(pause).await;
        let response = shared.forward(request.clone(), false).await.ok();
        shared.note(&request, None, response.as_ref());
        shared.pending.fetch_sub(1, Ordering::SeqCst);
    });
}

/// Handles the one request of a connection. What fails here is the client's or the sandbox's connection, and is noticed
/// by the client.
async fn serve(shared: Arc<Shared>, mut stream: TcpStream) -> io::Result<()> {
    let Some(mut request) = Message::read(&mut stream, &shared.received).await? else {
        return Ok(());
    };
    let fault = shared.fault(&request);
    let reset = |stream: TcpStream| {
        let _ = stream.set_zero_linger();
    };
    match fault {
        Some(Fault::ResetBefore) => {
            shared.note(&request, fault, None);
            reset(stream);
            return Ok(());
        }
        Some(Fault::Late(pause)) => {
            shared.note(&request, fault, None);
            deliver(&shared, request, pause);
            reset(stream);
            return Ok(());
        }
        Some(Fault::BadGatewayBefore | Fault::Busy) => {
            shared.note(&request, fault, None);
            let page = if fault == Some(Fault::Busy) {
                BUSY
            } else {
                BAD_GATEWAY
            };
            return stream.write_all(page).await;
        }
        Some(Fault::Stall) => {
            shared.note(&request, fault, None);
            let mut ignored = [0; 64];
            while stream.read(&mut ignored).await? > 0 {}
            return Ok(());
        }
        Some(Fault::Slow(pause)) => sleep(pause).await,
        Some(Fault::Twice(pause)) => deliver(&shared, request.clone(), pause),
        Some(Fault::Flip) => {
            let form =
                request.first_line().starts_with("POST") && !request.first_line().contains(" /v2/");
            // The file stands at the end of a form, before some 60 bytes.
            let place = if form {
                request.body.len().saturating_sub(80)
            } else {
                request.body.len() / 2
            };
            if let Some(byte) = request.body.get_mut(place) {
                *byte ^= if form { 1 } else { 0x80 };
            }
        }
        _ => {}
    }
    // Apart from the connection, as a client may leave while its request is processed.
    let sent = request.clone();
    let forwarding = Arc::clone(&shared);
    let response =
        tokio::spawn(async move { forwarding.forward(sent, fault == Some(Fault::Flip)).await })
            .await?;
    shared.note(&request, fault, response.as_ref().ok());
    let mut response = response?;
    match fault {
        Some(Fault::ResetAfter) => {
            reset(stream);
            return Ok(());
        }
        Some(Fault::BadGatewayAfter) => return stream.write_all(BAD_GATEWAY).await,
        Some(Fault::Truncate) => {
            let bytes = response.bytes();
            return stream
                .write_all(&bytes[..bytes.len() - response.body.len().div_ceil(2)])
                .await;
        }
        Some(Fault::FlipResponse) => {
            let place = response.body.len() / 2;
            if let Some(byte) = response.body.get_mut(place) {
                *byte ^= 0x80;
            }
        }
        Some(Fault::Date(seconds)) => {
            let date = Timestamp::now() + SignedDuration::from_secs(seconds);
            response.set_header(
                "date",
                &date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
            );
        }
        _ => {}
    }
    stream.write_all(&response.bytes()).await?;
    stream.shutdown().await
}
