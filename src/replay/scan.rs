//! The one pass over everything at the opening of a replay: keeps states on the way, what came late, and how much was lost.
//! It runs on a thread of its own and tells how far it is; what lies behind it can be played and gone to at once.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::copy::CopyWriter;
use super::keyframes::Keyframes;
use super::tape::{Place, Tape};
use super::verdicts::Verdicts;
use crate::engine::event::Record;
use crate::engine::plan::Plan;
use crate::engine::rule::Playbook;
use crate::engine::time::{At, SECOND_MS};
use crate::engine::view::marks::{Mark, MarkKind};
use crate::engine::{Admission, Arrival, Engine};
use crate::files::{Fold, Gauge, InputReport, Inputs};
use crate::journal::{self, JournalError, Losses, Reader};

/// Records between two reports of how far it is.
const PUBLISH_EVERY: u64 = 4_096;
/// What comes later than this after it happened is noted; nearer ones are found by reading on.
pub const LATE_MS: i64 = 60 * SECOND_MS;
/// Late facts that are noted, 24 bytes each; those beyond are counted.
pub const MOST_LATE: usize = 1_000_000;

/// A fact that came late, or that takes back what was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    pub ts: At,
    pub at: At,
    pub place: Place,
}

/// What a replay could not read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lost {
    pub losses: Losses,
    /// Lines and inputs that became no event.
    pub refused: u64,
}

/// What is known of a broadcast so far.
#[derive(Debug)]
pub struct Index {
    /// Grows when everything before is void.
    pub generation: u32,
    pub plan: Plan,
    pub tape: Option<Tape>,
    pub verdicts: Arc<Verdicts>,
    pub keyframes: Keyframes,
    /// The place, the number and the arrival of the last record.
    pub place: Place,
    pub records: u64,
    pub first: Option<At>,
    pub reached: At,
    pub late: Vec<Late>,
    pub late_left_out: u64,
    pub takes_back: Vec<Late>,
    pub marks: Arc<[Mark]>,
    /// About how much is stepped, from 0 to 1; how much of a file is read.
    share: f64,
    gauge: Arc<Gauge>,
    pub complete: bool,
    pub failed: Option<String>,
    pub lost: Lost,
}

impl Index {
    /// How much is opened, from 0 to 1 by whole percents. A file is read and stepped: where it must be sorted, one after the other.
    #[must_use]
    pub fn opened(&self) -> f64 {
        let share = self.gauge.share().map_or(self.share, |read| f64::midpoint(read, self.share));
        if self.complete { 1.0 } else { (share * 100.0).floor().min(99.0) / 100.0 }
    }
}

/// The index, as the scan and those who read it share it.
#[derive(Clone, Debug)]
pub struct Shared(Arc<Mutex<Index>>);

