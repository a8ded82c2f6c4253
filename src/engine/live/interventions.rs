//! The operator's acts and the log.

use super::books::Books;
use crate::engine::event::Record;
use crate::engine::plan::Plan;
use crate::engine::time::At;

/// The operator's acts and the log.
#[derive(Clone, Debug, Default)]
pub struct Interventions {}

impl Interventions {
    /// Takes a record that concerns this ledger.
    pub fn fold(&mut self, record: &Record, books: &mut Books, plan: &Plan) {
        let _ = (record, books, plan);
    }
    /// Judges one whole second.
    pub fn judge(&mut self, second: At, plan: &Plan) {
        let _ = (second, plan);
    }
}
