//! The terminal: claimed once, given back whatever happens. The only place that writes to it.
//!
//! Frames are drawn into memory and written by a thread of their own, so that a terminal that does not take them
//! (`Ctrl-S`, a slow line) never makes the owner of the state wait: while one frame is being written, none is drawn.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{cursor, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, TerminalOptions, Viewport};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, kill_current_process_group};

use crate::ui::glyphs::Charset;

/// How long the terminal has to say where its cursor is.
const ANSWER: Duration = Duration::from_millis(250);
/// How long the terminal has to take what gives it back.
const GIVE_BACK: Duration = Duration::from_millis(200);
/// How long a stopped process waits before it claims the terminal again, where nothing stopped it.
const STOPPING: Duration = Duration::from_millis(150);

/// Clicks and the wheel, told with any coordinate. Not every movement: that would wake the desk for nothing.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// True from the moment that the terminal is claimed until it is given back.
static CLAIMED: AtomicBool = AtomicBool::new(false);
/// True when the terminal told that it reports keys held down.
static ENHANCED: AtomicBool = AtomicBool::new(false);
/// Some thread has panicked: the loop ends the program.
static HAS_PANICKED: AtomicBool = AtomicBool::new(false);
static PANICKED: tokio::sync::Notify = tokio::sync::Notify::const_new();

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum NoTerminal {
    /// Input or output is a pipe or a file.
    #[error("standard input and output are no terminal; use --plain for lines instead of a screen")]
    NotATerminal,
    #[error("the terminal refuses: {0}")]
    Refused(#[from] io::Error),
}

impl From<NoTerminal> for io::Error {
    fn from(error: NoTerminal) -> Self {
        match error {
            NoTerminal::NotATerminal => Self::new(io::ErrorKind::Unsupported, error),
            NoTerminal::Refused(error) => error,
        }
    }
}

/// What the terminal answered at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Columns that an ambiguous symbol took; `None` for a terminal that did not answer in time.
    pub ambiguous_columns: Option<u16>,
    /// It can report keys that are held down.
    pub reports_repeats: bool,
}

/// The screen.
pub struct Screen {
    terminal: ratatui::Terminal<CrosstermBackend<Page>>,
    page: Page,
    painter: Option<Painter>,
    charset: Charset,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").field("charset", &self.charset).field("painter", &self.painter).finish_non_exhaustive()
    }
}

/// A frame's bytes on their way from the drawing to the painter.
#[derive(Clone, Debug, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The thread that writes frames.
struct Painter {
    frames: SyncSender<Vec<u8>>,
    state: Arc<Painting>,
    thread: JoinHandle<()>,
}

impl std::fmt::Debug for Painter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Painter").field("state", &self.state).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Painting {
    busy: Mutex<bool>,
    idle: Condvar,
    /// The terminal is gone.
    broken: AtomicBool,
    bytes: AtomicU64,
}

impl Painting {
    fn set_busy(&self, busy: bool) {
        *self.busy.lock().unwrap_or_else(PoisonError::into_inner) = busy;
        self.idle.notify_all();
    }

    fn is_busy(&self) -> bool {
        *self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nothing is on its way, at most so long. True when nothing is.
    fn wait_idle(&self, limit: Duration) -> bool {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let (busy, _) = self.idle.wait_timeout_while(busy, limit, |busy| *busy).unwrap_or_else(PoisonError::into_inner);
        !*busy
    }
}

impl Painter {
    fn start() -> io::Result<Self> {
        let (frames, queue) = sync_channel::<Vec<u8>>(1);
        let state = Arc::new(Painting::default());
        let painting = Arc::clone(&state);
        let thread = std::thread::Builder::new().name("painter".to_owned()).spawn(move || {
            while let Ok(frame) = queue.recv() {
                if CLAIMED.load(Ordering::SeqCst) && write_all(&frame).is_err() {
                    painting.broken.store(true, Ordering::SeqCst);
                }
                painting.bytes.fetch_add(frame.len() as u64, Ordering::Relaxed);
                painting.set_busy(false);
            }
        })?;
        Ok(Self { frames, state, thread })
    }

    /// Hands a frame over. Never waits: a frame is only drawn when the one before is written.
    fn paint(&self, frame: Vec<u8>) {
        self.state.set_busy(true);
        match self.frames.try_send(frame) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => self.state.broken.store(true, Ordering::SeqCst),
        }
    }
}

