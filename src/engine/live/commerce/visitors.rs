//! Who came: distinct visitors by time, channel and product, and how long they stayed.

use smallvec::SmallVec;

use crate::engine::id::{Set, Sym, Table};
use crate::engine::series::{Count, Sheet, Slots, Window, slot_of};
use crate::engine::time::{At, SECOND_MS};

/// A watch longer than this is taken for this.
const LONGEST_WATCH_S: i64 = 24 * 3_600;
/// Joins and leaves of one visitor that are kept.
const MOST_PASSAGES: usize = 200;

/// The last thing that a visitor was seen doing: saves most look-ups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Last {
    slot: u32,
    channel: u32,
    product_slot: u32,
    product: u32,
    seen: bool,
}

/// A visitor comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Passage {
    at: At,
    leaves: bool,
    watched_s: Option<i64>,
}

/// One stay in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Visit {
    from: At,
    /// Its end and length, once known.
    ended: Option<(At, i64)>,
}

/// The ledger.
#[derive(Clone, Debug, Default)]
pub struct Visitors {
    last: Vec<Last>,
    slots: Slots<Vec<(u32, u32)>>,
    products: Slots<Vec<(u32, u32)>>,
    pairs: Set<(u8, u32, u32)>,
    of_channel: Table<Sym, i64>,
    of_product: Table<Sym, i64>,
    passages: Vec<SmallVec<[Passage; 2]>>,
    all: i64,
}

const CHANNEL: u8 = 0;
const PRODUCT: u8 = 1;

impl Visitors {
    /// A visitor was seen, whatever the event.
    pub fn see(&mut self, visitor: Sym, channel: Sym, at: At) {
        let last = last_of(&mut self.last, visitor);
        let slot = slot_of(at);
        if last.seen && last.slot == slot && last.channel == channel.0 {
            return;
        }
        let new_channel = !last.seen || last.channel != channel.0;
        if !last.seen {
            self.all += 1;
        }
        (last.slot, last.channel, last.seen) = (slot, channel.0, true);
        self.slots.entry(slot).push((visitor.0, channel.0));
        if new_channel && self.pairs.insert((CHANNEL, channel.0, visitor.0)) {
            *self.of_channel.entry(channel).or_default() += 1;
        }
    }

    /// A visitor did something with a product.
    pub fn look_at(&mut self, visitor: Sym, product: Sym, at: At) {
        let last = last_of(&mut self.last, visitor);
        let slot = slot_of(at);
        if last.product_slot == slot && last.product == product.0 {
            return;
        }
        (last.product_slot, last.product) = (slot, product.0);
        self.products.entry(slot).push((visitor.0, product.0));
        if self.pairs.insert((PRODUCT, product.0, visitor.0)) {
            *self.of_product.entry(product).or_default() += 1;
        }
    }

    /// Distinct visitors within a window; of the live, or of some channels.
    #[must_use]
    pub fn distinct(&self, window: Window, channels: Option<&[Sym]>) -> i64 {
        match (window.whole, channels) {
            (true, None) => self.all,
            (true, Some([only])) => self.of_channel.get(only).copied().unwrap_or(0),
            (true, Some(_)) => distinct(self.slots.all(), |channel| channels.is_none_or(|known| known.contains(&Sym(channel)))),
            (false, _) => {
                distinct(self.slots.range(window.from, window.to), |channel| channels.is_none_or(|known| known.contains(&Sym(channel))))
            }
        }
    }

    /// Distinct visitors who did something with a product.
    #[must_use]
    pub fn of_product(&self, window: Window, product: Sym) -> i64 {
        if window.whole {
            return self.of_product.get(&product).copied().unwrap_or(0);
        }
        distinct(self.products.range(window.from, window.to), |other| other == product.0)
    }

    /// Takes a join or a leave, and puts the visitor's stays anew.
    pub fn pass(&mut self, visitor: Sym, leaves: bool, watched_s: Option<i64>, at: At, sheet: &mut Sheet) {
        if self.passages.len() <= visitor.index() {
            self.passages.resize(visitor.index() + 1, SmallVec::new());
        }
        let passages = &mut self.passages[visitor.index()];
        if passages.len() >= MOST_PASSAGES {
            return;
        }
        let before = visits(passages);
        let passage = Passage { at, leaves, watched_s: watched_s.map(|s| s.clamp(0, LONGEST_WATCH_S)) };
        let place = passages.partition_point(|known| *known < passage);
        passages.insert(place, passage);
        let after = visits(passages);
        let same = before.iter().zip(&after).take_while(|(was, is)| was == is).count();
        for (visit, sign) in before[same..].iter().map(|visit| (visit, -1)).chain(after[same..].iter().map(|visit| (visit, 1))) {
            visit.post(sign, sheet);
        }
    }
}

