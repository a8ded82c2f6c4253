//! What a pass over the inputs has to know from its first record on, and what sends it back to the beginning.

use std::io;
use std::sync::Arc;

use super::FilesError;
use super::entry::Entry;
use super::gauge::Gauge;
use super::window::Window;
use crate::engine::Arrival;
use crate::engine::event::{Event, Fact};
use crate::engine::plan::Plan;
use crate::engine::wire::Defaults;

/// Known before a pass begins.
#[derive(Debug)]
pub struct Course {
    pub arrival: Arrival,
    /// The plan of the command line: plans inside the inputs then count for nothing.
    pub plan: Option<Plan>,
    /// The first plan, playbook and priors, stepped before everything else.
    pub first: [Option<Entry>; 3],
    pub defaults: Defaults,
    /// Inputs that are too far out of order for one pass.
    pub unsorted: Vec<bool>,
    /// Where the 48 hours lie, once they had to be searched.
    pub window: Option<Window>,
    pub gauge: Arc<Gauge>,
}

/// What was learned on the way and needs a new pass.
#[derive(Debug)]
pub enum Detour {
    /// A line carries `at` and `seq`: arrival is a fact.
    Live,
    /// This input is not nearly sorted.
    Unsorted(usize),
    /// A control record that has to be stepped first.
    First(Box<Entry>),
    /// More than 48 hours, and no plan to say which of them count.
    Long,
    Failed(FilesError),
}

impl From<FilesError> for Detour {
    fn from(error: FilesError) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for Detour {
    fn from(error: io::Error) -> Self {
        Self::Failed(FilesError::Temporary(error))
    }
}

impl Course {
    pub fn new(plan: Option<Plan>, inputs: usize, gauge: Arc<Gauge>) -> Self {
        let currency = plan.as_ref().and_then(|plan| plan.currency);
        Self {
            arrival: Arrival::Files,
            plan,
            first: [None, None, None],
            defaults: Defaults { source: Some(super::SOURCE.into()), currency, ..Defaults::default() },
            unsorted: vec![false; inputs],
            window: None,
            gauge,
        }
    }

    /// The plan that the fold begins with.
    pub fn resolved_plan(&self) -> Plan {
        let in_inputs = || self.first[0].as_ref().and_then(|entry| plan_of(&entry.record.event));
        self.plan.clone().or_else(in_inputs).unwrap_or_default()
    }

    /// Notes what a pass has learned.
    pub fn take(&mut self, detour: Detour) -> Result<(), FilesError> {
        match detour {
            Detour::Live => self.arrival = Arrival::Live,
            Detour::Unsorted(input) => {
                if let Some(unsorted) = self.unsorted.get_mut(input) {
                    *unsorted = true;
                }
            }
            Detour::First(entry) => self.put_first(*entry),
            Detour::Long => {}
            Detour::Failed(error) => return Err(error),
        }
        Ok(())
    }

    fn put_first(&mut self, entry: Entry) {
        if let Some(place) = first_place(&entry.record.event) {
            self.first[place] = Some(entry);
        }
        if self.plan.is_none() {
            self.defaults.currency = self.resolved_plan().currency;
        }
    }

    /// Asked of every record that is read: may this pass go on?
    pub fn check(&self, entry: &Entry) -> Result<(), Detour> {
        if entry.is_arrival && self.arrival == Arrival::Files {
            return Err(Detour::Live);
        }
        let Some(place) = first_place(&entry.record.event) else { return Ok(()) };
        if place == 0 && self.plan.is_some() {
            return Ok(());
        }
        match &self.first[place] {
            Some(first) if first.order(entry).is_le() => Ok(()),
            _ => Err(Detour::First(Box::new(entry.clone()))),
        }
    }
}

/// Where a control record stands among those that are stepped first.
pub const fn first_place(event: &Event) -> Option<usize> {
    match event.fact {
        Fact::Plan(_) => Some(0),
        Fact::Playbook(_) => Some(1),
        Fact::Priors(_) => Some(2),
        _ => None,
    }
}

fn plan_of(event: &Event) -> Option<Plan> {
    if let Fact::Plan(control) = &event.fact { serde_json::from_str(&control.body).ok() } else { None }
}