impl Screen {
    /// Takes the terminal: alternate screen, raw mode, mouse, bracketed paste. `charset` is what the environment promises;
    /// the terminal is asked whether it holds.
    ///
    /// # Errors
    /// Where there is no terminal, or one that refuses.
    pub fn enter(charset: Charset) -> Result<Self, NoTerminal> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(NoTerminal::NotATerminal);
        }
        hook_panics();
        take()?;
        let answer = ask(charset);
        ENHANCED.store(answer.reports_repeats, Ordering::SeqCst);
        let charset = match (charset, answer.ambiguous_columns) {
            (Charset::Unicode, Some(2..)) => Charset::Ascii,
            (charset, _) => charset,
        };
        let page = Page::default();
        let terminal = blank(&page, size()).inspect_err(|_| give_back())?;
        let painter = Painter::start().inspect_err(|_| give_back())?;
        let mut screen = Self { terminal, page, painter: Some(painter), charset };
        screen.push_flags()?;
        screen.clear()?;
        Ok(screen)
    }

    /// Symbols that this terminal draws one column wide.
    #[must_use]
    pub const fn charset(&self) -> Charset {
        self.charset
    }

    /// The whole glass.
    #[must_use]
    pub fn area(&self) -> Rect {
        let (width, height) = size();
        Rect::new(0, 0, width, height)
    }

    /// True while nothing is on its way to the terminal: a frame may be drawn.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.painter.as_ref().is_some_and(|painter| !painter.state.is_busy()) && CLAIMED.load(Ordering::SeqCst)
    }

    /// Bytes written to the terminal so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.painter.as_ref().map_or(0, |painter| painter.state.bytes.load(Ordering::Relaxed))
    }

    /// Draws a frame and hands it over as one synchronized update. False, and nothing is drawn, while the one before is on its way.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<bool> {
        if self.painter.as_ref().is_some_and(|painter| painter.state.broken.load(Ordering::SeqCst)) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if !self.is_ready() {
            return Ok(false);
        }
        if self.terminal.get_frame().area() != self.area() {
            self.clear()?;
        }
        self.terminal.draw(render)?;
        let drawn = self.page.take();
        if drawn.is_empty() {
            return Ok(true);
        }
        let mut frame = Vec::with_capacity(drawn.len() + 16);
        queue!(frame, BeginSynchronizedUpdate)?;
        frame.extend_from_slice(&drawn);
        queue!(frame, EndSynchronizedUpdate)?;
        if let Some(painter) = &self.painter {
            painter.paint(frame);
        }
        Ok(true)
    }

    /// The next frame is drawn as if nothing stood there.
    ///
    /// # Errors
    /// Never in practice: frames are drawn into memory.
    pub fn clear(&mut self) -> io::Result<()> {
        self.terminal = blank(&self.page, size())?;
        queue!(self.page, Clear(ClearType::All))
    }

    /// The bell goes out with the next frame.
    ///
    /// # Errors
    /// Never in practice: frames are drawn into memory.
    pub fn ring(&mut self) -> io::Result<()> {
        queue!(self.page, Print('\u{7}'))
    }

    fn push_flags(&mut self) -> io::Result<()> {
        match ENHANCED.load(Ordering::SeqCst) {
            true => queue!(self.page, PushKeyboardEnhancementFlags(repeat_flags())),
            false => Ok(()),
        }
    }

    /// Gives the terminal back, stops the whole job as `Ctrl-Z` would, and takes the terminal again once the job goes on.
    /// Where nothing can stop the job (no shell that controls jobs) it takes it again at once.
    ///
    /// # Errors
    /// When the terminal cannot be taken again.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // the signal that a shell would send: without a shell that could continue us the system drops it
        if kill_current_process_group(Signal::TSTP).is_ok() {
            std::thread::sleep(STOPPING);
        }
        self.resume()
    }

    /// Takes the terminal again after a stop.
    ///
    /// # Errors
    /// When the terminal cannot be taken again.
    pub fn resume(&mut self) -> io::Result<()> {
        give_back();
        take()?;
        self.push_flags()?;
        self.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(Painter { frames, state, thread }) = self.painter.take() {
            drop(frames);
            // a terminal that takes nothing (Ctrl-S) must not keep the program: its thread dies with the process
            if state.wait_idle(GIVE_BACK) {
                drop(thread.join());
            }
        }
        give_back();
    }
}

/// Comes back when some thread has panicked; the terminal has been given back by then.
pub async fn panicked() {
    while !HAS_PANICKED.load(Ordering::SeqCst) {
        PANICKED.notified().await;
    }
}

/// From now on a panic in any thread gives the terminal back before it reports, and wakes the loop that ends the program.
fn hook_panics() {
    static HOOKED: std::sync::Once = std::sync::Once::new();
    HOOKED.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            report(panic);
            HAS_PANICKED.store(true, Ordering::SeqCst);
            PANICKED.notify_one();
        }));
    });
}

fn repeat_flags() -> KeyboardEnhancementFlags {
    KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES | KeyboardEnhancementFlags::REPORT_EVENT_TYPES
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    CLAIMED.store(true, Ordering::SeqCst);
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, Print(MOUSE_ON), EnableBracketedPaste, Clear(ClearType::All), cursor::MoveTo(0, 0))?;
    write_all(&bytes).inspect_err(|_| give_back())
}

