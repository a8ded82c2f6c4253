//! No order of arrival, no duplicate and no delay shows; how often time is told does not either; no money panics.

use proptest::prelude::*;

use super::{Engine, at, brl, event};
use crate::engine::event::{Event, Record};
use crate::engine::metric::{Metric, Scope};
use crate::engine::time::Span;
use crate::engine::{Arrival, wire};

/// Facts that pull at each other: versions, payments, refunds, carts, totals, buckets, gauges, stays.
fn facts() -> impl Strategy<Value = Vec<Event>> {
    let fact = (0..17u8, 0..4u8, 0..1_500i64, 0..200i64);
    prop::collection::vec(fact, 1..60).prop_map(|facts| {
        facts
            .into_iter()
            .enumerate()
            .map(|(number, (kind, who, second, value))| event(number, second, &fields(kind, who, second, value)))
            .collect()
    })
}

fn fields(kind: u8, who: u8, second: i64, value: i64) -> String {
    let channel = ["organic", "paid", "direct_link", "unknown"][usize::from(who)];
    let source = if value % 3 == 0 { "shop" } else { "market" };
    match kind {
        0 => format!(r#""type":"view_item","sku":"S{who}","visitor":"v{value}","channel":"{channel}""#),
        1 => format!(r#""type":"select_item","sku":"S{who}","visitor":"v{who}","cart":"c{who}""#),
        2 | 3 => {
            format!(r#""type":"add_to_cart","sku":"S{who}","price":"{value}","cart":"c{who}","visitor":"v{who}","channel":"{channel}""#)
        }
        4 => format!(r#""type":"remove_from_cart","sku":"S{who}","price":"{value}","cart":"c{who}""#),
        5 => format!(r#""type":"begin_checkout","cart":"c{who}","value":"{value}""#),
        6 => format!(r#""type":"add_payment_info","cart":"c{who}""#),
        7 => format!(
            r#""type":"cart","cart":"c{who}","status":"{}","value":"{}""#,
            ["open", "checkout", "left", "bought"][usize::try_from(value % 4).unwrap()],
            value / 50
        ),
        8..=10 => {
            let status = ["placed", "paid", "cancelled"][usize::try_from(value % 3).unwrap()];
            let rev = if value % 2 == 0 { format!(r#","rev":{}"#, value / 10) } else { String::new() };
            // a version may be silent on whose the order is
            let tie = |bit: i64, name: &str, value: &str| {
                let is_told = (second >> bit) % 2 == 0;
                if is_told { format!(r#","{name}":"{value}""#) } else { String::new() }
            };
            let visitor = format!("v{}", (i64::from(who) + value) % 4);
            let ties = tie(0, "cart", &format!("c{}", value % 3)) + &tie(1, "visitor", &visitor) + &tie(2, "channel", channel);
            format!(
                r#""type":"purchase","order":"o{who}","source":"{source}","value":"{value}.10","status":"{status}","items":[{{"sku":"S{who}","quantity":{},"price":"3"}}]{ties}{rev}"#,
                value % 5
            )
        }
        11 if value % 2 == 0 => {
            format!(
                r#""type":"refund","order":"o{who}","value":"{value}","source":"{source}","payment":"p{}","total":{}"#,
                value % 3,
                value % 4 == 0
            )
        }
        11 if value % 5 == 0 => format!(r#""type":"refund","order":"o{who}","total":true,"source":"{source}""#),
        11 if value % 7 == 0 => format!(r#""type":"cancellation","order":"o{who}","source":"{source}""#),
        11 => format!(r#""type":"refund","order":"o{who}","value":"{value}","source":"{source}""#),
        12 => format!(
            r#""type":"payment","order":"o{who}","method":"m{}","status":"{}""#,
            value % 2,
            ["approved", "declined", "pending"][usize::try_from(value % 3).unwrap()]
        ),
        13 => format!(r#""type":"audience","viewers":{value},"source":"{source}""#),
        14 => format!(r#""type":"ad_spend","value":"{}","total":true,"channel":"{channel}""#, second + value),
        15 => format!(r#""type":"correction","kind":"void","target":"e{}""#, value % 60),
        _ if value % 2 == 0 => format!(r#""type":"viewer_join","visitor":"v{who}""#),
        _ => format!(r#""type":"viewer_leave","visitor":"v{who}""#),
    }
}

/// Everything that the engine tells, by name.
fn told(engine: &Engine) -> Vec<String> {
    let mut scopes = vec![("live".to_owned(), Scope::Live)];
    scopes.extend(engine.products().iter().map(|row| (format!("product {}", row.sku), Scope::Product(row.sym))));
    scopes.extend(engine.channels().iter().map(|row| (format!("channel {}", row.name), Scope::Channel(row.sym))));
    scopes.extend((0..4).map(|band| (format!("band {band}"), Scope::Band(band))));
    scopes.sort_by(|a, b| a.0.cmp(&b.0));
    let mut lines = Vec::new();
    for (name, scope) in &scopes {
        for metric in Metric::ALL {
            for span in [Span::Live, Span::M15] {
                lines.push(format!("{name} {} {span:?} {:?}", metric.id(), engine.reading(*metric, *scope, span)));
            }
            if *name == "live" {
                let minutes = (0..26).map(|minute| engine.reading_in_minute(*metric, *scope, at(0).minute() + minute).value);
                lines.push(format!("{name} {} {:?}", metric.id(), minutes.collect::<Vec<_>>()));
            }
        }
    }
    lines.push(format!("{:?}", engine.pending_orders()));
    lines.push(format!("{}", engine.live().commerce.orders.unmatched()));
    lines
}

/// The state after facts that arrive with these delays, the marked ones twice.
fn arrived(events: &[Event], delays: &[(i64, bool)]) -> Engine {
    let mut records: Vec<(i64, Event)> = Vec::new();
    for (event, (delay, twice)) in events.iter().zip(delays.iter().cycle()) {
        let at_ms = event.ts.ms() + delay;
        records.push((at_ms, event.clone()));
        if *twice {
            records.push((at_ms + 7_000, event.clone()));
        }
    }
    records.sort_by_key(|(at, _)| *at);
    let mut engine = Engine::new(brl(), Arrival::Live);
    for (seq, (ms, event)) in (1..).zip(records) {
        engine.step(&Record { seq, at: crate::engine::time::At::from_ms(ms), event });
    }
    engine.advance_to(at(1_700));
    engine
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_duplicate_delay_or_order_of_arrival_shows(events in facts(), delays in prop::collection::vec((0..110_000i64, any::<bool>()), 1..20)) {
        let (plain, shaken) = (told(&arrived(&events, &[(0, false)])), told(&arrived(&events, &delays)));
        for (plain, shaken) in plain.iter().zip(&shaken) {
            prop_assert_eq!(plain, shaken);
        }
        prop_assert_eq!(plain.len(), shaken.len());
    }

    #[test]
    fn how_often_time_is_told_does_not_show(events in facts(), ticks in prop::collection::vec(0..1_700_000i64, 0..40)) {
        let mut events = events;
        events.sort_by_key(|event| event.ts);
        let run = |ticks: &[i64]| {
            let mut engine = Engine::new(brl(), Arrival::Live);
            let mut notices = Vec::new();
            let mut ticks = ticks.iter().copied().peekable();
            for (seq, event) in (1..).zip(&events) {
                while let Some(tick) = ticks.next_if(|tick| at(0).plus_ms(*tick) <= event.ts) {
                    notices.extend(engine.advance_to(at(0).plus_ms(tick)));
                }
                notices.extend(engine.step(&Record { seq, at: event.ts, event: event.clone() }));
            }
            notices.extend(engine.advance_to(at(1_700)));
            (told(&engine), notices)
        };
        let mut ticks = ticks;
        ticks.sort_unstable();
        prop_assert_eq!(run(&[]), run(&ticks));
    }

    #[test]
    fn no_money_overflows_or_panics(values in prop::collection::vec((any::<i64>(), any::<i64>(), any::<i64>(), 0..5u8), 1..20)) {
        let defaults = wire::Defaults::default();
        let mut engine = Engine::new(brl(), Arrival::Files);
        for (number, (value, price, quantity, kind)) in values.into_iter().enumerate() {
            let fields = match kind {
                0 => format!(r#""type":"purchase","order":"{number}","value":{{"minor":{value}}},"cart":"c","items":[{{"sku":"A","quantity":{quantity},"price":{{"minor":{price}}},"discount":{{"minor":{value}}}}}]"#),
                1 => format!(r#""type":"refund","order":"{}","value":{{"minor":{value}}}"#, number.saturating_sub(1)),
                2 => format!(r#""type":"ad_spend","value":{{"minor":{value}}},"total":true,"clicks":{price},"impressions":{quantity}"#),
                3 => format!(r#""type":"add_to_cart","sku":"A","cart":"c","price":{{"minor":{price}}},"quantity":{quantity}"#),
                _ => format!(r#""type":"cart","cart":"c","status":"open","value":{{"minor":{value}}}"#),
            };
            let line = format!(r#"{{"id":"{number}","ts":"{}","currency":"BRL",{fields}}}"#, at(i64::try_from(number).unwrap()));
            if let Ok(line) = wire::read(&line, &defaults) {
                engine.step(&Record { seq: 1, at: line.event.ts, event: line.event });
            }
        }
        told(&engine);
    }
}
