//! The shop's own automation is asked once, signed, after the operator said so, and what it answered is a record.
//! The program runs in a pseudo-terminal, the automation is a socket of this test.
#![allow(
    clippy::unwrap_used,
    clippy::type_complexity,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use ring::hmac;

/// Only against hangs.
const PATIENCE: Duration = Duration::from_secs(90);
/// No hand is faster: the same key sooner again is one that is held down, and the desk does not take it for two.
const HAND: Duration = Duration::from_millis(2 * warroom::ui::input::HELD_DOWN_MS.unsigned_abs());

/// One request as it came over the socket.
struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// Answers every request with a status and hands it over.
fn automation(status: &'static str) -> (u16, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tx, requests) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut next = || {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                line.trim_end().to_owned()
            };
            let line = next();
            let headers: Vec<(String, String)> = std::iter::from_fn(|| Some(next()).filter(|line| !line.is_empty()))
                .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())))
                .collect();
            let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
            if tx.send(Request { line, headers, body: String::from_utf8(body).unwrap() }).is_err() {
                return;
            }
        }
    });
    (port, requests)
}

/// The program in a pseudo-terminal.
struct Desk {
    input: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    child: Box<dyn Child + Send + Sync>,
}

impl Desk {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(arguments);
        command.cwd(folder);
        for (name, value) in
            [("HOME", folder.to_str().unwrap()), ("TERM", "xterm-256color"), ("LC_ALL", "C.UTF-8"), ("RESCUE_KEY", "s3cret-key")]
        {
            command.env(name, value);
        }
        command.env_remove("XDG_DATA_HOME");
        command.env_remove("XDG_CONFIG_HOME");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (tx, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if tx.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let input = pair.master.take_writer().unwrap();
        std::mem::forget(pair.master);
        let (rows, cols) = (std::num::NonZeroU16::new(40).unwrap(), std::num::NonZeroU16::new(120).unwrap());
        Self { input, output, screen: vt100::Parser::new(rows, cols, 0), child }
    }

    fn press(&mut self, keys: &str) {
        std::thread::sleep(HAND);
        self.input.write_all(keys.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    fn wait_for(&mut self, wanted: &str) {
        let begun = Instant::now();
        while !self.screen.screen().contents().contains(wanted) {
            assert!(begun.elapsed() < PATIENCE, "`{wanted}` never came:\n{}", self.screen.screen().contents());
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
                // What a terminal would answer when it is asked where its cursor stands.
                if bytes.windows(4).any(|window| window == b"\x1b[6n") {
                    self.press("\x1b[1;2R");
                }
                self.screen.process(&bytes);
            }
        }
    }

    fn wait_gone(&mut self, unwanted: &str) {
        let begun = Instant::now();
        while self.screen.screen().contents().contains(unwanted) {
            assert!(begun.elapsed() < PATIENCE, "`{unwanted}` never goes:\n{}", self.screen.screen().contents());
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
                self.screen.process(&bytes);
            }
        }
    }

    fn leave(mut self, keys: &str) {
        self.press(keys);
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "it does not leave:\n{}", self.screen.screen().contents());
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(100)) {
                self.screen.process(&bytes);
            }
        }
    }
}

/// A plan with four unpaid Pix that end in four minutes.
fn evening(folder: &Path, port: u16) {
    let now = warroom::clock::wall_now();
    let orders: String = (0..4)
        .map(|order| {
            format!(
                "{{\"type\":\"purchase\",\"ts\":\"{}\",\"order\":\"o{order}\",\"status\":\"placed\",\"value\":\"50.00\",\"method\":\"pix\",\"expires_at\":\"{}\"}}\n",
                now.plus_s(-60),
                now.plus_s(240)
            )
        })
        .collect();
    std::fs::write(folder.join("events.ndjson"), orders).unwrap();
    let plan = format!(
        "name = \"night\"\nstarts_at = \"{}\"\nlength = \"2h\"\ncurrency = \"BRL\"\n[feeds.shop]\npath = \"events.ndjson\"\n\
         [actions.cart_rescue]\nurl = \"http://127.0.0.1:{port}/rescue\"\nsecrets = {{ key = {{ env = \"RESCUE_KEY\" }} }}\n\
         sign = {{ key = \"{{{{key}}}}\", message = \"{{{{body}}}}\", put = \"header:X-Signature\" }}\n",
        now.plus_s(-600)
    );
    std::fs::write(folder.join("plan.toml"), plan).unwrap();
}

