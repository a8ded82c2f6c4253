//! A stream of NATS JetStream, read by a durable pull consumer behind a position of our own.
//!
//! The journal says where we are: the number of the last message is the feed's cursor, stored in the transaction of its
//! events. The server's consumer is continued only where it stands at the same place with nothing on the way, else it is
//! made anew behind the cursor. So messages come in the order of the stream, and a crash on either side neither loses nor
//! doubles one. Acknowledgements follow the commit; they tell the server's own tools how far the desk is.

use std::time::Duration;

use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy};
use async_nats::jetstream::context::{ConsumerInfoErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{Info, RetentionPolicy, Stream};
use async_nats::jetstream::{self, Context, ErrorCode};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use chrono::DateTime;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::timeout;

use super::broker::{Inlet, Message, Nats, filled};
use super::fault::{Fault, FaultKind};
use super::outlet::{Gone, Outlet};
use super::template::{Template, Values};
use crate::engine::time::At;

const CONNECT: Duration = Duration::from_secs(3);
/// Longest for a request to the server, and for all that opens a stream.
const REQUEST: Duration = Duration::from_secs(5);
/// A pull that finds nothing is answered after this time.
const PULL: Duration = Duration::from_secs(1);
/// Beyond it the server is silent.
const SILENCE: Duration = Duration::from_millis(2_500);
/// Messages of one pull.
const PULL_MESSAGES: usize = 2_000;
/// Messages that go to the owner at once.
const CHUNK_MESSAGES: usize = 500;
/// The server repeats what was not acknowledged for so long; a disk that is full may take its time.
const ACK_WAIT: Duration = Duration::from_secs(600);
/// What tells our consumers from those of others.
const DESCRIPTION: &str = "warroom desk";

/// Where a stream was read to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// When the stream was made: one of the same name that was made anew counts from 1 again.
    made: i64,
    /// The last message.
    seq: u64,
}

/// Reads the stream until it breaks; the caller opens it again.
///
/// # Errors
/// When the server cannot be reached, the stream cannot be read, or the connection ends.
pub async fn listen(nats: &Nats, inlet: &Inlet, start: At, outlet: &mut Outlet) -> Result<(), Fault> {
    let values = &inlet.account().values;
    let (client, lost) = connect(nats, values).await?;
    let mut context = jetstream::new(client);
    context.set_timeout(REQUEST);
    let names = Names::fill(nats, values)?;
    let stored = outlet.cursor().and_then(|text| serde_json::from_str(text).ok());
    let opening = timeout(REQUEST, open(&context, &names, stored, start)).await;
    let opened = opening.map_err(|_| Fault::new(FaultKind::Timeout, "the stream does not open within 5 s"))??;
    if opened.gone > 0 {
        let error = format!("gap: {} messages were deleted before they were read", opened.gone);
        outlet.note(|state| {
            state.errors += 1;
            state.last_error = Some(error.into());
        });
    }
    let pending = opened.consumer.cached_info().num_pending;
    let mut reader = Reader { inlet, consumer: opened.consumer, position: opened.position, delivered: None, pending, lost };
    reader.note(None, outlet);
    loop {
        if outlet.report().await.is_err() || reader.pull(outlet).await?.is_err() {
            return Ok(());
        }
    }
}

/// What the plan calls things.
struct Names {
    stream: String,
    subject: String,
    durable: String,
}

impl Names {
    fn fill(nats: &Nats, values: &Values) -> Result<Self, Fault> {
        let plain = |what: &str, template: &Template| {
            let name = filled(Some(template), values)?;
            let sound = !name.is_empty() && !name.contains(['.', '*', '>', '/', '\\', ' ']);
            if sound { Ok(name) } else { Err(Fault::new(FaultKind::Refused, format!("`{name}` is no name for a {what}")).fatal()) }
        };
        let subject = filled(nats.subject.as_ref(), values)?;
        Ok(Self { stream: plain("stream", &nats.stream)?, subject, durable: plain("durable consumer", &nats.durable)? })
    }
}

/// Connects once; the watch tells when the connection is lost, for it is ours to open it again.
async fn connect(nats: &Nats, values: &Values) -> Result<(Client, watch::Receiver<bool>), Fault> {
    let servers = filled(Some(&nats.servers), values)?;
    let parsed: Result<Vec<ServerAddr>, _> = servers.split(',').map(|server| server.trim().parse()).collect();
    let servers = parsed.map_err(|_| Fault::new(FaultKind::Refused, "`servers` holds no address of a NATS server").fatal())?;
    let (tell, lost) = watch::channel(false);
    let mut options = ConnectOptions::new()
        .name("warroom")
        .connection_timeout(CONNECT)
        .request_timeout(Some(REQUEST))
        .max_reconnects(1)
        .ignore_discovered_servers()
        .event_callback(move |event| {
            if matches!(event, Event::Disconnected | Event::Closed) {
                tell.send_replace(true);
            }
            std::future::ready(())
        });
    let access = &nats.access;
    let (user, password) = (filled(access.user.as_ref(), values)?, filled(access.password.as_ref(), values)?);
    let (token, credentials) = (filled(access.token.as_ref(), values)?, filled(access.credentials.as_ref(), values)?);
    if !user.is_empty() {
        options = options.user_and_password(user, password);
    }
    if !token.is_empty() {
        options = options.token(token);
    }
    if !credentials.is_empty() {
        let unreadable = |_| Fault::new(FaultKind::Unauthorized, "the credentials are no text of a NATS credentials file").fatal();
        options = options.credentials(&credentials).map_err(unreadable)?;
    }
    let ca = filled(access.ca.as_ref(), values)?;
    if !ca.is_empty() {
        options = options.add_root_certificates(ca.into());
    }
    let connecting = timeout(REQUEST, options.connect(servers)).await;
    let connected = connecting.map_err(|_| Fault::new(FaultKind::Timeout, "no connection within 5 s"))?;
    Ok((connected.map_err(|error| unreached(error.kind(), &error))?, lost))
}

