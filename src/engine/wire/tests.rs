//! Tests of the module beside it.

use proptest::prelude::*;

use super::fields::Key;
use super::*;
use crate::engine::event::{ChannelClue, Fact, Rev};
use crate::engine::money::Money;

fn good(line: &str) -> Event {
    match read(line, &Defaults::default()) {
        Ok(line) => line.event,
        Err(reject) => panic!("{reject:?}: {line}"),
    }
}

fn bad(line: &str) -> (&'static str, String) {
    match read(line, &Defaults::default()) {
        Ok(read) => panic!("{line}: {read:?}"),
        Err(reject) => (reject.reason.id(), reject.detail),
    }
}

fn purchase(rest: &str) -> String {
    format!("{{\"type\":\"purchase\",\"ts\":\"2026-11-21T20:31:04Z\",\"order\":\"1001\",{rest}}}")
}

const CONTRACT: &str = r#"{"type":"purchase","id":"p-1001-2","ts":"2026-11-21T20:31:04.120-03:00","source":"shop","order":"1001","rev":"2026-11-21T23:31:05Z","status":"paid","cart":"6a7f","customer":"c-17","new":false,"currency":"BRL","value":"259.80","items":[{"sku":"LIP-01","quantity":2,"price":"129.90"}],"channel":{"source":"instagram","medium":"paid_social"}}"#;

#[test]
fn the_example_of_the_contract_is_read_in_full() {
    let event = good(CONTRACT);
    assert_eq!(event.ts.rfc3339(), "2026-11-21T23:31:04.120Z");
    assert_eq!((event.id.as_deref(), event.source.as_str(), event.currency), (Some("p-1001-2"), "shop", Some(Currency::BRL)));
    let Fact::Purchase(order) = &event.fact else { panic!("{event:?}") };
    assert_eq!((order.order.as_str(), order.value, order.new), ("1001", Money::new(25_980, Currency::BRL), Some(false)));
    assert_eq!(order.rev, Rev::parse("2026-11-21T23:31:05Z", None));
    assert_eq!((order.items[0].sku.as_str(), order.items[0].quantity, order.items[0].price.map(|p| p.minor)), ("LIP-01", 2, Some(12_990)));
    let Some(ChannelClue::Parts(parts)) = &order.channel else { panic!("{order:?}") };
    assert_eq!((parts.source.as_deref(), parts.medium.as_deref()), (Some("instagram"), Some("paid_social")));
    assert!(event.extra.0.is_empty());
    assert_eq!(
        write(&event),
        r#"{"type":"purchase","order":"1001","value":"259.80","status":"paid","rev":"1795303865000000000","items":[{"sku":"LIP-01","quantity":2,"price":"129.90"}],"cart":"6a7f","customer":"c-17","new":false,"channel":{"source":"instagram","medium":"paid_social"},"ts":"2026-11-21T23:31:04.120Z","id":"p-1001-2","source":"shop","currency":"BRL"}"#
    );
}

