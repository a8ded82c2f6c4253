//! Feed health and completeness.

use super::books::Books;
use crate::engine::event::Record;
use crate::engine::notice::Notice;
use crate::engine::plan::Plan;
use crate::engine::time::At;

/// Feed health and completeness.
#[derive(Clone, Debug, Default)]
pub struct Feeds {}

impl Feeds {
    /// Takes every record: a fact is a sign of life of its source, a feed state says how a feed stands.
    pub fn fold(&mut self, record: &Record, books: &mut Books, plan: &Plan, notices: &mut Vec<Notice>) {
        let _ = (record, books, plan, notices);
    }

    /// Judges one whole second.
    pub fn judge(&mut self, second: At, plan: &Plan, notices: &mut Vec<Notice>) {
        let _ = (second, plan, notices);
    }
}
