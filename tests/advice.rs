//! The playbook on simulated broadcasts: the worked cases come out, and nothing fires because a dear product went on air.
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

use serde_json::json;

use warroom::config::playbook;
use warroom::engine::advice::{MOST_OPEN, State};
use warroom::engine::event::Record;
use warroom::engine::rule::{Cause, Playbook, Urgency};
use warroom::engine::time::At;
use warroom::engine::view::show::{AdviceTurn, Logged};
use warroom::engine::wire::{Defaults, read};
use warroom::engine::{Arrival, Engine};
use warroom::simulate::Records;
use warroom::simulate::scenario::Scenario;

fn run(scenario: Arc<Scenario>, seed: u64) -> Engine {
    let mut engine = Engine::new(scenario.plan(), Arrival::Live);
    engine.arm(playbook::shipped());
    for record in Records::new(scenario, seed).expect("a broadcast") {
        engine.step(&record);
    }
    engine
}

fn minute(engine: &Engine, at: At) -> f64 {
    engine.started().map_or(0.0, |started| at.since_ms(started) as f64 / 60_000.0)
}

#[test]
fn the_dip_and_the_dear_carts_of_the_demo_are_advised_and_nothing_before_the_dip() {
    let scenario = Scenario::demo().expect("the demo");
    for seed in 1..=2 {
        let engine = run(Arc::clone(&scenario), seed);
        let raised = |cause: Cause| -> Vec<f64> {
            engine.advisor().cards().iter().filter(|card| card.cause == cause).map(|card| minute(&engine, card.raised)).collect()
        };
        let (dips, carts) = (raised(Cause::Conversion), raised(Cause::Carts));
        assert!(dips.first().is_some_and(|first| (31.0..61.0).contains(first)), "seed {seed}: {dips:?}");
        assert!(carts.first().is_some_and(|first| (15.0..60.0).contains(first)), "seed {seed}: {carts:?}");
        assert!(engine.advisor().open().len() <= 3);
    }
}

/// A record as a feed or the desk would bring it, at the engine's next second.
fn bring(engine: &mut Engine, mut event: serde_json::Value) -> At {
    let at = engine.now().plus_s(1);
    event["ts"] = at.rfc3339().into();
    let event = read(&event.to_string(), &Defaults::default()).expect("an event").event;
    engine.step(&Record { seq: 9_000_000, at, event });
    at
}

/// The demo's first minutes, under a playbook.
fn demo_until(minutes: i64, playbook: Playbook, seed: u64) -> Engine {
    let scenario = Scenario::demo().expect("the demo");
    let until = scenario.starts_at.plus_s(minutes * 60);
    let mut engine = Engine::new(scenario.plan(), Arrival::Live);
    engine.arm(playbook);
    for record in Records::new(scenario, seed).expect("a broadcast").take_while(|record| record.at < until) {
        engine.step(&record);
    }
    engine
}

/// What the log tells of a card, in order, with the minute.
fn told_of(engine: &Engine, id: &str) -> Vec<(f64, AdviceTurn)> {
    let log = engine.log();
    let turns = log.iter().filter_map(|entry| match &entry.what {
        Logged::Advice { id: of, turn, .. } if *of == id => Some((minute(engine, entry.at), *turn)),
        _ => None,
    });
    turns.collect()
}

/// Rules that are true as long as anybody watches: hints from minute 3 on, what goes wrong from minute 6 on.
fn always_true(hints: usize, acts: usize) -> Playbook {
    let shipped = playbook::shipped();
    let pattern = shipped.rules.iter().find(|rule| rule.name == "peak_without_offer").expect("a shipped rule");
    let causes = [Cause::Chat, Cause::Audience, Cause::Product, Cause::Script, Cause::Checkout, Cause::Ticket];
    let rules = (0..hints + acts).map(|number| {
        let mut rule = pattern.clone();
        (rule.name, rule.cause, rule.guard, rule.hold_s) = (format!("rule_{number}"), causes[number], None, 0);
        (rule.urgency, rule.after_min) = if number < hints { (Urgency::Hint, 3) } else { (Urgency::Act, 6) };
        rule.watch =
            toml::from_str::<toml::Table>("kind = 'level'\nmetric = 'ccu'\nabove = 1.0\nspan = 'live'").unwrap().try_into().unwrap();
        rule
    });
    Playbook { rules: rules.collect(), ..Playbook::default() }
}

#[test]
fn a_card_that_nobody_answers_expires_after_a_quarter_of_an_hour_and_one_whose_reason_is_gone_at_once() {
    let engine = demo_until(22, always_true(1, 0), 1);
    let [card] = engine.advisor().cards() else { panic!("{:?}", engine.advisor().cards()) };
    let (raised, gone) = (minute(&engine, card.raised), minute(&engine, card.changed));
    assert_eq!(card.state, State::Expired);
    assert!((gone - raised - 15.0).abs() < 0.5, "{raised} to {gone}");
    assert_eq!(told_of(&engine, &card.id), [(raised, AdviceTurn::Raised), (gone, AdviceTurn::Expired)]);
    assert!(engine.advisor().open().is_empty());

    // its reason goes: the rule is not for the minutes that are left
    let mut leaves = always_true(1, 0);
    leaves.rules[0].left_min = 112;
    let engine = demo_until(14, leaves, 1);
    let card = &engine.advisor().cards()[0];
    let stayed = minute(&engine, card.changed) - minute(&engine, card.raised);
    assert!(card.state == State::Expired && (3.0..9.0).contains(&stayed), "{card:?}");
}

