//! Both futures: the simulator started at a desk's own state draws what goes on as it went, and what an act adds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_precision_loss, reason = "a test stops where it fails")]

use std::sync::Arc;

use warroom::engine::event::InterventionKind as Kind;
use warroom::engine::metric::{Metric, Scope};
use warroom::engine::plan::Plan;
use warroom::engine::time::Span;
use warroom::engine::{Arrival, Engine};
use warroom::simulate::Records;
use warroom::simulate::act::Act;
use warroom::simulate::calibration::{Unfit, calibrate};
use warroom::simulate::future::{RUNS, draw, seed_of};
use warroom::simulate::scenario::Scenario;

/// The demo's desk, so many minutes in, of a live that lasts so many hours.
fn desk_of(hours: f64, minutes: i64) -> Engine {
    let scenario = Arc::new(Scenario::demo().unwrap().lasting(hours));
    let until = scenario.starts_at.plus_s(minutes * 60);
    let mut engine = Engine::new(scenario.plan(), Arrival::Live);
    for record in Records::new(Arc::clone(&scenario), 3).unwrap().take_while(|record| record.at <= until) {
        engine.step(&record);
    }
    engine.advance_to(until);
    engine
}

fn desk(minutes: i64) -> Engine {
    desk_of(1.0, minutes)
}

/// Nobody knows the future; but by and large it goes on at the rate of the minutes behind, whatever was on air in them.
#[test]
fn what_is_drawn_is_of_the_size_of_what_was() {
    for (hours, minutes) in [(1.0, 30), (1.0, 41)] {
        let engine = desk_of(hours, minutes);
        let futures = draw(&engine, &Act::begin(engine.now(), "r1", Kind::PolicyWarning, None), 1).unwrap();
        let orders = |span| engine.reading(Metric::GmvPlaced, Scope::Live, span).number().unwrap();
        let (lately, usual) = (orders(Span::M15) / 15.0, orders(Span::Live) / minutes as f64);
        let drawn = futures.nothing.last().unwrap().mid / futures.nothing.len() as f64;
        let (low, high) = (lately.min(usual) / 2.0, lately.max(usual) * 2.0);
        assert!((low..high).contains(&drawn), "{hours} h, {minutes} min: {drawn:.0} a minute; lately {lately:.0}, usually {usual:.0}");
    }
}

#[test]
fn doing_nothing_goes_on_as_it_went() {
    let engine = desk(40);
    let found = calibrate(&engine).unwrap();
    assert_eq!(found.from, engine.now());
    assert_eq!(Some(found.to), engine.plan().ends_at());
    let futures = draw(&engine, &Act::begin(engine.now(), "r1", Kind::PolicyWarning, None), 1).unwrap();
    assert_eq!(futures.nothing.len(), usize::try_from(found.to.since_ms(found.from) / 60_000).unwrap());
    assert_eq!(futures.nothing, futures.acting, "an act without an effect changes nothing");
    let lately = engine.reading(Metric::GmvPlaced, Scope::Live, Span::M15).number().unwrap() / 15.0;
    let first = futures.nothing[14].mid / 15.0;
    assert!((0.5..2.0).contains(&(first / lately)), "{first:.0} a minute against {lately:.0}");
    assert!(futures.nothing.iter().all(|band| band.low <= band.mid && band.mid <= band.high));
    assert!(futures.nothing.windows(2).all(|pair| pair[0].mid <= pair[1].mid), "money placed only grows");
}

#[test]
fn an_act_is_told_apart_and_the_same_state_draws_the_same() {
    let engine = desk(44);
    let on_air = engine.on_air().map(|sym| engine.live().books.skus.text(sym).to_owned());
    let act = Act::begin(engine.now(), "r1", Kind::FlashDeal, on_air.as_deref()).with("percent", "10");
    let futures = draw(&engine, &act, 7).unwrap();
    assert_eq!(futures.runs, RUNS);
    assert!(futures.units[1].mid > futures.units[0].mid, "a flash deal sells more: {:?}", futures.units);
    assert!(futures.gain.is_some(), "the demo's plan names its costs");
    assert!((0.0..=1.0).contains(&futures.better));
    assert_eq!(futures, draw(&engine, &act, 7).unwrap());
    assert_ne!(futures.nothing, draw(&engine, &act, 8).unwrap().nothing);
}

#[test]
fn where_too_little_is_known_no_future_is_drawn() {
    let scenario = Scenario::demo().unwrap();
    let act = |engine: &Engine| Act::begin(engine.now(), "r1", Kind::FlashDeal, None);
    let empty = Engine::new(scenario.plan(), Arrival::Live);
    assert_eq!(draw(&empty, &act(&empty), 1), Err(Unfit::NoAudience));
    let nothing = Engine::new(Plan::default(), Arrival::Live);
    assert_eq!(draw(&nothing, &act(&nothing), 1), Err(Unfit::NoAudience));
}

/// One live draws the same evenings at all of its moments: what is drawn moves with the state, not with the second.
#[test]
fn a_few_seconds_later_the_act_is_better_in_about_as_many_evenings() {
    let scenario = Arc::new(Scenario::demo().unwrap().lasting(1.0));
    let mut records = Records::new(Arc::clone(&scenario), 3).unwrap().peekable();
    let mut engine = Engine::new(scenario.plan(), Arrival::Live);
    let mut drawn = Vec::new();
    for second in 2_400..2_406 {
        let until = scenario.starts_at.plus_s(second);
        while let Some(record) = records.next_if(|record| record.at <= until) {
            engine.step(&record);
        }
        engine.advance_to(until);
        let on_air = engine.on_air().map(|sym| engine.live().books.skus.text(sym).to_owned());
        let act = Act::begin(until, "r1", Kind::FlashDeal, on_air.as_deref()).with("percent", "10");
        let futures = draw(&engine, &act, seed_of(&engine)).unwrap();
        drawn.push((futures.better * RUNS as f64, futures.nothing.last().unwrap().mid));
    }
    let values = || drawn.iter().map(|(better, ..)| *better);
    let spread = values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min);
    assert!(spread <= 2.0, "{drawn:?}");
}
