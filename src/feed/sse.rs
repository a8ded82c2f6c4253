//! Server-sent events: a stream of payloads over one answer, taken up again behind the last id that the server gave.

use std::time::Duration;

use tokio::time::timeout;

use super::Rejected;
use super::arrival::{Arrival, Terms};
use super::call::Call;
use super::fault::{Fault, FaultKind};
use super::http::Http;
use super::mapping::{BEGINNING_COLUMNS, Context, MAX_BYTES, Mapped, Plain};
use super::outlet::Outlet;
use super::stream::{Tap, place};
use super::succession::Succession;
use crate::clock;
use crate::engine::event::Quarantine;
use crate::engine::text::clean;
use crate::engine::time::At;
use crate::engine::wire::Reject;

/// Largest event; a larger one is put aside, and the stream goes on behind it.
const MAX_EVENT_BYTES: usize = MAX_BYTES;
/// What is larger than this is no event: it breaks the stream.
const MAX_SKIPPED_BYTES: usize = 32 << 20;
/// Kept of an event that is too large.
const BEGINNING_BYTES: usize = 480;
/// A stream as a platform file describes it.
#[derive(Clone, Debug)]
pub struct Sse {
    pub call: Call,
    /// The data are no JSON: the filters get them as texts.
    pub is_text: bool,
    /// Silence beyond this means that the stream is dead; heartbeats count.
    pub idle: Duration,
    /// The platform says that it goes on behind the last id.
    pub resumes: bool,
}

/// Reads the stream until it breaks; the caller opens it again.
///
/// # Errors
/// When it cannot be opened or ends.
pub async fn listen(sse: &Sse, tap: &Tap, succession: &mut Succession, outlet: &mut Outlet) -> Result<(), Fault> {
    let session = &tap.session;
    let mut response = session.admitted(&sse.call, || open(sse, tap, outlet)).await?;
    let terms = Terms { resumes: sse.resumes, by_place: true, by_number: tap.recipe.next.is_none(), idle: sse.idle };
    let mut arrival = Arrival::begin(terms, succession, outlet);
    let mut parser = Parser::default();
    loop {
        let patience = arrival.held().map_or(sse.idle, |until| until.saturating_duration_since(clock::instant()));
        let chunk = match timeout(patience, response.chunk()).await {
            Ok(chunk) => chunk.map_err(|error| Fault::from_reqwest(error).waiting(parser.retry))?,
            Err(_) if arrival.held().is_some() => {
                if arrival.expire(outlet).await.is_err() {
                    return Ok(());
                }
                continue;
            }
            Err(_) => return Err(Fault::new(FaultKind::Timeout, "the stream is silent")),
        };
        let Some(chunk) = chunk else {
            parser.end()?;
            return Err(Fault::new(FaultKind::Truncated, "the stream ended").waiting(parser.retry));
        };
        let messages = parser.push(&chunk)?;
        let now = outlet.now();
        let mut mapped = Mapped::default();
        for message in messages {
            if arrival.hear(message.id.as_deref(), message.data.as_deref(), outlet).await.is_err() {
                return Ok(());
            }
            let mut one = take(message, sse, tap, tap.feed_values(outlet), now).await?;
            arrival.compare(&mut one);
            mapped.append(one);
        }
        if arrival.take(&mut mapped, outlet).await.is_err() {
            return Ok(());
        }
        let cursor = mapped.next.take().or_else(|| parser.last_id.clone());
        if outlet.deliver_or_drop(mapped, cursor).await.is_err() {
            return Ok(());
        }
        arrival.promise(outlet);
    }
}

/// Maps an event; one that is too large is put aside.
async fn take(message: Message, sse: &Sse, tap: &Tap, feed: Plain, now: At) -> Result<Mapped, Fault> {
    let Message { id, event, data, is_cut } = message;
    let Some(data) = data else { return Ok(Mapped::default()) };
    if is_cut {
        let reject = Reject { reason: Quarantine::BadField, detail: "an event of more than 8 MiB".into() };
        let place = id.map(|id| format!("id {}", clean(&id, 40))).unwrap_or_default();
        let rejected = vec![Rejected { reject, place, beginning: clean(&data, BEGINNING_COLUMNS).to_string() }];
        return Ok(Mapped { inputs: 1, rejected, ..Mapped::default() });
    }
    let base = Context::new(now, tap.session.account.defaults.clone());
    let context = Context { feed, response: serde_json::json!({"event": event, "id": id}), ..base };
    let payload = if sse.is_text { serde_json::Value::from(data).to_string() } else { data };
    tap.map(payload.into_bytes(), context).await
}

/// Opens the stream behind the last id.
async fn open(sse: &Sse, tap: &Tap, outlet: &Outlet) -> Result<reqwest::Response, Fault> {
    let session = &tap.session;
    let mut values = session.account.values.clone();
    if let Some(place) = place(outlet) {
        values.set_text("since", place);
    }
    let (mut filled, _) = session.fill(&sse.call, &values).await?;
    filled.headers.push(("accept".into(), "text/event-stream".into()));
    if let Some(id) = place(outlet) {
        filled.headers.push(("last-event-id".into(), id.to_owned()));
    }
    let opening = timeout(Http::OPENING, session.http.open_stream(filled)).await;
    let response = opening.map_err(|_| Fault::new(FaultKind::Timeout, "the stream does not open"))??;
    let status = response.status();
    if !status.is_success() {
        return Err(session.http.read_error(response).await);
    }
    if status == reqwest::StatusCode::NO_CONTENT {
        return Err(Fault::new(FaultKind::Refused, "the server has no stream for us (http 204)"));
    }
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    // who names no type may mean a stream
    if kind.is_empty() || kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream") {
        return Ok(response);
    }
    Err(Fault::new(FaultKind::BadBody, format!("`{kind}` is no event stream")))
}

