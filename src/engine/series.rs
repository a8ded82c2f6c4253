//! Sums by time: sparse ten-second slots of the whole live, kept per scope. A slot that nobody touched takes no place.
//!
//! Minutes and windows are ranges of slots. Counts are `i64` from amounts that are bounded where they come in
//! ([`MOST_UNITS`]), money is `i128` minor units; both only ever add, so no order of arrival can show.

use std::sync::Arc;

use super::id::Sym;
use super::time::{At, MINUTE_MS, SLOT_MS};

/// Slots of a minute.
pub const MINUTE_SLOTS: u32 = 6;
const _: () = assert!(MINUTE_SLOTS as i64 * SLOT_MS == MINUTE_MS);
/// A quantity beyond this is taken for this: no sum of counts can overflow.
pub const MOST_UNITS: i64 = 1_000_000_000;

/// The slot of an instant. Times are read only between 2000 and 2100, so it always fits.
#[must_use]
pub fn slot_of(at: At) -> u32 {
    u32::try_from(at.slot()).unwrap_or(0)
}

/// The first slot of a clock minute.
#[must_use]
pub fn slot_of_minute(minute: i64) -> u32 {
    slot_of(At::from_minute(minute))
}

/// Slots that are put away together once they lie well behind: clones share them until one of them changes.
const SEALED: usize = 32;

/// A value for some slots, in order of time. What comes in order is appended, what comes late is put in its place.
#[derive(Clone)]
pub struct Slots<T> {
    /// What lies behind, in order; each piece holds at least one slot.
    sealed: Vec<Arc<Vec<(u32, T)>>>,
    /// The latest slots; empty only where there are none at all.
    open: Vec<(u32, T)>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { sealed: Vec::new(), open: Vec::new() }
    }
}

/// Where the slots were put away depends on what came late, what they hold does not.
impl<T: PartialEq> PartialEq for Slots<T> {
    fn eq(&self, other: &Self) -> bool {
        self.all().eq(other.all())
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Slots<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}

impl<T: Clone + Default> Slots<T> {
    /// The value of a slot, new if nobody touched it.
    pub fn entry(&mut self, slot: u32) -> &mut T {
        match self.open.last().map(|(last, _)| *last) {
            Some(last) if last > slot => return self.late_entry(slot),
            Some(last) if last == slot => {}
            _ => {
                self.make_room();
                self.open.push((slot, T::default()));
            }
        }
        let last = self.open.len() - 1;
        &mut self.open[last].1
    }

    /// The value of a slot that lies behind the latest one.
    fn late_entry(&mut self, slot: u32) -> &mut T {
        let piece = match self.sealed.partition_point(|piece| piece.first().is_some_and(|(first, _)| *first <= slot)) {
            _ if self.sealed.is_empty() || self.open.first().is_some_and(|(first, _)| *first <= slot) => &mut self.open,
            after => Arc::make_mut(&mut self.sealed[after.saturating_sub(1)]),
        };
        let index = piece.binary_search_by_key(&slot, |(at, _)| *at).unwrap_or_else(|index| {
            piece.insert(index, (slot, T::default()));
            index
        });
        &mut piece[index].1
    }

