//! How the show keeps to its course: drift against the run of show, hard anchors, what the product on air still brings,
//! offers against the peak of the audience, and what each kind of segment and each host brought.

use std::collections::BTreeMap;

use crate::engine::Engine;
use crate::engine::detect::special::poisson_at_most;
use crate::engine::event::{InterventionKind, SegmentKind};
use crate::engine::id::Sym;
use crate::engine::metric::{Metric, Reading, Scope};
use crate::engine::plan::Plan;
use crate::engine::time::{At, MINUTE_MS, Span};

/// Complete minutes of a presentation before it may be told to end, and that its rate is taken over.
const MARGINAL_MIN: i64 = 3;
/// Orders that the usual rate stands on, at least.
const USUAL_ORDERS: i64 = 10;
/// Units of ten minutes that a lot's pace stands on, at least.
const LOT_UNITS: f64 = 5.0;
/// Further away than a week is never.
const LOT_FAR_S: i64 = 7 * 86_400;
/// So improbable must the last minutes be at the usual rate.
const MOVE_ON_BELOW: f64 = 0.1;

/// A segment that must begin at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor<'a> {
    pub name: &'a str,
    pub at: At,
}

/// What the product on air brought in its last minutes against what presentations usually bring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marginal {
    pub product: Sym,
    /// Orders of the product in the last complete minutes of this presentation, a minute.
    pub recent_per_min: f64,
    /// Orders of the product on air over all presentations of this live, a minute.
    pub usual_per_min: f64,
    /// The last minutes would hardly be so few at the usual rate: another product would bring more.
    pub move_on: bool,
}

/// An offer and how many watched it.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferMoment {
    pub at: At,
    pub kind: InterventionKind,
    pub product: Option<Sym>,
    pub viewers: i64,
    /// Of the peak, 0 to 1.
    pub of_peak: f64,
}

/// What the segments of one kind, or of one host, brought together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    pub segments: usize,
    pub length_ms: i64,
    pub orders: i64,
    pub gmv_minor: i64,
    /// Watched seconds over viewers; buyers over viewers: sums over sums, absent where a segment of it is not known.
    pub watch: Option<f64>,
    pub conversion: Option<f64>,
}

impl Score {
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an average of amounts, for the glass")]
    pub fn gmv_per_min_minor(&self) -> Option<f64> {
        (self.length_ms > 0).then(|| self.gmv_minor as f64 * 60_000.0 / self.length_ms as f64)
    }
}

impl Plan {
    /// When a segment of the run of show should begin, in seconds of the live: after what comes before it, at its anchor.
    #[must_use]
    pub fn segment_begins_s(&self, place: usize) -> Option<i64> {
        self.segments.get(place)?;
        let mut reached = 0;
        for (index, segment) in self.segments.iter().enumerate() {
            reached = segment.anchor_s.map_or(reached, |anchor| anchor.max(reached));
            if index == place {
                break;
            }
            reached += segment.length_s;
        }
        Some(reached)
    }
}

impl Engine {
    /// Seconds behind the run of show; negative ahead of it. The running segment is behind by when it began, and by what it
    /// runs over. `None` without a run of show, before the start and after the close.
    #[must_use]
    pub fn behind_s(&self) -> Option<i64> {
        let (plan, start) = (self.plan(), self.started()?);
        let elapsed = self.now().since_ms(start) / 1_000;
        if plan.segments.is_empty() || elapsed < 0 || self.closed().is_some() {
            return None;
        }
        let segments = self.segments();
        let Some(current) = segments.iter().rev().find(|segment| segment.to.is_none()) else {
            return segments.is_empty().then_some(elapsed);
        };
        // the place of what is on: the one before the next, where the names agree
        let next = self.next_segment().unwrap_or(plan.segments.len());
        let place = next.checked_sub(1).filter(|place| plan.segments.get(*place).is_some_and(|planned| planned.name == current.name))?;
        let should_end = plan.segment_begins_s(place)? + plan.segments.get(place)?.length_s;
        let began = current.from.since_ms(start) / 1_000;
        let begins_behind = began - plan.segment_begins_s(place)?;
        Some(if current.planned_s.is_some() && elapsed > began + current.planned_s.unwrap_or(0) {
            elapsed - should_end
        } else {
            begins_behind
        })
    }

