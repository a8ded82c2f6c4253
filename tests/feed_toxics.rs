//! Every transport behind a proxy that spoils what passes: the sick feed is stale within twice its interval and back within one
//! interval and ten seconds, the well feeds beside it don't notice, and the totals are exact where the transport promises it.
#![cfg(all(feature = "nats", feature = "kafka"))]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::too_many_lines,
    reason = "a test stops where it fails"
)]

#[path = "support/authority.rs"]
mod authority;
#[path = "support/peer.rs"]
mod peer;
#[path = "support/publisher.rs"]
mod publisher;
#[path = "support/servers.rs"]
mod servers;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use authority::Authority;
use peer::{FaultProxy, Peer, Reply, Toxic};
use publisher::{Places, Publishers, order};
use servers::{Server, free_port};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout, timeout_at};
use warroom::app::desk::Desk;
use warroom::clock::{Clock, wall_now};
use warroom::engine::event::{Fact, FeedStatus};
use warroom::engine::id::Name;
use warroom::engine::time::At;
use warroom::feed::mapper::Workshop;
use warroom::feed::outlet::Resume;
use warroom::feed::supervision::{Feeds, Start};
use warroom::feed::{Batch, QUEUE_BATCHES};

/// The interval of every feed here: a poll's, the time in which a stream or a broker gives a sign of life.
const INTERVAL: Duration = Duration::from_secs(1);
/// A whole second of the engine's own grid, and what a machine under load takes.
const GRID: Duration = Duration::from_millis(1_800);
const BACK: Duration = Duration::from_secs(10);
/// Longest that the totals may take at the end.
const LONGEST: Duration = Duration::from_secs(60);

const STREAMS: &str = r#"
name = "streams"
[variables.base]
[variables.socket]
[variables.irc]
[[request]]
name = "irc"
gives = ["chat_message"]
transport = "ws"
codec = "irc"
idle_s = 2
url = "{{irc}}"
send = ["NICK desk", "USER desk 0 * :desk"]
welcomed = ["JOIN #loja"]
map = 'if .command == "PRIVMSG" then {type: "chat_message", id: .number, ts: $at, author: .nick, text: .params[1]} else skip("talk") end'

[[request]]
name = "ws"
gives = ["chat_message"]
transport = "ws"
idle_s = 2
url = "{{socket}}/ws"
map = '{type: "chat_message", id: .id, ts: $at, author: "ana", text: .text}'

[[request]]
name = "sse"
gives = ["purchase"]
transport = "sse"
resumes = true
idle_s = 2
url = "{{base}}/sse"
map = '{type: "purchase", order, ts, placed_at: .ts, value, currency}'
"#;

const SHOP: &str = r#"
name = "shop"
[variables.base]
[[request]]
name = "poll"
gives = ["purchase"]
interval_s = 1
url = "{{base}}/rows"
paging = { kind = "offset", size = 50 }
query = { offset = "{{offset}}" }
items = ".rows[]"
map = '{type: "purchase", order: (.id | text), ts: $at, placed_at: .at, value: .total, currency: "BRL"}'

[[request]]
name = "hook"
gives = ["purchase"]
transport = "webhook"
canonical = true
path = "/hook"
signature = { kind = "hmac", header = "X-Hmac", encoding = "hex", secret = "{{secret}}" }
[variables.secret]
secret = true
environment = "TEST_SECRET"
"#;

const SECRET: &[u8] = b"a secret of the tests";

/// A desk with its feeds, in this thread.
struct Room {
    desk: Desk,
    rx: mpsc::Receiver<Batch>,
    feeds: Feeds,
    /// How often each order came, by feed.
    orders: BTreeMap<String, BTreeSet<String>>,
    texts: BTreeSet<String>,
    errors: BTreeMap<String, BTreeSet<String>>,
}

impl Room {
    fn open(plan: &Path) -> Self {
        let secret = |name: &str| (name == "TEST_SECRET").then(|| String::from_utf8_lossy(SECRET).into_owned());
        let loaded = warroom::config::plan::load(plan, &secret).expect("a plan");
        let live_start = loaded.plan.starts_at.expect("a start");
        let clock = Clock::wall();
        let desk = Desk::new(loaded.plan, clock.clone(), None);
        let (tx, rx) = mpsc::channel(QUEUE_BATCHES);
        let feeds = Feeds::start(
            loaded.accounts,
            &Start { tx, clock, live_start, live_end: None, seed: 11, workshop: Workshop::of(env!("CARGO_BIN_EXE_warroom")) },
            |_: &Name| Resume::default(),
        );
        let feeds = feeds.expect("feeds start");
        Self { desk, rx, feeds, orders: BTreeMap::new(), texts: BTreeSet::new(), errors: BTreeMap::new() }
    }

