//! Tests of the module beside it.

use super::*;
use crate::engine::event::ItemAct;
use crate::engine::wire;

fn view(id: &str, sku: &str, ts: At) -> Event {
    Event {
        fact: Fact::ViewItem(ItemAct { sku: sku.into(), ..ItemAct::default() }),
        ts,
        id: Some(id.into()),
        source: "shop".into(),
        currency: None,
        test: false,
        extra: crate::engine::event::Extra::default(),
    }
}

fn start() -> At {
    At::parse("2026-11-21T22:00:00Z", None).unwrap()
}

#[test]
fn the_first_arrival_of_an_id_stays() {
    let plan = Plan::default();
    let mut door = Identity::new(&plan);
    let mut admit = |id: &str, sku: &str| door.admit(&view(id, sku, start()), start(), Arrival::Live, &plan, Admission::Accepted);
    for id in ["1", "0b2d1f6e-7d1c-4c0e-8f6a-3f2a1b0c9d8e", "an id of more than sixteen bytes"] {
        assert_eq!(admit(id, "A"), Admission::Accepted);
        assert_eq!(admit(id, "A"), Admission::Duplicate);
        assert_eq!(admit(id, "B"), Admission::Conflict);
    }
    assert_eq!((door.tally().accepted, door.tally().duplicate, door.tally().conflict), (3, 3, 3));
}

#[test]
fn what_is_too_far_off_is_refused_with_its_reason() {
    let plan = Plan { starts_at: Some(start()), ..Plan::default() };
    let door = Identity::new(&plan);
    let judge = |ts: i64, at: i64, arrival| door.judge(&view("1", "A", start().plus_s(ts)), start().plus_s(at), arrival, &plan);
    let refused = |reason| Admission::Refused(reason);
    assert_eq!(judge(601, 0, Arrival::Live), refused(Quarantine::Future));
    assert_eq!(judge(600, 0, Arrival::Live), Admission::Accepted);
    assert_eq!(judge(-1_801, 0, Arrival::Live), refused(Quarantine::TooEarly));
    assert_eq!(judge(0, 1_801, Arrival::Live), refused(Quarantine::TooOld));
    assert_eq!(judge(0, 1_801, Arrival::Files), Admission::Accepted);
    assert_eq!(judge(49 * 3_600, 49 * 3_600, Arrival::Files), refused(Quarantine::Span));
}

#[test]
fn an_order_whose_own_times_lie_far_ahead_is_refused() {
    let plan = Plan { starts_at: Some(start()), ..Plan::default() };
    let door = Identity::new(&plan);
    for named in ["placed_at", "paid_at", "cancelled_at"] {
        let judge = |seconds: i64, arrival| {
            // a polled state carries the time of its reading
            let line = format!(
                r#"{{"type":"purchase","ts":"{}","source":"shop","order":"1","value":"1","currency":"BRL","{named}":"{}"}}"#,
                start(),
                start().plus_s(seconds)
            );
            let event = wire::read(&line, &wire::Defaults::default()).unwrap().event;
            door.judge(&event, start(), arrival, &plan)
        };
        assert_eq!(judge(30 * 86_400, Arrival::Live), Admission::Refused(Quarantine::Future));
        assert_eq!(judge(601, Arrival::Live), Admission::Refused(Quarantine::Future));
        assert_eq!(judge(600, Arrival::Live), Admission::Accepted);
        assert_eq!(judge(-30 * 86_400, Arrival::Live), Admission::Accepted, "an old order may change in the live");
        assert_eq!(judge(49 * 3_600, Arrival::Files), Admission::Refused(Quarantine::Span));
        assert_eq!(judge(47 * 3_600, Arrival::Files), Admission::Accepted);
    }
}

#[test]
fn history_is_neither_late_nor_too_old_until_its_feed_has_caught_up() {
    let plan = Plan::default();
    let mut door = Identity::new(&plan);
    let state = |caught_up| Event {
        fact: Fact::FeedState(Box::new(FeedState {
            feed: "clicks".into(),
            gives: vec!["view_item".into()],
            caught_up,
            ..FeedState::default()
        })),
        source: "shop".into(),
        ..view("s", "", start())
    };
    let now = start().plus_s(7_200);
    door.admit(&state(false), now, Arrival::Live, &plan, Admission::Accepted);
    assert_eq!(door.admit(&view("1", "A", start()), now, Arrival::Live, &plan, Admission::Accepted), Admission::Accepted);
    assert_eq!(door.tally().late, 0);
    door.admit(&state(true), now, Arrival::Live, &plan, Admission::Accepted);
    let refused = door.admit(&view("2", "A", start()), now, Arrival::Live, &plan, Admission::Accepted);
    assert_eq!(refused, Admission::Refused(Quarantine::TooOld));
    door.admit(&view("3", "A", now.plus_s(-121)), now, Arrival::Live, &plan, Admission::Accepted);
    assert_eq!((door.tally().late, door.late_of("shop"), door.filled_late(now.plus_s(-121).minute())), (1, 1, true));
}

#[test]
fn ids_in_masses_are_forgotten_after_the_lateness_limit_and_memory_stays_flat() {
    let mut seen = Seen::default();
    for index in 0..200_000_u64 {
        let at = start().plus_ms(i64::try_from(index).unwrap() * 100);
        let forget = Forget { now: at, window_ms: 1_800_000, reading: false };
        let key = u128::from(hash(&index, 1)) << 64 | u128::from(index);
        assert_eq!(seen.insert(key, index << 8, Lifetime::Window(at), forget), Known::No);
        assert_eq!(seen.insert(key, index << 8, Lifetime::Window(at), forget), Known::Same);
    }
    assert!(seen.len() < 40_000, "{}", seen.len());
}
