//! A seat before the program: a pseudo-terminal with a screen that can be read, and a keyboard.

#![allow(dead_code, reason = "each test uses its part")]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_warroom");
/// Nothing waits this long when all is well, however busy the machine.
pub const HANG: Duration = Duration::from_secs(150);
/// How often the screen is looked at.
const LOOK: Duration = Duration::from_millis(25);

pub struct Seat {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Seat {
    /// Starts the program on a terminal of so many columns and rows; `data` holds what it keeps.
    pub fn take<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>, data: &Path, (cols, rows): (u16, u16)) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "en_US.UTF-8");
        command.env("XDG_DATA_HOME", data);
        command.env("XDG_CONFIG_HOME", data);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let (rows, cols) = (NonZeroU16::new(rows).expect("rows"), NonZeroU16::new(cols).expect("columns"));
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, cols, 0)));
        let mut reader = pair.master.try_clone_reader().expect("its screen");
        let drawn = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 65_536];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                drawn.lock().expect("a screen").process(&bytes[..count]);
            }
        });
        let keys = pair.master.take_writer().expect("its keyboard");
        Self { child, _master: pair.master, keys, screen }
    }

    /// What is on the screen, one line a row.
    pub fn text(&self) -> String {
        self.screen.lock().expect("a screen").screen().contents()
    }

    /// The first line that holds `part`.
    pub fn line(&self, part: &str) -> Option<String> {
        self.text().lines().find(|line| line.contains(part)).map(str::to_owned)
    }

    /// Waits until the screen is as wanted and gives it; panics with the screen when it never is.
    pub fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let text = self.text();
            if wanted(&text) {
                return text;
            }
            assert!(began.elapsed() < HANG, "never {what}; on the screen:\n{text}");
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until all of these are on the screen.
    pub fn shows(&self, parts: &[&str]) -> String {
        self.until(&format!("shown: {parts:?}"), |text| parts.iter().all(|part| text.contains(part)))
    }

    /// Waits until a line holds all of these.
    pub fn shows_line(&self, parts: &[&str]) -> String {
        let holds = |line: &&str| parts.iter().all(|part| line.contains(part));
        let text = self.until(&format!("a line with {parts:?}"), |text| text.lines().any(|line| holds(&line)));
        text.lines().find(holds).unwrap_or_default().to_owned()
    }

    /// Presses keys; `\r` is Enter, `\x1b` Escape.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys");
        self.keys.flush().expect("keys");
    }

    /// Presses Escape and waits until it is taken as such, not as the beginning of a sequence.
    pub fn escape(&mut self, until: &str, gone: &str) {
        self.press("\x1b");
        self.until(until, |text| !text.contains(gone));
    }

    /// Waits for the program's end; the exit code.
    pub fn end(mut self) -> u32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its end") {
                return status.exit_code();
            }
            assert!(began.elapsed() < HANG, "it does not end; on the screen:\n{}", self.text());
            std::thread::sleep(LOOK);
        }
    }

    /// True once the program has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("its end").is_some()
    }
}

impl Drop for Seat {
    /// A test that fails leaves no program behind.
    fn drop(&mut self) {
        if !self.has_ended() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
