//! What was put aside before: a window that overlaps brings it again with every poll, and it is news only once.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Rejected;
use super::mapping::Mapped;
use crate::engine::id::{Set, Table};

/// Inputs of one feed that are remembered; the oldest is forgotten first.
const REMEMBERED: usize = 10_000;

/// What one feed has put aside so far.
#[derive(Debug, Default)]
pub struct Asides {
    known: Set<u64>,
    order: VecDeque<u64>,
    /// How often each came in this round: two inputs that look alike are two.
    round: Table<u64, u32>,
}

impl Asides {
    /// A round begins: what comes from now on may have come before.
    pub fn begin_round(&mut self) {
        self.round.clear();
    }

    /// Knows what was told before the desk was started again.
    pub fn know(&mut self, told: &[Rejected]) {
        self.begin_round();
        for aside in told {
            self.is_first(look_of(aside));
        }
    }

    /// Takes out, and out of its counts, what was told before by an earlier round.
    pub fn drop_known(&mut self, mapped: &mut Mapped) {
        mapped.rejected.retain(|aside| self.is_first(look_of(aside)));
        let (unmapped, skipped) = (&mut mapped.unmapped, &mut mapped.skipped);
        mapped.left_out.retain(|left| {
            let is_news = self.is_first(hash(&(&left.why, &left.beginning)));
            if !is_news {
                let count = if left.why.is_some() { &mut *skipped } else { &mut *unmapped };
                *count = count.saturating_sub(1);
            }
            is_news
        });
    }

    /// True where no earlier round brought as many of this look.
    fn is_first(&mut self, look: u64) -> bool {
        let room = self.round.len() < REMEMBERED || self.round.contains_key(&look);
        let times = room.then(|| {
            let times = self.round.entry(look).or_default();
            *times += 1;
            *times
        });
        self.is_news(&(look, times))
    }

    /// True for the first time.
    pub fn is_news(&mut self, what: &impl Hash) -> bool {
        let look = hash(what);
        if !self.known.insert(look) {
            return false;
        }
        self.order.push_back(look);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.swap_remove(&oldest);
        }
        true
    }
}

fn look_of(aside: &Rejected) -> u64 {
    hash(&(aside.reject.reason, &aside.reject.detail, &aside.beginning))
}

/// A short sign of what is only to be known again.
pub(super) fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::Quarantine;
    use crate::engine::wire::Reject;
    use crate::feed::mapping::LeftOut;

    fn aside(beginning: &str) -> Rejected {
        let reject = Reject { reason: Quarantine::BadMoney, detail: "value".into() };
        Rejected { reject, place: String::new(), beginning: beginning.into() }
    }

    fn told(asides: &mut Asides, round: &[&str]) -> usize {
        let mut mapped = Mapped { rejected: round.iter().map(|beginning| aside(beginning)).collect(), ..Mapped::default() };
        asides.begin_round();
        asides.drop_known(&mut mapped);
        mapped.rejected.len()
    }

    #[test]
    fn what_every_round_brings_is_told_once_and_two_that_look_alike_are_two() {
        let mut asides = Asides::default();
        let rounds: [&[&str]; 4] = [&["a", "a", "b"], &["a", "a", "b"], &["b", "a", "c"], &["a", "a", "a"]];
        assert_eq!(rounds.map(|round| told(&mut asides, round)), [3, 0, 1, 1]);
    }

    #[test]
    fn what_was_told_before_a_restart_is_told_and_what_is_left_out_counts_once() {
        let mut asides = Asides::default();
        asides.know(&[aside("a"), aside("a"), aside("b")]);
        assert_eq!(told(&mut asides, &["a", "b", "a", "a"]), 1);
        let left = |why: Option<&str>, beginning: &str| LeftOut { why: why.map(str::to_owned), beginning: beginning.to_owned() };
        let mut counts = |left_out: &[LeftOut]| {
            let skipped = left_out.iter().filter(|left| left.why.is_some()).count();
            let mut mapped = Mapped { unmapped: left_out.len() - skipped, skipped, left_out: left_out.to_vec(), ..Mapped::default() };
            asides.begin_round();
            asides.drop_known(&mut mapped);
            (mapped.unmapped, mapped.skipped)
        };
        let (x, y) = (left(None, "x"), left(Some("training"), "y"));
        assert_eq!(counts(&[x.clone(), x.clone(), y.clone()]), (2, 1));
        assert_eq!(counts(&[x.clone(), x.clone(), y.clone(), left(None, "z")]), (1, 0));
    }

    #[test]
    fn what_was_put_aside_takes_no_more_memory_than_its_limit() {
        let mut asides = Asides::default();
        let first = (0..3 * REMEMBERED).filter(|number| asides.is_news(number)).count();
        assert_eq!((first, asides.known.len(), asides.order.len()), (3 * REMEMBERED, REMEMBERED, REMEMBERED));
    }
}
