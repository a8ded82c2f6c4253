//! The projected close on simulated lives: its range holds as many closes as it says, and the demo's earlier lives are its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use std::sync::Arc;

use warroom::engine::earlier::{EarlierLive, Ghost};
use warroom::engine::event::Fact;
use warroom::engine::metric::{Metric, Scope};
use warroom::engine::projection::{LEAST_LIVES, LEVEL, LEVEL_BY_PACE, Projection};
use warroom::engine::time::Span;
use warroom::engine::{Arrival, Engine};
use warroom::simulate::Records;
use warroom::simulate::scenario::Scenario;

/// Seeds of the demo's earlier lives, the latest first; other tests use lower ones.
const EARLIER: [u64; 5] = [101, 102, 103, 104, 105];
/// Minutes at which a close is foretold.
const MINUTES: [i64; 4] = [30, 50, 75, 100];
/// With earlier lives, and by its own pace alone.
const LEVELS: [f64; 2] = [LEVEL, LEVEL_BY_PACE];
/// The least share of closes that each range must hold.
const LEAST_HELD: [f64; 2] = [0.65, LEVEL_BY_PACE];

/// The same shop, as if this were its first live.
fn without_earlier(scenario: &Scenario) -> Arc<Scenario> {
    let mut alone = scenario.clone();
    alone.earlier_lives = false;
    Arc::new(alone)
}

/// A whole broadcast with what was foretold on the way: with the scenario's earlier lives, and by its own pace alone.
fn play(scenario: &Arc<Scenario>, seed: u64) -> (Engine, [Vec<Option<Projection>>; 2]) {
    let start = scenario.starts_at;
    let mut engines = [Engine::new(scenario.plan(), Arrival::Live), Engine::new(scenario.plan(), Arrival::Live)];
    let mut foretold = [Vec::new(), Vec::new()];
    for record in Records::new(Arc::clone(scenario), seed).unwrap() {
        while MINUTES.get(foretold[0].len()).is_some_and(|minute| record.at >= start.plus_s(minute * 60)) {
            let at = start.plus_s(MINUTES[foretold[0].len()] * 60);
            for (engine, foretold) in engines.iter_mut().zip(&mut foretold) {
                engine.advance_to(at);
                foretold.push(engine.projection(Metric::GmvPaid));
            }
        }
        engines[0].step(&record);
        if !matches!(record.event.fact, Fact::Priors(_)) {
            engines[1].step(&record);
        }
    }
    let [engine, _] = engines;
    (engine, foretold)
}

fn paid(engine: &Engine) -> f64 {
    // up to the planned close: what is paid later is no part of it
    let (start, end) = (engine.started().unwrap().minute(), engine.plan().ends_at().unwrap().minute());
    (start..end).filter_map(|minute| engine.reading_in_minute(Metric::GmvPaid, Scope::Live, minute).number()).sum()
}

#[test]
fn the_range_of_the_close_holds_what_it_says() {
    let demo = Scenario::demo().unwrap();
    let (mut held, mut width, mut all) = ([0usize; 2], [0.0; 2], 0usize);
    for seed in 1..8 {
        let (engine, foretold) = play(&demo, seed);
        let close = paid(&engine);
        all += MINUTES.len();
        for (way, foretold) in foretold.into_iter().enumerate() {
            assert_eq!(foretold.len(), MINUTES.len());
            for (minute, projection) in MINUTES.iter().zip(foretold) {
                let projection = projection.unwrap_or_else(|| panic!("nothing foretold at {minute}"));
                assert!(projection.low <= projection.expected && projection.expected <= projection.high);
                assert!((projection.level - LEVELS[way]).abs() < f64::EPSILON && (projection.lives > 0) == (way == 0));
                held[way] += usize::from((projection.low..=projection.high).contains(&close));
                width[way] += (projection.high - projection.low) / close;
            }
        }
    }
    for (way, name) in ["with earlier lives", "by its own pace"].into_iter().enumerate() {
        let width = width[way] / all as f64;
        let level = LEVELS[way];
        println!("{name}: {} of {all} closes in their {level} range, on average {width:.2} of the close wide", held[way]);
        assert!(held[way] as f64 / all as f64 >= LEAST_HELD[way], "{name}: {} of {all}", held[way]);
        assert!(width < 0.8, "{name}: a range of {width:.2} says nothing");
    }
}

#[test]
fn the_earlier_lives_of_the_demo_are_broadcasts_of_its_own() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/scenarios/earlier.json");
    let demo = Scenario::demo().unwrap();
    let alone = without_earlier(&demo);
    let lives: Vec<EarlierLive> = EARLIER
        .into_iter()
        .map(|seed| {
            let (engine, _) = play(&alone, seed);
            let curves = EarlierLive::of(&engine);
            assert!(curves.minutes() >= 120 && !curves.viewers.is_empty());
            EarlierLive { name: format!("terca-tech-{seed}"), starts_at: None, ..curves }
        })
        .collect();
    let text = serde_json::to_string(&lives).unwrap() + "\n";
    if std::env::var_os("UPDATE_EARLIER").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), text, "UPDATE_EARLIER=1 cargo test --test projection writes it anew");
}

#[test]
fn the_demo_is_held_against_its_earlier_lives() {
    let demo = Scenario::demo().unwrap();
    let mut engine = Engine::new(demo.plan(), Arrival::Live);
    let until = demo.starts_at.plus_s(47 * 60);
    for record in Records::new(Arc::clone(&demo), 7).unwrap().take_while(|record| record.at <= until) {
        engine.step(&record);
    }
    engine.advance_to(until);
    assert!(engine.earlier_lives().len() >= LEAST_LIVES);
    let now = engine.reading(Metric::GmvPaid, Scope::Live, Span::Live);
    for ghost in Ghost::ALL {
        let then = engine.ghost_at(ghost, Metric::GmvPaid, now.until.unwrap().min(until)).unwrap();
        let change = engine.against(ghost, Metric::GmvPaid).unwrap();
        assert!((now.number().unwrap() / then - 1.0 - change).abs() < 1e-9 && change.abs() < 2.0, "{ghost:?}: {change}");
        assert!(engine.ghost_close(ghost, Metric::GmvPaid).unwrap() >= then);
    }
    assert!(engine.ghost_close(Ghost::Best, Metric::GmvPaid) >= engine.ghost_close(Ghost::Median, Metric::GmvPaid));
    let (minute, viewers) = engine.peak_minute().unwrap();
    assert!(viewers > 0 && minute >= demo.starts_at.minute() && minute <= until.minute());
    assert!(engine.behind_s().is_some());
    let kinds = engine.scores_by_kind();
    let orders: i64 = kinds.iter().map(|(_, score)| score.orders).sum();
    assert!(
        !kinds.is_empty() && orders > 0 && kinds.iter().any(|(_, score)| score.watch.is_some() && score.conversion.is_some()),
        "{kinds:?}"
    );
    assert_eq!(
        engine.scores_by_host().iter().map(|(_, score)| score.segments).sum::<usize>(),
        engine.segments().iter().filter(|s| s.host.is_some()).count()
    );
}
