//! Every fault of a peer is a named state of its feed, and nobody else's business.
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

#[path = "support/owner.rs"]
mod owner;
#[path = "support/peer.rs"]
mod peer;

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use owner::{Owner, Taken};
use peer::{FaultProxy, Peer, Reply, Toxic, gzip_bomb};
use warroom::clock::wall_now;
use warroom::engine::event::{FeedState, FeedStatus, Guarantee};

/// A platform of rows: each is an order.
const ROWS: &str = r#"
name = "rows"
ok = '.error'
[variables.base]
[variables.key]
secret = true
environment = "TEST_ROWS_KEY"
[auth.headers]
x-shop-access-token = "{{key}}"
[[request]]
name = "rows"
gives = ["purchase"]
interval_s = 0.3
url = "{{base}}/rows"
query = { after = "{{from}}", offset = "{{offset}}" }
window = { overlap_s = 30 }
paging = { kind = "offset", size = 2 }
items = ".rows[]"
map = '{type: "purchase", order: (.id | text), ts: .at, placed_at: .at, value: .total, currency: "BRL"}'
"#;

/// The same, led on by links.
const LINKED: &str = r#"
name = "linked"
[variables.base]
[[request]]
name = "rows"
gives = ["purchase"]
interval_s = 0.3
url = "{{base}}/rows"
paging = { kind = "link" }
next = ".next"
items = ".rows[]"
map = '{type: "purchase", order: (.id | text), ts: .at, value: .total, currency: "BRL"}'
"#;

