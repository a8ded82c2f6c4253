//! Every way of a source to tell its stock, and what its silence means.

use std::time::Duration;

use super::*;
use crate::engine::event::{Event, Extra, FeedState, Inventory, Quarantine};
use crate::engine::money::Currency;
use crate::engine::wire::Reject;
use crate::feed::Rejected;
use crate::feed::account::Account;

/// A plan's feeds of each kind that there is.
const FEEDS: &str = r#"
[feeds.shop]
platform = "vendure"
base = "http://127.0.0.1:1"
user = "u"
password = { env = "SECRET" }
[feeds.pushing]
platform = "cloudevents"
secret = { env = "SECRET" }
[feeds.file]
path = "erp.ndjson"
[feeds.announced]
path = "erp.ndjson"
gives = ["inventory"]
[feeds.tiktok]
platform = "tiktok_shop"
app_key = "k"
shop_cipher = "c"
app_secret = { env = "SECRET" }
access_token = { env = "SECRET" }
[feeds.people]
path = "erp.ndjson"
gives = ["audience"]
"#;

/// A request of an account of these feeds.
pub fn request(account: &str, name: &str) -> Request {
    let accounts = Account::read_all("plan.toml", FEEDS, &|_| Some("hunter22".to_owned())).unwrap();
    let account = accounts.into_iter().find(|of| of.name == account).unwrap();
    account.requests.into_iter().find(|request| name.is_empty() || request.name == name).unwrap()
}

/// A row: sku, units, price in cents.
pub type Row<'r> = (&'r str, i64, Option<i64>);

/// A whole answer with these rows.
pub fn answer(source: &str, rows: &[Row<'_>]) -> Probe {
    let event = |(sku, available, price): &Row<'_>| Event {
        fact: Fact::Inventory(Inventory {
            sku: (*sku).into(),
            available: *available,
            location: None,
            reserved: None,
            price: price.map(|minor| Money { minor, currency: Currency::BRL }),
        }),
        ts: At::from_ms(0),
        id: None,
        source: source.into(),
        currency: None,
        test: false,
        extra: Extra::default(),
    };
    Probe {
        outcome: Outcome::Well,
        state: FeedState { caught_up: true, ..FeedState::default() },
        events: rows.iter().map(event).collect(),
        rejected: Vec::new(),
        took: Duration::ZERO,
    }
}

/// What the silence of each source means, once the feed was asked; nothing is asked of one that is delivered to.
fn heard(request: &Request, asked: &[Probe]) -> Vec<(String, Silence)> {
    let mut shelves = Shelves::default();
    shelves.take(&"desk".into(), request, asked.first());
    shelves.sources().map(|(name, silence)| (name.to_string(), silence)).collect()
}

