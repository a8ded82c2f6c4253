//! The summary: one JSON object with the figures on the glass, or a short table of them.
//!
//! It folds its inputs with the engine that the glass reads ([`Figures`] does nothing but ask it), so that a figure can
//! never differ from the one on the screen.

mod build;
mod shape;
mod table;

use std::sync::Arc;

use crate::config::playbook;
use crate::engine::event::Record;
use crate::engine::plan::Plan;
use crate::engine::time::At;
use crate::engine::{Arrival, Engine};
use crate::files::{FilesError, Fold, Gauge, InputReport, Inputs};
pub use shape::{Amount, FeedCounters, Figures, Metrics};

/// What to summarise, and how to print it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// NDJSON files, `-` for stdin, `*.warroom` journals.
    pub inputs: Vec<String>,
    pub plan: Option<Plan>,
    /// Drops what happened after it, and ages carts to it.
    pub at: Option<At>,
    /// Tells meanwhile how far the inputs are read.
    pub gauge: Arc<Gauge>,
}

/// A folded broadcast with what its inputs gave beside events.
#[derive(Debug)]
pub struct Folded {
    pub engine: Engine,
    pub reports: Vec<InputReport>,
    /// The instant that the figures are of.
    pub at: Option<At>,
}

struct Engines(Engine);

impl Fold for Engines {
    fn begin(&mut self, arrival: Arrival, plan: &Plan) {
        self.0 = Engine::new(plan.clone(), arrival);
        // Files carry no playbook: the shipped rules run as they would have. A journal brings its own.
        self.0.arm(playbook::shipped());
    }
    fn step(&mut self, record: &Record) {
        self.0.step(record);
    }
}

/// Folds the inputs of a request to the instant that it asks for.
///
/// # Errors
/// When an input is missing or cannot be read.
pub fn fold(request: &Request) -> Result<Folded, FilesError> {
    let mut engines = Engines(Engine::new(Plan::default(), Arrival::Files));
    let reports =
        Inputs::open(&request.inputs)?.measured(Arc::clone(&request.gauge)).fold(request.plan.clone(), request.at, &mut engines)?;
    let mut engine = engines.0;
    let at = request.at.or(engine.tally().to);
    if let Some(at) = at {
        engine.advance_to(at);
    }
    Ok(Folded { engine, reports, at })
}

/// The text that `warroom summary` prints, with its line end.
#[must_use]
pub fn print(folded: &Folded, json: bool) -> String {
    let figures = Figures::of(folded);
    if json { figures.json() + "\n" } else { table::print(&figures) }
}

#[cfg(test)]
mod tests;