    fn take(&mut self, batch: Batch) {
        let feed = batch.feed.to_string();
        for event in &batch.events {
            match &event.fact {
                Fact::Purchase(purchase) => {
                    self.orders.entry(feed.clone()).or_default().insert(purchase.order.to_string());
                }
                Fact::ChatMessage(message) => {
                    self.texts.insert(message.text.to_string());
                }
                _ => {}
            }
        }
        if let Some(error) = batch.state.as_ref().and_then(|state| state.last_error.as_deref()) {
            self.errors.entry(feed).or_default().insert(error.to_owned());
        }
        self.desk.take(batch);
    }

    /// Goes on until something is so, looking at the desk ten times a second; false when it is not so in time.
    async fn until(&mut self, limit: Duration, mut is_so: impl FnMut(&Self) -> bool) -> bool {
        let end = tokio::time::Instant::now() + limit;
        loop {
            let look = tokio::time::Instant::now() + Duration::from_millis(100);
            while let Ok(Some(batch)) = timeout_at(look, self.rx.recv()).await {
                self.take(batch);
            }
            self.desk.advance();
            if is_so(self) {
                return true;
            }
            if tokio::time::Instant::now() >= end {
                return false;
            }
        }
    }

    fn stale(&self, feed: &str) -> bool {
        self.desk.engine().feeds().iter().any(|view| view.state.feed == feed && view.stale)
    }

    fn is_back(&self, feed: &str, since: At) -> bool {
        let views = self.desk.engine().feeds();
        let view = views.iter().find(|view| view.state.feed == feed);
        view.is_some_and(|view| view.state.status == FeedStatus::Ok && view.complete_to > Some(since) && !view.stale)
    }

    fn standing(&self) -> String {
        let line = |view: &warroom::engine::view::show::FeedView<'_>| {
            let age = view.complete_to.map(|to| self.desk.now().since_ms(to));
            format!("{}: {:?}, complete {age:?} ms ago, {:?}\n", view.state.feed, view.state.status, view.state.last_error)
        };
        self.desk.engine().feeds().iter().map(line).collect()
    }
}

fn write_plan(folder: &Path, at: &BTreeMap<&str, String>) -> std::path::PathBuf {
    std::fs::write(folder.join("streams.toml"), STREAMS).expect("a file");
    std::fs::write(folder.join("shop.toml"), SHOP).expect("a file");
    let starts = wall_now().plus_s(-30).rfc3339();
    let mut text = format!(
        "name = \"toxics\"\ntitle = \"Toxics\"\nstarts_at = \"{starts}\"\nlength = \"1h\"\ntime_zone = \"America/Sao_Paulo\"\ncurrency = \"BRL\"\n"
    );
    let (ca, listen) = (&at["ca"], &at["listen"]);
    let bus = |name: &str, servers: &str| {
        format!(
            "[feeds.{name}]\nplatform = \"nats\"\nservers = \"{servers}\"\nstream = \"SHOP\"\nsubject = \"shop.orders\"\ndurable = \"{name}\"\ngives = [\"purchase\"]\nca = \"{ca}\"\nstale_after_s = 2\n"
        )
    };
    text += &bus("nats", &at["nats"]);
    text += &bus("well_nats", &at["well_nats"]);
    text += &format!(
        "[feeds.kafka]\nplatform = \"kafka\"\nservers = \"{}\"\ntopic = \"orders\"\ngives = [\"purchase\"]\nstale_after_s = 2\n",
        at["kafka"]
    );
    text += &format!(
        "[feeds.web]\nplatform = \"./streams.toml\"\nbase = \"{0}\"\nsocket = \"{1}\"\nirc = \"{2}\"\nstale_after_s = 2\n",
        at["sse"], at["ws"], at["irc"]
    );
    text += &format!(
        "[feeds.shop]\nplatform = \"./shop.toml\"\nbase = \"{}\"\nlisten = \"{listen}\"\nstale_after_s = 2\n[feeds.shop.secret]\nenv = \"TEST_SECRET\"\n",
        at["poll"]
    );
    text += &format!(
        "[feeds.well]\nplatform = \"./shop.toml\"\nbase = \"{}\"\nrequests = [\"poll\"]\nstale_after_s = 3\n[feeds.well.secret]\nenv = \"TEST_SECRET\"\n",
        at["well"]
    );
    let plan = folder.join("plan.toml");
    std::fs::write(&plan, text).expect("a plan");
    plan
}

