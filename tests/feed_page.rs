//! The page "connect your own platform" does what it says: its files are read and run as they stand there.

#![allow(clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "a test stops where it fails, and measures")]

#[path = "support/peer.rs"]
mod peer;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use futures_util::{SinkExt, StreamExt};
use ring::hmac;
use tokio_tungstenite::tungstenite::Message;
use warroom::engine::time::At;
use warroom::engine::wire::{self, Defaults};
use warroom::feed::account::Account;
use warroom::feed::mapper::Workshop;
use warroom::feed::platform::{PlatformText, Transport};
use warroom::feed::signature::{Delivery, Disbelief};
use warroom::feed::template::Values;
use warroom::feed::trial::Trial;

const PAGE: &str = include_str!("../docs/connect-a-platform.md");

/// The n-th block of a language.
fn block(language: &str, n: usize) -> String {
    let fence = format!("```{language}\n");
    let blocks = PAGE.split(fence.as_str()).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).nth(n).expect("a block")
}

#[tokio::test]
async fn the_worked_example_maps_its_answer_to_the_events_of_the_page() {
    let text = PlatformText { file: "kiosk.toml".into(), toml: block("toml", 0), jq_file: "kiosk.jq".into(), jq: block("jq", 0) };
    let platform = text.read().unwrap_or_else(|problems| panic!("{problems:?}"));
    let at = At::parse("2026-04-12T23:45:00Z", None).expect("a time");
    let trial = Trial::new(at, Defaults { account: Some("kiosk".into()), ..Defaults::default() });
    let mapper = Workshop::of(env!("CARGO_BIN_EXE_warroom")).mapper();
    let request = platform.request("sales").expect("the request");
    let mapped = trial.map(&mapper, request, block("json", 0).as_bytes()).await.expect("events");
    let lines: Vec<String> = mapped.events.iter().map(wire::write).collect();
    assert_eq!(lines, [block("json", 1).trim()]);
    assert_eq!((mapped.inputs, mapped.skipped, mapped.unmapped, mapped.rejected.len()), (2, 1, 0, 0));
}

#[test]
fn the_program_prints_the_events_of_the_page() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("kiosk.toml", block("toml", 0)), ("kiosk.jq", block("jq", 0)), ("answer.json", block("json", 0))] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let command = PAGE.lines().find_map(|line| line.strip_prefix("`warroom ")?.split('`').next()).expect("the command of the page");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_warroom"))
        .args(command.split(' '))
        .current_dir(folder.path())
        .env_clear()
        .output()
        .expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), block("json", 1).trim());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.starts_with("2 inputs · 1 events · 1 left out on purpose · 0 became nothing · 0 put aside"), "{told}");
    assert!(told.contains("left out: a training sale · {"), "{told}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_plan_of_the_page_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("kiosk.toml"), block("toml", 0)).expect("a file");
    std::fs::write(folder.path().join("kiosk.jq"), block("jq", 0)).expect("a file");
    let environment = |name: &str| (name == "KIOSK_KEY").then(|| "secret".to_owned());
    let plan = folder.path().join("plan.toml").display().to_string();
    let accounts = Account::read_all(&plan, &block("toml", 1), &environment).unwrap_or_else(|problems| panic!("{problems:?}"));
    let names: Vec<String> = accounts[0].plan_feeds().iter().map(|feed| feed.name.to_string()).collect();
    assert_eq!(names, ["kiosk.sales", "kiosk.sales_hook"]);
}

/// The second platform of the page.
fn stand() -> warroom::feed::platform::Platform {
    let text = PlatformText { file: "stand.toml".into(), toml: block("toml", 2), jq_file: "stand.jq".into(), jq: block("jq", 0) };
    text.read().unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Whether a delivery to a request of the second platform is believed.
fn believed(request: &str, headers: &[(&str, String)], query: &[(&str, &str)], body: &str, now: At) -> Result<(), Disbelief> {
    let platform = stand();
    let request = platform.request(request).expect("the request");
    let Transport::Webhook(hook) = &request.transport else { panic!("a webhook") };
    let mut values = Values::default();
    values.set_text("hook_secret", "whsec");
    let delivery = Delivery {
        method: "POST".into(),
        path: hook.path.clone(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.as_bytes().to_vec(),
    };
    hook.signature.verify(&delivery, &values, now)
}

fn tag(message: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"whsec"), message.as_bytes()).as_ref().to_vec()
}

