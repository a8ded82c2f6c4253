//! Alarms of the trade that need no rule: sold out, oversold, sources that disagree, unpaid orders about to end, milestones.
//!
//! Facts only mark what they touch; whole seconds judge it, so that how often the engine is asked cannot show.

use super::Engine;
use super::event::{Event, Fact};
use super::id::{Set, Sym, Table};
use super::live::books::Books;
use super::notice::{Notice, NoticeKind};
use super::plan::Plan;
use super::series::{Count, Window};
use super::time::At;
use super::view::commerce::StockAlarm;

/// Placed orders from one milestone to the next.
pub const MILESTONE_ORDERS: i64 = 100;
/// Unpaid orders are looked through this often.
const EXPIRY_EVERY_S: i64 = 10;

const WHOLE: Window = Window { from: 0, to: 0, whole: true };

/// What was told already.
#[derive(Clone, Debug, Default)]
pub struct Alarms {
    /// Products whose stock may have changed since the last second.
    touched: Set<Sym>,
    /// True once anybody tells of stock, of an end of unpaid orders.
    has_stock: bool,
    has_expiry: bool,
    told: Table<Sym, Told>,
    milestones: i64,
    expiring: usize,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Told {
    alarm: StockAlarm,
    low: bool,
}

impl Alarms {
    /// Alarms before the first fact.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self { has_stock: plans_stock(plan), ..Self::default() }
    }

    /// Marks what a fact touches.
    pub fn fold(&mut self, event: &Event, books: &Books, plan: &Plan) {
        match &event.fact {
            Fact::Inventory(inventory) => {
                self.has_stock = true;
                self.touched.extend(books.find_product(&inventory.sku));
            }
            Fact::Purchase(purchase) => {
                self.has_expiry |= purchase.expires_at.is_some();
                if self.has_stock {
                    self.touched.extend(purchase.items.iter().filter_map(|item| books.find_product(&item.sku)));
                }
            }
            Fact::Payment(payment) => self.has_expiry |= payment.expires_at.is_some(),
            Fact::Plan(_) => self.has_stock |= plans_stock(plan),
            _ => {}
        }
    }
}

fn plans_stock(plan: &Plan) -> bool {
    plan.products.iter().any(|product| product.stock.is_some())
}

impl Engine {
    /// Judges one whole second.
    pub(super) fn sound_alarms(&mut self, second: At, notices: &mut Vec<Notice>) {
        let mut alarms = std::mem::take(&mut self.alarms);
        for product in std::mem::take(&mut alarms.touched) {
            let now = self.stock_told(product);
            let before = alarms.told.insert(product, now.clone()).unwrap_or_default();
            notices.extend(turned(product, &before, &now, self).map(|kind| Notice { at: second, kind }));
        }
        let orders = self.live().sheets.live.count(Count::OrdersPlaced, WHOLE);
        if orders / MILESTONE_ORDERS > alarms.milestones {
            alarms.milestones = orders / MILESTONE_ORDERS;
            notices.push(Notice { at: second, kind: NoticeKind::OrdersReached { orders: alarms.milestones * MILESTONE_ORDERS } });
        }
        if alarms.has_expiry && second.second() % EXPIRY_EVERY_S == 0 {
            let until = second.plus_s(self.plan().limits.expiring_s);
            let ends = self.pending_orders().into_iter().filter_map(|order| order.expires_at);
            let expiring = ends.filter(|end| *end > second && *end <= until).count();
            if expiring > 0 && alarms.expiring == 0 {
                let orders = i64::try_from(expiring).unwrap_or(i64::MAX);
                notices.push(Notice { at: second, kind: NoticeKind::PaymentsExpiring { orders } });
            }
            alarms.expiring = expiring;
        }
        self.alarms = alarms;
    }

    fn stock_told(&self, product: Sym) -> Told {
        let low = self.live().commerce.stock.available(product).is_some_and(|left| left > 0 && left < self.plan().limits.low_stock);
        Told { alarm: self.stock_alarm(product), low }
    }
}

