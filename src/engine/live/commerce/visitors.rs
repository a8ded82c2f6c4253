//! Who came: distinct visitors by time, channel and product, and how long they stayed.
//!
//! A fact tells when its visitor was there. A state (an order, a cart) tells only who: its `ts` is when a version was
//! written or fetched, and which versions are new depends on the order of arrival. Who placed an order within a window is
//! asked of the orders.

use smallvec::SmallVec;

use crate::engine::id::{Pieces, Sym, Syms};
use crate::engine::series::{Count, Sheet, Slots, Window, slot_of};
use crate::engine::time::{At, SECOND_MS};

/// A watch longer than this is taken for this.
const LONGEST_WATCH_S: i64 = 24 * 3_600;
/// Joins and leaves of one visitor that are kept.
const MOST_PASSAGES: usize = 200;

/// What a visitor was seen with in a slot: visitor, channel and product in one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sight(u64);

/// The product of a sight that is of none; products beyond are taken for one another.
const NO_PRODUCT: u32 = (1 << 24) - 1;
const LAST_PRODUCT: u32 = NO_PRODUCT - 1;
const LAST_CHANNEL: u32 = 255;

impl Sight {
    fn new(visitor: Sym, channel: Sym, product: Option<Sym>) -> Self {
        let product = product.map_or(NO_PRODUCT, |product| product.0.min(LAST_PRODUCT));
        Self(u64::from(visitor.0) << 32 | u64::from(channel.0.min(LAST_CHANNEL)) << 24 | u64::from(product))
    }
    const fn visitor(self) -> u64 {
        self.0 >> 32
    }
    fn is_of_channel(self, channel: Sym) -> bool {
        self.0 >> 24 & 0xFF == u64::from(channel.0.min(LAST_CHANNEL))
    }
    fn is_of_product(self, product: Sym) -> bool {
        self.0 & u64::from(NO_PRODUCT) == u64::from(product.0.min(LAST_PRODUCT))
    }
}

/// The last sight of a visitor. Looking at it saves most look-ups, and changes nothing that is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Last {
    sight: Sight,
    /// Its slot; 0 before any.
    slot: u32,
}

/// Last sights that are remembered: those of visitors who are about.
const LASTS: usize = 4_096;

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
    /// By visitor, modulo [`LASTS`].
    lasts: Vec<Last>,
    sights: Slots<Vec<Sight>>,
    /// Everybody who was ever seen or named; by channel; with a product.
    everybody: Syms,
    of_channel: Vec<Syms>,
    of_product: Vec<Syms>,
    passages: Pieces<SmallVec<[Passage; 2]>>,
}

impl Visitors {
    /// A visitor was seen, perhaps with a product.
    pub fn see(&mut self, visitor: Sym, channel: Sym, product: Option<Sym>, at: At) {
        if self.lasts.is_empty() {
            self.lasts = vec![Last::default(); LASTS];
        }
        let last = &mut self.lasts[visitor.index() % LASTS];
        let now = Last { sight: Sight::new(visitor, channel, product), slot: slot_of(at) };
        if *last == now {
            return;
        }
        let again = last.slot != 0 && last.sight.visitor() == now.sight.visitor() && last.sight.is_of_channel(channel);
        *last = now;
        self.sights.push(now.slot, now.sight);
        if !again {
            self.everybody.insert(visitor);
            of(&mut self.of_channel, channel).insert(visitor);
        }
        if let Some(product) = product {
            of(&mut self.of_product, product).insert(visitor);
        }
    }

    /// A state names a visitor.
    pub fn know(&mut self, visitor: Sym, channel: Sym) {
        self.everybody.insert(visitor);
        of(&mut self.of_channel, channel).insert(visitor);
    }

