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
fn print_cards() {
    let scenario = Scenario::demo().expect("the demo");
    for seed in 1..=2 {
        let engine = run(Arc::clone(&scenario), seed);
        println!("--- seed {seed}");
        for card in engine.advisor().cards() {
            println!(
                "{:6.1} {} {:?} {} {:?} {:?}",
                minute(&engine, card.raised),
                card.rule,
                card.kind,
                card.state.id(),
                card.because,
                card.parameters
            );
        }
    }
}
