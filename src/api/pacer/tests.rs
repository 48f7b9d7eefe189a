//! The pacer against servers that count in fixed windows, on a clock of the test's own.

use futures_util::{StreamExt, stream};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// A server that counts in fixed windows, on the test's clock.
struct Server {
    limit: u32,
    /// When the window began; the first request begins one.
    opened: Option<Instant>,
    used: u32,
    refused: u32,
    requests: u32,
}

impl Server {
    fn new(limit: u32) -> Mutex<Self> {
        Mutex::new(Self {
            limit,
            opened: None,
            used: 0,
            refused: 0,
            requests: 0,
        })
    }

    /// A server whose windows began without this client, so long ago.
    fn opened_ago(limit: u32, ago: Duration) -> Mutex<Self> {
        let server = Self::new(limit);
        server.lock().unwrap().opened = Some(Instant::now() - ago);
        server
    }

    fn request(&mut self) -> (StatusCode, HeaderMap) {
        let now = Instant::now();
        self.requests += 1;
        match &mut self.opened {
            Some(opened) if now - *opened >= MINUTE => {
                // Windows follow each other where others use the key, or nobody does.
                while now - *opened >= MINUTE {
                    *opened += MINUTE;
                }
                self.used = 0;
            }
            Some(_) => {}
            None => self.opened = Some(now),
        }
        let refused = self.used == self.limit;
        self.used += u32::from(!refused);
        self.refused += u32::from(refused);
        let mut headers = HeaderMap::new();
        headers.insert(LIMIT, self.limit.into());
        headers.insert(REMAINING, (self.limit - self.used).into());
        if !refused {
            return (StatusCode::OK, headers);
        }
        let rest = MINUTE.saturating_sub(now - self.opened.unwrap_or(now));
        headers.insert("retry-after", (rest.as_secs() + 1).into());
        (StatusCode::TOO_MANY_REQUESTS, headers)
    }
}

/// A request that takes a while each way, a different while for each.
async fn call(pacer: &Arc<Pacer>, server: &Mutex<Server>, n: u64) {
    let way = Duration::from_millis(20 + n * 7919 % 180);
    loop {
        let permit = pacer.acquire().await;
        tokio::time::sleep(way).await;
        let (status, headers) = server.lock().unwrap().request();
        tokio::time::sleep(way).await;
        permit.answered(status, &headers);
        if status.is_success() {
            return;
        }
    }
}