/// Delivers orders until each was answered with 200, as a platform does that keeps what was not taken.
async fn deliver(through: SocketAddr, pace: Duration, stop: Arc<AtomicBool>) -> BTreeSet<String> {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build().expect("a client");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET);
    let mut delivered = BTreeSet::new();
    for n in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let id = format!("h{n}");
        let body = order(&id);
        let signature = data_encoding::HEXLOWER.encode(ring::hmac::sign(&key, body.as_bytes()).as_ref());
        loop {
            let delivery = http.post(format!("http://{through}/hook")).header("x-hmac", &signature).body(body.clone()).send().await;
            if delivery.is_ok_and(|answer| answer.status() == reqwest::StatusCode::OK) {
                break;
            }
            sleep(Duration::from_millis(150)).await;
        }
        delivered.insert(id);
        sleep(pace).await;
    }
    delivered
}

/// A shop that has one more order for each that was made.
async fn shop(made: Arc<AtomicU32>) -> Peer {
    Peer::start(move |asked, _| {
        let offset: u32 = asked.query("offset").and_then(|text| text.parse().ok()).unwrap_or(0);
        let at = wall_now().rfc3339();
        let rows = (offset..made.load(Ordering::SeqCst).min(offset + 50)).map(|id| format!(r#"{{"id":{id},"at":"{at}","total":10.50}}"#));
        Reply::Json(format!(r#"{{"rows":[{}]}}"#, rows.collect::<Vec<_>>().join(",")))
    })
    .await
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[test]
fn a_sick_feed_is_stale_soon_back_soon_and_nobody_elses_business() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new(folder.path());
    #[expect(unsafe_code, reason = "before there is any other thread: the streams' certificates are believed by the machine")]
    // SAFETY: no other thread runs yet.
    unsafe {
        std::env::set_var("SSL_CERT_FILE", &authority.file);
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(every_toxic(folder.path(), &authority));
}

async fn every_toxic(folder: &Path, authority: &Authority) {
    let issued = authority.issue("127.0.0.1", 2099);
    let (certificate, key) = (issued.certificate.display().to_string(), issued.key.display().to_string());
    let nats = Server::nats(&folder.join("nats"), &["--tls", "--tlscert", &certificate, "--tlskey", &key]);
    let bucket = Server::bucket(&folder.join("bucket"));
    let (kafka_port, kafka_door) = (free_port(), free_port());
    let kafka = Server::kafka(&bucket, kafka_port, kafka_door);
    kafka.make_topic("orders", 2);
    let irc = Server::irc(folder);
    let streams = Server::streams(&folder.join("events"), &[&issued.certificate, &issued.key]);
    let made = Arc::new(AtomicU32::new(3));
    let shop = shop(Arc::clone(&made)).await;
    let hook = free_port();

    let plain = |port: u16| FaultProxy::start(local(port));
    let proxies = BTreeMap::from([
        ("nats", plain(nats.port).await),
        ("kafka", FaultProxy::start_at(kafka_door, local(kafka_port), false).await),
        ("web.sse", plain(streams.port).await),
        ("web.ws", plain(streams.port).await),
        ("web.irc", plain(irc.port).await),
        ("shop.poll", plain(shop.address.port()).await),
        ("shop.hook", FaultProxy::start_both_ways(local(hook)).await),
    ]);
    let port = |feed: &str| proxies[feed].address.port();
    let at = BTreeMap::from([
        ("ca", authority.file.display().to_string()),
        ("listen", format!("127.0.0.1:{hook}")),
        ("nats", format!("tls://127.0.0.1:{}", port("nats"))),
        ("well_nats", format!("tls://127.0.0.1:{}", nats.port)),
        ("kafka", format!("127.0.0.1:{kafka_door}")),
        ("sse", format!("https://127.0.0.1:{}", port("web.sse"))),
        ("ws", format!("wss://127.0.0.1:{}", port("web.ws"))),
        ("irc", format!("irc://127.0.0.1:{}", port("web.irc"))),
        ("poll", format!("http://127.0.0.1:{}", port("shop.poll"))),
        ("well", shop.base()),
    ]);
    let plan = write_plan(folder, &at);
    let pace = Duration::from_millis(100);
    let streams_at = format!("https://127.0.0.1:{}", streams.port);
    let places = Places { nats: at["well_nats"].clone(), kafka: kafka_door, irc: irc.port, streams: streams_at, pace };
    let publishers = Publishers::start(&places).await;
    let stop = Arc::new(AtomicBool::new(false));
    let deliveries = tokio::spawn(deliver(proxies["shop.hook"].address, pace, Arc::clone(&stop)));

    let mut room = Room::open(&plan);
    let sick = ["nats", "kafka", "web.sse", "web.ws", "web.irc", "shop.poll"];
    let all = || sick.iter().chain(&["well_nats", "well"]);
    let begun = wall_now();
    assert!(room.until(BACK, |room| all().all(|feed| room.is_back(feed, begun))).await, "all come up:\n{}", room.standing());
    for toxic in [
        Toxic::Latency(Duration::from_millis(300)),
        Toxic::Down,
        Toxic::Bandwidth(1_500),
        Toxic::Timeout,
        Toxic::Reset,
        Toxic::Slicer,
        Toxic::LimitData(40),
        Toxic::Flip(20),
    ] {
        made.fetch_add(7, Ordering::SeqCst);
        proxies.values().for_each(|proxy| proxy.set(toxic));
        let began = Instant::now();
        let deadly = matches!(toxic, Toxic::Down | Toxic::Timeout | Toxic::Reset | Toxic::LimitData(_) | Toxic::Flip(_));
        if deadly {
            // IRC without TLS cannot see that a bit was flipped
            let sees = |feed: &str| feed != "web.irc" || !matches!(toxic, Toxic::Flip(_));
            let stale = |room: &Room| sick.iter().filter(|feed| sees(feed)).all(|feed| room.stale(feed));
            let in_time = room.until(2 * INTERVAL + GRID, stale).await;
            assert!(in_time, "{toxic:?}: stale within twice the interval:\n{}", room.standing());
        } else {
            room.until(Duration::from_secs(3), |_| false).await;
        }
        let sick_for = began.elapsed();
        assert!(!room.stale("well") && !room.stale("well_nats"), "{toxic:?}: no business of the others:\n{}", room.standing());
        proxies.values().for_each(|proxy| proxy.set(Toxic::None));
        let (ended, recovering) = (wall_now(), Instant::now());
        let back = room.until(INTERVAL + BACK, |room| all().all(|feed| room.is_back(feed, ended))).await;
        assert!(back, "{toxic:?}: back within one interval and ten seconds:\n{}", room.standing());
        println!("{toxic:?}: sick for {sick_for:?}, back after {:?}", recovering.elapsed());
    }
    stop.store(true, Ordering::SeqCst);
    let gathering = async { (publishers.stop().await, deliveries.await.expect("it ends")) };
    let (published, delivered) = timeout(LONGEST, gathering).await.expect("the publishers end");
    println!("{published}, {} by webhook", delivered.len());
    let polled: BTreeSet<String> = (0..made.load(Ordering::SeqCst)).map(|id| id.to_string()).collect();
    let expected = [
        ("nats", &published.nats),
        ("well_nats", &published.nats),
        ("kafka", &published.kafka),
        ("web.sse", &published.sse),
        ("shop.poll", &polled),
        ("well", &polled),
        ("shop.hook", &delivered),
    ];
    let whole = |room: &Room| expected.iter().all(|(feed, ids)| room.orders.get(*feed).is_some_and(|known| known.is_superset(ids)));
    room.until(LONGEST, whole).await;
    for (feed, ids) in expected {
        assert_eq!(&room.orders[feed], ids, "{feed}: exact");
        assert!(ids.len() > 50, "{feed}: {} orders are no test", ids.len());
    }
    for feed in ["web.irc", "web.ws"] {
        let told = room.errors[feed].iter().any(|error| error.starts_with("gap: ") && error.ends_with(" s were missed"));
        assert!(told, "{feed}: the gap is told with its length: {:?}", room.errors[feed]);
    }
    for feed in ["well", "well_nats"] {
        assert_eq!(room.errors.get(feed), None, "{feed}: nothing went wrong");
    }
    room.feeds.stop().await;
}
