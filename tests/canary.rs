//! A canary in place of every secret: whatever the feeds, the preflight, a try and a whole live in a terminal do, it is found nowhere.
#![cfg(all(feature = "nats", feature = "kafka"))]
#![allow(
    clippy::unwrap_used,
    clippy::result_large_err,
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

#[path = "support/authority.rs"]
mod authority;
#[path = "support/brokers.rs"]
mod brokers;
#[path = "support/echo.rs"]
mod echo;
#[path = "support/peer.rs"]
mod peer;
#[path = "support/publisher.rs"]
mod publisher;
#[path = "support/servers.rs"]
mod servers;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use data_encoding::{BASE64, HEXLOWER};
use echo::{Brokers, CANARY, WAYS, echo, echoing_sockets, platform, repeating, secret_of};
use peer::{Peer, Reply};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use ring::hmac;
use warroom::clock::wall_now;

const PROGRAM: &str = env!("CARGO_BIN_EXE_warroom");
/// What comes in these ways repeats a secret and is a good event.
const ACCEPTED: [&str; 10] = ["poll", "detail", "hook", "stream", "socket", "tape", "mapped", "robot", "nats", "kafka"];
/// Only against hangs.
const PATIENCE: Duration = Duration::from_secs(90);

/// What nobody asked for, by name and by shape; a filter copies some of it, and some inputs become nothing.
const UNASKED: &str = r#"{
  "access_token": "cAnArY7f3a-access", "clientSecret": {"value": "cAnArY7f3a-client"}, "said": "Authorization: Bearer cAnArY7f3a-bearer",
  "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJjQW5BclkiOiJjQW5BclkifQ.cAnArY7f3a", "pem": "-----BEGIN PRIVATE KEY-----\ncAnArY7f3a\n-----END PRIVATE KEY-----\n",
  "rows": [
    {"id": 1, "token": "cart-c1-kept", "text": "hello", "password": "cAnArY7f3a-password"},
    {"id": 2, "token": "cart-c2-kept", "copy": "cAnArY7f3a-access"},
    {"session_token": "cAnArY7f3a-session-that-is-long-enough-to-be-cut-in-the-beginning-of-what-is-put-aside-since-it-has-no-end-that-anybody-sees"},
    {"id": 4, "nothing": "cAnArY7f3a-access"}
  ]
}"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_peer_hands_out_unasked_is_not_printed_and_ids_are() {
    let peer = Peer::start(|_, _| Reply::Json(UNASKED.to_owned())).await;
    let mut night = Night::begin(&peer.base(), "ws://127.0.0.1:9");
    let file = format!(
        "name = \"loose\"\n[[request]]\nname = \"chat\"\ngives = [\"chat_message\"]\ninterval_s = 1\nurl = \"{}/chat\"\nitems = \".rows[]\"\nmap = 'if .nothing then empty else {{type: \"chat_message\", id: (.token // null), ts: $at, author: \"a\", text: (.copy // .text)}} end'\n",
        peer.base()
    );
    std::fs::write(night.path("loose.toml"), file).unwrap();
    std::fs::write(night.path("answer.json"), UNASKED).unwrap();
    let asked = night.run(&["feed", "try", "loose.toml"]).await;
    let stored = night.run(&["feed", "try", "loose.toml", "--payload", "answer.json"]).await;
    for output in [asked, stored] {
        let told = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert!(!told.contains("cAnArY") && !told.contains("eyJ"), "{told}");
        assert!(told.contains("cart-c1-kept") && told.contains("cart-c2-kept") && told.contains("hello"), "{told}");
        assert!(told.contains("\"***\"") && told.contains("*** stands for what looks like a secret"), "{told}");
        assert!(told.contains("put aside") && told.contains("left out: it became nothing"), "{told}");
    }
}

struct Night {
    folder: tempfile::TempDir,
    port: u16,
    /// Everything that was printed or drawn, by who did.
    seen: Vec<(String, Vec<u8>)>,
}