fn unreached(kind: ConnectErrorKind, error: &dyn std::error::Error) -> Fault {
    let named = match kind {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => FaultKind::Unauthorized,
        ConnectErrorKind::TimedOut => FaultKind::Timeout,
        ConnectErrorKind::Tls => FaultKind::Tls,
        ConnectErrorKind::ServerParse | ConnectErrorKind::Dns | ConnectErrorKind::Io | ConnectErrorKind::MaxReconnects => {
            FaultKind::Unreachable
        }
    };
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    let named = if cause.contains("certificate") { FaultKind::Tls } else { named };
    Fault::new(named, if cause.is_empty() { kind.to_string() } else { format!("{kind}: {cause}") })
}

/// A stream that is ready to be read.
struct Opened {
    consumer: Consumer<Config>,
    position: Position,
    /// Messages that the server deleted before we came back for them, at most.
    gone: u64,
}

/// Finds the stream, and the consumer that goes on where the journal stands.
async fn open(context: &Context, names: &Names, stored: Option<Position>, start: At) -> Result<Opened, Fault> {
    let stream = context.get_stream(&names.stream).await.map_err(|error| match error.kind() {
        GetStreamErrorKind::JetStream(no) if no.error_code() == ErrorCode::STREAM_NOT_FOUND => {
            Fault::new(FaultKind::Refused, format!("there is no stream `{}`", names.stream))
        }
        _ => refused("the stream cannot be looked at", &error),
    })?;
    let info = stream.cached_info();
    if info.config.retention != RetentionPolicy::Limits {
        let why = format!("the stream `{}` deletes what is acknowledged; name a mirror of it that keeps by limits", names.stream);
        return Err(Fault::new(FaultKind::Refused, why).fatal());
    }
    let made = info.created.timestamp_millis();
    // a stream that was made anew, or that the server lost the end of, has nothing that we know
    let known = stored.filter(|stored| stored.made == made && stored.seq <= info.state.last_sequence);
    let gone = known.map_or(0, |known| deleted_behind(known, info));
    let consumer = consumer_at(&stream, names, known.map(|known| known.seq), start).await?;
    let position = known.unwrap_or(Position { made, seq: 0 });
    Ok(Opened { consumer, position, gone })
}

fn deleted_behind(known: Position, info: &Info) -> u64 {
    info.state.first_sequence.saturating_sub(known.seq + 1)
}

/// The consumer behind message `seq`, or from the live's start.
async fn consumer_at(stream: &Stream, names: &Names, seq: Option<u64>, start: At) -> Result<Consumer<Config>, Fault> {
    let deliver_policy = match seq {
        Some(seq) => DeliverPolicy::ByStartSequence { start_sequence: seq + 1 },
        None => {
            let start_time = DateTime::from_timestamp_millis(start.ms()).unwrap_or_default();
            DeliverPolicy::ByStartTime { start_time }
        }
    };
    let config = Config {
        durable_name: Some(names.durable.clone()),
        description: Some(DESCRIPTION.to_owned()),
        deliver_policy,
        ack_policy: AckPolicy::All,
        ack_wait: ACK_WAIT,
        filter_subject: names.subject.clone(),
        max_ack_pending: -1,
        ..Config::default()
    };
    match stream.consumer_info(&names.durable).await {
        Ok(known) if known.config.description.as_deref() != Some(DESCRIPTION) => {
            let why = format!("the consumer `{}` belongs to somebody else; give the desk a `durable` of its own", names.durable);
            return Err(Fault::new(FaultKind::Refused, why).fatal());
        }
        Ok(known) => {
            let still = known.num_ack_pending == 0 && known.delivered.stream_sequence == known.ack_floor.stream_sequence;
            let same = known.config.filter_subject == names.subject && Some(known.ack_floor.stream_sequence) == seq;
            if still && same {
                return stream.get_consumer(&names.durable).await.map_err(|error| refused("the consumer cannot be used", &*error));
            }
            stream.delete_consumer(&names.durable).await.map_err(|error| refused("the consumer cannot be moved", &error))?;
        }
        Err(error) if matches!(error.kind(), ConsumerInfoErrorKind::NotFound) => {}
        Err(error) => return Err(refused("the consumer cannot be looked at", &error)),
    }
    stream.create_consumer(config).await.map_err(|error| refused("the consumer cannot be made", &error))
}

