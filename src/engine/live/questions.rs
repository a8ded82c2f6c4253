//! The queue of open questions.

use super::books::Books;
use crate::engine::event::Record;
use crate::engine::plan::Plan;
use crate::engine::time::At;

/// The queue of open questions.
#[derive(Clone, Debug, Default)]
pub struct Questions {}

impl Questions {
    /// Takes a record that concerns this ledger.
    pub fn fold(&mut self, record: &Record, books: &mut Books, plan: &Plan) {
        let _ = (record, books, plan);
    }
    /// Judges one whole second.
    pub fn judge(&mut self, second: At, plan: &Plan) {
        let _ = (second, plan);
    }
}
