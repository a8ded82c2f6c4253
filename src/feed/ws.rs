//! WebSockets: messages of JSON, or lines of IRC.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::arrival::{Arrival, Terms};
use super::call::{Call, Filled};
use super::fault::{Fault, FaultKind};
use super::filter::Filter;
use super::irc::{self, Greeting};
use super::mapping::{Context, MAX_BYTES, Mapped};
use super::outlet::Outlet;
use super::stream::{Tap, note_return, place};
use super::succession::Succession;
use super::template::{Place, Template, Values};
use super::webhook::put_aside;
use crate::clock;

const OPENING: Duration = Duration::from_secs(5);

/// A socket as a platform file describes it.
#[derive(Clone, Debug)]
pub struct Ws {
    /// `ws://`, `wss://`, or `irc://` for a plain connection.
    pub call: Call,
    pub codec: Codec,
    /// Sent when the socket is open.
    pub send: Vec<Template>,
    /// Sent in its place where it is known how far the stream was read.
    pub resume: Vec<Template>,
    /// The platform says that nothing is missed then, or in any case.
    pub resumes: bool,
    /// IRC: sent after the server's welcome.
    pub welcomed: Vec<Template>,
    /// What to answer to a message, or null; not for IRC.
    pub answer: Option<Filter>,
    /// What is said again and again, that the server keeps the socket.
    pub beat: Option<Beat>,
    /// Silence beyond this means that the socket is dead.
    pub idle: Duration,
    /// The platform itself says something at least so often: that pings are answered is no sign of it.
    pub heartbeat: Option<Duration>,
}

/// What the messages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Json,
    /// No JSON: the filters get the messages as texts.
    Text,
    Irc,
}

/// A heartbeat of ours.
#[derive(Clone, Debug)]
pub struct Beat {
    pub every: Duration,
    pub send: Template,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Keeps a socket until it breaks; the caller opens it again.
///
/// # Errors
/// When it cannot be opened or ends.
pub async fn listen(ws: &Ws, tap: &Tap, succession: &mut Succession, outlet: &mut Outlet) -> Result<(), Fault> {
    let place = place(outlet).map(str::to_owned);
    let place = place.as_deref();
    let first = arrive(ws, tap, place).await?;
    if first.filled.url.scheme() == "irc" {
        let url = &first.filled.url;
        let host = format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or(6667));
        return irc::listen(&host, &first.greeting, ws.idle, tap, outlet).await;
    }
    let mut first = Some(first);
    let open = || {
        let first = first.take();
        async move {
            let arrived = match first {
                Some(arrived) => arrived,
                None => arrive(ws, tap, place).await?,
            };
            Ok((open(arrived.filled).await?, arrived.greeting, arrived.beat))
        }
    };
    let (mut socket, greeting, beat) = tap.session.admitted(&ws.call, open).await?;
    for text in &greeting.first {
        say(&mut socket, text.clone()).await?;
    }
    let is_irc = ws.codec == Codec::Irc;
    let terms = Terms { resumes: ws.resumes, by_place: tap.recipe.next.is_some(), by_number: false, idle: ws.idle };
    let mut arrival = (!is_irc).then(|| Arrival::begin(terms, succession, outlet));
    let mut rhythm = Rhythm::new(ws, beat);
    let mut talk = Talk { ws, tap, greeting, socket, number: 0, inside: !is_irc };
    loop {
        let held = arrival.as_ref().and_then(Arrival::held);
        let next = held.map_or(rhythm.next(), |held| held.min(rhythm.next()));
        let Ok(message) = timeout_at(next.into(), talk.socket.next()).await else {
            if let Some(arrival) = arrival.as_mut().filter(|_| held.is_some_and(|held| held <= clock::instant()))
                && arrival.expire(outlet).await.is_err()
            {
                return Ok(());
            }
            for message in rhythm.due()? {
                talk.socket.send(message).await.map_err(broken)?;
            }
            continue;
        };
        let message = message.ok_or_else(|| Fault::new(FaultKind::Truncated, "the socket was closed"))?.map_err(broken)?;
        if !rhythm.hear(&message) {
            continue;
        }
        if message.is_close() && arrival.as_ref().is_some_and(|arrival| arrival.held().is_none()) {
            // until then nothing was missed
            outlet.note_success(outlet.now());
        }
        let mut mapped = talk.take(message, outlet).await?;
        let taken = match &mut arrival {
            Some(arrival) => {
                arrival.compare(&mut mapped);
                arrival.take(&mut mapped, outlet).await
            }
            None => {
                if talk.inside {
                    outlet.note_success(outlet.now());
                }
                Ok(())
            }
        };
        if taken.is_err() {
            return Ok(());
        }
        let place = mapped.next.take();
        if outlet.deliver_or_drop(mapped, place).await.is_err() {
            return Ok(());
        }
        if let Some(arrival) = &arrival {
            arrival.promise(outlet);
        }
    }
}

