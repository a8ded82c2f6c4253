//! The ledgers of one broadcast, one a file. Ledgers don't read each other; [`Live`] hands each record to those it concerns.

use super::plan::Plan;

/// All ledgers.
#[derive(Clone, Debug, Default)]
pub struct Live {}

impl Live {
    #[must_use]
    pub fn new(_plan: &Plan) -> Self {
        Self::default()
    }
}
