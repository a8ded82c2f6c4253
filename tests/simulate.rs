//! The simulated broadcast: the same for a seed, sane in its sums, and everything that goes wrong shows in its facts.
#![allow(
    clippy::unwrap_used,
    clippy::type_complexity,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use warroom::engine::event::InterventionKind;
use warroom::engine::event::{Fact, OrderStatus, PaymentStatus};
use warroom::engine::time::At;
use warroom::engine::wire;
use warroom::simulate::act::Act;
use warroom::simulate::broadcast::Broadcast;
use warroom::simulate::delivery::Delivery;
use warroom::simulate::incident::{Incident, IncidentKind};
use warroom::simulate::scenario::{SHIPPED, Scenario};
use warroom::simulate::shop::CartState;

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

/// What the facts of some minutes say, over several seeds.
#[derive(Clone, Debug, Default)]
struct Counts {
    entries: f64,
    paid_entries: f64,
    leaves: f64,
    watched_s: f64,
    clicks: f64,
    adds: f64,
    checkouts: f64,
    orders: f64,
    paid_orders: f64,
    from_paid: f64,
    messages: f64,
    clicks_on: BTreeMap<String, f64>,
    orders_of: BTreeMap<String, f64>,
    by_feed: BTreeMap<&'static str, f64>,
    spend: f64,
}

impl Counts {
    fn cvr(&self) -> f64 {
        self.orders / self.clicks
    }
    fn cvr_of(&self, sku: &str) -> f64 {
        self.orders_of.get(sku).unwrap_or(&0.0) / self.clicks_on.get(sku).unwrap_or(&0.0).max(1.0)
    }
}

/// Without views and likes, which nothing here asks about.
fn quiet(mut scenario: Scenario) -> Arc<Scenario> {
    scenario.audience.views_per_min = 0.0;
    scenario.audience.likes_per_min = 0.0;
    Arc::new(scenario)
}

fn count(scenario: &Arc<Scenario>, acts: &[Act], from_min: i64, to_min: i64) -> Counts {
    let mut counts = Counts::default();
    let (from, to) = (scenario.starts_at.plus_s(from_min * 60), scenario.starts_at.plus_s(to_min * 60));
    for seed in SEEDS {
        let mut last_spend = 0.0;
        for delivery in play(scenario, seed, to_min, acts) {
            let spend_before = delivery.at < from;
            if let Fact::AdSpend(ads) = &delivery.event.fact {
                let total = ads.value.minor as f64;
                counts.spend += if spend_before { 0.0 } else { (total - last_spend).max(0.0) };
                last_spend = total;
            }
            if (from..to).contains(&delivery.event.ts) {
                tally(&mut counts, &delivery);
            }
        }
    }
    counts
}

fn is_paid(channel: Option<&warroom::engine::event::ChannelClue>) -> bool {
    match channel {
        Some(warroom::engine::event::ChannelClue::Name(name)) => name == "paid",
        Some(warroom::engine::event::ChannelClue::Parts(parts)) => parts.medium.as_deref() == Some("paid_social"),
        None => false,
    }
}

fn tally(counts: &mut Counts, delivery: &Delivery) {
    if matches!(delivery.event.fact, Fact::FeedState(_)) {
        return;
    }
    *counts.by_feed.entry(delivery.feed.name()).or_default() += 1.0;
    match &delivery.event.fact {
        Fact::ViewerJoin(act) => {
            counts.entries += 1.0;
            counts.paid_entries += f64::from(i32::from(is_paid(act.channel.as_ref())));
        }
        Fact::ViewerLeave(act) => {
            counts.leaves += 1.0;
            counts.watched_s += act.watched_s.unwrap_or(0) as f64;
        }
        Fact::SelectItem(act) => {
            counts.clicks += 1.0;
            *counts.clicks_on.entry(act.sku.to_string()).or_default() += 1.0;
        }
        Fact::AddToCart(_) => counts.adds += 1.0,
        Fact::BeginCheckout(_) => counts.checkouts += 1.0,
        Fact::ChatMessage(_) => counts.messages += 1.0,
        Fact::Purchase(order) if order.status == OrderStatus::Placed => {
            counts.orders += 1.0;
            counts.from_paid += f64::from(i32::from(is_paid(order.channel.as_ref())));
            for item in &order.items {
                *counts.orders_of.entry(item.sku.to_string()).or_default() += 1.0;
            }
        }
        Fact::Purchase(order) if order.status == OrderStatus::Paid => counts.paid_orders += 1.0,
        _ => {}
    }
}

const SEEDS: [u64; 4] = [101, 102, 103, 104];

