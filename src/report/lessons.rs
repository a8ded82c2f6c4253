//! What to change next time: rules over the figures, each proposal with the figures that it stands on.
//!
//! A rule speaks only where its counts could not easily be chance; what is not known proposes nothing.

use serde::Serialize;

use super::lesson::{About, Measure};
use super::model::{Quadrant, Report, count, number};
use super::voice::{UNKNOWN, id_of};
use crate::engine::Engine;
use crate::engine::event::SegmentKind;
use crate::engine::metric::{Metric, Reading, Scope};
use crate::engine::money::{Currency, Money};
use crate::engine::time::{At, MINUTE_MS, Span};
use crate::engine::view::show::Gesture;
use crate::summary::Amount;

/// Proposals of one report.
pub const MOST: usize = 5;
/// Buyers that the other products' rate would have given: fewer are chance.
const EXPECTED: f64 = 8.0;
/// A product that converts below this part of the rest is weak.
const WEAK: f64 = 0.7;
/// Carts of a band that ended, at least.
const CARTS: i128 = 20;
/// A band is left more often than all carts by this much.
const CARTS_ABOVE: f64 = 0.05;
/// A kind of segment is told when it ran for so many minutes.
const SEGMENT_MS: i64 = 5 * MINUTE_MS;
/// A kind of segment is better by this factor.
const BETTER: f64 = 1.2;
/// Messages of a topic that are worth a place in the script.
const ASKED: i64 = 20;
/// An act that covers the peak may begin so late.
const NEAR_PEAK_S: i64 = 300;

