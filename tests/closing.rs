//! `:end` in a pseudo-terminal: the report is written and named, a proposed change is ticked with Space, and lies where the
//! next plan and other teams find it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use serde_json::Value;

/// Only against hangs.
const PATIENCE: Duration = Duration::from_secs(60);

struct Desk {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    all: Arc<Mutex<Vec<u8>>>,
}

impl Desk {
    fn open(plan: &Path, home: &Path) -> Self {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(["live".as_ref(), plan.as_os_str()]);
        for (name, value) in [("TERM", "xterm-256color".as_ref()), ("LANG", "C.UTF-8".as_ref()), ("HOME", home.as_os_str())] {
            command.env(name, value);
        }
        command.env("XDG_DATA_HOME", home.join("data"));
        command.env("XDG_CONFIG_HOME", home.join("config"));
        let child = pair.slave.spawn_command(command).expect("the desk starts");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(NonZero::new(40).unwrap(), NonZero::new(120).unwrap(), 0)));
        let all = Arc::new(Mutex::new(Vec::new()));
        let (shown, told) = (Arc::clone(&screen), Arc::clone(&all));
        let mut reader = pair.master.try_clone_reader().expect("its screen");
        std::thread::spawn(move || {
            let mut bytes = [0; 65_536];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                shown.lock().unwrap().process(&bytes[..count]);
                told.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        let keys = pair.master.take_writer().expect("its keyboard");
        Self { child, _master: pair.master, keys, screen, all }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn until(&self, text: &str) {
        let began = Instant::now();
        while !self.screen.lock().unwrap().screen().contents().contains(text) {
            assert!(began.elapsed() < PATIENCE, "no {text:?} on\n{}", self.screen.lock().unwrap().screen().contents());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The exit code, and everything that was ever written.
    fn end(mut self) -> (u32, String) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let all = String::from_utf8_lossy(&self.all.lock().unwrap()).into_owned();
                return (status.exit_code(), all);
            }
            assert!(began.elapsed() < PATIENCE, "the desk does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A live of ten minutes whose audience asks for one thing, and a plan that follows it from a file.
fn prepare(folder: &Path) -> std::path::PathBuf {
    let start = warroom::clock::wall_now().plus_s(-600);
    let mut lines = String::new();
    for number in 0..60 {
        let at = start.plus_s(60 + number * 5);
        writeln!(lines, r#"{{"type":"chat_message","id":"m{number}","ts":"{at}","author":"a{number}","text":"quanto custa?"}}"#).unwrap();
    }
    for number in 0..10 {
        let at = start.plus_s(100 + number * 10);
        let status = if number < 8 { "paid" } else { "placed" };
        writeln!(lines, r#"{{"type":"purchase","ts":"{at}","order":"{number}","status":"{status}","value":"100.00"}}"#).unwrap();
    }
    std::fs::write(folder.join("events.ndjson"), lines).unwrap();
    let plan = folder.join("terca.toml");
    let text =
        format!("name = \"terca\"\nstarts_at = \"{start}\"\nlength = \"1h\"\ncurrency = \"BRL\"\n[feeds.tape]\npath = \"events.ndjson\"\n");
    std::fs::write(&plan, text).unwrap();
    plan
}

#[test]
fn the_close_names_the_report_and_a_ticked_change_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let plan = prepare(folder.path());
    let mut desk = Desk::open(&plan, folder.path());
    desk.until("R$ 800");
    desk.press(":end\r");
    desk.until("The live is closed");
    desk.until("GMV paid: R$ 800.00");
    desk.until("80.0% settled, 20.0% provisional");
    desk.until("[ ] 1 Say it before it is asked");
    desk.press(" ");
    desk.until("[x] 1 Say it before it is asked");
    desk.press("\r");
    let (code, told) = desk.end();
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("Ticked for the next plan: 1"), "{told}");
    let reports = folder.path().join("data/warroom/reports");
    let report = std::fs::read_dir(&reports).unwrap().next().unwrap().unwrap().path();
    assert!(told.contains(&report.join("report.html").display().to_string()), "its path is named");
    for file in ["report.html", "report.md", "report.json", "report.sqlite", "minutes.csv"] {
        assert!(report.join(file).is_file(), "{file}");
    }
    let lessons: Value = serde_json::from_str(&std::fs::read_to_string(folder.path().join("data/warroom/lessons.json")).unwrap()).unwrap();
    assert_eq!(lessons[0]["kind"], "asked-topic");
    assert!(lessons[0]["text"].as_str().unwrap().starts_with("Say it before it is asked"));
    assert!(lessons[0]["parameters"]["evidence"].as_str().unwrap().contains("60"));
    let playbook = std::fs::read_to_string(folder.path().join("playbook.md")).unwrap();
    assert!(playbook.contains("Say it before it is asked") && playbook.contains("Not tried yet"), "{playbook}");
}

#[test]
fn a_desk_that_nobody_touches_after_the_close_comes_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let plan = prepare(folder.path());
    let mut desk = Desk::open(&plan, folder.path());
    desk.until("R$ 800");
    desk.press(":end\r");
    desk.until("any key stays");
    let (code, told) = desk.end();
    assert_eq!(code, 0);
    assert!(told.contains("Tick later: warroom report"), "{told}");
    assert!(!folder.path().join("data/warroom/lessons.json").exists(), "nothing was ticked");
}