fn with(kind: IncidentKind, at_min: i64, more: impl Fn(Incident) -> Incident) -> Arc<Scenario> {
    let mut scenario = calm();
    scenario.incidents.push(more(Incident::new(kind, at_min)));
    quiet(scenario)
}

fn at(scenario: &Scenario, minute: i64) -> At {
    scenario.starts_at.plus_s(minute * 60)
}

#[test]
fn dear_carts_are_left_more_often_than_cheap_ones() {
    let scenario = quiet(calm());
    let mut carts = [[0.0; 2]; 2];
    for seed in SEEDS {
        let mut broadcast = Broadcast::new(Arc::clone(&scenario), seed).unwrap().silent();
        broadcast.advance_to(at(&scenario, 60), &[]);
        for cart in &broadcast.shop().carts {
            let dear = usize::from(cart.value() >= 50_000);
            match cart.state {
                CartState::Left => carts[dear][0] += 1.0,
                CartState::Bought => carts[dear][1] += 1.0,
                CartState::Open | CartState::Buying => {}
            }
        }
    }
    let [cheap, dear] = carts.map(|[left, bought]| left / (left + bought));
    assert!((0.45..0.65).contains(&cheap), "{cheap}");
    assert!((0.75..0.92).contains(&dear), "{dear}");
}

#[test]
fn the_sums_are_those_of_a_believable_night() {
    let scenario = quiet(calm());
    let counts = count(&scenario, &[], 20, 45);
    let minutes = 25.0 * SEEDS.len() as f64;
    assert!((70.0..140.0).contains(&(counts.clicks / minutes)), "clicks/min {}", counts.clicks / minutes);
    assert!((4.0..14.0).contains(&(counts.orders / minutes)), "orders/min {}", counts.orders / minutes);
    assert!((0.06..0.13).contains(&counts.cvr()), "{}", counts.cvr());
    assert!((0.2..0.34).contains(&(counts.adds / counts.clicks)));
    assert!((150.0..420.0).contains(&(counts.entries / minutes)), "entries/min {}", counts.entries / minutes);
    assert!((66.0..79.0).contains(&(counts.spend / minutes / 100.0)), "spend/min {}", counts.spend / minutes / 100.0);
    assert!(counts.cvr_of("CARREG-65") > counts.cvr_of("WATCH-S") && counts.cvr_of("WATCH-S") > 1.7 * counts.cvr_of("KIT-CASA5"));
}

#[test]
fn stock_is_never_below_zero_but_where_it_is_not_counted() {
    let mut scenario = calm();
    for product in &mut scenario.products {
        product.stock = product.stock.min(12);
    }
    let scenario = quiet(scenario);
    for delivery in play(&scenario, 9, 40, &[]) {
        if let Fact::Inventory(stock) = &delivery.event.fact {
            assert!(stock.available >= 0, "{} {}", stock.sku, stock.available);
        }
    }
    let oversold = with(IncidentKind::Overselling, 17, |incident| Incident { sku: Some("FONE-X2".into()), size: Some(2.0), ..incident });
    let mut broadcast = Broadcast::new(Arc::clone(&oversold), 9).unwrap();
    let facts = broadcast.advance_to(at(&oversold, 30), &[]);
    assert!(broadcast.outcome().oversold_units > 5);
    assert!(facts.iter().any(|delivery| matches!(&delivery.event.fact, Fact::Inventory(stock) if stock.available < 0)));
}

#[test]
fn w1_a_conversion_dip_more_than_halves_orders_per_click_and_a_flash_brings_them_back() {
    let scenario = with(IncidentKind::ConversionDip, 31, |incident| incident);
    let before = count(&scenario, &[], 18, 31);
    let after = count(&scenario, &[], 33, 45);
    let normal = count(&quiet(calm()), &[], 33, 45);
    let ratio = after.cvr() / normal.cvr();
    assert!((0.25..0.5).contains(&ratio), "{ratio}");
    assert!(after.cvr() < 0.5 * before.cvr(), "{} {}", after.cvr(), before.cvr());
    let flash = Act::begin(at(&scenario, 34), "i1", InterventionKind::FlashDeal, Some("FONE-X2")).with("percent", "15");
    let played = count(&scenario, &[flash], 35, 45);
    let alone = count(&scenario, &[], 35, 45);
    assert!(played.orders > 2.0 * alone.orders, "{} {}", played.orders, alone.orders);
    assert!(played.cvr() > 0.9 * before.cvr(), "{} {}", played.cvr(), before.cvr());
}

