//! Ad spend: buckets, running totals and amounts that add (events.md, `ad_spend`), with their clicks and impressions.

use crate::engine::event::{AdSpend, Bucket, Event};
use crate::engine::id::{Name, Set, Sym, Table};
use crate::engine::plan::Plan;
use crate::engine::series::{Count, Sheets, Sum, slot_of, slot_of_minute};
use crate::engine::time::{At, MINUTE_MS};

/// Spend, clicks and impressions.
type Figures = [i128; 3];

/// Where a row stands: its account, channel and campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AdPlace {
    pub source: Sym,
    pub channel: Sym,
    pub campaign: Option<Sym>,
}

/// The row of a bucket, the latest that was read.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    ts: At,
    figures: Figures,
    id: Option<Name>,
    /// The first minute that counts: what was spent before is the spend of another live.
    begins: i64,
}

/// The ledger.
#[derive(Clone, Debug, Default)]
pub struct Ads {
    buckets: Table<(AdPlace, At, At), Row>,
    totals: Table<AdPlace, std::collections::BTreeMap<i64, Row>>,
    amounts: Table<(Sym, Name), (AdPlace, At, Figures)>,
    voided: Set<Name>,
    /// Running totals that went back: a reset or a correction, never a dip.
    resets: usize,
}

impl Ads {
    /// Takes a row. `minor` is its spend in the desk's currency.
    pub fn fold(&mut self, spend: &AdSpend, minor: i128, event: &Event, (place, plan): (AdPlace, &Plan), sheets: &mut Sheets) {
        let (ts, id) = (event.ts, event.id.as_ref());
        if id.is_some_and(|id| self.voided.contains(id)) {
            return;
        }
        let figures = [minor, i128::from(spend.clicks.unwrap_or(0)), i128::from(spend.impressions.unwrap_or(0))];
        let begins = plan.takes_from().map_or(i64::MIN, At::minute);
        let row = Row { ts, figures, id: id.cloned(), begins };
        match (spend.bucket, spend.total) {
            (Some(bucket), _) => self.fold_bucket(bucket, row, place, sheets),
            (None, true) => self.fold_total(row, place, sheets),
            (None, false) => {
                post(place, slot_of(ts), figures, 1, sheets);
                if let Some(id) = id {
                    self.amounts.insert((place.source, id.clone()), (place, ts, figures));
                }
            }
        }
    }

    fn fold_bucket(&mut self, bucket: Bucket, row: Row, place: AdPlace, sheets: &mut Sheets) {
        let key = (place, bucket.from, bucket.to);
        let known = self.buckets.get(&key);
        if known.is_some_and(|known| (known.ts, known.figures) >= (row.ts, row.figures)) {
            return;
        }
        if let Some(known) = known {
            spread(place, bucket, known, -1, sheets);
        }
        spread(place, bucket, &row, 1, sheets);
        self.buckets.insert(key, row);
    }

    fn fold_total(&mut self, row: Row, place: AdPlace, sheets: &mut Sheets) {
        let minutes = self.totals.entry(place).or_default();
        let minute = row.ts.minute();
        if minutes.get(&minute).is_some_and(|known| (known.ts, known.figures) >= (row.ts, row.figures)) {
            return;
        }
        self.resets = self.resets.saturating_sub(post_around(minutes, minute, place, -1, sheets));
        minutes.insert(minute, row);
        self.resets += post_around(minutes, minute, place, 1, sheets);
    }