    fn make_room(&mut self) {
        if self.open.len() >= 2 * SEALED {
            let latest = self.open.split_off(SEALED);
            let behind = std::mem::replace(&mut self.open, latest);
            self.sealed.push(Arc::new(behind));
        }
        if self.open.len() == self.open.capacity() {
            self.open.reserve_exact(self.open.len() / 2 + 4);
        }
    }
}

impl<T> Slots<T> {
    /// The touched slots from `from` to before `to`.
    pub fn range(&self, from: u32, to: u32) -> impl DoubleEndedIterator<Item = &(u32, T)> {
        let first = self.sealed.partition_point(|piece| piece.last().is_none_or(|(last, _)| *last < from));
        let behind = &self.sealed[first..];
        let behind = &behind[..behind.partition_point(|piece| piece.first().is_some_and(|(first, _)| *first < to))];
        behind.iter().flat_map(move |piece| between(piece, from, to)).chain(between(&self.open, from, to))
    }
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &(u32, T)> {
        self.sealed.iter().flat_map(|piece| piece.iter()).chain(&self.open)
    }
}

fn between<T>(slots: &[(u32, T)], from: u32, to: u32) -> &[(u32, T)] {
    let start = slots.partition_point(|(slot, _)| *slot < from);
    let end = start + slots[start..].partition_point(|(slot, _)| *slot < to);
    &slots[start..end]
}

impl<T: Clone> Slots<Vec<T>> {
    /// Puts one more into a slot's list. Lists grow by half, since there are many of them and most stay as they are.
    pub fn push(&mut self, slot: u32, item: T) {
        let list = self.entry(slot);
        if list.len() == list.capacity() {
            list.reserve_exact(list.len() / 2 + 4);
        }
        list.push(item);
    }
}

/// Counts by slot, and their total.
#[derive(Clone, Debug, Default, PartialEq)]
struct Counts {
    total: i64,
    slots: Slots<i64>,
}

/// Money by slot in minor units, and its total.
#[derive(Clone, Debug, Default, PartialEq)]
struct Amounts {
    total: i128,
    slots: Slots<i128>,
}

/// What is counted. The first ones are those of products, so that a product's sheet stays short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Count {
    Views,
    Clicks,
    Adds,
    OrdersPlaced,
    Units,
    OrdersPaid,
    CartsOpened,
    CartsBought,
    CartsAbandoned,
    CartsRecovered,
    Checkouts,
    CheckoutsBought,
    OrdersCancelled,
    Joins,
    Chats,
    Reactions,
    Likes,
    Shares,
    Follows,
    Gifts,
    Leads,
    Refunds,
    AdClicks,
    AdImpressions,
    Removes,
    PromoOrders,
    PremiumOrders,
    /// Visits whose length is known, by their end.
    Visits,
    WatchedS,
    /// Visits by their begin, and those that were over before so many seconds.
    Entered,
    LeftBefore10s,
    LeftBefore30s,
    LeftBefore60s,
}

/// What money is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Sum {
    GmvPlaced,
    GmvPaid,
    GmvNet,
    GmvDirect,
    GmvAttributed,
    Refunded,
    AdSpend,
}

/// How many carts are in which state at the instant that the state stands at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CartStates {
    /// Open, the idle ones with them.
    pub open: i64,
    pub idle: i64,
    pub abandoned: i64,
    pub bought: i64,
    pub recovered: i64,
    pub ever_abandoned: i64,
}

impl CartStates {
    /// Adds those of another scope.
    pub fn add(&mut self, other: &Self) {
        self.open += other.open;
        self.idle += other.idle;
        self.abandoned += other.abandoned;
        self.bought += other.bought;
        self.recovered += other.recovered;
        self.ever_abandoned += other.ever_abandoned;
    }
}

/// A stretch of time that a figure is told over: slots from `from` to before `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: u32,
    pub to: u32,
    /// Everything from the first fact to now, whatever the slots say.
    pub whole: bool,
}

impl Window {
    /// The slots from `from` to before `to`.
    #[must_use]
    pub const fn between(from: u32, to: u32) -> Self {
        Self { from, to, whole: false }
    }
    /// Its length in slots.
    #[must_use]
    pub const fn slots(&self) -> u32 {
        self.to.saturating_sub(self.from)
    }
}

/// Everything that is summed for one scope.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheet {
    counts: Vec<Counts>,
    amounts: Vec<Amounts>,
    pub carts: CartStates,
}

impl Sheet {
    pub fn add(&mut self, count: Count, slot: u32, number: i64) {
        let index = count as usize;
        if self.counts.len() <= index {
            self.counts.resize(index + 1, Counts::default());
        }
        let counts = &mut self.counts[index];
        counts.total = counts.total.saturating_add(number);
        let cell = counts.slots.entry(slot);
        *cell = cell.saturating_add(number);
    }

    pub fn add_money(&mut self, sum: Sum, slot: u32, minor: i128) {
        let index = sum as usize;
        if self.amounts.len() <= index {
            self.amounts.resize(index + 1, Amounts::default());
        }
        let amounts = &mut self.amounts[index];
        amounts.total = amounts.total.saturating_add(minor);
        let cell = amounts.slots.entry(slot);
        *cell = cell.saturating_add(minor);
    }

    #[must_use]
    pub fn count(&self, count: Count, window: Window) -> i64 {
        let Some(counts) = self.counts.get(count as usize) else { return 0 };
        if window.whole {
            return counts.total;
        }
        counts.slots.range(window.from, window.to).map(|(_, number)| number).sum()
    }

    #[must_use]
    pub fn money(&self, sum: Sum, window: Window) -> i128 {
        let Some(amounts) = self.amounts.get(sum as usize) else { return 0 };
        if window.whole {
            return amounts.total;
        }
        amounts.slots.range(window.from, window.to).map(|(_, minor)| minor).sum()
    }

