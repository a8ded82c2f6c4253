//! A replay: the records of a journal or of files, given to the same engine along a clock. Nothing in it writes a record.

use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;

use super::desk::Desk;
use super::ending::Ending;
use super::face::Face;
use super::history::Piece;
use super::session::Session;
use crate::clock::Clock;
use crate::engine::Arrival;
use crate::engine::event::Record;
use crate::engine::plan::Plan;
use crate::files::{Fold, Inputs};
use crate::journal::Losses;
use crate::ui::state::Mode;

/// Records handed over at once, at most.
const CHUNK: usize = 4_096;
/// How often the player looks at the clock.
const STEP: Duration = Duration::from_millis(100);

/// Plays a file at `speed` times real time until the operator leaves.
///
/// # Errors
/// When it cannot be read, or the terminal cannot be used.
pub fn run(file: &Path, speed: f64, face: impl FnOnce(Mode, chrono_tz::Tz) -> std::io::Result<Box<dyn Face>>) -> std::io::Result<Ending> {
    let mut tape = tape(file)?;
    let plan = std::mem::take(&mut tape.plan);
    let zone = plan.time_zone.unwrap_or(chrono_tz::UTC);
    let Some(first) = tape.records.first() else {
        return Err(std::io::Error::other(format!("{}: holds no event to play", file.display())));
    };
    let clock = Clock::scaled(first.at, speed);
    let runtime = super::runtime()?;
    let _inside = runtime.enter();
    let mut desk = Desk::new(plan, clock.clone(), None);
    desk.arm(crate::config::playbook::shipped());
    desk.follow_the_records();
    let session = Session {
        desk,
        face: face(Mode::Replay, zone)?,
        mode: Mode::Replay,
        history: Some(play(tape, clock)),
        start_feeds: None,
        acts: None,
        playbook: None,
        ends_with_feeds: false,
    };
    let (ending, _) = runtime.block_on(session.run())?;
    Ok(ending)
}

/// What is to be played, in the order of the contract.
#[derive(Default)]
struct Tape {
    plan: Plan,
    records: Vec<Record>,
    losses: Losses,
}

impl Fold for Tape {
    fn begin(&mut self, _: Arrival, plan: &Plan) {
        self.records.clear();
        self.plan = plan.clone();
    }
    fn step(&mut self, record: &Record) {
        self.records.push(record.clone());
    }
}

fn tape(file: &Path) -> std::io::Result<Tape> {
    let other = |error: crate::files::FilesError| std::io::Error::other(error.to_string());
    let mut tape = Tape::default();
    let reports = Inputs::open(&[file.display().to_string()]).map_err(other)?.fold(None, None, &mut tape).map_err(other)?;
    tape.losses = reports.into_iter().next().map(|report| report.losses).unwrap_or_default();
    Ok(tape)
}

/// Hands the records over as their time comes.
fn play(tape: Tape, clock: Clock) -> mpsc::Receiver<Piece> {
    let (pieces, taken) = mpsc::channel(4);
    std::thread::spawn(move || {
        let mut waiting = tape.records.into_iter().peekable();
        while waiting.peek().is_some() {
            let now = clock.now();
            let mut chunk = Vec::new();
            while chunk.len() < CHUNK
                && let Some(record) = waiting.next_if(|record| record.at <= now)
            {
                chunk.push(record);
            }
            if chunk.is_empty() {
                std::thread::sleep(STEP);
            } else if pieces.blocking_send(Piece::Records(chunk)).is_err() {
                return;
            }
        }
        let _ = pieces.blocking_send(Piece::End(tape.losses));
    });
    taken
}
