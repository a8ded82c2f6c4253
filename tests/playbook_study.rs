//! What the shipped playbook earns in the shipped scenarios, with the response curves varied: a guard against regressions,
//! never quoted as evidence about real lives. Small here; in full (all scenarios, 40 seeds) by `make study`.
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

use warroom::rehearsal::policy::{Advised, Chance, Policy};
use warroom::rehearsal::study::{Gains, gains};
use warroom::simulate::scenario::{SHIPPED, Scenario};

/// Seconds between a card and the act.
const REACTION_S: i64 = 20;
/// Acts an hour that chance takes: about as many as the playbook.
const CHANCE_PER_HOUR: f64 = 8.0;

fn study(name: &str, seeds: u64) -> (Gains, Gains) {
    let scenario = Scenario::shipped(name).unwrap();
    let playbook = warroom::config::playbook::shipped();
    let advised = |_| -> Box<dyn Policy> { Box::new(Advised::new(REACTION_S)) };
    let chance = |seed| -> Box<dyn Policy> { Box::new(Chance::new(seed, CHANCE_PER_HOUR)) };
    let arm = |engine: &mut warroom::engine::Engine| engine.arm(playbook.clone());
    (
        gains("playbook", &scenario, 1..seeds + 1, &arm, &advised).unwrap(),
        gains("chance", &scenario, 1..seeds + 1, &|_| {}, &chance).unwrap(),
    )
}

#[test]
fn the_playbook_earns_in_most_scenarios_and_chance_does_not() {
    if std::env::var("WARROOM_STUDY").as_deref() != Ok("full") {
        let (playbook, _) = study("ads-burning", 3);
        assert!(playbook.mean_minor > 0.0, "{playbook:?}");
        return;
    }
    let seeds = 40;
    let names = SHIPPED.iter().map(|(name, _)| *name).filter(|name| *name != "demo");
    let (mut earned, mut lucky, mut all) = (0, 0, 0);
    println!("margin over nobody, {seeds} seeds, curves varied by ±50 %; {}", warroom::rehearsal::score::CURVES);
    for name in names {
        let (playbook, chance) = study(name, seeds);
        for gains in [&playbook, &chance] {
            println!(
                "{name:22} {:9} {:9.0} [{:9.0} … {:9.0}]",
                gains.policy,
                gains.mean_minor / 100.0,
                gains.low_minor / 100.0,
                gains.high_minor / 100.0
            );
        }
        all += 1;
        earned += i32::from(playbook.earns());
        lucky += i32::from(chance.earns());
    }
    assert!(earned * 12 >= all * 10, "the playbook earns in {earned} of {all}");
    assert!(lucky * 12 < all * 10, "chance earns in {lucky} of {all}");
}