async fn calls(pacer: &Arc<Pacer>, server: &Mutex<Server>, count: u64) -> Duration {
    let start = Instant::now();
    stream::iter(0..count)
        .for_each_concurrent(16, |n| call(pacer, server, n))
        .await;
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn the_whole_allowance_is_spent_and_no_request_is_refused() {
    for limit in [1, 2, 15, 16, 17, 60, 120] {
        let pacer = Arc::new(Pacer::new(MINUTE, 5 * MINUTE));
        let server = Server::new(limit);
        let count = 200.min(u64::from(limit) * 5);
        let took = calls(&pacer, &server, count).await;
        assert_eq!(server.lock().unwrap().refused, 0, "limit {limit}");
        // Every window but the last is spent to its end.
        let windows = (count - 1) / u64::from(limit);
        let floor = MINUTE * u32::try_from(windows).unwrap();
        let spare = Duration::from_secs(5);
        assert!(
            took <= floor.mul_f64(1.02) + spare,
            "limit {limit}: {took:?}, floor {floor:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn windows_that_others_began_are_met_with_no_refusal_either() {
    for ago in [1, 30, 59] {
        let pacer = Arc::new(Pacer::new(MINUTE, 5 * MINUTE));
        let server = Server::opened_ago(60, Duration::from_secs(ago));
        let took = calls(&pacer, &server, 200).await;
        assert_eq!(server.lock().unwrap().refused, 0, "{ago} s ago");
        assert!(
            took <= MINUTE * 3 + Duration::from_secs(5),
            "{ago} s ago: {took:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn another_consumer_of_the_key_is_met_with_backing_off() {
    let pacer = Arc::new(Pacer::new(MINUTE, 5 * MINUTE));
    let server = Server::new(60);
    // One request in two seconds, whatever comes back: half of the allowance.
    let other = async {
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let (status, _) = server.lock().unwrap().request();
            if status != StatusCode::OK {
                server.lock().unwrap().refused -= 1;
            }
        }
    };
    let took = tokio::select! {
        took = calls(&pacer, &server, 200) => took,
        () = other => unreachable!(),
    };
    // At most what was on its way when the other took the last: not one for each waiting.
    let refused = server.lock().unwrap().refused;
    assert!(refused <= 16, "{refused} refused");
    assert!(took <= MINUTE * 8, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_states_no_limit_is_not_held_back() {
    let pacer = Arc::new(Pacer::new(MINUTE, 5 * MINUTE));
    let first = pacer.acquire().await;
    // Alone until its answer says how many may follow.
    let second = tokio::time::timeout(Duration::from_secs(1), pacer.acquire()).await;
    assert!(second.is_err());
    first.answered(StatusCode::OK, &HeaderMap::new());
    let permits: Vec<Permit> = stream::iter(0..100)
        .then(|_| pacer.acquire())
        .collect()
        .await;
    assert_eq!(permits.len(), 100);
    assert_eq!(pacer.snapshot(), RateLimit::default());
}

fn left(remaining: u32) -> HeaderMap {
    HeaderMap::from_iter([
        (LIMIT.parse().unwrap(), 60.into()),
        (REMAINING.parse().unwrap(), remaining.into()),
    ])
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_counted_and_may_go_away() {
    let pacer = Arc::new(Pacer::new(MINUTE, 5 * MINUTE));
    pacer.acquire().await.answered(StatusCode::OK, &left(0));
    let mut waiting = Box::pin(pacer.acquire());
    tokio::time::timeout(Duration::from_secs(10), &mut waiting)
        .await
        .unwrap_err();
    let snapshot = pacer.snapshot();
    assert_eq!((snapshot.limit, snapshot.remaining), (Some(60), Some(0)));
    assert_eq!(
        (snapshot.waiting, snapshot.resets_in),
        (1, Some(Duration::from_secs(50)))
    );
    drop(waiting);
    assert_eq!(pacer.snapshot().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_finds_out_and_is_dropped_is_followed_by_another() {
    let pacer = Arc::new(Pacer::new(MINUTE, 5 * MINUTE));
    let probe = pacer.acquire().await;
    drop(probe);
    let probe = pacer.acquire().await;
    probe.unsent();
    // One that takes too long no longer keeps the others waiting.
    let stuck = pacer.acquire().await;
    let start = Instant::now();
    pacer.acquire().await.answered(StatusCode::OK, &left(2));
    assert_eq!(start.elapsed(), PATIENCE);
    pacer.acquire().await.answered(StatusCode::OK, &left(1));
    // The one that is stuck may have been counted, or may yet be.
    let next = tokio::time::timeout(Duration::from_secs(1), pacer.acquire()).await;
    assert!(next.is_err());
    drop(stuck);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_overtaken_changes_nothing() {
    let pacer = Arc::new(Pacer::new(MINUTE, 5 * MINUTE));
    pacer.acquire().await.answered(StatusCode::OK, &left(3));
    let first = pacer.acquire().await;
    let second = pacer.acquire().await;
    second.answered(StatusCode::OK, &left(1));
    first.answered(StatusCode::OK, &left(2));
    assert_eq!(pacer.snapshot().remaining, Some(1));
    // More than before from a request that was sent later: another window.
    pacer.acquire().await.answered(StatusCode::OK, &left(59));
    assert_eq!(pacer.snapshot().remaining, Some(59));
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_beyond_all_patience_holds_nobody_longer() {
    for asked in ["99999999999", "18446744073709551615"] {
        let pacer = Arc::new(Pacer::new(MINUTE, 5 * MINUTE));
        let headers =
            HeaderMap::from_iter([("retry-after".parse().unwrap(), asked.parse().unwrap())]);
        let permit = pacer.acquire().await;
        permit.answered(StatusCode::TOO_MANY_REQUESTS, &headers);
        let start = Instant::now();
        pacer.acquire().await.answered(StatusCode::OK, &left(60));
        assert_eq!(start.elapsed(), 5 * MINUTE);
    }
}
