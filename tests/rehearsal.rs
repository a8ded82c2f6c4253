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

use warroom::app::debrief::Debrief;
use warroom::engine::event::InterventionKind as Kind;
use warroom::engine::metric::{Metric, Scope};
use warroom::engine::time::Span;
use warroom::engine::{Arrival, Engine};
use warroom::rehearsal::best::{Budget, outcome};
use warroom::rehearsal::policy::Policy;
use warroom::rehearsal::policy::{Advised, Chance, Nobody, Recorded};
use warroom::rehearsal::progress::{Course, Entry, courses};
use warroom::rehearsal::recast::{Recast, TooLittle, recast};
use warroom::rehearsal::score::{Met, Played, Raised, Score, Verdict, score};
use warroom::rehearsal::solo::Solo;
use warroom::rehearsal::study::{Gains, gains, lean, varied};
use warroom::simulate::Records;
use warroom::simulate::act::{Act, Deed};
use warroom::simulate::broadcast::Broadcast;
use warroom::simulate::scenario::Scenario;
use warroom::ui::format::Format;
use warroom::ui::glyphs::{Charset, Glyphs};
use warroom::ui::page::Page;
use warroom::ui::theme::{Colours, Theme};
use warroom::ui::words::{Lang, Words};

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
fn an_outage_is_answered_once_it_is_over() {
    let scenario = scenario("outage");
    let push = act(&scenario, scenario.opens_s() + 200, Kind::BroadcastPush, None);
    let score = score(&played(&scenario, 4, vec![push]), FEW, None).unwrap();
    let incident = &score.incidents[0];
    assert!(incident.until_s < scenario.opens_s() + 200, "the platform is back by then");
    assert_eq!((incident.met, incident.acted_s, score.acts[0].verdict), (Met::Answered, Some(200), Verdict::Right));
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
        was_there: false,
        told: Some(scenario.starts_at.plus_s(opens + 40)),
    };
    let play = Played { raised: vec![card], ..played(&scenario, 5, acts) };
    let score = score(&play, FEW, Some(&[])).unwrap();
    let incident = &score.incidents[0];
    assert_eq!((incident.met, incident.detected_s, incident.told_s, incident.acted_s), (Met::Answered, Some(20), Some(40), Some(75)));
    assert_eq!((incident.from_s, incident.counted_from_s, incident.card_to_act_s), (opens - 180, opens, Some(55)));
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
fn the_debrief_says_from_when_its_seconds_and_until_when_its_money_count() {
    let scenario = scenario("w1-surprise-discount");
    let opens = scenario.opens_s();
    let told = |was_there, raised_s: i64| {
        let at = scenario.starts_at.plus_s(opens + raised_s);
        let card = Raised { id: "r1".into(), at, rule: "dip".into(), kind: Kind::FlashDeal, sku: None, was_there, told: None };
        let acts = vec![act(&scenario, opens + 75, Kind::FlashDeal, Some("FONE-X2"))];
        let score = score(&Played { raised: vec![card], ..played(&scenario, 5, acts) }, Budget { runs: 2 }, None).unwrap();
        let pages = [Lang::En, Lang::PtBr].map(|lang| page_of(&score, &scenario, lang, None).markdown());
        (score.incidents[0].clone(), pages)
    };
    let (open, [en, pt]) = told(true, -30);
    assert_eq!((open.detected_s, open.card_was_there, open.card_to_act_s), (Some(0), true, Some(75)));
    for part in ["0:27:00*", "was there", "75 s from card to act", "from the drill's beginning, 0:30:00", "0:53:00: 15 minutes more"] {
        assert!(en.contains(part), "{part} in {en}");
    }
    for part in ["já havia", "75 s do aviso à ação", "desde o início dele, 0:30:00", "0:53:00: 15 minutos além"] {
        assert!(pt.contains(part), "{part} in {pt}");
    }
    let (closed, [en, _]) = told(false, -30);
    assert_eq!((closed.detected_s, closed.card_was_there, closed.card_to_act_s), (None, false, None));
    assert!(!en.contains("| was there |") && !en.contains("from card to act"), "{en}");
    let (early, _) = told(true, -150);
    assert_eq!((early.detected_s, early.card_was_there), (Some(0), true), "raised before the incident began, and open still");
}

