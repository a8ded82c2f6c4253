//! The moments of a broadcast that are worth going to: what came on air, what was cued, advised, done and noted, and its peaks.

use super::show::Logged;
use crate::engine::Engine;
use crate::engine::event::InterventionKind;
use crate::engine::metric::{Metric, Scope};
use crate::engine::time::At;

/// A peak is the highest of so many minutes on either side.
const PEAK_ALONE_MIN: usize = 10;
/// … and so many times the broadcast's average minute.
const PEAK_TIMES: f64 = 2.0;
/// Orders in a minute below which no minute is a peak.
const PEAK_LEAST: f64 = 3.0;

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    Pin,
    Cue,
    Note,
    /// Most orders of the minutes around it, or most viewers of the broadcast.
    Peak,
    Advice,
    Act(InterventionKind),
}

/// A moment worth going to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    pub at: At,
    pub kind: MarkKind,
}

impl Engine {
    /// The marks of the broadcast so far, in order of time.
    #[must_use]
    pub fn marks(&self) -> Vec<Mark> {
        let logged = self.log().into_iter().filter(|entry| !entry.withdrawn).filter_map(|entry| {
            let kind = match entry.what {
                Logged::Pinned { .. } => MarkKind::Pin,
                Logged::Cue { .. } => MarkKind::Cue,
                Logged::Note { .. } => MarkKind::Note,
                Logged::Started { kind, .. } => MarkKind::Act(kind),
                _ => return None,
            };
            Some(Mark { at: entry.at, kind })
        });
        let advised = self.advisor().cards().iter().map(|card| Mark { at: card.raised, kind: MarkKind::Advice });
        let mut marks: Vec<Mark> = logged.chain(advised).chain(self.peaks()).collect();
        marks.sort_unstable();
        marks.dedup();
        marks
    }

    fn peaks(&self) -> Vec<Mark> {
        let Some(started) = self.started() else { return Vec::new() };
        let of = |metric: Metric| -> Vec<f64> {
            let minutes = started.minute()..=self.now().minute();
            minutes.map(|minute| self.reading_in_minute(metric, Scope::Live, minute).number().unwrap_or(0.0)).collect()
        };
        let mark = |place: usize| {
            let minute = started.minute().saturating_add(i64::try_from(place).unwrap_or(i64::MAX));
            Mark { at: At::from_minute(minute), kind: MarkKind::Peak }
        };
        let (orders, viewers) = (of(Metric::OrdersPlaced), of(Metric::Ccu));
        #[expect(clippy::cast_precision_loss, reason = "minutes of a broadcast")]
        let least = (PEAK_TIMES * orders.iter().sum::<f64>() / orders.len().max(1) as f64).max(PEAK_LEAST);
        let is_peak = |place: &usize| {
            let around = &orders[place.saturating_sub(PEAK_ALONE_MIN)..(place + PEAK_ALONE_MIN + 1).min(orders.len())];
            let before = &orders[place.saturating_sub(PEAK_ALONE_MIN)..*place];
            orders[*place] >= least && around.iter().all(|other| *other <= orders[*place]) && before.iter().all(|b| *b < orders[*place])
        };
        let most = viewers.iter().copied().enumerate().filter(|(_, v)| *v > 0.0).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        (0..orders.len()).filter(is_peak).chain(most.map(|(place, _)| place)).map(mark).collect()
    }
}
