//! Payment methods, unpaid orders, buyers, calls to left carts and stock, as the engine tells them.

use super::{BuyerRow, MethodRow, RESCUE_MIN, Rescue, StockRow, Unpaid};
use crate::engine::Engine;
use crate::engine::event::InterventionKind;
use crate::engine::metric::{Metric, Scope, Value};
use crate::engine::time::Span;
use crate::summary::{Amount, Metrics};

pub(super) fn methods(engine: &Engine) -> Vec<MethodRow> {
    let shown = [Metric::OrdersPlaced, Metric::OrdersPaid, Metric::OrdersCancelled, Metric::OrderPaidRate, Metric::GmvPaid];
    let rows = engine.methods().into_iter().map(|method| {
        let read = |metric| (metric, engine.reading(metric, Scope::Method(method.sym), Span::Live));
        MethodRow { method: method.name.to_owned(), metrics: Metrics(shown.map(read).to_vec()) }
    });
    rows.collect()
}

pub(super) fn unpaid(engine: &Engine) -> Unpaid {
    if matches!(engine.reading(Metric::OrdersPlaced, Scope::Live, Span::Live).value, Value::Unknown(_)) {
        return Unpaid { orders: None, value: None };
    }
    let pending = engine.pending_orders();
    let value = engine.currency().and_then(|currency| {
        let minor = pending.iter().map(|order| order.value.map(|value| value.minor)).sum::<Option<i64>>()?;
        Some(Amount { minor, currency })
    });
    Unpaid { orders: i64::try_from(pending.len()).ok(), value }
}

pub(super) fn buyers(engine: &Engine) -> Vec<BuyerRow> {
    let Some(sums) = engine.novelty() else { return Vec::new() };
    let rows = ["new", "returning", "untold"].into_iter().zip(sums);
    rows.map(|(who, sum)| BuyerRow {
        who,
        buyers: sum.buyers,
        orders: sum.orders,
        paid_orders: sum.paid_orders,
        paid: engine.currency().map(|currency| Amount { minor: sum.paid_minor, currency }),
    })
    .collect()
}

/// Calls to left carts, with the carts recovered after each and before it.
pub(super) fn rescues(engine: &Engine) -> Vec<Rescue> {
    let acts = engine.interventions().into_iter().filter(|act| act.kind == InterventionKind::CartRescue && !act.withdrawn);
    let recovered = |from: i64, to: i64| {
        let minutes = (from..to).map(|minute| engine.reading_in_minute(Metric::CartsRecovered, Scope::Live, minute).value);
        minutes.filter_map(|value| if let Value::Count(count) = value { Some(count) } else { None }).sum()
    };
    acts.map(|act| {
        let first = act.started.minute();
        Rescue {
            act: act.id.to_owned(),
            started: act.started,
            after: recovered(first, first + RESCUE_MIN),
            before: recovered(first - RESCUE_MIN, first),
            minutes: RESCUE_MIN,
        }
    })
    .collect()
}

pub(super) fn stock(engine: &Engine) -> Vec<StockRow> {
    let rows = engine.products().into_iter().map(|product| {
        let alarm = engine.stock_alarm(product.sym);
        StockRow {
            sku: product.sku.to_owned(),
            sold_out: alarm.sold_out,
            oversold: alarm.oversold,
            mismatch: alarm.mismatch,
            last_sale: engine.last_sale(product.sym),
        }
    });
    rows.collect()
}
