//! What a tick of the rules and an update of an impact cost: all streams judged in under 1 ms, an update in under 0.1 ms.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark stops where it fails")]

use std::sync::{Arc, LazyLock};

use divan::{Bencher, black_box};
use warroom::config::playbook;
use warroom::engine::impact::share::{Belief, ShareFilter};
use warroom::engine::time::At;
use warroom::engine::{Arrival, Engine};
use warroom::simulate::Records;
use warroom::simulate::scenario::Scenario;

/// The rules look this often.
const TICK_S: i64 = 10;

fn main() {
    divan::main();
}

/// The simulated broadcast after an hour, with the whole shipped playbook at work, just before a tick.
static AN_HOUR: LazyLock<(Engine, At)> = LazyLock::new(|| {
    let scenario: Arc<Scenario> = Scenario::demo().expect("the demo");
    let mut engine = Engine::new(scenario.plan(), Arrival::Live);
    engine.arm(playbook::shipped());
    let until = scenario.starts_at.plus_s(3_600);
    for record in Records::new(scenario, 3).expect("a broadcast").take_while(|record| record.at < until) {
        engine.step(&record);
    }
    let tick = (engine.now().second() / TICK_S + 1) * TICK_S;
    (engine, At::from_ms(tick * 1_000))
});

/// All rules on all their targets, the bins of their streams that have become complete included.
#[divan::bench]
fn a_tick_of_all_rules(bencher: Bencher<'_, '_>) {
    let (engine, tick) = &*AN_HOUR;
    bencher.with_inputs(|| engine.advisor().clone()).bench_local_values(|mut advisor| {
        let mut notices = Vec::new();
        advisor.judge(black_box(*tick), engine, &mut notices);
        (advisor, notices)
    });
}

/// A minute comes in and the three counterfactuals are forecast anew.
#[divan::bench]
fn an_update_of_an_impact(bencher: Bencher<'_, '_>) {
    let mut filter = ShareFilter::new();
    for minute in 0..60 {
        filter.push(f64::from(minute % 7) + 6.0, 30.0);
    }
    bencher.with_inputs(|| filter.clone()).bench_local_values(|mut filter| {
        filter.push(black_box(8.0), 30.0);
        [Belief::Mixed, Belief::Recovers, Belief::Stays].map(|belief| filter.effect(90.0, 300.0, 10, Some(300.0), belief))
    });
}
