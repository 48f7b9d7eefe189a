//! Retries: which requests are repeated, when, and how often.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use http::{HeaderMap, StatusCode, header};
#[cfg(feature = "sync")]
use progenitor_client::Error;
use reqwest::Response;
use tokio::time::Instant;

use super::trace;
use crate::time::Timestamp;

/// How often a request is repeated, and for how long.
///
/// What is repeated at all is not a setting, as it follows from what may have happened:
///
/// | outcome | create and other POSTs | GET, DELETE | the form to S3 |
/// |---|---|---|---|
/// | no connection | repeated | repeated | repeated |
/// | no response after the request was sent | error | repeated | repeated |
/// | 429, 503 | repeated | repeated | repeated |
/// | 500, 502, 504 | error | repeated | repeated |
/// | `SlowDown`, `RequestTimeout`, a success that confirms nothing | – | – | repeated |
/// | any other refusal | error | error | error |
///
/// A create call that may have arrived is never repeated, and a form always may be: it overwrites
/// the same object. Delays grow exponentially with jitter. `Retry-After`, in seconds or as a date,
/// is honoured on 429 and 503; where it leads past `max_elapsed`, the response is returned at once.
///
/// ```
/// use std::time::Duration;
/// use webflow_assets::RetryPolicy;
///
/// let patient = RetryPolicy::default().max_attempts(8).max_elapsed(Duration::from_secs(600));
/// assert_ne!(patient, RetryPolicy::default());
/// assert_eq!(RetryPolicy::none(), RetryPolicy::default().max_attempts(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "a policy does nothing until a client is built with it"]
pub struct RetryPolicy {
    max_attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
    max_elapsed: Duration,
}

impl Default for RetryPolicy {
    /// Five attempts within five minutes, the first delay half a second on average.
    fn default() -> Self {
        Self {
            max_attempts: 5,
            // A third of a second, as jitter adds up to as much again: half a second on average.
            base_delay: Duration::from_millis(333),
            max_delay: Duration::from_secs(20),
            // Longer than the minute for which Webflow may hold a key back.
            max_elapsed: Duration::from_secs(300),
        }
    }
}

impl RetryPolicy {
    /// One attempt for everything.
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// Attempts in all; 0 counts as 1.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The shortest delay before the second attempt; jitter adds up to as much again. Each further
    /// delay is twice as long.
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// The longest delay, `Retry-After` apart.
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// No attempt begins later than this after the first.
    pub fn max_elapsed(mut self, elapsed: Duration) -> Self {
        self.max_elapsed = elapsed;
        self
    }

    /// Starts the clock for one operation and its attempts.
    pub(crate) fn start(self) -> Retries {
        let delays = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(self.base_delay)
            .with_max_delay(self.max_delay)
            .with_max_times(self.max_attempts.saturating_sub(1) as usize)
            .build();
        Retries {
            delays,
            deadline: Instant::now().checked_add(self.max_elapsed),
        }
    }

    /// The longest time between the first attempt and the last.
    pub(crate) fn elapsed_limit(self) -> Duration {
        self.max_elapsed
    }
}

/// The attempts that an operation has left, and the time for them.
pub(crate) struct Retries {
    delays: ExponentialBackoff,
    /// `None` where the limit is later than the clock can represent.
    deadline: Option<Instant>,
}

pub(crate) enum Attempt<S, T> {
    /// The operation is over.
    Done(T),
    /// Another attempt may succeed, with `state`; if there is none, the result is `otherwise`.
    Again {
        state: S,
        retry_after: Option<Duration>,
        otherwise: T,
    },
}

impl<S, T> Attempt<S, T> {
    /// The result of an attempt. Another one may succeed if there is a state for it.
    pub(crate) fn of(result: T, again: Option<S>, retry_after: Option<Duration>) -> Self {
        match again {
            None => Self::Done(result),
            Some(state) => Self::Again {
                state,
                retry_after,
                otherwise: result,
            },
        }
    }
}