fn page(ids: &[u32]) -> String {
    let at = wall_now().rfc3339();
    let rows: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":{id},"at":"{at}","total":10.50}}"#)).collect();
    format!(r#"{{"rows":[{}]}}"#, rows.join(","))
}

fn plan(folder: &Path, feeds: &[(&str, &str, String)]) -> String {
    std::fs::write(folder.join("rows.toml"), ROWS).expect("a file");
    std::fs::write(folder.join("linked.toml"), LINKED).expect("a file");
    let table = |(name, platform, base): &(&str, &str, String)| {
        format!("[feeds.{name}]\nplatform = \"{}/{platform}.toml\"\nbase = \"{base}\"\n", folder.display())
    };
    feeds.iter().map(table).collect()
}

fn orders(taken: &Taken) -> usize {
    owner::Fold::of(&taken.events).orders.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_a_named_state_and_stops_nobody_else() {
    let elsewhere = Peer::start(|_, _| Reply::Json(page(&[666]))).await;
    let away = elsewhere.base();
    let good = Peer::start(|_, n| Reply::Json(page(&[u32::try_from(n).expect("few")]))).await;
    let faults: Vec<(&str, &str, Box<dyn Fn() -> Reply + Send + Sync>)> = vec![
        ("refused", "refused: shop is closed", Box::new(|| Reply::Json(r#"{"error":"shop is closed"}"#.into()))),
        ("denied", "unauthorized: http 401", Box::new(|| Reply::status(401, &[], "who are you"))),
        ("slow_down", "throttled: http 429", Box::new(|| Reply::status(429, &[("retry-after", "2")], ""))),
        ("hung", "timeout", Box::new(|| Reply::Hang)),
        ("cut", "truncated", Box::new(|| Reply::Truncated(page(&[1])))),
        (
            "bomb",
            "too_large",
            Box::new(|| Reply::Full { status: 200, headers: vec![("content-encoding", "gzip".into())], body: gzip_bomb(64 << 20) }),
        ),
        (
            "moved",
            "redirect: http 302",
            Box::new({
                let away = away.clone();
                move || Reply::status(302, &[("location", &away)], "")
            }),
        ),
        ("html", "bad_body: no JSON", Box::new(|| Reply::Json("<html>hello</html>".into()))),
        ("deep", "bad_body: nested deeper", Box::new(|| Reply::Json("[".repeat(100_000)))),
        ("broken", "status: http 500", Box::new(|| Reply::status(500, &[], "oops canary-TEST_ROWS_KEY"))),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let mut peers = Vec::new();
    let mut feeds = vec![("good", "rows", good.base())];
    let names: Vec<(&str, &str)> = faults.iter().map(|(name, state, _)| (*name, *state)).collect();
    for (name, _, reply) in faults {
        let peer = Peer::start(move |_, _| reply()).await;
        feeds.push((name, "rows", peer.base()));
        peers.push((name, peer));
    }
    let foreign = Peer::start(move |_, _| Reply::Json(format!(r#"{{"rows":[],"next":"{away}/rows"}}"#))).await;
    feeds.push(("foreign", "linked", foreign.base()));
    feeds.push(("nobody", "rows", "http://127.0.0.1:9".into()));
    let mut owner = Owner::start(&plan(folder.path(), &feeds), wall_now(), Taken::default());
    for (name, state) in names.into_iter().chain([("foreign", "foreign_link"), ("nobody", "unreachable")]) {
        owner.until(name, |taken| taken.fault(name).starts_with(state)).await;
        assert_eq!(owner.taken.state(name).status, FeedStatus::Retrying, "{name}");
        assert!(owner.taken.state(name).retry_at.is_some(), "{name}");
    }
    let before = good.asked().len();
    owner.until("the good feed goes on", |taken| orders(taken) > before + 3).await;
    assert_eq!(owner.taken.fault("good"), "");
    assert!(elsewhere.asked().is_empty(), "no redirect and no link leads to another host");
    let throttled = peers.iter().find(|(name, _)| *name == "slow_down").expect("it").1.asked();
    assert!(throttled.windows(2).all(|pair| pair[1].at - pair[0].at >= Duration::from_secs(2)), "never before the Retry-After");
    let told = format!("{:?}", owner.taken.told);
    assert!(!told.contains("canary"), "no secret in any state");
    assert!(!told.contains("127.0.0.1"), "no address in any state");
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_exact_after_every_toxic_and_the_feed_comes_back() {
    // a shop that has one more order each time it is asked for its first page
    let rounds = AtomicU32::new(0);
    let shop = Peer::start(move |asked, _| {
        let offset: u32 = asked.query("offset").and_then(|text| text.parse().ok()).unwrap_or(0);
        let there = 3 + rounds.fetch_add(u32::from(offset == 0), Ordering::Relaxed);
        Reply::Json(page(&(offset..there.min(offset + 2)).collect::<Vec<_>>()))
    })
    .await;
    let proxy = FaultProxy::start(shop.address).await;
    let folder = tempfile::tempdir().expect("a folder");
    let feeds = [("sick", "rows", proxy.base()), ("well", "rows", shop.base())];
    let mut owner = Owner::start(&plan(folder.path(), &feeds), wall_now(), Taken::default());
    owner.until("both are read", |taken| taken.state("sick").caught_up && taken.state("well").caught_up).await;
    for toxic in [
        Toxic::Latency(Duration::from_millis(300)),
        Toxic::Down,
        Toxic::Bandwidth(400),
        Toxic::LimitData(90),
        Toxic::Reset,
        Toxic::Slicer,
        Toxic::Flip(20),
    ] {
        proxy.set(toxic);
        owner.run_for(Duration::from_millis(1_200)).await;
        proxy.set(Toxic::None);
        let ended = wall_now();
        owner
            .until("it comes back", |taken| taken.state("sick").status == FeedStatus::Ok && taken.state("sick").complete_to > Some(ended))
            .await;
        let took = wall_now().since_ms(ended);
        assert!(took < 10_300, "{toxic:?}: back after {took} ms");
        assert_eq!(owner.taken.fault("well"), "", "{toxic:?}: the other feed has no part in it");
    }
    let taken = owner.stop().await;
    let by_feed = |source: &str| {
        let events: Vec<_> = taken.events.iter().filter(|event| event.source == source).cloned().collect();
        owner::Fold::of(&events).orders.keys().filter_map(|key| key.parse::<u32>().ok()).collect::<Vec<_>>()
    };
    let sick = by_feed("sick");
    let mut whole: Vec<u32> = (0..u32::try_from(sick.len()).expect("few")).collect();
    whole.sort_by_key(ToString::to_string);
    assert_eq!(sick, whole, "every order, without a gap");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platforms_error_that_means_nothing_there_is_an_empty_page() {
    let not_found = |why: &str| Reply::status(404, &[], &format!(r#"{{"code":404,"message":"Not Found","description":"{why}"}}"#));
    let quiet = Peer::start(move |_, _| not_found("Last page is 0")).await;
    let busy = Peer::start(move |asked, _| {
        let at = wall_now().rfc3339();
        let order = |id: u32| format!(r#"{{"id":{id},"created_at":"{at}","updated_at":"{at}","total":"10.50","currency":"BRL"}}"#);
        match asked.query("page").as_deref() {
            Some("1") => Reply::Json(format!("[{}]", (0..100).map(order).collect::<Vec<_>>().join(","))),
            _ => not_found("Last page is 1"),
        }
    })
    .await;
    let gone = Peer::start(move |_, _| not_found("Store with such id does not exist")).await;
    let table = |(name, peer): (&str, &Peer)| {
        format!(
            "[feeds.{name}]\nplatform = \"nuvemshop\"\nrequests = [\"orders\"]\nbase = \"{}\"\nstore = \"1\"\nagent = \"Desk (ops@example.com)\"\naccess_token = {{ env = \"TEST_NUVEMSHOP_TOKEN\" }}\n",
            peer.base()
        )
    };
    let plan: String = [("quiet", &quiet), ("busy", &busy), ("gone", &gone)].map(table).concat();
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    for name in ["quiet", "busy"] {
        owner.until(name, |taken| taken.state(name).caught_up).await;
        assert_eq!(owner.taken.all_faults(name), [""; 0], "{name}");
    }
    owner.until("another 404 is a fault", |taken| taken.fault("gone").starts_with("status: http 404")).await;
    assert_eq!(orders(&owner.taken), 100);
    owner.stop().await;
}

/// Rows of which one is wrong, by a token that leads nowhere.
const TURNING: &str = r#"
name = "turning"
[variables.base]
[variables.key]
secret = true
environment = "TEST_ROWS_KEY"
[auth.headers]
x-shop-access-token = "{{key}}"
[[request]]
name = "rows"
gives = ["purchase"]
interval_s = 0.3
url = "{{base}}/rows"
query = { after = "{{from}}", page = "{{page_token?}}" }
window = { overlap_s = 30 }
paging = { kind = "token" }
next = ".next"
items = ".rows[]"
map = '{type: "purchase", order: (.id | text), ts: .at, placed_at: .at, value: .total, currency: "BRL"}'
"#;

fn turning(folder: &Path, feeds: &[(&str, String)]) -> String {
    std::fs::write(folder.join("turning.toml"), TURNING).expect("a file");
    let table = |(name, base): &(&str, String)| format!("[feeds.{name}]\nplatform = \"./turning.toml\"\nbase = \"{base}\"\n");
    feeds.iter().map(table).collect::<String>().replace("./", &format!("{}/", folder.display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn next_pages_that_lead_back_are_a_named_fault_soon_and_their_events_are_kept() {
    let body = |next: &str| page(&[1, 2]).replacen(r#"{"rows""#, &format!(r#"{{"next":{next},"rows""#), 1);
    let (same, object) = (body(r#""p2""#), body(r#"{"after":2}"#));
    let same = Peer::start(move |_, _| Reply::Json(same.clone())).await;
    let object = Peer::start(move |_, _| Reply::Json(object.clone())).await;
    let three = Peer::start(move |_, n| Reply::Json(body(&format!(r#""turn-{}""#, n % 3)))).await;
    let folder = tempfile::tempdir().expect("a folder");
    let plan = turning(folder.path(), &[("same", same.base()), ("object", object.base()), ("three", three.base())]);
    let mut owner = Owner::start(&plan, wall_now().plus_s(-60), Taken::default());
    for feed in ["same", "object", "three"] {
        owner.until(feed, |taken| taken.fault(feed) == "paging: the next page was read before").await;
        assert_eq!(owner.taken.state(feed).status, FeedStatus::Retrying, "{feed}");
        assert!(!owner.taken.cursors.contains_key(feed), "the window is read again");
    }
    assert_eq!(orders(&owner.taken), 2, "what the pages held is kept");
    owner.stop().await;
}

/// One row a page, by every kind of paging.
const PAGED: &str = r#"
name = "paged"
[variables.base]
[[request]]
name = "rows"
gives = ["purchase"]
interval_s = 12
url = "{{base}}/KIND"
query = { after = "{{from}}", to = "{{to}}", offset = "{{offset?}}", page = "{{page?}}", token = "{{page_token?}}", since = "{{since?}}" }
window = { overlap_s = 30 }
paging = { kind = "KIND"SIZE }
NEXT
items = ".rows[]"
map = '{type: "purchase", order: (.id | text), ts: .at, placed_at: .at, value: .total, currency: "BRL"}'
"#;
const PAGES: u32 = 9;

/// A shop of pages: which page is asked for, what it says instead of each the first times, and every page in the order it was asked for.
struct Shop {
    peer: Peer,
    asked: Arc<Mutex<Vec<(u32, Instant)>>>,
}

impl Shop {
    async fn start(kind: &'static str, refuse: impl Fn(u32, usize) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<(u32, Instant)>>> = Arc::default();
        let (known, taken) = (Arc::clone(&asked), AtomicU32::new(0));
        let peer = Peer::start(move |asked, _| {
            let number = |name: &str| asked.query(name).and_then(|text| text.parse::<u32>().ok());
            let page = match kind {
                "queue" => taken.load(Ordering::Relaxed),
                "page" => number("page").unwrap_or(1) - 1,
                _ => ["offset", "token", "since", "link"].iter().find_map(|name| number(name)).unwrap_or(0),
            };
            let before = {
                let mut known = known.lock().expect("no panic");
                known.push((page, asked.at));
                known.iter().filter(|(other, _)| *other == page).count() - 1
            };
            if let Some(refusal) = refuse(page, before) {
                return refusal;
            }
            taken.fetch_add(1, Ordering::Relaxed);
            let rows = if page < PAGES { self::page(&[page]) } else { self::page(&[]) };
            let next = match kind {
                _ if page + 1 >= PAGES => "null".to_owned(),
                "link" => format!("\"/link?link={}\"", page + 1),
                _ => format!("\"{}\"", page + 1),
            };
            Reply::Json(rows.replacen(r#"{"rows""#, &format!(r#"{{"next":{next},"rows""#), 1))
        })
        .await;
        Self { peer, asked }
    }

    fn plan(&self, folder: &Path, kind: &str) -> String {
        let size = if matches!(kind, "offset" | "page") { ", size = 1" } else { "" };
        let next = if matches!(kind, "token" | "link" | "since") { "next = \".next\"" } else { "" };
        let text = PAGED.replace("KIND", kind).replace("SIZE", size).replace("NEXT", next);
        std::fs::write(folder.join(format!("{kind}.toml")), text).expect("a file");
        format!("[feeds.{kind}]\nplatform = \"{}/{kind}.toml\"\nbase = \"{}\"\n", folder.display(), self.peer.base())
    }

    fn asked(&self) -> Vec<(u32, Instant)> {
        self.asked.lock().expect("no panic").clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_refused_for_a_while_is_asked_for_again_by_itself_and_not_before_it_was_said() {
    let refuse = |page, before| match (page, before) {
        (2, 0) => Some(Reply::status(429, &[("retry-after", "3")], "slow down")),
        (3, 0..2) => Some(Reply::status(500, &[], "")),
        (5, 0) => Some(Reply::status(503, &[("retry-after", "1")], "busy")),
        (6, 0) => Some(Reply::Truncated("{".into())),
        _ => None,
    };
    let folder = tempfile::tempdir().expect("a folder");
    let (mut shops, mut plan) = (Vec::new(), String::new());
    for kind in ["offset", "page", "token", "link", "since", "queue"] {
        let shop = Shop::start(kind, refuse).await;
        plan.push_str(&shop.plan(folder.path(), kind));
        shops.push((kind, shop));
    }
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("all are read", |taken| taken.states.len() == 6 && taken.states.values().all(|state| state.caught_up)).await;
    // what it makes of the time that a round took is told behind it
    owner.run_for(Duration::from_secs(1)).await;
    let taken = owner.stop().await;
    assert_eq!(orders(&taken), PAGES as usize);
    for (kind, shop) in &shops {
        let asked = shop.asked();
        let of = |page: u32| asked.iter().filter(|(other, _)| *other == page).map(|(_, at)| *at).collect::<Vec<_>>();
        let first: Vec<u32> = asked.iter().map(|(page, _)| *page).take(14).collect();
        // where pages are counted, rows may have moved up to the one before
        let is_counted = ["offset", "page"].contains(kind);
        let wanted = if is_counted { [0, 1, 2, 2, 1, 2, 3, 3, 3, 2, 3, 4, 5, 5] } else { [0, 1, 2, 2, 3, 3, 3, 4, 5, 5, 6, 6, 7, 8] };
        assert_eq!(first, wanted, "{kind}: in one round");
        for (page, wait_s) in [(2, 3), (5, 1)] {
            assert!(of(page)[1] - of(page)[0] >= Duration::from_secs(wait_s), "{kind}: never before the Retry-After");
        }
        let windows: Vec<Option<String>> = shop.peer.asked().iter().take(14).map(|asked| asked.query("to")).collect();
        assert!(*kind == "link" || windows.iter().all(|to| *to == windows[0] && to.is_some()), "{kind}: one window: {windows:?}");
        let told: Vec<&FeedState> = taken.told.iter().filter(|state| state.feed == *kind).collect();
        let refused = |fault: &str| {
            let is_it = |state: &&&FeedState| state.retry_at.is_some() && state.last_error.as_deref().is_some_and(|e| e.starts_with(fault));
            told.iter().find(is_it).unwrap_or_else(|| panic!("{kind} tells {fault}"))
        };
        for fault in ["throttled: http 429", "status: http 500", "status: http 503", "truncated"] {
            let state = refused(fault);
            assert!(state.status == FeedStatus::Retrying && state.complete_to.is_none() && !state.caught_up, "{kind}: {state:?}");
        }
        let last = taken.state(kind);
        assert_eq!((last.status, last.errors, last.retries, last.retry_at), (FeedStatus::Ok, 5, 5, None), "{kind}");
        let whole = told.iter().find(|state| state.caught_up).expect("it was read");
        assert!(whole.complete_to < refused("throttled").retry_at, "{kind}: complete until the round began");
        // nobody is spared for a wait that he asked for
        let spared = told.iter().filter_map(|state| state.interval_ms).max();
        assert_eq!(spared, Some(12_000), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_whose_page_is_refused_for_good_or_again_and_again_begins_anew() {
    let dead = Shop::start("token", |page, before| (page == 3 && before == 0).then(|| Reply::status(400, &[], "cursor expired"))).await;
    let down = Shop::start("page", |page, before| (page == 2 && before < 6).then(|| Reply::status(502, &[], ""))).await;
    let slow = Shop::start("link", |page, _| (page == 1).then(|| Reply::status(429, &[("retry-after", "250")], ""))).await;
    let folder = tempfile::tempdir().expect("a folder");
    let plan = [(&dead, "token"), (&down, "page"), (&slow, "link")].map(|(shop, kind)| shop.plan(folder.path(), kind)).concat();
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("both are read", |taken| taken.state("token").caught_up && taken.state("page").caught_up).await;
    owner.until("the third waits", |taken| taken.fault("link").starts_with("throttled")).await;
    let taken = owner.stop().await;
    let pages = |shop: &Shop| shop.asked().iter().map(|(page, _)| *page).collect::<Vec<_>>();
    assert_eq!(pages(&dead)[..13], [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8], "a cursor that has ended");
    assert_eq!(pages(&down)[..11], [0, 1, 2, 2, 2, 2, 2, 0, 1, 2, 2], "it may be the pages before it");
    assert_eq!(pages(&slow), [0, 1]);
    assert_eq!((taken.state("link").status, taken.state("link").caught_up), (FeedStatus::Retrying, false));
    assert_eq!(orders(&taken), PAGES as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_row_in_an_overlap_is_put_aside_once_however_often_it_is_read() {
    let at = wall_now().rfc3339();
    let rows = |bad: &[&str]| {
        let bad: Vec<String> = bad.iter().map(|id| format!(r#"{{"id":"{id}","at":"{at}","total":"much"}}"#)).collect();
        format!(r#"{{"rows":[{}]}}"#, bad.join(","))
    };
    let (first, later) = (rows(&["a", "b"]), rows(&["b", "a", "c"]));
    let shop = Peer::start(move |_, n| Reply::Json(if n < 4 { first.clone() } else { later.clone() })).await;
    let folder = tempfile::tempdir().expect("a folder");
    let (plan, start) = (turning(folder.path(), &[("shop", shop.base())]), wall_now().plus_s(-60));
    let mut owner = Owner::start(&plan, start, Taken::default());
    while shop.asked().len() < 9 {
        assert!(owner.step().await, "it goes on");
    }
    // and not again by a desk that was started anew
    let mut owner = Owner::start(&plan, start, owner.kill());
    while shop.asked().len() < 12 {
        assert!(owner.step().await, "it goes on");
    }
    let aside: Vec<&str> =
        owner.taken.rejected.iter().map(|aside| aside.beginning.split(r#""id":""#).nth(1).map_or("", |id| &id[..1])).collect();
    assert_eq!(aside, ["a", "b", "c"], "{:?}", owner.taken.rejected);
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_looked_up_once_a_version_and_one_that_is_gone_stops_no_other() {
    let shop = Peer::start(|asked, before| {
        let at = wall_now().rfc3339();
        let rev = if before < 12 { 1 } else { 2 };
        match asked.path().split('?').next().unwrap_or_default() {
            "/rows" => {
                Reply::Json(format!(r#"{{"rows":[{{"id":"a","rev":{rev}}},{{"id":"gone","rev":1}},{{"id":"bad","rev":1}},{{"id":"b"}}]}}"#))
            }
            "/rows/bad" => Reply::status(422, &[], r#"{"why":"no such number"}"#),
            "/rows/a" | "/rows/b" => Reply::Json(format!(r#"{{"id":"{}","at":"{at}","total":"10.50"}}"#, &asked.path()[6..])),
            _ => Reply::status(404, &[], r#"{"why":"no such order"}"#),
        }
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let (head, map) = TURNING.split_once("map = ").expect("a map");
    let detail = "map = 'expand({id, rev})'\n[request.expand]\nurl = \"{{base}}/rows/{{expand.id}}\"\nmap = ";
    std::fs::write(folder.path().join("detailed.toml"), format!("{head}{detail}{map}")).expect("a file");
    let plan = format!("[feeds.shop]\nplatform = \"{}/detailed.toml\"\nbase = \"{}\"\n", folder.path().display(), shop.base());
    let mut owner = Owner::start(&plan, wall_now().plus_s(-60), Taken::default());
    owner.until("both orders", |taken| orders(taken) == 2).await;
    while shop.asked().iter().filter(|asked| asked.path().starts_with("/rows?")).count() < 8 {
        assert!(owner.step().await, "it goes on");
    }
    let taken = owner.stop().await;
    let calls = |path: &str| shop.asked().iter().filter(|asked| asked.path() == path).count();
    assert!((4..=6).contains(&calls("/rows/a")), "at each version, and where the round had failed: {}", calls("/rows/a"));
    assert!(calls("/rows/b") >= 7, "what has no version is asked for each time: {}", calls("/rows/b"));
    let aside: Vec<(&str, &str)> = taken.rejected.iter().map(|aside| (&*aside.beginning, &*aside.reject.detail)).collect();
    let told = |id: &str, said: &str| aside.iter().any(|(aside, detail)| *aside == id && detail.starts_with(said));
    assert!(told("gone", "status: http 404") && told("bad", "status: http 422") && aside.len() == 2, "{aside:?}");
    assert!(taken.state("shop").caught_up && taken.state("shop").status == FeedStatus::Ok);
}

/// A report is asked for, made meanwhile, and fetched.
const REPORTS: &str = r#"
name = "reports"
[variables.base]
[[request]]
name = "spend"
gives = ["ad_spend"]
interval_s = 0.5
method = "POST"
url = "{{base}}/reports"
map = 'expand({id: .report})'
[request.join]
url = "{{base}}/campaigns"
query = { since = "{{live_start|epoch_s}}" }
table = '.names'
[request.expand]
url = "{{base}}/reports/{{expand.id}}"
wait = 'if .status == "done" then null else 0.3 end'
items = ".rows[]"
map = '{type: "ad_spend", id: id_of("spend", .at), ts: .at, value: (.micros | micros | rounded("BRL")), currency: "BRL", campaign: .campaign}'
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_still_being_made_is_waited_for_and_not_asked_for_anew() {
    let at = wall_now().rfc3339();
    let ads = Peer::start(move |asked, before| match asked.path().split('?').next().unwrap_or_default() {
        "/campaigns" if asked.query("since").is_some_and(|since| since.parse::<i64>().is_ok()) => {
            Reply::Json(r#"{"names":{"7":"black"}}"#.into())
        }
        "/reports" => Reply::Json(format!(r#"{{"report":"r{before}"}}"#)),
        // the third question finds it done
        _ if before % 5 == 4 => Reply::Json(format!(r#"{{"status":"done","rows":[{{"at":"{at}","micros":12340391,"campaign":"7"}}]}}"#)),
        _ => Reply::Json(r#"{"status":"running","rows":[]}"#.into()),
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("reports.toml"), REPORTS).expect("a file");
    let plan = format!("[feeds.ads]\nplatform = \"{}/reports.toml\"\nbase = \"{}\"\n", folder.path().display(), ads.base());
    let mut owner = Owner::start(&plan, wall_now().plus_s(-60), Taken::default());
    owner.until("the spend", |taken| !taken.events.is_empty()).await;
    let taken = owner.stop().await;
    let asked = ads.asked();
    let first: Vec<&str> = asked.iter().map(|asked| asked.path()).take(5).collect();
    assert!(matches!(first[..], [_, "/reports", "/reports/r1", "/reports/r1", "/reports/r1"]), "{first:?}");
    let told = serde_json::to_string(&taken.events[0]).expect("JSON");
    assert!(told.contains(r#""value":"12.34""#), "{told}");
    assert_eq!(taken.all_faults("ads"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_is_waited_for_and_a_queue_that_is_never_empty_is_well() {
    let at = wall_now().rfc3339();
    let shop = Peer::start(move |asked, before| {
        if asked.path() != "/rows" {
            return Reply::status(200, &[], "{}");
        }
        // every third time nothing came while it was kept back
        let answer = match before % 3 {
            2 => Reply::status(204, &[], ""),
            _ => Reply::Json(format!(r#"{{"rows":[{{"id":{before},"at":"{at}","total":"10.50"}}]}}"#)),
        };
        Reply::Later(Duration::from_millis(2_600), Box::new(answer))
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let (head, rest) = TURNING.split_once("query = ").expect("a query");
    let rest = rest.split_once("items = ").expect("items").1;
    let queue = format!(
        "{head}holds_s = 10\npaging = {{ kind = \"queue\" }}\nack = \"[.rows[].id] | tojson\"\nconfirm = {{ method = \"POST\", url = \"{{{{base}}}}/ack\" }}\nitems = {rest}"
    );
    std::fs::write(folder.path().join("queue.toml"), queue).expect("a file");
    let plan = format!("[feeds.shop]\nplatform = \"{}/queue.toml\"\nbase = \"{}\"\n", folder.path().display(), shop.base());
    let mut owner = Owner::start(&plan, wall_now().plus_s(-60), Taken::default());
    owner.until("four orders", |taken| orders(taken) >= 4).await;
    let taken = owner.stop().await;
    assert_eq!(taken.all_faults("shop"), [""; 0]);
    let told: Vec<_> = taken.told.iter().filter_map(|state| Some((state.complete_to?, state.stale_after_s))).collect();
    let steps: Vec<i64> = told.windows(2).map(|pair| pair[1].0.since_ms(pair[0].0)).collect();
    assert!(told.len() >= 4 && steps.iter().all(|ms| *ms < 6_000), "each answer is good news: {steps:?}");
    assert!(told.iter().all(|(_, stale)| *stale >= 10), "{told:?}");
    assert_eq!(taken.state("shop").interval_ms, Some(300), "what is kept back is no load");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_the_platform_no_longer_knows_is_given_up_and_the_gap_is_told_with_its_length() {
    let shop = Peer::start(|asked, before| {
        let at = wall_now().rfc3339();
        let row = |next: &str| Reply::Json(format!(r#"{{"next":"{next}","rows":[{{"id":"{next}","at":"{at}","total":"10.50"}}]}}"#));
        match (before, asked.query("after").as_deref()) {
            (0, None) => row("a1"),
            // it is away, and has begun anew when it is back
            (2..5, _) => Reply::status(503, &[], ""),
            (5.., Some("a1")) => Reply::status(410, &[], "{}"),
            (_, Some("now")) => row("b1"),
            _ => Reply::Json(r#"{"rows":[]}"#.into()),
        }
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let since = TURNING
        .replace("after = \"{{from}}\", page = \"{{page_token?}}\"", "after = \"{{since?}}\"")
        .replace("window = { overlap_s = 30 }\n", "")
        .replace("\"token\"", "\"since\"")
        .replace(
            "items = \".rows[]\"",
            "instead = 'if $response.status == 410 then {next: \"now\", rows: [{gone: true}]} else null end'\nitems = \".rows[]\"",
        )
        .replace("map = '", "map = 'if .gone then gap(\"it no longer knows the place\") else ")
        .replace("currency: \"BRL\"}'", "currency: \"BRL\"} end'");
    std::fs::write(folder.path().join("since.toml"), since).expect("a file");
    let plan = format!("[feeds.shop]\nplatform = \"{}/since.toml\"\nbase = \"{}\"\n", folder.path().display(), shop.base());
    let mut owner = Owner::start(&plan, wall_now().plus_s(-60), Taken::default());
    let has_gap = |taken: &Taken| taken.all_faults("shop").iter().any(|fault| fault.starts_with("gap: "));
    owner
        .until("both and the gap", |taken| orders(taken) == 2 && has_gap(taken) && taken.state("shop").guarantee == Guarantee::Resumable)
        .await;
    let taken = owner.stop().await;
    let gap = |state: &&FeedState| state.last_error.as_deref().is_some_and(|error| error.starts_with("gap: "));
    let told: Vec<_> = taken.told.iter().filter(gap).map(|state| (state.last_error.clone(), state.guarantee)).collect();
    assert!(
        told.iter().any(|(error, _)| error.as_deref().is_some_and(|error| error.ends_with(" s were missed: it no longer knows the place"))),
        "{told:?}"
    );
    assert_eq!(told.first().map(|(_, guarantee)| *guarantee), Some(Guarantee::BestEffort), "{told:?}");
    assert_eq!(taken.state("shop").guarantee, Guarantee::Resumable, "the next break is read again");
}

/// Waits until a file holds all of these.
async fn written(file: &Path, parts: &[&str]) -> String {
    let end = tokio::time::Instant::now() + owner::PATIENCE;
    loop {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if parts.iter().all(|part| text.contains(part)) {
            return text;
        }
        assert!(tokio::time::Instant::now() < end, "{parts:?} is not in\n{text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_of_feeds_and_the_journal_without_secrets_and_without_a_flood() {
    let bad = format!(r#"{{"rows":[{{"id":1,"at":"{}","total":"much Maria"}}]}}"#, wall_now().rfc3339());
    let shop = Peer::start(move |_, n| match n {
        0 => Reply::Json(r#"{"rows":[]}"#.into()),
        1 => Reply::status(429, &[("retry-after", "1")], "canary-TEST_ROWS_KEY"),
        _ => Reply::Json(bad.clone()),
    })
    .await;
    let broken = Peer::start(|_, _| Reply::status(500, &[], "canary-TEST_ROWS_KEY is wrong")).await;
    let folder = tempfile::tempdir().expect("a folder");
    let head = format!(
        "name = \"night\"\nstarts_at = \"{}\"\nlength = \"1h\"\ntime_zone = \"UTC\"\ncurrency = \"BRL\"\n",
        wall_now().plus_s(-60).rfc3339()
    );
    let plan = head + &turning(folder.path(), &[("shop", shop.base()), ("broken", broken.base())]);
    std::fs::write(folder.path().join("plan.toml"), plan).expect("a plan");
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(["live", "plan.toml", "--plain", "--journal", "live.warroom", "--log", "live.log"]).current_dir(folder.path());
    command.env_clear().env("HOME", folder.path()).env("TEST_ROWS_KEY", "canary-TEST_ROWS_KEY").kill_on_drop(true);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    let mut desk = command.spawn().expect("it starts");
    let log = folder.path().join("live.log");
    let parts = [
        "the live night begins in live.warroom",
        "desk: plan",
        "feed shop: starting, resumable",
        "feed shop: retrying: throttled: http 429",
        "feed shop: ok again",
        "feed shop: put aside: 1 bad_money",
        "feed broken: retrying: status: http 500",
    ];
    written(&log, &parts).await;
    let pid = desk.id().expect("it runs").to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    tokio::time::timeout(owner::PATIENCE, desk.wait()).await.expect("it ends").expect("its end");
    let text = written(&log, &["the feeds have stopped", "the journal is closed; 0 records were not stored"]).await;
    assert!(!text.contains("canary") && !text.contains("Maria") && !text.contains("127.0.0.1"), "{text}");
    assert!(text.lines().filter(|line| line.contains("feed broken: retrying")).count() <= 12, "{text}");
}