impl Shared {
    /// The index; a thread that panicked with it has ended the program already.
    pub fn lock(&self) -> MutexGuard<'_, Index> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
    fn is_wanted(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

/// Opens a journal or a file of events and starts reading it.
///
/// # Errors
/// When it is missing, no journal, of a newer format, or no thread can be started.
pub fn open(path: &Path, playbook: Playbook, gauge: Arc<Gauge>) -> io::Result<Shared> {
    let engine = Engine::new(Plan::default(), Arrival::Files);
    let index = Index {
        generation: 0,
        plan: Plan::default(),
        tape: None,
        verdicts: Arc::default(),
        keyframes: Keyframes::from(engine.clone()),
        place: 0,
        records: 0,
        first: None,
        reached: At::default(),
        late: Vec::new(),
        late_left_out: 0,
        takes_back: Vec::new(),
        marks: Arc::default(),
        share: 0.0,
        gauge: Arc::clone(&gauge),
        complete: false,
        failed: None,
        lost: Lost::default(),
    };
    let shared = Shared(Arc::new(Mutex::new(index)));
    let scan = Scan {
        shared: shared.clone(),
        playbook,
        engine,
        copy: None,
        failed: None,
        place: 0,
        records: 0,
        first: None,
        exceptions: Vec::new(),
        late: Vec::new(),
        takes_back: Vec::new(),
        size: 1,
    };
    let path = path.to_owned();
    if path.extension().is_some_and(|extension| extension == journal::EXTENSION) {
        let of_journal = |error: JournalError| io::Error::other(error.to_string());
        let reader = Reader::open(&path).map_err(of_journal)?;
        let (plan, size) = (reader.plan().cloned().unwrap_or_default(), reader.last_seq());
        let refused = reader.quarantined().len() as u64;
        std::thread::Builder::new().name("scan".into()).spawn(move || scan.read_journal(path, &plan, size, refused))?;
    } else {
        let size = if path.as_os_str() == "-" { 1 } else { std::fs::metadata(&path).map_err(|error| named(&path, &error))?.len() };
        std::thread::Builder::new().name("scan".into()).spawn(move || Scan { size, ..scan }.read_files(&path, gauge))?;
    }
    Ok(shared)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The pass.
struct Scan {
    shared: Shared,
    playbook: Playbook,
    engine: Engine,
    copy: Option<CopyWriter>,
    failed: Option<String>,
    place: Place,
    records: u64,
    first: Option<At>,
    /// Verdicts that are to be written down.
    exceptions: Vec<(Place, Admission)>,
    late: Vec<Late>,
    takes_back: Vec<Late>,
    /// The last number of a journal, the bytes of a file.
    size: u64,
}

impl Scan {
    fn read_journal(mut self, path: PathBuf, plan: &Plan, size: u64, refused: u64) {
        self.size = size;
        let tape = Tape::Journal(path);
        self.start(Arrival::Live, plan, Some(tape.clone()));
        // a journal whose end is damaged does not know its last number
        let upto = if size == 0 { Place::MAX } else { size };
        let mut stream = match tape.stream(0, upto) {
            Ok(stream) => stream,
            Err(error) => return self.end(Err(error.to_string())),
        };
        while self.shared.is_wanted()
            && let Some(record) = stream.take()
        {
            self.place = stream.place();
            self.take(&record);
        }
        let losses = stream.losses().clone();
        self.end(stream.failed().map_or(Ok(Lost { losses, refused }), |error| Err(error.to_owned())));
    }

    fn read_files(mut self, path: &Path, gauge: Arc<Gauge>) {
        let read = Inputs::open(&[path.display().to_string()]).and_then(|inputs| inputs.measured(gauge).fold(None, None, &mut self));
        let ended = match (self.failed.take(), read) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => Err(error.to_string()),
            (None, Ok(reports)) => Ok(lost(reports)),
        };
        self.end(ended);
    }

    /// Begins, perhaps anew.
    fn start(&mut self, arrival: Arrival, plan: &Plan, tape: Option<Tape>) {
        self.engine = Engine::new(plan.clone(), arrival);
        self.engine.arm(self.playbook.clone());
        (self.place, self.records, self.first) = (0, 0, None);
        self.exceptions.clear();
        self.late.clear();
        self.takes_back.clear();
        let mut index = self.shared.lock();
        index.generation += 1;
        index.plan = plan.clone();
        index.tape = tape;
        index.verdicts = Arc::default();
        index.keyframes = Keyframes::from(self.engine.clone());
        (index.place, index.records, index.first, index.reached) = (0, 0, None, At::default());
        index.late.clear();
        index.takes_back.clear();
        index.late_left_out = 0;
        index.share = 0.0;
        index.marks = Arc::default();
    }

    fn take(&mut self, record: &Record) {
        let (_, verdict) = self.engine.step_and_judge(record);
        self.records += 1;
        self.first = self.first.or(Some(record.at));
        let late = Late { ts: record.event.ts, at: record.at, place: self.place };
        if verdict != Admission::Accepted {
            self.exceptions.push((self.place, verdict));
        } else if record.event.fact.takes_back().is_some() {
            self.takes_back.push(late);
        } else if record.at.since_ms(record.event.ts) > LATE_MS {
            self.late.push(late);
        }
        if self.records == 1 || self.records.is_multiple_of(PUBLISH_EVERY) {
            self.publish();
        }
    }

    /// Tells how far it is.
    fn publish(&mut self) {
        if let Some(error) = self.copy.as_mut().and_then(|copy| copy.publish().err()) {
            self.failed.get_or_insert_with(|| full(&error));
        }
        let done = self.copy.as_ref().map_or(self.place, CopyWriter::bytes);
        #[expect(clippy::cast_precision_loss, reason = "a share that is told in percent")]
        let share = done as f64 / self.size.max(1) as f64;
        let shared = self.shared.clone();
        let mut index = shared.lock();
        // before the places that they are of
        index.verdicts.note(self.exceptions.drain(..));
        let kept = index.keyframes.len();
        index.keyframes.offer(self.records, share, self.place, &mut self.engine);
        if index.keyframes.len() != kept {
            // what is a peak is known at the end
            index.marks = self.engine.marks().into_iter().filter(|mark| mark.kind != MarkKind::Peak).collect();
        }
        (index.place, index.records, index.first, index.reached) = (self.place, self.records, self.first, self.engine.now());
        index.share = share.min(0.99);
        let room = MOST_LATE.saturating_sub(index.late.len() + index.takes_back.len());
        let fits = self.late.len().min(room);
        index.late_left_out += (self.late.len() - fits) as u64;
        index.late.extend(self.late.drain(..).take(fits));
        index.takes_back.append(&mut self.takes_back);
    }

    fn end(mut self, ended: Result<Lost, String>) {
        self.publish();
        let mut index = self.shared.lock();
        index.marks = self.engine.marks().into();
        index.keyframes.close(self.place, &mut self.engine);
        match ended {
            Ok(lost) => index.lost = lost,
            Err(error) => index.failed = Some(error),
        }
        (index.share, index.complete) = (1.0, true);
    }
}

impl Fold for Scan {
    fn begin(&mut self, arrival: Arrival, plan: &Plan) {
        match CopyWriter::new() {
            Ok(copy) => {
                let tape = Tape::Copy(copy.copy());
                self.copy = Some(copy);
                self.start(arrival, plan, Some(tape));
            }
            Err(error) => {
                self.failed.get_or_insert_with(|| full(&error));
                self.start(arrival, plan, None);
            }
        }
    }

    fn step(&mut self, record: &Record) {
        if self.failed.is_some() {
            return;
        }
        match self.copy.as_mut().map(|copy| copy.push(record)) {
            Some(Err(error)) => self.failed = Some(full(&error)),
            Some(Ok(())) | None => {
                self.place += 1;
                self.take(record);
            }
        }
    }
}

fn full(error: &io::Error) -> String {
    format!("the events cannot be kept in order: {error}; make room in the folder for temporary files, or set TMPDIR to another")
}

fn lost(reports: Vec<InputReport>) -> Lost {
    reports.into_iter().fold(Lost::default(), |mut lost, report| {
        lost.refused += report.quarantined();
        lost.losses.gaps.extend(report.losses.gaps);
        lost.losses.unreadable += report.losses.unreadable;
        lost.losses.tail |= report.losses.tail;
        lost.losses.newer = lost.losses.newer.or(report.losses.newer);
        lost
    })
}
