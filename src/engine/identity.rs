//! Who may come in: what is known already, what contradicts it, what comes from too far off.

use std::collections::BTreeMap;

use super::event::{Event, Quarantine};
use super::plan::Plan;
use super::time::At;
use super::{Admission, Arrival};

/// What came in, by what became of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    pub accepted: u64,
    pub duplicate: u64,
    pub conflict: u64,
    /// Accepted, but more than the lateness limit after it happened.
    pub late: u64,
    pub test: u64,
    /// Refused by the engine; what was no event at all is counted by whoever read it.
    pub quarantine: BTreeMap<Quarantine, u64>,
    /// Accepted events by type.
    pub by_type: BTreeMap<&'static str, u64>,
    /// Smallest and largest accepted `ts`, control records aside.
    pub from: Option<At>,
    pub to: Option<At>,
}

/// The door.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    tally: Tally,
}

impl Identity {
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What would become of an event.
    #[must_use]
    pub fn judge(&self, event: &Event, at: At, arrival: Arrival, plan: &Plan) -> Admission {
        let _ = (at, arrival, plan);
        if event.test { Admission::Test } else { Admission::Accepted }
    }

    /// Judges an event and remembers it.
    pub fn admit(&mut self, event: &Event, at: At, arrival: Arrival, plan: &Plan) -> Admission {
        let admission = self.judge(event, at, arrival, plan);
        match admission {
            Admission::Accepted => self.tally.accepted += 1,
            Admission::Duplicate => self.tally.duplicate += 1,
            Admission::Conflict => self.tally.conflict += 1,
            Admission::Test => self.tally.test += 1,
            Admission::Refused(reason) => *self.tally.quarantine.entry(reason).or_default() += 1,
        }
        admission
    }
}
