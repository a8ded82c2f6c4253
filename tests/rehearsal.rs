//! Rehearsal: the right act in time pays, the wrong one does not, and the score can be played again to the same bytes.
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

use std::collections::VecDeque;
use std::sync::Arc;

use warroom::engine::event::InterventionKind as Kind;
use warroom::rehearsal::best::{Budget, outcome};
use warroom::rehearsal::policy::{Advised, Chance, Nobody, Recorded};
use warroom::rehearsal::progress::{Entry, courses};
use warroom::rehearsal::score::{Met, Played, Raised, Verdict, score};
use warroom::rehearsal::solo::Solo;
use warroom::rehearsal::study::{Gains, gains, lean, varied};
use warroom::rehearsal::{debrief, policy::Policy};
use warroom::simulate::act::Act;
use warroom::simulate::broadcast::Broadcast;
use warroom::simulate::scenario::Scenario;

const FEW: Budget = Budget { runs: 16 };

fn scenario(name: &str) -> Arc<Scenario> {
    Arc::new(lean(&Scenario::shipped(name).unwrap()))
}

fn played(scenario: &Arc<Scenario>, seed: u64, acts: Vec<Act>) -> Played {
    Played { scenario: Arc::clone(scenario), seed, acts, raised: Vec::new() }
}

fn act(scenario: &Scenario, second: i64, kind: Kind, sku: Option<&str>) -> Act {
    Act::begin(scenario.starts_at.plus_s(second), "i1", kind, sku)
}

/// Mean gain in margin over nobody, as a share of what nobody makes from sitting down to the books' close.
fn gain(name: &str, kind: Kind, sku: Option<&str>, after_s: i64) -> f64 {
    let scenario = scenario(name);
    let (mut gained, mut made) = (0.0, 0.0);
    for seed in [31, 32, 33] {
        let mut start = Broadcast::new(Arc::clone(&scenario), seed).unwrap().silent();
        start.advance_to(scenario.starts_at.plus_s(scenario.opens_s()), &[]);
        let settled = scenario.starts_at.plus_s(scenario.settled_s());
        let nobody = outcome(&start, &[], settled);
        let acted = outcome(&start, &[act(&scenario, scenario.opens_s() + after_s, kind, sku)], settled);
        #[expect(clippy::cast_precision_loss, reason = "a ratio of sums")]
        {
            gained += (acted.margin() - nobody.margin()) as f64;
            made += (nobody.margin() - start.outcome().margin()).max(1) as f64;
        }
    }
    gained / made
}

#[test]
fn every_worked_case_ends_well_when_the_right_act_comes_in_time() {
    for (name, kind, sku) in [
        ("w1-surprise-discount", Kind::FlashDeal, Some("FONE-X2")),
        ("w2-lower-ticket", Kind::Bundle, Some("CASTELO-XL")),
        ("w3-script-change", Kind::Demo, None),
        ("w4-best-seller", Kind::SwitchProduct, Some("VESTIDO-MIDI")),
    ] {
        let (soon, late) = (gain(name, kind, sku, 60), gain(name, kind, sku, 280));
        assert!(soon > 0.15, "{name}: {soon:.2}");
        assert!(late < soon, "{name}: {late:.2} {soon:.2}");
    }
}

#[test]
fn a_wrong_act_does_not_answer_an_incident() {
    assert!(gain("checkout-down", Kind::FlashDeal, None, 60) < 0.3 * gain("checkout-down", Kind::TechEvent, None, 60));
    let fooled = gain("blind-feed", Kind::FlashDeal, Some("KIT-CASA5"), 100);
    assert!(fooled < 0.03, "{fooled:.3}");
}

#[test]
fn nobody_scores_exactly_nothing() {
    let scenario = scenario("w1-surprise-discount");
    let score = score(&played(&scenario, 5, Vec::new()), FEW, None).unwrap();
    assert_eq!(score.played, score.nobody);
    assert_eq!(score.reached, Some(0.0));
    assert_eq!(score.incidents.len(), 1);
    assert_eq!(score.incidents[0].met, Met::Missed);
    assert!(score.best.books.margin_minor > score.nobody.margin_minor && score.best.runs <= FEW.runs);
}

#[test]
fn the_score_knows_right_needless_and_how_long_it_took() {
    let scenario = scenario("w1-surprise-discount");
    let opens = scenario.opens_s();
    let acts = vec![
        act(&scenario, opens + 30, Kind::AdsUp, None),
        act(&scenario, opens + 75, Kind::FlashDeal, Some("FONE-X2")),
        act(&scenario, opens + 200, Kind::PolicyWarning, None),
    ];
    let card = Raised {
        id: "r1".into(),
        at: scenario.starts_at.plus_s(opens + 20),
        rule: "dip".into(),
        kind: Kind::FlashDeal,
        sku: None,
        told: Some(scenario.starts_at.plus_s(opens + 40)),
    };
    let play = Played { raised: vec![card], ..played(&scenario, 5, acts) };
    let score = score(&play, FEW, Some(&[])).unwrap();
    let incident = &score.incidents[0];
    assert_eq!((incident.met, incident.detected_s, incident.told_s, incident.acted_s), (Met::Answered, Some(20), Some(40), Some(75)));
    assert_eq!(score.acts[1].verdict, Verdict::Right);
    assert!(score.acts[1].worth_minor > 100_000);
    assert_eq!((score.acts[2].verdict, score.acts[2].worth_minor), (Verdict::Needless, 0));
    assert!(score.best.books.margin_minor >= score.played.margin_minor);
    assert!(score.reached.unwrap() > 0.2 && score.reached.unwrap() <= 1.0);
    assert_eq!(score.followed, Some(score.nobody));
}

