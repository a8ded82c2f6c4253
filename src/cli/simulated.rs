//! `warroom simulate --journal FILE`: the simulated broadcast as a live would have written it.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::output::{Failure, code};
use crate::engine::event::Record;
use crate::engine::{Arrival, Engine};
use crate::journal::format::key;
use crate::journal::{Journal, JournalBatch, JournalError};
use crate::lives::KeyFigures;
use crate::simulate::Records;
use crate::simulate::scenario::Scenario;

/// Records of one batch; the next is made while the one before is being committed.
const BATCH: usize = 4_096;

/// Writes the broadcast of `seed` into a new journal.
///
/// # Errors
/// When the journal exists already or cannot be written to its end.
pub fn to_journal(seed: u64, hours: f64, path: &Path) -> Result<u8, Failure> {
    let scenario = Scenario::demo().map_err(|problems| Failure::other(problems.join("\n")))?;
    let scenario = Arc::new(scenario.lasting(hours));
    let plan = scenario.plan();
    let mut writer = Journal::create(path, &plan).map_err(|error| match error {
        JournalError::Exists { .. } => Failure::new(code::CONFIGURATION, error),
        other => Failure::new(code::JOURNAL, other),
    })?;
    let mut engine = Engine::new(plan, Arrival::Live);
    let mut records = Records::new(scenario, seed).map_err(Failure::other)?;
    let mut before: Option<oneshot::Receiver<bool>> = None;
    loop {
        let batch: Arc<[Record]> = records.by_ref().take(BATCH).collect();
        if before.take().is_some_and(|stored| !stored.blocking_recv().unwrap_or(false)) || batch.is_empty() {
            break;
        }
        let (committed, stored) = oneshot::channel();
        before = Some(stored);
        writer.append(JournalBatch { records: Arc::clone(&batch), committed: Some(committed), ..JournalBatch::default() });
        for record in batch.iter() {
            engine.step(record);
        }
    }
    let figures = serde_json::to_string(&KeyFigures::of(&engine, writer.last_seq())).unwrap_or_default();
    writer.remember(key::FIGURES, figures);
    let closing = writer.close();
    match closing.error {
        Some(error) => Err(Failure::new(code::JOURNAL, format!("{}: {error}", path.display()))),
        None if closing.ever_failed => Err(Failure::new(code::JOURNAL, format!("{}: the journal failed on the way", path.display()))),
        None => Ok(code::DONE),
    }
}
