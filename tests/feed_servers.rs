//! The desk beside real servers, each killed and started again in the middle as the desk itself is: of what is durable or
//! resumable nothing is lost and nothing is twice; where nobody keeps what was missed, the gap is told with its length.
#![cfg(all(feature = "nats", feature = "kafka"))]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::too_many_lines,
    reason = "a test stops where it fails"
)]

#[path = "support/desk.rs"]
mod desk;
#[path = "support/publisher.rs"]
mod publisher;
#[path = "support/servers.rs"]
mod servers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use desk::{Desk, Kept};
use publisher::{Places, Publishers};
use servers::{Server, free_port};
use tokio::time::sleep;

/// Longest that the desk may take to have everything.
const LONGEST: Duration = Duration::from_secs(90);

/// Chat as IRC, a WebSocket and orders as server-sent events, by filters of the test's own.
const CHAT: &str = r#"
name = "streams"
[variables.base]
[variables.socket]
[variables.irc]
[[request]]
name = "irc"
gives = ["chat_message"]
transport = "ws"
codec = "irc"
idle_s = 4
url = "{{irc}}"
send = ["NICK desk", "USER desk 0 * :desk"]
welcomed = ["JOIN #loja"]
map = 'if .command == "PRIVMSG" then {type: "chat_message", id: .number, ts: $at, author: .nick, text: .params[1]} else skip("talk") end'

[[request]]
name = "ws"
gives = ["chat_message"]
transport = "ws"
idle_s = 4
url = "{{socket}}/ws"
map = '{type: "chat_message", id: .id, ts: $at, author: "ana", text: .text}'

[[request]]
name = "sse"
gives = ["purchase"]
transport = "sse"
resumes = true
idle_s = 4
url = "{{base}}/sse"
map = '{type: "purchase", order, ts, placed_at: .ts, value, currency}'
"#;

fn write_plan(folder: &Path, nats: u16, kafka: u16, irc: u16, streams: u16) -> PathBuf {
    std::fs::write(folder.join("streams.toml"), CHAT).expect("a file");
    let starts = warroom::clock::wall_now().plus_s(-30).rfc3339();
    let text = format!(
        r#"name = "beside-servers"
title = "Beside servers"
starts_at = "{starts}"
length = "1h"
time_zone = "America/Sao_Paulo"
currency = "BRL"

[feeds.bus]
platform = "nats"
servers = "nats://127.0.0.1:{nats}"
stream = "SHOP"
subject = "shop.orders"
gives = ["purchase"]

[feeds.log]
platform = "kafka"
servers = "127.0.0.1:{kafka}"
topic = "orders"
gives = ["purchase"]

[feeds.web]
platform = "./streams.toml"
base = "http://127.0.0.1:{streams}"
socket = "ws://127.0.0.1:{streams}"
irc = "irc://127.0.0.1:{irc}"
"#
    );
    let plan = folder.join("plan.toml");
    std::fs::write(&plan, text).expect("a plan");
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_is_twice_whoever_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut nats = Server::nats(&folder.join("nats"), &[]);
    let bucket = Server::bucket(&folder.join("bucket"));
    let port = free_port();
    let mut kafka = Server::kafka(&bucket, port, port);
    kafka.make_topic("orders", 2);
    let mut irc = Server::irc(folder);
    let mut streams = Server::streams(&folder.join("events"), &[]);
    let plan = write_plan(folder, nats.port, kafka.port, irc.port, streams.port);
    let journal = folder.join("live.warroom");
    let places = Places {
        nats: format!("nats://127.0.0.1:{}", nats.port),
        kafka: kafka.port,
        irc: irc.port,
        streams: format!("http://127.0.0.1:{}", streams.port),
        pace: Duration::from_millis(25),
    };
    let publishers = Publishers::start(&places).await;

    let mut desk = Desk::open(&plan, &journal, &[]);
    for pause in [2_500, 1_300, 1_900] {
        sleep(Duration::from_millis(pause)).await;
        desk.kill();
        sleep(Duration::from_millis(1_100)).await;
        desk = Desk::open(&plan, &journal, &[]);
    }
    sleep(Duration::from_secs(2)).await;
    for server in [&mut nats, &mut kafka, &mut irc, &mut streams] {
        server.kill();
        sleep(Duration::from_millis(1_500)).await;
        server.start();
        sleep(Duration::from_millis(1_500)).await;
    }
    // and the desk while two of them are away
    nats.kill();
    kafka.kill();
    desk.kill();
    desk = Desk::open(&plan, &journal, &[]);
    sleep(Duration::from_millis(1_500)).await;
    nats.start();
    kafka.start();
    sleep(Duration::from_secs(2)).await;
    let published = publishers.stop().await;

    let began = Instant::now();
    let expected = BTreeMap::from([("bus", &published.nats), ("log", &published.kafka), ("web", &published.sse)]);
    let whole = loop {
        let kept = Kept::read(&journal);
        let missing = expected.iter().map(|(source, ids)| {
            let known = kept.orders.get(*source);
            (*source, ids.iter().filter(|id| known.is_none_or(|known| !known.contains_key(*id))).count())
        });
        let missing: Vec<(&str, usize)> = missing.filter(|(_, count)| *count > 0).collect();
        if missing.is_empty() {
            break kept;
        }
        assert!(began.elapsed() < LONGEST, "not in the journal: {missing:?}; the feeds said {:#?}", kept.errors);
        sleep(Duration::from_millis(500)).await;
    };
    desk.end();
    println!("caught up after {:?}: {published}", began.elapsed());

    for (source, ids) in expected {
        let known: BTreeSet<&String> = whole.orders[source].keys().collect();
        assert_eq!(known, ids.iter().collect(), "{source}: nothing else than was published");
        let twice: Vec<&String> = whole.orders[source].iter().filter(|(_, count)| **count > 1).map(|(id, _)| id).collect();
        assert_eq!(twice, Vec::<&String>::new(), "{source}: nothing twice");
        assert!(ids.len() > 100, "{source}: {} orders are no test", ids.len());
    }
    assert_eq!(whole.quarantined.values().sum::<u64>(), 0, "nothing is put aside");
    let chat = &whole.texts["web"];
    let distinct: BTreeSet<&String> = chat.iter().collect();
    assert_eq!(distinct.len(), chat.len(), "no message twice");
    assert!(distinct.iter().all(|text| published.irc.contains(*text) || published.ws.contains(*text)), "no message that nobody wrote");
    for (feed, written) in [("web.irc", &published.irc), ("web.ws", &published.ws)] {
        let heard = written.iter().filter(|text| distinct.contains(text)).count();
        assert!(heard * 3 > written.len(), "{feed}: {heard} of {} were heard", written.len());
        let gaps: Vec<&String> =
            whole.errors[feed].iter().filter(|error| error.starts_with("gap: ") && error.ends_with(" s were missed")).collect();
        assert!(gaps.len() >= 2, "{feed}: the gaps are told with their length: {:?}", whole.errors[feed]);
    }
    for feed in ["bus", "log", "web.sse"] {
        assert!(!whole.errors[feed].iter().any(|error| error.starts_with("gap")), "{feed}: no gap: {:?}", whole.errors[feed]);
    }
}
