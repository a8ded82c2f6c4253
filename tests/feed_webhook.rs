//! Deliveries: believed only when signed, answered once they are kept, and never stopped by those who come badly.
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
use std::time::{Duration, Instant};

use owner::{Owner, Taken};
use peer::{Peer, Reply};
use ring::hmac;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use warroom::clock::wall_now;
use warroom::engine::event::{Fact, FeedState, FeedStatus};

const PLATFORM: &str = r#"
name = "pushing"
[variables.base]
default = "http://127.0.0.1:9"
[variables.secret]
secret = true
environment = "TEST_PUSH_SECRET"
[variables.verify_token]
secret = true
environment = "TEST_VERIFY"

[[request]]
name = "orders"
gives = ["purchase"]
transport = "webhook"
path = "/orders"
signature = { kind = "hmac", header = "X-Hmac", encoding = "base64", secret = "{{secret}}" }
handshake = 'if .query["hub.mode"] == "subscribe" and .query["hub.verify_token"] == .variables.verify_token then .query["hub.challenge"] else null end'
map = 'if .id then {type: "purchase", order: (.id | text), rev: .rev, value: .total, currency: "BRL", placed_at: $at, ts: $at} else empty end'

[[request]]
name = "thin"
gives = ["purchase"]
transport = "webhook"
path = "/thin"
signature = { kind = "refetch" }
map = 'expand({id: (.id | text)})'
[request.expand]
url = "{{base}}/orders/{{expand.id}}"
map = '{type: "purchase", order: (.id | text), value: .total, currency: "BRL", placed_at: $at}'

[[request]]
name = "named"
gives = ["purchase"]
transport = "webhook"
path = "/named"
signature = { kind = "hmac", header = "X-Hmac", encoding = "base64", secret = "{{secret}}" }
map = 'if .ids then .ids[] | expand({id: text}) else expand({id: (.id | text)}) end'
[request.expand]
url = "{{base}}/orders/{{expand.id}}"
map = '{type: "purchase", order: (.id | text), value: .total, currency: "BRL", placed_at: $at}'

[[request]]
name = "lines"
gives = ["purchase"]
transport = "webhook"
path = "/lines"
signature = { kind = "refetch" }
map = 'expand({id: (.id | text)})'
[request.expand]
url = "{{base}}/orders/{{expand.id}}"
map = 'expand({id: (.id | text), order: tojson})'
[request.expand.then]
url = "{{base}}/orders/{{expand.id}}/lines"
map = """
  ($feed["expand.order"] | fromjson) as $order |
  {type: "purchase", order: ($order.id | text), value: $order.total, currency: "BRL", placed_at: $at, items: [.lines[] | {sku, quantity: .n}]}"""

[[request]]
name = "lists"
gives = ["purchase"]
transport = "webhook"
path = "/lists"
signature = { kind = "hmac", header = "X-Hmac", encoding = "base64", secret = "{{secret}}" }
items = ".[]"
map = """
  if .deep then reduce range(400000) as $i (0; {a: .}) | tojson elif .loops then last(repeat(.)) elif .endless then range(1e9)
  else {type: "purchase", order: (.id | text), value: .total, currency: "BRL", placed_at: $at, ts: $at} end"""

[[request]]
name = "own"
gives = ["note"]
transport = "webhook"
canonical = true
path = "/events"
signature = { kind = "open" }
"#;

const SECRET: &str = "canary-TEST_PUSH_SECRET";

struct Desk {
    base: String,
    port: u16,
    http: reqwest::Client,
    owner: tokio::task::JoinHandle<Taken>,
    stop: tokio::sync::oneshot::Sender<End>,
}

/// How the desk ends.
enum End {
    /// Once it has taken so much.
    When(fn(&Taken) -> bool),
    Killed,
}

impl Desk {
    async fn start(folder: &Path, platform_base: &str, journal_fails: bool) -> Self {
        Self::go_on(folder, platform_base, Taken { journal_fails, ..Taken::default() }, PLATFORM).await
    }

