//! The formulas that are no plain sum or quotient.

use super::ask::{Ask, Term, Whom, quotient};
use super::{Reading, Value, Why};
use crate::engine::id::Sym;
use crate::engine::live::answers::QuestionTally;
use crate::engine::live::commerce::audience::Figure;
use crate::engine::live::commerce::readings::{MICRO, Told};
use crate::engine::series::{Count, MINUTE_SLOTS, Sum, Window, slot_of};
use crate::engine::time::At;

/// Minutes that the rate of selling is taken over.
const COVER_MINUTES: u32 = 15;
/// Watched seconds are counted in milliseconds of viewers; the average is told in seconds.
const MS: i128 = 1_000;

/// Paid value of orders that name this live; unknown where the plan does not say by what.
pub fn attributed(ask: &Ask<'_>) -> Reading {
    let scope = &ask.engine.plan().scope;
    if scope.live.is_empty() && scope.coupons.is_empty() && scope.campaigns.is_empty() {
        return Reading::unknown(Why::NotInFeeds);
    }
    ask.plain(Term::Money(Sum::GmvAttributed))
}

/// Viewers now; of a stretch in the past the average over it.
pub fn ccu(ask: &Ask<'_>) -> Reading {
    gauge(ask, Figure::Viewers)
}

/// Viewers there for more than a minute.
pub fn engaged(ask: &Ask<'_>) -> Reading {
    gauge(ask, Figure::Engaged)
}

fn gauge(ask: &Ask<'_>, figure: Figure) -> Reading {
    if ask.past {
        let crowd = ask.crowd(figure);
        let average = (crowd.known_ms > 0).then(|| round(crowd.integral, i128::from(crowd.known_ms)));
        return average.map_or(Reading::unknown(Why::Stale), |average| ask.value(Value::Count(average)));
    }
    let now = ask.commerce().audience.at(ask.channels(), figure, ask.engine.now());
    now.map_or(Reading::unknown(Why::Stale), |viewers| ask.value(Value::Count(viewers)))
}

fn round(over: i128, under: i128) -> i64 {
    crate::engine::money::divide_half_even(over, under).unwrap_or(i64::MAX)
}

/// The most viewers at once.
pub fn peak(ask: &Ask<'_>) -> Reading {
    ask.crowd(Figure::Viewers).peak.map_or(Reading::unknown(Why::Stale), |peak| ask.value(Value::Count(peak)))
}

/// The time average of viewers.
pub fn average(ask: &Ask<'_>) -> Reading {
    let crowd = ask.crowd(Figure::Viewers);
    let value =
        if crowd.known_ms > 0 { Value::Number(quotient(crowd.integral, i128::from(crowd.known_ms))) } else { Value::Unknown(Why::Stale) };
    Reading { numerator: Some(crowd.integral / MS), denominator: Some(i128::from(crowd.known_ms) / MS), ..ask.value(value) }
}

pub fn retention_30(ask: &Ask<'_>) -> Reading {
    retention(ask, 30, Count::LeftBefore30s)
}
pub fn retention_60(ask: &Ask<'_>) -> Reading {
    retention(ask, 60, Count::LeftBefore60s)
}

/// Only visits that began long enough ago can have stayed so long.
fn retention(ask: &Ask<'_>, seconds: i64, left: Count) -> Reading {
    let last = slot_of(ask.engine.now().plus_s(-seconds));
    let from = if ask.window.whole { 0 } else { ask.window.from };
    let to = if ask.window.whole { last } else { ask.window.to.min(last) };
    let window = Window::between(from, to.max(from));
    let began = ask.count_in(Count::Entered, window);
    ask.ratio(i128::from(began - ask.count_in(left, window)), i128::from(began), Why::NoViewers)
}

/// What only a platform can tell.
pub fn only_told(ask: &Ask<'_>) -> Reading {
    told(ask).unwrap_or(Reading::unknown(Why::NotInFeeds))
}

/// A platform's own figure of the metric, in the metric's unit.
pub fn told(ask: &Ask<'_>) -> Option<Reading> {
    let micro = match ask.told(ask.metric)? {
        Told::Sum(micro) | Told::Gauge(micro) => micro,
    };
    Some(match super::table::definition(ask.metric).unit {
        super::Unit::Count => ask.value(Value::Count(i64::try_from(micro / MICRO).unwrap_or(i64::MAX))),
        super::Unit::Money => match ask.currency() {
            Err(why) => Reading::unknown(why),
            Ok(currency) => {
                let unit = 10i128.pow(currency.exponent());
                ask.amount(i128::from(round(micro.saturating_mul(unit), MICRO)))
            }
        },
        super::Unit::Ratio | super::Unit::PerMinute | super::Unit::Seconds | super::Unit::Minutes => {
            ask.value(Value::Number(quotient(micro, MICRO)))
        }
    })
}