fn refused(what: &str, error: &dyn std::error::Error) -> Fault {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        said = format!("{said}: {cause}");
        next = cause.source();
    }
    let kind = if said.contains("timed out") { FaultKind::Timeout } else { FaultKind::Refused };
    let said = if said.contains("no responders") { "JetStream is not switched on for this account".to_owned() } else { said };
    Fault::new(kind, format!("{what}: {said}"))
}

/// One connection's reading of the stream.
struct Reader<'r> {
    inlet: &'r Inlet,
    consumer: Consumer<Config>,
    position: Position,
    /// The consumer's own count of its last delivery: a hole in it means that another took some, or that some got lost.
    delivered: Option<u64>,
    /// Messages that the server still has for us.
    pending: u64,
    lost: watch::Receiver<bool>,
}

impl Reader<'_> {
    /// Asks for messages until there are none. The inner error means that the owner has gone.
    async fn pull(&mut self, outlet: &mut Outlet) -> Result<Result<(), Gone>, Fault> {
        let asking = self.consumer.batch().max_messages(PULL_MESSAGES).expires(PULL).messages();
        let batch = timeout(SILENCE, asking).await.map_err(|_| silent())?.map_err(|error| refused("nothing can be pulled", &error))?;
        let mut chunks = batch.ready_chunks(CHUNK_MESSAGES);
        let mut left = PULL_MESSAGES;
        loop {
            let chunk = tokio::select! {
                _ = self.lost.wait_for(|lost| *lost) => return Err(Fault::new(FaultKind::Truncated, "the connection was lost")),
                chunk = timeout(SILENCE, chunks.next()) => chunk.map_err(|_| silent())?,
            };
            let Some(chunk) = chunk else {
                if left > 0 {
                    // the server had nothing more
                    self.pending = 0;
                }
                self.note(None, outlet);
                return Ok(Ok(()));
            };
            left = left.saturating_sub(chunk.len());
            if self.take(chunk, outlet).await?.is_err() {
                return Ok(Err(Gone));
            }
        }
    }

    async fn take(
        &mut self,
        chunk: Vec<Result<jetstream::Message, async_nats::Error>>,
        outlet: &mut Outlet,
    ) -> Result<Result<(), Gone>, Fault> {
        let (mut messages, mut last) = (Vec::with_capacity(chunk.len()), None);
        for item in chunk {
            let message = item.map_err(|error| refused("the pull ended", &*error))?;
            let Some((read, published)) = self.order(&message)? else { continue };
            messages.push(read);
            last = Some((message, published));
        }
        let Some((message, published)) = last else { return Ok(Ok(())) };
        let mapped = self.inlet.read(messages, outlet.now()).await?;
        self.note(Some(published), outlet);
        let Ok(committed) = outlet.deliver_answered(mapped, serde_json::to_string(&self.position).ok()).await else {
            return Ok(Err(Gone));
        };
        tokio::spawn(async move {
            // what the journal did not keep is asked for again after the next start
            if committed.await == Ok(true) {
                let _ = message.ack().await;
            }
        });
        Ok(Ok(()))
    }

    /// A message that is new, with the time of its publication; the position moves to it.
    fn order(&mut self, message: &jetstream::Message) -> Result<Option<(Message, At)>, Fault> {
        let info = message.info().map_err(|_| Fault::new(FaultKind::BadBody, "a message without its number"))?;
        if self.delivered.is_some_and(|delivered| info.consumer_sequence != delivered + 1) {
            let why = "messages went elsewhere; give each desk a `durable` of its own";
            return Err(Fault::new(FaultKind::Truncated, why));
        }
        self.delivered = Some(info.consumer_sequence);
        self.pending = info.pending;
        if info.stream_sequence <= self.position.seq {
            return Ok(None);
        }
        self.position.seq = info.stream_sequence;
        let headers = message.headers.iter().flat_map(|headers| headers.iter());
        let mut headers: Vec<(String, String)> =
            headers.filter_map(|(name, values)| Some((name.to_string(), values.first()?.to_string()))).collect();
        headers.sort_unstable();
        let read = Message {
            place: format!("message {}", info.stream_sequence),
            subject: message.subject.to_string(),
            key: String::new(),
            headers,
            payload: message.payload.to_vec(),
        };
        Ok(Some((read, At::from_ms(info.published.timestamp_millis()))))
    }

    /// All is read, or what was published before the last message.
    fn note(&self, published: Option<At>, outlet: &mut Outlet) {
        let now = outlet.now();
        match (self.pending, published) {
            (0, _) => outlet.note_success(now),
            (_, Some(published)) => outlet.note_progress(published.min(now)),
            (_, None) => {}
        }
    }
}

fn silent() -> Fault {
    Fault::new(FaultKind::Timeout, "the server is silent")
}
