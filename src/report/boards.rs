//! Scoreboards: the segments of a live together by host and by kind. Sums of the segments' own sums, so that nothing is averaged twice.

use std::collections::BTreeMap;

use serde::Serialize;

use super::voice::id_of;
use crate::engine::metric::{Metric, Value};
use crate::engine::time::{At, MINUTE_MS};
use crate::summary::{Figures, Metrics};

/// A host, or a kind of segment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Board {
    pub name: String,
    pub segments: i64,
    pub length_ms: i64,
    /// Watched seconds of visits that ended meanwhile, and those visits.
    pub watched_s: Option<i128>,
    pub visits: Option<i128>,
    pub clicks: Option<i64>,
    pub orders: Option<i64>,
    /// Minor units.
    pub paid_minor: Option<i64>,
    pub messages: Option<i64>,
}

impl Board {
    fn add(&mut self, metrics: &Metrics, length_ms: i64) {
        self.segments += 1;
        self.length_ms += length_ms;
        let reading = |metric| metrics.get(metric);
        let whole = |metric| match reading(metric)?.value {
            Value::Count(count) => Some(count),
            Value::Money(money) => Some(money.minor),
            Value::Number(_) | Value::Unknown(_) => None,
        };
        let watch = reading(Metric::AvgWatchS);
        put(&mut self.watched_s, watch.and_then(|watch| watch.numerator));
        put(&mut self.visits, watch.and_then(|watch| watch.denominator));
        put(&mut self.clicks, whole(Metric::Clicks));
        put(&mut self.orders, whole(Metric::OrdersPlaced));
        put(&mut self.paid_minor, whole(Metric::GmvPaid));
        put(&mut self.messages, whole(Metric::ChatMessages));
    }

    /// A sum over the minutes of these segments.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sums of a broadcast")]
    pub fn per_minute(&self, sum: Option<i64>) -> Option<f64> {
        sum.filter(|_| self.length_ms > 0).map(|sum| sum as f64 * MINUTE_MS as f64 / self.length_ms as f64)
    }

    /// Seconds that a visit lasted.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sums of a broadcast")]
    pub fn watch_s(&self) -> Option<f64> {
        self.watched_s.zip(self.visits).filter(|(_, visits)| *visits > 0).map(|(watched, visits)| watched as f64 / visits as f64)
    }

    /// Orders over clicks.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of a broadcast")]
    pub fn conversion(&self) -> Option<f64> {
        self.orders.zip(self.clicks).filter(|(_, clicks)| *clicks > 0).map(|(orders, clicks)| orders as f64 / clicks as f64)
    }
}

fn put<T: std::ops::Add<Output = T> + Copy>(sum: &mut Option<T>, part: Option<T>) {
    *sum = match (*sum, part) {
        (Some(sum), Some(part)) => Some(sum + part),
        (sum, part) => sum.or(part),
    };
}

/// By host and by kind of segment, those who earned most a minute first; segments that name none are in neither.
#[must_use]
pub fn of(figures: &Figures, now: Option<At>) -> (Vec<Board>, Vec<Board>) {
    let (mut hosts, mut kinds) = (BTreeMap::<String, Board>::new(), BTreeMap::<String, Board>::new());
    for row in &figures.segments {
        let Some(to) = row.to.or(now) else { continue };
        let length_ms = to.since_ms(row.from).max(0);
        if let Some(host) = row.host.as_ref().filter(|host| !host.is_empty()) {
            hosts.entry(host.clone()).or_default().add(&row.metrics, length_ms);
        }
        if let Some(kind) = row.kind {
            kinds.entry(id_of(&kind)).or_default().add(&row.metrics, length_ms);
        }
    }
    (ranked(hosts), ranked(kinds))
}

fn ranked(boards: BTreeMap<String, Board>) -> Vec<Board> {
    let mut boards: Vec<Board> = boards.into_iter().map(|(name, board)| Board { name, ..board }).collect();
    let rank = |board: &Board| board.per_minute(board.paid_minor).unwrap_or(f64::NEG_INFINITY);
    boards.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then_with(|| a.name.cmp(&b.name)));
    boards
}
