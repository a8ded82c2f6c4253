//! The run of show as it went: cues, pins, explains.

use super::books::Books;
use crate::engine::event::Record;
use crate::engine::plan::Plan;

/// The run of show as it went: cues, pins, explains.
#[derive(Clone, Debug, Default)]
pub struct Segments {}

impl Segments {
    /// Takes a record that concerns this ledger.
    pub fn fold(&mut self, record: &Record, books: &mut Books, plan: &Plan) {
        let _ = (record, books, plan);
    }
}
