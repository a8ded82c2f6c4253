//! The terminal guard: takes the terminal, and gives it back whatever happens.

use std::io::{self, IsTerminal, Stdout, Write, stdin, stdout};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};

/// The terminal while it is ours.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    ambiguous_wide: bool,
}

impl Screen {
    /// Takes the terminal: alternate screen, raw mode, mouse, bracketed paste.
    ///
    /// # Errors
    /// When standard input or output is none, or it refuses.
    pub fn enter() -> io::Result<Self> {
        if !stdin().is_terminal() || !stdout().is_terminal() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "standard input and output are no terminal; use --plain for lines instead of a screen",
            ));
        }
        take()?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(Self { terminal, ambiguous_wide: false })
    }

    /// True where symbols of East-Asian ambiguous width take two columns.
    #[must_use]
    pub const fn draws_ambiguous_wide(&self) -> bool {
        self.ambiguous_wide
    }

    /// The whole screen.
    #[must_use]
    pub fn area(&self) -> Rect {
        self.terminal.size().map(|size| Rect::new(0, 0, size.width, size.height)).unwrap_or_default()
    }

    /// Draws a frame as one synchronized update.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(render)?;
        queue!(stdout(), EndSynchronizedUpdate)?;
        stdout().flush()
    }

    /// Forgets what is on the screen: the next frame draws everything.
    pub fn clear(&mut self) {
        // A terminal that cannot be cleared cannot be drawn either, which is told there.
        let _ = self.terminal.clear();
    }

    /// Gives the terminal back and stops the program until the shell resumes it.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back()
    }

    /// Takes the terminal again after a stop.
    pub fn resume(&mut self) {
        if take().is_ok() {
            self.clear();
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = give_back();
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, Hide)
}

/// Leaves the terminal as it was found.
///
/// # Errors
/// When it is gone.
pub fn give_back() -> io::Result<()> {
    execute!(stdout(), DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen, Show)?;
    disable_raw_mode()
}
