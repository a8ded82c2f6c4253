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
use warroom::engine::advice::State;
use warroom::engine::event::Record;
use warroom::engine::rule::Cause;
use warroom::engine::time::At;
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