#[test]
fn w2_dear_carts_are_left_and_a_bundle_wins_some_back() {
    let scenario = with(IncidentKind::DearCarts, 36, |incident| incident);
    let left = |acts: &[Act]| {
        let (mut recovered, mut bought, mut all, mut dear_left) = (0, 0.0, 0.0, 0.0);
        for seed in SEEDS {
            let mut broadcast = Broadcast::new(Arc::clone(&scenario), seed).unwrap().silent();
            broadcast.advance_to(at(&scenario, 70), acts);
            recovered += broadcast.outcome().takings.recovered;
            for cart in broadcast.shop().carts.iter().filter(|cart| cart.value() >= 50_000) {
                all += 1.0;
                bought += f64::from(i32::from(cart.state == CartState::Bought));
                dear_left += f64::from(i32::from(cart.state == CartState::Left));
            }
        }
        (recovered, bought / all, dear_left)
    };
    let (none, share, dear_left) = left(&[]);
    assert_eq!(none, 0);
    assert!(share < 0.12, "{share}");
    let (recovered, ..) = left(&[Act::begin(at(&scenario, 45), "i1", InterventionKind::Bundle, Some("KIT-CASA5"))]);
    assert!(recovered > 10 && f64::from(i32::try_from(recovered).unwrap()) < 0.3 * dear_left, "{recovered} of {dear_left}");
}

#[test]
fn w3_talk_drives_viewers_out_and_a_demonstration_holds_them() {
    let scenario = with(IncidentKind::LongTalk, 20, |incident| incident);
    let calm_leaves = count(&quiet(calm()), &[], 20, 35).leaves;
    let talk = count(&scenario, &[], 20, 35);
    assert!(talk.leaves > 1.12 * calm_leaves, "{} {calm_leaves}", talk.leaves);
    let viewers = |acts: &[Act]| -> f64 {
        let each = SEEDS.map(|seed| {
            let mut broadcast = Broadcast::new(Arc::clone(&scenario), seed).unwrap().silent();
            broadcast.advance_to(at(&scenario, 35), acts);
            broadcast.room().len() as f64
        });
        each.iter().sum()
    };
    let held = viewers(&[Act::begin(at(&scenario, 23), "i1", InterventionKind::Demo, None)]);
    assert!(held > 1.25 * viewers(&[]), "{held} {}", viewers(&[]));
}

#[test]
fn w4_the_hidden_best_seller_sells_when_it_is_shown() {
    let scenario = with(IncidentKind::HiddenSeller, 10, |incident| Incident { sku: Some("RING-10".into()), ..incident });
    let act = Act::begin(at(&scenario, 24), "i1", InterventionKind::SwitchProduct, Some("RING-10"));
    let (shown, alone) = (count(&scenario, std::slice::from_ref(&act), 25, 31), count(&scenario, &[], 25, 31));
    assert!(shown.orders > 1.21 * alone.orders, "{} {}", shown.orders, alone.orders);
    let elsewhere = count(&quiet(calm()), &[], 11, 24);
    let hidden = count(&scenario, &[], 11, 24);
    assert!(hidden.orders_of["RING-10"] > 1.3 * elsewhere.orders_of["RING-10"]);
}

#[test]
fn a_checkout_that_fails_keeps_orders_out_until_it_is_repaired() {
    let scenario = with(IncidentKind::CheckoutFailure, 25, |incident| incident);
    let broken = count(&scenario, &[], 27, 37);
    let whole = count(&quiet(calm()), &[], 27, 37);
    assert!(broken.orders < 0.35 * whole.orders, "{} {}", broken.orders, whole.orders);
    assert!(broken.checkouts > 0.8 * whole.checkouts);
    let repair = Act::begin(at(&scenario, 26), "i1", InterventionKind::TechEvent, None);
    assert!(count(&scenario, &[repair], 29, 37).orders > 0.75 * count(&quiet(calm()), &[], 29, 37).orders);
}

#[test]
fn a_stock_out_stops_a_product_and_a_restock_frees_it() {
    let scenario = with(IncidentKind::StockOut, 17, |incident| Incident { sku: Some("FONE-X2".into()), ..incident });
    let sold = |acts: &[Act]| *count(&scenario, acts, 19, 27).orders_of.get("FONE-X2").unwrap_or(&0.0);
    assert!(sold(&[]) <= 16.0, "{}", sold(&[]));
    let restock = Act::begin(at(&scenario, 19), "i1", InterventionKind::Restock, Some("FONE-X2"));
    assert!(sold(&[restock]) > 60.0);
}