    /// The last slot in which something of this was counted.
    #[must_use]
    pub fn last(&self, count: Count) -> Option<u32> {
        self.counts.get(count as usize)?.slots.all().rev().find(|(_, number)| *number != 0).map(|(slot, _)| *slot)
    }

    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.counts.is_empty() && self.amounts.is_empty()
    }
}

/// One sheet a scope.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheets {
    pub live: Sheet,
    products: Vec<Sheet>,
    channels: Vec<Sheet>,
    bands: Vec<Sheet>,
    methods: Vec<Sheet>,
}

fn sheet_at(sheets: &mut Vec<Sheet>, index: usize) -> &mut Sheet {
    if sheets.len() <= index {
        sheets.resize(index + 1, Sheet::default());
    }
    &mut sheets[index]
}

impl Sheets {
    pub fn product(&mut self, product: Sym) -> &mut Sheet {
        sheet_at(&mut self.products, product.index())
    }
    pub fn channel(&mut self, channel: Sym) -> &mut Sheet {
        sheet_at(&mut self.channels, channel.index())
    }
    pub fn band(&mut self, band: usize) -> &mut Sheet {
        sheet_at(&mut self.bands, band)
    }
    pub fn method(&mut self, method: Sym) -> &mut Sheet {
        sheet_at(&mut self.methods, method.index())
    }
    #[must_use]
    pub fn of_product(&self, product: Sym) -> Option<&Sheet> {
        self.products.get(product.index())
    }
    #[must_use]
    pub fn of_channel(&self, channel: Sym) -> Option<&Sheet> {
        self.channels.get(channel.index())
    }
    #[must_use]
    pub fn of_band(&self, band: usize) -> Option<&Sheet> {
        self.bands.get(band)
    }
    #[must_use]
    pub fn of_method(&self, method: Sym) -> Option<&Sheet> {
        self.methods.get(method.index())
    }

    /// Counts for the live and a channel at once.
    pub fn count(&mut self, channel: Sym, count: Count, slot: u32, number: i64) {
        self.live.add(count, slot, number);
        self.channel(channel).add(count, slot, number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_amounts_find_their_slot_and_ranges_add_up() {
        let mut sheet = Sheet::default();
        for (slot, number) in [(5, 1), (9, 2), (5, 1), (7, 4), (1, 8), (9, -2)] {
            sheet.add(Count::Views, slot, number);
        }
        assert_eq!(sheet.count(Count::Views, Window::between(5, 9)), 6);
        assert_eq!(sheet.count(Count::Views, Window { from: 0, to: 0, whole: true }), 14);
        assert_eq!(sheet.last(Count::Views), Some(7));
    }

    #[test]
    fn slots_that_were_put_away_are_found_filled_late_and_shared() {
        let mut slots = Slots::<i64>::default();
        for slot in (10..2_010).step_by(2) {
            *slots.entry(slot) = 1;
        }
        let copy = slots.clone();
        for slot in [5, 11, 12, 900, 901, 2_005, 2_008] {
            *slots.entry(slot) += 10;
        }
        let mut plain: std::collections::BTreeMap<u32, i64> = (10..2_010).step_by(2).map(|slot| (slot, 1)).collect();
        assert!(copy.all().copied().eq(plain.iter().map(|(slot, value)| (*slot, *value))));
        [5, 11, 12, 900, 901, 2_005, 2_008].into_iter().for_each(|slot| *plain.entry(slot).or_default() += 10);
        assert!(slots.all().copied().eq(plain.iter().map(|(slot, value)| (*slot, *value))));
        for (from, to) in [(0, 5), (0, 6), (11, 13), (200, 1_000), (2_004, 9_000), (9_000, 10_000), (600, 600)] {
            assert!(slots.range(from, to).copied().eq(plain.range(from..to).map(|(slot, value)| (*slot, *value))), "{from}-{to}");
        }
        let shared = slots.sealed.iter().zip(&copy.sealed).filter(|(one, other)| Arc::ptr_eq(one, other)).count();
        assert_eq!((slots.sealed.len(), shared), (30, 28), "only what was touched is copied");
    }

    #[test]
    fn money_beyond_64_bits_is_summed() {
        let mut sheet = Sheet::default();
        for _ in 0..4 {
            sheet.add_money(Sum::GmvPaid, 3, i128::from(i64::MAX));
        }
        assert_eq!(sheet.money(Sum::GmvPaid, Window::between(0, 4)), 4 * i128::from(i64::MAX));
    }
}