impl Retries {
    /// Repeats `attempt` until it is done, or attempts or time run out. `state` is handed from
    /// each attempt to the next, together with whether this attempt may be repeated.
    pub(crate) async fn run<S, T, F>(
        &mut self,
        mut state: S,
        mut attempt: impl FnMut(S, bool) -> F,
    ) -> T
    where
        F: Future<Output = Attempt<S, T>>,
    {
        loop {
            let delay = self.delays.next();
            match attempt(state, delay.is_some()).await {
                Attempt::Done(result) => return result,
                Attempt::Again {
                    state: next,
                    retry_after,
                    otherwise,
                } => {
                    let Some(delay) = delay.and_then(|delay| self.within(delay, retry_after))
                    else {
                        return otherwise;
                    };
                    trace::warning!(?delay, "the operation is repeated");
                    tokio::time::sleep(delay).await;
                    state = next;
                }
            }
        }
    }

    /// How long to wait before the next attempt; `None` if the time runs out before.
    fn within(&self, delay: Duration, retry_after: Option<Duration>) -> Option<Duration> {
        let delay = delay.max(retry_after.unwrap_or_default());
        let begin = Instant::now().checked_add(delay)?;
        (self.deadline.is_none_or(|deadline| begin <= deadline)).then_some(delay)
    }
}

/// How far one request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// A response arrived.
    Answered(StatusCode),
    /// The request was not sent.
    NotSent,
    /// The request was sent, at least in part, and no response arrived.
    Unknown,
}

impl Delivery {
    pub(crate) fn of(result: &reqwest::Result<Response>) -> Self {
        match result {
            Ok(response) => Self::Answered(response.status()),
            Err(error) if was_not_sent(error) => Self::NotSent,
            Err(_) => Self::Unknown,
        }
    }

    /// Whether another attempt may succeed and cannot do harm.
    pub(crate) fn is_repeatable(self, idempotent: bool) -> bool {
        match self {
            Self::NotSent => true,
            Self::Unknown => idempotent,
            Self::Answered(status) => match status.as_u16() {
                429 | 503 => true,
                500 | 502 | 504 => idempotent,
                _ => false,
            },
        }
    }
}

/// Whether a request that failed may have been carried out.
#[cfg(feature = "sync")]
pub(crate) fn may_have_arrived<E>(error: &Error<E>) -> bool {
    match error {
        Error::CommunicationError(error) => !was_not_sent(error),
        Error::ErrorResponse(answer) => answer.status().is_server_error(),
        Error::UnexpectedResponse(_)
        | Error::ResponseBodyError(_)
        | Error::InvalidResponsePayload(..) => true,
        _ => false,
    }
}

/// The `Retry-After` of a 429 or 503. The header means nothing on other statuses: Webflow's
/// documented example of a success carries it too.
pub(crate) fn retry_after(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    if status != StatusCode::TOO_MANY_REQUESTS && status != StatusCode::SERVICE_UNAVAILABLE {
        return None;
    }
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = Timestamp::http(value)?;
    // From the server's clock where it says it: this machine's may be wrong.
    let now = server_time(headers).unwrap_or_else(Timestamp::now);
    Some(date.duration_since(now))
}

/// The time of a response by the server's clock, in whole seconds.
pub(crate) fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    Timestamp::http(headers.get(header::DATE)?.to_str().ok()?)
}