    /// Where another one left.
    async fn go_on(folder: &Path, platform_base: &str, taken: Taken, platform: &str) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        std::fs::write(folder.join("pushing.toml"), platform).expect("a file");
        let plan = format!(
            "[feeds.push]\nplatform = \"{}/pushing.toml\"\nlisten = \"127.0.0.1:{port}\"\nbase = \"{platform_base}\"\n",
            folder.display()
        );
        let mut owner = Owner::start(&plan, wall_now(), taken);
        let hooks = platform.matches("[[request]]").count();
        owner.until("it listens", |taken| taken.states.values().filter(|state| state.caught_up).count() == hooks).await;
        let (stop, mut stopped) = tokio::sync::oneshot::channel();
        let owner = tokio::spawn(async move {
            loop {
                tokio::select! {
                    end = &mut stopped => match end.expect("the test lives") {
                        End::Killed => return owner.kill(),
                        End::When(is_so) => {
                            owner.until("it ends", is_so).await;
                            return owner.stop().await;
                        }
                    },
                    () = owner.run_for(Duration::from_millis(20)) => {}
                }
            }
        });
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { base: format!("http://127.0.0.1:{port}"), port, http, owner, stop }
    }

    async fn post(&self, path: &str, body: &str, signature: Option<String>) -> u16 {
        let mut request = self.http.post(format!("{}{path}", self.base)).body(body.to_owned());
        if let Some(signature) = signature {
            request = request.header("X-Hmac", signature);
        }
        request.send().await.expect("an answer").status().as_u16()
    }

    async fn end(self) -> Taken {
        self.end_when(|_| true).await
    }

    async fn end_when(self, is_so: fn(&Taken) -> bool) -> Taken {
        assert!(self.stop.send(End::When(is_so)).is_ok(), "the owner lives");
        self.owner.await.expect("the owner")
    }

    /// What the journal would hold of it.
    async fn kill(self) -> Taken {
        assert!(self.stop.send(End::Killed).is_ok(), "the owner lives");
        self.owner.await.expect("the owner")
    }
}

fn signed(body: &str) -> Option<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    Some(data_encoding::BASE64.encode(hmac::sign(&key, body.as_bytes()).as_ref()))
}