impl Night {
    fn begin(base: &str, sockets: &str) -> Self {
        let night = Self { folder: tempfile::tempdir().unwrap(), port: free_port(), seen: Vec::new() };
        let secrets = night.path("secrets");
        std::fs::create_dir(&secrets).unwrap();
        let starts = wall_now().plus_s(-60).rfc3339();
        let mut plan = format!(
            "name = \"canary\"\ntitle = \"Canary\"\nstarts_at = \"{starts}\"\nlength = \"2h\"\ntime_zone = \"America/Sao_Paulo\"\ncurrency = \"BRL\"\n"
        );
        for (way, auth) in WAYS {
            std::fs::write(night.path(&format!("{way}.toml")), platform(way, auth)).unwrap();
            let secret = match way {
                // these come from a file, the others from the environment
                "oauth" | "sign" => {
                    write_secret(&secrets.join(way), &secret_of(way), 0o600);
                    format!("secret = {{ file = \"secrets/{way}\" }}\n")
                }
                _ => String::new(),
            };
            let base = if way == "body" { "http://127.0.0.1:9" } else { base };
            plan.push_str(&format!(
                "[feeds.{way}]\nplatform = \"./{way}.toml\"\nbase = \"{base}\"\nsockets = \"{sockets}\"\nlisten = \"127.0.0.1:{}\"\n{secret}",
                night.port
            ));
        }
        std::fs::write(night.path("plan.toml"), plan).unwrap();
        night
    }

