//! Who watches now: the gauges of every source, laid over each other (events.md, "Counts", `ccu`).
//!
//! A source's figure holds until its next one, at most for the stale limit. Parts of a source (by channel) are not added to
//! its total. Everything is worked out from the samples, so late ones find their place.

use crate::engine::event::Audience as Gauge;
use crate::engine::id::{Sym, Table};
use crate::engine::time::At;

/// A gauge as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sample {
    at: At,
    viewers: i64,
    engaged: Option<i64>,
}

/// Which figure of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    Viewers,
    Engaged,
}

impl Sample {
    const fn figure(&self, figure: Figure) -> Option<i64> {
        match figure {
            Figure::Viewers => Some(self.viewers),
            Figure::Engaged => self.engaged,
        }
    }
    /// Of two gauges at one instant, the one with the greater bytes.
    fn outranks(&self, other: &Self) -> bool {
        let text = |number: i64| format!("{number},");
        let engaged = |number: Option<i64>| number.map(text);
        (text(self.viewers), self.engaged.is_none(), engaged(self.engaged))
            > (text(other.viewers), other.engaged.is_none(), engaged(other.engaged))
    }
}

/// The samples of one source and channel, by time.
#[derive(Clone, Debug, Default)]
struct Line {
    samples: Vec<Sample>,
    stale_ms: i64,
}

impl Line {
    fn put(&mut self, sample: Sample) {
        let place = self.samples.partition_point(|known| known.at < sample.at);
        match self.samples.get_mut(place) {
            Some(known) if known.at == sample.at => {
                if sample.outranks(known) {
                    *known = sample;
                }
            }
            _ => self.samples.insert(place, sample),
        }
    }

    /// The figure that holds at `at`.
    fn at(&self, at: At, figure: Figure) -> Option<i64> {
        let place = self.samples.partition_point(|known| known.at <= at);
        let sample = self.samples.get(place.checked_sub(1)?)?;
        (at.since_ms(sample.at) <= self.stale_ms).then(|| sample.figure(figure)).flatten()
    }

    /// The instants in a stretch at which the figure may change.
    fn changes(&self, from: At, to: At) -> impl Iterator<Item = At> + '_ {
        let start = self.samples.partition_point(|known| known.at < from.plus_ms(-self.stale_ms - 1));
        let near = self.samples[start..].iter().take_while(move |sample| sample.at < to);
        near.flat_map(|sample| [sample.at, sample.at.plus_ms(self.stale_ms + 1)]).filter(move |at| *at > from && *at < to)
    }
}

/// A stretch of time seen through one figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    pub peak: Option<i64>,
    /// Viewers × milliseconds, over the milliseconds in which they are known.
    pub integral: i128,
    pub known_ms: i64,
}

/// The ledger.
#[derive(Clone, Debug, Default)]
pub struct Audience {
    lines: Table<(Sym, Option<Sym>), Line>,
    /// Of every whole minute, once it is over: the live's crowd.
    minutes: std::collections::BTreeMap<i64, Crowd>,
    /// Minutes to be worked out anew.
    open: std::collections::BTreeSet<i64>,
}

