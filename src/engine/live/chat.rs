//! The chat: messages, authors and gestures by time.

use super::books::Books;
use crate::engine::event::Record;
use crate::engine::plan::Plan;

/// The chat: messages, authors and gestures by time.
#[derive(Clone, Debug, Default)]
pub struct Chat {}

impl Chat {
    /// Takes a record that concerns this ledger.
    pub fn fold(&mut self, record: &Record, books: &mut Books, plan: &Plan) {
        let _ = (record, books, plan);
    }
}