fn margin_of(ask: &Ask<'_>, product: Sym) -> Option<f64> {
    let plan = ask.engine.plan();
    let planned = plan.product(ask.engine.live().books.skus.text(product));
    let by_cost = |price: i64, cost: i64| quotient(i128::from(price) - i128::from(cost), i128::from(price));
    let own = planned.and_then(|product| {
        product
            .margin
            .or_else(|| product.price_minor.filter(|price| *price > 0).zip(product.cost_minor).map(|(price, cost)| by_cost(price, cost)))
    });
    own.or(plan.margin).filter(|margin| *margin > 0.0)
}

/// The ROAS at which nothing is earned and nothing lost.
pub fn breakeven(ask: &Ask<'_>) -> Reading {
    if let Whom::Product(product) = ask.whom {
        return margin_of(ask, product).map_or(Reading::unknown(Why::NoMargin), |margin| ask.value(Value::Number(1.0 / margin)));
    }
    let (mut paid, mut kept) = (0.0, 0.0);
    for product in ask.engine.live().books.products() {
        let sheet = ask.engine.live().sheets.of_product(product);
        let sold = sheet.map_or(0, |sheet| sheet.money(Sum::GmvPaid, ask.window));
        if sold <= 0 {
            continue;
        }
        let Some(margin) = margin_of(ask, product) else { return Reading::unknown(Why::NoMargin) };
        paid += quotient(sold, 1);
        kept += quotient(sold, 1) * margin;
    }
    let margin = if paid > 0.0 { Some(kept / paid) } else { ask.engine.plan().margin.filter(|margin| *margin > 0.0) };
    margin.map_or(Reading::unknown(Why::NoMargin), |margin| ask.value(Value::Number(1.0 / margin)))
}

/// The simple formula: what a buyer is worth who buys again as often as these do.
pub fn ltv(ask: &Ask<'_>) -> Reading {
    if ask.past {
        return Reading::unknown(Why::NotForScope);
    }
    let buyers = &ask.commerce().orders.buyers;
    let (all, again) = (i128::from(buyers.all()), i128::from(buyers.repeat_buyers()));
    let (paid, orders) = match (ask.term(Term::Money(Sum::GmvPaid)), ask.count(Count::OrdersPaid)) {
        (Err(why), _) => return Reading::unknown(why),
        (Ok(_), 0) => return Reading::unknown(Why::NoPaidOrders),
        (Ok(paid), orders) => (paid, i128::from(orders)),
    };
    if all == 0 {
        return Reading::unknown(Why::NoBuyers);
    }
    if buyers.new_and_told().1 == 0 {
        return Reading::unknown(Why::NewUnknown);
    }
    ask.money_per(paid.saturating_mul(all + again), orders.saturating_mul(all), 1, Why::NoPaidOrders)
}

/// What became of the questions; told for the whole live alone.
fn asked(ask: &Ask<'_>, of: impl Fn(QuestionTally) -> i64) -> Reading {
    match question_tally(ask) {
        Ok(tally) => ask.value(Value::Count(of(tally))),
        Err(why) => Reading::unknown(why),
    }
}

fn question_tally(ask: &Ask<'_>) -> Result<QuestionTally, Why> {
    if ask.past {
        return Err(Why::NotForScope);
    }
    ask.engine.live().question_tally(ask.engine.now(), ask.engine.plan()).ok_or(Why::TooMany)
}

pub fn questions(ask: &Ask<'_>) -> Reading {
    asked(ask, |tally| tally.asked)
}
pub fn questions_answered(ask: &Ask<'_>) -> Reading {
    asked(ask, |tally| tally.answered)
}
pub fn questions_unanswered(ask: &Ask<'_>) -> Reading {
    asked(ask, |tally| tally.unanswered)
}

/// How long an answer took.
pub fn answer_s(ask: &Ask<'_>) -> Reading {
    match question_tally(ask) {
        Ok(tally) => ask.ratio(i128::from(tally.waited_ms) / MS, i128::from(tally.answered), Why::NoAnswers),
        Err(why) => Reading::unknown(why),
    }
}

/// Open carts without activity.
pub fn carts_idle(ask: &Ask<'_>) -> Reading {
    if ask.past { Reading::unknown(Why::NotForScope) } else { ask.value(Value::Count(ask.carts().idle)) }
}