    /// Takes a figure back that was typed in wrongly, by the id of its event.
    pub fn void(&mut self, id: &Name, sheets: &mut Sheets) {
        self.voided.insert(id.clone());
        let wrong: Vec<_> = self.amounts.iter().filter(|((_, known), _)| known == id).map(|(key, amount)| (key.clone(), *amount)).collect();
        for (key, (place, ts, figures)) in wrong {
            post(place, slot_of(ts), figures, -1, sheets);
            self.amounts.swap_remove(&key);
        }
        let wrong: Vec<_> = self.buckets.iter().filter(|(_, row)| row.id.as_ref() == Some(id)).map(|(key, _)| *key).collect();
        for key in wrong {
            if let Some(row) = self.buckets.swap_remove(&key) {
                spread(key.0, Bucket { from: key.1, to: key.2 }, &row, -1, sheets);
            }
        }
        for (place, minutes) in &mut self.totals {
            let wrong: Vec<i64> = minutes.iter().filter(|(_, row)| row.id.as_ref() == Some(id)).map(|(minute, _)| *minute).collect();
            for minute in wrong {
                post_around(minutes, minute, *place, -1, sheets);
                minutes.remove(&minute);
                post_around(minutes, minute, *place, 1, sheets);
            }
        }
    }

    /// Running totals that went back.
    #[must_use]
    pub const fn resets(&self) -> usize {
        self.resets
    }
}

fn post(place: AdPlace, slot: u32, figures: Figures, sign: i64, sheets: &mut Sheets) {
    let [spend, clicks, impressions] = figures.map(|figure| figure.saturating_mul(i128::from(sign)));
    sheets.live.add_money(Sum::AdSpend, slot, spend);
    sheets.channel(place.channel).add_money(Sum::AdSpend, slot, spend);
    for (count, number) in [(Count::AdClicks, clicks), (Count::AdImpressions, impressions)] {
        if number != 0 {
            sheets.count(place.channel, count, slot, i64::try_from(number).unwrap_or(0));
        }
    }
}

/// A bucket over its elapsed minutes, in whole units, what remains to the earliest; those before the live are not counted.
fn spread(place: AdPlace, bucket: Bucket, row: &Row, sign: i64, sheets: &mut Sheets) {
    for (minute, figures) in shares(bucket, row.ts, row.figures).filter(|(minute, _)| *minute >= row.begins) {
        post(place, slot_of_minute(minute), figures, sign, sheets);
    }
}

/// The minutes of a bucket that had begun by `ts`, each with its share.
pub fn shares<const N: usize>(bucket: Bucket, ts: At, figures: [i128; N]) -> impl Iterator<Item = (i64, [i128; N])> {
    let end = bucket.to.min(ts).max(bucket.from.plus_ms(1));
    let (first, last) = (bucket.from.minute(), end.plus_ms(-1).minute().min(bucket.from.minute() + 7 * 24 * 60));
    let minutes = i128::from(last - first + 1);
    (first..=last).map(move |minute| {
        let place = i128::from(minute - first);
        let share = |figure: i128| figure.div_euclid(minutes) + i128::from(place < figure.rem_euclid(minutes));
        (minute, figures.map(share))
    })
}

/// The change from one running total to the next. Less than before is a correction; far less a counter that began anew.
pub fn change(before: Option<i128>, now: i128) -> (i128, bool) {
    match before {
        None => (now, false),
        Some(before) if now >= before => (now - before, false),
        Some(before) if now < before / 2 => (now, true),
        Some(_) => (0, true),
    }
}

/// Adds (or takes out) the changes that a minute's total and the next one's make. Tells how many went back.
fn post_around(minutes: &std::collections::BTreeMap<i64, Row>, minute: i64, place: AdPlace, sign: i64, sheets: &mut Sheets) -> usize {
    let mut before = minutes.range(..minute).next_back().map(|(_, row)| row.figures);
    let mut back = 0;
    for (at, row) in minutes.range(minute..=minute).chain(minutes.range(minute + 1..).take(1)) {
        let mut changes = [0; 3];
        for (index, figure) in row.figures.iter().enumerate() {
            let (delta, went_back) = change(before.map(|before| before[index]), *figure);
            changes[index] = delta;
            back += usize::from(went_back && index == 0);
        }
        post(place, slot_of_minute(*at) + offset(row.ts), changes, sign, sheets);
        before = Some(row.figures);
    }
    back
}

/// The slot of an instant within its minute.
fn offset(ts: At) -> u32 {
    u32::try_from(ts.ms().rem_euclid(MINUTE_MS) / crate::engine::time::SLOT_MS).unwrap_or(0)
}
