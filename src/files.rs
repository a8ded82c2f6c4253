//! Events from files, stdin and journals, in the order that the contract gives them.
//!
//! Nearly sorted input is folded in one pass through a bounded reorder buffer. What one pass cannot know (an input out
//! of order, a plan in its middle, a line that makes it an export, more than 48 hours) is a [`course::Detour`]: it is
//! noted in the [`course::Course`] and the pass begins again, so that the common case costs nothing.

mod course;
mod entry;
mod gauge;
mod lines;
mod merge;
mod nearly;
mod pages;
mod runs;
pub mod spool;
mod walk;
mod window;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::engine::Arrival;
use crate::engine::event::{Quarantine, Record};
use crate::engine::plan::Plan;
use crate::engine::time::At;
use crate::journal::{self, JournalError, Losses};
use course::{Course, Detour};
pub use gauge::Gauge;
use merge::Merge;
use walk::Walk;
use window::Window;

/// Quarantined lines that are kept to be shown, for each input; the rest is only counted.
pub const SAMPLES: usize = 20;
/// The source of a line that names none.
pub const SOURCE: &str = "file";

/// What is read: files of JSON lines, journals, stdin.
#[derive(Debug)]
pub struct Inputs {
    inputs: Vec<Input>,
    gauge: Arc<Gauge>,
}

#[derive(Debug)]
struct Input {
    name: String,
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    Lines(PathBuf),
    Spooled(spool::Spool),
    Journal(PathBuf),
}

/// Why an input cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error("{path}: {error}")]
    Unreadable { path: String, error: io::Error },
    /// It names its file itself.
    #[error("{0}")]
    Journal(JournalError),
    #[error("temporary file: {0}")]
    Temporary(#[from] io::Error),
}

/// Takes the records in their order. A pass may begin again: then everything before is void.
pub trait Fold {
    fn begin(&mut self, arrival: Arrival, plan: &Plan);
    fn step(&mut self, record: &Record);
}

/// What an input gave, beside its events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputReport {
    pub name: String,
    /// Lines and records, good or not.
    pub received: u64,
    pub quarantine: BTreeMap<Quarantine, u64>,
    /// The first quarantined lines.
    pub samples: Vec<Sample>,
    /// What a damaged journal has lost.
    pub losses: Losses,
}

impl InputReport {
    fn put_aside(&mut self, sample: Sample) {
        *self.quarantine.entry(sample.reason).or_default() += 1;
        if self.samples.len() < SAMPLES {
            self.samples.push(sample);
        }
    }
    #[must_use]
    pub fn quarantined(&self) -> u64 {
        self.quarantine.values().sum()
    }
}

/// A line that became no event, or one outside the span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub reason: Quarantine,
    /// The field that is wrong, where it is one.
    pub detail: String,
    /// The line number, or a journal's own word.
    pub place: String,
    pub beginning: String,
}

impl Inputs {
    /// Paths of NDJSON files and `*.warroom` journals; `-` is stdin, which is kept in a temporary file meanwhile.
    ///
    /// # Errors
    /// When stdin cannot be kept.
    pub fn open(paths: &[String]) -> Result<Self, FilesError> {
        let inputs = paths.iter().map(|path| {
            let origin = if path == "-" {
                Origin::Spooled(spool::Spool::of(&mut io::stdin().lock())?)
            } else if Path::new(path).extension().is_some_and(|extension| extension == journal::EXTENSION) {
                Origin::Journal(path.into())
            } else {
                Origin::Lines(path.into())
            };
            Ok(Input { name: path.clone(), origin })
        });
        let inputs = inputs.collect::<Result<_, FilesError>>()?;
        Ok(Self { inputs, gauge: Arc::default() })
    }

    /// The same, counted on a gauge while they are read.
    #[must_use]
    pub fn measured(self, gauge: Arc<Gauge>) -> Self {
        Self { gauge, ..self }
    }

    /// Hands every record to `fold`, in order. `until` drops what happened after it.
    ///
    /// # Errors
    /// When an input is missing or cannot be read.
    pub fn fold(&self, plan: Option<Plan>, until: Option<At>, fold: &mut impl Fold) -> Result<Vec<InputReport>, FilesError> {
        let mut course = Course::new(plan, self.inputs.len(), Arc::clone(&self.gauge));
        if self.inputs.iter().any(|input| matches!(input.origin, Origin::Journal(_))) {
            course.arrival = Arrival::Live;
        }
        loop {
            let detour = match self.pass(&course, until, fold) {
                Ok(reports) => return Ok(reports),
                Err(Detour::Long) => match self.fullest_window(&course) {
                    Ok(window) => {
                        course.window = Some(window);
                        continue;
                    }
                    Err(detour) => detour,
                },
                Err(detour) => detour,
            };
            course.take(detour)?;
        }
    }

    fn pass(&self, course: &Course, until: Option<At>, fold: &mut impl Fold) -> Result<Vec<InputReport>, Detour> {
        fold.begin(course.arrival, &course.resolved_plan());
        self.gauge.reset();
        let mut merge = Merge::open(&self.inputs, course)?;
        let mut walk = Walk::new(course, until, self.inputs.len() == 1);
        while let Some(entry) = merge.advance()? {
            self.gauge.hand_on();
            if !walk.take(entry, fold)? {
                let (input, ts) = (entry.input, entry.record.event.ts);
                let sample = Sample { reason: Quarantine::Span, detail: "ts".to_owned(), place: String::new(), beginning: ts.rfc3339() };
                merge.report(input).put_aside(sample);
            }
        }
        walk.end(fold);
        Ok(merge.into_reports())
    }

    /// The 48 hours with most events, each counted once.
    fn fullest_window(&self, course: &Course) -> Result<Window, Detour> {
        self.gauge.reset();
        let mut merge = Merge::open(&self.inputs, course)?;
        let mut search = window::Search::default();
        while let Some(entry) = merge.advance()? {
            search.count(entry);
        }
        Ok(search.found())
    }
}

#[cfg(test)]
mod tests;