/// Carts that are not bought.
pub fn carts_unbought(ask: &Ask<'_>) -> Reading {
    let carts = ask.carts();
    if ask.past { Reading::unknown(Why::NotForScope) } else { ask.value(Value::Count(carts.open + carts.abandoned)) }
}

/// Units of a product that are left: by its feeds, else the plan's stock less what was sold.
fn available(ask: &Ask<'_>, product: Sym) -> Option<i64> {
    ask.commerce().stock.available(product).or_else(|| {
        let planned = ask.engine.plan().product(ask.engine.live().books.skus.text(product))?.stock?;
        Some(planned.saturating_sub(sold(ask, product, WHOLE)))
    })
}

const WHOLE: Window = Window { from: 0, to: u32::MAX, whole: true };

fn sold(ask: &Ask<'_>, product: Sym, window: Window) -> i64 {
    ask.engine.live().sheets.of_product(product).map_or(0, |sheet| sheet.count(Count::Units, window))
}

/// What there was to sell: the plan's stock, else the first figure and what was sold before it.
fn opening(ask: &Ask<'_>, product: Sym) -> Option<i64> {
    let planned = ask.engine.plan().product(ask.engine.live().books.skus.text(product)).and_then(|product| product.stock);
    planned.or_else(|| {
        let sources = ask.commerce().stock.by_source(product);
        let told = sources.iter().map(|(_, level)| {
            let before = Window::between(0, slot_of(level.opened_at));
            level.opening.saturating_add(sold(ask, product, before))
        });
        told.min()
    })
}

/// Units left.
pub fn stock(ask: &Ask<'_>) -> Reading {
    if ask.past {
        return Reading::unknown(Why::NotForScope);
    }
    let left = match ask.whom {
        Whom::Product(product) => available(ask, product),
        _ => ask.engine.live().books.products().filter_map(|product| available(ask, product)).reduce(i64::saturating_add),
    };
    left.map_or(Reading::unknown(Why::NotInFeeds), |left| ask.value(Value::Count(left)))
}

/// Minutes until a product is sold out at the pace of the last quarter of an hour, one lucky minute aside.
pub fn cover(ask: &Ask<'_>) -> Reading {
    let Whom::Product(product) = ask.whom else { return Reading::unknown(Why::NotForScope) };
    if ask.past {
        return Reading::unknown(Why::NotForScope);
    }
    let Some(left) = available(ask, product) else { return Reading::unknown(Why::NotInFeeds) };
    let (units, minutes) = robust_units(ask, product, ask.to);
    if units <= 0 {
        return Reading { numerator: Some(i128::from(left)), denominator: Some(0), ..Reading::unknown(Why::NoSales) };
    }
    let value = Value::Number(quotient(i128::from(left.max(0)) * i128::from(minutes), i128::from(units)));
    Reading { denominator: Some(i128::from(units)), ..ask.value(value) }
}

/// Units sold in the minutes before `end`, the best minute counted as the second best, and how many minutes those are.
fn robust_units(ask: &Ask<'_>, product: Sym, end: At) -> (i64, i64) {
    let last = slot_of(end);
    let first = ask.engine.tally().from.map_or(last, slot_of);
    let minutes = ((last.saturating_sub(first)) / MINUTE_SLOTS).clamp(1, COVER_MINUTES);
    let mut by_minute: Vec<i64> = (0..minutes)
        .map(|back| {
            let to = last - back * MINUTE_SLOTS;
            sold(ask, product, Window::between(to.saturating_sub(MINUTE_SLOTS), to)).max(0)
        })
        .collect();
    by_minute.sort_unstable();
    let total: i64 = by_minute.iter().sum();
    let lucky = match by_minute.as_slice() {
        [.., second, best] if *second > 0 => best - second,
        _ => 0,
    };
    (total - lucky, i64::from(minutes))
}

/// Units sold of those there were.
pub fn sell_through(ask: &Ask<'_>) -> Reading {
    if ask.past {
        return Reading::unknown(Why::NotForScope);
    }
    let one = |product: Sym| opening(ask, product).map(|opening| (sold(ask, product, WHOLE), opening));
    let sums = match ask.whom {
        Whom::Product(product) => one(product),
        _ => ask.engine.live().books.products().filter_map(one).reduce(|a, b| (a.0.saturating_add(b.0), a.1.saturating_add(b.1))),
    };
    let Some((sold, opening)) = sums else { return Reading::unknown(Why::NoStock) };
    ask.ratio(i128::from(sold), i128::from(opening), Why::NoStock)
}
