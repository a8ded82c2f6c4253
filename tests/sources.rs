//! Several sources in one desk: a shop, its ERP, a marketplace, payments and what people type in, each counted once and as itself.
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

#[path = "support/peer.rs"]
mod peer;

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use data_encoding::HEXLOWER;
use peer::{Peer, Reply};
use ring::hmac;
use tokio::sync::mpsc;
use warroom::app::desk::Desk;
use warroom::clock::{Clock, wall_now};
use warroom::config::plan;
use warroom::engine::event::{FeedState, FeedStatus};
use warroom::engine::metric::{Metric, Scope, Value};
use warroom::engine::plan::{Plan, PlanFeed};
use warroom::engine::time::{At, Span};
use warroom::engine::view::show::{FeedView, Logged};
use warroom::engine::wire::{self, Defaults};
use warroom::feed::mapper::Workshop;
use warroom::feed::outlet::Resume;
use warroom::feed::supervision::{Feeds, Start};
use warroom::feed::{Batch, QUEUE_BATCHES};

/// Only against hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A desk beside the feeds of a plan.
struct Live {
    desk: Desk,
    rx: mpsc::Receiver<Batch>,
    feeds: Feeds,
}

impl Live {
    fn open(folder: &Path, feeds: &str) -> Self {
        let starts = wall_now().plus_s(-600).rfc3339();
        let text = format!(
            r#"
name = "several"
starts_at = "{starts}"
length = "2h"
time_zone = "America/Sao_Paulo"
currency = "BRL"
aliases = {{ "erp-77" = "LIP-01" }}
exclude = {{ customers = ["staff-1"], authors = ["bot"], coupons = ["TESTE"] }}
[[product]]
sku = "LIP-01"
[[product]]
sku = "KIT-2"
{feeds}
"#
        );
        let file = folder.join("plan.toml").display().to_string();
        let environment = |name: &str| name.starts_with("TEST_").then(|| "s3cret".to_owned());
        let loaded = plan::read(&file, &text, "several", &environment).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let (tx, rx) = mpsc::channel(QUEUE_BATCHES);
        let start = Start {
            tx,
            clock: Clock::wall(),
            live_start: wall_now().plus_s(-2_400),
            live_end: None,
            seed: 3,
            workshop: Workshop::of(env!("CARGO_BIN_EXE_warroom")),
        };
        let feeds = Feeds::start(loaded.accounts, &start, |_| Resume::default()).unwrap();
        Self { desk: Desk::new(loaded.plan, Clock::wall(), None), rx, feeds }
    }

