//! Peers that behave badly, on every transport that listens or is connected to: each is a named state of its feed, no token goes
//! to another host, nothing grows without bound, and the feeds beside them go on.
#![cfg(all(feature = "nats", feature = "kafka"))]
#![allow(clippy::expect_used, clippy::panic, clippy::disallowed_methods, clippy::disallowed_types, reason = "a test stops where it fails")]

#[path = "support/authority.rs"]
mod authority;
#[path = "support/owner.rs"]
mod owner;
#[path = "support/peer.rs"]
mod peer;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use authority::{Authority, Issued};
use owner::{Owner, Taken};
use peer::{Peer, Reply, gzip_bomb};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use warroom::clock::wall_now;
use warroom::engine::event::FeedStatus;

const PLATFORM: &str = r#"
name = "TRANSPORT"
[variables.base]
[variables.ca]
default = ""
[variables.token]
secret = true
environment = "TEST_TOKEN"
[auth.headers]
x-shop-access-token = "{{token}}"
[[request]]
name = "chat"
gives = ["chat_message"]
map = '{type: "chat_message", id: (.id // .number | tostring), ts: $at, author: "a", text: (.text // .params[1])}'
"#;

/// The rest of the platform file of each transport.
const TRANSPORTS: [(&str, &str); 6] = [
    ("poll", "interval_s = 1\nurl = \"{{base}}/rows\"\nitems = \".rows[]\""),
    ("sse", "transport = \"sse\"\nidle_s = 2\nurl = \"{{base}}/stream\""),
    ("ws", "transport = \"ws\"\nidle_s = 2\nurl = \"{{base}}/socket\""),
    ("irc", "transport = \"ws\"\ncodec = \"irc\"\nidle_s = 2\nurl = \"{{base}}\"\nsend = [\"NICK desk\"]\nwelcomed = [\"JOIN #loja\"]"),
    (
        "nats",
        "transport = \"nats\"\nservers = \"{{base}}\"\nstream = \"S\"\ndurable = \"d\"\naccess = { token = \"{{token}}\", ca = \"{{ca}}\" }",
    ),
    ("kafka", "transport = \"kafka\"\nservers = \"{{base}}\"\ntopic = \"t\"\naccess = { ca = \"{{ca}}\" }"),
];

/// The greeting of a NATS server that wants TLS.
const INFO: &[u8] = b"INFO {\"server_id\":\"x\",\"version\":\"2.10.0\",\"proto\":1,\"host\":\"x\",\"port\":1,\"max_payload\":1048576,\"tls_required\":true}\r\n";

/// A server that says the same to everybody, at once or when it was spoken to, and then hangs up, or holds the line.
async fn says(bytes: Vec<u8>, first: bool, holds: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let bytes: Arc<[u8]> = bytes.into();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let bytes = Arc::clone(&bytes);
            tokio::spawn(async move {
                let mut heard = [0; 1024];
                if !first {
                    let _ = stream.read(&mut heard).await;
                }
                let _ = stream.write_all(&bytes).await;
                if holds {
                    while matches!(stream.read(&mut heard).await, Ok(1..)) {}
                }
            });
        }
    });
    address
}

/// A server with a certificate; `greeting` is said before TLS begins.
async fn secured(issued: &Issued, greeting: &'static [u8]) -> SocketAddr {
    let chain = vec![CertificateDer::from_pem_file(&issued.certificate).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(&issued.key).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let acceptor = TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).expect("a server")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let _ = stream.write_all(greeting).await;
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let mut heard = [0; 1024];
                    while matches!(stream.read(&mut heard).await, Ok(1..)) {}
                }
            });
        }
    });
    address
}

/// The feeds of a test, each with the state that it must come to.
#[derive(Default)]
struct Cases {
    plan: String,
    expected: Vec<(String, &'static str)>,
}

impl Cases {
    fn add(&mut self, folder: &Path, transport: &str, name: &str, base: &str, state: &'static str) {
        self.add_with(folder, (transport, name), base, "", state);
    }

