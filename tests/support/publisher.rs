//! Those who write to the servers of `servers.rs` while a test kills them: each knows what was taken from it.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use topic::{Kind, Packing, Producer, batch};
use warroom::clock::wall_now;

#[path = "topic.rs"]
pub mod topic;

/// Longest for one attempt.
const ATTEMPT: Duration = Duration::from_millis(1_500);
const AGAIN: Duration = Duration::from_millis(150);

/// An order as a canonical line.
pub fn order(id: &str) -> String {
    let at = wall_now().rfc3339();
    format!(r#"{{"type":"purchase","order":"{id}","ts":"{at}","placed_at":"{at}","value":"10.50","currency":"BRL"}}"#)
}

/// Where the servers are.
#[derive(Clone, Debug)]
pub struct Places {
    /// `nats://…` or `tls://…`.
    pub nats: String,
    pub kafka: u16,
    pub irc: u16,
    /// `http://…` or `https://…`.
    pub streams: String,
    /// Between two messages of one publisher.
    pub pace: Duration,
}

/// What each server took, or may have taken.
#[derive(Debug, Default)]
pub struct Published {
    pub nats: BTreeSet<String>,
    pub kafka: BTreeSet<String>,
    pub sse: BTreeSet<String>,
    pub ws: BTreeSet<String>,
    pub irc: BTreeSet<String>,
}

impl std::fmt::Display for Published {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [nats, kafka, sse, ws, irc] = [&self.nats, &self.kafka, &self.sse, &self.ws, &self.irc].map(BTreeSet::len);
        write!(f, "{nats} by NATS, {kafka} by Kafka, {sse} by SSE, {ws} by WebSocket, {irc} by IRC")
    }
}

/// The running publishers.
#[derive(Debug)]
pub struct Publishers {
    stop: Arc<AtomicBool>,
    nats: JoinHandle<BTreeSet<String>>,
    kafka: JoinHandle<BTreeSet<String>>,
    sse: JoinHandle<BTreeSet<String>>,
    ws: JoinHandle<BTreeSet<String>>,
    irc: JoinHandle<BTreeSet<String>>,
}

impl Publishers {
    pub async fn start(places: &Places) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let context = make_stream(&places.nats).await;
        let stop = Arc::new(AtomicBool::new(false));
        Self {
            nats: tokio::spawn(to_nats(context, places.pace, Arc::clone(&stop))),
            kafka: tokio::spawn(to_kafka(places.kafka, places.pace, Arc::clone(&stop))),
            sse: tokio::spawn(to_web(places.clone(), "sse", Arc::clone(&stop))),
            ws: tokio::spawn(to_web(places.clone(), "ws", Arc::clone(&stop))),
            irc: tokio::spawn(to_irc(places.irc, places.pace, Arc::clone(&stop))),
            stop,
        }
    }

    /// Ends them; every one has finished what it had begun.
    pub async fn stop(self) -> Published {
        self.stop.store(true, Ordering::SeqCst);
        Published {
            nats: self.nats.await.expect("it ends"),
            kafka: self.kafka.await.expect("it ends"),
            sse: self.sse.await.expect("it ends"),
            ws: self.ws.await.expect("it ends"),
            irc: self.irc.await.expect("it ends"),
        }
    }
}

pub async fn nats_context(server: &str) -> jetstream::Context {
    let options = async_nats::ConnectOptions::new().reconnect_delay_callback(|_| Duration::from_millis(100));
    let client = options.connect(server).await.expect("a connection");
    jetstream::new(client)
}

/// A stream `SHOP` of the subjects `shop.>`, on disk.
pub async fn make_stream(server: &str) -> jetstream::Context {
    let context = nats_context(server).await;
    let config = jetstream::stream::Config { name: "SHOP".into(), subjects: vec!["shop.>".into()], ..Default::default() };
    context.create_stream(config).await.expect("a stream");
    context
}

/// Publishes until the server says that it has it; the same id is the same message.
pub async fn publish_nats(context: &jetstream::Context, id: &str) {
    let body = order(id);
    loop {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Nats-Msg-Id", id);
        let attempt = async { context.publish_with_headers("shop.orders", headers, body.clone().into()).await?.await };
        if matches!(timeout(ATTEMPT, attempt).await, Ok(Ok(_))) {
            return;
        }
        sleep(AGAIN).await;
    }
}

