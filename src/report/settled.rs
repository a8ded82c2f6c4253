//! The live's figures as they were at its close, and as the feeds tell them now: cancelled, paid and refunded since.

use serde::Serialize;

use crate::engine::Engine;
use crate::engine::metric::{Metric, Scope, Value};
use crate::engine::time::{At, Span};
use crate::summary::Metrics;

/// Figures that change after a live.
const SETTLING: [Metric; 9] = [
    Metric::OrdersPlaced,
    Metric::OrdersPaid,
    Metric::OrdersCancelled,
    Metric::Refunds,
    Metric::GmvPlaced,
    Metric::GmvPaid,
    Metric::GmvNet,
    Metric::OrderPaidRate,
    Metric::RefundRate,
];

/// Live and settled figures side by side.
#[derive(Clone, Debug, Serialize)]
pub struct Settled {
    /// When the feeds were read again.
    pub at: At,
    pub live: Metrics,
    pub now: Metrics,
}

/// What is final of a live's money, and what may still change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// Placed, paid and neither cancelled nor refunded, of all that was placed.
    pub settled_share: Option<f64>,
    /// Placed and still to be paid, of all that was placed.
    pub provisional_share: Option<f64>,
    /// The feeds of orders are complete to here.
    pub complete_to: Option<At>,
    /// Minutes of the live beyond it.
    pub provisional_minutes: i64,
}

/// The figures that settle.
#[must_use]
pub fn figures(engine: &Engine) -> Metrics {
    Metrics(SETTLING.map(|metric| (metric, engine.reading(metric, Scope::Live, Span::Live))).to_vec())
}

impl Standing {
    /// As the engine knows it; `unpaid_minor` is what orders still wait for.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "money of a broadcast as a share")]
    pub fn of(engine: &Engine, unpaid_minor: Option<i64>, last: Option<At>) -> Self {
        let minor = |metric| match engine.reading(metric, Scope::Live, Span::Live).value {
            Value::Money(money) => Some(money.minor),
            Value::Count(_) | Value::Number(_) | Value::Unknown(_) => None,
        };
        let placed = minor(Metric::GmvPlaced).filter(|placed| *placed > 0);
        let share = |part: Option<i64>| placed.zip(part).map(|(placed, part)| part as f64 / placed as f64);
        let complete_to = engine.complete_to(&["purchase"]);
        let open = complete_to.zip(last).map_or(0, |(complete, last)| (last.minute() - complete.minute()).max(0));
        Self { settled_share: share(minor(Metric::GmvNet)), provisional_share: share(unpaid_minor), complete_to, provisional_minutes: open }
    }
}