/// What became true of a product's stock.
fn turned(product: Sym, before: &Told, now: &Told, engine: &Engine) -> impl Iterator<Item = NoticeKind> {
    let mismatch = now.alarm.mismatch.filter(|_| before.alarm.mismatch.is_none());
    let available = engine.live().commerce.stock.available(product).unwrap_or_default();
    [
        (now.alarm.sold_out && !before.alarm.sold_out).then_some(NoticeKind::SoldOut { product }),
        (now.alarm.oversold > before.alarm.oversold).then_some(NoticeKind::Oversold { product, units: now.alarm.oversold }),
        mismatch.map(|(lowest, highest)| NoticeKind::StockMismatch { product, lowest, highest }),
        (now.low && !before.low).then_some(NoticeKind::LowStock { product, available }),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Arrival;
    use crate::engine::event::Record;
    use crate::engine::wire::{Defaults, read};

    /// What is told over facts one second apart, each as the body of its line.
    fn told(bodies: &[&str]) -> Vec<NoticeKind> {
        let start = At::parse("2026-11-21T22:00:00Z", None).unwrap();
        let mut engine = Engine::new(Plan::default(), Arrival::Live);
        let mut notices = Vec::new();
        for (seq, body) in (1..).zip(bodies) {
            let at = start.plus_s(i64::try_from(seq).unwrap());
            let line = format!(r#"{{{body},"ts":"{at}","id":"e{seq}","currency":"BRL"}}"#);
            let event = read(&line, &Defaults::default()).unwrap_or_else(|reject| panic!("{line}: {reject:?}")).event;
            notices.extend(engine.step(&Record { seq, at, event }));
        }
        notices.extend(engine.advance_to(start.plus_s(100)));
        notices.into_iter().map(|notice| notice.kind).collect()
    }

    fn inventory(source: &str, available: i64) -> String {
        format!(r#""type":"inventory","source":"{source}","sku":"A","available":{available}"#)
    }
    fn order(id: &str, more: &str) -> String {
        format!(
            r#""type":"purchase","source":"shop","order":"{id}","value":"10.00","items":[{{"sku":"A","quantity":1,"price":"10.00"}}]{more}"#
        )
    }

    #[test]
    fn stock_that_runs_low_and_out_is_told_once_each() {
        let bodies = [20, 8, 5, 0, 0, 3].map(|available| inventory("shop", available));
        let kinds = told(&bodies.each_ref().map(String::as_str));
        assert!(
            matches!(
                kinds[..],
                [NoticeKind::LowStock { available: 8, .. }, NoticeKind::SoldOut { .. }, NoticeKind::LowStock { available: 3, .. }]
            ),
            "{kinds:?}"
        );
    }

    #[test]
    fn sources_that_disagree_are_told() {
        let bodies = [inventory("shop", 20), inventory("erp", 12)];
        let kinds = told(&bodies.each_ref().map(String::as_str));
        assert!(matches!(kinds[..], [NoticeKind::StockMismatch { lowest: 12, highest: 20, .. }]), "{kinds:?}");
    }

    #[test]
    fn every_hundredth_order_is_told() {
        let bodies: Vec<String> = (0..250).map(|n| order(&n.to_string(), "")).collect();
        let kinds = told(&bodies.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(kinds, [NoticeKind::OrdersReached { orders: 100 }, NoticeKind::OrdersReached { orders: 200 }]);
    }

    #[test]
    fn unpaid_orders_that_end_soon_are_told_when_the_first_one_is_near() {
        let pending = r#","status":"placed","expires_at":"2026-11-21T22:05:40Z""#;
        let bodies = [order("1", pending), order("2", pending)];
        let kinds = told(&bodies.each_ref().map(String::as_str));
        assert_eq!(kinds, [NoticeKind::PaymentsExpiring { orders: 2 }]);
    }
}
