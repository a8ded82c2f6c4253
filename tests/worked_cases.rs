//! The worked cases come out of the simulated broadcast as the right recommendation, within the delay that their volume allows;
//! and a dear product on air is never taken for one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use std::ops::RangeInclusive;
use std::sync::Arc;

use warroom::config::playbook;
use warroom::engine::advice::Recommendation;
use warroom::engine::event::InterventionKind as Kind;
use warroom::engine::metric::{Metric, Scope};
use warroom::engine::rule::{Cause, Urgency};
use warroom::engine::time::{At, Span};
use warroom::engine::watch::Watching;
use warroom::engine::{Arrival, Engine};
use warroom::simulate::Records;
use warroom::simulate::scenario::Scenario;

/// Seeds of a test run, and of `make study`: none of them is one that rules or scenarios were looked at with (1 to 10).
fn seeds() -> RangeInclusive<u64> {
    let full = std::env::var("WARROOM_STUDY").is_ok_and(|study| study == "full");
    101..=if full { 140 } else { 105 }
}

/// A card as it was raised and as it went: what it is about, what it proposes.
#[derive(Clone, Debug)]
struct Shown {
    raised: f64,
    /// When it left the glass, if it did.
    gone: Option<f64>,
    rule: String,
    cause: Cause,
    urgency: Urgency,
    kind: Kind,
    sku: Option<String>,
}

/// What became of a scenario that nobody acted on.
struct Played {
    shown: Vec<Shown>,
    /// Orders a minute before the case began.
    rate: f64,
    /// What each rule answered at the end, for a case that was not found.
    why: Vec<String>,
}

/// Plays a scenario from its start to a minute of it; the rate is that before minute `from`.
fn play(scenario: &Arc<Scenario>, seed: u64, from: i64, until: i64) -> Played {
    let mut engine = Engine::new(scenario.plan(), Arrival::Live);
    engine.arm(playbook::shipped());
    let (from, until) = (scenario.starts_at.plus_s(from * 60), scenario.starts_at.plus_s(until * 60));
    let mut a_minute = None;
    for record in Records::new(Arc::clone(scenario), seed).expect("a broadcast").take_while(|record| record.at < until) {
        if record.at >= from && a_minute.is_none() {
            a_minute = engine.reading(Metric::OrdersPlaced, Scope::Live, Span::M10).number().map(|orders| orders / 10.0);
        }
        engine.step(&record);
    }
    let minute = |at: At| at.since_ms(scenario.starts_at) as f64 / 60_000.0;
    let shown = |card: &Recommendation| Shown {
        raised: minute(card.raised),
        gone: (!card.state.is_open()).then(|| minute(card.changed)),
        rule: card.rule.clone(),
        cause: card.cause,
        urgency: card.urgency,
        kind: card.kind,
        sku: card.act_product(&engine).map(|product| engine.live().books.skus.text(product).to_owned()),
    };
    let loud =
        |watching: &[Watching]| watching.iter().max_by_key(|watch| watch.answer.loudness()).map(|watch| format!("{:?}", watch.answer));
    let why = engine.advisor().reasons().map(|(rule, watching, silent)| format!("{}: {silent:?} {:?}", rule.name, loud(watching)));
    Played { shown: engine.advisor().cards().iter().map(shown).collect(), rate: a_minute.unwrap_or(0.0), why: why.collect() }
}

/// Minutes within which a fall by half or more is to be found at so many orders a minute (`detection.md`, section 4).
fn allowed(orders_a_minute: f64) -> f64 {
    match orders_a_minute {
        rate if rate >= 100.0 => 2.0,
        rate if rate >= 30.0 => 4.0,
        rate if rate >= 10.0 => 10.0,
        _ => 17.0,
    }
}

/// The case of a scenario: the cause of its card, the act that answers it, and on which product, from which minute on.
struct Case {
    scenario: &'static str,
    from: i64,
    cause: Cause,
    act: Kind,
    about: Option<&'static str>,
    /// What is compared needs this many minutes of its own before a card may say so.
    needs_min: f64,
}