#[test]
fn an_incident_that_is_rightly_left_alone_counts_as_answered() {
    let scenario = scenario("blind-feed");
    let told = |acts: Vec<Act>| {
        let score = score(&played(&scenario, 2, acts), Budget { runs: 2 }, None).unwrap();
        let entry = Entry::of(&score, scenario.starts_at);
        (page_of(&score, &scenario, Lang::En, None).markdown(), (entry.incidents, entry.answered))
    };
    let (calm, counted) = told(Vec::new());
    assert!(calm.contains("2 of 2 incidents answered, 0 missed") && counted == (2, 2), "{counted:?} {calm}");
    let (fooled, counted) = told(vec![act(&scenario, scenario.opens_s() + 100, Kind::FlashDeal, None)]);
    assert!(fooled.contains("1 of 2 incidents answered, 1 missed") && counted == (2, 1), "{counted:?} {fooled}");
}

fn end(scenario: &Scenario, second: i64, withdrawn: bool) -> Act {
    Act { at: scenario.starts_at.plus_s(second), told: None, deed: Deed::End { id: "i1".into(), withdrawn } }
}

#[test]
fn an_act_that_is_taken_back_is_no_answer_and_one_that_is_ended_later_is() {
    let scenario = scenario("w3-script-change");
    let began = scenario.opens_s() + 20;
    let scored = |acts: Vec<Act>| score(&played(&scenario, 2, acts), Budget { runs: 2 }, None).unwrap();
    let demo = || act(&scenario, began, Kind::Demo, None);
    let delay_s = scenario.curves.of(Kind::Demo).delay_s;
    assert!(delay_s > 5, "the host needs time for a demonstration");
    // withdrawn at once, withdrawn while it works, ended before the host has done it
    for (after_s, withdrawn) in [(3, true), (delay_s + 25, true), (3, false), (delay_s, false)] {
        let score = scored(vec![demo(), end(&scenario, began + after_s, withdrawn)]);
        let incident = &score.incidents[0];
        assert_eq!((incident.met, incident.acted_s, score.acts[0].verdict), (Met::Missed, None, Verdict::TakenBack), "{after_s}");
        if after_s <= delay_s {
            assert_eq!((score.played, score.acts[0].worth_minor), (score.nobody, 0), "{after_s}");
        }
        assert_eq!(Entry::of(&score, scenario.starts_at).needless, 0);
    }
    let ended = scored(vec![demo(), end(&scenario, began + delay_s + 1, false)]);
    assert_eq!((ended.incidents[0].met, ended.incidents[0].acted_s, ended.acts[0].verdict), (Met::Answered, Some(20), Verdict::Right));
    // and the next of its kind is as fresh as the first
    let again = |earlier: Vec<Act>| {
        let second = Act::begin(scenario.starts_at.plus_s(began + 10), "i2", Kind::Demo, None);
        scored(earlier.into_iter().chain([second]).collect()).played
    };
    assert_eq!(again(vec![demo(), end(&scenario, began + 3, true)]), again(Vec::new()));
}

