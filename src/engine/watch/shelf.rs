//! What each product sells at the same place in the show, so that one that sells above its place is told from one that is
//! merely shown: orders of the minutes in which it is not on air. Where nobody tells what is on air, orders per click.

use crate::engine::Engine;
use crate::engine::detect::groups::{Comparison, LEAST_EVENTS, compare};
use crate::engine::id::Sym;
use crate::engine::metric::Metric;
use crate::engine::series::{Count, Sheet, Sum, Window, slot_of};
use crate::engine::time::{At, MINUTE_MS};

use super::MOST_PRODUCTS;

/// A product that has left the air goes on selling for so long because it was there.
const LAG_S: i64 = 300;
/// So much of the past counts: what a crowd wants changes.
const PAST_MIN: i64 = 45;
/// Orders of one product come in bursts: the interval is widened by this dispersion.
const ORDERS_PHI: f64 = 1.3;
/// A product that was hidden for less is not compared.
const LEAST_HIDDEN_MIN: f64 = 5.0;

/// Orders and money (minor units) of a product, and what they are counted against.
#[derive(Clone, Copy, Debug, Default)]
struct Sold {
    orders: f64,
    minor: f64,
    exposure: f64,
}

/// All products side by side, worked out once for all of them.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// Minutes off air, or clicks.
    pub metric: Metric,
    rows: Vec<(Sym, Sold)>,
    all: Sold,
}

/// A product against all others.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    pub orders: Comparison,
    /// The same ratio in money.
    pub money: f64,
    /// Orders per exposure of the others, and of this one.
    pub from: f64,
    pub to: f64,
}

impl Shelf {
    /// Of all products that can be sold now.
    #[must_use]
    pub fn of(engine: &Engine, now: At) -> Self {
        let shown = !engine.live().segments.explains().is_empty();
        let started = engine.started().unwrap_or(now);
        let (from, to) = (started.max(now.plus_ms(-PAST_MIN * MINUTE_MS)), engine.complete_to(&["purchase"]).map_or(now, |to| to.min(now)));
        let products = engine.live().books.products().take(MOST_PRODUCTS).filter(|product| !engine.stock_alarm(*product).sold_out);
        let rows: Vec<_> = products
            .filter_map(|product| {
                let sheet = engine.live().sheets.of_product(product)?;
                Some((product, if shown { hidden(product, sheet, engine, from, to) } else { clicked(sheet, from, to) }))
            })
            .collect();
        let all = rows.iter().fold(Sold::default(), |all, (_, sold)| Sold {
            orders: all.orders + sold.orders,
            minor: all.minor + sold.minor,
            exposure: all.exposure + sold.exposure,
        });
        Self { metric: if shown { Metric::SalesPerMin } else { Metric::CoRate }, rows, all }
    }

    /// How a product stands among the others; `None` where too little was sold, or there is nothing to hold it against.
    #[must_use]
    pub fn standing(&self, product: Sym) -> Option<Standing> {
        let (_, own) = self.rows.iter().find(|(sym, _)| *sym == product)?;
        let others =
            Sold { orders: self.all.orders - own.orders, minor: self.all.minor - own.minor, exposure: self.all.exposure - own.exposure };
        let too_short = self.metric == Metric::SalesPerMin && own.exposure < LEAST_HIDDEN_MIN;
        if own.orders < 2.0 * LEAST_EVENTS || too_short || others.minor <= 0.0 {
            return None;
        }
        let orders = compare(own.orders, own.exposure, others.orders, others.exposure, ORDERS_PHI)?;
        let money = (own.minor / own.exposure) / (others.minor / others.exposure);
        Some(Standing { orders, money, from: others.orders / others.exposure, to: own.orders / own.exposure })
    }
}

/// What was sold between two instants, and for how many minutes that is.
fn sold(sheet: &Sheet, from: At, to: At) -> Sold {
    let window = Window::between(slot_of(from), slot_of(to));
    #[expect(clippy::cast_precision_loss, reason = "orders and minor units of a live")]
    let (orders, minor) = (sheet.count(Count::OrdersPlaced, window) as f64, sheet.money(Sum::GmvPlaced, window) as f64);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a live")]
    let minutes = to.since_ms(from).max(0) as f64 / MINUTE_MS as f64;
    Sold { orders, minor, exposure: minutes }
}

/// What a product sold while it was neither on air nor just had been.
fn hidden(product: Sym, sheet: &Sheet, engine: &Engine, from: At, to: At) -> Sold {
    let mut left = sold(sheet, from, to);
    let mut until = from;
    for explain in engine.live().segments.explains().iter().filter(|explain| explain.product == product) {
        let begin = explain.from.max(until);
        let end = explain.to.map_or(to, |end| end.plus_s(LAG_S)).min(to);
        if begin < end {
            let shown = sold(sheet, begin, end);
            left.orders -= shown.orders;
            left.minor -= shown.minor;
            left.exposure -= shown.exposure;
            until = end;
        }
    }
    left
}

/// What a product sold, against its clicks.
fn clicked(sheet: &Sheet, from: At, to: At) -> Sold {
    #[expect(clippy::cast_precision_loss, reason = "clicks of a live")]
    let clicks = sheet.count(Count::Clicks, Window::between(slot_of(from), slot_of(to))) as f64;
    Sold { exposure: clicks, ..sold(sheet, from, to) }
}
