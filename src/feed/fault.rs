//! What can go wrong with a peer: a closed list, each a named state of the feed, never with a URL or a secret in it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::text::clean;

/// Longest text of a peer that an error repeats.
const QUOTE_COLUMNS: usize = 160;

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FaultKind {
    /// Nobody answers at the address.
    Unreachable,
    /// It took longer than allowed.
    Timeout,
    /// The certificate is not valid for the host.
    Tls,
    /// The connection broke in the middle.
    Truncated,
    /// An HTTP status that is no success.
    Status,
    /// The credentials are not accepted.
    Unauthorized,
    /// Too many requests.
    Throttled,
    /// It answers with a redirect, which is never followed.
    Redirect,
    /// The body is larger than allowed, as sent or decompressed.
    TooLarge,
    /// The body is not what it should be: no JSON, too deep, a wrong encoding.
    BadBody,
    /// The platform says no inside an HTTP success.
    Refused,
    /// The mapping failed as a whole or took too long.
    Mapping,
    /// A link leads to another host.
    ForeignLink,
    /// The pages of an answer have no end.
    Paging,
    /// A file, a pipe or a child process.
    Input,
    /// The feed's own task broke, or the process of its filters was killed.
    Crashed,
    /// The journal did not take the batch.
    Journal,
}

impl FaultKind {
    /// The name on the health page and in `last_error`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
            Self::Truncated => "truncated",
            Self::Status => "status",
            Self::Unauthorized => "unauthorized",
            Self::Throttled => "throttled",
            Self::Redirect => "redirect",
            Self::TooLarge => "too_large",
            Self::BadBody => "bad_body",
            Self::Refused => "refused",
            Self::Mapping => "mapping",
            Self::ForeignLink => "foreign_link",
            Self::Paging => "paging",
            Self::Input => "input",
            Self::Crashed => "crashed",
            Self::Journal => "journal",
        }
    }
}

/// A failure of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub kind: FaultKind,
    /// Cleaned, without URL and secrets.
    pub detail: String,
    /// The peer asks to wait at least so long.
    pub wait: Option<Duration>,
    /// We ourselves hold it back so long, for what was said before: the peer said nothing new.
    pub held: Option<Duration>,
    /// Trying again cannot help; the operator must act.
    pub fatal: bool,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
}

impl Fault {
    #[must_use]
    pub fn new(kind: FaultKind, detail: impl AsRef<str>) -> Self {
        Self { kind, detail: clean(detail.as_ref(), QUOTE_COLUMNS).to_string(), wait: None, held: None, fatal: false, status: None }
    }
    #[must_use]
    pub const fn waiting(mut self, wait: Option<Duration>) -> Self {
        self.wait = wait;
        self
    }
    #[must_use]
    pub const fn held(mut self, wait: Duration) -> Self {
        self.held = Some(wait);
        self
    }
    /// False for a call that was not made because its account has to wait.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.held.is_none() || self.kind != FaultKind::Throttled
    }
    /// It lies in what was sent: it would only come again.
    #[must_use]
    pub fn is_of_payload(&self) -> bool {
        !self.fatal && matches!(self.kind, FaultKind::BadBody | FaultKind::TooLarge | FaultKind::Mapping)
    }
    /// The peer was not reached, is down or busy: the same may be asked again in a while.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        let is_busy = |status: u16| status >= 500 || status == 408 || status == 425;
        match self.kind {
            _ if self.fatal => false,
            FaultKind::Throttled | FaultKind::Unreachable | FaultKind::Timeout | FaultKind::Truncated => true,
            FaultKind::Status => self.wait.is_some() || self.status.is_some_and(is_busy),
            _ => false,
        }
    }
    #[must_use]
    pub const fn fatal(mut self) -> Self {
        self.fatal = true;
        self
    }

    /// An error of the HTTP client, without its URL.
    #[must_use]
    pub fn from_reqwest(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let chain = causes(&error);
        let kind = if error.is_timeout() {
            FaultKind::Timeout
        } else if chain.contains("certificate") || chain.contains("tls handshake") {
            FaultKind::Tls
        } else if error.is_connect() {
            FaultKind::Unreachable
        } else if error.is_decode() && !chain.contains("from connection") {
            FaultKind::BadBody
        } else {
            FaultKind::Truncated
        };
        Self::new(kind, chain)
    }
}

/// The innermost causes of an error in words, without the outer ones that may name the address.
fn causes(error: &dyn std::error::Error) -> String {
    let mut parts = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        parts.push(cause.to_string());
        next = cause.source();
    }
    parts.dedup();
    if parts.is_empty() { error.to_string() } else { parts.join(": ") }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.detail.is_empty() { f.write_str(self.kind.id()) } else { write!(f, "{}: {}", self.kind.id(), self.detail) }
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peers_text_cannot_touch_the_terminal() {
        let fault = Fault::new(FaultKind::Refused, "\u{1b}[31mred\u{202e}\nnext");
        assert!(!fault.to_string().chars().any(|c| c.is_control() || c == '\u{202e}'), "{fault}");
    }
}