#[test]
fn a_surge_fills_the_room() {
    let scenario = with(IncidentKind::Surge, 40, |incident| incident);
    assert!(count(&scenario, &[], 40, 48).entries > 3.0 * count(&quiet(calm()), &[], 40, 48).entries);
}

#[test]
fn ads_that_burn_spend_more_and_sell_less_until_they_are_cut() {
    let scenario = with(IncidentKind::AdsBurn, 20, |incident| incident);
    let (burning, fine) = (count(&scenario, &[], 24, 40), count(&quiet(calm()), &[], 24, 40));
    assert!(burning.spend > 2.2 * fine.spend);
    assert!(burning.from_paid < 0.5 * fine.from_paid, "{} {}", burning.from_paid, fine.from_paid);
    let cut = Act::begin(at(&scenario, 22), "i1", InterventionKind::AdsDown, None);
    let cut = count(&scenario, &[cut], 24, 40);
    assert!(cut.spend < 0.4 * burning.spend && cut.paid_entries < fine.paid_entries);
}

#[test]
fn a_hostile_chat_is_loud_and_costs_viewers() {
    let scenario = with(IncidentKind::HostileChat, 20, |incident| incident);
    let (hostile, calm) = (count(&scenario, &[], 20, 32), count(&quiet(calm()), &[], 20, 32));
    assert!(hostile.messages > 1.08 * calm.messages && hostile.leaves > 1.05 * calm.leaves);
}

#[test]
fn a_silent_feed_says_nothing_then_everything() {
    let scenario = with(IncidentKind::FeedSilent, 20, |incident| Incident { feed: Some("shop".into()), ..incident });
    let (from, until) = (at(&scenario, 20), at(&scenario, 24));
    let facts = play(&scenario, 4, 26, &[]);
    let shop = |delivery: &&Delivery| delivery.feed.name() == "shop" && !matches!(delivery.event.fact, Fact::FeedState(_));
    assert_eq!(facts.iter().filter(shop).filter(|delivery| (from..until).contains(&delivery.at)).count(), 0);
    let silent = facts.iter().filter(shop).filter(|delivery| (from..until).contains(&delivery.event.ts)).count();
    let other = play(&quiet(calm()), 4, 26, &[]);
    let told = other.iter().filter(shop).filter(|delivery| (from..until).contains(&delivery.event.ts)).count();
    assert!(silent.abs_diff(told) <= told / 8 + 6, "{silent} {told}");
    let worst = facts.iter().find_map(|delivery| match &delivery.event.fact {
        Fact::FeedState(state) if state.feed == "shop" && delivery.at > from.plus_s(60) && delivery.at < until => Some(state.clone()),
        _ => None,
    });
    let worst = worst.unwrap();
    assert_eq!(worst.complete_to, Some(from));
    assert!(worst.last_error.is_some());
}

#[test]
fn a_feed_that_sends_twice_repeats_itself_exactly() {
    let scenario = with(IncidentKind::FeedDouble, 20, |incident| Incident { feed: Some("shop".into()), ..incident });
    let facts = play(&scenario, 4, 30, &[]);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for delivery in facts.iter().filter(|d| d.feed.name() == "shop" && !matches!(d.event.fact, Fact::FeedState(_))) {
        if (at(&scenario, 21)..at(&scenario, 29)).contains(&delivery.event.ts) && delivery.at < at(&scenario, 29) {
            *seen.entry(wire::write(&delivery.event)).or_default() += 1;
        }
    }
    let twice = seen.values().filter(|count| **count == 2).count();
    assert!(twice * 100 > seen.len() * 95, "{twice} of {}", seen.len());
}

#[test]
fn an_outage_empties_the_room_and_silences_it() {
    let scenario = with(IncidentKind::Outage, 30, |incident| incident);
    let facts = count(&scenario, &[], 30, 33);
    assert!(facts.by_feed.get("chat").copied().unwrap_or(0.0) < 60.0, "{:?}", facts.by_feed);
    let mut broadcast = Broadcast::new(Arc::clone(&scenario), 5).unwrap().silent();
    broadcast.advance_to(at(&scenario, 30), &[]);
    let before = broadcast.room().len();
    broadcast.advance_to(at(&scenario, 33), &[]);
    assert!(broadcast.room().len() * 10 < before * 7, "{before} {}", broadcast.room().len());
}

#[test]
fn a_late_host_leaves_the_stage_empty() {
    let scenario = with(IncidentKind::LateHost, 16, |incident| incident);
    let (late, calm) = (count(&scenario, &[], 16, 22), count(&quiet(calm()), &[], 16, 22));
    assert!(late.clicks < 0.5 * calm.clicks && late.leaves > 1.1 * calm.leaves);
}