/// Gives the terminal back, once. What fails is passed over: there is nobody left to tell.
fn give_back() {
    if !CLAIMED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut bytes = Vec::new();
    let enhanced = ENHANCED.load(Ordering::SeqCst);
    let popped = if enhanced { queue!(bytes, PopKeyboardEnhancementFlags) } else { Ok(()) };
    let queued = queue!(bytes, EndSynchronizedUpdate, DisableBracketedPaste, Print(MOUSE_OFF), LeaveAlternateScreen, cursor::Show);
    if popped.is_ok() && queued.is_ok() {
        drop(write_within(&bytes, GIVE_BACK));
    }
    drop(disable_raw_mode());
}

/// Writes past the lock of std: a thread that hangs in a write must not keep a panic from giving the terminal back.
fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    let stdout = rustix::stdio::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(stdout, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => {
                let mut fds = [PollFd::new(&stdout, PollFlags::OUT)];
                poll(&mut fds, None)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The same where the terminal takes it soon; a terminal that takes nothing must not keep the program.
fn write_within(bytes: &[u8], within: Duration) -> io::Result<()> {
    let stdout = rustix::stdio::stdout();
    let mut fds = [PollFd::new(&stdout, PollFlags::OUT)];
    match poll(&mut fds, Some(&limit(within)))? {
        0 => Err(io::ErrorKind::TimedOut.into()),
        _ => write_all(bytes),
    }
}

fn limit(within: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(within.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(within.subsec_nanos()) }
}

/// The size of the terminal; 80 × 24 where it does not say.
fn size() -> (u16, u16) {
    match crossterm::terminal::size() {
        Ok((width, height)) if width > 0 && height > 0 => (width, height),
        _ => (80, 24),
    }
}

/// A screen that remembers nothing. Its size is given to it: it never asks the terminal anything, which could take seconds.
fn blank(page: &Page, (width, height): (u16, u16)) -> io::Result<ratatui::Terminal<CrosstermBackend<Page>>> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    ratatui::Terminal::with_options(CrosstermBackend::new(page.clone()), TerminalOptions { viewport })
}

/// Asks the terminal how wide it draws an ambiguous symbol and whether it reports keys held down, with a time limit.
fn ask(charset: Charset) -> Answer {
    let symbol = if charset == Charset::Unicode { "●" } else { "" };
    // the position comes last: once it is here, whatever comes before it is here too
    if write_all(format!("\x1b[?u\r{symbol}\x1b[6n").as_bytes()).is_err() {
        return Answer::default();
    }
    let stdin = rustix::stdio::stdin();
    let mut answer = Vec::new();
    let mut left = ANSWER;
    while !left.is_zero() && !answer.contains(&b'R') {
        let started = crate::clock::instant();
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        if !matches!(poll(&mut fds, Some(&limit(left))), Ok(1..)) {
            break;
        }
        let mut bytes = [0; 64];
        match rustix::io::read(stdin, &mut bytes) {
            Ok(count @ 1..) => answer.extend_from_slice(bytes.get(..count).unwrap_or_default()),
            _ => break,
        }
        left = left.saturating_sub(started.elapsed());
    }
    read_answer(&answer, charset)
}

/// Reads `ESC [ ? flags u` and `ESC [ row ; column R`.
fn read_answer(bytes: &[u8], charset: Charset) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let mut answer = Answer::default();
    for part in text.split("\x1b[").skip(1) {
        if let Some(flags) = part.strip_prefix('?').and_then(|rest| rest.split_once('u')) {
            answer.reports_repeats = flags.0.bytes().all(|b| b.is_ascii_digit());
        }
        let column =
            part.split_once('R').and_then(|(position, _)| position.split_once(';')).and_then(|(_, column)| column.parse::<u16>().ok());
        if let (Some(column), Charset::Unicode) = (column, charset) {
            answer.ambiguous_columns = Some(column.saturating_sub(1));
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_tells_how_wide_a_symbol_is() {
        let read = |bytes: &[u8]| read_answer(bytes, Charset::Unicode);
        assert_eq!(read(b"\x1b[1;2R"), Answer { ambiguous_columns: Some(1), reports_repeats: false });
        assert_eq!(read(b"\x1b[1;3R").ambiguous_columns, Some(2));
        assert_eq!(read(b"\x1b[?0u\x1b[1;2R"), Answer { ambiguous_columns: Some(1), reports_repeats: true });
        for noise in [&b""[..], b"ii\x1b[A", b"\x1b[1;", b"\x1b[;R", b"\xff\x1b["] {
            assert_eq!(read(noise).ambiguous_columns, None);
        }
        assert_eq!(read_answer(b"\x1b[1;1R", Charset::Ascii).ambiguous_columns, None);
    }
}
