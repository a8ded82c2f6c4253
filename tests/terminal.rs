//! The terminal is given back, whatever happens: this test binary starts itself as a child in a pseudo-terminal.
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

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use warroom::app::terminal::{Screen, panicked};
use warroom::clock;
use warroom::ui::glyphs::Charset;

/// No step of a test may take longer; nothing waits this long when all is well.
const HANG: Duration = Duration::from_secs(60);
const ROLE: &str = "WARROOM_TEST_TERMINAL_ROLE";

/// What the child does, when this binary is one.
#[test]
fn child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let mut screen = Screen::enter(Charset::Unicode).unwrap();
    show(&mut screen, "READY");
    match role.as_str() {
        "close" => drop(screen),
        "panic" => panic!("a panic in the loop"),
        "panic elsewhere" => {
            assert!(std::thread::spawn(|| panic!("a panic elsewhere")).join().is_err());
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(panicked());
            show(&mut screen, "DRAWN AFTER THE END");
            drop(screen);
        }
        "stop" => {
            screen.suspend().unwrap();
            show(&mut screen, "BACK");
            let mut byte = [0];
            std::io::stdin().read_exact(&mut byte).unwrap();
            drop(screen);
        }
        _ => panic!("no such role"),
    }
    println!("AFTERWARDS");
}

/// Draws a text, waiting for the frame before.
fn show(screen: &mut Screen, text: &str) {
    let charset = format!("{text} {:?}", screen.charset());
    for _ in 0..100 {
        if screen.draw(|frame| frame.render_widget(charset.as_str(), frame.area())).unwrap() {
            return;
        }
        std::thread::yield_now();
    }
}

struct Pty {
    master: Box<dyn MasterPty + Send>,
    input: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    child: Box<dyn Child + Send + Sync>,
    unread: Vec<u8>,
    screen: vt100::Parser,
    seen: String,
    before: String,
}

impl Pty {
    fn start(command: CommandBuilder) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
        let before = format!("{:?}", pair.master.get_termios());
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
        let (rows, cols) = (NonZeroU16::new(24).unwrap(), NonZeroU16::new(80).unwrap());
        Self {
            master: pair.master,
            input,
            output,
            child,
            unread: Vec::new(),
            screen: vt100::Parser::new(rows, cols, 0),
            seen: String::new(),
            before,
        }
    }

    fn role(role: &str) -> Self {
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child", "--nocapture"]);
        command.env(ROLE, role);
        command.env("TERM", "xterm-256color");
        Self::start(command)
    }

    /// Reads until `wanted` holds; panics with what was seen when it never does. Every control sequence is looked at by
    /// itself: what was on the screen between two of them counts, however much came at once.
    fn until(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) {
        let started = clock::instant();
        while !wanted(self) {
            if self.unread.is_empty() {
                let left = HANG.saturating_sub(started.elapsed());
                match self.output.recv_timeout(left) {
                    Ok(bytes) => self.unread = bytes,
                    Err(_) => panic!("never {what}; seen: {:?}", self.seen),
                }
            }
            let end = self.unread.iter().skip(1).position(|byte| *byte == 0x1b).map_or(self.unread.len(), |at| at + 1);
            let piece: Vec<u8> = self.unread.drain(..end).collect();
            self.screen.process(&piece);
            self.seen.push_str(&String::from_utf8_lossy(&piece));
        }
    }

    fn until_shown(&mut self, text: &str) {
        self.until(text, |pty| pty.screen.screen().contents().contains(text));
    }

    fn send(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    /// The terminal is the program's: the cursor is the last thing that a frame hides.
    fn until_taken(&mut self) {
        self.until("taken", |pty| pty.screen.screen().hide_cursor());
        let screen = self.screen.screen();
        assert!(screen.alternate_screen() && screen.bracketed_paste());
        assert_ne!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }

    fn assert_given_back(&self) {
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "alternate screen");
        assert!(!screen.bracketed_paste(), "bracketed paste");
        assert!(!screen.hide_cursor(), "cursor");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert_eq!(format!("{:?}", self.master.get_termios()), self.before, "line discipline");
    }
}

#[test]
fn a_screen_that_is_closed_gives_the_terminal_back() {
    let mut pty = Pty::role("close");
    pty.until_shown("READY Unicode");
    pty.until_taken();
    pty.until_shown("AFTERWARDS");
    pty.assert_given_back();
    assert!(pty.child.wait().unwrap().success());
}

#[test]
fn a_terminal_that_draws_symbols_two_columns_wide_gets_ascii() {
    let mut pty = Pty::role("close");
    pty.until("asked", |pty| pty.seen.contains("\x1b[6n"));
    pty.send("\x1b[1;3R");
    pty.until_shown("READY Ascii");
    pty.until_shown("AFTERWARDS");
    pty.assert_given_back();
}

#[test]
fn a_panic_in_the_loop_gives_the_terminal_back_before_it_reports() {
    let mut pty = Pty::role("panic");
    pty.until_shown("a panic in the loop");
    pty.until("failed", |pty| pty.seen.contains("test result: FAILED"));
    pty.assert_given_back();
    assert!(!pty.child.wait().unwrap().success());
}

#[test]
fn a_panic_in_another_thread_gives_the_terminal_back_and_nothing_is_drawn_after_it() {
    let mut pty = Pty::role("panic elsewhere");
    pty.until_shown("a panic elsewhere");
    pty.until_shown("AFTERWARDS");
    pty.assert_given_back();
    assert!(!pty.seen.contains("DRAWN AFTER THE END"), "{:?}", pty.seen);
}

#[test]
fn where_no_shell_controls_jobs_ctrl_z_comes_back_at_once() {
    let mut pty = Pty::role("stop");
    pty.until_shown("BACK");
    pty.until_taken();
    pty.send("q");
    pty.until_shown("AFTERWARDS");
    pty.assert_given_back();
}

#[test]
fn a_shell_stops_the_job_and_brings_it_back() {
    let mut command = CommandBuilder::new("bash");
    command.args(["--norc", "--noprofile", "-i"]);
    command.env("TERM", "xterm-256color");
    command.env("PS1", "shell> ");
    let mut pty = Pty::start(command);
    pty.until_shown("shell>");
    let exe = std::env::current_exe().unwrap();
    pty.send(&format!("{ROLE}=stop '{}' --exact child --nocapture\n", exe.display()));
    pty.until("stopped", |pty| pty.seen.contains("Stopped"));
    assert!(!pty.screen.screen().alternate_screen(), "given back while stopped");
    assert!(!pty.screen.screen().contents().contains("BACK"));
    pty.send("fg\n");
    pty.until_shown("BACK");
    pty.until_taken();
    pty.send("q");
    pty.until("afterwards", |pty| pty.seen.contains("AFTERWARDS"));
    pty.send("exit\n");
    assert!(pty.child.wait().unwrap().success());
}

#[test]
fn without_a_terminal_the_message_is_clear() {
    // this test's own input or output is no terminal under a test runner; where it is, there is nothing to show
    if let Err(error) = Screen::enter(Charset::Unicode) {
        assert_eq!(error.to_string(), "standard input and output are no terminal; use --plain for lines instead of a screen");
    }
}
