//! One partition as it is read: who leads it, where it stands, and what was wrong with its next batch.

use super::super::fault::{Fault, FaultKind};
use super::cluster::Place;
use super::fetch::PARTITION_BYTES;
use crate::engine::time::At;

/// A batch that comes damaged is fetched anew; one that comes so often with the same damage lies damaged in the topic.
const DAMAGED_TIMES: u32 = 5;

/// One partition.
#[derive(Debug)]
pub struct Partition {
    /// None: it is unknown who leads it, or the leader fails.
    pub leader: Option<i32>,
    /// Where it is entered; none: it is, on this reading.
    pub enter: Option<Place>,
    /// Everything before this has been read.
    pub read_to: Option<At>,
    /// True once it was read to its end.
    pub caught_up: bool,
    /// Bytes of it that are fetched at once.
    pub bytes: i32,
    /// The damage that its next batch came with, and how often.
    pub damage: Option<(u32, u32)>,
}

impl Partition {
    #[must_use]
    pub const fn new(leader: Option<i32>, enter: Place) -> Self {
        Self { leader, enter: Some(enter), read_to: None, caught_up: false, bytes: PARTITION_BYTES, damage: None }
    }

    /// Counts a damage; true once it has come often enough to be believed to lie in the topic.
    pub fn is_damaged_for_good(&mut self, print: u32) -> bool {
        let times = self.damage.filter(|(known, _)| *known == print).map_or(0, |(_, times)| times) + 1;
        self.damage = Some((print, times));
        times >= DAMAGED_TIMES
    }

    /// After a fetch that brought it on, or did not because the batch was cut: brokers that cut the first batch of a fetch are
    /// asked for more of it.
    ///
    /// # Errors
    /// When it is cut however much is asked for.
    pub fn settle(&mut self, brought_on: bool, cut: Option<usize>) -> Result<(), Fault> {
        if brought_on {
            (self.bytes, self.damage) = (PARTITION_BYTES, None);
        } else if let Some(needed) = cut {
            let needed = i32::try_from(needed).unwrap_or(i32::MAX);
            if self.bytes >= needed {
                return Err(Fault::new(FaultKind::Truncated, "the broker never gives a batch as a whole"));
            }
            self.bytes = needed;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_damage_time_and_again_lies_in_the_topic() {
        let mut partition = Partition::new(Some(1), Place::Earliest);
        assert!((0..10).all(|print| !partition.is_damaged_for_good(print)), "each time another");
        assert_eq!((0..5).map(|_| partition.is_damaged_for_good(77)).collect::<Vec<_>>(), [false, false, false, false, true]);
        partition.settle(true, None).unwrap();
        assert!(!partition.is_damaged_for_good(77), "another batch");
    }

    #[test]
    fn a_batch_that_is_cut_is_asked_for_in_full_and_not_for_ever() {
        let mut partition = Partition::new(Some(1), Place::Earliest);
        assert_eq!(partition.settle(false, Some(3 << 20)), Ok(()));
        assert_eq!(partition.bytes, 3 << 20);
        assert!(partition.settle(false, Some(3 << 20)).is_err());
        assert_eq!(partition.settle(true, Some(61)), Ok(()), "the end of a fetch is always cut");
        assert_eq!(partition.bytes, PARTITION_BYTES);
    }
}
