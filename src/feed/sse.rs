//! Server-sent events: a stream of payloads over one answer, taken up again behind the last id that the server gave.

use std::time::Duration;

use tokio::time::timeout;

use super::call::Call;
use super::fault::{Fault, FaultKind};
use super::http::Http;
use super::mapping::{Context, Mapped};
use super::outlet::Outlet;
use super::stream::{Tap, note_return};
use crate::engine::event::{FeedStatus, Guarantee};

/// Largest event; a larger one breaks the stream.
const MAX_EVENT_BYTES: usize = 1 << 20;

/// A stream as a platform file describes it.
#[derive(Clone, Debug)]
pub struct Sse {
    pub call: Call,
    /// Silence beyond this means that the stream is dead; heartbeats count.
    pub idle: Duration,
}

/// Reads the stream until it breaks; the caller opens it again.
///
/// # Errors
/// When it cannot be opened or ends.
pub async fn listen(sse: &Sse, tap: &Tap, outlet: &mut Outlet) -> Result<(), Fault> {
    let session = &tap.session;
    let (mut filled, _) = session.fill(&sse.call, &session.account.values).await?;
    filled.headers.push(("accept".into(), "text/event-stream".into()));
    if let Some(id) = outlet.cursor().filter(|id| !id.is_empty()) {
        filled.headers.push(("last-event-id".into(), id.to_owned()));
    }
    note_promise(outlet);
    let open = session.http.open_stream(filled);
    let mut response = timeout(Http::OPENING, open).await.map_err(|_| Fault::new(FaultKind::Timeout, "the stream does not open"))??;
    if response.status() == reqwest::StatusCode::NO_CONTENT {
        outlet.note(|state| state.status = FeedStatus::Ended);
        return Ok(());
    }
    if !response.status().is_success() {
        return Err(session.http.read_error(response).await);
    }
    note_return(outlet);
    let mut parser = Parser::default();
    loop {
        let chunk = timeout(sse.idle, response.chunk()).await;
        let chunk = chunk.map_err(|_| Fault::new(FaultKind::Timeout, "the stream is silent"))?.map_err(Fault::from_reqwest)?;
        let Some(chunk) = chunk else {
            return Err(Fault::new(FaultKind::Truncated, "the stream ended").waiting(parser.retry));
        };
        let events = parser.push(&chunk)?;
        let now = outlet.now();
        let mut mapped = Mapped::default();
        for data in events {
            let context = Context { feed: tap.feed_values(), ..Context::new(now, session.account.defaults.clone()) };
            mapped.append(tap.map(data.into_bytes(), context).await?);
        }
        outlet.note_success(now);
        let cursor = parser.last_id.clone();
        if outlet.deliver_or_drop(mapped, cursor).await.is_err() {
            return Ok(());
        }
        note_promise(outlet);
    }
}

/// A server that numbers its events goes on behind the last one: nothing is lost while the stream is away.
fn note_promise(outlet: &mut Outlet) {
    let numbered = outlet.cursor().is_some_and(|id| !id.is_empty());
    outlet.note(|state| state.guarantee = if numbered { Guarantee::Resumable } else { Guarantee::BestEffort });
}

/// Cuts a stream into events, as the standard says.
#[derive(Debug, Default)]
struct Parser {
    line: Vec<u8>,
    data: String,
    has_data: bool,
    after_return: bool,
    pending_id: Option<String>,
    last_id: Option<String>,
    retry: Option<Duration>,
}

impl Parser {
    /// Takes bytes, gives the data of the events that are whole now.
    fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, Fault> {
        let mut events = Vec::new();
        for byte in bytes {
            let after_return = std::mem::replace(&mut self.after_return, *byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ => self.line.push(*byte),
            }
            if self.line.len() + self.data.len() > MAX_EVENT_BYTES {
                return Err(Fault::new(FaultKind::TooLarge, "an event of more than 1 MiB"));
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<String> {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        let line = line.trim_start_matches('\u{feff}');
        if line.is_empty() {
            if let Some(id) = self.pending_id.take() {
                self.last_id = Some(id);
            }
            let data = std::mem::take(&mut self.data);
            return std::mem::take(&mut self.has_data).then_some(data);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            "id" if !value.contains('\0') => self.pending_id = Some(value.to_owned()),
            "retry" => self.retry = value.parse().ok().map(Duration::from_millis).map(|wait| wait.min(Duration::from_secs(60))),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_however_it_is_sliced() {
        let text = "\u{feff}: hello\nid: 7\ndata: {\"a\":\ndata: 1}\n\nretry: 1500\r\nevent: x\r\ndata:two\r\n\r\nid: 9\n\ndata: not whole";
        for step in [1, 2, 3, 5, 200] {
            let mut parser = Parser::default();
            let events: Vec<String> = text.as_bytes().chunks(step).flat_map(|chunk| parser.push(chunk).unwrap()).collect();
            assert_eq!(events, ["{\"a\":\n1}", "two"], "{step}");
            assert_eq!(parser.last_id.as_deref(), Some("9"));
            assert_eq!(parser.retry, Some(Duration::from_millis(1500)));
        }
    }

    #[test]
    fn an_event_without_end_takes_no_memory() {
        let mut parser = Parser::default();
        let failed = (0..20).find_map(|_| parser.push(&vec![b'x'; 100_000]).err());
        assert_eq!(failed.map(|fault| fault.kind), Some(FaultKind::TooLarge));
    }
}