#[test]
fn a_price_cut_on_a_silent_feed_is_being_fooled() {
    let scenario = scenario("blind-feed");
    let cut = vec![act(&scenario, scenario.opens_s() + 100, Kind::FlashDeal, None)];
    let fooled = score(&played(&scenario, 2, cut), Budget { runs: 2 }, None).unwrap();
    assert_eq!(fooled.incidents[0].met, Met::Fooled);
    let calm = score(&played(&scenario, 2, Vec::new()), Budget { runs: 2 }, None).unwrap();
    assert!(calm.incidents.iter().all(|incident| incident.met == Met::LeftAlone));
}

#[test]
fn scenario_seed_and_acts_are_the_play_byte_for_byte() {
    let scenario = scenario("checkout-down");
    let repair = act(&scenario, scenario.opens_s() + 40, Kind::TechEvent, None);
    let play = || {
        let solo = Solo::new(Arc::clone(&scenario), 9).unwrap();
        let played = solo.play(&mut Recorded(VecDeque::from([repair.clone()])));
        debrief::json(&score(&played, FEW, None).unwrap())
    };
    let once = play();
    assert_eq!(once, play());
    assert!(once.contains("\"answered\""), "{once}");
}

#[test]
fn chance_plays_but_does_not_answer_for_the_desk() {
    let scenario = Scenario::shipped("w3-script-change").unwrap();
    let nobody = gains("nobody", &scenario, 1..4, &|_| {}, &|_| Box::new(Nobody)).unwrap();
    assert_eq!(nobody.each, vec![0, 0, 0]);
    assert!(!nobody.earns());
    let chance = |seed: u64| -> Box<dyn Policy> { Box::new(Chance::new(seed, 40.0)) };
    let random = gains("chance", &scenario, 1..4, &|_| {}, &chance).unwrap();
    assert!(random.each.iter().any(|gain| *gain != 0));
    assert!(!Gains::of("x", "y", vec![5, -5, 4, -6]).earns());
    assert!(Gains::of("x", "y", vec![5, 6, 4, 6]).over(&Gains::of("z", "y", vec![1, 2, 1, 0])).earns());
}

#[test]
fn curves_vary_by_the_seed_and_by_half_at_most() {
    let scenario = Scenario::shipped("w1-surprise-discount").unwrap();
    let usual = scenario.curves.of(Kind::FlashDeal).elasticity;
    let all: Vec<f64> = (0..40).map(|seed| varied(&scenario, seed).curves.of(Kind::FlashDeal).elasticity / usual).collect();
    assert!(all.iter().all(|ratio| (0.5..=1.5).contains(ratio)));
    assert!(all.iter().any(|ratio| *ratio < 0.7) && all.iter().any(|ratio| *ratio > 1.3));
}

#[test]
fn a_debrief_tells_it_in_the_words_it_is_given() {
    let scenario = scenario("w1-surprise-discount");
    let acts = vec![act(&scenario, scenario.opens_s() + 75, Kind::FlashDeal, Some("FONE-X2"))];
    let score = score(&played(&scenario, 5, acts), FEW, None).unwrap();
    let entry = Entry::of(&score, scenario.starts_at);
    assert_eq!((entry.incidents, entry.answered, entry.needless), (1, 1, 0));
    let course = courses(&[entry.clone(), entry]).remove(0);
    let text = debrief::markdown(&score, Some(&course), &|id| format!("<{id}>"));
    for word in [
        "<debrief-reached>",
        "<incident-conversion-dip>",
        "<met-answered>",
        "<act-flash-deal> FONE-X2",
        "<verdict-right>",
        "<debrief-curves>",
    ] {
        assert!(text.contains(word), "{word} in {text}");
    }
}

/// In full (`make study`) over all scenarios and many seeds; here, that the loop of card, act and shoppers closes.
#[test]
fn following_the_playbook_answers_a_broken_checkout() {
    let scenario = scenario("checkout-down");
    let mut solo = Solo::new(Arc::clone(&scenario), 4).unwrap();
    solo.engine_mut().arm(warroom::config::playbook::shipped());
    let played = solo.play(&mut Advised::new(20));
    let score = score(&played, Budget { runs: 2 }, None).unwrap();
    assert!(!played.raised.is_empty());
    assert!(score.played.margin_minor > score.nobody.margin_minor, "{}", debrief::json(&score));
}
