//! Thin notices through SIGKILL: the desk answers them and is killed before it has looked one up, again and again; nobody brings
//! them a second time, and in the end every order is in the journal, once.
#![allow(clippy::expect_used, clippy::panic, clippy::disallowed_methods, clippy::disallowed_types, reason = "a test stops where it fails")]

#[path = "support/desk.rs"]
mod desk;
#[path = "support/peer.rs"]
mod peer;
#[path = "support/servers.rs"]
mod servers;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use desk::{Desk, Kept};
use peer::{Peer, Reply};
use tokio::net::TcpStream;

const SECRET: &[u8] = b"whsec-of-the-test";
/// Only against hangs.
const PATIENCE: Duration = Duration::from_secs(60);
const ROUNDS: usize = 3;
const OF_A_ROUND: usize = 12;

const PLATFORM: &str = r#"
name = "naming"
[variables.base]
default = "http://127.0.0.1:9"
[variables.secret]
secret = true
environment = "PUSH_SECRET"
[[request]]
name = "orders"
gives = ["purchase"]
transport = "webhook"
path = "/orders"
signature = { kind = "hmac", header = "X-Hmac", encoding = "base64", secret = "{{secret}}" }
map = 'expand({id: (.id | text)})'
[request.expand]
url = "{{base}}/orders/{{expand.id}}"
map = '{type: "purchase", order: (.id | text), value: "10.50", currency: "BRL", placed_at: $at, ts: $at}'
"#;

fn write_plan(folder: &Path, base: &str, port: u16) -> PathBuf {
    std::fs::write(folder.join("naming.toml"), PLATFORM).expect("a file");
    let starts = warroom::clock::wall_now().plus_s(-30).rfc3339();
    let text = format!(
        "name = \"named\"\ntitle = \"Named\"\nstarts_at = \"{starts}\"\nlength = \"1h\"\ntime_zone = \"America/Sao_Paulo\"\ncurrency = \"BRL\"\n[feeds.push]\nplatform = \"./naming.toml\"\nlisten = \"127.0.0.1:{port}\"\nbase = \"{base}\"\nsecret = {{ env = \"PUSH_SECRET\" }}\n"
    );
    let plan = folder.join("plan.toml");
    std::fs::write(&plan, text).expect("a plan");
    plan
}

async fn until_it_listens(port: u16) {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(began.elapsed() < PATIENCE, "the desk does not listen");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn push(http: &reqwest::Client, port: u16, id: usize) -> u16 {
    let body = format!(r#"{{"id":{id}}}"#);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET);
    let signature = data_encoding::BASE64.encode(ring::hmac::sign(&key, body.as_bytes()).as_ref());
    let delivery = http.post(format!("http://127.0.0.1:{port}/orders")).header("X-Hmac", signature).body(body);
    delivery.send().await.expect("an answer").status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_that_were_answered_are_looked_up_whenever_the_desk_is_killed() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client");
    let tells = Arc::new(AtomicBool::new(false));
    let shop = Peer::start({
        let tells = Arc::clone(&tells);
        move |asked, _| match asked.path().strip_prefix("/orders/") {
            Some(id) if tells.load(Ordering::SeqCst) => Reply::Json(format!(r#"{{"id":{id}}}"#)),
            _ => Reply::Hang,
        }
    })
    .await;
    let (folder, port) = (tempfile::tempdir().expect("a folder"), servers::free_port());
    let (plan, journal) = (write_plan(folder.path(), &shop.base(), port), folder.path().join("live.warroom"));
    let open = || Desk::open(&plan, &journal, &[("PUSH_SECRET", "whsec-of-the-test")]);
    for round in 0..ROUNDS {
        let desk = open();
        until_it_listens(port).await;
        let ids = round * OF_A_ROUND..(round + 1) * OF_A_ROUND;
        let began = Instant::now();
        let answers = futures_util::future::join_all(ids.map(|id| push(&http, port, id))).await;
        assert_eq!(answers, [200; OF_A_ROUND]);
        println!("{OF_A_ROUND} notices at once are answered after {:?}", began.elapsed());
        desk.kill();
    }
    assert!(Kept::read(&journal).orders.is_empty(), "nothing is looked up yet");
    tells.store(true, Ordering::SeqCst);
    let (desk, began) = (open(), Instant::now());
    let kept = loop {
        let kept = Kept::read(&journal);
        if kept.orders.get("push").is_some_and(|orders| orders.len() == ROUNDS * OF_A_ROUND) {
            break kept;
        }
        assert!(began.elapsed() < PATIENCE, "not all is looked up: {:?}", kept.orders);
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    assert!(kept.orders["push"].values().all(|times| *times == 1), "{:?}", kept.orders);
    desk.end();
    let reader = warroom::journal::Reader::open(&journal).expect("a journal");
    assert_eq!(reader.cursors(), [("push".into(), r#"{"notices":[]}"#.to_owned())]);
}