/// What a socket is opened with.
struct Arrived {
    filled: Filled,
    greeting: Greeting,
    beat: Option<(Duration, String)>,
}

/// Fills what is asked and said with the account's values, all with one login.
async fn arrive(ws: &Ws, tap: &Tap, place: Option<&str>) -> Result<Arrived, Fault> {
    let first = if place.is_some() && !ws.resume.is_empty() { &ws.resume } else { &ws.send };
    let said = first.iter().chain(&ws.welcomed).chain(ws.beat.as_ref().map(|beat| &beat.send));
    let templates: Vec<&Template> = ws.call.templates().into_iter().chain(said).collect();
    let mut values = tap.session.values_with_token(&templates).await?;
    if let Some(place) = place {
        values.set_text("since", place);
    }
    let greeting = Greeting { first: fill_all(first, &values)?, welcomed: fill_all(&ws.welcomed, &values)? };
    let beat = match &ws.beat {
        Some(beat) => Some((beat.every, fill(&beat.send, &values)?)),
        None => None,
    };
    let (filled, _) = tap.session.fill(&ws.call, &values).await?;
    tap.session.spend_ticket().await;
    Ok(Arrived { filled, greeting, beat })
}

/// When something has to be said on a socket: our heartbeat, and after half of the idle time the question whether anybody is there.
struct Rhythm {
    idle: Duration,
    heard: Instant,
    /// When the platform has to have said something itself.
    expected: Option<(Duration, Instant)>,
    asked: bool,
    beat: Option<(Duration, String)>,
    next_beat: Option<Instant>,
}

impl Rhythm {
    fn new(ws: &Ws, beat: Option<(Duration, String)>) -> Self {
        let heard = clock::instant();
        let next_beat = beat.as_ref().map(|(every, _)| heard + *every);
        Self { idle: ws.idle, heard, expected: ws.heartbeat.map(|within| (within, heard + within)), asked: false, beat, next_beat }
    }

    /// Something came; false where it is no sign that the stream goes on.
    fn hear(&mut self, message: &Message) -> bool {
        (self.heard, self.asked) = (clock::instant(), false);
        let speaks = !matches!(message, Message::Ping(_) | Message::Pong(_));
        match &mut self.expected {
            Some((within, until)) if speaks => *until = self.heard + *within,
            Some(_) => return false,
            None => {}
        }
        true
    }

    fn silent_at(&self) -> Instant {
        self.heard + if self.asked { self.idle } else { self.idle / 2 }
    }

    fn next(&self) -> Instant {
        let expected = self.expected.map(|(_, until)| until);
        self.next_beat.into_iter().chain(expected).fold(self.silent_at(), Instant::min)
    }

    /// What is to be said now; an error where nobody answers.
    fn due(&mut self) -> Result<Vec<Message>, Fault> {
        let now = clock::instant();
        let mut said = Vec::new();
        if let Some((every, text)) = self.beat.as_ref().filter(|_| self.next_beat.is_some_and(|next| next <= now)) {
            said.push(Message::Text(text.as_str().into()));
            self.next_beat = Some(now + *every);
        }
        if self.expected.is_some_and(|(_, until)| until <= now) {
            return Err(Fault::new(FaultKind::Timeout, "the platform's heartbeat stays away"));
        }
        if self.silent_at() <= now {
            if self.asked {
                return Err(Fault::new(FaultKind::Timeout, "the socket is silent"));
            }
            self.asked = true;
            said.push(Message::Ping(Vec::new().into()));
        }
        Ok(said)
    }
}

/// An open socket and what was said on it.
struct Talk<'t> {
    ws: &'t Ws,
    tap: &'t Tap,
    greeting: Greeting,
    socket: Socket,
    /// Lines of IRC so far.
    number: u64,
    /// An IRC server has to let us in first.
    inside: bool,
}