/// Whether a request failed before any of it was sent.
pub(crate) fn was_not_sent(error: &reqwest::Error) -> bool {
    error.is_connect() || error.is_builder()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Delivery {
        Delivery::Answered(StatusCode::from_u16(status).unwrap())
    }

    #[test]
    fn the_decision_is_that_of_the_table() {
        let table = [
            // outcome, a POST, a GET or DELETE
            (Delivery::NotSent, true, true),
            (Delivery::Unknown, false, true),
            (answered(200), false, false),
            (answered(202), false, false),
            (answered(301), false, false),
            (answered(400), false, false),
            (answered(401), false, false),
            (answered(403), false, false),
            (answered(404), false, false),
            (answered(408), false, false),
            (answered(409), false, false),
            (answered(413), false, false),
            (answered(429), true, true),
            (answered(500), false, true),
            (answered(501), false, false),
            (answered(502), false, true),
            (answered(503), true, true),
            (answered(504), false, true),
        ];
        for (outcome, post, get) in table {
            assert_eq!(outcome.is_repeatable(false), post, "POST: {outcome:?}");
            assert_eq!(outcome.is_repeatable(true), get, "GET: {outcome:?}");
        }
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date_and_only_where_it_counts() {
        let headers = |value: &str| {
            HeaderMap::from_iter([
                (header::RETRY_AFTER, value.parse().unwrap()),
                (
                    header::DATE,
                    "Sun, 22 Nov 2026 12:00:00 GMT".parse().unwrap(),
                ),
            ])
        };
        let after = |status, value| {
            retry_after(StatusCode::from_u16(status).unwrap(), &headers(value))
                .map(|delay| delay.as_secs())
        };
        assert_eq!(after(429, "60"), Some(60));
        assert_eq!(after(503, " 0 "), Some(0));
        assert_eq!(after(429, "Sun, 22 Nov 2026 12:00:07 GMT"), Some(7));
        assert_eq!(after(503, "Sun, 22 Nov 2026 11:00:00 GMT"), Some(0));
        for (status, value) in [
            (200, "60"),
            (500, "60"),
            (429, "soon"),
            (429, "-1"),
            (429, ""),
        ] {
            assert_eq!(after(status, value), None, "{status} {value}");
        }
    }

    /// The delays of an operation that never succeeds and is told to wait for `retry_after`.
    async fn delays(policy: RetryPolicy, retry_after: Option<Duration>) -> Vec<Duration> {
        let mut begins = Vec::new();
        let mut retries = policy.start();
        let attempts = retries
            .run(0, |attempt: u32, _| {
                begins.push(Instant::now());
                std::future::ready(Attempt::Again {
                    state: attempt + 1,
                    retry_after,
                    otherwise: attempt + 1,
                })
            })
            .await;
        assert_eq!(attempts as usize, begins.len());
        begins.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn retries_end_with_the_attempts_or_the_time() {
        let policy = RetryPolicy::default().max_attempts(4);
        let grown = delays(policy, None).await;
        assert_eq!(grown.len(), 3);
        for (n, delay) in grown.iter().enumerate() {
            let base = Duration::from_millis(333) * 2_u32.pow(u32::try_from(n).unwrap());
            let tick = Duration::from_millis(1);
            assert!(*delay >= base && *delay <= base * 3 + tick, "{grown:?}");
        }
        assert!(delays(RetryPolicy::none(), None).await.is_empty());
        assert!(delays(policy.max_attempts(0), None).await.is_empty());

        let short = policy.max_elapsed(Duration::from_secs(10));
        let long = Duration::from_secs(9);
        assert_eq!(delays(short, Some(long)).await, [long]);
        for far in [Duration::from_secs(11), Duration::MAX] {
            assert!(delays(short, Some(far)).await.is_empty());
        }
        // Limits beyond the clock are no limits, and no panic.
        let endless = policy.max_elapsed(Duration::MAX).max_delay(Duration::MAX);
        assert!(
            delays(endless.base_delay(Duration::MAX), None)
                .await
                .is_empty()
        );
        assert_eq!(delays(endless, None).await.len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_ends_with_its_first_success_and_knows_its_last_attempt() {
        let mut repeatable = Vec::new();
        let result = RetryPolicy::default()
            .max_attempts(3)
            .start()
            .run(0, |attempt: u32, may_repeat| {
                repeatable.push(may_repeat);
                std::future::ready(if attempt == 2 {
                    Attempt::Done("done")
                } else {
                    Attempt::Again {
                        state: attempt + 1,
                        retry_after: None,
                        otherwise: "given up",
                    }
                })
            })
            .await;
        assert_eq!((result, repeatable), ("done", vec![true, true, false]));
    }
}