/// What stands between two empty lines: an event, or only its id.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    id: Option<String>,
    /// `message` where the server names none.
    event: String,
    data: Option<String>,
    /// It was too large: its data are only a beginning.
    is_cut: bool,
}

/// Cuts a stream into events, as the standard says.
#[derive(Debug, Default)]
struct Parser {
    line: Vec<u8>,
    data: String,
    has_data: bool,
    after_return: bool,
    is_cut: bool,
    /// Bytes that were not kept of it.
    skipped: usize,
    event: String,
    pending_id: Option<String>,
    last_id: Option<String>,
    retry: Option<Duration>,
}

impl Parser {
    /// Takes bytes, gives the events that are whole now.
    ///
    /// # Errors
    /// When there is no end of one.
    fn push(&mut self, bytes: &[u8]) -> Result<Vec<Message>, Fault> {
        let mut events = Vec::new();
        for byte in bytes {
            let after_return = std::mem::replace(&mut self.after_return, *byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ if self.is_cut && self.line.len() >= BEGINNING_BYTES => self.skipped += 1,
                _ => self.line.push(*byte),
            }
            if self.line.len() + self.data.len() > MAX_EVENT_BYTES {
                self.is_cut = true;
                self.skipped = 0;
                self.line.truncate(BEGINNING_BYTES);
                self.data.truncate(self.data.floor_char_boundary(BEGINNING_BYTES));
            }
        }
        if self.is_cut && self.skipped > MAX_SKIPPED_BYTES {
            return Err(Fault::new(FaultKind::TooLarge, "an event of more than 32 MiB"));
        }
        Ok(events)
    }

    /// The stream ended: in the middle of an event that is too large?
    ///
    /// # Errors
    /// If so.
    fn end(&self) -> Result<(), Fault> {
        if self.is_cut { Err(Fault::new(FaultKind::TooLarge, "an event of more than 8 MiB")) } else { Ok(()) }
    }

    fn end_line(&mut self) -> Option<Message> {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        let line = line.trim_start_matches('\u{feff}');
        if line.is_empty() {
            let id = self.pending_id.take();
            if id.is_some() {
                self.last_id.clone_from(&id);
            }
            let data = std::mem::take(&mut self.data);
            // data that are empty make no event, says the standard
            let data = (std::mem::take(&mut self.has_data) && !data.is_empty()).then_some(data);
            let event = Some(std::mem::take(&mut self.event)).filter(|event| !event.is_empty()).unwrap_or_else(|| "message".to_owned());
            let is_cut = std::mem::take(&mut self.is_cut);
            return (id.is_some() || data.is_some()).then_some(Message { id, event, data, is_cut });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.is_cut && !self.data.is_empty() {
                    return None;
                }
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            "event" => self.event = value.to_owned(),
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
            let messages: Vec<Message> = text.as_bytes().chunks(step).flat_map(|chunk| parser.push(chunk).unwrap()).collect();
            let told: Vec<_> = messages.iter().map(|message| (message.id.as_deref(), &*message.event, message.data.as_deref())).collect();
            let expected = [(Some("7"), "message", Some("{\"a\":\n1}")), (None, "x", Some("two")), (Some("9"), "message", None)];
            assert_eq!(told, expected, "{step}");
            assert_eq!(parser.last_id.as_deref(), Some("9"));
            assert_eq!(parser.retry, Some(Duration::from_millis(1500)));
        }
    }

    #[test]
    fn an_event_that_is_too_large_takes_no_memory_and_the_next_one_is_whole() {
        for line in [vec![b'x'; 100_000], [&vec![b'x'; 99_000][..], b"\ndata: "].concat()] {
            let mut parser = Parser::default();
            assert_eq!(parser.push(b"id: 7\ndata: {").unwrap(), []);
            for _ in 0..100 {
                assert_eq!(parser.push(&line).unwrap(), []);
                assert!(parser.line.len() + parser.data.len() <= MAX_EVENT_BYTES);
            }
            assert!(parser.end().is_err());
            let messages = parser.push(b"\n\nid: 8\ndata: {}\n\n").unwrap();
            let told: Vec<_> = messages.iter().map(|message| (message.id.as_deref(), message.is_cut)).collect();
            assert_eq!(told, [(Some("7"), true), (Some("8"), false)]);
            assert!(messages[0].data.as_deref().is_some_and(|data| data.starts_with("{x") && data.len() <= 2 * BEGINNING_BYTES));
            assert_eq!(messages[1].data.as_deref(), Some("{}"));
            assert_eq!(parser.last_id.as_deref(), Some("8"));
        }
        let mut parser = Parser::default();
        let failed = (0..500).find_map(|_| parser.push(&vec![b'x'; 100_000]).err());
        assert_eq!(failed.map(|fault| fault.detail), Some("an event of more than 32 MiB".into()));
    }
}
