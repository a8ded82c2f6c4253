//! How the show keeps to its course: drift, anchors, what the product on air still brings, the lot, offers against the peak.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use warroom::config::plan::read;
use warroom::engine::event::{Record, SegmentKind};
use warroom::engine::time::At;
use warroom::engine::wire::{self, Defaults};
use warroom::engine::{Arrival, Engine};

const PLAN: &str = r#"
currency = "BRL"
starts_at = "2026-11-24T23:00:00Z"
length = "1h"
[[product]]
sku = "A"
stock = 120
[[product]]
sku = "B"
stock = 60
[[segment]]
name = "one"
length = "10m"
kind = "demo"
host = "Ana"
[[segment]]
name = "two"
length = "10m"
kind = "talk"
host = "Rui"
[[segment]]
name = "draw"
length = "5m"
anchor = "30m"
[[segment]]
name = "three"
length = "20m"
"#;

struct Show {
    engine: Engine,
    start: At,
    seq: u64,
}

impl Show {
    fn new() -> Self {
        let plan = read("plan.toml", PLAN, "plan", &|_| None).unwrap().plan;
        let start = plan.starts_at.unwrap();
        Self { engine: Engine::new(plan, Arrival::Live), start, seq: 0 }
    }

    /// Something happens so many seconds after the start.
    fn happens(&mut self, second: i64, rest: &str) {
        let ts = self.start.plus_s(second);
        self.seq += 1;
        let line = format!(r#"{{"ts":"{}","source":"desk","currency":"BRL","id":"e{}",{rest}}}"#, ts.rfc3339(), self.seq);
        let event = wire::read(&line, &Defaults::default()).unwrap().event;
        self.engine.step(&Record { seq: self.seq, at: ts, event });
    }

    fn cue(&mut self, second: i64, segment: &str) {
        self.happens(second, &format!(r#""type":"cue","segment":"{segment}""#));
    }

    fn sell(&mut self, second: i64, sku: &str) {
        let order = self.seq;
        self.happens(
            second,
            &format!(r#""type":"purchase","order":"o{order}","value":"10","visitor":"v{order}","items":[{{"sku":"{sku}","quantity":1,"price":"10"}}]"#),
        );
    }

    fn passes_to(&mut self, second: i64) {
        // whoever watches is a record every minute, so that the grid is walked
        let from = self.engine.now().since_ms(self.start).max(0) / 60_000;
        for minute in from + 1..=second / 60 {
            self.happens(minute * 60, r#""type":"audience","viewers":100"#);
        }
        self.engine.advance_to(self.start.plus_s(second));
    }
}

#[test]
fn the_drift_is_told_by_when_a_segment_began_and_by_what_it_runs_over() {
    let mut show = Show::new();
    show.passes_to(90);
    assert_eq!(show.engine.behind_s(), Some(90), "nothing has begun");
    show.cue(120, "one");
    show.passes_to(600);
    assert_eq!(show.engine.behind_s(), Some(120));
    show.passes_to(900);
    assert_eq!(show.engine.behind_s(), Some(300), "it should have been over at ten minutes");
    show.cue(900, "two");
    assert_eq!(show.engine.behind_s(), Some(300));
    show.cue(1_740, "draw");
    assert_eq!(show.engine.behind_s(), Some(-60), "a minute before its anchor");
    assert_eq!(show.engine.plan().segment_begins_s(3), Some(35 * 60), "after the anchored draw");
}

#[test]
fn the_next_anchor_is_the_one_that_is_still_to_come() {
    let mut show = Show::new();
    show.cue(0, "one");
    let anchor = show.engine.next_anchor().unwrap();
    assert_eq!((anchor.name, anchor.at), ("draw", show.start.plus_s(1_800)));
    show.cue(1_500, "draw");
    assert_eq!(show.engine.next_anchor(), None);
}

#[test]
fn a_product_that_sells_far_less_than_others_did_is_to_be_left() {
    let mut show = Show::new();
    show.happens(0, r#""type":"product_pinned","sku":"A""#);
    for second in (10..600).step_by(20) {
        show.sell(second, "A");
    }
    show.passes_to(600);
    let marginal = show.engine.marginal().unwrap();
    assert!(!marginal.move_on && (marginal.recent_per_min - 3.0).abs() < 0.01, "{marginal:?}");
    show.happens(600, r#""type":"product_pinned","sku":"B""#);
    show.passes_to(720);
    assert_eq!(show.engine.marginal(), None, "too early to tell");
    show.sell(730, "B");
    show.passes_to(960);
    let marginal = show.engine.marginal().unwrap();
    assert!(marginal.move_on && marginal.recent_per_min < 0.5 && marginal.usual_per_min > 1.5, "{marginal:?}");
}

#[test]
fn the_lot_is_empty_when_its_pace_says_so() {
    let mut show = Show::new();
    assert_eq!(show.engine.lot_empty_at(), None);
    for second in (0..600).step_by(10) {
        show.sell(second, "A");
    }
    show.passes_to(600);
    // 60 of 180 are sold in ten minutes: the other 120 last for twenty
    let empty = show.engine.lot_empty_at().unwrap().since_ms(show.start) / 60_000;
    assert!((29..=31).contains(&empty), "{empty}");
}

#[test]
fn an_offer_is_held_against_the_peak_and_segments_against_each_other() {
    let mut show = Show::new();
    show.cue(0, "one");
    for (minute, viewers) in [(1, 100), (2, 400), (3, 400), (4, 200), (5, 200)] {
        show.happens(minute * 60, &format!(r#""type":"audience","viewers":{viewers}"#));
    }
    show.happens(270, r#""type":"intervention","kind":"flash_deal","sku":"A""#);
    show.happens(280, r#""type":"intervention","kind":"answer_question""#);
    show.sell(290, "A");
    show.cue(300, "two");
    show.sell(310, "B");
    show.sell(320, "B");
    show.happens(420, r#""type":"audience","viewers":200"#);
    show.engine.advance_to(show.start.plus_s(420));
    let (minute, viewers) = show.engine.peak_minute().unwrap();
    assert_eq!((minute - show.start.minute(), viewers), (2, 400));
    let offers = show.engine.offers_at_peak();
    assert_eq!(offers.len(), 1, "an answer is no offer: {offers:?}");
    assert!((offers[0].of_peak - 0.5).abs() < 1e-9 && offers[0].viewers == 200);
    let kinds: Vec<(SegmentKind, i64, i64)> =
        show.engine.scores_by_kind().iter().map(|(kind, score)| (*kind, score.orders, score.gmv_minor)).collect();
    assert_eq!(kinds, [(SegmentKind::Demo, 1, 1_000), (SegmentKind::Talk, 2, 2_000)]);
    let hosts = show.engine.scores_by_host();
    assert_eq!(hosts.iter().map(|(host, _)| host.as_str()).collect::<Vec<_>>(), ["Ana", "Rui"]);
    assert_eq!(hosts[1].1.gmv_per_min_minor(), Some(1_000.0), "two minutes of Rui");
}
