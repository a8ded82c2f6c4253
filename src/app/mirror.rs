//! A second terminal on a live's journal: the desk for a colleague, or the host's sheet. It follows the file while another
//! program writes it, reads only, and says how long that program has been silent.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;

use super::desk::Desk;
use super::ending::Ending;
use super::face::Face;
use super::foresight::Foresight;
use super::history::{CHUNK, Piece, QUEUE};
use super::session::{Outside, Session, bookmarks};
use crate::clock::{self, Clock};
use crate::engine::event::Record;
use crate::engine::time::{At, SECOND_MS};
use crate::journal::{Losses, Reader, Records};
use crate::ui::state::Mode;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How often a silent file is told of.
const TELL_MS: i64 = SECOND_MS;

/// What the second terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// The desk, read-only.
    Desk,
    /// What the host is to say.
    Host,
}

impl Sheet {
    const fn mode(self) -> Mode {
        match self {
            Self::Desk => Mode::Mirror,
            Self::Host => Mode::Host,
        }
    }
}

/// Follows a journal until the reader of the terminal leaves.
///
/// # Errors
/// When the journal cannot be read, or the terminal cannot be used.
pub fn run(file: &Path, sheet: Sheet, face: impl FnOnce(Mode, chrono_tz::Tz) -> std::io::Result<Box<dyn Face>>) -> std::io::Result<Ending> {
    let reader = Reader::open(file).map_err(|error| std::io::Error::other(error.to_string()))?;
    let plan = reader.plan().cloned().unwrap_or_default();
    let zone = plan.time_zone.unwrap_or(chrono_tz::UTC);
    let last = reader.tail(reader.last_seq().saturating_sub(1)).next().map(|record| record.at);
    let clock = Clock::scaled(last.or(plan.starts_at).unwrap_or_else(clock::wall_now), 1.0);
    let runtime = super::runtime()?;
    let _inside = runtime.enter();
    let mut desk = Desk::new(plan, clock, None);
    desk.follow_the_records();
    let mode = sheet.mode();
    let session = Session {
        desk,
        face: face(mode, zone)?,
        mode,
        history: Some(follow(file.to_owned(), reader)?),
        start_feeds: None,
        outside: Outside::Nobody,
        playbook: None,
        playing: None,
        foresight: Foresight::default(),
        bookmarks: bookmarks(file),
        stage: None,
        curtain: None,
        sheets: None,
    };
    let (ending, _) = runtime.block_on(session.run())?;
    runtime.shutdown_timeout(Duration::from_millis(200));
    Ok(ending)
}

/// Reads what is there, then what is added, and tells of the silence between.
fn follow(path: PathBuf, reader: Reader) -> std::io::Result<mpsc::Receiver<Piece>> {
    let (pieces, taken) = mpsc::channel(QUEUE);
    std::thread::Builder::new().name("mirror".into()).spawn(move || {
        let mut silence = Silence::since_written(&path);
        let mut records = reader.records();
        while hand_over(&mut records, &mut silence, &pieces).is_some() {
            std::thread::sleep(LOOK);
        }
    })?;
    Ok(taken)
}

/// Hands over what was added since; `None` when nobody takes it any more.
fn hand_over(records: &mut Records<'_>, silence: &mut Silence, pieces: &mpsc::Sender<Piece>) -> Option<()> {
    loop {
        let chunk: Vec<Record> = records.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        if silence.was_told {
            silence.broken();
        }
        pieces.blocking_send(Piece::Records(chunk)).ok()?;
    }
    match silence.told() {
        Some(silent_ms) => {
            let losses = if silence.was_told { Losses::default() } else { records.losses().clone() };
            silence.was_told = true;
            pieces.blocking_send(Piece::Silent { silent_ms, losses }).ok()
        }
        None if pieces.is_closed() => None,
        None => Some(()),
    }
}

/// How long the journal has not grown.
struct Silence {
    /// When this program began to count.
    from: std::time::Instant,
    /// How long it had been silent then.
    before_ms: i64,
    told_ms: i64,
    was_told: bool,
}

impl Silence {
    /// By the time at which the file, or its log, was last written.
    fn since_written(path: &Path) -> Self {
        let log = PathBuf::from(format!("{}-wal", path.display()));
        let written = [path.to_owned(), log].iter().filter_map(|path| path.metadata().ok()?.modified().ok()).max();
        let written = written.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let written_ms = written.and_then(|since| i64::try_from(since.as_millis()).ok());
        let before_ms = written_ms.map_or(0, |ms| clock::wall_now().since_ms(At::from_ms(ms)).max(0));
        Self { from: clock::instant(), before_ms, told_ms: -TELL_MS, was_told: false }
    }

    fn broken(&mut self) {
        (self.from, self.before_ms, self.told_ms) = (clock::instant(), 0, -TELL_MS);
    }

    /// Its length, where it is time to tell it.
    fn told(&mut self) -> Option<i64> {
        let silent_ms = self.before_ms.saturating_add(i64::try_from(self.from.elapsed().as_millis()).unwrap_or(i64::MAX));
        if silent_ms - self.told_ms < TELL_MS {
            return None;
        }
        self.told_ms = silent_ms;
        Some(silent_ms)
    }
}
