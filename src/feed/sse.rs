//! Server-sent events: a stream of payloads over one answer, taken up again behind the last id that the server gave.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::call::Call;
use super::fault::{Fault, FaultKind};
use super::http::Http;
use super::mapping::{Context, Mapped};
use super::outlet::{Gone, Outlet};
use super::stream::{Tap, note_return};
use super::succession::{Finding, Succession};
use crate::clock;
use crate::engine::event::{FeedStatus, Guarantee};
use crate::engine::time::At;

/// Largest event; a larger one breaks the stream.
const MAX_EVENT_BYTES: usize = 1 << 20;
/// How long a stream that is open again may take to show that it goes on; after that a gap is told.
const PROOF: Duration = Duration::from_secs(5);

/// A stream as a platform file describes it.
#[derive(Clone, Debug)]
pub struct Sse {
    pub call: Call,
    /// Silence beyond this means that the stream is dead; heartbeats count.
    pub idle: Duration,
    /// The platform says that it goes on behind `Last-Event-ID`.
    pub resumes: bool,
}

/// Reads the stream until it breaks; the caller opens it again.
///
/// # Errors
/// When it cannot be opened or ends.
pub async fn listen(sse: &Sse, tap: &Tap, succession: &mut Succession, outlet: &mut Outlet) -> Result<(), Fault> {
    let session = &tap.session;
    let Some(mut response) = session.admitted(&sse.call, open(sse, tap, outlet)).await? else {
        outlet.note(|state| state.status = FeedStatus::Ended);
        return Ok(());
    };
    let mut arrival = Arrival::begin(sse, succession, outlet);
    if outlet.report().await.is_err() {
        return Ok(());
    }
    let mut parser = Parser::default();
    loop {
        let chunk = match timeout(arrival.patience(sse.idle), response.chunk()).await {
            Ok(chunk) => chunk.map_err(Fault::from_reqwest)?,
            Err(_) if arrival.held.is_some() => {
                arrival.settle(None, outlet);
                if outlet.report().await.is_err() {
                    return Ok(());
                }
                continue;
            }
            Err(_) => return Err(Fault::new(FaultKind::Timeout, "the stream is silent")),
        };
        let Some(chunk) = chunk else {
            return Err(Fault::new(FaultKind::Truncated, "the stream ended").waiting(parser.retry));
        };
        let messages = parser.push(&chunk)?;
        let now = outlet.now();
        let mut mapped = Mapped::default();
        for Message { id, data } in messages {
            if arrival.hear(id.as_deref(), data.as_deref(), outlet).await.is_err() {
                return Ok(());
            }
            let Some(data) = data else { continue };
            let context = Context { feed: tap.feed_values(), ..Context::new(now, session.account.defaults.clone()) };
            mapped.append(tap.map(data.into_bytes(), context).await?);
        }
        if arrival.held.is_none() {
            outlet.note_success(now);
        }
        let cursor = parser.last_id.clone();
        if outlet.deliver_or_drop(mapped, cursor).await.is_err() {
            return Ok(());
        }
        arrival.promise(outlet);
    }
}

/// Opens the stream behind the last id; none where the server says that there is nothing more to come.
async fn open(sse: &Sse, tap: &Tap, outlet: &Outlet) -> Result<Option<reqwest::Response>, Fault> {
    let session = &tap.session;
    let (mut filled, _) = session.fill(&sse.call, &session.account.values).await?;
    filled.headers.push(("accept".into(), "text/event-stream".into()));
    if let Some(id) = outlet.cursor().filter(|id| !id.is_empty()) {
        filled.headers.push(("last-event-id".into(), id.to_owned()));
    }
    let opening = timeout(Http::OPENING, session.http.open_stream(filled)).await;
    let response = opening.map_err(|_| Fault::new(FaultKind::Timeout, "the stream does not open"))??;
    match response.status() {
        reqwest::StatusCode::NO_CONTENT => Ok(None),
        status if status.is_success() => Ok(Some(response)),
        _ => Err(session.http.read_error(response).await),
    }
}

/// A stream that is open again, and what is known of what was missed meanwhile.
struct Arrival<'s> {
    succession: &'s mut Succession,
    /// Everything had been told until then when it was opened.
    told: Option<At>,
    opened: At,
    /// Until then it may show that it goes on; before, nothing is told.
    held: Option<Instant>,
}

impl<'s> Arrival<'s> {
    fn begin(sse: &Sse, succession: &'s mut Succession, outlet: &mut Outlet) -> Self {
        succession.reopen(sse.resumes, outlet.cursor());
        let told = outlet.state().complete_to;
        let doubtful = told.is_some() && succession.can_show();
        let held = doubtful.then(|| clock::instant() + PROOF.min(sse.idle / 2));
        let mut arrival = Self { succession, told, opened: outlet.now(), held };
        if !doubtful {
            arrival.settle(None, outlet);
        }
        arrival
    }

    /// How long to wait for the next word.
    fn patience(&self, idle: Duration) -> Duration {
        self.held.map_or(idle, |until| until.saturating_duration_since(clock::instant()))
    }

    fn promise(&self, outlet: &mut Outlet) {
        let is_numbered = outlet.cursor().is_some_and(|id| !id.is_empty()) || outlet.state().received == 0;
        let promise = self.succession.promise(is_numbered);
        outlet.note(|state| state.guarantee = promise);
    }

    /// What was missed is known now, or will not be.
    fn settle(&mut self, missing: Option<u64>, outlet: &mut Outlet) {
        self.held = None;
        self.promise(outlet);
        note_return(self.opened, missing, outlet);
    }

    /// Takes the id of an event. The error means that the owner has gone.
    async fn hear(&mut self, id: Option<&str>, data: Option<&str>, outlet: &mut Outlet) -> Result<(), Gone> {
        let Some(id) = id else { return Ok(()) };
        match self.succession.hear(id, data.unwrap_or_default()) {
            Finding::GoesOn if self.held.is_some() => self.settle(None, outlet),
            Finding::Lost(missing) if self.held.is_some() => self.settle(missing, outlet),
            Finding::Lost(missing) if outlet.state().guarantee == Guarantee::Resumable && self.told.is_some() => {
                // the server was trusted when it came back: that nothing was missed is taken back
                outlet.note_doubt(self.told);
                self.promise(outlet);
                outlet.report().await?;
                self.settle(missing, outlet);
            }
            Finding::Nothing | Finding::GoesOn | Finding::Lost(_) => {}
        }
        Ok(())
    }
}

/// What stands between two empty lines: an event, or only its id.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    id: Option<String>,
    data: Option<String>,
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
    /// Takes bytes, gives the events that are whole now.
    fn push(&mut self, bytes: &[u8]) -> Result<Vec<Message>, Fault> {
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

    fn end_line(&mut self) -> Option<Message> {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        let line = line.trim_start_matches('\u{feff}');
        if line.is_empty() {
            let id = self.pending_id.take();
            if id.is_some() {
                self.last_id.clone_from(&id);
            }
            let data = std::mem::take(&mut self.data);
            let data = std::mem::take(&mut self.has_data).then_some(data);
            return (id.is_some() || data.is_some()).then_some(Message { id, data });
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
            let messages: Vec<Message> = text.as_bytes().chunks(step).flat_map(|chunk| parser.push(chunk).unwrap()).collect();
            let told: Vec<_> = messages.iter().map(|message| (message.id.as_deref(), message.data.as_deref())).collect();
            assert_eq!(told, [(Some("7"), Some("{\"a\":\n1}")), (None, Some("two")), (Some("9"), None)], "{step}");
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