#[test]
fn a_hint_gives_way_to_what_goes_wrong_and_a_card_to_the_act_that_was_done_without_it() {
    let mut engine = demo_until(8, always_true(MOST_OPEN, 1), 1);
    let cards = engine.advisor().cards();
    assert_eq!(cards.len(), MOST_OPEN + 1);
    let displaced: Vec<_> = cards.iter().filter(|card| card.state == State::Superseded).collect();
    assert_eq!(displaced.iter().map(|card| card.urgency).collect::<Vec<_>>(), [Urgency::Hint]);
    assert_eq!(told_of(&engine, &displaced[0].id).last().map(|(_, turn)| *turn), Some(AdviceTurn::Superseded));
    let open = engine.advisor().open();
    assert!(open.len() == MOST_OPEN && open.iter().any(|card| card.urgency == Urgency::Act), "{open:?}");

    let kind = open[0].kind.id();
    let ids: Vec<_> = open.iter().map(|card| card.id.clone()).collect();
    bring(&mut engine, json!({"type": "intervention", "kind": kind, "id": "own", "source": "desk"}));
    for id in ids {
        let card = engine.advisor().cards().iter().find(|card| card.id == id).expect("a card");
        assert_eq!((card.state, card.course.runs), (State::Superseded, None), "it ran without the card: {card:?}");
        assert_eq!(told_of(&engine, &id).last().map(|(_, turn)| *turn), Some(AdviceTurn::Superseded));
    }
}

#[test]
fn hints_take_no_place_of_what_goes_wrong_and_no_cause_takes_that_of_another() {
    let mut playbook = always_true(MOST_OPEN, 2);
    for rule in &mut playbook.rules {
        (rule.cooldown_s, rule.most_per_live) = (0, 100);
    }
    let engine = demo_until(40, playbook, 1);
    let by = |urgency: Urgency| engine.advisor().cards().iter().filter(move |card| card.urgency == urgency);
    for hint in by(Urgency::Hint) {
        let again = by(Urgency::Hint).filter(|other| other.cause == hint.cause && other.raised > hint.raised);
        assert!(again.into_iter().all(|other| other.raised.since_ms(hint.raised) >= 1_800_000), "one of a cause in half an hour");
    }
    assert!(by(Urgency::Hint).count() <= 4 && by(Urgency::Act).count() >= 2, "{:?}", engine.advisor().cards());
}

#[test]
fn the_clock_of_an_act_starts_on_air_and_an_undo_opens_its_card_again() {
    let scenario = Scenario::demo().expect("the demo");
    let until = scenario.starts_at.plus_s(50 * 60);
    let mut engine = Engine::new(scenario.plan(), Arrival::Live);
    engine.arm(playbook::shipped());
    for record in Records::new(scenario, 1).expect("a broadcast").take_while(|record| record.at < until) {
        engine.step(&record);
    }
    let card = engine.advisor().open()[0].clone();
    let (id, kind) = (card.id.clone(), card.kind.id());
    let now = |engine: &Engine| engine.advisor().cards().iter().find(|other| other.id == id).expect("the card").clone();

    let told = bring(&mut engine, json!({"type": "advice_answer", "advice": id, "answer": "waiting", "id": "t1", "source": "desk"}));
    let said = bring(&mut engine, json!({"type": "advice_answer", "advice": id, "answer": "said", "id": "t2", "source": "desk"}));
    assert_eq!(now(&engine).state, State::Waiting { since: told }, "that the host said it is not yet on air");
    assert!(engine.interventions().is_empty(), "nothing runs while the desk waits");

    let sku = card.act_product(&engine).map(|sym| engine.live().books.skus.text(sym).to_owned());
    let act = json!({"type": "intervention", "kind": kind, "sku": sku, "advice": id, "id": "a1", "source": "desk"});
    let act: serde_json::Map<_, _> =
        act.as_object().expect("an object").iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect();
    let runs = bring(&mut engine, act.clone().into());
    let course = now(&engine).course;
    assert_eq!((now(&engine).state, course.told, course.said, course.runs), (State::Accepted, Some(told), Some(said), Some(runs)));
    assert_eq!(engine.interventions().last().map(|act| act.started), Some(runs));

    bring(&mut engine, json!({"type": "intervention_withdrawn", "intervention": "a1", "id": "w1", "source": "desk"}));
    assert_eq!((now(&engine).state, now(&engine).course.runs), (State::Waiting { since: told }, None), "the slip is taken back");

    // the platform's own event starts it as well
    let mut own = act;
    own.remove("advice");
    own.insert("source".to_owned(), "platform".into());
    own.insert("id".to_owned(), "p1".into());
    let on_air = bring(&mut engine, own.into());
    assert_eq!((now(&engine).state, now(&engine).course.runs), (State::Accepted, Some(on_air)));
}