impl Talk<'_> {
    /// Answers to a message and maps what it brings.
    async fn take(&mut self, message: Message, outlet: &mut Outlet) -> Result<Mapped, Fault> {
        let payload = match &message {
            Message::Text(text) => text.as_bytes().to_vec(),
            Message::Binary(bytes) => bytes.to_vec(),
            Message::Close(frame) => {
                let why = frame.as_ref().map(|frame| format!("closed with {} {}", u16::from(frame.code), frame.reason)).unwrap_or_default();
                return Err(Fault::new(FaultKind::Truncated, why));
            }
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(Mapped::default()),
        };
        let base = Context::new(outlet.now(), self.tap.session.account.defaults.clone());
        let context = Context { feed: self.tap.feed_values(outlet), ..base };
        if self.ws.codec == Codec::Irc {
            return self.hear_lines(&String::from_utf8_lossy(&payload), &context, outlet).await;
        }
        if payload.is_empty() {
            return Ok(Mapped::default());
        }
        if message.is_binary() && std::str::from_utf8(&payload).is_err() {
            let fault = Fault::new(FaultKind::BadBody, "a binary message; ask the platform for text without compression");
            return Ok(put_aside(&fault, &payload));
        }
        let payload = match self.ws.codec {
            Codec::Text => serde_json::Value::from(String::from_utf8_lossy(&payload)).to_string().into_bytes(),
            Codec::Json | Codec::Irc => payload,
        };
        if let Some(answer) = &self.ws.answer {
            // what cannot be answered to is still mapped, and told there
            for text in self.tap.mapper.ask(answer, &payload, context.clone()).await.into_iter().flatten().flatten() {
                say(&mut self.socket, text).await?;
            }
        }
        self.tap.map(payload, context).await
    }

    async fn hear_lines(&mut self, lines: &str, context: &Context, outlet: &mut Outlet) -> Result<Mapped, Fault> {
        let mut mapped = Mapped::default();
        for line in lines.lines() {
            self.number += 1;
            let heard = irc::hear(line, &self.greeting, &format!("{}-{}", context.at.ms(), self.number));
            for answer in heard.answers {
                say(&mut self.socket, answer).await?;
            }
            if heard.reconnect {
                return Err(Fault::new(FaultKind::Truncated, "the server asks to connect again"));
            }
            if heard.welcome {
                self.inside = true;
                note_return(outlet.now(), None, None, outlet.now(), outlet);
            }
            if let Some(message) = heard.message {
                mapped.append(self.tap.map(message.to_string().into_bytes(), context.clone()).await?);
            }
        }
        Ok(mapped)
    }
}

fn fill_all(templates: &[Template], values: &Values) -> Result<Vec<String>, Fault> {
    templates.iter().map(|template| fill(template, values)).collect()
}

fn fill(template: &Template, values: &Values) -> Result<String, Fault> {
    template.fill(values, Place::Plain).map_err(|error| Fault::new(FaultKind::Refused, error).fatal())
}

async fn open(filled: Filled) -> Result<Socket, Fault> {
    let wrong = |error: String| Fault::new(FaultKind::Refused, error).fatal();
    let mut request = filled.url.as_str().into_client_request().map_err(|_| wrong("the address is none of a WebSocket".into()))?;
    for (name, value) in filled.headers {
        let name = HeaderName::try_from(name).map_err(|error| wrong(error.to_string()))?;
        let value = HeaderValue::try_from(value).map_err(|_| wrong(format!("the header {name} has no possible value")))?;
        request.headers_mut().insert(name, value);
    }
    let config = WebSocketConfig::default().max_message_size(Some(MAX_BYTES)).max_frame_size(Some(MAX_BYTES));
    let opening = timeout(OPENING, connect_async_with_config(request, Some(config), true)).await;
    match opening {
        Err(_) => Err(Fault::new(FaultKind::Timeout, "the socket does not open")),
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(broken(error)),
    }
}

async fn say(socket: &mut Socket, text: String) -> Result<(), Fault> {
    socket.send(Message::Text(text.into())).await.map_err(broken)
}

fn broken(error: Error) -> Fault {
    match error {
        Error::Http(response) => {
            let status = response.status().as_u16();
            let kind = match status {
                401 | 403 => FaultKind::Unauthorized,
                429 => FaultKind::Throttled,
                300..=399 => FaultKind::Redirect,
                _ => FaultKind::Status,
            };
            let said = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            Fault::new(kind, format!("http {status} {said}").trim_end()).waiting(super::http::retry_after(response.headers()))
        }
        Error::Capacity(_) => Fault::new(FaultKind::TooLarge, "a message of more than 8 MiB"),
        // the certificate is looked at while the stream is opened
        Error::Io(error) if error.to_string().contains("certificate") => Fault::new(FaultKind::Tls, error.to_string()),
        Error::Io(error) => Fault::new(FaultKind::Unreachable, error.to_string()),
        Error::Tls(error) => Fault::new(FaultKind::Tls, error.to_string()),
        // an address may be named in the rest
        _ => Fault::new(FaultKind::Truncated, "the socket broke"),
    }
}
