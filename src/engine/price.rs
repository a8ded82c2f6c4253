//! What an act is expected to bring and to cost: units, margin, break-even, stock. Never a discount below the plan's margin
//! floor, never more units than there are.
//!
//! The lift of each kind is an assumption ([`LIFTS`]) until the shop's own lives have taught a better one; the range on the
//! card is wide because one act of ten minutes is weak evidence.

use super::Engine;
use super::event::{InterventionKind, Parameters};
use super::id::Sym;
use super::impact::RateRatio;
use super::metric::{Metric, Scope};
use super::money::Money;
use super::time::Span;

/// Expected effect on units sold while it runs, by kind: ratio with a 95 % range. An assumption; elasticities of short
/// promotions differ widely between shops.
const LIFTS: &[(InterventionKind, f64, f64, f64)] = &[
    (InterventionKind::FlashDeal, 1.8, 1.2, 2.7),
    (InterventionKind::PriceDrop, 1.5, 1.1, 2.1),
    (InterventionKind::Coupon, 1.4, 1.05, 1.9),
    (InterventionKind::Bundle, 1.3, 1.0, 1.8),
    (InterventionKind::FreeShipping, 1.3, 1.0, 1.7),
    (InterventionKind::Countdown, 1.3, 1.0, 1.8),
    (InterventionKind::BonusKit, 1.1, 0.9, 1.4),
];

/// Smallest discount worth announcing.
const LEAST_PERCENT: f64 = 3.0;

/// The bill of an act before it is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    /// Units over the act's time without it, and with it (range).
    pub units_without: f64,
    pub units: f64,
    pub units_low: f64,
    pub units_high: f64,
    /// Units at which the margin given away is earned back.
    pub break_even_units: Option<f64>,
    /// Change of contribution margin in minor units (range), if what moved stays as it is.
    pub margin: Option<(Money, Money, Money)>,
    /// Margin left after the discount, and the floor that it must keep, as shares.
    pub margin_left: Option<f64>,
    pub margin_floor: Option<f64>,
    pub stock: Option<i64>,
    /// Units to cap the offer at, where the stock could run out.
    pub cap: Option<i64>,
}

/// Why an act is not proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooDear {
    /// No discount keeps the margin above its floor.
    MarginFloor,
    /// The stock would not last.
    Stock,
}

/// Prices an act on a product (or the whole live), and bends its parameters to what the plan allows.
///
/// # Errors
/// When the plan's margin floor or the stock forbids it.
pub fn price(
    kind: InterventionKind,
    product: Option<Sym>,
    parameters: &mut Parameters,
    learnt: Option<RateRatio>,
    engine: &Engine,
) -> Result<Option<Price>, TooDear> {
    let Some((_, lift, low, high)) = LIFTS.iter().find(|(known, ..)| *known == kind).copied() else { return Ok(None) };
    let (lift, low, high) = learnt.map_or((lift, low, high), |learnt| (learnt.ratio, learnt.low, learnt.high));
    let scope = product.map_or(Scope::Live, Scope::Product);
    let minutes = parameters.get("minutes").and_then(|text| text.parse::<f64>().ok()).unwrap_or(10.0);
    let Some(units_without) = units_without(scope, minutes, engine) else { return Ok(None) };
    let planned = product.and_then(|sym| engine.plan().product(engine.live().books.skus.text(sym)));
    let stock = product.and_then(|sym| engine.reading(Metric::Stock, Scope::Product(sym), Span::Live).number());
    let discount = discount(kind, planned, parameters)?;
    let mut bill = Price {
        units_without,
        units: units_without * lift,
        units_low: units_without * low,
        units_high: units_without * high,
        break_even_units: None,
        margin: None,
        margin_left: None,
        margin_floor: planned.and_then(|p| p.margin_floor),
        #[expect(clippy::cast_possible_truncation, reason = "units in stock")]
        stock: stock.map(|units| units as i64),
        cap: None,
    };
    if let Some(units) = bill.stock {
        limit_to_stock(&mut bill, units, parameters)?;
    }
    if let Some(margin) = planned.and_then(|p| p.margin).or(engine.plan().margin) {
        let ticket = product.and_then(|sym| engine.products().into_iter().find(|p| p.sym == sym)).and_then(|p| p.price);
        let ticket = ticket.or_else(|| match engine.reading(Metric::Aov, Scope::Live, Span::Live).value {
            super::metric::Value::Money(money) => Some(money),
            _ => None,
        });
        put_margin(&mut bill, margin, discount, ticket);
    }
    Ok(Some(bill))
}

/// Units that the time of the act would sell at the rate of the last ten minutes.
fn units_without(scope: Scope, minutes: f64, engine: &Engine) -> Option<f64> {
    engine.reading(Metric::Units, scope, Span::M10).number().map(|units| units * minutes / 10.0)
}

/// The discount as a share, bent down to what the margin floor and the product's own limit allow.
fn discount(kind: InterventionKind, planned: Option<&super::plan::PlanProduct>, parameters: &mut Parameters) -> Result<f64, TooDear> {
    if !kind.is_price_act() {
        // the funnel may have picked an act that takes nothing off the price
        parameters.remove("percent");
    }
    let Some(mut percent) = parameters.get("percent").and_then(|text| text.parse::<f64>().ok()) else { return Ok(0.0) };
    let floor = planned.and_then(|p| p.margin_floor).unwrap_or(0.0);
    if let Some(most) = planned.and_then(|p| p.max_discount) {
        percent = percent.min(most * 100.0);
    }
    if let Some(margin) = planned.and_then(|p| p.margin) {
        // Of the new price: (p(1−d) − c) / (p(1−d)) ≥ floor, with c = p(1−m), so d ≤ 1 − (1−m)/(1−floor).
        let most = 1.0 - (1.0 - margin) / (1.0 - floor).max(1e-9);
        percent = percent.min((most * 100.0).floor());
    }
    if percent < LEAST_PERCENT {
        return Err(TooDear::MarginFloor);
    }
    parameters.insert("percent".to_owned(), format!("{percent:.0}"));
    Ok(percent / 100.0)
}

fn limit_to_stock(bill: &mut Price, units: i64, parameters: &mut Parameters) -> Result<(), TooDear> {
    #[expect(clippy::cast_precision_loss, reason = "units in stock")]
    let available = units as f64;
    if available < bill.units {
        return Err(TooDear::Stock);
    }
    if available < bill.units_high {
        bill.cap = Some(units);
        bill.units_high = available;
        parameters.insert("cap".to_owned(), units.to_string());
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "minor units of a bill, bounded by prices and units")]
fn put_margin(bill: &mut Price, margin: f64, discount: f64, ticket: Option<Money>) {
    let left = margin - discount;
    bill.margin_left = Some(left / (1.0 - discount).max(1e-9));
    if left > 0.0 {
        bill.break_even_units = Some(bill.units_without * margin / left);
    }
    if let Some(ticket) = ticket {
        #[expect(clippy::cast_precision_loss, reason = "minor units of a ticket")]
        let price = ticket.minor as f64;
        let change = |units: f64| Money::new(((units * left - bill.units_without * margin) * price) as i64, ticket.currency);
        bill.margin = Some((change(bill.units), change(bill.units_low), change(bill.units_high)));
    }
}
