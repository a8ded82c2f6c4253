//! The real program in a pseudo-terminal: every key of a replay, as an operator presses it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "a test stops where it fails")]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Only against hangs.
const PATIENCE: Duration = Duration::from_secs(120);

struct Desk {
    _master: Box<dyn MasterPty + Send>,
    input: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    child: Box<dyn Child + Send + Sync>,
    screen: vt100::Parser,
}

impl Desk {
    fn start(command: CommandBuilder) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 }).unwrap();
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
        let (rows, cols) = (NonZeroU16::new(40).unwrap(), NonZeroU16::new(120).unwrap());
        Self { _master: pair.master, input, output, child, screen: vt100::Parser::new(rows, cols, 0) }
    }

    /// Presses keys, then reads until the screen shows all of that.
    fn press(&mut self, keys: &str, wanted: &[&str]) {
        self.input.write_all(keys.as_bytes()).unwrap();
        self.input.flush().unwrap();
        let started = Instant::now();
        loop {
            let shown = self.screen.screen().contents();
            if wanted.iter().all(|text| shown.contains(text)) {
                return;
            }
            match self.output.recv_timeout(PATIENCE.saturating_sub(started.elapsed())) {
                Ok(bytes) => {
                    let asked = String::from_utf8_lossy(&bytes).matches("\x1b[6n").count();
                    (0..asked).for_each(|_| self.input.write_all(b"\x1b[1;2R").unwrap());
                    self.screen.process(&bytes);
                }
                Err(_) => panic!("after {keys:?} never {wanted:?}:\n{shown}"),
            }
        }
    }
}

#[test]
fn every_key_of_a_replay_does_what_the_footer_says_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("a.warroom");
    let program = env!("CARGO_BIN_EXE_warroom");
    let made = Command::new(program).args(["simulate", "--seed", "3", "--hours", "0.15", "--journal"]).arg(&journal).status().unwrap();
    assert!(made.success());
    let before = std::fs::read(&journal).unwrap();
    let mut command = CommandBuilder::new(program);
    command.args(["replay", journal.to_str().unwrap(), "--lang", "en"]);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env("HOME", folder.path());
    let mut desk = Desk::start(command);
    desk.press("", &["REPLAY ×1 ", "as known then", "NOT RECORDED"]);
    desk.press(" ", &["REPLAY ×1 PAUSED"]);
    desk.press(":seek 00:05:00\r", &["PAUSED 00:05:00 of"]);
    desk.press("=", &["PAUSED 00:05:01 of"]);
    desk.press("-", &["PAUSED 00:05:00 of"]);
    desk.press("+", &["PAUSED 00:06:00 of"]);
    desk.press("_", &["PAUSED 00:05:00 of"]);
    desk.press(">", &["REPLAY ×2 PAUSED"]);
    desk.press("<<<", &["REPLAY ×0.25 PAUSED"]);
    desk.press("T", &["REPLAY ×0.25 PAUSED KNOWN NOW", "as known now"]);
    desk.press("T", &["as known then"]);
    desk.press("b", &["bookmark set"]);
    desk.press("h\r", &["PAUSED 00:04:00 of"]);
    desk.press("]", &["PAUSED 00:05:00 of"]);
    for key in ["i", "c", ".", "e", "u"] {
        desk.press(key, &["replay is read-only, rehearse to act"]);
    }
    desk.press("?", &["keys and commands", "pause the replay", "known then / known now"]);
    // closed by its own key: after Esc a letter would be one with Alt
    desk.press("?", &["q quit"]);
    desk.input.write_all(b"q").unwrap();
    let started = Instant::now();
    let code = loop {
        // what is still on its way is read, so that the program can end
        while desk.output.try_recv().is_ok() {}
        if let Some(status) = desk.child.try_wait().unwrap() {
            break status.exit_code();
        }
        assert!(started.elapsed() < PATIENCE, "the program ends");
        std::thread::yield_now();
    };
    assert_eq!(code, 0);
    assert!(std::fs::read(&journal).unwrap() == before, "the journal is as it was");
    let bookmarks = std::fs::read_to_string(folder.path().join("a.warroom.bookmarks")).unwrap();
    assert_eq!(bookmarks.lines().count(), 1, "{bookmarks}");
}