    async fn until(&mut self, what: &str, is_so: impl Fn(&Desk) -> bool) {
        let wait = async {
            while !is_so(&self.desk) {
                let batch = self.rx.recv().await.expect("the feeds live");
                self.desk.take(batch);
                self.desk.advance();
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        let engine = self.desk.engine();
        let figures: Vec<_> =
            [Metric::OrdersPlaced, Metric::OrdersPaid, Metric::Units, Metric::Ccu].map(|metric| read(&self.desk, metric)).to_vec();
        let feeds: Vec<_> = engine.feeds().iter().map(|feed| format!("{} {:?}", feed.state.feed, feed.state.complete_to)).collect();
        assert!(waited.is_ok(), "not within a minute: {what}; {figures:?} {feeds:?} {:?}", engine.tally());
    }

    /// Waits until a figure is told, and what it should be.
    async fn until_counted(&mut self, metric: Metric, count: i64) {
        self.until(metric.id(), |desk| read(desk, metric) == Value::Count(count)).await;
    }

    async fn close(self) -> Desk {
        self.feeds.stop().await;
        self.desk
    }
}

fn read(desk: &Desk, metric: Metric) -> Value {
    desk.engine().reading(metric, Scope::Live, Span::Live).value
}

fn received(desk: &Desk, feed: &str) -> u64 {
    desk.engine().feeds().iter().find(|known| known.state.feed == feed).map_or(0, |known| known.state.received)
}

fn write(folder: &Path, name: &str, lines: &[String]) {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(folder.join(name)).unwrap();
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
}

fn order(order: &str, more: &str) -> String {
    let now = wall_now().rfc3339();
    format!(
        r#"{{"type":"purchase","ts":"{now}","order":"{order}","value":"259.80","placed_at":"{now}","items":[{{"sku":"LIP-01","quantity":2,"price":"129.90"}}]{more}}}"#
    )
}

fn stock(sku: &str, available: i64) -> String {
    format!(r#"{{"type":"inventory","ts":"{}","sku":"{sku}","available":{available}}}"#, wall_now().rfc3339())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_and_its_erp_that_disagree_are_shown_by_sku_and_the_least_counts() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "shop.ndjson", &[stock("LIP-01", 2), stock("KIT-2", 5)]);
    // the ERP calls it by its own id, and tells it in two warehouses
    let erp = |place: &str, available: i64| {
        stock("erp-77", available).replace(r#","available""#, &format!(r#","location":"{place}","available""#))
    };
    write(folder.path(), "erp.ndjson", &[erp("north", 0), erp("south", 0), stock("KIT-2", 5)]);
    let mut live = Live::open(
        folder.path(),
        "[feeds.shop]\npath = \"shop.ndjson\"\ngives = [\"inventory\"]\n[feeds.erp]\npath = \"erp.ndjson\"\ngives = [\"inventory\"]\n",
    );
    live.until("both have told", |desk| received(desk, "shop") == 2 && received(desk, "erp") == 3).await;
    let engine = live.desk.engine();
    let products = engine.products();
    let alarm = |sku: &str| engine.stock_alarm(products.iter().find(|product| product.sku == sku).unwrap().sym);
    assert_eq!(
        (alarm("LIP-01").mismatch, alarm("LIP-01").sold_out),
        (Some((0, 2)), true),
        "the ERP says 0, the shop 2: {:?} {:?}",
        products.iter().map(|p| (p.sku, p.sym, engine.stock(p.sym))).collect::<Vec<_>>(),
        engine.tally()
    );
    assert_eq!((alarm("KIT-2").mismatch, alarm("KIT-2").sold_out), (None, false));
    let sources: Vec<String> = engine.stock(products[0].sym).iter().map(|row| format!("{} {}", row.source, row.available)).collect();
    assert_eq!(sources, ["erp 0", "erp 0", "shop 2"].map(str::to_owned), "{sources:?}");
    live.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_a_marketplace_and_a_room_make_one_desk() {
    let folder = tempfile::tempdir().unwrap();
    // both sell an order with the same number
    write(folder.path(), "shop.ndjson", &[order("1001", ""), order("1002", "")]);
    write(folder.path(), "market.ndjson", &[order("1001", r#","channel":{"source":"shopee","medium":"marketplace"}"#)]);
    let viewers =
        |n: u32, channel: &str| format!(r#"{{"type":"audience","ts":"{}","viewers":{n},"channel":"{channel}"}}"#, wall_now().rfc3339());
    write(folder.path(), "room.ndjson", &[viewers(120, "organic"), viewers(30, "paid")]);
    let feeds: String = [("shop", "purchase"), ("market", "purchase"), ("room", "audience")]
        .map(|(name, gives)| format!("[feeds.{name}]\npath = \"{name}.ndjson\"\ngives = [\"{gives}\"]\n"))
        .concat();
    let mut live = Live::open(folder.path(), &feeds);
    live.until("all have told", |desk| received(desk, "shop") == 2 && received(desk, "market") == 1 && received(desk, "room") == 2).await;
    live.until_counted(Metric::OrdersPaid, 3).await;
    live.until_counted(Metric::Ccu, 150).await;
    live.close().await;
}

/// A shop that is polled and pushes the same orders.
const BOTH: &str = r#"
name = "both"
[variables.base]
[variables.secret]
secret = true
environment = "TEST_SECRET"
[[request]]
name = "orders"
gives = ["purchase"]
interval_s = 0.3
url = "{{base}}/orders"
items = ".[]"
map = "."
[[request]]
name = "hook"
gives = ["purchase"]
transport = "webhook"
path = "/hook"
signature = { kind = "hmac", header = "X-Sign", secret = "{{secret}}" }
map = "."
"#;

#[tokio::test(flavor = "multi_thread")]
async fn poll_and_webhook_of_one_account_are_one_source() {
    let folder = tempfile::tempdir().unwrap();
    let body = order("1001", r#","rev":"7","currency":"BRL""#);
    let polled = body.clone();
    let shop = Peer::start(move |_, _| Reply::Json(format!("[{polled}]"))).await;
    std::fs::write(folder.path().join("both.toml"), BOTH).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port();
    // once as one entry with both requests, once as two entries that name one source
    let one = |name: &str, request: &str| {
        format!(
            "[feeds.{name}]\nplatform = \"./both.toml\"\nrequests = [\"{request}\"]\nbase = \"{}\"\nsource = \"shop\"\nlisten = \"127.0.0.1:{port}\"\n",
            shop.base()
        )
    };
    let mut live = Live::open(folder.path(), &(one("polled", "orders") + &one("pushed", "hook")));
    live.until("the poll has told", |desk| received(desk, "polled") >= 1).await;
    let sign = HEXLOWER.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"s3cret"), body.as_bytes()).as_ref());
    let post = tokio::spawn(async move {
        reqwest::Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .post(format!("http://127.0.0.1:{port}/hook"))
            .header("X-Sign", sign)
            .body(body)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    });
    live.until("the webhook has told", |desk| received(desk, "pushed") >= 1).await;
    assert_eq!(post.await.unwrap(), 200);
    live.until_counted(Metric::OrdersPaid, 1).await;
    live.until_counted(Metric::Units, 2).await;
    let desk = live.close().await;
    assert_eq!(desk.engine().tally().by_type().find(|(kind, _)| *kind == "purchase"), Some(("purchase", 1)));
    let pushed = desk.engine().feeds().iter().find(|feed| feed.state.feed == "pushed").map(|feed| feed.state.duplicate);
    assert_eq!(pushed, Some(1), "it is counted as told again");
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_beside_a_shop_never_make_an_order_or_money_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let now = wall_now().rfc3339();
    write(
        folder.path(),
        "shop.ndjson",
        &[order("1001", r#","status":"placed""#), order("1002", r#","status":"paid""#), order("1003", r#","status":"placed""#)],
    );
    let payment = |id: &str, order: &str, status: &str| {
        format!(r#"{{"type":"payment","id":"{id}","ts":"{now}","order":"{order}","status":"{status}","method":"pix","value":"259.80"}}"#)
    };
    // approved by three providers at once, one of an order that no shop knows
    write(
        folder.path(),
        "stripe.ndjson",
        &[payment("s1", "1001", "approved"), payment("s2", "1002", "approved"), payment("s3", "pi_77", "approved")],
    );
    write(folder.path(), "mp.ndjson", &[payment("m1", "1001", "approved"), payment("m2", "1003", "declined")]);
    write(folder.path(), "pix.ndjson", &[payment("p1", "1001", "approved")]);
    let feeds: String = [("shop", "purchase"), ("stripe", "payment"), ("mp", "payment"), ("pix", "payment")]
        .map(|(name, gives)| format!("[feeds.{name}]\npath = \"{name}.ndjson\"\ngives = [\"{gives}\"]\n"))
        .concat();
    let mut live = Live::open(folder.path(), &feeds);
    live.until("all have told", |desk| ["shop", "stripe", "mp", "pix"].map(|feed| received(desk, feed)) == [3, 3, 2, 1]).await;
    live.until_counted(Metric::OrdersPlaced, 3).await;
    live.until_counted(Metric::OrdersPaid, 2).await;
    let Value::Money(paid) = read(&live.desk, Metric::GmvPaid) else { panic!("money") };
    assert_eq!(paid.minor, 2 * 25_980);
    assert_eq!(live.desk.engine().live().commerce.orders.unmatched(), 1, "the payment of nobody's order is shown");
    live.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_tests_and_bots_are_left_out_and_shown_as_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let now = wall_now().rfc3339();
    write(
        folder.path(),
        "shop.ndjson",
        &[
            order("1", r#","customer":"c-1""#),
            order("2", r#","customer":"staff-1""#),
            order("3", r#","coupons":["TESTE"]"#),
            order("4", r#","test":true"#),
        ],
    );
    let says =
        |id: u8, author: &str| format!(r#"{{"type":"chat_message","id":"{id}","ts":"{now}","author":"{author}","text":"quanto custa?"}}"#);
    write(folder.path(), "chat.ndjson", &[says(1, "ana"), says(2, "bot"), says(3, "bot")]);
    let mut live = Live::open(
        folder.path(),
        "[feeds.shop]\npath = \"shop.ndjson\"\ngives = [\"purchase\"]\n[feeds.chat]\npath = \"chat.ndjson\"\ngives = [\"chat_message\"]\n",
    );
    live.until("both have told", |desk| received(desk, "shop") == 4 && received(desk, "chat") == 3).await;
    live.until_counted(Metric::OrdersPaid, 1).await;
    live.until_counted(Metric::ChatMessages, 1).await;
    let engine = live.desk.engine();
    assert_eq!(engine.excluded(), [2, 0, 2], "orders, acts, messages");
    assert_eq!(engine.tests(), 1);
    assert_eq!(engine.feeds().iter().find(|feed| feed.state.feed == "shop").map(|feed| feed.state.tests), Some(1));
    live.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_feed_gives_is_appended_to_a_file_and_marked_as_typed_in() {
    let folder = tempfile::tempdir().unwrap();
    let now = wall_now().rfc3339();
    let lines = [
        format!(r#"{{"type":"ad_spend","id":"h1","ts":"{now}","value":"250.00","channel":"paid","total":true}}"#),
        format!(r#"{{"type":"audience","ts":"{now}","viewers":2400}}"#),
        order("by-hand-1", ""),
    ];
    write(folder.path(), "hand.ndjson", &lines[..1]);
    let mut live = Live::open(folder.path(), "[feeds.hand]\npath = \"hand.ndjson\"\nsource = \"manual\"\n");
    live.until("the first line", |desk| received(desk, "hand") == 1).await;
    write(folder.path(), "hand.ndjson", &lines[1..]);
    live.until("what was appended", |desk| received(desk, "hand") == 3).await;
    live.until_counted(Metric::OrdersPaid, 1).await;
    live.until_counted(Metric::Ccu, 2_400).await;
    let engine = live.desk.engine();
    assert_eq!(engine.tally().manual, 3);
    let log = engine.log();
    let figures = log.iter().filter(|entry| matches!(entry.what, Logged::Figure { .. })).count();
    let sales = log.iter().filter(|entry| matches!(entry.what, Logged::Sale { .. })).count();
    assert_eq!((figures, sales), (2, 1), "each stands in the log as typed in");
    live.close().await;
}

fn health(feed: &str) -> FeedState {
    FeedState { feed: feed.into(), status: FeedStatus::Ok, caught_up: true, stale_after_s: 60, ..FeedState::default() }
}

fn batch(feed: &str, lines: &[String], state: FeedState) -> Batch {
    let defaults = Defaults { account: Some("loja".into()), ..Defaults::default() };
    let events = lines.iter().map(|line| wire::read(line, &defaults).expect("an event").event).collect();
    Batch { feed: feed.into(), events, state: Some(state), ..Batch::default() }
}

fn two_requests(feeds: &[&str]) -> Desk {
    let feed = |name: &&str| PlanFeed { name: (*name).into(), source: "loja".into(), gives: Vec::new(), stale_after_s: 60 };
    Desk::new(Plan { feeds: feeds.iter().map(feed).collect(), ..Plan::default() }, Clock::wall(), None)
}

fn told<'d>(desk: &'d Desk, feed: &str) -> FeedView<'d> {
    desk.engine().feeds().into_iter().find(|known| known.state.feed == feed).expect("it was told")
}

fn message(id: u32, at: At) -> String {
    format!(r#"{{"type":"chat_message","id":"m{id}","ts":"{}","author":"u{id}","text":"oi"}}"#, at.rfc3339())
}

#[tokio::test]
async fn the_end_of_a_burst_is_told_though_nothing_comes_behind_it() {
    let mut desk = two_requests(&["loja.g"]);
    for id in 0..57 {
        desk.take(batch("loja.g", &[message(id, wall_now())], health("loja.g")));
    }
    assert_eq!(told(&desk, "loja.g").state.received, 1, "a feed's health is journaled once a second");
    let wait = async {
        while told(&desk, "loja.g").state.received != 57 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            desk.advance();
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it is told");
}

#[tokio::test]
async fn what_comes_late_is_counted_for_the_request_that_brought_it() {
    let mut desk = two_requests(&["loja.g", "loja.h"]);
    desk.take(batch("loja.g", &[], health("loja.g")));
    desk.take(batch("loja.h", &[], health("loja.h")));
    desk.take(batch("loja.g", &[message(1, wall_now())], health("loja.g")));
    let late: Vec<String> = (2..22).map(|id| message(id, wall_now().plus_s(-400))).collect();
    desk.take(batch("loja.h", &late, health("loja.h")));
    let wait = async {
        while told(&desk, "loja.h").state.received != 20 || told(&desk, "loja.g").state.received != 1 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            desk.advance();
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("both are told");
    assert_eq!([told(&desk, "loja.g").late, told(&desk, "loja.h").late], [0, 20]);
}

#[tokio::test]
async fn an_event_that_is_refused_again_and_again_is_put_aside_once() {
    let mut desk = two_requests(&["loja.g"]);
    let ahead = message(1, wall_now().plus_s(86_400));
    for _ in 0..3 {
        desk.take(batch("loja.g", std::slice::from_ref(&ahead), FeedState { status: FeedStatus::Retrying, ..health("loja.g") }));
        desk.take(batch("loja.g", &[], health("loja.g")));
    }
    let state = told(&desk, "loja.g").state;
    assert_eq!((state.quarantined, state.duplicate), (1, 2));
}
