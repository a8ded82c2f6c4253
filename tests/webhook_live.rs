//! `warroom live` in a pseudo-terminal with its keys in use: 500 deliveries a second are verified, journaled and answered, while
//! 500 half-open connections and bodies of 10 MiB stand before the same door.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails, and measures"
)]

#[path = "support/servers.rs"]
mod servers;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PROGRAM: &str = env!("CARGO_BIN_EXE_warroom");
const SECRET: &[u8] = b"whsec-of-the-test";
/// Deliveries of each of the two runs.
const DELIVERIES: usize = 1_500;
/// Only against hangs.
const PATIENCE: Duration = Duration::from_secs(60);

const PLATFORM: &str = r#"
name = "pushing"
[variables.secret]
secret = true
environment = "PUSH_SECRET"
[[request]]
name = "orders"
gives = ["purchase"]
transport = "webhook"
path = "/orders"
signature = { kind = "hmac", header = "X-Hmac", encoding = "base64", secret = "{{secret}}" }
map = '{type: "purchase", order: (.id | text), rev: .rev, value: .total, currency: "BRL", placed_at: $at, ts: $at}'
"#;

fn write_plan(folder: &Path, port: u16) -> std::path::PathBuf {
    std::fs::write(folder.join("pushing.toml"), PLATFORM).expect("a file");
    let starts = warroom::clock::wall_now().plus_s(-30).rfc3339();
    let plan = folder.join("plan.toml");
    let text = format!(
        "name = \"pushed\"\ntitle = \"Pushed\"\nstarts_at = \"{starts}\"\nlength = \"1h\"\ntime_zone = \"America/Sao_Paulo\"\ncurrency = \"BRL\"\n[feeds.push]\nplatform = \"./pushing.toml\"\nlisten = \"127.0.0.1:{port}\"\nsecret = {{ env = \"PUSH_SECRET\" }}\n"
    );
    std::fs::write(&plan, text).expect("a plan");
    plan
}

/// Sends deliveries at 500 a second and gives the times of their answers, sorted.
async fn deliver(http: &reqwest::Client, port: u16, from: usize) -> Vec<Duration> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET);
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    let mut tasks = tokio::task::JoinSet::new();
    for id in from..from + DELIVERIES {
        tick.tick().await;
        let body = format!(r#"{{"id":{id},"rev":1,"total":"10.50"}}"#);
        let signature = data_encoding::BASE64.encode(ring::hmac::sign(&key, body.as_bytes()).as_ref());
        let delivery = http.post(format!("http://127.0.0.1:{port}/orders")).header("X-Hmac", signature).body(body);
        tasks.spawn(async move {
            let began = Instant::now();
            let answer = delivery.send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), 200, "{id}");
            began.elapsed()
        });
    }
    let all = async {
        let mut times = Vec::new();
        while let Some(time) = tasks.join_next().await {
            times.push(time.expect("a delivery is taken"));
        }
        times
    };
    let mut times = tokio::time::timeout(PATIENCE, all).await.expect("every delivery is answered");
    times.sort_unstable();
    times
}

/// Half-open connections of several kinds, and a body that is far too large; what they are answered, if anything.
async fn bad_company(port: u16) -> Vec<TcpStream> {
    let mut company = Vec::new();
    for index in 0..500 {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
        let begin: &[u8] = match index % 4 {
            0 => b"POST /orders HTTP/1.1\r\nhost: x\r\n",
            1 => b"",
            2 => b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            _ => b"POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{",
        };
        // some are closed while they come
        let _ = stream.write_all(begin).await;
        company.push(stream);
    }
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    stream.write_all(b"POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 10485760\r\n\r\n").await.expect("sent");
    let mut answer = [0; 64];
    let count = tokio::time::timeout(PATIENCE, stream.read(&mut answer)).await.expect("no hang").expect("an answer before the body");
    assert!(String::from_utf8_lossy(&answer[..count]).starts_with("HTTP/1.1 413"));
    company
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_kept_and_answered_while_the_screen_is_in_use() {
    let folder = tempfile::tempdir().expect("a folder");
    let (folder, port) = (folder.path(), servers::free_port());
    let (plan, journal) = (write_plan(folder, port), folder.join("live.warroom"));
    let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(PROGRAM);
    command.args(["live".as_ref(), plan.as_os_str(), "--journal".as_ref(), journal.as_os_str()]);
    command.env("TERM", "xterm-256color");
    command.env("PUSH_SECRET", String::from_utf8_lossy(SECRET).into_owned());
    command.env("XDG_DATA_HOME", folder.join("data"));
    let mut desk = pair.slave.spawn_command(command).expect("the desk starts");
    let drawn = Arc::new(AtomicUsize::new(0));
    let mut screen = pair.master.try_clone_reader().expect("its screen");
    std::thread::spawn({
        let drawn = Arc::clone(&drawn);
        move || {
            let mut seen = [0; 65_536];
            while let Ok(count @ 1..) = screen.read(&mut seen) {
                drawn.fetch_add(count, Ordering::Relaxed);
            }
        }
    });
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(began.elapsed() < PATIENCE, "the desk does not listen");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (mut keys, stop) = (pair.master.take_writer().expect("its keyboard"), Arc::new(AtomicBool::new(false)));
    let operator = std::thread::spawn({
        let stop = Arc::clone(&stop);
        move || {
            for key in ["\t", "\x1b[C", "\x1b[D", "\x1b[B", "z", "z"].iter().cycle() {
                if stop.load(Ordering::SeqCst) {
                    return keys;
                }
                keys.write_all(key.as_bytes()).expect("a key");
                std::thread::sleep(Duration::from_millis(40));
            }
            keys
        }
    });
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let before = drawn.load(Ordering::Relaxed);
    let alone = deliver(&http, port, 0).await;
    let company = bad_company(port).await;
    let beside = deliver(&http, port, DELIVERIES).await;
    drop(company);
    let painted = drawn.load(Ordering::Relaxed) - before;
    let p = |times: &[Duration], part: usize| times[times.len() * part / 100];
    println!("500 deliveries/s: p50 {:?}, p99 {:?}", p(&alone, 50), p(&alone, 99));
    println!("beside 500 half-open connections: p50 {:?}, p99 {:?}; {painted} bytes drawn meanwhile", p(&beside, 50), p(&beside, 99));
    assert!(painted > 10_000, "the screen was in use: {painted} bytes");

    stop.store(true, Ordering::SeqCst);
    let mut keys = operator.join().expect("the operator");
    keys.write_all(b"\x1b\x1b:end\r").expect("keys");
    let began = Instant::now();
    while desk.try_wait().expect("its end").is_none() {
        if began.elapsed() > Duration::from_secs(20) {
            let pid = desk.process_id().expect("a pid").to_string();
            assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
            assert!(began.elapsed() < PATIENCE, "the desk does not end");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let output = Command::new(PROGRAM).arg("export").arg(&journal).output().expect("export runs");
    let orders: Vec<String> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|event| event["type"] == "purchase")
        .filter_map(|event| event["order"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(orders.len(), 2 * DELIVERIES, "each is in the journal");
    assert_eq!(orders.iter().collect::<BTreeSet<_>>().len(), 2 * DELIVERIES, "once");
}