    fn add_with(&mut self, folder: &Path, (transport, name): (&str, &str), base: &str, more: &str, state: &'static str) {
        let feed = format!("{transport}-{name}");
        self.plan += &format!("[feeds.{feed}]\nplatform = \"{}/{transport}.toml\"\nbase = \"{base}\"\n{more}\n", folder.display());
        self.expected.push((feed, state));
    }
}

fn write_platforms(folder: &Path) {
    for (name, rest) in TRANSPORTS {
        let text = PLATFORM.replace("TRANSPORT", name) + rest + "\n";
        std::fs::write(folder.join(format!("{name}.toml")), text).expect("a file");
    }
}

/// The addresses of one server as each transport writes them.
fn bases(address: SocketAddr) -> [(&'static str, String); 6] {
    [
        ("poll", format!("http://{address}")),
        ("sse", format!("http://{address}")),
        ("ws", format!("ws://{address}")),
        ("irc", format!("irc://{address}")),
        ("nats", format!("nats://{address}")),
        ("kafka", address.to_string()),
    ]
}

async fn add_silent_and_broken(cases: &mut Cases, folder: &Path) {
    let silent = says(Vec::new(), false, true).await;
    for (transport, base) in bases(silent) {
        cases.add(folder, transport, "silent", &base, "timeout");
    }
    for (transport, base) in bases(SocketAddr::from(([127, 0, 0, 1], 9))) {
        cases.add(folder, transport, "nobody", &base, "unreachable");
    }
    let page = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<html>welcome</html>".to_vec();
    let (web, hasty) = (says(page.clone(), false, false).await, says(page, true, false).await);
    for (transport, base) in bases(web) {
        let (base, state) = match transport {
            "ws" => (base, "status: http 200"),
            "kafka" | "poll" => (base, "bad_body"),
            // its servers speak first
            "nats" => (format!("nats://{hasty}"), "unreachable"),
            "sse" => (base, "bad_body"),
            _ => (base, "truncated"),
        };
        cases.add(folder, transport, "web", &base, state);
    }
    // a frame of 2 GiB is announced, which is neither waited for nor made room for
    cases.add(folder, "kafka", "huge", &says(vec![0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0], false, true).await.to_string(), "bad_body");
}

async fn add_http(cases: &mut Cases, folder: &Path, away: &str) {
    let away = away.to_owned();
    let replies: Vec<(&str, Reply, &'static str)> = vec![
        ("moved", Reply::status(302, &[("location", &away)], ""), "redirect: http 302"),
        ("denied", Reply::status(401, &[], "who are you"), "unauthorized: http 401"),
        ("slow_down", Reply::status(429, &[("retry-after", "3")], ""), "throttled: http 429"),
        ("broken", Reply::status(500, &[], "oops"), "status: http 500"),
    ];
    for (name, reply, state) in replies {
        let peer = Peer::start(move |_, _| reply.clone()).await;
        cases.add(folder, "poll", name, &peer.base(), state);
        cases.add(folder, "sse", name, &peer.base(), state);
        cases.add(folder, "ws", name, &peer.base().replace("http", "ws"), state);
        // it lives as long as the test
        std::mem::forget(peer);
    }
    let event = format!("data: {}", "x".repeat(9 << 20));
    let huge = Peer::start(move |_, _| Reply::status(200, &[("content-type", "text/event-stream")], &event)).await;
    cases.add(folder, "sse", "huge", &huge.base(), "too_large");
    let headers = vec![("content-type", "text/event-stream".to_owned()), ("content-encoding", "gzip".to_owned())];
    let bomb = Peer::start(move |_, _| Reply::Full { status: 200, headers: headers.clone(), body: gzip_bomb(256 << 20) }).await;
    cases.add(folder, "sse", "bomb", &bomb.base(), "too_large");
    std::mem::forget((huge, bomb));
    let line = [b":s 001 desk :Welcome\r\n:s PRIVMSG #loja :", "x".repeat(3 << 20).as_bytes(), b"\r\nERROR :closing\r\n"].concat();
    cases.add(folder, "irc", "huge", &format!("irc://{}", says(line, true, false).await), "truncated");
}

async fn add_secured(cases: &mut Cases, folder: &Path, authority: &Authority) {
    let [good, expired, foreign] =
        [("127.0.0.1", 2099), ("127.0.0.1", 2021), ("shop.example", 2099)].map(|(host, y)| authority.issue(host, y));
    let unknown = secured(&good, b"").await;
    cases.add(folder, "poll", "unknown", &format!("https://{unknown}"), "tls");
    cases.add(folder, "sse", "unknown", &format!("https://{unknown}"), "tls");
    cases.add(folder, "ws", "unknown", &format!("wss://{unknown}"), "tls");
    cases.add(folder, "kafka", "unknown", &format!("tls://{unknown}"), "tls");
    cases.add(folder, "nats", "unknown", &format!("tls://{}", secured(&good, INFO).await), "tls");
    let ca = format!("ca = \"{}\"", authority.file.display());
    for (name, issued) in [("expired", &expired), ("foreign", &foreign)] {
        cases.add_with(folder, ("kafka", name), &format!("tls://{}", secured(issued, b"").await), &ca, "tls");
        cases.add_with(folder, ("nats", name), &format!("tls://{}", secured(issued, INFO).await), &ca, "tls");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_peer_is_a_named_state_and_no_token_goes_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write_platforms(folder);
    let authority = Authority::new(folder);
    let elsewhere = Peer::start(|_, _| Reply::status(200, &[("content-type", "text/event-stream")], "data: {}\n\n")).await;
    let good = Peer::start(|_, n| {
        let body = format!("retry: 100\n\ndata: {{\"id\":{n},\"text\":\"m{n}\"}}\n\n");
        Reply::status(200, &[("content-type", "text/event-stream")], &body)
    })
    .await;
    let mut cases = Cases::default();
    add_silent_and_broken(&mut cases, folder).await;
    add_http(&mut cases, folder, &elsewhere.base()).await;
    add_secured(&mut cases, folder, &authority).await;
    let plan = format!("{}[feeds.good]\nplatform = \"{}/sse.toml\"\nbase = \"{}\"\n", cases.plan, folder.display(), good.base());
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    for (feed, state) in &cases.expected {
        let came = owner.until_told(feed, state).await;
        assert!(came, "{feed} must say {state}: {:#?}", owner.taken.all_faults(feed));
        assert!(owner.taken.state(feed).status != FeedStatus::Failed, "{feed} is tried again");
    }
    let before = owner.taken.events.len();
    owner.until("the good feed goes on", |taken| taken.events.len() > before + 3).await;
    owner.run_for(Duration::from_secs(1)).await;
    assert!(elsewhere.asked().is_empty(), "no redirect was followed");
    let told = format!("{:?}", owner.taken.told);
    assert!(!told.contains("canary"), "no secret in any state");
    // a certificate that is for another host says for which, but nothing says where we connect to
    let place = told.find("127.0.0.1:").map(|at| told[at.saturating_sub(200)..at + 20].to_owned());
    assert_eq!(place, None, "no address in any state");
    owner.stop().await;
}