async fn to_nats(context: jetstream::Context, pace: Duration, stop: Arc<AtomicBool>) -> BTreeSet<String> {
    let mut published = BTreeSet::new();
    for n in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let id = format!("n{n}");
        publish_nats(&context, &id).await;
        // of other subjects the desk must see nothing
        let _ = context.publish("shop.other", "no order".into()).await;
        published.insert(id);
        sleep(pace).await;
    }
    published
}

/// Publishes until the broker says that it has it; after an attempt without an answer the record may be there twice.
pub async fn publish_kafka(port: u16, known: &mut Option<Producer>, partition: i32, id: &str) {
    // what is sent again is the same to the byte
    let body = order(id);
    let packing =
        [Packing::Gzip, Packing::Lz4, Packing::Zstd, Packing::Snappy, Packing::None][id.bytes().map(usize::from).sum::<usize>() % 5];
    let sealed = batch(&[(id, body)], Kind::packed(packing));
    loop {
        let attempt = async {
            if known.is_none() {
                *known = Producer::connect(port).await;
            }
            known.as_mut()?.produce("orders", partition, sealed.clone()).await
        };
        if matches!(timeout(ATTEMPT, attempt).await, Ok(Some(0))) {
            return;
        }
        *known = None;
        sleep(AGAIN).await;
    }
}

async fn to_kafka(port: u16, pace: Duration, stop: Arc<AtomicBool>) -> BTreeSet<String> {
    let (mut published, mut known) = (BTreeSet::new(), None);
    for n in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let id = format!("k{n}");
        publish_kafka(port, &mut known, n % 2, &id).await;
        published.insert(id);
        sleep(pace).await;
    }
    published
}

/// Orders as server-sent events, until the server says that it has each; chat on the WebSocket, once.
async fn to_web(places: Places, to: &str, stop: Arc<AtomicBool>) -> BTreeSet<String> {
    let http = reqwest::Client::builder().no_proxy().timeout(ATTEMPT).build().expect("a client");
    let mut published = BTreeSet::new();
    for n in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let id = format!("{to}{n}");
        let body = if to == "sse" { order(&id) } else { format!(r#"{{"id":"{id}","text":"{id}"}}"#) };
        loop {
            let sent = http.post(format!("{}/publish/{to}", places.streams)).body(body.clone()).send().await;
            if to == "ws" || sent.is_ok_and(|answer| answer.status().is_success()) {
                break;
            }
            sleep(AGAIN).await;
        }
        published.insert(id);
        sleep(places.pace).await;
    }
    published
}

/// Chat in an IRC channel; what cannot be sent is lost.
async fn to_irc(port: u16, pace: Duration, stop: Arc<AtomicBool>) -> BTreeSet<String> {
    let mut published = BTreeSet::new();
    let mut session: Option<tokio::net::tcp::OwnedWriteHalf> = None;
    for n in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        if session.is_none() {
            session = irc_session(port).await;
        }
        let text = format!("irc{n}");
        if let Some(write) = &mut session
            && write.write_all(format!("PRIVMSG #loja :{text}\r\n").as_bytes()).await.is_err()
        {
            session = None;
        }
        published.insert(text);
        sleep(pace).await;
    }
    published
}

/// A session in the channel, which answers pings; none while the server is away.
pub async fn irc_session(port: u16) -> Option<tokio::net::tcp::OwnedWriteHalf> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let (read, mut write) = stream.into_split();
    write.write_all(b"NICK ana\r\nUSER ana 0 * :ana\r\n").await.ok()?;
    let mut lines = BufReader::new(read).lines();
    let welcome = async {
        while let Ok(Some(line)) = lines.next_line().await {
            if line.contains(" 001 ") {
                return true;
            }
        }
        false
    };
    if !timeout(ATTEMPT, welcome).await.unwrap_or(false) {
        return None;
    }
    write.write_all(b"JOIN #loja\r\n").await.ok()?;
    // somebody has to read, or the server thinks that nobody is there
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Some(write)
}