#[test]
fn the_signatures_of_the_page_are_those_that_it_describes() {
    let now = At::parse("2026-04-12T23:45:00Z", None).expect("a time");
    let ts = now.second().to_string();
    let body = r#"{"no":1001}"#;
    let pairs =
        |ts: &str| vec![("stand-signature", format!("t={ts},v1={}", data_encoding::HEXLOWER.encode(&tag(&format!("{ts}.{body}")))))];
    assert_eq!(believed("paid_hook", &pairs(&ts), &[], body, now), Ok(()));
    for separator in ["; ", "&"] {
        let headers = pairs(&ts).into_iter().map(|(name, value)| (name, value.replace(',', separator))).collect::<Vec<_>>();
        assert_eq!(believed("paid_hook", &headers, &[], body, now), Ok(()), "{separator}");
    }
    assert_eq!(believed("paid_hook", &pairs(&ts), &[], "{}", now), Err(Disbelief::Wrong));
    assert!(believed("paid_hook", &pairs(&(now.second() - 301).to_string()), &[], body, now).is_err(), "an old one");
    let signed = data_encoding::BASE64.encode(&tag(&format!("d-7:{ts}:77:{body}")));
    let headers = [("stand-sign", signed), ("stand-time", ts), ("stand-id", "d-7".to_owned())];
    assert_eq!(believed("void_hook", &headers, &[("shop", "77")], body, now), Ok(()));
    assert_eq!(believed("void_hook", &headers, &[("shop", "78")], body, now), Err(Disbelief::Wrong));
}

/// Answers a call of the second platform: the login with a token, the sales only with it.
fn answer(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().expect("a reader"));
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = bytes.trim().parse().expect("a length");
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body");
    let body = String::from_utf8_lossy(&body).into_owned();
    let (status, told) =
        if head.starts_with("POST /api/login ") && body.contains("\"user\":\"desk\"") && body.contains("\"password\":\"opensesame\"") {
            ("200 OK", r#"{"token":"tok-1","seconds":3600}"#.to_owned())
        } else if head.starts_with("GET /api/sales ") && head.to_ascii_lowercase().contains("authorization: bearer tok-1\r\n") {
            ("200 OK", block("json", 0))
        } else {
            ("401 Unauthorized", "{}".to_owned())
        };
    let length = told.len();
    write!(stream, "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{told}")
        .expect("an answer");
}