/// A change for the next live.
#[derive(Clone, Debug, Serialize)]
pub struct Proposal {
    /// Key of its words: `lesson-…` says what to do, `evidence-…` why.
    pub lesson: &'static str,
    pub evidence: Vec<(&'static str, Said)>,
    /// The figure that it is to change, where it is one.
    pub measure: Option<Measure>,
}

/// A figure of the evidence.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Said {
    Text(String),
    /// The id of a closed list, with its list: `segment`, `gesture`.
    Word(&'static str, String),
    Amount(Amount),
    Count(i64),
    Share {
        share: f64,
    },
    Number {
        number: f64,
    },
    At(At),
}

/// The proposals, the weightiest first.
#[must_use]
pub fn propose(report: &Report, engine: &Engine) -> Vec<Proposal> {
    let rules: [fn(&Report, &Engine) -> Option<Proposal>; 8] =
        [weak_product, unpaid_channel, peak_without_offer, left_carts, better_segment, sold_out, asked_topic, worth_repeating];
    rules.iter().filter_map(|rule| rule(report, engine)).take(MOST).collect()
}

fn sku_name(report: &Report, sku: &str) -> Said {
    Said::Text(report.product_name(sku).to_owned())
}

/// Many look, few buy: of these the one that misses most buyers.
#[expect(clippy::cast_precision_loss, reason = "counts of a broadcast")]
fn weak_product(report: &Report, engine: &Engine) -> Option<Proposal> {
    let rows = &report.figures.products;
    let sums = |row: &crate::summary::Metrics| {
        let reading = row.get(Metric::CvrProduct)?;
        Some((reading.numerator? as f64, reading.denominator? as f64))
    };
    let all = rows.iter().filter_map(|row| sums(&row.metrics)).fold((0.0, 0.0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    let missed = |sku: &str| {
        let row = rows.iter().find(|row| row.sku == sku)?;
        let (bought, looked) = sums(&row.metrics)?;
        let rest = (all.1 > looked).then(|| (all.0 - bought) / (all.1 - looked))?;
        let expected = rest * looked;
        (expected >= EXPECTED && bought <= WEAK * expected).then_some((expected - bought, bought, looked, rest))
    };
    let weak = report.products.iter().filter(|product| product.quadrant == Some(Quadrant::ManyViewsLow));
    let (product, (_, bought, looked, rest)) =
        weak.filter_map(|product| Some((product, missed(&product.sku)?))).max_by(|a, b| a.1.0.total_cmp(&b.1.0))?;
    Some(Proposal {
        lesson: "weak-product",
        evidence: vec![
            ("product", sku_name(report, &product.sku)),
            ("visitors", Said::Count(whole(looked))),
            ("buyers", Said::Count(whole(bought))),
            ("conversion", Said::Share { share: bought / looked }),
            ("others", Said::Share { share: rest }),
        ],
        measure: Measure::of("cvr_product", About::Product(product.sku.clone()), false, report, engine),
    })
}

#[expect(clippy::cast_possible_truncation, reason = "counts that were integers")]
const fn whole(number: f64) -> i64 {
    number.round() as i64
}

/// The channel that lost most money: its ROAS is below its break-even.
fn unpaid_channel(report: &Report, engine: &Engine) -> Option<Proposal> {
    let channels = engine.channels();
    let live = engine.reading(Metric::RoasBreakeven, Scope::Live, Span::Live).number();
    let losing = report.figures.channels.iter().filter_map(|row| {
        let roas = number(&row.metrics, Metric::Roas)?;
        let sym = channels.iter().find(|channel| channel.name == row.channel)?.sym;
        let own = engine.reading(Metric::RoasBreakeven, Scope::Channel(sym), Span::Live).number();
        let breakeven = own.or(live)?;
        let spend = number(&row.metrics, Metric::AdSpend)?;
        (roas < breakeven).then_some((row, roas, breakeven, spend))
    });
    let (row, roas, breakeven, spend) = losing.max_by(|a, b| (a.3 * (a.2 - a.1)).total_cmp(&(b.3 * (b.2 - b.1))))?;
    Some(Proposal {
        lesson: "channel-below-breakeven",
        evidence: vec![
            ("channel", Said::Word("channel", row.channel.clone())),
            ("roas", Said::Number { number: roas }),
            ("breakeven", Said::Number { number: breakeven }),
            ("spend", amount(whole(spend), report.figures.currency)?),
        ],
        measure: Measure::of("roas", About::Channel(row.channel.clone()), false, report, engine),
    })
}

fn amount(minor: i64, currency: Option<Currency>) -> Option<Said> {
    currency.map(|currency| Said::Amount(Money::new(minor, currency).into()))
}

/// Most people were there, and nothing was offered.
fn peak_without_offer(report: &Report, engine: &Engine) -> Option<Proposal> {
    let peak = report.figures.minutes.iter().filter_map(|row| Some((count(&row.metrics, Metric::Ccu)?, row.at)));
    let (viewers, at) = peak.max_by_key(|(viewers, at)| (*viewers, std::cmp::Reverse(*at)))?;
    let offered = report
        .acts
        .iter()
        .filter(|act| !act.withdrawn && act.kind.is_price_act())
        .any(|act| act.started <= at.plus_s(NEAR_PEAK_S) && act.ended.is_none_or(|ended| ended >= at));
    let offer_segment = engine.segments().iter().any(|segment| {
        segment.kind == Some(SegmentKind::Offer) && segment.from <= at.plus_s(NEAR_PEAK_S) && segment.to.is_none_or(|to| to > at)
    });
    if viewers == 0 || offered || offer_segment {
        return None;
    }
    let place = report.figures.minutes.iter().position(|row| row.at == at)?;
    let on_air = report.on_air.get(place).cloned().flatten();
    let product = on_air.map_or_else(|| Said::Text(UNKNOWN.to_owned()), |sku| sku_name(report, &sku));
    Some(Proposal {
        lesson: "peak-without-offer",
        evidence: vec![("at", Said::At(at)), ("viewers", Said::Count(viewers)), ("product", product)],
        measure: Measure::of("cvr_uv", About::Live, false, report, engine),
    })
}

/// Carts of a band are left more often than the rest.
fn left_carts(report: &Report, engine: &Engine) -> Option<Proposal> {
    let all = report.figures.broadcast.get(Metric::CartAbandon).and_then(Reading::number)?;
    let bands = report.figures.price_bands.iter().filter(|band| band.from.minor > 0).filter_map(|band| {
        let reading = band.metrics.get(Metric::CartAbandon)?;
        let (left, share) = (reading.numerator?, reading.number()?);
        (reading.denominator? >= CARTS && share >= all + CARTS_ABOVE).then_some((band, left, share))
    });
    let (band, left, share) = bands.max_by(|a, b| a.2.total_cmp(&b.2))?;
    Some(Proposal {
        lesson: "left-carts",
        evidence: vec![
            ("from", Said::Amount(band.from)),
            ("share", Said::Share { share }),
            ("carts", Said::Count(i64::try_from(left).ok()?)),
            ("all", Said::Share { share: all }),
        ],
        measure: Measure::of("cart_abandon", About::Band(band.from.minor), true, report, engine),
    })
}

/// One kind of segment earned more a minute than all the others together.
#[expect(clippy::cast_precision_loss, reason = "minutes and minor units of a broadcast")]
fn better_segment(report: &Report, engine: &Engine) -> Option<Proposal> {
    let mut kinds: std::collections::BTreeMap<SegmentKind, (i64, i64)> = std::collections::BTreeMap::new();
    for row in &report.figures.segments {
        let Some((kind, paid)) = row.kind.zip(number(&row.metrics, Metric::GmvPaid)) else { continue };
        let length = row.to.unwrap_or_else(|| engine.now()).since_ms(row.from);
        let sum = kinds.entry(kind).or_default();
        *sum = (sum.0 + whole(paid), sum.1 + length);
    }
    kinds.retain(|_, (_, length)| *length >= SEGMENT_MS);
    let all = kinds.values().fold((0, 0), |sum, kind| (sum.0 + kind.0, sum.1 + kind.1));
    let rate = |(paid, length): (i64, i64)| (length > 0).then(|| paid as f64 * MINUTE_MS as f64 / length as f64);
    let rates = kinds.iter().filter_map(|(kind, sum)| Some((*kind, rate(*sum)?, rate((all.0 - sum.0, all.1 - sum.1))?)));
    let (kind, own, others) = rates.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, own, others)| *own >= BETTER * others)?;
    Some(Proposal {
        lesson: "better-segment",
        evidence: vec![
            ("segment", Said::Word("segment", id_of(&kind))),
            ("own", amount(whole(own), report.figures.currency)?),
            ("others", amount(whole(others), report.figures.currency)?),
        ],
        measure: Measure::of("gmv_per_min", About::Live, false, report, engine),
    })
}

/// A product was gone while the live went on.
fn sold_out(report: &Report, _: &Engine) -> Option<Proposal> {
    let end = report.closed.or(report.figures.at)?;
    let gone = report.stock.iter().filter(|row| row.sold_out || row.oversold > 0);
    let (row, last) = gone.filter_map(|row| Some((row, row.last_sale?))).min_by_key(|(_, last)| *last)?;
    (end.since_ms(last) > 10 * MINUTE_MS || row.oversold > 0).then(|| Proposal {
        lesson: "sold-out",
        evidence: vec![
            ("product", sku_name(report, &row.sku)),
            ("at", Said::At(last)),
            ("minutes", Said::Count(end.since_ms(last).max(0) / MINUTE_MS)),
            ("oversold", Said::Count(row.oversold)),
        ],
        measure: None,
    })
}

/// What the audience had to ask for most.
fn asked_topic(report: &Report, engine: &Engine) -> Option<Proposal> {
    let asking = [Gesture::Price, Gesture::Stock, Gesture::Link, Gesture::Shipping, Gesture::Coupon, Gesture::Payment];
    let sums = asking.iter().filter_map(|gesture| Some((*gesture, asked(report, *gesture)?)));
    let (gesture, asked) = sums.max_by_key(|(_, asked)| *asked).filter(|(_, asked)| *asked >= ASKED)?;
    let messages = count(&report.figures.broadcast, Metric::ChatMessages)?;
    Some(Proposal {
        lesson: "asked-topic",
        evidence: vec![
            ("topic", Said::Word("gesture", gesture.id().to_owned())),
            ("asked", Said::Count(asked)),
            ("messages", Said::Count(messages)),
        ],
        measure: Measure::of("gesture", About::Gesture(gesture.id().to_owned()), true, report, engine),
    })
}

/// How often a gesture was made.
pub(super) fn asked(report: &Report, gesture: Gesture) -> Option<i64> {
    let row = report.figures.gestures.iter().find(|row| row.gesture == gesture.id())?;
    Some(row.minutes.iter().flatten().sum::<i64>())
}

/// An act that measurably helped.
fn worth_repeating(report: &Report, engine: &Engine) -> Option<Proposal> {
    let act = report.acts.iter().find(|act| !act.withdrawn && act.impact.verdict.as_deref() == Some("better"))?;
    Some(Proposal {
        lesson: "worth-repeating",
        evidence: vec![
            ("act", Said::Word("act", act.kind.id().to_owned())),
            ("at", Said::At(act.started)),
            ("ratio", Said::Number { number: act.impact.ratio? }),
            ("low", Said::Number { number: act.impact.low? }),
            ("high", Said::Number { number: act.impact.high? }),
        ],
        measure: Measure::of("gmv_per_min", About::Live, false, report, engine),
    })
}