const CASES: [Case; 4] = [
    Case { scenario: "w1-surprise-discount", from: 28, cause: Cause::Conversion, act: Kind::FlashDeal, about: None, needs_min: 0.0 },
    Case { scenario: "w2-lower-ticket", from: 22, cause: Cause::Carts, act: Kind::Bundle, about: None, needs_min: 10.0 },
    // the talk begins at 22, and goes on too long from 27 on
    Case { scenario: "w3-script-change", from: 22, cause: Cause::Script, act: Kind::ScriptChange, about: None, needs_min: 10.0 },
    Case {
        scenario: "w4-best-seller",
        from: 20,
        cause: Cause::Product,
        act: Kind::SwitchProduct,
        about: Some("VESTIDO-MIDI"),
        needs_min: 10.0,
    },
];

#[test]
fn each_worked_case_is_answered_by_its_act_within_the_delay_of_its_volume() {
    for case in &CASES {
        let mut late = Vec::new();
        let scenario = Arc::new(Scenario::shipped(case.scenario).expect("a shipped scenario"));
        for seed in seeds() {
            let Played { shown, rate, why } = play(&scenario, seed, case.from, case.from + 28);
            let limit = case.from as f64 + allowed(rate) + case.needs_min;
            let right = |card: &&Shown| {
                let about = case.about.is_none_or(|about| card.sku.as_deref() == Some(about));
                card.cause == case.cause && card.kind == case.act && about && card.raised >= case.from as f64
            };
            let found = shown.iter().find(right).map(|card| card.raised);
            println!("{} seed {seed}: {rate:.1} orders/min, found at {found:.1?}, limit {limit:.0}", case.scenario);
            if found.is_none_or(|minute| minute > limit) {
                late.push(format!("{} seed {seed} at {rate:.1}/min by {limit:.0}': {shown:#?}\n{}", case.scenario, why.join("\n")));
            }
        }
        // in the full form one life in ten may be too thin for its case
        assert!(late.len() <= seeds().count() / 10, "{}", late.join("\n"));
    }
}

#[test]
fn the_demo_shows_two_worked_cases_within_its_first_half_hour() {
    let scenario = Scenario::demo().expect("the demo");
    // it opens at 24, when its first minutes are behind it; conversion falls at 31
    let (opens, dip) = (24.0, 31.0);
    for seed in seeds() {
        let Played { shown, .. } = play(&scenario, seed, 24, 54);
        let on_the_glass = |card: &&Shown| card.gone.is_none_or(|gone| gone > opens);
        let seen = |cause: Cause| shown.iter().filter(on_the_glass).any(|card| card.cause == cause);
        let cases = [Cause::Conversion, Cause::Carts, Cause::Script, Cause::Product].into_iter().filter(|cause| seen(*cause)).count();
        println!("demo seed {seed}: {:?}", shown.iter().map(|card| format!("{:.1} {}", card.raised, card.rule)).collect::<Vec<_>>());
        assert!(cases >= 2 && seen(Cause::Conversion), "seed {seed}: {shown:#?}");
        let early = shown.iter().find(|card| card.cause == Cause::Conversion && card.raised < dip);
        assert!(early.is_none(), "seed {seed}: nothing had fallen yet: {early:?}");
    }
}

#[test]
fn a_dear_product_on_air_is_no_dip() {
    let mut quiet = Scenario::demo().expect("the demo").as_ref().clone();
    // nothing goes wrong in this one; kits at 549 and cameras at 629 come and go
    quiet.incidents.clear();
    let quiet = Arc::new(quiet);
    let mut dear = Vec::new();
    let mut from = 0.0;
    for segment in &quiet.segments {
        let sku = segment.sku.as_deref();
        // what it may have done shows until some minutes after it
        if matches!(sku, Some("KIT-CASA5" | "CAM-WIFI")) {
            dear.push((from, from + segment.minutes + 3.0));
        }
        from += segment.minutes;
    }
    assert_eq!(dear.len(), 4);
    for seed in seeds() {
        let Played { shown, .. } = play(&quiet, seed, 60, 110);
        let rates = ["conversion_dips", "carts_per_click_dip", "clicks_without_orders"];
        let dips: Vec<_> = shown.iter().filter(|card| rates.contains(&card.rule.as_str()) && card.urgency == Urgency::Act).collect();
        println!("quiet seed {seed}: {:?}", dips.iter().map(|card| format!("{:.1} {}", card.raised, card.rule)).collect::<Vec<_>>());
        let by_dear: Vec<_> = dips.iter().filter(|card| dear.iter().any(|(from, to)| (*from..*to).contains(&card.raised))).collect();
        assert!(by_dear.is_empty(), "seed {seed}: {by_dear:#?}");
    }
}
