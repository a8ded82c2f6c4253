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

use warroom::config::playbook;
use warroom::engine::rule::Cause;
use warroom::engine::time::At;
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
