//! How a session ends, the exit code of each way, and the signals that end it.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::face::Face;

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// `q`.
    Left,
    /// `:end`.
    Closed,
    /// Nothing more will come (a replay at its end without a glass).
    Finished,
    /// The terminal was closed.
    TerminalGone,
    /// Some thread panicked; the terminal has been given back and the panic reported.
    Panicked,
    /// A signal, by its number.
    Signal(u8),
}

/// Exit code when the journal failed at any time.
pub const JOURNAL_FAILED: u8 = 3;

impl Ending {
    /// The exit code, the journal's failure aside: 128 + signal, else 0.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Left | Self::Closed | Self::Finished => 0,
            Self::TerminalGone => 128 + 1,
            Self::Panicked => 101,
            Self::Signal(number) => 128 + number,
        }
    }
}

/// The signals that end a session, and the one that says it goes on.
#[derive(Debug)]
pub struct Signals {
    hangup: Signal,
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
    resumed: Signal,
}

/// Signal numbers of every Unix.
const SIGCONT: i32 = if cfg!(target_os = "linux") { 18 } else { 19 };

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            resumed: signal(SignalKind::from_raw(SIGCONT))?,
        })
    }

    /// Waits for a signal: the ending it means, or `None` after the program was stopped and goes on.
    pub async fn next(&mut self, face: &mut dyn Face) -> Option<Ending> {
        tokio::select! {
            _ = self.hangup.recv() => Some(Ending::Signal(1)),
            _ = self.interrupt.recv() => Some(Ending::Signal(2)),
            _ = self.quit.recv() => Some(Ending::Signal(3)),
            _ = self.terminate.recv() => Some(Ending::Signal(15)),
            _ = self.resumed.recv() => {
                face.resume();
                None
            }
        }
    }
}
