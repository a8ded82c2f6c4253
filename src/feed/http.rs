//! The door to the network: calls with timeouts, no redirects, bodies with a cap, and errors without URLs.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, StatusCode};

use super::call::Filled;
use super::fault::{Fault, FaultKind};
use super::mapping::MAX_BYTES;
use crate::clock::{self, wall_now};
use crate::engine::time::At;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const READ_TIMEOUT: Duration = Duration::from_secs(10);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest wait that a `Retry-After` can impose.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);
/// Kept of the body of an error.
const ERROR_BYTES: usize = 4 << 10;

/// HTTP clients for the feeds, with shared connections.
#[derive(Clone, Debug)]
pub struct Http {
    /// For the machine itself: no proxy of the environment is asked.
    near: Client,
    far: Client,
    /// For streams: silence is judged by who reads.
    near_stream: Client,
    far_stream: Client,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// The server's clock minus ours, by its `Date` header.
    pub skew_ms: Option<i64>,
    /// The server's `Date`.
    pub date: Option<At>,
    /// From the call to the first of the answer.
    pub took: Duration,
}

impl Http {
    /// # Errors
    /// When the system's certificates cannot be read.
    pub fn new() -> Result<Self, Fault> {
        // an error means that a provider was installed before, which is as good
        let _ = rustls::crypto::ring::default_provider().install_default();
        let build = |proxied: bool, whole: bool| {
            let mut builder = Client::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .retry(reqwest::retry::never())
                .user_agent(concat!("warroom/", env!("CARGO_PKG_VERSION")));
            if whole {
                builder = builder.read_timeout(READ_TIMEOUT);
            }
            if !proxied {
                builder = builder.no_proxy();
            }
            builder.build().map_err(Fault::from_reqwest)
        };
        Ok(Self { near: build(false, true)?, far: build(true, true)?, near_stream: build(false, false)?, far_stream: build(true, false)? })
    }

    /// How long a stream may take to open.
    pub const OPENING: Duration = Duration::from_secs(5);

    /// Opens a stream; the headers have come.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn open_stream(&self, filled: Filled) -> Result<reqwest::Response, Fault> {
        let client = if is_near(&filled.url) { &self.near_stream } else { &self.far_stream };
        send_with(client, filled).await
    }

    /// What an answer that is no success says.
    pub async fn read_error(&self, mut response: reqwest::Response) -> Fault {
        let (status, headers) = (response.status(), response.headers().clone());
        // an error without a body is an error as well
        let body = tokio::time::timeout(READ_TIMEOUT, read_capped(&mut response, ERROR_BYTES, true)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        let answer = Answer { status, headers, body, skew_ms: None, date: None, took: Duration::ZERO };
        answer.checked().err().unwrap_or_else(|| Fault::new(FaultKind::Status, "an unexpected answer"))
    }

    /// Sends a call and reads its answer whole.
    ///
    /// # Errors
    /// When nobody answers in time or the body is too large.
    pub async fn send(&self, filled: Filled) -> Result<Answer, Fault> {
        self.send_held(filled, Duration::ZERO).await
    }

    /// The same where the answer may be kept back for so long.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_held(&self, filled: Filled, holds: Duration) -> Result<Answer, Fault> {
        let client = match (is_near(&filled.url), holds.is_zero()) {
            (true, true) => &self.near,
            (false, true) => &self.far,
            (true, false) => &self.near_stream,
            (false, false) => &self.far_stream,
        };
        let exchange = async {
            let sent = clock::instant();
            let mut response = send_with(client, filled).await?;
            let took = sent.elapsed();
            let (status, headers) = (response.status(), response.headers().clone());
            let limit = if status.is_success() { MAX_BYTES } else { ERROR_BYTES };
            let body = read_capped(&mut response, limit, !status.is_success()).await?;
            let date = headers.get("date").and_then(|value| http_date(value.to_str().ok()?));
            // a Date is cut to the second: on average half a second is gone
            let skew_ms = date.map(|date| date.plus_ms(500).since_ms(wall_now()));
            Ok(Answer { status, headers, body, skew_ms, date, took })
        };
        let patience = TOTAL_TIMEOUT + holds;
        let late = || Fault::new(FaultKind::Timeout, format!("no whole answer within {} s", patience.as_secs()));
        tokio::time::timeout(patience, exchange).await.map_err(|_| late())?
    }
}

async fn send_with(client: &Client, filled: Filled) -> Result<reqwest::Response, Fault> {
    let mut request = client.request(filled.method, filled.url);
    for (name, value) in filled.headers {
        request = request.header(name, value);
    }
    if let Some(body) = filled.body {
        request = request.body(body);
    }
    request.send().await.map_err(Fault::from_reqwest)
}

/// Reads a body up to a limit; beyond it an error, or the beginning where that is enough.
async fn read_capped(response: &mut reqwest::Response, limit: usize, beginning: bool) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Fault::from_reqwest)? {
        if body.len() + chunk.len() > limit {
            if beginning {
                break;
            }
            return Err(Fault::new(FaultKind::TooLarge, "an answer of more than 8 MiB"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// True for the machine itself.
#[must_use]
pub fn is_near(url: &reqwest::Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

impl Answer {
    /// The answer if it is a success.
    ///
    /// # Errors
    /// With the kind of no that the status says.
    pub fn checked(self) -> Result<Self, Fault> {
        if self.status.is_success() {
            return Ok(self);
        }
        let said = String::from_utf8_lossy(&self.body);
        let detail = format!("http {} {said}", self.status.as_u16());
        let kind = match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => FaultKind::Unauthorized,
            StatusCode::TOO_MANY_REQUESTS => FaultKind::Throttled,
            status if status.is_redirection() => {
                return Err(Fault::new(FaultKind::Redirect, format!("http {}: redirects are not followed", self.status.as_u16())));
            }
            _ => FaultKind::Status,
        };
        let fault = Fault { status: Some(self.status.as_u16()), ..Fault::new(kind, detail.trim()) };
        Err(fault.waiting(retry_after(&self.headers)))
    }
}

/// What a `Retry-After` header asks for, in seconds or as a date, at most five minutes.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => Duration::from_millis(u64::try_from(http_date(text)?.since_ms(wall_now())).unwrap_or(0)),
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

fn http_date(text: &str) -> Option<At> {
    let date = chrono::DateTime::parse_from_rfc2822(&text.replace("GMT", "+0000")).ok()?;
    Some(At::from_ms(date.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_after_is_read_in_both_forms_and_capped() {
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers).map(|wait| wait.as_secs())
        };
        assert_eq!(wait("7"), Some(7));
        assert_eq!(wait("86400"), Some(300));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(0));
        assert_eq!(wait("Thu, 31 Dec 2099 23:59:59 GMT"), Some(300));
    }
}