fn order(id: u32) -> String {
    format!(r#"{{"id":{id},"rev":1,"total":"10.50"}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_signed_is_taken_and_everything_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    assert_eq!(desk.post("/orders", &order(1), signed(&order(1))).await, 200);
    assert_eq!(desk.post("/orders", &order(1), signed(&order(1))).await, 200, "a duplicate");
    assert_eq!(desk.post("/orders", &order(2), signed(&order(1))).await, 401);
    assert_eq!(desk.post("/orders", &order(2), None).await, 401);
    assert_eq!(desk.post("/orders", "{\"ping\":1}", signed("{\"ping\":1}")).await, 200, "unmapped");
    assert_eq!(desk.post("/orders", "not json", signed("not json")).await, 200, "put aside, for it would only come again");
    assert_eq!(desk.post("/nowhere", "{}", None).await, 404);
    assert_eq!(desk.post("/orders/../etc", "{}", None).await, 404);
    let hello = desk.http.get(format!("{}/orders?hub.mode=subscribe&hub.verify_token=canary-TEST_VERIFY&hub.challenge=42", desk.base));
    assert_eq!(hello.send().await.expect("an answer").text().await.expect("text"), "42");
    let liar = desk.http.get(format!("{}/orders?hub.mode=subscribe&hub.verify_token=x&hub.challenge=42", desk.base));
    assert_eq!(liar.send().await.expect("an answer").status().as_u16(), 401);
    let event = r#"{"specversion":"1.0","id":"n1","source":"crm","type":"x.note","time":"2026-11-21T23:31:04Z","data":{"text":"hello"}}"#;
    assert_eq!(desk.post("/events", event, None).await, 200);
    let taken = desk.end().await;
    let state = taken.state("push.orders");
    assert_eq!((state.received, state.unmapped, state.errors), (2, 1, 3));
    assert_eq!(taken.rejected.len(), 1);
    assert_eq!(taken.events.len(), 3);
    assert!(!format!("{taken:?}").contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_believes_nobody_says_so_until_somebody_is_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    for id in 1..=6 {
        assert_eq!(desk.post("/orders", &order(id), None).await, 401);
    }
    assert_eq!(desk.post("/orders", &order(1), signed(&order(1))).await, 200);
    for id in 2..=4 {
        // signed, but with another secret than ours
        assert_eq!(desk.post("/orders", &order(id), signed("something else")).await, 401);
    }
    assert_eq!(desk.post("/orders", &order(2), signed(&order(2))).await, 200);
    let taken = desk.end().await;
    let told: Vec<(FeedStatus, u64)> =
        taken.told.iter().filter(|state| state.feed == "push.orders").map(|state| (state.status, state.errors)).collect();
    assert!(told.iter().any(|(status, errors)| *status == FeedStatus::Ok && *errors >= 6), "what anybody may send says nothing: {told:?}");
    assert!(told.iter().any(|(status, errors)| *status == FeedStatus::Retrying && *errors == 9), "{told:?}");
    assert_eq!(told.last(), Some(&(FeedStatus::Ok, 9)), "until it is believed again: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bit_flip_of_the_signature_or_the_body_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    let (body, signature) = (order(7), signed(&order(7)).expect("a signature"));
    let flipped = |text: &[u8]| {
        let text = text.to_vec();
        (0..text.len() * 8).map(move |bit| {
            let mut flipped = text.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        })
    };
    let mac = data_encoding::BASE64.decode(signature.as_bytes()).expect("base64");
    let macs = flipped(&mac).map(|mac| data_encoding::BASE64.encode(&mac).into_bytes());
    let mut refused = 0;
    for header in macs.chain(flipped(signature.as_bytes())) {
        // some bytes cannot stand in a header at all
        let Ok(header) = reqwest::header::HeaderValue::from_bytes(&header) else { continue };
        let delivery = desk.http.post(format!("{}/orders", desk.base)).body(body.clone()).header("X-Hmac", header);
        assert_eq!(delivery.send().await.expect("an answer").status().as_u16(), 401);
        refused += 1;
    }
    for body in flipped(body.as_bytes()) {
        let delivery = desk.http.post(format!("{}/orders", desk.base)).body(body).header("X-Hmac", &signature);
        assert_eq!(delivery.send().await.expect("an answer").status().as_u16(), 401);
        refused += 1;
    }
    assert!(refused > 256 + 8 * body.len(), "{refused}");
    assert_eq!(desk.post("/orders", &body, Some(signature)).await, 200, "as it was sent it is taken");
    let taken = desk.end().await;
    assert_eq!((taken.events.len(), taken.state("push.orders").errors), (1, refused as u64));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_again_or_in_another_order_leads_to_the_same_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    let version = |rev: u32, total: &str| format!(r#"{{"id":1,"rev":{rev},"total":"{total}"}}"#);
    let wrong = [r#"{"id":{},"total":"1.00"}"#, r#"{"id":2,"total":["1.00"]}"#, r#"{"id":3,"rev":1,"total":"1.005"}"#];
    for body in [version(3, "30.00"), version(1, "10.00"), version(3, "30.00"), version(2, "20.00"), version(1, "10.00")] {
        assert_eq!(desk.post("/orders", &body, signed(&body)).await, 200, "replayed or late, it is taken");
    }
    for body in wrong {
        assert_eq!(desk.post("/orders", body, signed(body)).await, 200, "of a wrong type, it would only come again");
    }
    let taken = desk.end().await;
    assert_eq!(taken.rejected.len(), 3, "{:?}", taken.rejected);
    let fold = owner::Fold::of(&taken.events);
    assert_eq!(fold.orders.values().map(|order| order.value).collect::<Vec<_>>(), [3_000], "the last version stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_journal_does_not_keep_is_not_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", true).await;
    assert_eq!(desk.post("/orders", &order(1), signed(&order(1))).await, 503);
    desk.end().await;
}

/// True once everything that was acknowledged is looked up.
fn is_all_read(taken: &Taken, feed: &str) -> bool {
    taken.cursors.get(feed).is_some_and(|cursor| cursor == "{\"notices\":[]}")
}

fn orders(taken: &Taken) -> Vec<String> {
    owner::Fold::of(&taken.events).orders.into_keys().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_to_the_second_call_is_none_to_the_sender_and_it_is_asked_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Peer::start(|asked, n| match n {
        0 => Reply::status(503, &[], ""),
        1 => Reply::status(500, &[], ""),
        _ => Reply::Json(order(asked.path()[8..].parse().expect("a number"))),
    })
    .await;
    let desk = Desk::start(folder.path(), &shop.base(), false).await;
    assert_eq!(desk.post("/named", &order(7), signed(&order(7))).await, 200);
    let taken = desk.end_when(|taken| is_all_read(taken, "push.named")).await;
    assert_eq!((orders(&taken), taken.state("push.named").status), (vec!["7".to_owned()], FeedStatus::Ok));
    let told: Vec<_> = taken.told.iter().filter(|state| state.feed == "push.named").collect();
    let away = told.iter().position(|state| state.status == FeedStatus::Retrying).expect("it is told");
    let back = told[away..].iter().find(|state| state.status == FeedStatus::Ok).expect("and that it came");
    assert!(back.received == 1 && told[away].complete_to < back.complete_to, "{told:?}");
    let unread = told[away..].iter().take_while(|state| state.received == 0);
    assert!(unread.clone().count() > 1 && unread.clone().all(|state| state.complete_to == told[away].complete_to), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_at_once_are_answered_before_a_slow_platform_has_told_of_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Peer::start(|asked, _| {
        let told = Reply::Json(order(asked.path()[8..].parse().expect("a number")));
        Reply::Later(Duration::from_millis(300), Box::new(told))
    })
    .await;
    let limited = format!("{PLATFORM}\n[limit]\ncalls = 4\nper_s = 2\n");
    let desk = Desk::go_on(folder.path(), &shop.base(), Taken::default(), &limited).await;
    let bodies: Vec<String> = (1..=12).map(order).collect();
    let answers = bodies.iter().chain(&bodies).map(|body| desk.post("/named", body, signed(body)));
    assert_eq!(futures_util::future::join_all(answers).await, [200; 24]);
    assert!(shop.asked().len() < 12, "the calls come after the answers");
    let taken = desk.end_when(|taken| is_all_read(taken, "push.named")).await;
    assert_eq!(orders(&taken).len(), 12);
    assert!(shop.asked().len() < 24, "of one id that waits one call is made: {}", shop.asked().len());
    let told = taken.told.iter().filter(|state| state.feed == "push.named" && state.status != FeedStatus::Starting);
    assert!(told.clone().all(|state| state.status == FeedStatus::Ok));
    let read = |state: &&FeedState| state.received >= 12;
    let answered = told.clone().find(|state| state.received > 0).expect("the first");
    assert!(told.clone().filter(|state| !read(state)).all(|state| state.complete_to <= answered.complete_to), "what waits is not read");
    assert!(told.clone().next_back().is_some_and(|state| state.complete_to > answered.complete_to));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_and_not_yet_looked_up_outlives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let silent = Peer::start(|_, _| Reply::Hang).await;
    let desk = Desk::start(folder.path(), &silent.base(), false).await;
    for id in 1..=6 {
        assert_eq!(desk.post("/named", &order(id), signed(&order(id))).await, 200);
        assert_eq!(desk.post("/thin", &order(10 + id), None).await, 200);
    }
    let taken = desk.kill().await;
    assert!(taken.events.is_empty());
    let shop = Peer::start(|asked, _| Reply::Json(order(asked.path()[8..].parse().expect("a number")))).await;
    let before = taken.state("push.named").complete_to;
    let desk = Desk::go_on(folder.path(), &shop.base(), taken, PLATFORM).await;
    let taken = desk.end_when(|taken| is_all_read(taken, "push.named") && is_all_read(taken, "push.thin")).await;
    assert_eq!(orders(&taken).len(), 12, "nobody brought them again");
    assert!(taken.state("push.named").complete_to > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_the_journal_does_not_keep_is_not_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Peer::start(|_, _| Reply::Json(order(7))).await;
    let desk = Desk::start(folder.path(), &shop.base(), true).await;
    assert_eq!(desk.post("/named", &order(7), signed(&order(7))).await, 503);
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_with_a_secret_in_it_lies_in_no_cursor_and_is_looked_up_before_its_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Peer::start(|_, n| if n == 0 { Reply::status(500, &[], "") } else { Reply::Json(order(7)) }).await;
    let desk = Desk::start(folder.path(), &shop.base(), false).await;
    let body = format!("{{\"id\":\"{SECRET}\"}}");
    assert_eq!(desk.post("/named", &body, signed(&body)).await, 503);
    assert_eq!(desk.post("/named", &body, signed(&body)).await, 200);
    let taken = desk.end().await;
    assert_eq!(orders(&taken), ["7"]);
    assert!(!format!("{taken:?}").contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_not_signed_little_waits_and_the_rest_is_looked_up_before_its_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Peer::start(|asked, _| match asked.path() {
        "/orders/7" => Reply::Json(order(7)),
        "/orders/8" => Reply::status(500, &[], ""),
        _ => Reply::Hang,
    })
    .await;
    let desk = Desk::start(folder.path(), &shop.base(), false).await;
    let flood: Vec<String> = (1_000..1_100).map(order).collect();
    assert_eq!(futures_util::future::join_all(flood.iter().map(|body| desk.post("/thin", body, None))).await, [200; 100]);
    assert_eq!(desk.post("/thin", &order(7), None).await, 200);
    assert_eq!(desk.post("/thin", &order(8), None).await, 503);
    let taken = desk.end().await;
    assert_eq!(orders(&taken), ["7"], "it was there when it was answered");
    assert!(!taken.cursors["push.thin"].contains("\"8\""), "who turned it away has it: {:?}", taken.cursors);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_has_a_bound_and_beyond_it_the_platform_keeps_its_notices() {
    let folder = tempfile::tempdir().expect("a folder");
    let silent = Peer::start(|_, _| Reply::Hang).await;
    let desk = Desk::start(folder.path(), &silent.base(), false).await;
    let ids = |from: u32, to: u32| format!("{{\"ids\":[{}]}}", (from..to).map(|id| id.to_string()).collect::<Vec<_>>().join(","));
    for (body, wanted) in [(ids(0, 600), 200), (ids(600, 1_100), 503), (ids(600, 1_000), 200), (order(2_000), 503)] {
        assert_eq!(desk.post("/named", &body, signed(&body)).await, wanted);
    }
    let taken = desk.end().await;
    assert_eq!(taken.cursors["push.named"].matches("since").count(), 1_000);
    assert!(taken.fault("push.named").starts_with("throttled: more notices than can be kept"), "{}", taken.fault("push.named"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_and_cannot_be_read_is_told_by_its_name_and_asked_for_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Peer::start(|_, _| Reply::status(500, &[], "")).await;
    let failed = serde_json::to_string(&wall_now().plus_s(-150)).expect("a time");
    let mut taken = Taken::default();
    let notice = format!(r#"{{"since":{failed},"failed":{failed},"notice":{{"id":"o-77","values":[["id","o-77"]]}}}}"#);
    taken.cursors.insert("push.named".into(), format!(r#"{{"notices":[{notice}]}}"#));
    let desk = Desk::go_on(folder.path(), &shop.base(), taken, PLATFORM).await;
    let taken = desk.end_when(|taken| !taken.rejected.is_empty()).await;
    let told: Vec<_> = taken.rejected.iter().map(|aside| (&*aside.beginning, &*aside.reject.detail)).collect();
    assert_eq!(told, [("o-77", "status: http 500")]);
    assert!(taken.cursors["push.named"].contains("o-77"), "{:?}", taken.cursors);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_of_what_is_not_there_is_asked_for_once_more_and_put_aside_then() {
    let folder = tempfile::tempdir().expect("a folder");
    // the second order can be read a little later than its notice comes
    let shop = Peer::start(|asked, n| match asked.path() {
        "/orders/8" if n > 1 => Reply::Json(order(8)),
        _ => Reply::status(404, &[], "{}"),
    })
    .await;
    let desk = Desk::start(folder.path(), &shop.base(), false).await;
    for body in [order(7), order(8)] {
        assert_eq!(desk.post("/thin", &body, None).await, 200, "{body}");
    }
    let taken = desk.end_when(|taken| is_all_read(taken, "push.thin")).await;
    assert_eq!(orders(&taken), ["8"]);
    assert!(taken.rejected.iter().all(|aside| aside.beginning == "7" && aside.reject.detail.starts_with("status: http 404")));
    assert!(!taken.rejected.is_empty() && taken.state("push.thin").status == FeedStatus::Ok, "{:?}", taken.rejected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_signed_notice_names_may_be_there_some_seconds_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Peer::start(|_, n| if n > 2 { Reply::Json(order(8)) } else { Reply::status(404, &[], "{}") }).await;
    let desk = Desk::start(folder.path(), &shop.base(), false).await;
    let body = r#"{"ids":[8]}"#;
    assert_eq!(desk.post("/named", body, signed(body)).await, 200);
    let taken = desk.end_when(|taken| is_all_read(taken, "push.named")).await;
    assert_eq!((orders(&taken), taken.rejected.len()), (vec!["8".to_owned()], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_notice_that_cannot_be_read_holds_up_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Peer::start(|asked, _| match asked.path() {
        "/orders/1" => Reply::status(500, &[], ""),
        path => Reply::Json(order(path[8..].parse().expect("a number"))),
    })
    .await;
    let desk = Desk::start(folder.path(), &shop.base(), false).await;
    let body = r#"{"ids":[1,2,3,4,5,6,7,8,9]}"#;
    assert_eq!(desk.post("/named", body, signed(body)).await, 200);
    let taken = desk.end_when(|taken| orders(taken).len() == 8).await;
    assert!(taken.cursors["push.named"].contains(r#""id":"1""#), "it is still asked for: {:?}", taken.cursors);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_whose_order_has_its_lines_elsewhere_takes_two_calls() {
    let shop = Peer::start(|asked, _| match asked.path() {
        "/orders/7" => Reply::Json(r#"{"id":7,"total":"10.50"}"#.into()),
        "/orders/7/lines" => Reply::Json(r#"{"lines":[{"sku":"A","n":2},{"sku":"B","n":1}]}"#.into()),
        _ => Reply::status(404, &[], "{}"),
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), &shop.base(), false).await;
    assert_eq!(desk.post("/lines", r#"{"id":7}"#, None).await, 200);
    let taken = desk.end_when(|taken| is_all_read(taken, "push.lines")).await;
    let orders: Vec<_> = taken
        .events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::Purchase(order) => Some((order.order.to_string(), order.items.iter().map(|item| item.quantity).collect::<Vec<_>>())),
            _ => None,
        })
        .collect();
    assert_eq!(orders, [("7".to_owned(), vec![2, 1])]);
    assert!(taken.rejected.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_company_changes_nothing_for_a_good_delivery() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    let mut company = Vec::new();
    for index in 0..500 {
        let mut stream = TcpStream::connect(("127.0.0.1", desk.port)).await.expect("a connection");
        let begin: &[u8] = match index % 4 {
            0 => b"POST /orders HTTP/1.1\r\nhost: x\r\n",
            1 => b"",
            2 => b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            _ => b"POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{",
        };
        // some are closed while they come
        let _ = stream.write_all(begin).await;
        company.push(stream);
    }
    for id in 0..20 {
        let began = Instant::now();
        assert_eq!(desk.post("/orders", &order(id), signed(&order(id))).await, 200);
        assert!(began.elapsed() < Duration::from_secs(2), "it took {:?}", began.elapsed());
    }
    let mut stream = TcpStream::connect(("127.0.0.1", desk.port)).await.expect("a connection");
    stream.write_all(b"POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 10485760\r\n\r\n").await.expect("sent");
    let mut answer = vec![0; 64];
    let count = stream.read(&mut answer).await.expect("an answer before the body");
    assert!(String::from_utf8_lossy(&answer[..count]).starts_with("HTTP/1.1 413"));
    drop(company);
    let taken = desk.end().await;
    assert_eq!(owner::Fold::of(&taken.events).orders.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_of_cloud_events_may_ask_first_and_its_headers_are_decoded() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    let events = format!("{}/events", desk.base);
    let asked = desk.http.request(reqwest::Method::OPTIONS, &events).header("WebHook-Request-Origin", "eventgrid.example").send().await;
    let asked = asked.expect("an answer");
    assert_eq!((asked.status().as_u16(), asked.headers()["webhook-allowed-origin"].to_str().ok()), (200, Some("eventgrid.example")));
    assert!(asked.headers()["webhook-allowed-rate"].to_str().expect("text").parse::<u32>().expect("a number") >= 30_000);
    let of_a_filter = desk.http.request(reqwest::Method::OPTIONS, format!("{}/orders", desk.base)).header("WebHook-Request-Origin", "x");
    assert_eq!(of_a_filter.send().await.expect("an answer").status().as_u16(), 401, "who signs in another way is not asked so");
    let told = desk.http.post(&events).header("ce-specversion", "1.0").header("ce-type", "x.note").header("ce-source", "/caf%C3%A9");
    let told = told.header("ce-id", "n%201").header("ce-time", "2026-11-21T23:31:05Z").body(r#"{"text":"one"}"#);
    assert_eq!(told.send().await.expect("an answer").status().as_u16(), 200);
    let taken = desk.end().await;
    assert_eq!(taken.events.iter().map(|event| event.id.as_deref()).collect::<Vec<_>>(), [Some("n 1")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_that_end_the_filters_cost_no_other_input_of_their_delivery() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    let list = |first: u32, poison: &str| {
        let poison = [poison; 5].join(",");
        format!("[{},{poison},{}]", order(first), order(first + 1))
    };
    for (first, poison) in [(10, "{\"deep\":1}"), (20, "{\"endless\":1}"), (30, "{\"loops\":1}")] {
        let body = list(first, poison);
        // a sender sends again what was not answered with 200
        let mut answers = Vec::new();
        while answers.last() != Some(&200) && answers.len() < 10 {
            answers.push(desk.post("/lists", &body, signed(&body)).await);
        }
        assert_eq!(answers.last(), Some(&200), "{poison}: {answers:?}");
        assert_eq!(desk.post("/lists", &body, signed(&body)).await, 200, "known by now");
    }
    let taken = desk.end().await;
    let orders: Vec<String> = owner::Fold::of(&taken.events).orders.into_keys().collect();
    assert_eq!(orders, ["10", "11", "20", "21", "30", "31"], "the first and the last of each delivery");
    for why in ["nested too deep", "does not stop giving outputs", "did not get on"] {
        assert!(taken.rejected.iter().any(|rejected| rejected.reject.detail.contains(why)), "{why}: {:?}", taken.rejected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_deliveries_a_second_are_verified_and_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    let desk = std::sync::Arc::new(desk);
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    let mut tasks = tokio::task::JoinSet::new();
    for id in 0..1_000 {
        tick.tick().await;
        let desk = std::sync::Arc::clone(&desk);
        tasks.spawn(async move {
            let began = Instant::now();
            (desk.post("/orders", &order(id), signed(&order(id))).await, began.elapsed())
        });
    }
    let mut times = Vec::new();
    while let Some(Ok((status, time))) = tasks.join_next().await {
        assert_eq!(status, 200);
        times.push(time);
    }
    times.sort();
    println!("1000 deliveries at 500/s: p50 {:?}, p99 {:?}", times[500], times[990]);
    let desk = std::sync::Arc::into_inner(desk).expect("nobody else");
    assert_eq!(owner::Fold::of(&desk.end().await.events).orders.len(), 1_000);
}