#[test]
fn what_silence_means_depends_on_how_a_source_tells() {
    let stock = request("shop", "stock");
    let lost = |outcome| [Probe { outcome, ..answer("desk", &[]) }];
    let cut = |mut probe: Probe| {
        probe.state.caught_up = false;
        [probe]
    };
    let mut with_nothing = answer("desk", &[("A", 1, None)]);
    with_nothing.state.unmapped = 1;
    let all_aside = || {
        let reject = Reject { reason: Quarantine::BadTime, detail: "ts".into() };
        let rejected = vec![Rejected { reject, place: "line 1".into(), beginning: "{}".into() }];
        [Probe { rejected, ..answer("desk", &[]) }]
    };
    let desk = |silence| vec![("desk".to_owned(), silence)];
    let rows = || answer("desk", &[("A", 1, None)]);
    for (why, found, expected) in [
        ("asked, to its end", heard(&stock, &[rows()]), desk(Silence::Lacks)),
        ("it has nothing", heard(&stock, &[answer("desk", &[])]), desk(Silence::Lacks)),
        ("it failed", heard(&stock, &lost(Outcome::Failed)), desk(Silence::NotHeard)),
        ("it came too late", heard(&stock, &lost(Outcome::Late)), desk(Silence::NotHeard)),
        ("more than is kept", heard(&stock, &cut(rows())), desk(Silence::NotHeard)),
        ("a row became nothing", heard(&stock, &[with_nothing]), desk(Silence::NotHeard)),
        ("orders are no stock", heard(&request("shop", "orders"), &[answer("desk", &[])]), vec![]),
        ("deliveries", heard(&request("pushing", ""), &[]), desk(Silence::NotAsked)),
        ("a file", heard(&request("file", ""), &[rows()]), desk(Silence::NotYet)),
        ("a file about something else", heard(&request("file", ""), &[answer("desk", &[])]), vec![]),
        ("a file that may be about anything is gone", heard(&request("file", ""), &lost(Outcome::Failed)), desk(Silence::NotHeard)),
        ("all that a file says is put aside", heard(&request("file", ""), &all_aside()), desk(Silence::NotHeard)),
        ("all that a shop says is put aside", heard(&stock, &all_aside()), desk(Silence::NotHeard)),
        ("a file about people is gone", heard(&request("people", ""), &lost(Outcome::Failed)), vec![]),
        ("a file about people tells stock", heard(&request("people", ""), &[rows()]), desk(Silence::NotYet)),
        ("an announced file, empty so far", heard(&request("announced", ""), &cut(answer("desk", &[]))), desk(Silence::NotYet)),
        ("a file that is too long", heard(&request("announced", ""), &cut(rows())), desk(Silence::NotHeard)),
        (
            "lines name their own source",
            heard(&request("announced", ""), &[answer("erp", &[("A", 1, None)])]),
            vec![("erp".to_owned(), Silence::NotYet)],
        ),
    ] {
        assert_eq!(found, expected, "{why}");
    }
}

#[test]
fn only_an_answer_from_the_first_to_the_last_lists_all() {
    let Transport::Poll(whole) = request("shop", "stock").transport else { panic!("a poll") };
    assert!(lists_all(&whole));
    for paging in [Paging::Since { size: 9 }, Paging::Queue, Paging::Token { persist: true, alone: false, size: 9 }] {
        assert!(!lists_all(&Poll { paging, ..(*whole).clone() }), "{paging:?}");
    }
    let Transport::Poll(room) = request("tiktok", "products").transport else { panic!("a poll") };
    assert!(!lists_all(&room), "a room holds what was put into it so far");
    let Transport::Poll(changes) = request("shop", "orders").transport else { panic!("a poll") };
    assert!(changes.window.is_some() && !lists_all(&changes), "a window holds what changed in it");
}

#[test]
fn of_several_feeds_of_one_source_the_surest_word_holds_and_a_lost_one_spoils_it() {
    let (stock, hook, shop) = (request("shop", "stock"), request("pushing", ""), Name::from("shop"));
    let mut shelves = Shelves::default();
    shelves.take(&shop, &hook, None);
    shelves.take(&shop, &stock, Some(&answer("shop", &[("A", 1, None)])));
    assert_eq!(shelves.sources().collect::<Vec<_>>(), [(&shop, Silence::Lacks)], "asked, and told of changes besides");
    shelves.take(&shop, &stock, Some(&Probe { outcome: Outcome::Failed, ..answer("shop", &[]) }));
    assert_eq!(shelves.sources().collect::<Vec<_>>(), [(&shop, Silence::NotHeard)]);
}

#[test]
fn the_latest_word_on_a_place_holds_whatever_came_first() {
    let plan = Plan::default();
    let mut told = answer("shop", &[("A", 5, None), ("A", 9, None)]);
    told.events[0].ts = told.events[0].ts.plus_ms(1);
    let mut shelves = Shelves::default();
    shelves.take(&"shop".into(), &request("shop", "stock"), Some(&told));
    let left: Vec<i64> = shelves.lots(&plan, |_| true).iter().map(|lot| lot.available).collect();
    assert_eq!(left, [5]);
}