#[test]
fn an_envelope_is_the_event_inside_it() {
    let event = good(
        r#"{"specversion":"1.0","type":"com.example.shop.refund","id":7,"source":"/shops/1","time":"2026-11-21T20:31:04Z","datacontenttype":"application/json","data":{"order":12345678901234567890,"value":10.5,"currency":"USD","type":"other","ts":1}}"#,
    );
    assert_eq!((event.id.as_deref(), event.source.as_str(), event.ts.rfc3339().as_str()), (Some("7"), "/shops/1", "2026-11-21T20:31:04Z"));
    let Fact::Refund(refund) = &event.fact else { panic!("{event:?}") };
    assert_eq!((refund.order.as_str(), refund.value.unwrap().minor), ("12345678901234567890", 1_050));
    assert_eq!(
        bad(r#"{"specversion":"1.0","type":"a.b","id":"1","source":"s","time":"2026-11-21T20:31:04Z","data":{}}"#).0,
        "unknown_type"
    );
    assert_eq!(
        bad(r#"{"specversion":"1.0","type":"a.note","id":"1","source":"s","time":"2026-11-21T20:31:04Z","data":"x"}"#).0,
        "bad_field"
    );
}

#[test]
fn money_is_read_by_its_text() {
    let minor = |rest: &str| match good(&purchase(rest)).fact {
        Fact::Purchase(order) => order.value.minor,
        other => panic!("{other:?}"),
    };
    assert_eq!(minor(r#""value":"129.90""#), 12_990);
    assert_eq!(minor(r#""value":129.9"#), 12_990);
    assert_eq!(minor(r#""value":0.29"#), 29);
    assert_eq!(minor(r#""value":90071992547409.93"#), 9_007_199_254_740_993);
    assert_eq!(minor(r#""value":{"minor":12990}"#), 12_990);
    assert_eq!(minor(r#""currency":"JPY","value":"500""#), 500);
    assert_eq!(minor(r#""value":"1.2340","currency":"BHD""#), 1_234);
    for wrong in [
        r#""value":"1.999""#,
        r#""value":1e3"#,
        r#""value":"-1""#,
        r#""value":"12,50""#,
        r#""value":true"#,
        r#""value":{"minor":1.5}"#,
        r#""value":{}"#,
        r#""value":"1.5","currency":"JPY""#,
        r#""value":"99999999999999999999""#,
    ] {
        assert_eq!(bad(&purchase(wrong)), ("bad_money", "value".to_owned()), "{wrong}");
    }
    assert_eq!(bad(&purchase(r#""value":"1","items":[{"sku":"A","quantity":1,"price":"0.001"}]"#)), ("bad_money", "items".to_owned()));
}

#[test]
fn every_reason_has_its_lines() {
    let ts = r#""ts":"2026-11-21T20:31:04Z""#;
    for (line, reason, detail) in [
        ("", "not_json", ""),
        ("not json", "not_json", ""),
        ("[]", "not_json", ""),
        ("null", "not_json", ""),
        (r#"{"type":"note""#, "not_json", ""),
        (&format!(r#"{{"a":{}{}}}"#, "[".repeat(100), "]".repeat(100)), "not_json", ""),
        (&format!("{{{ts}}}"), "no_type", "type"),
        (&format!(r#"{{"type":7,{ts}}}"#), "no_type", "type"),
        (&format!(r#"{{"type":"sale",{ts}}}"#), "unknown_type", "type"),
        (r#"{"type":"note","id":"1","text":"a"}"#, "bad_time", "ts"),
        (r#"{"type":"note","id":"1","text":"a","ts":"soon"}"#, "bad_time", "ts"),
        (
            r#"{"type":"note","id":"1","text":"a","ts":"2026-11-21T20:31:04"}"#,
            "bad_time",
            "ts: no time zone; name `source_tz` of the feed in the plan",
        ),
        (&format!(r#"{{"type":"note","text":"a",{ts}}}"#), "no_id", "id"),
        (&format!(r#"{{"type":"view_item","sku":"A","id":"",{ts}}}"#), "no_id", "id"),
        (&format!(r#"{{"type":"view_item","id":"1",{ts}}}"#), "bad_field", "sku"),
        (&format!(r#"{{"type":"view_item","id":"1","sku":{{}},{ts}}}"#), "bad_field", "sku"),
        (&format!(r#"{{"type":"view_item","id":"1","sku":"A","quantity":-1,{ts}}}"#), "bad_field", "quantity"),
        (&format!(r#"{{"type":"view_item","id":"1","sku":"A","quantity":99999999999999999999,{ts}}}"#), "bad_field", "quantity"),
        (&format!(r#"{{"type":"view_item","id":"1","sku":"A","quantity":1.5,{ts}}}"#), "bad_field", "quantity"),
        (&format!(r#"{{"type":"view_item","id":"1","sku":"A","channel":3,{ts}}}"#), "bad_field", "channel"),
        (&format!(r#"{{"type":"view_item","id":"1","sku":"A","currency":"ZZZ",{ts}}}"#), "bad_field", "currency"),
        (&format!(r#"{{"type":"cart","cart":"1","status":"gone",{ts}}}"#), "bad_field", "status"),
        (&format!(r#"{{"type":"purchase","order":"1",{ts}}}"#), "bad_field", "value"),
        (&format!(r#"{{"type":"purchase","order":"1","value":"1","placed_at":"x",{ts}}}"#), "bad_time", "placed_at"),
        (&format!(r#"{{"type":"purchase","order":"1","value":"1","items":[{{"sku":"A"}}],{ts}}}"#), "bad_field", "items"),
        (&format!(r#"{{"type":"audience","viewers":-3,{ts}}}"#), "bad_field", "viewers"),
        (
            &format!(r#"{{"type":"ad_spend","value":"1","bucket":{{"from":"2026-11-21T20:31:04Z","to":"2026-11-21T20:31:04Z"}},{ts}}}"#),
            "bad_field",
            "bucket",
        ),
        (&format!(r#"{{"type":"reading","metric":"ccu","value":"1e9",{ts}}}"#), "bad_field", "value"),
        (&format!(r#"{{"type":"note","id":"1","text":"a","test":"yes",{ts}}}"#), "bad_field", "test"),
    ] {
        assert_eq!(bad(line), (reason, detail.to_owned()), "{line}");
    }
}

#[test]
fn states_gauges_and_buckets_need_no_id() {
    for rest in [
        r#""type":"cart","cart":1,"status":"open""#,
        r#""type":"purchase","order":1,"value":1"#,
        r#""type":"audience","viewers":"12""#,
        r#""type":"inventory","sku":"A","available":-3"#,
        r#""type":"ad_spend","value":"10.00","total":true"#,
        r#""type":"reading","metric":"views_pv","value":10"#,
        r#""type":"closed""#,
        r#""type":"feed_state","feed":"shop""#,
        r#""type":"plan","body":{}"#,
    ] {
        good(&format!("{{{rest},\"ts\":1795303864120}}"));
    }
}

#[test]
fn unknown_fields_are_kept_by_name_and_change_nothing_else() {
    let event = good(
        r#"{"zeta":[ 1, {"b":2,"a":1.50} ],"type":"product_pinned","id":"1","sku":"A","ts":1795303864,"viewers":3,"alpha":null,"zeta" : "last"}"#,
    );
    let extra: Vec<(&str, &str)> = event.extra.0.iter().map(|(name, json)| (name.as_str(), json.as_ref())).collect();
    assert_eq!(extra, [("alpha", "null"), ("viewers", "3"), ("zeta", "\"last\"")]);
    assert_eq!(good(&write(&event)), event);
}

#[test]
fn the_account_of_a_feed_wins_over_the_line_and_the_default_fills_in() {
    let line = |source: &str| format!(r#"{{"type":"closed","ts":1795303864{source}}}"#);
    let source = |line: &str, defaults: &Defaults| read(line, defaults).map(|line| line.event.source).unwrap_or_default();
    let (file, account) =
        (Defaults { source: Some("file".into()), ..Defaults::default() }, Defaults { account: Some("shop".into()), ..Defaults::default() });
    assert_eq!(source(&line(""), &file), "file");
    assert_eq!(source(&line(r#","source":"x""#), &file), "x");
    assert_eq!(source(&line(r#","source":"x""#), &account), "shop");
}

#[test]
fn a_currency_that_is_only_implied_is_written_down() {
    let defaults = Defaults { currency: Currency::parse("JPY"), ..Defaults::default() };
    let event = read(&purchase(r#""value":"500""#), &defaults).unwrap().event;
    assert_eq!(event.currency, Currency::parse("JPY"));
    assert_eq!(good(&write(&event)), event);
    assert_eq!(read(r#"{"type":"closed","ts":1795303864}"#, &defaults).unwrap().event.currency, None);
}

#[test]
fn an_export_carries_its_place_and_its_arrival() {
    let line = read(r#"{"seq":12,"at":"2026-11-21T23:31:05Z","type":"closed","ts":"2026-11-21T23:31:04Z"}"#, &Defaults::default()).unwrap();
    assert_eq!((line.seq, line.at.map(At::rfc3339).as_deref()), (Some(12), Some("2026-11-21T23:31:05Z")));
}

/// A value that the field with this name may have, as JSON.
#[expect(clippy::too_many_lines, reason = "a table: one line a kind of field")]
fn value_of(key: Key) -> BoxedStrategy<String> {
    let name = || prop_oneof![4 => "[a-zA-Z0-9_-]{1,40}".prop_map(|s| format!("\"{s}\"")), 1 => any::<String>().prop_map(|s| serde_json::to_string(&s).unwrap()), 1 => "[1-9][0-9]{0,30}"];
    let count = || (0i64..=1_000_000_000_000).prop_map(|n| n.to_string());
    let time = || (946_684_800_000i64..4_102_444_800_000).prop_map(|ms| format!("\"{}\"", At::from_ms(ms)));
    let money = || {
        prop_oneof![
            (0i64..i64::MAX).prop_map(|m| format!("\"{}\"", Money::new(m, Currency::NONE).text())),
            (0i64..i64::MAX).prop_map(|m| format!("{{\"minor\":{m}}}")),
            "[0-9]{1,9}\\.[0-9]{2}0{0,3}".prop_map(|s| format!("\"{s}\""))
        ]
    };
    let flag = || any::<bool>().prop_map(|b| b.to_string());
    let one_of = |ids: &'static [&'static str]| proptest::sample::select(ids).prop_map(|id| format!("\"{id}\""));
    let any_json = || prop_oneof![name(), count(), flag(), Just("null".to_owned()), name().prop_map(|s| format!("{{\"x\":[{s},1.50]}}"))];
    match key {
        Key::Ts
        | Key::At
        | Key::PlacedAt
        | Key::PaidAt
        | Key::CancelledAt
        | Key::ExpiresAt
        | Key::Until
        | Key::CompleteTo
        | Key::HeardFrom
        | Key::RetryAt
        | Key::QuotaUntil => time().boxed(),
        Key::Price | Key::Discount => money().boxed(),
        Key::Value => prop_oneof![money(), count()].boxed(),
        Key::Test | Key::New | Key::Total | Key::CaughtUp => flag().boxed(),
        Key::Rev => prop_oneof![time(), count()].boxed(),
        Key::Quantity
        | Key::Seq
        | Key::Viewers
        | Key::Engaged
        | Key::WatchedS
        | Key::Count
        | Key::Available
        | Key::Reserved
        | Key::Clicks
        | Key::Impressions
        | Key::DurationS
        | Key::StaleAfterS
        | Key::Received
        | Key::Duplicate
        | Key::Conflict
        | Key::Quarantined
        | Key::Unmapped
        | Key::Dropped
        | Key::Errors
        | Key::Retries
        | Key::SkewMs
        | Key::Skipped
        | Key::Tests
        | Key::LagMs
        | Key::IntervalMs
        | Key::Quota
        | Key::QuotaLeft => count().boxed(),
        Key::Currency => one_of(&["BRL", "usd", "EUR"]).boxed(),
        Key::Status => {
            one_of(&["open", "checkout", "left", "bought", "placed", "paid", "cancelled", "pending", "approved", "ok", "failed"]).boxed()
        }
        Key::AuthorKind => one_of(&["viewer", "host", "moderator", "staff"]).boxed(),
        Key::Kind => {
            one_of(&["like", "gift", "gauge", "total", "bucket", "demo", "qa", "flash_deal", "cart_rescue", "exclude_order", "void"])
                .boxed()
        }
        Key::Answer => one_of(&["seen", "accepted", "held_out"]).boxed(),
        Key::Guarantee => one_of(&["durable", "best_effort"]).boxed(),
        Key::Items => proptest::collection::vec((name(), count(), money(), money()), 0..4)
            .prop_map(|items| {
                format!(
                    "[{}]",
                    items
                        .iter()
                        .map(|(s, q, p, d)| format!("{{\"sku\":{s},\"quantity\":{q},\"price\":{p},\"discount\":{d},\"name\":{s}}}"))
                        .collect::<Vec<_>>()
                        .join(",")
                )
            })
            .boxed(),
        Key::Coupons | Key::Gives => proptest::collection::vec(name(), 0..4).prop_map(|names| format!("[{}]", names.join(","))).boxed(),
        Key::Channel => prop_oneof![name(), (name(), name()).prop_map(|(a, b)| format!("{{\"source\":{a},\"landing\":{b}}}"))].boxed(),
        Key::Bucket => (946_684_800_000i64..2_000_000_000_000, 1i64..1_000_000)
            .prop_map(|(from, ms)| format!("{{\"from\":{from},\"to\":{}}}", from + ms))
            .boxed(),
        Key::Parameters => proptest::collection::vec((0u8..9, name()), 0..4)
            .prop_map(|list| format!("{{{}}}", list.iter().map(|(k, v)| format!("\"p{k}\":{v}")).collect::<Vec<_>>().join(",")))
            .boxed(),
        Key::Body | Key::Data | Key::Unknown => any_json().boxed(),
        _ => name().boxed(),
    }
}

/// Lines of every type with every field of the vocabulary now and then, whether or not the type has it.
fn any_line() -> impl Strategy<Value = String> {
    let keys: Vec<Key> = Key::ALL.iter().copied().filter(|key| !matches!(key, Key::Type | Key::SpecVersion)).collect();
    let count = keys.len();
    let values: Vec<BoxedStrategy<String>> = keys.iter().map(|key| value_of(*key)).collect();
    (proptest::sample::select(Fact::TYPES), values, proptest::collection::vec(0u8..10, count)).prop_map(move |(kind, values, luck)| {
        let members: Vec<String> = keys
            .iter()
            .zip(values)
            .zip(luck)
            .filter(|((key, _), luck)| *luck < 8 || matches!(key, Key::Ts | Key::Id | Key::Value))
            .map(|((key, value), _)| format!("\"{}\":{value}", key.name()))
            .collect();
        format!("{{\"type\":\"{kind}\",{}}}", members.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_written_reads_back_as_the_same_event(line in any_line()) {
        if let Ok(read_once) = read(&line, &Defaults::default()) {
            let written = write(&read_once.event);
            let again = read(&written, &Defaults::default());
            prop_assert_eq!(again.as_ref().map(|line| &line.event), Ok(&read_once.event));
            prop_assert_eq!(write(&again.unwrap().event), written);
        }
    }

    #[test]
    fn no_line_makes_it_panic(line in "\\PC{0,80}", kind in proptest::sample::select(Fact::TYPES), value in "\\PC{0,20}") {
        let _ = read(&line, &Defaults::default());
        let _ = read(&format!("{{\"type\":\"{kind}\",\"ts\":1795303864,\"id\":\"1\",\"value\":{value},\"items\":{value},\"sku\":{value}}}"), &Defaults::default());
    }
}

#[test]
fn most_arbitrary_lines_of_every_type_are_good() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let (mut runner, strategy) = (TestRunner::deterministic(), any_line());
    let mut read_types = std::collections::BTreeSet::new();
    for _ in 0..2_400 {
        let line = strategy.new_tree(&mut runner).unwrap().current();
        if let Ok(line) = read(&line, &Defaults::default()) {
            assert!(write(&line.event).starts_with(&format!("{{\"type\":\"{}\"", line.event.fact.type_id())));
            read_types.insert(line.event.fact.type_id());
        }
    }
    assert_eq!(read_types.len(), Fact::TYPES.len());
}