fn last_of(last: &mut Vec<Last>, visitor: Sym) -> &mut Last {
    if last.len() <= visitor.index() {
        last.resize(visitor.index() + 1, Last::default());
    }
    &mut last[visitor.index()]
}

fn distinct(slots: &[(u32, Vec<(u32, u32)>)], keeps: impl Fn(u32) -> bool) -> i64 {
    let mut seen: Vec<u32> =
        slots.iter().flat_map(|(_, seen)| seen.iter().filter(|(_, of)| keeps(*of)).map(|(visitor, _)| *visitor)).collect();
    seen.sort_unstable();
    seen.dedup();
    i64::try_from(seen.len()).unwrap_or(i64::MAX)
}

/// The stays that joins and leaves make: a leave ends the join before it; one without a join says itself how long it was.
fn visits(passages: &[Passage]) -> SmallVec<[Visit; 2]> {
    let mut visits = SmallVec::<[Visit; 2]>::new();
    for passage in passages {
        let open = visits.last_mut().filter(|visit| visit.ended.is_none());
        match (passage.leaves, open) {
            (false, _) => visits.push(Visit { from: passage.at, ended: None }),
            (true, Some(open)) => {
                let stayed = passage.at.since_ms(open.from) / SECOND_MS;
                open.ended = Some((passage.at, passage.watched_s.unwrap_or(stayed.clamp(0, LONGEST_WATCH_S))));
            }
            (true, None) => {
                if let Some(watched) = passage.watched_s {
                    visits.push(Visit { from: passage.at.plus_s(-watched), ended: Some((passage.at, watched)) });
                }
            }
        }
    }
    visits
}

impl Visit {
    fn post(&self, sign: i64, sheet: &mut Sheet) {
        let from = slot_of(self.from);
        sheet.add(Count::Entered, from, sign);
        let Some((at, watched)) = self.ended else { return };
        sheet.add(Count::Visits, slot_of(at), sign);
        sheet.add(Count::WatchedS, slot_of(at), sign * watched);
        for (limit, count) in [(10, Count::LeftBefore10s), (30, Count::LeftBefore30s), (60, Count::LeftBefore60s)] {
            if watched < limit {
                sheet.add(count, from, sign);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_are_the_same_whatever_came_first() {
        let at = |second| At::parse("2026-11-21T22:00:00Z", None).unwrap().plus_s(second);
        let facts = [(false, None, 0), (true, None, 25), (false, None, 100), (true, Some(70), 170)];
        let mut sheets: Vec<Sheet> = Vec::new();
        for order in [[0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 0, 1]] {
            let (mut visitors, mut sheet) = (Visitors::default(), Sheet::default());
            for index in order {
                let (leaves, watched, second) = facts[index];
                visitors.pass(Sym(0), leaves, watched, at(second), &mut sheet);
            }
            sheets.push(sheet);
        }
        let whole = Window { from: 0, to: 0, whole: true };
        for sheet in &sheets {
            let count = |count| sheet.count(count, whole);
            assert_eq!([count(Count::Entered), count(Count::Visits), count(Count::WatchedS)], [2, 2, 95]);
            assert_eq!([count(Count::LeftBefore30s), count(Count::LeftBefore60s)], [1, 1]);
        }
    }

    #[test]
    fn a_visitor_counts_once_in_every_window() {
        let at = |second| At::parse("2026-11-21T22:00:00Z", None).unwrap().plus_s(second);
        let mut visitors = Visitors::default();
        for (visitor, channel, second) in [(0, 0, 0), (0, 0, 15), (1, 0, 3), (0, 1, 4), (2, 1, 30)] {
            visitors.see(Sym(visitor), Sym(channel), at(second));
            visitors.look_at(Sym(visitor), Sym(5), at(second));
        }
        let whole = Window { from: 0, to: 0, whole: true };
        let first = Window::between(slot_of(at(0)), slot_of(at(20)));
        assert_eq!([visitors.distinct(whole, None), visitors.distinct(first, None)], [3, 2]);
        assert_eq!([visitors.distinct(whole, Some(&[Sym(1)])), visitors.distinct(first, Some(&[Sym(1)]))], [2, 1]);
        assert_eq!(visitors.of_product(whole, Sym(5)), 3);
    }
}