impl Audience {
    /// Takes a gauge of a source, or of one channel of it.
    pub fn fold(&mut self, gauge: &Gauge, at: At, source: Sym, channel: Option<Sym>, stale_s: i64) {
        let line = self.lines.entry((source, channel)).or_default();
        line.stale_ms = stale_s.saturating_mul(1_000).max(0);
        line.put(Sample { at, viewers: gauge.viewers.max(0), engaged: gauge.engaged });
        let (first, last) = (at.minute(), at.plus_ms(line.stale_ms).minute());
        self.open.extend(first..=last.min(first + 60));
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Works out the minutes that are over by `now` and changed.
    pub fn settle(&mut self, now: At) {
        while let Some(minute) = self.open.first().copied().filter(|minute| *minute < now.minute()) {
            self.open.remove(&minute);
            let crowd = self.measure(None, Figure::Viewers, At::from_minute(minute), At::from_minute(minute + 1));
            self.minutes.insert(minute, crowd);
        }
    }

    /// The sum over sources of what holds at `at`: of the live, or of a set of channels.
    #[must_use]
    pub fn at(&self, channels: Option<&[Sym]>, figure: Figure, at: At) -> Option<i64> {
        let mut sum: Option<i64> = None;
        let mut add = |value: Option<i64>| {
            if let Some(value) = value {
                sum = Some(sum.unwrap_or(0).saturating_add(value));
            }
        };
        for ((source, channel), line) in &self.lines {
            match (channels, channel) {
                (None, None) => add(line.at(at, figure)),
                (None, Some(_)) => {
                    let whole = self.lines.get(&(*source, None)).and_then(|whole| whole.at(at, figure));
                    if whole.is_none() {
                        add(line.at(at, figure));
                    }
                }
                (Some(channels), Some(channel)) if channels.contains(channel) => add(line.at(at, figure)),
                (Some(_), _) => {}
            }
        }
        sum
    }

    /// Peak and integral of a figure over a stretch.
    #[must_use]
    pub fn measure(&self, channels: Option<&[Sym]>, figure: Figure, from: At, to: At) -> Crowd {
        let mut instants: Vec<At> = self.lines.values().flat_map(|line| line.changes(from, to)).collect();
        instants.push(from);
        instants.sort_unstable();
        instants.dedup();
        let mut crowd = Crowd::default();
        for (index, at) in instants.iter().enumerate() {
            let Some(viewers) = self.at(channels, figure, *at) else { continue };
            let length = instants.get(index + 1).copied().unwrap_or(to).since_ms(*at).max(0);
            crowd.add(&Crowd { peak: Some(viewers), integral: i128::from(viewers) * i128::from(length), known_ms: length });
        }
        crowd
    }

    /// The live's crowd from its first sample to `now`, from what was worked out minute by minute.
    #[must_use]
    pub fn whole(&self, now: At) -> Crowd {
        let mut crowd = Crowd::default();
        for minute in self.minutes.values() {
            crowd.add(minute);
        }
        for minute in &self.open {
            let to = At::from_minute(minute + 1).min(now.plus_ms(1));
            if At::from_minute(*minute) <= now {
                crowd.add(&self.measure(None, Figure::Viewers, At::from_minute(*minute), to));
            }
        }
        crowd
    }
}

impl Crowd {
    fn add(&mut self, other: &Self) {
        self.peak = self.peak.max(other.peak);
        self.integral += other.integral;
        self.known_ms += other.known_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> At {
        At::parse("2026-11-21T22:00:00Z", None).unwrap().plus_s(second)
    }
    fn gauge(viewers: i64) -> Gauge {
        Gauge { viewers, channel: None, engaged: None }
    }

    #[test]
    fn sources_add_up_while_they_are_fresh_and_parts_of_a_source_do_not() {
        let (shop, room, paid) = (Sym(0), Sym(1), Sym(7));
        let mut audience = Audience::default();
        audience.fold(&gauge(100), at(0), shop, None, 120);
        audience.fold(&gauge(40), at(10), room, None, 120);
        audience.fold(&gauge(30), at(10), shop, Some(paid), 120);
        let now = |second| audience.at(None, Figure::Viewers, at(second));
        assert_eq!([now(5), now(10), now(121), now(131)], [Some(100), Some(140), Some(70), None]);
        assert_eq!(audience.at(Some(&[paid]), Figure::Viewers, at(20)), Some(30));
    }

    #[test]
    fn the_average_is_over_time_and_a_late_sample_finds_its_place() {
        let mut audience = Audience::default();
        for (viewers, second) in [(100, 0), (300, 40), (200, 20)] {
            audience.fold(&gauge(viewers), at(second), Sym(0), None, 120);
        }
        let crowd = audience.measure(None, Figure::Viewers, at(0), at(60));
        assert_eq!((crowd.peak, crowd.integral, crowd.known_ms), (Some(300), 12_000_000, 60_000));
        audience.settle(at(61));
        let whole = audience.whole(at(61));
        assert_eq!(whole.peak, Some(300));
        assert_eq!(whole.integral, 12_000_000 + 300 * 1_001);
    }
}
