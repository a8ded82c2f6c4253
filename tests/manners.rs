//! Few cards at a time, one bell, the same each time, whatever happens in between.
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

use std::sync::Arc;

use warroom::config::playbook;
use warroom::engine::advice::{MOST_OPEN, MOST_PER_HOUR, RINGS_EVERY_S, State};
use warroom::engine::event::{Control, Event, Extra, Fact, Record};
use warroom::engine::notice::{Notice, NoticeKind};
use warroom::engine::prior::of_this_live;
use warroom::engine::rule::Playbook;
use warroom::engine::time::At;
use warroom::engine::{Arrival, Engine, wire};
use warroom::simulate::Records;
use warroom::simulate::scenario::Scenario;

/// So much of the demo is told: its dip and its dear carts are in it.
const LENGTH_S: i64 = 55 * 60;

fn control(fact: Fact, ts: At) -> Event {
    Event { fact, ts, id: None, source: "desk".into(), currency: None, test: false, extra: Extra::default() }
}

fn playbook_record(playbook: &Playbook, ts: At) -> Event {
    control(Fact::Playbook(Control { body: serde_json::to_string(playbook).unwrap().into_boxed_str() }), ts)
}

/// The demo's records with a playbook among them, as a journal holds them.
fn journal(playbook: &Playbook, seed: u64) -> (Engine, Vec<Record>) {
    let scenario: Arc<Scenario> = Scenario::demo().unwrap();
    let engine = Engine::new(scenario.plan(), Arrival::Live);
    let until = scenario.starts_at.plus_s(LENGTH_S);
    let mut records: Vec<Record> = Records::new(Arc::clone(&scenario), seed).unwrap().take_while(|record| record.at < until).collect();
    let at = records[0].at;
    records.insert(1, Record { seq: 0, at, event: playbook_record(playbook, at) });
    for (seq, record) in (1..).zip(&mut records) {
        record.seq = seq;
    }
    (engine, records)
}

fn cards(engine: &Engine) -> String {
    engine.advisor().cards().iter().map(|card| format!("{card:?}\n")).collect()
}

fn raised(notices: &[Notice]) -> impl Iterator<Item = (At, bool)> {
    notices.iter().filter_map(|notice| match &notice.kind {
        NoticeKind::AdviceRaised { rings, .. } => Some((notice.at, *rings)),
        _ => None,
    })
}

#[test]
fn the_same_journal_gives_the_same_recommendations_byte_for_byte_and_a_restart_in_a_hold_changes_nothing() {
    let (engine, records) = journal(&playbook::shipped(), 2);
    let mut whole = engine.clone();
    for record in &records {
        whole.step(record);
    }
    let told = cards(&whole);
    assert!(whole.advisor().cards().len() >= 2, "{told}");
    // A second desk reads the records back from their lines and is asked at odd moments; in the hold before each card it is
    // ended and begun anew from the records alone.
    let mut holds: Vec<At> = whole.advisor().cards().iter().map(|card| card.raised.plus_s(-15)).collect();
    holds.sort_unstable_by_key(|hold| std::cmp::Reverse(*hold));
    let (mut kept, mut desk) = (engine.clone(), engine);
    let mut restarts = 0;
    for record in &records {
        while holds.last().is_some_and(|hold| *hold <= record.at) {
            desk.advance_to(record.at.plus_ms(-1));
            desk = kept.clone();
            holds.pop();
            restarts += 1;
        }
        let line = wire::write(&record.event);
        let event = wire::read(&line, &wire::Defaults::default()).unwrap_or_else(|reject| panic!("{line}: {reject:?}")).event;
        desk.advance_to(record.at.plus_ms(-1));
        desk.step(&Record { seq: record.seq, at: record.at, event });
        kept.step(record);
    }
    assert_eq!(restarts, whole.advisor().cards().len());
    assert_eq!((cards(&desk), cards(&kept)), (told.clone(), told));
}