#[test]
fn the_login_of_the_page_lets_in() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("stand.toml"), block("toml", 2)).expect("a file");
    std::fs::write(folder.path().join("stand.jq"), block("jq", 0)).expect("a file");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("base=http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || listener.incoming().take(4).flatten().for_each(answer));
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_warroom"))
        .args(["feed", "try", "stand.toml", "--request", "sales", "--set", &base, "--set", "user=desk"])
        .current_dir(folder.path())
        .env_clear()
        .env("STAND_PASSWORD", "opensesame")
        .env("STAND_HOOK_SECRET", "whsec")
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains(r#""type":"purchase","order":"1001","value":"259.80""#), "{told}");
}

/// Calls the program in a folder with the third platform of the page.
fn tried_depot(more: &[&str]) -> (String, std::process::Child) {
    let folder = tempfile::tempdir().expect("a folder").keep();
    for (name, text) in [("depot.toml", block("toml", 3)), ("depot.jq", block("jq", 1)), ("list.json", block("json", 2))] {
        std::fs::write(folder.join(name), text).expect("a file");
    }
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_warroom"))
        .args(["feed", "try", "depot.toml", "--set", "source_tz=America/Sao_Paulo", "--set", "client=desk"])
        .args(more)
        .current_dir(&folder)
        .env_clear()
        .env("DEPOT_SECRET", "opensesame")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it runs");
    (folder.display().to_string(), child)
}

fn said(child: std::process::Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

/// Answers as the third platform of the page: a token to the client that names itself, two pages of orders, one order.
fn depot(asked: &peer::Asked) -> peer::Reply {
    let denied = peer::Reply::status(401, &[], "{}");
    if asked.path() == "/oauth/token" {
        let basic = format!("Basic {}", data_encoding::BASE64.encode(b"desk:opensesame"));
        let good = asked.header("authorization") == Some(&*basic) && asked.body == "grant_type=client_credentials";
        return if good { peer::Reply::Json(r#"{"access_token":"tok-1","expires_in":900}"#.into()) } else { denied };
    }
    if asked.header("authorization") != Some("Bearer tok-1") {
        return denied;
    }
    let list = block("json", 2);
    match asked.path() {
        "/v2/orders/501" => {
            let order = list.split_once("[").and_then(|(_, rest)| rest.rsplit_once("],\"next_cursor\"")).expect("an order").0;
            peer::Reply::Json(format!("{{\"order\":{order}}}"))
        }
        path if path.starts_with("/v2/orders?") && path.contains("limit=50") && !path.contains("cursor=") => {
            peer::Reply::Json(list.replace("501", "500").replace("\"next_cursor\":null", "\"next_cursor\":\"c2\""))
        }
        path if path.contains("cursor=c2") => peer::Reply::Json(list),
        _ => peer::Reply::status(404, &[], "{}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_local_times_and_notices_of_the_page_are_read() {
    let (folder, child) = tried_depot(&["--request", "orders", "--payload", "list.json", "--at", "2026-04-12T23:45:00Z"]);
    let (code, told) = said(child);
    assert!(told.starts_with(block("json", 3).trim()) && code == Some(0), "{told}");
    std::fs::remove_dir_all(folder).expect("removed");
    let server = peer::Peer::start(|asked, _| depot(asked)).await;
    let base = format!("base={}", server.base());
    let (folder, child) = tried_depot(&["--request", "orders", "--set", &base]);
    let (code, told) = tokio::task::spawn_blocking(move || said(child)).await.expect("it ends");
    assert!(told.contains(r#""order":"501","value":"199.80""#) && code == Some(0), "{told}");
    std::fs::remove_dir_all(folder).expect("removed");
    let asked = server.asked();
    let list = asked.iter().find(|asked| asked.path().starts_with("/v2/orders?")).expect("the list was asked for");
    let since = list.query("updated_since").expect("a time");
    let local = At::parse(&since, Some(chrono_tz::America::Sao_Paulo)).expect("a time");
    let ago = warroom::clock::wall_now().since_ms(local);
    assert!((0..86_400_000 * 2).contains(&ago), "{since}: of the past, and in the shop's own hours");
    let zoned = warroom::clock::wall_now().since_ms(At::parse(&since, Some(chrono_tz::UTC)).expect("a time"));
    assert_eq!(zoned - ago, 3 * 3_600_000, "São Paulo is three hours behind UTC");
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let listen = format!("listen={address}");
    let (folder, child) = tried_depot(&["--request", "notices", "--listen", "60", "--set", &base, "--set", &listen]);
    let body = r#"{"topic":"order","number":501}"#;
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"opensesame");
    let signed = data_encoding::HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref());
    let answer = tokio::task::spawn_blocking(move || deliver(address, "/depot", ("x-depot-signature", &signed), body));
    assert_eq!(answer.await.expect("an answer"), "HTTP/1.1 200 OK");
    let (code, told) = tokio::task::spawn_blocking(move || said(child)).await.expect("it ends");
    assert!(told.contains(r#""order":"501","value":"199.80""#) && told.contains(r#""type":"refund""#) && code == Some(0), "{told}");
    std::fs::remove_dir_all(folder).expect("removed");
}

/// The chat of the page: wants its two greetings and the answer to its ping before it says anything.
async fn stage(listener: tokio::net::TcpListener) {
    let (stream, _) = listener.accept().await.expect("a connection");
    let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a socket");
    for greeting in [r#"{"op":"hello","key":"opensesame"}"#, r#"{"op":"join","room":"77"}"#] {
        let said = socket.next().await.expect("a message").expect("a message");
        assert_eq!(said.to_text().expect("text"), greeting);
    }
    socket.send(Message::Text(r#"{"op":"ping","n":7}"#.into())).await.expect("sent");
    let answer = socket.next().await.expect("a message").expect("a message");
    assert_eq!(answer.to_text().expect("text"), r#"{"op":"pong","n":7}"#);
    socket.send(Message::Text(block("json", 4).into())).await.expect("sent");
    while let Some(Ok(_)) = socket.next().await {}
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chat_of_the_page_is_greeted_answered_and_heard() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("stage.toml"), block("toml", 4)).expect("a file");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("base=ws://{}", listener.local_addr().expect("an address"));
    let server = tokio::spawn(stage(listener));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_warroom"));
    command
        .args(["feed", "try", "stage.toml", "--request", "chat", "--listen", "4", "--set", &base, "--set", "room=77"])
        .current_dir(folder.path())
        .env_clear()
        .env("STAGE_KEY", "opensesame");
    let output = tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends");
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains(block("json", 5).trim()), "{told}");
    assert!(told.contains("left out: nothing for the desk"), "{told}");
    server.await.expect("the chat heard what it wanted");
}

#[test]
fn every_key_of_a_platform_file_is_on_the_page() {
    let sources = [
        include_str!("../src/feed/platform/text.rs"),
        include_str!("../src/feed/call.rs"),
        include_str!("../src/feed/sign.rs"),
        include_str!("../src/feed/signature.rs"),
        include_str!("../src/feed/jwt.rs"),
        include_str!("../src/feed/quota.rs"),
        include_str!("../src/feed/broker.rs"),
    ];
    let is_key = |text: &str| text.len() > 1 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit());
    let words: Vec<&str> = PAGE.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    let readers = ["text", "texts", "flag", "number", "count", "choice", "section", "sections", "part", "seconds", "lines"]
        .map(|reader| format!("{reader}(\""));
    let readers = [readers.to_vec(), vec!["section, \"".to_owned(), "access, \"".to_owned()]].concat();
    let mut seen = 0;
    for source in sources {
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        // what a reader asks a table for: the first text of a call, or the one behind the table
        let asked = readers.iter().flat_map(|reader| code.match_indices(reader.as_str()));
        for (at, reader) in asked {
            let key = code[at + reader.len()..].split('"').next().unwrap_or_default();
            if is_key(key) {
                seen += 1;
                assert!(words.contains(&key), "`{key}` can stand in a platform file, and the page does not tell of it");
            }
        }
    }
    assert!(seen > 80, "only {seen} keys were looked for");
}

/// What `check` says of the plan of the page with another platform file, filter or plan.
fn checked(toml: &str, jq: Option<&str>, plan: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("kiosk.toml"), toml).expect("a file");
    if let Some(jq) = jq {
        std::fs::write(folder.path().join("kiosk.jq"), jq).expect("a file");
    }
    std::fs::write(folder.path().join("plan.toml"), plan).expect("a file");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_warroom"))
        .args(["check", "plan.toml"])
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("KIOSK_KEY", "secret")
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    told.replace(" → ", "; ")
}

#[test]
fn what_is_wrong_is_told_once_and_where_it_is_wrong() {
    let (toml, jq, plan) = (block("toml", 0), block("jq", 0), block("toml", 1));
    let line_of = |text: &str, part: &str| text.lines().position(|line| line.contains(part)).expect("the line") + 1;
    let cases = [
        (toml.clone(), None, plan.clone(), "kiosk.jq:1: jq: there is no filter `sale`, for this file is missing or empty".to_owned()),
        (
            toml.clone(),
            Some(format!("{jq}\ndef broken: .a |\n")),
            plan.clone(),
            format!("kiosk.jq:{}: jq: expected", jq.lines().count() + 2),
        ),
        (toml.replace("map = \"sale\"", "map = \"sold\""), Some(jq.clone()), plan.clone(), "there is no filter `sold`".to_owned()),
        (
            toml.replace("name = \"sales_hook\"", "name = \"sales\""),
            Some(jq.clone()),
            plan.clone(),
            "is the name of an earlier request too; give each request a name of its own".to_owned(),
        ),
        (
            toml.replace("\"webhook\"", "\"hook\""),
            Some(jq.clone()),
            plan.clone(),
            "is `hook`, which is none of its values; write one of: poll, webhook".to_owned(),
        ),
        (
            toml.replace("encoding = \"hex\"", "message = \"{{t}}.{{body}}\""),
            Some(jq.clone()),
            plan.clone(),
            format!(
                "kiosk.toml:{}: `{{{{t}}}}` is no variable; a signature is made of {{{{ts}}}}, {{{{body}}}}",
                line_of(&toml, "signature = ")
            ),
        ),
        (
            toml.clone(),
            Some(jq.clone()),
            plan.replace("https://kiosk.example", "localhost:1"),
            "is `localhost:1`, which is no address that can be called; begin it with https://".to_owned(),
        ),
        (toml.clone(), Some(jq.clone()), plan.replace("https://", "ftp://"), "is `ftp://kiosk.example`, which is no address".to_owned()),
        (
            toml.clone(),
            Some(jq.clone()),
            plan.replace("{ env = \"KIOSK_KEY\" }", "{ file = \"key.txt\" }"),
            "key.txt: No such file".to_owned(),
        ),
    ];
    for (toml, jq, plan, expected) in cases {
        let told = checked(&toml, jq.as_deref(), &plan);
        assert_eq!(told.matches(expected.as_str()).count(), if expected.contains("`sold`") { 2 } else { 1 }, "{expected} in {told}");
        for false_one in ["is not known here", "`url` is missing", "interval_s` is missing", "mode 0600"] {
            assert!(!told.contains(false_one), "{false_one} in {told}");
        }
    }
}

#[test]
fn a_secret_is_asked_for_where_it_can_be_given() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("kiosk.toml"), block("toml", 0)).expect("a file");
    std::fs::write(folder.path().join("kiosk.jq"), block("jq", 0)).expect("a file");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_warroom"))
        .args(["feed", "try", "kiosk.toml", "--request", "sales"])
        .current_dir(folder.path())
        .env_clear()
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("`key` is missing; set the environment variable KIOSK_KEY: a secret is never given by --set"), "{told}");
    assert!(told.contains("`base` is missing; give it: Address of the shop, https://kiosk.example; here: --set NAME=VALUE"), "{told}");
}

/// Delivers to a listener as soon as it is there; the status of its answer.
fn deliver(address: std::net::SocketAddr, path: &str, (header, signature): (&str, &str), body: &str) -> String {
    let began = warroom::clock::instant();
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(error) => assert!(began.elapsed() < std::time::Duration::from_secs(60), "nobody listens: {error}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\n{header}: {signature}\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes()).expect("sent");
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).expect("an answer");
    answer.trim_end().to_owned()
}

#[test]
fn a_delivery_that_is_tried_is_answered_as_the_desk_would_answer_it() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("kiosk.toml"), block("toml", 0)).expect("a file");
    std::fs::write(folder.path().join("kiosk.jq"), block("jq", 0)).expect("a file");
    let body = r#"{"no":1001,"at":1776036600,"changed":1776036660,"paid_at":1776036650,"cents":25980,"lines":[{"code":"LIP-01","n":2,"cents_each":12990}]}"#;
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"opensesame");
    let signed = data_encoding::HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref());
    for (signature, answer, code, told) in [
        (signed.as_str(), "HTTP/1.1 200 OK", 0, "\"type\":\"purchase\",\"order\":\"1001\",\"value\":\"259.80\""),
        ("00", "HTTP/1.1 401 Unauthorized", 1, "unauthorized: a delivery with a wrong signature"),
    ] {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let listen = format!("listen={address}");
        let child = std::process::Command::new(env!("CARGO_BIN_EXE_warroom"))
            .args(["feed", "try", "kiosk.toml", "--request", "sales_hook", "--listen", "60", "--set", "base=http://127.0.0.1:9"])
            .args(["--set", &listen])
            .current_dir(folder.path())
            .env_clear()
            .env("KIOSK_KEY", "opensesame")
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("it runs");
        assert_eq!(deliver(address, "/kiosk", ("x-kiosk-signature", signature), body), answer);
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(told), "{said}");
    }
}
