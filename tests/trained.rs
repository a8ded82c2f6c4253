//! A drill shows what it trains: the desk raises a fitting card while there is time left to answer it; and where a thing does not
//! happen, the rule that is made for it keeps quiet. A few seeds of every shipped drill here; by `make study` twenty.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use warroom::rehearsal::best::Budget;
use warroom::rehearsal::policy::Nobody;
use warroom::rehearsal::score::score;
use warroom::rehearsal::solo::Solo;
use warroom::rehearsal::study::lean;
use warroom::simulate::incident::IncidentKind;
use warroom::simulate::scenario::{SHIPPED, Scenario};

/// Seconds of the play that must be left once the card is there.
const TO_ANSWER_S: i64 = 60;

/// By incident that wants an act: when in the play its first card came, by seed; `None` where none came in time to be answered.
type Shown = BTreeMap<IncidentKind, Vec<Option<i64>>>;

/// One play with nobody at the desk.
fn play(scenario: &Arc<Scenario>, seed: u64, shown: &Mutex<Shown>) {
    let mut solo = Solo::new(Arc::clone(scenario), seed).unwrap();
    solo.engine_mut().arm(warroom::config::playbook::shipped());
    let score = score(&solo.play(&mut Nobody), Budget { runs: 1 }, None).unwrap();
    for incident in score.incidents.iter().filter(|incident| incident.incident.wants_act()) {
        let card_s = incident.detected_s.map(|seconds| incident.counted_from_s + seconds);
        let in_time = card_s.filter(|card_s| score.to_s - card_s >= TO_ANSWER_S).map(|card_s| card_s - score.from_s);
        shown.lock().unwrap().entry(incident.incident).or_default().push(in_time);
    }
}

fn shown(name: &str, seeds: u64) -> Shown {
    let scenario = Arc::new(lean(&Scenario::shipped(name).unwrap()));
    let (shown, next) = (Mutex::new(Shown::new()), AtomicU64::new(1));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > seeds {
                        break;
                    }
                    play(&scenario, seed, &shown);
                }
            });
        }
    });
    shown.into_inner().unwrap()
}

#[test]
fn every_drill_shows_a_card_for_what_it_trains() {
    let (seeds, least) = if std::env::var("WARROOM_STUDY").as_deref() == Ok("full") { (20, 18) } else { (4, 3) };
    let mut wanting = Vec::new();
    // the demo is no drill, and what a lottery draws is not known
    let drills = SHIPPED.iter().map(|(name, _)| *name).filter(|name| *name != "demo");
    for name in drills.filter(|name| Scenario::shipped(name).unwrap().lottery.is_none()) {
        for (incident, mut cards) in shown(name, seeds) {
            cards.sort_unstable();
            let count = cards.iter().flatten().count();
            println!("{name:22} {:18} {count:2} of {}: {:?} s", incident.id(), cards.len(), cards.iter().flatten().collect::<Vec<_>>());
            if count < least {
                wanting.push(format!("{name}: {} shows a card in {count} of {seeds}", incident.id()));
            }
        }
    }
    assert!(wanting.is_empty(), "{wanting:#?}");
}

/// Rules that are made for one thing alone, and what that is.
const MADE_FOR: [(&str, &[IncidentKind]); 3] = [
    ("stage_is_empty", &[IncidentKind::LateHost, IncidentKind::Outage]),
    ("room_empties", &[IncidentKind::Outage, IncidentKind::LateHost, IncidentKind::Surge]),
    ("complaints_rise", &[IncidentKind::HostileChat]),
];

#[test]
fn a_rule_that_is_made_for_one_thing_keeps_quiet_where_it_does_not_happen() {
    let seeds = if std::env::var("WARROOM_STUDY").as_deref() == Ok("full") { 20 } else { 2 };
    let mut quiet: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    // what a lottery draws is not known
    let scenarios = SHIPPED.iter().map(|(name, _)| Scenario::shipped(name).unwrap()).filter(|scenario| scenario.lottery.is_none());
    for scenario in scenarios.map(|scenario| Arc::new(lean(&scenario))) {
        for seed in 1..seeds + 1 {
            let mut solo = Solo::new(Arc::clone(&scenario), seed).unwrap();
            solo.engine_mut().arm(warroom::config::playbook::shipped());
            let played = solo.play(&mut Nobody);
            let happens = |of: &[IncidentKind]| scenario.incidents.iter().any(|incident| of.contains(&incident.kind));
            for (rule, _) in MADE_FOR.iter().filter(|(_, of)| !happens(of)) {
                let (lives, false_alarms) = quiet.entry(rule).or_default();
                *lives += 1;
                *false_alarms += played.raised.iter().filter(|card| card.rule == *rule).count() as u64;
            }
        }
    }
    assert_eq!(quiet.len(), MADE_FOR.len());
    for (rule, (lives, false_alarms)) in quiet {
        println!("{rule:18} {false_alarms} false alarms in {lives} lives");
        assert!(false_alarms * 20 <= lives, "{rule}: {false_alarms} in {lives}");
    }
}