#[test]
fn two_hundred_rules_true_at_once_show_three_cards_and_ring_once() {
    let shipped = playbook::shipped();
    let causes: Vec<_> = shipped.rules.iter().map(|rule| rule.cause).collect();
    let silence = shipped.rules.iter().find(|rule| rule.name == "peak_without_offer").unwrap();
    let rules = (0..200).map(|number| {
        let mut rule = silence.clone();
        (rule.name, rule.cause, rule.guard) = (format!("rule_{number}"), causes[number % causes.len()], None);
        (rule.after_min, rule.hold_s, rule.left_min) = (10, 0, 0);
        rule.urgency = warroom::engine::rule::Urgency::Act;
        rule.watch =
            toml::from_str::<toml::Table>("kind = 'level'\nmetric = 'ccu'\nabove = 1.0\nspan = 'live'").unwrap().try_into().unwrap();
        rule
    });
    let playbook = Playbook { rules: rules.collect(), ..Playbook::default() };
    assert!(playbook.problems().is_empty(), "{:?}", playbook.problems());
    let (mut engine, records) = journal(&playbook, 1);
    let mut told: Vec<(At, bool)> = Vec::new();
    for record in &records {
        told.extend(raised(&engine.step(record)));
        assert!(engine.advisor().open().len() <= MOST_OPEN);
    }
    let first = told.first().expect("something is raised").0;
    let burst: Vec<_> = told.iter().filter(|(at, _)| at.since_ms(first) < RINGS_EVERY_S * 1_000).collect();
    assert_eq!(burst.iter().filter(|(_, rings)| *rings).count(), 1, "{burst:?}");
    assert_eq!(burst.len(), MOST_OPEN);
    for (from, _) in &told {
        let hour = told.iter().filter(|(at, _)| (0..3_600_000).contains(&at.since_ms(*from))).count();
        assert!(hour <= MOST_PER_HOUR, "{hour} in an hour");
    }
}

#[test]
fn a_held_out_card_is_never_told_and_the_coin_falls_the_same_in_a_replay() {
    let with = |seed| Playbook { hold_out: 0.5, hold_out_seed: seed, ..playbook::shipped() };
    let mut held = Vec::new();
    for seed in 1..=4 {
        let (engine, records) = journal(&with(seed), 2);
        let run = || {
            let mut engine = engine.clone();
            let told: usize = records.iter().map(|record| raised(&engine.step(record)).count()).sum();
            (engine, told)
        };
        let ((one, told), (two, _)) = (run(), run());
        assert_eq!(cards(&one), cards(&two));
        let out = one.advisor().cards().iter().filter(|card| card.state == State::HeldOut).count();
        assert_eq!(told + out, one.advisor().cards().len());
        assert!(one.advisor().open().iter().all(|card| card.state != State::HeldOut));
        let counted: u32 = one.advisor().playbook().rules.iter().map(|rule| of_this_live(&rule.name, &one).held_out).sum();
        assert_eq!(counted as usize, out);
        held.push(one.advisor().cards().iter().map(|card| card.state == State::HeldOut).collect::<Vec<_>>());
    }
    let all: Vec<bool> = held.iter().flatten().copied().collect();
    assert!(all.contains(&true) && all.contains(&false), "{held:?}");
    assert!(held.iter().any(|coins| coins.first() != held[0].first()), "another seed, another coin: {held:?}");
}

#[test]
fn what_earlier_lives_taught_is_used_and_replays_from_the_journal() {
    let (engine, mut records) = journal(&playbook::shipped(), 2);
    // what this broadcast's own earlier lives taught gives way to it
    records.retain(|record| !matches!(record.event.fact, Fact::Priors(_)));
    let body = r#"{"lives":4,"drift_sd":0.3,"rules":{"conversion_dips":{"fired":7,"accepted":5,"better":1,"cant_tell":4}},
        "kinds":[{"kind":"flash_deal","acts":4,"ratio":1.2,"low":1.1,"high":1.3}]}"#;
    let at = records[0].at;
    records.insert(1, Record { seq: 1, at, event: control(Fact::Priors(Control { body: body.into() }), at) });
    let run = |records: &[Record]| {
        let mut engine = engine.clone();
        for record in records {
            engine.step(record);
        }
        engine
    };
    let (taught, plain) = (run(&records), run(&records[..1].iter().chain(&records[2..]).cloned().collect::<Vec<_>>()));
    assert_eq!(taught.priors().rules["conversion_dips"].better, 1);
    assert_eq!(cards(&run(&records)), cards(&taught));
    assert_ne!(
        cards(&plain),
        cards(&taught),
        "a shop whose rates drift more is judged with more patience, its flash deals by what they brought"
    );
    let flash = taught.advisor().cards().iter().filter_map(|card| card.price.as_ref().filter(|_| card.kind.id() == "flash_deal"));
    for bill in flash {
        assert!((bill.units / bill.units_without - 1.2).abs() < 1e-9, "{bill:?}");
    }
    assert!(plain.advisor().drift().weight > 0.0);
}
