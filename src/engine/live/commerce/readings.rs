//! Platforms' own counters, by canonical metric id: gauges, running totals and buckets (events.md, `reading`).
//!
//! Values are kept in millionths, so that a share or a watch time keeps its decimals and nothing is a float.

use std::collections::BTreeMap;

use super::ads::{change, shares};
use crate::engine::event::{Bucket, Event, PlatformReading, ReadingKind};
use crate::engine::id::{Name, Set, Sym, Table};
use crate::engine::metric::Metric;
use crate::engine::series::{Slots, Window, slot_of, slot_of_minute};
use crate::engine::time::At;

/// Millionths of a unit.
pub const MICRO: i128 = 1_000_000;

/// What a counter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    Live,
    Product(Sym),
    Channel(Sym),
}

#[derive(Clone, Debug, PartialEq)]
struct Row {
    ts: At,
    micro: i128,
    id: Option<Name>,
}

/// One counter of one source.
#[derive(Clone, Debug, Default)]
struct Counter {
    /// By minute, for running totals.
    totals: BTreeMap<i64, Row>,
    buckets: Table<(At, At), Row>,
    gauges: BTreeMap<At, (i128, Option<Name>)>,
    /// What totals and buckets come to, by slot.
    changes: Slots<i128>,
    sum: i128,
    resets: usize,
}

/// The ledger.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    counters: Table<(Metric, About, Sym), Counter>,
    voided: Set<Name>,
}

/// What platforms say of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Added up over sources and time.
    Sum(i128),
    /// As it stood last.
    Gauge(i128),
}

/// A decimal number (also with an exponent of JSON's) in millionths.
fn micro(text: &str) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() > 18 || fraction.len() > 18 || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let mut value: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        value = value * 10 + i128::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    let shift = exponent.checked_add(6)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let value = match u32::try_from(shift) {
        Ok(shift) => value.checked_mul(10i128.checked_pow(shift)?)?,
        Err(_) => value / 10i128.checked_pow(shift.unsigned_abs())?,
    };
    Some(if negative { -value } else { value })
}

/// A number in whole units.
#[must_use]
pub fn units(text: &str) -> Option<i64> {
    i64::try_from(micro(text)? / MICRO).ok()
}

/// How a metric's counter counts when its platform does not say.
const fn usual_kind(metric: Metric) -> ReadingKind {
    match metric {
        Metric::ViewsPv
        | Metric::ViewersUv
        | Metric::RoomImpressions
        | Metric::ProductImpressions
        | Metric::Views
        | Metric::Clicks
        | Metric::Adds
        | Metric::Likes
        | Metric::Shares
        | Metric::Follows
        | Metric::Gifts
        | Metric::Reactions
        | Metric::ChatMessages
        | Metric::Leads
        | Metric::AdClicks
        | Metric::AdImpressions
        | Metric::OrdersPlaced
        | Metric::OrdersPaid
        | Metric::OrdersCancelled
        | Metric::Units
        | Metric::GmvPlaced
        | Metric::GmvPaid
        | Metric::GmvNet
        | Metric::Refunds => ReadingKind::Total,
        _ => ReadingKind::Gauge,
    }
}

impl Readings {
    /// Takes a counter's reading; money is in major units.
    pub fn fold(&mut self, reading: &PlatformReading, metric: Metric, about: About, source: Sym, event: &Event) {
        let (ts, id) = (event.ts, event.id.as_ref());
        let Some(micro) = micro(&reading.value) else { return };
        if id.is_some_and(|id| self.voided.contains(id)) {
            return;
        }
        let row = Row { ts, micro, id: id.cloned() };
        let counter = self.counters.entry((metric, about, source)).or_default();
        match (reading.bucket, reading.kind.unwrap_or_else(|| usual_kind(metric))) {
            (Some(bucket), _) => counter.fold_bucket(bucket, row),
            (None, ReadingKind::Total) => counter.fold_total(row),
            (None, ReadingKind::Gauge | ReadingKind::Bucket) => {
                let known = counter.gauges.entry(ts).or_insert_with(|| (micro, row.id.clone()));
                if micro > known.0 {
                    *known = (micro, row.id);
                }
            }
        }
    }

    /// Takes back what was typed in wrongly, by the id of its event.
    pub fn void(&mut self, id: &Name) {
        self.voided.insert(id.clone());
        for counter in self.counters.values_mut() {
            counter.void(id);
        }
    }

    /// What platforms say of a metric in a window: totals and buckets added up, else the last gauge before its end.
    /// Parts of a source are not added to its total.
    #[must_use]
    pub fn told(&self, metric: Metric, about: About, window: Window) -> Option<Told> {
        let rows = || self.counters.iter().filter(move |((of, ..), _)| *of == metric);
        let has_whole = |source: Sym| self.counters.contains_key(&(metric, About::Live, source));
        let has_channels = |source: Sym| rows().any(|((_, part, of), _)| *of == source && matches!(part, About::Channel(_)));
        let counts = |part: About, source: Sym| match (about, part) {
            (About::Live, About::Live) => true,
            (About::Live, About::Channel(_)) => !has_whole(source),
            (About::Live, About::Product(_)) => !has_whole(source) && !has_channels(source),
            (wanted, part) => wanted == part,
        };
        let mut sum: Option<i128> = None;
        let mut gauge: Option<(At, i128)> = None;
        for ((_, part, source), counter) in rows().filter(|((_, part, source), _)| counts(*part, *source)) {
            if counter.is_sum() {
                sum = Some(sum.unwrap_or(0).saturating_add(counter.sum_in(window)));
            }
            let last = counter.last_gauge(window);
            if *part == about || last.is_some_and(|_| !has_whole(*source)) {
                gauge = gauge.max(last);
            }
        }
        sum.map(Told::Sum).or(gauge.map(|(_, micro)| Told::Gauge(micro)))
    }

