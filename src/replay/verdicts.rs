//! What became of every record at the door. The one pass that judges them writes it down, so that no kept state needs the ids
//! that were seen.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::tape::Place;
use crate::engine::Admission;

/// Places of a page.
const PAGE: usize = 4_096;

/// The verdicts by place. A page is kept only where something was not accepted.
#[derive(Debug, Default)]
pub struct Verdicts(RwLock<BTreeMap<u64, Box<[Admission; PAGE]>>>);

impl Verdicts {
    /// Writes down what was not accepted.
    pub fn note(&self, exceptions: impl IntoIterator<Item = (Place, Admission)>) {
        let mut pages = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (place, verdict) in exceptions {
            let (page, within) = split(place);
            pages.entry(page).or_insert_with(|| Box::new([Admission::Accepted; PAGE]))[within] = verdict;
        }
    }

    /// What became of the record at that place.
    #[must_use]
    pub fn of(&self, place: Place) -> Admission {
        let (page, within) = split(place);
        let pages = self.0.read().unwrap_or_else(PoisonError::into_inner);
        pages.get(&page).map_or(Admission::Accepted, |page| page[within])
    }
}

fn split(place: Place) -> (u64, usize) {
    (place / PAGE as u64, usize::try_from(place % PAGE as u64).unwrap_or(0))
}