fn exported(folder: &Path, kind: &str) -> Vec<serde_json::Value> {
    let journal = folder.join("night.warroom");
    let out = Command::new(env!("CARGO_BIN_EXE_warroom")).args(["export", journal.to_str().unwrap()]).output().unwrap();
    let lines = String::from_utf8(out.stdout).unwrap();
    let records = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    records.filter(|record| record["type"] == kind).collect()
}

#[test]
fn an_act_is_sent_once_after_the_operator_said_so_and_its_answer_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (port, requests) = automation("202 Accepted");
    evening(folder, port);
    let mut desk = Desk::start(folder, &["live", "plan.toml", "--journal", "night.warroom", "--lang", "en"]);
    desk.wait_for("ADVICE");
    desk.wait_for("4 end <5 min");
    desk.press("iw\r");
    desk.wait_for("send to 4?");
    assert!(requests.try_recv().is_err(), "nothing goes out before the operator said so");
    desk.press("\x1b");
    desk.wait_gone("send to 4?");
    // Only logged.
    desk.press("iw\r");
    desk.wait_for("send to 4?");
    desk.press("n");
    desk.wait_for("logged, not sent");
    assert!(requests.try_recv().is_err());
    desk.press("iw\r");
    desk.wait_for("send to 4?");
    desk.press("\r");
    let request = requests.recv_timeout(PATIENCE).unwrap();
    assert_eq!(request.line, "POST /rescue HTTP/1.1");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"s3cret-key"), request.body.as_bytes());
    assert_eq!(request.header("x-signature"), data_encoding::HEXLOWER.encode(tag.as_ref()));
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!((body["kind"].as_str(), body["count"].as_u64()), (Some("cart_rescue"), Some(4)));
    assert_eq!(request.header("idempotency-key"), format!("night/{}", body["id"].as_str().unwrap()));
    desk.leave("qyes\r");
    let (acts, notes) = (exported(folder, "intervention"), exported(folder, "note"));
    assert_eq!(acts.len(), 2, "{acts:?}");
    assert!(acts.iter().any(|act| act["id"] == body["id"]), "it was kept before it was sent: {acts:?}");
    let texts: Vec<&str> = notes.iter().map(|note| note["text"].as_str().unwrap()).collect();
    assert!(matches!(texts[..], [text] if text.contains("(4)") && text.contains("202")), "{texts:?}");
    assert!(requests.try_recv().is_err(), "never twice");
}

#[test]
fn an_automation_that_refuses_is_told_and_a_replay_sends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (port, requests) = automation("500 Internal Server Error");
    evening(folder, port);
    let mut desk = Desk::start(folder, &["live", "plan.toml", "--journal", "night.warroom", "--lang", "en"]);
    desk.wait_for("4 end <5 min");
    desk.press("iw\r");
    desk.wait_for("send to 4?");
    desk.press("\r");
    requests.recv_timeout(PATIENCE).unwrap();
    desk.leave("qyes\r");
    let notes = exported(folder, "note");
    assert!(
        notes.iter().any(|note| note["text"].as_str().is_some_and(|text| text.contains("not sent") && text.contains("500"))),
        "{notes:?}"
    );
    assert!(!format!("{notes:?}").contains("s3cret"));
    let mut desk = Desk::start(folder, &["replay", "night.warroom", "--lang", "en", "--speed", "600"]);
    desk.wait_for("REPLAY");
    desk.press("iw\r\r");
    desk.leave("q");
    assert_eq!(exported(folder, "intervention").len(), 1);
    assert!(requests.try_recv().is_err(), "a replay sends nothing");
}