    /// Beside the platforms: brokers, a file of lines, one that is mapped, and a program that knows the environment.
    fn add(&self, brokers: &Brokers) {
        // where the secrets are, nobody looks for them
        let lines = |way: &str, of: &str| repeating(of).join("\n").replace(&format!("by-{of}"), &format!("by-{way}")) + "\n";
        std::fs::write(self.path("secrets/tape.ndjson"), lines("tape", "header")).unwrap();
        std::fs::write(self.path("secrets/mapped.ndjson"), lines("mapped", "query")).unwrap();
        std::fs::write(self.path("mapped.jq"), ".id |= (\"mapped-\" + .)").unwrap();
        std::fs::write(
            self.path("robot.sh"),
            "printf '{\"type\":\"chat_message\",\"id\":\"%s\",\"ts\":\"%s\",\"author\":\"robot\",\"text\":\"by-robot %s\"}\\n' \"$CANARY_LOGIN\" \"$1\" \"$CANARY_BODY\"\nenv\nenv >&2\nexit 3\n",
        )
        .unwrap();
        let at = wall_now().rfc3339();
        let feeds = format!(
            "[feeds.tape]\npath = \"secrets/tape.ndjson\"\n[feeds.mapped]\npath = \"secrets/mapped.ndjson\"\nmap = \"mapped.jq\"\n[feeds.robot]\ncommand = [\"sh\", \"robot.sh\", \"{at}\"]\n"
        );
        let plan = std::fs::read_to_string(self.path("plan.toml")).unwrap();
        std::fs::write(self.path("plan.toml"), plan + &feeds + &brokers.feeds()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn environment(&self) -> Vec<(String, String)> {
        // two come from files
        let ways = WAYS.iter().map(|(way, _)| *way).filter(|way| !["oauth", "sign"].contains(way)).chain(["nats", "kafka"]);
        let mut all: Vec<(String, String)> = ways.map(|way| (format!("CANARY_{}", way.to_uppercase()), secret_of(way))).collect();
        all.push(("PATH".into(), "/usr/bin:/bin".into()));
        all.push(("HOME".into(), self.folder.path().display().to_string()));
        all.push(("WARROOM_LOG".into(), "trace".into()));
        all.push(("TERM".into(), "xterm-256color".into()));
        all
    }

    async fn run(&mut self, arguments: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(self.folder.path()).env_clear().envs(self.environment());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        self.seen.push((format!("stdout of {arguments:?}"), output.stdout.clone()));
        self.seen.push((format!("stderr of {arguments:?}"), output.stderr.clone()));
        output
    }

    /// A live in a terminal: fed, pushed to, looked at, closed.
    async fn live(&mut self) {
        let pair = native_pty_system().openpty(PtySize { rows: 60, cols: 200, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(["live", "plan.toml", "--journal", "live.warroom", "--log", "live.log"]);
        command.cwd(self.folder.path());
        command.env_clear();
        self.environment().into_iter().for_each(|(name, value)| command.env(name, value));
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, drawn) = (pair.master.try_clone_reader().unwrap(), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut bytes = [0; 65_536];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                drawn.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        let mut keys = pair.master.take_writer().unwrap();
        let pid = child.process_id().unwrap();
        self.seen.push(("the process list".into(), std::fs::read(format!("/proc/{pid}/cmdline")).unwrap()));
        let shown = |text: &str| String::from_utf8_lossy(&screen.lock().unwrap()).contains(text);
        until("the feeds are on the glass", || shown("header")).await;
        for way in ["header", "sign"] {
            self.push(way).await;
        }
        // the health page in full, feed by feed
        keys.write_all(b":panel feeds\rz").unwrap();
        for _ in 0..WAYS.len() * 4 {
            keys.write_all(b"j").unwrap();
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        until("faults are told", || shown("unauthorized") && shown("***")).await;
        let began = Instant::now();
        while let missing @ [_, ..] = &*self.unaccepted() {
            assert!(began.elapsed() < PATIENCE, "never accepted: {missing:?}");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        keys.write_all(b"\x1b\x1b:end\r").unwrap();
        until("it ends", || child.try_wait().unwrap().is_some()).await;
        self.seen.push(("the screen".into(), screen.lock().unwrap().clone()));
    }

    /// Ways of which nothing that was accepted is in the journal, without what it repeated.
    fn unaccepted(&self) -> Vec<&'static str> {
        let mut command = Command::new(PROGRAM);
        command.args(["export", "live.warroom"]).current_dir(self.folder.path()).env_clear().envs(self.environment());
        let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let hidden = |way: &&str| told.lines().any(|line| line.contains(&format!("by-{way} ")) && line.contains("***"));
        ACCEPTED.into_iter().filter(|way| !hidden(way)).collect()
    }

    /// A delivery that is signed, one that is not, one that bears the secret itself.
    async fn push(&self, way: &str) {
        // an error means that it was installed before
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let body = format!(r#"{{"id":"pushed-{way}","total":"12.00"}}"#);
        let secret = secret_of(way);
        // one that cannot be mapped, and one that is no JSON: both repeat the secret, and one of them says it in other forms
        let forms = [secret.clone(), HEXLOWER.encode(secret.as_bytes()), BASE64.encode(secret.as_bytes())];
        let echo = serde_json::json!({"id": forms, "total": "1.00"}).to_string();
        let signed =
            |body: &str| HEXLOWER.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body.as_bytes()).as_ref());
        let plain = format!("echo {secret}");
        let said = serde_json::json!({"id": secret, "said": format!("by-hook {}", forms.join(" ")), "by": secret}).to_string();
        let told = [
            (body.clone(), signed(&body), 200),
            (said.clone(), signed(&said), 200),
            (echo.clone(), signed(&echo), 200),
            (plain.clone(), signed(&plain), 200),
            (body.clone(), String::from("00"), 401),
            (body, secret.clone(), 401),
        ];
        for (body, sign, status) in told {
            let url = format!("http://127.0.0.1:{}/{way}", self.port);
            let began = Instant::now();
            let answer = loop {
                match client.post(&url).header("X-Sign", &sign).body(body.clone()).send().await {
                    Ok(answer) => break answer.status().as_u16(),
                    Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            };
            assert_eq!(answer, status, "{way}");
        }
    }

    /// Everything that was written, but the secrets themselves.
    fn files(&self, folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && path != self.path("secrets") {
                self.files(&path, found);
            } else if path.is_file() {
                found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }
}

fn write_secret(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, format!("{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port()
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn holds(bytes: &[u8], wanted: &str) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_any_artefact_of_a_whole_night() {
    let peer = echo().await;
    let sockets = echoing_sockets().await;
    let mut night = Night::begin(&peer.base(), &sockets);
    let elsewhere = tempfile::tempdir().unwrap();
    let brokers = Brokers::start(elsewhere.path()).await;
    night.add(&brokers);
    let check = night.run(&["check", "plan.toml", "--live", "--log", "check.log"]).await;
    assert_eq!(check.status.code(), Some(1), "most of it fails: {}", String::from_utf8_lossy(&check.stdout));
    for (way, _) in WAYS {
        for request in ["orders", "stream", "socket"] {
            night.run(&["feed", "try", way, "--plan", "plan.toml", "--request", request, "--listen", "1", "--log", "try.log"]).await;
        }
    }
    for feed in ["nats", "kafka", "tape", "mapped", "robot"] {
        night.run(&["feed", "try", feed, "--plan", "plan.toml", "--listen", "1", "--log", "try.log"]).await;
    }
    night.live().await;
    night.run(&["check", "plan.toml", "--journal", "live.warroom"]).await;
    let summary = night.run(&["summary", "live.warroom", "--json"]).await;
    for aside in ["bad_field", "no_type", "not_json", "too_early", "***"] {
        assert!(holds(&summary.stdout, aside), "{aside}: {}", String::from_utf8_lossy(&summary.stdout));
    }
    assert!(holds(&summary.stdout, "\"orders_paid\""), "something was sold: {}", String::from_utf8_lossy(&summary.stdout));
    night.run(&["export", "live.warroom"]).await;
    let report = night.run(&["report", "live.warroom", "--out", "reports"]).await;
    assert_eq!(report.status.code(), Some(0), "{}", String::from_utf8_lossy(&report.stderr));

    let asked = peer.asked();
    let sent = |part: &str| asked.iter().any(|asked| asked.head.contains(part) || asked.body.contains(part));
    assert!(
        sent(&secret_of("header")) && sent(&secret_of("query")) && sent("issued-by-login") && sent("Bearer cAnArY7f3a-issued"),
        "they were sent"
    );
    let mut all = std::mem::take(&mut night.seen);
    night.files(night.folder.path(), &mut all);
    for name in ["live.warroom", "live.log", "check.log", "try.log"] {
        assert!(all.iter().any(|(file, _)| file.ends_with(name)), "{name} was looked at");
    }
    assert!(all.iter().any(|(file, _)| file.contains("reports") && file.ends_with(".html")), "the report was looked at");
    let basic = BASE64.encode(format!("desk:{}", secret_of("basic")).as_bytes());
    let hex = HEXLOWER.encode(CANARY.as_bytes());
    let hits: Vec<&str> = all
        .iter()
        .filter(|(_, bytes)| [CANARY, &basic, &hex].iter().any(|secret| holds(bytes, secret)))
        .map(|(name, _)| name.as_str())
        .collect();
    let around = |name: &str| {
        let (_, bytes) = all.iter().find(|(known, _)| known == name)?;
        let at =
            [CANARY, &basic, &hex].iter().find_map(|secret| bytes.windows(secret.len()).position(|window| window == secret.as_bytes()))?;
        Some(String::from_utf8_lossy(&bytes[at.saturating_sub(200)..(at + 100).min(bytes.len())]).into_owned())
    };
    assert!(hits.is_empty(), "{hits:#?}: {}", hits.iter().filter_map(|name| around(name)).collect::<Vec<_>>().join("\n---\n"));
    // what the platform rotated went back to the file that it came from, for its owner only
    for (name, _) in all.iter().filter(|(name, _)| name.ends_with(".warroom") || name.contains("/reports/")) {
        assert_eq!(std::fs::metadata(name).unwrap().permissions().mode() & 0o077, 0, "{name}");
    }
    let rotated = std::fs::read_to_string(night.path("secrets/oauth")).unwrap();
    assert!(rotated.contains("-rotated-"), "{rotated}");
    assert_eq!(std::fs::metadata(night.path("secrets/oauth")).unwrap().permissions().mode() & 0o077, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_others_can_read_or_that_stands_in_the_plan_is_refused() {
    let mut night = Night::begin("http://127.0.0.1:9", "ws://127.0.0.1:9");
    write_secret(&night.path("secrets/sign"), &secret_of("sign"), 0o644);
    let plan = std::fs::read_to_string(night.path("plan.toml")).unwrap();
    std::fs::write(
        night.path("plan.toml"),
        plan.replace("[feeds.header]\n", &format!("[feeds.header]\nsecret = \"{}\"\n", secret_of("header"))),
    )
    .unwrap();
    for arguments in [&["check", "plan.toml"][..], &["live", "plan.toml", "--plain"], &["feed", "try", "sign", "--plan", "plan.toml"]] {
        let output = night.run(arguments).await;
        let told = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("others can read") && told.contains("chmod 600"), "{told}");
        assert!(told.contains("is a secret and must not stand in the plan"), "{told}");
        assert!(!told.contains(CANARY), "{told}");
    }
}