    /// Distinct visitors of the whole live, or of some channels.
    #[must_use]
    pub fn ever(&self, channels: Option<&[Sym]>) -> i64 {
        match channels {
            None => size(&self.everybody),
            Some([only]) => size_of_set(&self.of_channel, *only),
            Some(channels) => {
                let sets = channels.iter().filter_map(|channel| self.of_channel.get(channel.index()));
                count(sets.flat_map(Syms::iter).map(u64::from).collect())
            }
        }
    }

    /// Distinct visitors within a window, of the live or of some channels, together with `others`.
    #[must_use]
    pub fn within(&self, window: Window, channels: Option<&[Sym]>, others: impl Iterator<Item = Sym>) -> i64 {
        let among = |sight: Sight| channels.is_none_or(|channels| channels.iter().any(|channel| sight.is_of_channel(*channel)));
        let mut seen = seen(self.sights.range(window.from, window.to), among);
        seen.extend(others.map(|visitor| u64::from(visitor.0)));
        count(seen)
    }

    /// Distinct visitors who did something with a product.
    #[must_use]
    pub fn of_product(&self, window: Window, product: Sym) -> i64 {
        if window.whole {
            return size_of_set(&self.of_product, product);
        }
        count(seen(self.sights.range(window.from, window.to), |sight| sight.is_of_product(product)))
    }

    /// Takes a join or a leave, and puts the visitor's stays anew.
    pub fn pass(&mut self, visitor: Sym, leaves: bool, watched_s: Option<i64>, at: At, sheet: &mut Sheet) {
        let passages = self.passages.of(visitor);
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

/// What a list holds of a symbol, made if it is not there.
fn of<T: Clone + Default>(list: &mut Vec<T>, sym: Sym) -> &mut T {
    if list.len() <= sym.index() {
        list.resize(sym.index() + 1, T::default());
    }
    &mut list[sym.index()]
}

fn size_of_set(sets: &[Syms], of: Sym) -> i64 {
    sets.get(of.index()).map_or(0, size)
}

fn size(set: &Syms) -> i64 {
    i64::try_from(set.len()).unwrap_or(i64::MAX)
}

fn seen<'a>(slots: impl Iterator<Item = &'a (u32, Vec<Sight>)>, keeps: impl Fn(Sight) -> bool) -> Vec<u64> {
    let sights = slots.flat_map(|(_, sights)| sights.iter().copied());
    sights.filter(|sight| keeps(*sight)).map(Sight::visitor).collect()
}

/// How many different ones. Symbols lie close together, so a bit for each is less work than to sort them, unless they are few
/// among very many.
fn count(mut visitors: Vec<u64>) -> i64 {
    let words = visitors.iter().max().map_or(0, |most| usize::try_from(*most / 64).unwrap_or(usize::MAX).saturating_add(1));
    let different = if words <= visitors.len() {
        let mut bits = vec![0u64; words];
        for visitor in &visitors {
            if let Some(word) = usize::try_from(visitor / 64).ok().and_then(|word| bits.get_mut(word)) {
                *word |= 1 << (visitor % 64);
            }
        }
        bits.iter().map(|word| word.count_ones() as usize).sum()
    } else {
        visitors.sort_unstable();
        visitors.dedup();
        visitors.len()
    };
    i64::try_from(different).unwrap_or(i64::MAX)
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
            visitors.see(Sym(visitor), Sym(channel), Some(Sym(5)), at(second));
        }
        visitors.know(Sym(3), Sym(0));
        let whole = Window { from: 0, to: 0, whole: true };
        let first = Window::between(slot_of(at(0)), slot_of(at(20)));
        let within = |channels, others: &[u32]| visitors.within(first, channels, others.iter().copied().map(Sym));
        assert_eq!([visitors.ever(None), within(None, &[]), within(None, &[1, 3])], [4, 2, 3]);
        assert_eq!([visitors.ever(Some(&[Sym(1)])), within(Some(&[Sym(1)]), &[])], [2, 1]);
        assert_eq!(visitors.ever(Some(&[Sym(0), Sym(1)])), 4);
        assert_eq!(visitors.of_product(whole, Sym(5)), 3);
    }
}