#[test]
fn a_twin_without_acts_is_nobodys_broadcast_and_telling_changes_nothing() {
    let scenario = Scenario::demo().unwrap();
    let mut told = Broadcast::new(Arc::clone(&scenario), 21).unwrap();
    told.advance_to(at(&scenario, 20), &[]);
    let mut twin = told.silent();
    told.advance_to(at(&scenario, 40), &[]);
    twin.advance_to(at(&scenario, 40), &[]);
    let mut alone = Broadcast::new(Arc::clone(&scenario), 21).unwrap().silent();
    alone.advance_to(at(&scenario, 40), &[]);
    assert_eq!(told.outcome(), twin.outcome());
    assert_eq!(told.outcome(), alone.outcome());
}

#[test]
fn an_act_leaves_everybody_elses_luck_alone() {
    let scenario = quiet(calm());
    let entries = |acts: &[Act]| {
        SEEDS.map(|seed| {
            let mut broadcast = Broadcast::new(Arc::clone(&scenario), seed).unwrap().silent();
            broadcast.advance_to(at(&scenario, 30), acts);
            broadcast.outcome().entries
        })
    };
    let act = Act::begin(at(&scenario, 5), "i1", InterventionKind::FlashDeal, Some("CARREG-65"));
    assert_eq!(entries(&[act]), entries(&[]), "a price moves nobody to the door");
}

#[test]
fn a_flash_wears_off_when_it_is_repeated_and_pulls_sales_forward() {
    let scenario = quiet(calm());
    let flash = |minute| Act::begin(at(&scenario, minute), "i", InterventionKind::FlashDeal, Some("FONE-X2"));
    let fone = |acts: &[Act], from, to| *count(&scenario, acts, from, to).orders_of.get("FONE-X2").unwrap_or(&0.0);
    let first = fone(&[flash(17)], 17, 27);
    let none = fone(&[], 17, 27);
    assert!(first > 1.5 * none, "{first} {none}");
    let third = fone(&[flash(1), flash(4), flash(17)], 17, 27);
    assert!(third < 0.85 * first, "{third} {first}");
    let after = fone(&[flash(17)], 28, 42);
    assert!(after < 0.97 * fone(&[], 28, 42), "{after} {}", fone(&[], 28, 42));
}

#[test]
fn a_scenario_that_contradicts_itself_says_everything_at_once() {
    let text = include_str!("../config/scenarios/demo.toml");
    let wrong = text
        .replace(r#"price = "199.00""#, r#"price = "199,00""#)
        .replace("at_min = 24", "at_min = 500")
        .replace("share = 0.57", "share = 0.7");
    let problems = Scenario::read(&wrong).unwrap_err();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(Scenario::read(r#"name = "x""#).is_err());
    assert!(Scenario::read(&text.replace("bounce_share", "bonce_share")).unwrap_err()[0].to_string().contains("bonce_share"));
}

#[test]
fn a_longer_night_repeats_the_show() {
    let long = Scenario::demo().unwrap().lasting(5.0);
    assert_eq!(long.length_min, 300);
    assert!(long.segments.iter().map(|segment| segment.minutes).sum::<f64>() >= 300.0);
}

#[test]
fn every_shipped_scenario_can_be_read_and_begins_with_an_audience() {
    assert!(SHIPPED.len() >= 13);
    for (name, _) in SHIPPED {
        let scenario = Arc::new(Scenario::shipped(name).unwrap_or_else(|problems| panic!("{name}: {problems:?}")));
        assert!(scenario.about.contains_key("en") && scenario.about.contains_key("pt"), "{name}");
        if *name != "demo" {
            assert_eq!(scenario.name, *name);
        }
        let mut broadcast = Broadcast::new(Arc::clone(&scenario), 1).unwrap().silent();
        broadcast.advance_to(scenario.starts_at.plus_s(scenario.opens_s().max(300)), &[]);
        assert!(broadcast.room().len() > 100, "{name}: {}", broadcast.room().len());
    }
    assert!(Scenario::shipped("nothing").unwrap_err()[0].contains("full-evening"));
}

#[test]
fn every_shipped_scenario_can_be_the_base_of_another() {
    for (name, _) in SHIPPED {
        let own = Scenario::read(&format!("base = \"{name}\"\ntitle = \"own\"")).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        let shipped = Scenario::shipped(name).unwrap();
        assert_eq!(
            (own.title.as_str(), own.products.len(), own.incidents.len()),
            ("own", shipped.products.len(), shipped.incidents.len()),
            "{name}"
        );
    }
}