#[test]
fn scenario_seed_and_acts_are_the_play_byte_for_byte() {
    let scenario = scenario("checkout-down");
    let repair = act(&scenario, scenario.opens_s() + 40, Kind::TechEvent, None);
    let play = || {
        let solo = Solo::new(Arc::clone(&scenario), 9).unwrap();
        let played = solo.play(&mut Recorded(VecDeque::from([repair.clone()])));
        score(&played, FEW, None).unwrap().json()
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

fn page_of(score: &Score, scenario: &Scenario, lang: Lang, course: Option<&Course>) -> Page {
    let words = Words::new(lang);
    let format = Format::new(lang, scenario.time_zone, Glyphs::of(Charset::Unicode));
    Debrief { score, scenario, searching: None, left_s: None, course, uncounted: None, remarks: &[], words: &words, format: &format }.page()
}

/// The debrief of a played drill, at a glass of that width, with its Markdown.
fn debriefed(lang: Lang, columns: u16) -> (Vec<String>, String) {
    let scenario = scenario("w1-surprise-discount");
    let acts = vec![
        act(&scenario, scenario.opens_s() + 30, Kind::AdsUp, None),
        act(&scenario, scenario.opens_s() + 75, Kind::FlashDeal, Some("FONE-X2")),
    ];
    let score = score(&played(&scenario, 5, acts), FEW, Some(&[])).unwrap();
    let entry = Entry::of(&score, scenario.starts_at);
    assert_eq!((entry.incidents, entry.answered), (1, 1));
    let course = courses(&[entry.clone(), entry]).remove(0);
    let glyphs = Glyphs::of(Charset::Unicode);
    let page = page_of(&score, &scenario, lang, Some(&course));
    let lines = page.lines(columns, &Theme::for_terminal("dark", Colours::Full), &glyphs);
    let text = lines.iter().map(|line| line.0.iter().map(|(text, _)| text.as_str()).collect()).collect();
    (text, page.markdown())
}

#[test]
fn a_debrief_tells_everything_on_the_narrowest_glass_in_both_languages() {
    for (lang, parts) in [
        (
            Lang::En,
            ["1 of 1 incidents answered", "orders per click fall", "flash deal: Fone Pro X2", "75 s", "of the possible gain", "Play 2"],
        ),
        (
            Lang::PtBr,
            ["1 de 1 incidentes", "pedidos por clique caem", "oferta relâmpago: Fone Pro X2", "75 s", "do ganho possível", "Ensaio 2"],
        ),
    ] {
        for columns in [80, 120, 200] {
            let (lines, _) = debriefed(lang, columns);
            let text = lines.join("\n");
            for part in parts {
                assert!(text.contains(part), "{part} at {columns} in\n{text}");
            }
            assert!(!lines.iter().any(|line| line.contains('…') && !line.contains("… ")), "something was cut at {columns}:\n{text}");
            assert!(lines.iter().all(|line| line.chars().count() <= usize::from(columns)), "{text}");
        }
        let (_, file) = debriefed(lang, 80);
        assert!(file.contains("|---|") && file.contains("Fone Pro X2"), "{file}");
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
    let opens = scenario.starts_at.plus_s(scenario.opens_s());
    assert!(played.raised.iter().all(|card| !card.was_there || card.at <= opens));
    assert!(score.played.margin_minor > score.nobody.margin_minor, "{}", score.json());
}

#[test]
fn a_host_who_was_told_does_it_sooner_once_it_is_logged() {
    let scenario = scenario("w1-surprise-discount");
    let deal = act(&scenario, scenario.opens_s() + 60, Kind::FlashDeal, Some("FONE-X2"));
    let told = Act { told: Some(scenario.starts_at.plus_s(scenario.opens_s() + 40)), ..deal.clone() };
    let from_s = |act: Act| {
        let mut broadcast = Broadcast::new(Arc::clone(&scenario), 3).unwrap().silent();
        broadcast.advance_to(scenario.starts_at.plus_s(scenario.opens_s() + 62), &[act]);
        broadcast.show().told()[0].from_s - scenario.opens_s()
    };
    assert_eq!((from_s(deal), from_s(told)), (80, 60));
}

/// The scenario cast from a live makes, when nobody acts, about what that live made.
#[test]
fn a_live_that_was_can_be_rehearsed_again() {
    let demo = Scenario::demo().unwrap();
    let mut yesterday = demo.as_ref().clone();
    yesterday.incidents.clear();
    let yesterday = Arc::new(yesterday);
    let mut engine = Engine::new(yesterday.plan(), Arrival::Live);
    let mut records = Records::new(Arc::clone(&yesterday), 11).unwrap();
    for record in records.by_ref() {
        engine.step(&record);
    }
    let whole = |metric| engine.reading(metric, Scope::Live, Span::Live).number().unwrap();
    let Recast { scenario, assumed } = recast(&engine, &demo).unwrap();
    assert!(assumed.is_empty(), "{assumed:?}");
    assert_eq!((scenario.length_min, scenario.products.len()), (120, yesterday.products.len()));
    let (mut entries, mut orders, mut paid) = (0.0, 0.0, 0.0);
    for seed in 1..=4 {
        let start = Broadcast::new(Arc::new(lean(&scenario)), seed).unwrap().silent();
        let outcome = outcome(&start, &[], scenario.starts_at.plus_s(scenario.length_s()));
        entries += outcome.entries as f64 / 4.0;
        orders += outcome.takings.orders_placed as f64 / 4.0;
        paid += outcome.takings.paid as f64 / 4.0;
    }
    for (what, again, was, most) in [
        ("entries", entries, whole(Metric::ViewsPv), 0.05),
        ("orders", orders, whole(Metric::OrdersPlaced), 0.12),
        ("paid", paid, whole(Metric::GmvPaid), 0.2),
    ] {
        assert!((again / was - 1.0).abs() < most, "{what}: {again:.0} for {was:.0}");
    }
    let short = Engine::new(yesterday.plan(), Arrival::Live);
    assert_eq!(recast(&short, &demo).unwrap_err(), TooLittle::Short);
}