    /// True once a platform told a metric.
    #[must_use]
    pub fn tells(&self, metric: Metric) -> bool {
        self.counters.keys().any(|(of, ..)| *of == metric)
    }

    /// Running totals that went back.
    #[must_use]
    pub fn resets(&self) -> usize {
        self.counters.values().map(|counter| counter.resets).sum()
    }
}

impl Counter {
    fn is_sum(&self) -> bool {
        !self.totals.is_empty() || !self.buckets.is_empty()
    }

    fn sum_in(&self, window: Window) -> i128 {
        if window.whole {
            return self.sum;
        }
        self.changes.range(window.from, window.to).map(|(_, micro)| micro).sum()
    }

    fn last_gauge(&self, window: Window) -> Option<(At, i128)> {
        let end = if window.whole { At::from_ms(i64::MAX) } else { At::from_ms(i64::from(window.to) * crate::engine::time::SLOT_MS) };
        self.gauges.range(..end).next_back().map(|(at, (micro, _))| (*at, *micro))
    }

    fn post(&mut self, slot: u32, micro: i128) {
        let cell = self.changes.entry(slot);
        *cell = cell.saturating_add(micro);
        self.sum = self.sum.saturating_add(micro);
    }

    fn fold_bucket(&mut self, bucket: Bucket, row: Row) {
        let key = (bucket.from, bucket.to);
        if self.buckets.get(&key).is_some_and(|known| (known.ts, known.micro) >= (row.ts, row.micro)) {
            return;
        }
        if let Some(known) = self.buckets.get(&key).cloned() {
            self.spread(bucket, &known, -1);
        }
        self.spread(bucket, &row, 1);
        self.buckets.insert(key, row);
    }

    /// Whole units are spread, so that no minute has a fraction of an event.
    fn spread(&mut self, bucket: Bucket, row: &Row, sign: i128) {
        let unit = if row.micro % MICRO == 0 { MICRO } else { 1 };
        for (minute, [share]) in shares(bucket, row.ts, [row.micro / unit]) {
            self.post(slot_of_minute(minute), share * unit * sign);
        }
    }

    fn fold_total(&mut self, row: Row) {
        let minute = row.ts.minute();
        if self.totals.get(&minute).is_some_and(|known| (known.ts, known.micro) >= (row.ts, row.micro)) {
            return;
        }
        self.post_around(minute, -1);
        self.totals.insert(minute, row);
        self.post_around(minute, 1);
    }

    fn post_around(&mut self, minute: i64, sign: i128) {
        let mut before = self.totals.range(..minute).next_back().map(|(_, row)| row.micro);
        let rows: Vec<(At, i128)> =
            self.totals.range(minute..=minute).chain(self.totals.range(minute + 1..).take(1)).map(|(_, row)| (row.ts, row.micro)).collect();
        for (ts, micro) in rows {
            let (delta, went_back) = change(before, micro);
            self.resets = if sign > 0 { self.resets + usize::from(went_back) } else { self.resets.saturating_sub(usize::from(went_back)) };
            self.post(slot_of(ts), delta * sign);
            before = Some(micro);
        }
    }

    fn void(&mut self, id: &Name) {
        self.gauges.retain(|_, (_, known)| known.as_ref() != Some(id));
        let wrong: Vec<i64> = self.totals.iter().filter(|(_, row)| row.id.as_ref() == Some(id)).map(|(minute, _)| *minute).collect();
        for minute in wrong {
            self.post_around(minute, -1);
            self.totals.remove(&minute);
            self.post_around(minute, 1);
        }
        let wrong: Vec<(At, At)> = self.buckets.iter().filter(|(_, row)| row.id.as_ref() == Some(id)).map(|(key, _)| *key).collect();
        for key in wrong {
            if let Some(row) = self.buckets.swap_remove(&key) {
                self.spread(Bucket { from: key.0, to: key.1 }, &row, -1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_without_a_float() {
        assert_eq!(["72.5", "-3", "1e3", "12e-1", "0.0000019"].map(micro), [72_500_000, -3_000_000, 1_000_000_000, 1_200_000, 1].map(Some));
        assert_eq!(["", "abc", "1e99", "--1"].map(micro), [None; 4]);
    }

    #[test]
    fn a_running_total_gives_its_change_to_the_minute_whatever_came_first() {
        let at = |second| At::parse("2026-11-21T22:00:00Z", None).unwrap().plus_s(second);
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
            let rows = [(5, 100), (50, 130), (70, 180), (130, 10)];
            let mut counter = Counter::default();
            for index in order {
                let (second, value) = rows[index];
                counter.fold_total(Row { ts: at(second), micro: value * MICRO, id: None });
            }
            let minute = |minute: i64| {
                let from = slot_of_minute(at(0).minute() + minute);
                counter.sum_in(Window::between(from, from + 6)) / MICRO
            };
            assert_eq!([minute(0), minute(1), minute(2)], [130, 50, 10], "{order:?}");
            assert_eq!((counter.sum, counter.resets), (190 * MICRO, 1));
        }
    }

    #[test]
    fn a_bucket_is_spread_over_its_elapsed_minutes_the_remainder_first() {
        let at = |second| At::parse("2026-11-21T22:00:00Z", None).unwrap().plus_s(second);
        let bucket = Bucket { from: at(0), to: at(300) };
        let shares: Vec<i128> = shares(bucket, at(170), [11]).map(|(_, [share])| share).collect();
        assert_eq!(shares, [4, 4, 3]);
    }
}
