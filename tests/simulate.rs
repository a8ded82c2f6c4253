//! The simulated broadcast: the same for a seed, sane in its sums, and everything that goes wrong shows in its facts.

use std::collections::BTreeMap;
use std::sync::Arc;

use warroom::engine::event::{Fact, OrderStatus, PaymentStatus};
use warroom::engine::wire;
use warroom::simulate::act::Act;
use warroom::simulate::broadcast::Broadcast;
use warroom::simulate::delivery::Delivery;
use warroom::simulate::scenario::Scenario;

fn calm() -> Scenario {
    let mut scenario = (*Scenario::demo().unwrap()).clone();
    scenario.incidents.clear();
    scenario
}

fn play(scenario: &Arc<Scenario>, seed: u64, minutes: i64, acts: &[Act]) -> Vec<Delivery> {
    let mut broadcast = Broadcast::new(Arc::clone(scenario), seed).unwrap();
    broadcast.advance_to(scenario.starts_at.plus_s(minutes * 60), acts)
}

fn lines(deliveries: &[Delivery]) -> String {
    deliveries.iter().map(|delivery| format!("{} {}\n", delivery.at, wire::write(&delivery.event))).collect()
}

#[test]
fn a_seed_is_the_broadcast_byte_for_byte() {
    let scenario = Scenario::demo().unwrap();
    let first = lines(&play(&scenario, 11, 4, &[]));
    assert_eq!(first, lines(&play(&scenario, 11, 4, &[])));
    assert_ne!(first, lines(&play(&scenario, 12, 4, &[])));
}

#[test]
fn however_often_it_is_called_the_broadcast_is_the_same() {
    let scenario = Scenario::demo().unwrap();
    let mut steps = Broadcast::new(Arc::clone(&scenario), 3).unwrap();
    let mut heard = Vec::new();
    let mut at = scenario.starts_at;
    for ms in [1, 999, 250, 12_345, 7, 60_000, 46_398].into_iter().cycle().take(14) {
        at = at.plus_ms(ms);
        heard.extend(steps.advance_to(at, &[]));
    }
    let minutes = at.since_ms(scenario.starts_at) / 60_000;
    assert_eq!(lines(&heard), lines(&play(&scenario, 3, minutes, &[])));
}

#[test]
fn every_event_is_canonical() {
    let scenario = Scenario::demo().unwrap();
    let deliveries = play(&scenario, 5, 14, &[]);
    for delivery in &deliveries {
        let line = wire::write(&delivery.event);
        let read = wire::read(&line, &wire::Defaults::default()).unwrap_or_else(|reject| panic!("{line}: {reject:?}"));
        assert_eq!(read.event, delivery.event, "{line}");
    }
    assert!(deliveries.len() > 40_000, "{}", deliveries.len());
}

#[test]
fn facts_arrive_in_order_and_never_before_they_happen() {
    let scenario = Scenario::demo().unwrap();
    let deliveries = play(&scenario, 6, 14, &[]);
    assert!(deliveries.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert!(deliveries.iter().all(|delivery| delivery.event.ts <= delivery.at));
}

#[test]
fn orders_are_paid_after_they_are_placed_and_pix_waits() {
    let scenario = Arc::new(calm());
    let mut placed = BTreeMap::new();
    let mut paid = 0;
    let mut pix_paid_at_once = 0;
    let mut pix_paid = 0;
    for delivery in play(&scenario, 7, 30, &[]) {
        let Fact::Purchase(order) = &delivery.event.fact else { continue };
        match order.status {
            OrderStatus::Placed => {
                placed.insert(order.order.clone(), order.clone());
                assert_eq!(order.expires_at.is_some(), matches!(order.method.as_deref(), Some("pix" | "link")));
            }
            OrderStatus::Paid if order.rev.map(|rev| rev.0) == Some(2) => {
                paid += 1;
                let wait = order.paid_at.unwrap().since_ms(order.placed_at.unwrap());
                if order.method.as_deref() == Some("pix") {
                    pix_paid += 1;
                    pix_paid_at_once += i32::from(wait < 10_000);
                }
                assert!(wait > 0);
            }
            _ => {}
        }
    }
    assert!(paid > 40 && paid <= placed.len(), "{paid} of {}", placed.len());
    assert!(pix_paid_at_once * 5 < pix_paid, "{pix_paid_at_once} of {pix_paid}");
}

#[test]
fn a_payment_tells_of_every_order() {
    let scenario = Arc::new(calm());
    let mut pending = 0;
    let mut ended = 0;
    let mut orders = 0;
    for delivery in play(&scenario, 8, 20, &[]) {
        match &delivery.event.fact {
            Fact::Payment(payment) if payment.status == PaymentStatus::Pending => pending += 1,
            Fact::Payment(_) => ended += 1,
            Fact::Purchase(order) if order.status == OrderStatus::Placed => orders += 1,
            _ => {}
        }
    }
    assert!(pending >= orders && orders > 30, "{pending} {orders}");
    assert!(ended > pending / 2 && ended <= pending + pending / 10);
}
