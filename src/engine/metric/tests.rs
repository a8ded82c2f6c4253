//! Every metric from facts that were counted by hand.

mod carts;
mod orders;
mod properties;

use super::*;
use crate::engine::Arrival;
use crate::engine::event::Record;
use crate::engine::money::Currency;
use crate::engine::plan::{Plan, PlanProduct};
use crate::engine::wire::{self, Defaults};

/// The instant so many seconds after the live began.
pub fn at(second: i64) -> At {
    At::parse("2026-11-21T22:00:00Z", None).unwrap().plus_s(second)
}

/// An event from the second it happened at and its fields; `id`, `source` and currency are filled in.
pub fn event(number: usize, second: i64, fields: &str) -> crate::engine::event::Event {
    let id = if fields.contains("\"id\"") { String::new() } else { format!("\"id\":\"e{number}\",") };
    let line = format!("{{{id}\"ts\":\"{}\",{fields}}}", at(second));
    let defaults = Defaults { source: Some("shop".into()), currency: Some(Currency::BRL), ..Defaults::default() };
    wire::read(&line, &defaults).unwrap_or_else(|reject| panic!("{reject:?} {line}")).event
}

/// The engine after these facts, at the last one.
fn after(plan: &Plan, facts: &[(i64, &str)]) -> Engine {
    let mut engine = Engine::new(plan.clone(), Arrival::Files);
    let mut events: Vec<_> = facts.iter().enumerate().map(|(number, (second, fields))| event(number, *second, fields)).collect();
    events.sort_by_key(|event| event.ts);
    for (seq, event) in (1..).zip(events) {
        engine.step(&Record { seq, at: event.ts, event });
    }
    engine
}

fn value(engine: &Engine, metric: Metric, scope: Scope) -> Value {
    engine.reading(metric, scope, Span::Live).value
}

fn number(engine: &Engine, metric: Metric, scope: Scope) -> f64 {
    value(engine, metric, scope).number().unwrap_or_else(|| panic!("{} is {:?}", metric.id(), value(engine, metric, scope)))
}

/// Checks many metrics of the live at once.
fn check(engine: &Engine, scope: Scope, wanted: &[(Metric, f64)]) {
    for (metric, wanted) in wanted {
        let found = number(engine, *metric, scope);
        assert!((found - wanted).abs() < 1e-9, "{} is {found}, not {wanted}", metric.id());
    }
}

fn product(engine: &Engine, sku: &str) -> Scope {
    Scope::Product(engine.live().books.find_product(sku).unwrap())
}

fn channel(engine: &Engine, name: &str) -> Scope {
    Scope::Channel(engine.live().books.channels.find(name).unwrap())
}

fn brl() -> Plan {
    Plan { currency: Some(Currency::BRL), ..Plan::default() }
}

#[test]
fn the_table_has_every_metric_in_its_place() {
    let rows: Vec<Metric> = METRICS.iter().map(|row| row.metric).collect();
    assert_eq!(rows, Metric::ALL);
}