    /// The next segment with a hard anchor that is still to come.
    #[must_use]
    pub fn next_anchor(&self) -> Option<Anchor<'_>> {
        let start = self.started()?;
        let ahead = self.plan().segments.iter().skip(self.next_segment()?);
        ahead
            .filter_map(|segment| Some(Anchor { name: &segment.name, at: start.plus_s(segment.anchor_s?) }))
            .find(|anchor| anchor.at > self.now())
    }

    /// What the product on air still brings. `None` before it has been on for a while, and where orders are not known.
    #[must_use]
    pub fn marginal(&self) -> Option<Marginal> {
        let explains = self.explains();
        let current = explains.iter().rev().find(|explain| explain.to.is_none())?;
        let until = self.complete_to(&["purchase", "payment"])?.min(self.now()).minute();
        let first = current.from.minute() + 1;
        if until - first < MARGINAL_MIN {
            return None;
        }
        let orders = |product: Sym, minute: i64| {
            self.reading_in_minute(Metric::OrdersPlaced, Scope::Product(product), minute).number().unwrap_or(0.0)
        };
        let recent: f64 = (until - MARGINAL_MIN..until).map(|minute| orders(current.product, minute)).sum();
        let (mut usual, mut on_air_ms) = (0i64, 0i64);
        for explain in &explains {
            let count = self.reading(Metric::OrdersPlaced, Scope::Explain(explain.index), Span::Live).number()?;
            #[expect(clippy::cast_possible_truncation, reason = "a count of orders")]
            let count = count as i64;
            usual = usual.saturating_add(count);
            on_air_ms += explain.to.unwrap_or(self.now()).since_ms(explain.from).max(0);
        }
        if usual < USUAL_ORDERS || on_air_ms <= 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "rates of a broadcast")]
        let (usual_per_min, span) = (usual as f64 * 60_000.0 / on_air_ms as f64, MARGINAL_MIN as f64);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count of orders")]
        let is_few = poisson_at_most(recent.max(0.0) as u32, usual_per_min * span) < MOVE_ON_BELOW;
        Some(Marginal { product: current.product, recent_per_min: recent / span, usual_per_min, move_on: is_few })
    }

    /// The minute with the largest audience, and its average of viewers.
    #[must_use]
    pub fn peak_minute(&self) -> Option<(i64, i64)> {
        let (start, now) = (self.started()?.minute(), self.closed().unwrap_or(self.now()).minute());
        (start..=now).filter_map(|minute| Some((minute, self.viewers_in(minute)?))).max_by_key(|(minute, viewers)| (*viewers, -minute))
    }

    fn viewers_in(&self, minute: i64) -> Option<i64> {
        #[expect(clippy::cast_possible_truncation, reason = "a count of viewers")]
        self.reading_in_minute(Metric::Ccu, Scope::Live, minute).number().map(|viewers| viewers as i64)
    }

    /// Every offer of the live with the audience that it met, by time.
    #[must_use]
    pub fn offers_at_peak(&self) -> Vec<OfferMoment> {
        let Some((_, peak)) = self.peak_minute().filter(|(_, peak)| *peak > 0) else { return Vec::new() };
        let offers = self.interventions().into_iter().filter(|act| !act.withdrawn && is_offer(act.kind));
        offers
            .filter_map(|act| {
                let viewers = self.viewers_in(act.started.minute())?;
                #[expect(clippy::cast_precision_loss, reason = "counts of viewers")]
                let of_peak = viewers as f64 / peak as f64;
                Some(OfferMoment { at: act.started, kind: act.kind, product: act.product, viewers, of_peak })
            })
            .collect()
    }

    /// What the kinds of segment brought, in the order of their names.
    #[must_use]
    pub fn scores_by_kind(&self) -> Vec<(SegmentKind, Score)> {
        let mut places: BTreeMap<SegmentKind, Vec<usize>> = BTreeMap::new();
        for segment in self.segments() {
            if let Some(kind) = segment.kind {
                places.entry(kind).or_default().push(segment.index);
            }
        }
        places.into_iter().map(|(kind, places)| (kind, self.score(&places))).collect()
    }

    /// What the hosts brought, by name.
    #[must_use]
    pub fn scores_by_host(&self) -> Vec<(String, Score)> {
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for segment in self.segments() {
            if let Some(host) = segment.host {
                places.entry(host.to_owned()).or_default().push(segment.index);
            }
        }
        places.into_iter().map(|(host, places)| (host, self.score(&places))).collect()
    }

    /// When the whole stock is sold out at the pace of the last ten minutes: in a clearance, when the lot is empty.
    #[must_use]
    pub fn lot_empty_at(&self) -> Option<At> {
        let left = self.reading(Metric::Stock, Scope::Live, Span::Live).number().filter(|left| *left >= 0.0)?;
        let units = self.reading(Metric::Units, Scope::Live, Span::M10);
        let sold = units.number().filter(|sold| *sold >= LOT_UNITS)?;
        let minutes = Span::M10.ms()? / MINUTE_MS;
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "seconds of a broadcast; saturates")]
        let after_s = (left / sold * minutes as f64 * 60.0) as i64;
        Some(units.until?.plus_s(after_s.min(LOT_FAR_S)))
    }

    fn score(&self, places: &[usize]) -> Score {
        let read = |metric: Metric| -> Vec<Reading> {
            places.iter().map(|place| self.reading(metric, Scope::Segment(*place), Span::Live)).collect()
        };
        #[expect(clippy::cast_possible_truncation, reason = "counts and minor units that were integers")]
        let sum =
            |metric: Metric| read(metric).iter().filter_map(Reading::number).map(|number| number as i64).fold(0i64, i64::saturating_add);
        let ratio = |metric: Metric| {
            let sums = read(metric).iter().try_fold((0i128, 0i128), |sums, reading| {
                Some((sums.0 + reading.numerator.unwrap_or(0), sums.1 + reading.denominator.unwrap_or(0)))
            })?;
            #[expect(clippy::cast_precision_loss, reason = "a ratio for the glass; its sums stay integers")]
            (sums.1 > 0).then(|| sums.0 as f64 / sums.1 as f64)
        };
        let segments = self.segments();
        let lengths = places.iter().filter_map(|place| segments.iter().find(|segment| segment.index == *place));
        Score {
            segments: places.len(),
            length_ms: lengths.map(|segment| segment.to.unwrap_or(self.now()).since_ms(segment.from).max(0)).sum(),
            orders: sum(Metric::OrdersPlaced),
            gmv_minor: sum(Metric::GmvPlaced),
            watch: ratio(Metric::AvgWatchS),
            conversion: ratio(Metric::CvrUv),
        }
    }
}

/// Acts that offer something to buy.
const fn is_offer(kind: InterventionKind) -> bool {
    matches!(
        kind,
        InterventionKind::FlashDeal
            | InterventionKind::PriceDrop
            | InterventionKind::Coupon
            | InterventionKind::Bundle
            | InterventionKind::BonusKit
            | InterventionKind::FreeShipping
            | InterventionKind::Countdown
    )
}
