//! The real program in a pseudo-terminal, with its own home folder.

#![allow(dead_code, reason = "each test uses its part")]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use warroom::clock;

/// No step of a test may take longer; nothing waits this long when all is well.
const HANG: Duration = Duration::from_secs(180);

/// A program on a terminal of so many columns and rows.
pub struct Pty {
    _master: Box<dyn MasterPty + Send>,
    input: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    child: Box<dyn Child + Send + Sync>,
    screen: vt100::Parser,
}

impl Pty {
    /// Starts `warroom` with these arguments; its folders lie below `home`.
    pub fn warroom(home: &Path, arguments: &[&str], (columns, rows): (u16, u16)) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env("HOME", home);
        command.env("LC_ALL", "C.UTF-8");
        for variable in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "NO_COLOR"] {
            command.env_remove(variable);
        }
        let pair = native_pty_system().openpty(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).expect("a terminal");
        let child = pair.slave.spawn_command(command).expect("the program");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let (tx, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if tx.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let input = pair.master.take_writer().expect("its input");
        let size = |cells| NonZeroU16::new(cells).expect("a size");
        Self { _master: pair.master, input, output, child, screen: vt100::Parser::new(size(rows), size(columns), 0) }
    }

    /// What is on the screen.
    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads until the screen is as wanted.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        let started = clock::instant();
        while !wanted(&self.text()) {
            match self.output.recv_timeout(HANG.saturating_sub(started.elapsed())) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(_) => panic!("never {what}; on the screen:\n{}", self.text()),
            }
        }
    }

    pub fn until_shown(&mut self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    pub fn send(&mut self, keys: &str) {
        self.input.write_all(keys.as_bytes()).expect("a key");
        self.input.flush().expect("a key");
    }

    /// Sends a signal by its name: HUP, as a connection that breaks does.
    pub fn signal(&mut self, name: &str) {
        let pid = self.child.process_id().expect("a running program").to_string();
        assert!(std::process::Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill").success());
    }

    /// Waits for the end: the exit code.
    pub fn end(mut self) -> u32 {
        // what is still written has to be read, or the program waits for its reader
        while self.output.recv_timeout(HANG).is_ok() {}
        self.child.wait().expect("an end").exit_code()
    }
}