#[test]
fn the_funnel_is_counted_by_live_product_and_channel() {
    let engine = after(
        &brl(),
        &[
            (0, r#""type":"viewer_join","visitor":"v1","channel":"paid""#),
            (0, r#""type":"viewer_join","visitor":"v2","channel":"organic""#),
            (1, r#""type":"viewer_join","visitor":"v1","channel":"paid""#),
            (2, r#""type":"view_item","sku":"A","visitor":"v1","channel":"paid""#),
            (3, r#""type":"select_item","sku":"A","visitor":"v1","channel":"paid""#),
            (4, r#""type":"select_item","sku":"A","visitor":"v3""#),
            (5, r#""type":"select_item","sku":"B","visitor":"v2","channel":"organic""#),
            (6, r#""type":"add_to_cart","sku":"A","quantity":2,"price":"10","visitor":"v1","cart":"c1","channel":"paid""#),
            (
                9,
                r#""type":"purchase","order":"1","value":"25.00","visitor":"v1","cart":"c1","channel":"paid","items":[{"sku":"A","quantity":2,"price":"10.00","discount":"1"}]"#,
            ),
            (
                60,
                r#""type":"purchase","order":"2","value":"7.00","status":"placed","customer":"k","channel":"organic","items":[{"sku":"A","quantity":1,"price":"7"}]"#,
            ),
        ],
    );
    check(
        &engine,
        Scope::Live,
        &[
            (Metric::ViewsPv, 3.0),
            (Metric::ViewersUv, 3.0),
            (Metric::Views, 1.0),
            (Metric::Clicks, 3.0),
            (Metric::Adds, 1.0),
            (Metric::OrdersPlaced, 2.0),
            (Metric::OrdersPaid, 1.0),
            (Metric::Units, 3.0),
            (Metric::Buyers, 2.0),
            (Metric::GmvPlaced, 3_200.0),
            (Metric::GmvPaid, 2_500.0),
            (Metric::Aov, 2_500.0),
            (Metric::CtrRoom, 1.0),
            (Metric::CoRate, 2.0 / 3.0),
            (Metric::AtcRate, 1.0 / 3.0),
            (Metric::CartOrderRate, 2.0),
            (Metric::ClicksPerViewer, 1.0),
            (Metric::CvrView, 2.0 / 3.0),
            (Metric::CvrUv, 2.0 / 3.0),
            (Metric::OrderPaidRate, 0.5),
            (Metric::GpmView, 833_333.0),
            (Metric::UvValue, 833.0),
            (Metric::SalesPerMin, 2.0),
            (Metric::GmvPerMin, 2_500.0),
            (Metric::GmvPerHour, 150_000.0),
        ],
    );
    check(
        &engine,
        product(&engine, "A"),
        &[
            (Metric::Clicks, 2.0),
            (Metric::OrdersPlaced, 2.0),
            (Metric::Units, 3.0),
            (Metric::GmvPlaced, 2_600.0),
            (Metric::GmvPaid, 1_900.0),
            (Metric::Buyers, 2.0),
            (Metric::CvrProduct, 1.0),
        ],
    );
    check(
        &engine,
        channel(&engine, "paid"),
        &[(Metric::GmvPaid, 2_500.0), (Metric::ViewersUv, 1.0), (Metric::ViewsPv, 2.0), (Metric::Clicks, 1.0)],
    );
    check(&engine, channel(&engine, "unknown"), &[(Metric::Clicks, 1.0)]);
    let ratio = engine.reading(Metric::CoRate, Scope::Live, Span::Live);
    assert_eq!((ratio.numerator, ratio.denominator), (Some(2), Some(3)));
}

#[test]
fn what_is_not_known_says_why() {
    let engine = after(&brl(), &[(0, r#""type":"select_item","sku":"A""#), (1, r#""type":"begin_checkout","cart":"c""#)]);
    for (metric, why) in [
        (Metric::GmvPaid, Why::NotInFeeds),
        (Metric::CoRate, Why::NotInFeeds),
        (Metric::Ccu, Why::NotInFeeds),
        (Metric::RoomImpressions, Why::NotInFeeds),
        (Metric::CartAbandon, Why::NoCarts),
        (Metric::CartRecoveryRate, Why::NoAbandonedCarts),
        (Metric::RoasBreakeven, Why::NoMargin),
    ] {
        assert_eq!(value(&engine, metric, Scope::Live), Value::Unknown(why), "{}", metric.id());
    }
    assert_eq!(value(&engine, Metric::ChatMessages, product(&engine, "A")), Value::Unknown(Why::NotForScope));
    let engine =
        after(&brl(), &[(0, r#""type":"purchase","order":"1","value":"1","status":"placed""#), (0, r#""type":"view_item","sku":"A""#)]);
    assert_eq!(value(&engine, Metric::Aov, Scope::Live), Value::Unknown(Why::NoPaidOrders));
    assert_eq!(value(&engine, Metric::NewBuyers, Scope::Live), Value::Unknown(Why::NewUnknown));
}

#[test]
fn two_currencies_are_never_added() {
    let facts = [
        (0, r#""type":"purchase","order":"1","value":"10","currency":"BRL""#),
        (1, r#""type":"purchase","order":"2","value":"10","currency":"USD""#),
        (2, r#""type":"purchase","order":"3","value":"10","currency":"BRL","status":"placed""#),
    ];
    let engine = after(&Plan::default(), &facts);
    assert_eq!(value(&engine, Metric::GmvPaid, Scope::Live), Value::Unknown(Why::SeveralCurrencies));
    assert_eq!(value(&engine, Metric::OrdersPaid, Scope::Live), Value::Count(2));
    assert_eq!(value(&engine, Metric::PremiumOrderShare, Scope::Live), Value::Unknown(Why::SeveralCurrencies));
    assert_eq!(engine.pending_orders().iter().map(|order| (order.order, order.value)).collect::<Vec<_>>(), [("3", None)]);
    let mut plan = brl();
    plan.rates.insert("USD".into(), "5.42".into());
    let engine = after(&plan, &facts);
    assert_eq!(value(&engine, Metric::GmvPaid, Scope::Live), Value::Money(Money::new(6_420, Currency::BRL)));
}

#[test]
fn spend_is_told_by_bucket_total_and_amount() {
    let engine = after(
        &brl(),
        &[
            (0, r#""type":"purchase","order":"1","value":"300","channel":"paid","new":true,"customer":"k1""#),
            (0, r#""type":"purchase","order":"2","value":"100","channel":"organic","new":false,"customer":"k2""#),
            (1, r#""type":"viewer_join","visitor":"v""#),
            (2, r#""type":"generate_lead""#),
            (30, r#""type":"ad_spend","value":"20","channel":"paid","total":true,"clicks":10,"impressions":1000"#),
            (90, r#""type":"ad_spend","value":"50","channel":"paid","total":true,"clicks":40,"impressions":4000"#),
            (
                130,
                r#""type":"ad_spend","value":"25","channel":"paid","bucket":{"from":"2026-11-21T22:00:00Z","to":"2026-11-21T22:01:00Z"},"campaign":"x""#,
            ),
            (
                170,
                r#""type":"ad_spend","value":"30","channel":"paid","bucket":{"from":"2026-11-21T22:00:00Z","to":"2026-11-21T22:01:00Z"},"campaign":"x""#,
            ),
            (180, r#""type":"ad_spend","value":"20","channel":"paid","campaign":"y""#),
        ],
    );
    check(
        &engine,
        Scope::Live,
        &[
            (Metric::AdSpend, 10_000.0),
            (Metric::Roas, 3.0),
            (Metric::Mer, 4.0),
            (Metric::Cpa, 5_000.0),
            (Metric::Cac, 10_000.0),
            (Metric::Cpl, 10_000.0),
            (Metric::AdClicks, 40.0),
            (Metric::Cpc, 250.0),
            (Metric::Cpm, 2_500.0),
            (Metric::CostPerLiveView, 10_000.0),
            (Metric::NewBuyerShare, 0.5),
        ],
    );
    check(&engine, channel(&engine, "paid"), &[(Metric::Roas, 3.0), (Metric::Cac, 10_000.0)]);
    assert_eq!(value(&engine, Metric::Roas, channel(&engine, "organic")), Value::Unknown(Why::NoSpend));
    assert_eq!(value(&engine, Metric::Cac, channel(&engine, "organic")), Value::Unknown(Why::NoSpend));
    let minute = |minute: i64| engine.reading_in_minute(Metric::AdSpend, Scope::Live, at(0).minute() + minute).number().unwrap();
    assert_eq!([minute(0), minute(1), minute(2), minute(3)], [5_000.0, 3_000.0, 0.0, 2_000.0]);
}

#[test]
fn what_was_spent_or_placed_before_there_was_a_live_is_none_of_it() {
    let plan = Plan { starts_at: Some(at(0)), ..brl() };
    let hour = |from: &str, to: &str, value: &str| {
        format!(
            r#""type":"ad_spend","value":"{value}","channel":"paid","bucket":{{"from":"2026-11-21T{from}:00Z","to":"2026-11-21T{to}:00Z"}}"#
        )
    };
    let order = |number: i64, placed: &str| {
        format!(r#""type":"purchase","order":"{number}","value":"10","placed_at":"{placed}Z","paid_at":"{placed}Z","rev":"1""#)
    };
    // spent the day before, in the hour that the grace ends in, and in the live; placed the day before, in the grace, in the live
    let facts = [
        hour("10:00", "11:00", "500"),
        hour("21:00", "22:00", "60"),
        hour("22:00", "23:00", "7"),
        order(1, "2026-11-20T20:00:00"),
        order(2, "2026-11-21T21:40:00"),
        order(3, "2026-11-21T22:10:00"),
    ];
    let facts: Vec<(i64, &str)> = facts.iter().map(|fact| (3_600, fact.as_str())).collect();
    let engine = after(&plan, &facts);
    check(&engine, Scope::Live, &[(Metric::AdSpend, 3_700.0), (Metric::OrdersPlaced, 2.0), (Metric::GmvPaid, 2_000.0)]);
    check(&after(&brl(), &facts), Scope::Live, &[(Metric::AdSpend, 56_700.0), (Metric::OrdersPlaced, 3.0)]);
}

#[test]
fn money_ratios_go_half_to_even() {
    let order = |number: i64, value: &str| format!(r#""type":"purchase","order":"{number}","value":"{value}""#);
    let aov = |values: &[&str]| {
        let lines: Vec<String> = (0..).zip(values).map(|(number, value)| order(number, value)).collect();
        let facts: Vec<(i64, &str)> = lines.iter().map(|line| (0, line.as_str())).collect();
        number(&after(&brl(), &facts), Metric::Aov, Scope::Live)
    };
    assert_eq!([aov(&["0.01", "0.02"]), aov(&["0.01", "0.00"]), aov(&["0.03", "0.04"])], [2.0, 0.0, 4.0]);
}

#[test]
fn the_platforms_reading_comes_before_our_own_count_of_entries_and_viewers() {
    let engine = after(
        &brl(),
        &[
            (0, r#""type":"viewer_join","visitor":"v1""#),
            (1, r#""type":"reading","metric":"views_pv","value":40"#),
            (70, r#""type":"reading","metric":"views_pv","value":100"#),
            (71, r#""type":"reading","metric":"viewers_uv","value":80"#),
            (72, r#""type":"reading","metric":"room_impressions","value":1000"#),
            (73, r#""type":"reading","metric":"ccu","value":55"#),
            (74, r#""type":"reading","metric":"avg_watch_s","value":72.5"#),
            (75, r#""type":"select_item","sku":"A""#),
            (76, r#""type":"reading","metric":"product_impressions","sku":"A","value":10"#),
        ],
    );
    check(
        &engine,
        Scope::Live,
        &[
            (Metric::ViewsPv, 100.0),
            (Metric::ViewersUv, 80.0),
            (Metric::EntryRate, 0.1),
            (Metric::CtrRoom, 0.01),
            (Metric::AvgWatchS, 72.5),
            (Metric::ProductImpressions, 10.0),
        ],
    );
    check(&engine, product(&engine, "A"), &[(Metric::CtrProduct, 0.1)]);
    let minute = engine.reading_in_minute(Metric::ViewsPv, Scope::Live, at(60).minute());
    assert_eq!(minute.value, Value::Count(60));
}

#[test]
fn viewers_are_told_with_peak_average_watch_and_retention() {
    let mut engine = after(
        &brl(),
        &[
            (0, r#""type":"audience","viewers":100"#),
            (60, r#""type":"audience","viewers":300,"engaged":120"#),
            (0, r#""type":"viewer_join","visitor":"a""#),
            (0, r#""type":"viewer_join","visitor":"b""#),
            (20, r#""type":"viewer_leave","visitor":"a""#),
            (90, r#""type":"viewer_leave","visitor":"b","watched_s":80"#),
            (95, r#""type":"chat_message","author":"b","text":"oi""#),
            (96, r#""type":"reaction","kind":"like","count":5,"author":"a""#),
        ],
    );
    engine.advance_to(at(120));
    check(
        &engine,
        Scope::Live,
        &[
            (Metric::Ccu, 300.0),
            (Metric::EngagedCcu, 120.0),
            (Metric::Pcu, 300.0),
            (Metric::AvgWatchS, 50.0),
            (Metric::Retention30s, 0.5),
            (Metric::Retention60s, 0.5),
            (Metric::InteractionRate, 1.0),
            (Metric::ChatRate, 0.5),
            (Metric::Likes, 5.0),
            (Metric::Chatters, 1.0),
        ],
    );
    let average = number(&engine, Metric::Acu, Scope::Live);
    assert!((average - 200.0).abs() < 0.1, "{average}");
    engine.advance_to(at(181));
    assert_eq!(value(&engine, Metric::Ccu, Scope::Live), Value::Unknown(Why::Stale));
    assert_eq!(engine.reading_in_minute(Metric::Ccu, Scope::Live, at(0).minute()).value, Value::Count(100));
}

#[test]
fn windows_end_at_a_slot_and_have_one_before_them() {
    let click = r#""type":"select_item","sku":"A""#;
    let engine = after(&brl(), &[(0, click), (10, click), (59, click), (60, click), (61, click), (75, click)]);
    let clicks = |span| engine.reading(Metric::Clicks, Scope::Live, span).value;
    assert_eq!([clicks(Span::S10), clicks(Span::M1), clicks(Span::M5), clicks(Span::Live)], [2, 4, 5, 6].map(Value::Count));
    assert_eq!(engine.reading_before(Metric::Clicks, Scope::Live, Span::M1).value, Value::Count(1));
    assert_eq!(engine.reading_before(Metric::Clicks, Scope::Live, Span::Live).value, Value::Unknown(Why::NoHistory));
}

#[test]
fn stock_is_the_least_that_sources_say_and_tells_when_it_ends() {
    let sale = |number: i64, units: i64| {
        format!(r#""type":"purchase","order":"{number}","value":"1","items":[{{"sku":"A","quantity":{units},"price":"1"}}]"#)
    };
    let lines: Vec<String> = (0..5).map(|number| sale(number, if number == 4 { 20 } else { 4 })).collect();
    let mut facts: Vec<(i64, &str)> = vec![
        (0, r#""type":"inventory","sku":"A","available":100,"location":"x""#),
        (1, r#""type":"inventory","sku":"A","available":20,"location":"y""#),
        (300, r#""type":"inventory","sku":"A","available":64,"location":"x""#),
    ];
    facts.extend((0..).zip(&lines).map(|(number, line)| (30 + number * 60, line.as_str())));
    let mut engine = after(&brl(), &facts);
    check(&engine, product(&engine, "A"), &[(Metric::Stock, 84.0), (Metric::SellThrough, 0.3), (Metric::StockCoverMin, 84.0 * 5.0 / 20.0)]);
    engine.step(&Record { seq: 99, at: at(301), event: event(99, 301, r#""type":"inventory","sku":"A","available":0,"source":"erp""#) });
    let Scope::Product(sym) = product(&engine, "A") else { panic!() };
    let alarm = engine.stock_alarm(sym);
    assert_eq!((alarm.mismatch, alarm.sold_out), (Some((0, 84)), true));
    assert_eq!(engine.last_sale(sym), Some(at(270)));
}

#[test]
fn the_scope_of_the_plan_says_which_orders_count() {
    let mut plan = Plan { starts_at: Some(at(0)), length_s: 3_600, ..brl() };
    plan.scope.live.push("tonight".into());
    plan.exclude.customers.push("staff".into());
    let mut engine = after(
        &plan,
        &[
            (10, r#""type":"purchase","order":"1","value":"10","live":"tonight""#),
            (20, r#""type":"purchase","order":"2","value":"20""#),
            (30, r#""type":"purchase","order":"3","value":"40","live":"tonight","customer":"staff""#),
            (40, r#""type":"purchase","order":"4","value":"80","live":"tonight","customer":"k""#),
        ],
    );
    check(&engine, Scope::Live, &[(Metric::GmvPaid, 9_000.0), (Metric::GmvAttributed, 9_000.0), (Metric::GmvDirect, 9_000.0)]);
    let orders = &engine.live().commerce.orders;
    assert_eq!((orders.excluded(), orders.out_of_scope()), (1, 1));
    let mut correct = |second: i64, kind: &str| {
        let fields = format!(r#""type":"correction","kind":"{kind}","target":"4""#);
        engine.step(&Record { seq: 90, at: at(second), event: event(90 + usize::try_from(second).unwrap(), second, &fields) });
        number(&engine, Metric::GmvPaid, Scope::Live)
    };
    assert_eq!([correct(50, "exclude_order"), correct(60, "include_order")], [1_000.0, 9_000.0]);
}

#[test]
fn an_alias_that_the_plan_gets_in_the_middle_joins_what_comes_from_then_on() {
    let mut plan = brl();
    let mut engine = after(&plan, &[(0, r#""type":"select_item","sku":"A""#), (1, r#""type":"select_item","sku":"880012""#)]);
    plan.aliases.insert("880012".into(), "A".into());
    let body = serde_json::to_string(&plan).unwrap();
    engine.step(&Record { seq: 80, at: at(2), event: event(80, 2, &format!(r#""type":"plan","body":{body}"#)) });
    engine.step(&Record { seq: 81, at: at(3), event: event(81, 3, r#""type":"select_item","sku":"880012""#) });
    check(&engine, product(&engine, "A"), &[(Metric::Clicks, 2.0)]);
    check(&engine, Scope::Live, &[(Metric::Clicks, 3.0)]);
}

#[test]
fn a_merged_channel_is_told_under_the_other() {
    let engine = after(
        &brl(),
        &[
            (0, r#""type":"select_item","sku":"A","visitor":"v","channel":"insta""#),
            (1, r#""type":"select_item","sku":"A","visitor":"v","channel":"paid""#),
            (2, r#""type":"correction","kind":"merge_channel","target":"insta","value":"paid""#),
        ],
    );
    check(&engine, channel(&engine, "paid"), &[(Metric::Clicks, 2.0), (Metric::ViewersUv, 1.0)]);
    assert_eq!(engine.channels().iter().map(|channel| channel.name).collect::<Vec<_>>(), ["paid"]);
}

#[test]
fn a_figure_typed_wrongly_is_taken_back() {
    let engine = after(
        &brl(),
        &[
            (0, r#""type":"ad_spend","id":"wrong","value":"100","channel":"paid""#),
            (1, r#""type":"ad_spend","id":"right","value":"10","channel":"paid""#),
            (2, r#""type":"correction","kind":"void","target":"wrong""#),
        ],
    );
    check(&engine, Scope::Live, &[(Metric::AdSpend, 1_000.0)]);
}

#[test]
fn the_ledger_of_earlier_lives_tells_who_is_new() {
    let engine = after(
        &brl(),
        &[
            (0, r#""type":"priors","body":{"known_customers":["old"]}"#),
            (1, r#""type":"purchase","order":"1","value":"10","customer":"old""#),
            (2, r#""type":"purchase","order":"2","value":"20","customer":"fresh""#),
            (3, r#""type":"purchase","order":"3","value":"30","customer":"fresh""#),
        ],
    );
    check(&engine, Scope::Live, &[(Metric::Buyers, 2.0), (Metric::NewBuyers, 1.0), (Metric::NewBuyerShare, 0.5), (Metric::Ltv, 4_000.0)]);
}

#[test]
fn breakeven_weighs_the_margins_by_what_was_paid() {
    let mut plan = brl();
    plan.products.push(PlanProduct { sku: "A".into(), margin: Some(0.5), ..Default::default() });
    plan.products.push(PlanProduct { sku: "B".into(), price_minor: Some(100), cost_minor: Some(80), ..Default::default() });
    let engine = after(
        &plan,
        &[(
            0,
            r#""type":"purchase","order":"1","value":"4","items":[{"sku":"A","quantity":3,"price":"1"},{"sku":"B","quantity":1,"price":"1"}]"#,
        )],
    );
    check(&engine, product(&engine, "A"), &[(Metric::RoasBreakeven, 2.0)]);
    check(&engine, Scope::Live, &[(Metric::RoasBreakeven, 4.0 / 1.7)]);
}

#[test]
fn pending_orders_stand_by_their_expiry() {
    let engine = after(
        &brl(),
        &[
            (0, r#""type":"purchase","order":"1","value":"10","status":"placed""#),
            (1, r#""type":"purchase","order":"2","value":"10","status":"placed","expires_at":"2026-11-21T22:30:00Z""#),
            (2, r#""type":"payment","order":"1","status":"pending","method":"pix","expires_at":"2026-11-21T22:10:00Z""#),
            (3, r#""type":"purchase","order":"3","value":"10""#),
            (4, r#""type":"purchase","order":"4","value":"10","status":"placed""#),
        ],
    );
    let rows: Vec<(&str, Option<&str>)> = engine.pending_orders().iter().map(|row| (row.order, row.method)).collect();
    assert_eq!(rows, [("1", Some("pix")), ("2", None), ("4", None)]);
}

#[test]
fn the_chain_multiplies_to_the_money_and_its_logarithms_add_up() {
    let engine = after(
        &brl(),
        &[
            (0, r#""type":"audience","viewers":120"#),
            (1, r#""type":"select_item","sku":"A""#),
            (2, r#""type":"select_item","sku":"A""#),
            (3, r#""type":"select_item","sku":"A""#),
            (4, r#""type":"add_to_cart","sku":"A","cart":"c","price":"5""#),
            (5, r#""type":"add_to_cart","sku":"A","cart":"d","price":"5""#),
            (6, r#""type":"purchase","order":"1","value":"7.77","items":[{"sku":"A","quantity":1,"price":"7.77"}]"#),
            (120, r#""type":"audience","viewers":80"#),
        ],
    );
    for (scope, span) in [(Scope::Live, Span::Live), (Scope::Live, Span::M5), (product(&engine, "A"), Span::M5)] {
        let chain = engine.chain(scope, span);
        let factors = [chain.viewers, chain.clicks_per_viewer, chain.click_to_cart, chain.cart_to_order, chain.ticket_minor];
        let sum: f64 = factors.iter().map(|factor| factor.unwrap().ln()).sum();
        assert!((sum - chain.gmv_per_min_minor.unwrap().ln()).abs() < 1e-9, "{chain:?}");
    }
    assert_eq!(engine.chain(Scope::Live, Span::M5).ticket_minor, Some(777.0));
    assert_eq!(engine.chain_before(Scope::Live, Span::Live), crate::engine::view::commerce::Chain::default());
}

#[test]
fn a_product_that_the_plan_does_not_name_is_called_as_the_shop_calls_it() {
    let order = |number: i64, lines: &str| format!(r#""type":"purchase","order":"{number}","value":"9","items":[{lines}]"#);
    let line = |sku: &str, name: &str| format!(r#"{{"sku":"{sku}","quantity":1,"price":"9","name":"{name}"}}"#);
    let mut plan = brl();
    plan.products.push(PlanProduct { sku: "P".into(), name: "Planned".into(), ..PlanProduct::default() });
    let (first, second) = (order(1, &line("A", "Tee, size M")), order(2, &line("A", "Tee, size L")));
    let (third, fourth) = (order(3, &line("P", "Other")), order(4, r#"{"sku":"B","quantity":1,"price":"9"}"#));
    let hostile = order(5, &line("C", r"a\u001b[31mb"));
    for facts in [[&first, &second, &third, &fourth, &hostile], [&second, &first, &hostile, &fourth, &third]] {
        let engine = after(&plan, &facts.map(|fact| (0, fact.as_str())));
        let mut names: Vec<(&str, &str)> = engine.products().iter().map(|product| (product.sku, product.name)).collect();
        names.sort_unstable();
        assert_eq!(names[..3], [("A", "Tee, size L"), ("B", "B"), ("C", names[2].1)]);
        assert!(!names[2].1.contains('\u{1b}') && names[3] == ("P", "Planned"), "{names:?}");
    }
}

#[test]
fn aliases_and_variants_are_told_under_their_product() {
    let mut plan = brl();
    plan.products.push(PlanProduct { sku: "LIP".into(), variants: vec!["LIP-RED".into()], slot: 1, ..Default::default() });
    plan.aliases.insert("tt-991".into(), "LIP".into());
    let engine = after(
        &plan,
        &[
            (0, r#""type":"select_item","sku":"LIP-RED""#),
            (1, r#""type":"select_item","sku":"tt-991""#),
            (2, r#""type":"select_item","sku":"777","product":"tt-991""#),
            (3, r#""type":"select_item","sku":"other","price":"3""#),
        ],
    );
    let rows: Vec<(&str, u32)> = engine.products().iter().map(|row| (row.sku, row.slot)).collect();
    assert_eq!(rows, [("LIP", 1), ("other", 2)]);
    check(&engine, product(&engine, "LIP"), &[(Metric::Clicks, 3.0)]);
    assert_eq!(engine.products()[1].price, Some(Money::new(300, Currency::BRL)));
}
